-- The API keys of other services.
CREATE TABLE IF NOT EXISTS palisade_api_key (
  id TEXT NOT NULL PRIMARY KEY,
  key_hash TEXT NOT NULL UNIQUE, -- SHA-256 of the key, which begins with pk_, in lower-case hexadecimal
  name TEXT NOT NULL, -- what people call the service
  principal TEXT, -- whom the key stands for, as an entity literal: Service::"billing"
  may TEXT NOT NULL DEFAULT '[]', -- what it may do beside that, a JSON list: "evaluate", "metrics", "log"
  expires_at NUMERIC, -- never, where it is NULL
  revoked_at NUMERIC, -- whatever stands here, the key is over
  created_at NUMERIC NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

-- Whoever remembers a key hears of its end. REPLACE fires no trigger for the row that it displaces: the last two are for that.
CREATE TRIGGER IF NOT EXISTS palisade_log_api_key_insert AFTER INSERT ON palisade_api_key BEGIN INSERT INTO palisade_change (table_name,key) VALUES ('palisade_api_key',json_array(NEW.id)); END;
CREATE TRIGGER IF NOT EXISTS palisade_log_api_key_update AFTER UPDATE ON palisade_api_key BEGIN INSERT INTO palisade_change (table_name,key) SELECT 'palisade_api_key',json_array(OLD.id) UNION SELECT 'palisade_api_key',json_array(NEW.id); END;
CREATE TRIGGER IF NOT EXISTS palisade_log_api_key_delete AFTER DELETE ON palisade_api_key BEGIN INSERT INTO palisade_change (table_name,key) VALUES ('palisade_api_key',json_array(OLD.id)); END;
CREATE TRIGGER IF NOT EXISTS palisade_log_api_key_insert_1 BEFORE INSERT ON palisade_api_key BEGIN INSERT INTO palisade_change (table_name,key) SELECT 'palisade_api_key',json_array(x.id) FROM palisade_api_key x WHERE x.key_hash=NEW.key_hash AND x.id<>NEW.id; END;
CREATE TRIGGER IF NOT EXISTS palisade_log_api_key_update_1 BEFORE UPDATE OF key_hash ON palisade_api_key BEGIN INSERT INTO palisade_change (table_name,key) SELECT 'palisade_api_key',json_array(x.id) FROM palisade_api_key x WHERE x.key_hash=NEW.key_hash AND x.id<>OLD.id; END;
