-- People of the to-do application, by both of their names.
INSERT INTO IDENTITIES (id, email) VALUES
  ('CiRmZDA2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs', 'rick@the-citadel.com'),
  ('CiRmZDE2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs', 'morty@the-citadel.com'),
  ('CiRmZDI2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs', 'summer@the-smiths.com'),
  ('CiRmZDM2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs', 'beth@the-smiths.com'),
  ('CiRmZDQ2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs', 'jerry@the-smiths.com');

INSERT INTO USERS (email, name) VALUES
  ('rick@the-citadel.com', 'Rick Sanchez'),
  ('morty@the-citadel.com', 'Morty Smith'),
  ('summer@the-smiths.com', 'Summer Smith'),
  ('beth@the-smiths.com', 'Beth Smith'),
  ('jerry@the-smiths.com', 'Jerry Smith');

INSERT INTO ROLES (id, name) VALUES
  ('viewer', 'viewer'),
  ('editor', 'editor'),
  ('admin', 'admin'),
  ('evil_genius', 'evil_genius');

INSERT INTO IDENTITY_ROLES (identity_id, role_id) VALUES
  ('CiRmZDA2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs', 'admin'),
  ('CiRmZDA2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs', 'evil_genius'),
  ('CiRmZDE2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs', 'editor'),
  ('CiRmZDI2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs', 'editor'),
  ('CiRmZDM2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs', 'viewer'),
  ('CiRmZDQ2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs', 'viewer');

INSERT INTO PERMISSIONS (id, resource) VALUES
  ('can_read_user', 'person'),
  ('can_read_todos', 'todo'),
  ('can_create_todo', 'todo'),
  ('can_update_todo', 'todo'),
  ('can_delete_todo', 'todo');

INSERT INTO ROLE_PERMISSIONS (role_id, permission_id) VALUES
  ('viewer', 'can_read_user'),
  ('viewer', 'can_read_todos'),
  ('editor', 'can_read_user'),
  ('editor', 'can_read_todos'),
  ('editor', 'can_create_todo'),
  ('admin', 'can_read_user'),
  ('admin', 'can_read_todos'),
  ('admin', 'can_create_todo'),
  ('admin', 'can_delete_todo'),
  ('evil_genius', 'can_read_user'),
  ('evil_genius', 'can_read_todos'),
  ('evil_genius', 'can_create_todo'),
  ('evil_genius', 'can_update_todo');
