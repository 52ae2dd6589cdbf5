-- Two organizations, three projects, and a user for each way of holding a role. Ids are short words, so that the tests read
-- as sentences.

INSERT INTO "USER" (id) VALUES
  ('root'), ('ann'), ('ben'), ('cleo'), ('dan'), ('eve'), ('finn'), ('gil'), ('gus'), ('hana'), ('ivy'), ('jon'),
  ('kim'), ('oli'), ('ray'), ('sam'), ('tess');

INSERT INTO "ORGANIZATION" (id, name) VALUES
  ('acme',  'Acme Instruments'),
  ('birch', 'Birch & Daughters');

INSERT INTO "PROJECT" (id, organization_id, name) VALUES
  ('apollo', 'acme',  'Apollo'),
  ('zephyr', 'acme',  'Zephyr'),
  ('grove',  'birch', 'Grove');

INSERT INTO "DOCUMENT" (id, project_id, title) VALUES
  ('plan',   'apollo', 'Launch plan'),
  ('budget', 'apollo', 'Budget'),
  ('survey', 'zephyr', 'Survey'),
  ('ledger', 'grove',  'Ledger');

INSERT INTO "ROLE" (id, name, display_name, level, created_by, created_at, is_active) VALUES
  ('viewer',  'viewer',  'Viewer',  10, 'root', '2025-01-01T00:00:00Z', 1),
  ('editor',  'editor',  'Editor',  20, 'root', '2025-01-01T00:00:00Z', 1),
  ('manager', 'manager', 'Manager', 30, 'root', '2025-01-01T00:00:00Z', 1),
  ('retired', 'retired', 'Retired', 20, 'root', '2025-01-01T00:00:00Z', 0);

-- document-export is switched off. document-print writes its resource in capitals.
INSERT INTO "PERMISSION" (id, name, display_name, resource, action, created_by, created_at, is_active) VALUES
  ('organization-read',   'organization read',   'See an organization',    'organization', 'read',    'root', '2025-01-01T00:00:00Z', 1),
  ('organization-manage', 'organization manage', 'Manage an organization', 'organization', 'manage',  'root', '2025-01-01T00:00:00Z', 1),
  ('project-read',        'project read',        'See a project',          'project',      'read',    'root', '2025-01-01T00:00:00Z', 1),
  ('project-write',       'project write',       'Change a project',       'project',      'write',   'root', '2025-01-01T00:00:00Z', 1),
  ('project-archive',     'project archive',     'Archive a project',      'project',      'archive', 'root', '2025-01-01T00:00:00Z', 1),
  ('document-read',       'document read',       'Read a document',        'document',     'read',    'root', '2025-01-01T00:00:00Z', 1),
  ('document-write',      'document write',      'Change a document',      'document',     'write',   'root', '2025-01-01T00:00:00Z', 1),
  ('document-delete',     'document delete',     'Delete a document',      'document',     'delete',  'root', '2025-01-01T00:00:00Z', 1),
  ('document-export',     'document export',     'Export a document',      'document',     'export',  'root', '2025-01-01T00:00:00Z', 0),
  ('document-print',      'document print',      'Print a document',       'DOCUMENT',     'print',   'root', '2025-01-01T00:00:00Z', 1);

INSERT INTO "ROLE_PERMISSION" (role_id, permission_id, created_by, created_at, is_active) VALUES
  ('viewer',  'organization-read',   'root', '2025-01-01T00:00:00Z', 1),
  ('viewer',  'project-read',        'root', '2025-01-01T00:00:00Z', 1),
  ('viewer',  'document-read',       'root', '2025-01-01T00:00:00Z', 1),
  ('viewer',  'document-print',      'root', '2025-01-01T00:00:00Z', 1),
  ('editor',  'document-read',       'root', '2025-01-01T00:00:00Z', 1),
  ('editor',  'document-write',      'root', '2025-01-01T00:00:00Z', 1),
  ('editor',  'document-delete',     'root', '2025-01-01T00:00:00Z', 0),   -- taken back
  ('editor',  'document-export',     'root', '2025-01-01T00:00:00Z', 1),
  ('manager', 'organization-read',   'root', '2025-01-01T00:00:00Z', 1),
  ('manager', 'organization-manage', 'root', '2025-01-01T00:00:00Z', 1),
  ('manager', 'project-read',        'root', '2025-01-01T00:00:00Z', 1),
  ('manager', 'project-archive',     'root', '2025-01-01T00:00:00Z', 1),
  ('manager', 'document-write',      'root', '2025-01-01T00:00:00Z', 1),
  ('retired', 'document-read',       'root', '2025-01-01T00:00:00Z', 1),
  ('retired', 'document-write',      'root', '2025-01-01T00:00:00Z', 1);

