-- A small company in the autumn of 2026. Bob was in Finance until the end of June.

INSERT INTO "PERSON" (id, name, email, is_guest, is_active) VALUES
  ('ann',  'Ann Abara',   'ann@example.com',   0, 1),
  ('bob',  'Bob Brandt',  'bob@example.com',   0, 1),
  ('cleo', 'Cleo Castro', 'cleo@example.com',  0, 1),
  ('dan',  'Dan Dietrich', 'dan@example.com',  0, 0),
  ('eve',  'Eve Eriksen', 'eve@auditors.example', 1, 1);

INSERT INTO "TEAM" (id, name) VALUES
  ('finance', 'Finance'),
  ('people',  'People and Culture');

INSERT INTO "TEAM_MEMBER" (person_id, team_id, ends_at) VALUES
  ('ann',  'finance', NULL),
  ('bob',  'finance', '2026-06-30T22:00:00Z'),
  ('cleo', 'people',  NULL),
  ('dan',  'finance', NULL),
  ('eve',  'finance', '2026-12-31T23:00:00Z');

INSERT INTO "FOLDER" (id, parent_id, name) VALUES
  ('handbook', NULL,      'Handbook'),
  ('money',    NULL,      'Money'),
  ('plans',    'money',   'Plans');

INSERT INTO "DOCUMENT" (id, title, folder_id, author_id, is_confidential) VALUES
  ('welcome',  'Welcome',         'handbook', 'cleo', 0),
  ('salaries', 'Salaries 2026',   'money',    'ann',  1),
  ('travel',   'Travel expenses', 'money',    'ann',  0),
  ('budget',   'Budget 2027',     'plans',    'ann',  1);

INSERT INTO "SHARE" (id, subject_type, subject_id, object_type, object_id, permission, ends_at) VALUES
  (1, 'team',   'finance', 'folder',   'money',    'open',  NULL),
  (2, 'team',   'people',  'document', 'salaries', 'open',  NULL),
  (3, 'person', 'cleo',    'document', 'budget',   'share', '2026-12-31T23:00:00Z'),
  (4, 'person', 'bob',     'document', 'travel',   'edit',  NULL);
