CREATE TABLE schema_migrations (version uint64,dirty bool);
CREATE UNIQUE INDEX version_unique ON schema_migrations (version);
CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE INDEX users_name ON users (name);
CREATE TABLE log (id INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT, at REAL DEFAULT 1.5);
INSERT INTO "log" VALUES (1, 'new; c', 1.5);
INSERT INTO "schema_migrations" VALUES (3, 0);
CREATE TABLE numbered (id INTEGER PRIMARY KEY AUTOINCREMENT);
DROP TABLE numbered;
DELETE FROM sqlite_sequence;
INSERT INTO "sqlite_sequence" VALUES ('log', 1);
INSERT INTO "users" VALUES (1, 'a;b');
INSERT INTO "users" VALUES (2, 'it''s');
INSERT INTO "users" VALUES (3, 'c');
CREATE TRIGGER users_log AFTER INSERT ON users BEGIN
  INSERT INTO log (what) VALUES ('new; ' || new.name);
END;
