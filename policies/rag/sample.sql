-- Two organizations: 晨光科技 (dawn), which most tests are about, and 遠洋物流 (ocean), its neighbour in the same database.

INSERT INTO "用戶" (user_org_id, user_org_name, plan) VALUES
  ('dawn',  '晨光科技', 'business'),
  ('ocean', '遠洋物流', 'starter');

-- yun has left, tao's status is empty, pia's is in a language that the application does not write, and nomad belongs
-- nowhere.
INSERT INTO "使用者" (user_id, user_org_id, email, display_name, status) VALUES
  ('mei',   'dawn',  'mei@dawn.example',   '林美',   '啟用'),
  ('lin',   'dawn',  'lin@dawn.example',   '王琳',   '啟用'),
  ('hao',   'dawn',  'hao@dawn.example',   '陳浩',   '啟用'),
  ('pei',   'dawn',  'pei@dawn.example',   '張佩',   '啟用'),
  ('yun',   'dawn',  'yun@dawn.example',   '李雲',   '停用'),
  ('tao',   'dawn',  'tao@dawn.example',   '吳濤',   NULL),
  ('pia',   'dawn',  'pia@dawn.example',   'Pia',    'active'),
  ('kai',   'ocean', 'kai@ocean.example',  '黃凱',   '啟用'),
  ('nomad', NULL,    'nomad@example.com',  'Nomad',  '啟用');

INSERT INTO "角色" (role_id, user_org_id, role_name, description) VALUES
  ('dawn-staff',  'dawn',  '一般員工', '晨光全體'),
  ('dawn-lead',   'dawn',  '主管',     '晨光主管'),
  ('dawn-admin',  'dawn',  '管理員',   '晨光管理員'),
  ('dawn-aide',   'dawn',  '管理員助理', 'its name only begins like that of the administrators'),
  ('ocean-staff', 'ocean', '一般員工', '遠洋全體'),
  ('ocean-admin', 'ocean', '管理員',   '遠洋管理員');

INSERT INTO "使用者角色" (user_id, role_id) VALUES
  ('mei', 'dawn-staff'),
  ('lin', 'dawn-staff'),
  ('lin', 'dawn-lead'),
  ('hao', 'dawn-admin'),
  ('pei', 'dawn-aide'),
  ('yun', 'dawn-staff'),
  ('yun', 'dawn-admin'),
  ('tao', 'dawn-staff'),
  ('kai', 'ocean-staff'),
  ('kai', 'ocean-admin');

-- `adrift` belongs to no organization.
INSERT INTO "文件" (doc_id, user_org_id, source_type, title) VALUES
  ('handbook', 'dawn',  '文件庫', '員工手冊'),
  ('payroll',  'dawn',  'ERP',    '薪資表'),
  ('roadmap',  'dawn',  'Web',    '產品藍圖'),
  ('fleet',    'ocean', 'CRM',    '船隊名冊'),
  ('adrift',   NULL,    'Web',    '無主文件');

INSERT INTO "文件片段" (chunk_id, doc_id, chunk_index, content) VALUES
  ('handbook-1', 'handbook', 1, '請假規定'),
  ('handbook-2', 'handbook', 2, '差旅規定'),
  ('payroll-1',  'payroll',  1, '一月'),
  ('payroll-2',  'payroll',  2, '二月'),
  ('roadmap-1',  'roadmap',  1, '第一季'),
  ('fleet-1',    'fleet',    1, '貨輪'),
  ('stray',      NULL,       1, '無主片段');

-- Grants within dawn first, then what must not work: people who are not active, and rows that point across the border.
INSERT INTO "權限ACL" (acl_id, user_org_id, subject_type, subject_id, object_type, object_id, permission, inherit_down) VALUES
  ('staff-handbook', 'dawn',  'ROLE', 'dawn-staff', 'DOC',   'handbook',   'READ',  1),
  ('lead-payroll',   'dawn',  'ROLE', 'dawn-lead',  'DOC',   'payroll',    'READ',  0),
  ('lead-roadmap',   'dawn',  'ROLE', 'dawn-lead',  'DOC',   'roadmap',    'WRITE', 1),
  ('admin-payroll',  'dawn',  'ROLE', 'dawn-admin', 'DOC',   'payroll',    'ADMIN', 1),
  ('lin-january',    'dawn',  'USER', 'lin',        'CHUNK', 'payroll-1',  'READ',  0),
  ('mei-roadmap',    'dawn',  'USER', 'mei',        'DOC',   'roadmap',    'WRITE', NULL),
  ('pei-leave',      'dawn',  'USER', 'pei',        'CHUNK', 'handbook-1', 'WRITE', 1),
  ('mei-stray',      'dawn',  'USER', 'mei',        'CHUNK', 'stray',      'READ',  1),
  ('fleet-staff',    'ocean', 'ROLE', 'ocean-staff', 'DOC',  'fleet',      'WRITE', 1),
  ('yun-handbook',   'dawn',  'USER', 'yun',        'DOC',   'handbook',   'ADMIN', 1),
  ('pia-handbook',   'dawn',  'USER', 'pia',        'DOC',   'handbook',   'READ',  1),
  ('kai-handbook',   'dawn',  'USER', 'kai',        'DOC',   'handbook',   'READ',  1),
  ('mei-fleet',      'ocean', 'USER', 'mei',        'DOC',   'fleet',      'ADMIN', 1),
  ('staff-fleet',    'ocean', 'ROLE', 'dawn-staff', 'CHUNK', 'fleet-1',    'READ',  0),
  ('mei-adrift',     'dawn',  'USER', 'mei',        'DOC',   'adrift',     'READ',  1),
  ('nomad-handbook', 'dawn',  'USER', 'nomad',      'DOC',   'handbook',   'READ',  1),
  ('nomad-adrift',   NULL,    'USER', 'nomad',      'DOC',   'adrift',     'READ',  1);

-- `abroad` is mei's by its user and ocean's by its organization.
INSERT INTO "對話" (convo_id, user_org_id, user_id, channel) VALUES
  ('talk-mei', 'dawn',  'mei', '網站'),
  ('talk-yun', 'dawn',  'yun', 'LINE'),
  ('talk-kai', 'ocean', 'kai', 'Slack'),
  ('abroad',   'ocean', 'mei', 'Teams'),
  ('nobodys',  'dawn',  NULL,  '網站');

INSERT INTO "訊息" (msg_id, convo_id, sender, content) VALUES
  ('ask-mei',    'talk-mei', 'user',      '特休有幾天?'),
  ('reply-mei',  'talk-mei', 'assistant', '七天。'),
  ('ask-yun',    'talk-yun', 'user',      '如何離職?'),
  ('ask-kai',    'talk-kai', 'user',      '哪艘船?'),
  ('ask-abroad', 'abroad',   'user',      '哪個國家?'),
  ('lost',       NULL,       'user',      '有人嗎?');

INSERT INTO "語意快取" (cache_id, user_org_id, question_hash, answer) VALUES
  ('cache-dawn',  'dawn',  'q-7f3a', '七天。'),
  ('cache-ocean', 'ocean', 'q-19bc', '貨輪。'),
  ('cache-free',  NULL,    'q-0000', '無主答案');

INSERT INTO "成本紀錄" (cost_id, msg_id, model_or_tool, input_tokens, output_tokens, amount) VALUES
  ('cost-mei',  'reply-mei', 'small', 210, 12, 0.0042),
  ('cost-kai',  'ask-kai',   'small', 180, NULL, 0.0031),
  ('cost-lost', NULL,        'large', 900, 300, 0.1200);
