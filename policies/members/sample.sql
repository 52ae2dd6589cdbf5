-- A club and its office. Ids are short words, so that the tests read as sentences.

INSERT INTO "ROLES" (id, name, description, is_system, is_active) VALUES
  ('admin',      'administrator', 'runs the office',      1, 1),
  ('moderator',  'moderator',     'looks after groups',   0, 1),
  ('member',     'member',        'is in the club',       0, 1),
  ('contractor', 'contractor',    'was with us for a while', 0, 0),
  ('seasonal',   'seasonal',      'may be with us',       0, NULL);

INSERT INTO "PERMISSIONS" (id, name, description, resource, action, is_system) VALUES
  ('users-read',    'See accounts',      NULL, 'users',    'read',   1),
  ('users-update',  'Change accounts',   NULL, 'users',    'update', 1),
  ('users-delete',  'Delete accounts',   NULL, 'users',    'delete', 1),
  ('roles-read',    'See roles',         NULL, 'roles',    'read',   1),
  ('roles-update',  'Change roles',      NULL, 'roles',    'update', 1),
  ('permissions-read', 'See permissions', NULL, 'permissions', 'read', 1),
  ('groups-read',   'See all groups',    NULL, 'groups',   'read',   1),
  ('groups-delete', 'Delete any group',  NULL, 'groups',   'delete', 1),
  ('items-read',    'See items',         NULL, 'items',    'read',   0),
  ('items-update',  'Change items',      NULL, 'items',    'update', 0),
  ('sessions-read', 'See any session',   NULL, 'sessions', 'read',   1),
  ('group-archive', 'Archive any group', NULL, 'Group',    'archive', 0);

INSERT INTO "ROLE_PERMISSIONS" (role_id, permission_id, assigned_at) VALUES
  ('admin',      'users-read',    '2025-01-01T00:00:00Z'),
  ('admin',      'users-update',  '2025-01-01T00:00:00Z'),
  ('admin',      'roles-read',    '2025-01-01T00:00:00Z'),
  ('admin',      'permissions-read', '2025-01-01T00:00:00Z'),
  ('admin',      'groups-read',   '2025-01-01T00:00:00Z'),
  ('admin',      'groups-delete', '2025-01-01T00:00:00Z'),
  ('admin',      'items-read',    '2025-01-01T00:00:00Z'),
  ('admin',      'items-update',  '2025-01-01T00:00:00Z'),
  ('admin',      'sessions-read', '2025-01-01T00:00:00Z'),
  ('moderator',  'groups-read',   '2025-01-01T00:00:00Z'),
  ('moderator',  'group-archive', '2025-01-01T00:00:00Z'),
  ('member',     'items-read',    '2025-01-01T00:00:00Z'),
  ('contractor', 'items-read',    '2025-01-01T00:00:00Z'),
  ('contractor', 'users-read',    '2025-01-01T00:00:00Z'),
  ('seasonal',   'items-read',    '2025-01-01T00:00:00Z');

-- dan is not active and eve is deleted; of finn and ivan nobody says whether they are.
INSERT INTO "USERS" (id, username, email, hashed_password, totp_secret, first_name, last_name, is_active, is_deleted, role_id) VALUES
  ('ann',  'ann',  'ann@example.com',  '$2b$demo', 'JBSWY3DP', 'Ann',  'Keller',   1,    0,    'admin'),
  ('ben',  'ben',  'ben@example.com',  '$2b$demo', NULL,       'Ben',  'Osei',     1,    0,    'moderator'),
  ('cleo', 'cleo', 'cleo@example.com', '$2b$demo', NULL,       'Cleo', 'Brandt',   1,    0,    'member'),
  ('dan',  'dan',  'dan@example.com',  '$2b$demo', NULL,       'Dan',  'Rossi',    0,    0,    'admin'),
  ('eve',  'eve',  'eve@example.com',  '$2b$demo', NULL,       'Eve',  'Holm',     1,    1,    'admin'),
  ('finn', 'finn', 'finn@example.com', '$2b$demo', NULL,       'Finn', 'Byrne',    NULL, 0,    'admin'),
  ('ivan', 'ivan', 'ivan@example.com', '$2b$demo', NULL,       'Ivan', 'Petrov',   1,    NULL, 'admin'),
  ('gus',  'gus',  'gus@example.com',  '$2b$demo', NULL,       'Gus',  'Meyer',    1,    0,    'contractor'),
  ('hana', 'hana', 'hana@example.com', NULL,       NULL,       'Hana', 'Sato',     1,    0,    NULL),
  ('jude', 'jude', 'jude@example.com', '$2b$demo', NULL,       'Jude', 'Carter',   1,    0,    'seasonal');

