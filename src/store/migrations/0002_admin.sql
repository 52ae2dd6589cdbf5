
-- What was changed through the gate, by whom, and by which decision they might. Rows are added and never changed.
CREATE TABLE IF NOT EXISTS palisade_audit (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  who TEXT NOT NULL, -- a Cedar entity literal, or `bootstrap`
  what TEXT NOT NULL, -- publish, activate, create, change, delete
  target TEXT NOT NULL, -- `bundle/7`, or `TABLE/KEY` as decisions name rows
  "before" TEXT, -- JSON, without secrets
  "after" TEXT,
  revision INTEGER, -- of the rows, after the change
  decision TEXT NOT NULL UNIQUE -- the id under which the log has the request
);

-- A bundle on its way into `palisade_bundle`, where one statement cannot carry it.
CREATE TABLE IF NOT EXISTS palisade_piece (
  digest TEXT NOT NULL,
  part INTEGER NOT NULL,
  piece TEXT NOT NULL,
  PRIMARY KEY (digest, part)
);
