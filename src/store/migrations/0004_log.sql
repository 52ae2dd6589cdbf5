
-- The decision log, as far as it is kept here. Each isolate of the Worker writes chains of its own.
CREATE TABLE IF NOT EXISTS palisade_chain (
  chain TEXT PRIMARY KEY,
  started_at TEXT NOT NULL,
  genesis TEXT NOT NULL, -- JSON; names the last entries of the chains that stood here when this one began
  hash TEXT NOT NULL -- of `genesis`
);

-- One line each. `hash` is of `previous` and `line`; `previous` is the hash before it in the chain, the first one's that of
-- the chain itself.
CREATE TABLE IF NOT EXISTS palisade_decision (
  entry INTEGER PRIMARY KEY AUTOINCREMENT,
  chain TEXT NOT NULL,
  seq INTEGER NOT NULL, -- 1, 2, 3, … in each chain
  line TEXT NOT NULL,
  previous TEXT NOT NULL,
  hash TEXT NOT NULL,
  UNIQUE (chain, seq)
);
