-- Two organizations again: 青山書店 (hill), a chain of bookshops, and 長河出版 (river), a publisher.

INSERT INTO "用戶" ("用戶ID", "用戶名稱") VALUES
  ('hill',  '青山書店'),
  ('river', '長河出版');

-- wen has left, qi's status is empty, and bo belongs nowhere.
INSERT INTO "使用者" ("使用者ID", "用戶ID", "帳號信箱", "顯示名稱", "狀態") VALUES
  ('jing', 'hill',  'jing@hill.example',  '周靜', '啟用'),
  ('rui',  'hill',  'rui@hill.example',   '許睿', '啟用'),
  ('shan', 'hill',  'shan@hill.example',  '高珊', '啟用'),
  ('dou',  'hill',  'dou@hill.example',   '竇一', '啟用'),
  ('wen',  'hill',  'wen@hill.example',   '溫文', '停用'),
  ('qi',   'hill',  'qi@hill.example',    '齊奇', NULL),
  ('lan',  'river', 'lan@river.example',  '藍嵐', '啟用'),
  ('bo',   NULL,    'bo@example.com',     '柏博', '啟用');

INSERT INTO "角色" ("角色ID", "用戶ID", "角色名稱", "角色描述") VALUES
  ('hill-staff',  'hill',  '員工',   '門市'),
  ('hill-lead',   'hill',  '主管',   '店長'),
  ('hill-admin',  'hill',  '管理員', NULL),
  ('river-staff', 'river', '員工',   '編輯'),
  ('river-admin', 'river', '管理員', NULL);

-- dou holds no role; shan holds two; wen's and bo's roles must not help them.
INSERT INTO "使用者角色" ("使用者ID", "角色ID", "指派時間") VALUES
  ('jing', 'hill-staff',  '2025-03-01T00:00:00Z'),
  ('rui',  'hill-lead',   '2025-03-01T00:00:00Z'),
  ('shan', 'hill-staff',  '2025-03-01T00:00:00Z'),
  ('shan', 'hill-admin',  '2025-06-01T00:00:00Z'),
  ('wen',  'hill-admin',  '2025-03-01T00:00:00Z'),
  ('qi',   'hill-staff',  '2025-03-01T00:00:00Z'),
  ('lan',  'river-staff', '2025-03-01T00:00:00Z'),
  ('bo',   'hill-staff',  '2025-03-01T00:00:00Z');

-- `loose` belongs to no organization.
INSERT INTO "文件" ("文件ID", "用戶ID", "文件標題", "來源類型") VALUES
  ('catalog', 'hill',  '書目',     '文件庫'),
  ('prices',  'hill',  '進貨價',   'ERP'),
  ('lease',   'hill',  '租約',     'Web'),
  ('scripts', 'river', '未出版稿', 'CRM'),
  ('loose',   NULL,    '無主',     'Web');

-- The last four point across the border, or at what belongs nowhere.
INSERT INTO "角色文件權限" ("角色ID", "文件ID", "權限", "向下繼承") VALUES
  ('hill-staff',  'catalog', 'READ',  1),
  ('hill-lead',   'catalog', 'WRITE', 0),
  ('hill-lead',   'prices',  'READ',  NULL),
  ('hill-admin',  'prices',  'WRITE', 1),
  ('hill-admin',  'lease',   'ADMIN', 0),
  ('river-staff', 'scripts', 'ADMIN', 1),
  ('hill-staff',  'scripts', 'READ',  1),
  ('river-staff', 'catalog', 'ADMIN', 1),
  ('hill-staff',  'loose',   'READ',  1),
  ('river-staff', 'loose',   'READ',  1);