-- session_token_hash is the SHA-256 of the token, in lower-case hexadecimal. The demo tokens are
--   demo-ann, demo-ben, demo-cleo, demo-gus   good ones
--   demo-ann-old                              expired
--   demo-ben-revoked                          revoked
--   demo-cleo-odd                             under suspicion
--   demo-hana-out                             signed out
--   demo-dan                                  good, but its user is not active
INSERT INTO "USER_SESSIONS" (id, user_id, session_token_hash, client_ip, is_active, expires_at, revoked_at, revocation_reason, login_method, suspicious_activity) VALUES
  ('ann-now',     'ann',  'cc95fdbd8c1e6f6f78b32e93d6b8d3713761748e8f6f865ae0f8e1572e2107d4', '192.0.2.10', 1, '2099-01-01T00:00:00Z', NULL, NULL, 'password', 0),
  ('ben-now',     'ben',  '384b80a8344c3313981083c7cdbeb87b37d51c37ba8590e36cef70376e32c0ca', '192.0.2.11', 1, '2099-01-01T00:00:00Z', NULL, NULL, 'oauth',    0),
  ('cleo-now',    'cleo', 'fdf78eb312e77c2694858db70c9882b78eaa13b1251d96b08cda42c51451858b', '192.0.2.12', 1, '2099-01-01T00:00:00Z', NULL, NULL, 'password', 0),
  ('gus-now',     'gus',  'a0b170a85d0e2553b0e282084da4a43f57b5050d002b32f35a06f5f25ef59243', '192.0.2.13', 1, '2099-01-01T00:00:00Z', NULL, NULL, 'password', 0),
  ('dan-now',     'dan',  '9d74f2b4fcfadaf7a0075cb6630dcbdbfe4bf9d16b7dc99582ac7d39febe6be3', '192.0.2.14', 1, '2099-01-01T00:00:00Z', NULL, NULL, 'password', 0),
  ('ann-old',     'ann',  'bb448df2078dae9d42a5622cc0f0be14b570e2eb3f4dcd2865bae654370863fe', '192.0.2.10', 1, '2025-06-01T00:00:00Z', NULL, NULL, 'password', 0),
  ('ben-revoked', 'ben',  'ab17ebea1a70dc92bf9ddeb5ace5f813476cbefd1dd55ebffd4c57b9655831ea', '192.0.2.11', 1, '2099-01-01T00:00:00Z', '2025-12-24T18:00:00Z', 'lost phone', 'password', 0),
  ('cleo-odd',    'cleo', '14e29fe0f70e363b884656cf3713ec2c7c19a8abb16553ec2046bd293fdef53c', '198.51.100.7', 1, '2099-01-01T00:00:00Z', NULL, NULL, 'password', 1),
  ('hana-out',    'hana', 'a7e3ed95c035035d1527d683e263d236cd33f348faade5b23be7f38e55a35203', '192.0.2.15', 0, '2099-01-01T00:00:00Z', NULL, NULL, 'oauth',    0);

-- `nobodys` lost its user.
INSERT INTO "SESSION_ACTIVITIES" (id, session_id, user_id, activity_type, endpoint, method, response_status) VALUES
  ('cleo-login', 'cleo-now', 'cleo', 'login', '/auth/login', 'POST', 200),
  ('ben-edit',   'ben-now',  'ben',  'edit',  '/groups/garden', 'PATCH', 200),
  ('nobodys',    'ben-now',  NULL,   'ping',  '/healthz', 'GET', 200);

INSERT INTO "SESSIONANALYTICS" (id, session_id, user_id, device_type, country, is_suspicious, security_score) VALUES
  (1, 'cleo-now', 'cleo', 'phone',  'SE', 0, 90),
  (2, 'ben-now',  'ben',  'laptop', 'GH', 0, 95);

INSERT INTO "OAUTH_ACCOUNTS" (id, user_id, provider, provider_user_id, provider_email, access_token, refresh_token) VALUES
  ('hana-id', 'hana', 'example', '7731', 'hana@example.com', 'demo-access', 'demo-refresh'),
  ('cleo-id', 'cleo', 'example', '7732', 'cleo@example.com', 'demo-access', 'demo-refresh');

