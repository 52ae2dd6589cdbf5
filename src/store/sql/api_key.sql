SELECT json_array(
  CAST(id AS TEXT), CAST(key_hash AS TEXT), CAST(name AS TEXT), CAST(principal AS TEXT), CAST(may AS TEXT),
  CASE typeof(expires_at) WHEN 'blob' THEN 'unreadable' ELSE expires_at END,
  revoked_at IS NOT NULL
) AS c0
FROM palisade_api_key WHERE key_hash = ?1
