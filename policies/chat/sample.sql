-- A software house of eight people. Ids are short words, so that the tests read as sentences.

INSERT INTO "Role" (id, name, description, permission_level, is_system_role) VALUES
  (1, 'administrator', 'runs the product',           100, 1),
  (2, 'manager',       'runs a team',                 50, 0),
  (3, 'member',        'works here',                  10, 0),
  (4, 'auditor',       'reads all, removes nothing',  20, 0),
  (5, 'guest',         'visits',                       0, 0),
  (6, 'service',       'what machines run as',         5, 1);

-- An empty category, and one that is no type of resource, mean every type. `session` is a type in small letters.
INSERT INTO "Permission" (id, name, codename, description, category) VALUES
  (1, 'Use scenarios',      'use',     NULL, 'Scenario'),
  (2, 'Manage scenarios',   'manage',  NULL, 'Scenario'),
  (3, 'Read anything',      'read',    NULL, NULL),
  (4, 'Change anything',    'update',  NULL, 'general'),
  (5, 'Remove anything',    'delete',  NULL, 'general'),
  (6, 'Assign roles',       'assign',  NULL, 'Role'),
  (7, 'Publish models',     'publish', NULL, 'Model'),
  (8, 'Export transcripts', 'export',  NULL, 'session');

INSERT INTO "RolePermission" (id, role_id, permission_id, is_granted) VALUES
  (11, 1, 3, 1),   -- administrators read,
  (12, 1, 4, 1),   -- change
  (13, 1, 5, 1),   -- and remove anything,
  (14, 1, 6, 1),   -- assign roles
  (15, 1, 7, 1),   -- and publish models
  (21, 2, 1, 1),   -- managers use every scenario,
  (22, 2, 6, 1),   -- assign roles
  (23, 2, 8, 1),   -- and export transcripts
  (41, 4, 3, 1),   -- auditors read anything
  (42, 4, 5, 0),   -- and remove nothing, not even their own
  (51, 5, 3, 0);   -- guests read nothing back, not even their own

INSERT INTO "Group" (id, name, description) VALUES
  ('engineering', 'Engineering', 'builds it'),
  ('support',     'Support',     'explains it'),
  ('research',    'Research',    'wonders about it'),
  ('sales',       'Sales',       'has no scenario yet');

INSERT INTO "User" (id, username, email, first_name, last_name, role_id, group_id, password_hash) VALUES
  ('ann',  'ann',  'ann@example.com',  'Ann',  'Ortega',  1,    'engineering', '$argon2id$demo'),
  ('ben',  'ben',  'ben@example.com',  'Ben',  'Marlow',  2,    'support',     '$argon2id$demo'),
  ('cleo', 'cleo', 'cleo@example.com', 'Cleo', 'Nakano',  3,    'support',     '$argon2id$demo'),
  ('dan',  'dan',  'dan@example.com',  'Dan',  'Whitby',  3,    'sales',       '$argon2id$demo'),
  ('eve',  'eve',  'eve@example.com',  'Eve',  'Lindahl', 4,    NULL,          '$argon2id$demo'),
  ('finn', 'finn', 'finn@example.com', 'Finn', 'Abara',   NULL, 'engineering', '$argon2id$demo'),
  ('gus',  'gus',  'gus@example.com',  'Gus',  'Pereira', 5,    NULL,          '$argon2id$demo'),
  ('hana', 'hana', 'hana@example.com', 'Hana', 'Svoboda', 3,    'research',    '$argon2id$demo');

INSERT INTO "Scenario" (id, name, type, description, config_json) VALUES
  ('helpdesk',  'Help desk',       'assistant', 'answers customers',      '{"temperature":0.2}'),
  ('contracts', 'Contract review', 'review',    'reads what we sign',     '{"temperature":0}'),
  ('drafting',  'Drafting',        'assistant', 'writes the first draft', '{"temperature":0.9}');

-- `trial` does not say whether it is active; `loose` is in no scenario.
INSERT INTO "Model" (id, display_name, is_active) VALUES
  ('fast',    'Fast',    1),
  ('deep',    'Deep',    1),
  ('retired', 'Retired', 0),
  ('trial',   'Trial',   NULL),
  ('loose',   'Loose',   1);

INSERT INTO "ScenarioModel" (id, scenario_id, model_id) VALUES
  ('sm1', 'helpdesk',  'fast'),
  ('sm2', 'helpdesk',  'retired'),
  ('sm3', 'helpdesk',  'trial'),
  ('sm4', 'contracts', 'deep'),
  ('sm5', 'contracts', 'fast'),
  ('sm6', 'drafting',  'deep');

INSERT INTO "GroupScenarioAccess" (id, group_id, scenario_id, access_type, granted_by) VALUES
  ('support-helpdesk',      'support',     'helpdesk',  'use',    'ann'),
  ('engineering-helpdesk',  'engineering', 'helpdesk',  'manage', 'ann'),
  ('engineering-contracts', 'engineering', 'contracts', 'use',    'ann'),
  ('research-drafting',     'research',    'drafting',  'manage', 'ann');

-- `chat-nobody` lost its owner.
INSERT INTO "Session" (id, title, user_id, scenario_id, model_id, status) VALUES
  ('chat-cleo',   'Printer on fire',   'cleo', 'helpdesk',  'fast', 'open'),
  ('chat-dan',    'Commission',        'dan',  'helpdesk',  'fast', 'open'),
  ('chat-eve',    'Yearly audit',      'eve',  'contracts', 'deep', 'open'),
  ('chat-gus',    'Where do I park',   'gus',  'helpdesk',  'fast', 'closed'),
  ('chat-nobody', 'Imported',          NULL,   'helpdesk',  NULL,   'closed');

-- `stray` lost its session.
INSERT INTO "Message" (id, session_id, content, message_type, parent_message_id, sequence_number) VALUES
  ('fire',   'chat-cleo', 'It is on fire again.',    'user',      NULL,   1),
  ('water',  'chat-cleo', 'Not water. Pull the plug.', 'assistant', 'fire', 2),
  ('bonus',  'chat-dan',  'When is it paid?',        'user',      NULL,   1),
  ('ledger', 'chat-eve',  'Compare both ledgers.',   'user',      NULL,   1),
  ('stray',  NULL,        'Hello?',                  'user',      NULL,   1);
