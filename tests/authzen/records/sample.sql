INSERT INTO USERS (id, role) VALUES ('alice', NULL), ('bob', 'admin');

INSERT INTO RECORDS (id, status) VALUES ('record-1', 'active'), ('record-2', 'archived');
