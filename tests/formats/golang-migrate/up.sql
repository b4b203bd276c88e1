CREATE TABLE schema_migrations (version uint64,dirty bool);
CREATE UNIQUE INDEX version_unique ON schema_migrations (version);
CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, mail BLOB DEFAULT x'00ff');
CREATE INDEX users_name ON users (name);
CREATE TABLE log (id INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT, at REAL DEFAULT 1.5);
CREATE VIEW names AS SELECT name FROM users -- all of them
;
INSERT INTO "log" VALUES (1, 'new; c', 1.5);
INSERT INTO "schema_migrations" VALUES (5, 0);
CREATE TABLE numbered (id INTEGER PRIMARY KEY AUTOINCREMENT);
DROP TABLE numbered;
DELETE FROM sqlite_sequence;
INSERT INTO "sqlite_sequence" VALUES ('log', 1);
INSERT INTO "users" VALUES (1, 'a;b', X'00FF');
INSERT INTO "users" VALUES (2, 'it''s', X'00FF');
INSERT INTO "users" VALUES (3, 'c', X'00FF');
CREATE TRIGGER users_log AFTER INSERT ON users BEGIN
  INSERT INTO log (what) VALUES ('new; ' || new.name);
END;
