-- The same people in front of an API gateway, each with one role.
INSERT INTO ROLES (id) VALUES ('viewer'), ('editor'), ('admin');

INSERT INTO IDENTITIES (id, role_id) VALUES
  ('CiRmZDA2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs', 'admin'),
  ('CiRmZDE2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs', 'editor'),
  ('CiRmZDI2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs', 'editor'),
  ('CiRmZDM2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs', 'viewer'),
  ('CiRmZDQ2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs', 'viewer');

INSERT INTO ROUTE_ACCESS (role_id, kind, route, method) VALUES
  ('viewer', 'route', '/users/{userId}', 'GET'),
  ('viewer', 'route', '/todos', 'GET'),
  ('editor', 'route', '/users/{userId}', 'GET'),
  ('editor', 'route', '/todos', 'GET'),
  ('editor', 'route', '/todos', 'POST'),
  ('editor', 'route', '/todos/{todoId}', 'PUT'),
  ('editor', 'route', '/todos/{todoId}', 'DELETE'),
  ('admin', 'route', '/users/{userId}', 'GET'),
  ('admin', 'route', '/todos', 'GET'),
  ('admin', 'route', '/todos', 'POST'),
  ('admin', 'route', '/todos/{todoId}', 'PUT'),
  ('admin', 'route', '/todos/{todoId}', 'DELETE');
