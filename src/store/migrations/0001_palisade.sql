-- Palisade's own tables.

-- What changed, in order. `revision` never falls: the newest row stays when old ones are pruned.
CREATE TABLE IF NOT EXISTS palisade_change (
  revision INTEGER PRIMARY KEY AUTOINCREMENT,
  table_name TEXT NOT NULL,
  key TEXT NOT NULL, -- the row's key columns as a JSON array
  about TEXT, -- whom the row concerns, as a JSON array: by it a gate knows what it must fetch again
  at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

-- Every bundle that was published.
CREATE TABLE IF NOT EXISTS palisade_bundle (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  digest TEXT NOT NULL, -- SHA-256 of `bundle`, in hexadecimal
  bundle TEXT NOT NULL,
  author TEXT NOT NULL,
  note TEXT NOT NULL DEFAULT '',
  published_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

-- The bundle that decides: one row, or none before the first is published.
CREATE TABLE IF NOT EXISTS palisade_active (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  number INTEGER NOT NULL REFERENCES palisade_bundle (number)
);