INSERT INTO "USER_ROLE" (user_id, role_id, scope_type, scope_id, assigned_by, assigned_at, expires_at, is_active) VALUES
  ('ann',  'manager', 'ORGANIZATION', 'acme',   'root', '2025-01-01T00:00:00Z', NULL, 1),
  ('ben',  'editor',  'PROJECT',      'apollo', 'root', '2025-01-01T00:00:00Z', '2026-06-30T12:00:00Z', 1),
  ('cleo', 'viewer',  NULL,           NULL,     'root', '2025-01-01T00:00:00Z', NULL, 1),
  ('dan',  'viewer',  'DOCUMENT',     'plan',   'root', '2025-01-01T00:00:00Z', NULL, 1),
  ('eve',  'editor',  NULL,           NULL,     'root', '2025-01-01T00:00:00Z', NULL, 0),
  ('eve',  'viewer',  'PROJECT',      'apollo', 'root', '2025-01-01T00:00:00Z', NULL, 0),
  ('finn', 'retired', NULL,           NULL,     'root', '2025-01-01T00:00:00Z', NULL, 1),
  ('gil',  'retired', 'PROJECT',      'apollo', 'root', '2025-01-01T00:00:00Z', NULL, 1),
  ('gus',  'editor',  NULL,           NULL,     'root', '2025-01-01T00:00:00Z', '2026-03-01 00:00:00.250', 1),
  ('kim',  'viewer',  'project',      'zephyr', 'root', '2025-01-01T00:00:00Z', NULL, 1),
  ('sam',  'editor',  'PROJECT',      'gone',   'root', '2025-01-01T00:00:00Z', NULL, 1),
  ('tess', 'viewer',  'ORGANIZATION', 'birch',  'root', '2025-01-01T00:00:00Z', NULL, 1),
  ('tess', 'editor',  'DOCUMENT',     'survey', 'root', '2025-01-01T00:00:00Z', NULL, 1);

-- ivy's permission ends at 2026-06-01T00:00:00Z, written in Unix seconds.
INSERT INTO "USER_PERMISSION" (user_id, permission_id, scope_type, scope_id, granted_by, granted_at, expires_at, is_active) VALUES
  ('hana', 'document-read',   'DOCUMENT',     'survey', 'root', '2025-01-01T00:00:00Z', NULL, 1),
  ('ivy',  'document-write',  NULL,           NULL,     'root', '2025-01-01T00:00:00Z', 1780272000, 1),
  ('jon',  'document-write',  NULL,           NULL,     'root', '2025-01-01T00:00:00Z', NULL, 0),
  ('jon',  'document-read',   'PROJECT',      'apollo', 'root', '2025-01-01T00:00:00Z', '2026-02-01T01:00:00+01:00', 1),
  ('oli',  'document-export', NULL,           NULL,     'root', '2025-01-01T00:00:00Z', NULL, 1),
  ('ray',  'project-archive', 'ORGANIZATION', 'acme',   'root', '2025-01-01T00:00:00Z', NULL, 1);

-- una keeps the third organization in order: the actions that the others are not granted.
INSERT INTO "USER" (id) VALUES ('una');
INSERT INTO "ORGANIZATION" (id, name) VALUES ('delta', 'Delta Archives');
INSERT INTO "PROJECT" (id, organization_id, name) VALUES ('dune', 'delta', 'Dune');
INSERT INTO "DOCUMENT" (id, project_id, title) VALUES ('chart', 'dune', 'Chart of the coast');
INSERT INTO "ROLE" (id, name, display_name, level, created_by, created_at, is_active) VALUES
  ('steward', 'steward', 'Steward', 25, 'root', '2025-01-01T00:00:00Z', 1);
INSERT INTO "PERMISSION" (id, name, display_name, resource, action, created_by, created_at, is_active) VALUES
  ('document-hand-out', 'document hand out', 'Export a document, the new way', 'document', 'export', 'root', '2025-06-01T00:00:00Z', 1);
INSERT INTO "ROLE_PERMISSION" (role_id, permission_id, created_by, created_at, is_active) VALUES
  ('steward', 'project-write',     'root', '2025-06-01T00:00:00Z', 1),
  ('steward', 'document-delete',   'root', '2025-06-01T00:00:00Z', 1),
  ('steward', 'document-hand-out', 'root', '2025-06-01T00:00:00Z', 1);
INSERT INTO "USER_ROLE" (user_id, role_id, scope_type, scope_id, assigned_by, assigned_at, expires_at, is_active) VALUES
  ('una', 'steward', 'ORGANIZATION', 'delta', 'root', '2025-06-01T00:00:00Z', NULL, 1);