INSERT INTO "PASSWORD_RESET_TOKENS" (id, token_hash, user_id, email, expires_at, used_at) VALUES
  ('cleo-reset', '0aa5a6c17b0ebc3c68ee2d34e6a15e6169bfa18246cbf0378d57f59be40abe90', 'cleo', 'cleo@example.com', '2025-11-02T00:00:00Z', '2025-11-01T10:00:00Z'),
  ('ben-reset',  'e64a997fc29063d1406c00b50d0157dcf7c9591dd7e956539501a4d68160b1a7', 'ben',  'ben@example.com',  '2025-11-02T00:00:00Z', NULL);

INSERT INTO "PASSWORDRESETTOKEN" (id, token_hash, user_id, email, expires_at, max_uses, use_count) VALUES
  ('cleo-reset-2019', '8294d07448a7f73d283395c797f729b168101a81c671a4bf49a76cb1cae7556a', 'cleo', 'cleo@example.com', '2019-05-02T00:00:00Z', 1, 1);

INSERT INTO "OAUTH2ACCOUNT" (id, user_id, provider, provider_user_id, email, is_active, access_token) VALUES
  (1, 'hana', 'example', '11', 'hana@example.com', 0, 'demo-access'),
  (2, 'cleo', 'example', '12', 'cleo@example.com', 1, 'demo-access');

INSERT INTO "ITEM" (id, name, description, is_active) VALUES
  (1, 'Greenhouse key', 'hangs by the door', 1),
  (2, 'Old mower',      'gave up',           0),
  (3, 'Unsorted box',   NULL,                NULL);

-- garden and choir are public; board is private; the rest is over, asleep, or does not say.
INSERT INTO "GROUPS" (id, name, slug, is_public, is_open, is_active, is_deleted, owner_id, created_by) VALUES
  ('garden', 'Gardeners',   'garden', 1,    1, 1,    0,    'hana', 'hana'),
  ('choir',  'Choir',       'choir',  1,    0, 1,    0,    NULL,   'ann'),
  ('board',  'Board',       'board',  0,    0, 1,    0,    'ben',  'ann'),
  ('shy',    'Shy',         'shy',    NULL, 0, 1,    0,    'ben',  'ben'),
  ('closed', 'Old club',    'closed', 1,    0, 1,    1,    'hana', 'hana'),
  ('asleep', 'Winter club', 'asleep', 1,    0, 0,    0,    'hana', 'hana'),
  ('vague',  'Vague club',  'vague',  1,    0, NULL, 0,    'hana', 'hana'),
  ('hazy',   'Hazy club',   'hazy',   1,    0, 1,    NULL, 'hana', 'hana'),
  ('attic',  'Attic',       'attic',  0,    0, 1,    0,    'dan',  'dan');

INSERT INTO "USER_GROUPS" (user_id, group_id, joined_at, role_in_group, is_active) VALUES
  ('cleo', 'board',  '2025-02-01T00:00:00Z', 'admin',  1),
  ('gus',  'board',  '2025-02-01T00:00:00Z', 'member', 1),
  ('hana', 'board',  '2025-02-01T00:00:00Z', 'admin',  0),
  ('jude', 'board',  '2025-02-01T00:00:00Z', 'admin',  NULL),
  ('eve',  'board',  '2025-02-01T00:00:00Z', 'admin',  1),
  ('cleo', 'garden', '2025-02-01T00:00:00Z', 'member', 1),
  ('gus',  'choir',  '2025-02-01T00:00:00Z', NULL,     1),
  ('cleo', 'closed', '2025-02-01T00:00:00Z', 'admin',  1),
  ('cleo', 'asleep', '2025-02-01T00:00:00Z', 'admin',  1);

-- uma looks after the register: she alone may delete accounts.
INSERT INTO "ROLES" (id, name, description, is_system, is_active) VALUES ('registrar', 'registrar', 'keeps the register', 0, 1);
INSERT INTO "ROLE_PERMISSIONS" (role_id, permission_id, assigned_at) VALUES ('registrar', 'users-delete', '2025-01-01T00:00:00Z');
INSERT INTO "USERS" (id, username, email, hashed_password, totp_secret, first_name, last_name, is_active, is_deleted, role_id) VALUES
  ('uma', 'uma', 'uma@example.com', '$2b$demo', NULL, 'Uma', 'Lund', 1, 0, 'registrar');
