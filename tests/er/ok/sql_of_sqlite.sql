-- Accounts
CREATE TABLE IF NOT EXISTS users (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    role_id INTEGER REFERENCES roles,
    is_active BOOLEAN NOT NULL DEFAULT 1,
    anything
) STRICT;

CREATE TABLE roles (id INTEGER PRIMARY KEY AUTOINCREMENT, [display name] TEXT);
CREATE TABLE user_roles (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role_id INTEGER NOT NULL,
    expires_at TEXT DEFAULT (datetime('now')),
    PRIMARY KEY (user_id, role_id),
    FOREIGN KEY (role_id) REFERENCES roles (id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX roles_by_name ON roles ([display name]);
CREATE UNIQUE INDEX live_users ON users (role_id) WHERE is_active;
CREATE INDEX users_by_role ON users (role_id);
PRAGMA foreign_keys = ON;
INSERT INTO roles VALUES (1, 'CREATE TABLE ghost (id int);');
ALTER TABLE users ADD COLUMN invited_by TEXT REFERENCES users (id);
