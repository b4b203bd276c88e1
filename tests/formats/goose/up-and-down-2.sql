CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);
CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE INDEX users_name ON users (name);
CREATE TABLE log (id INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT, at REAL DEFAULT 1.5);
INSERT INTO "goose_db_version" VALUES (1, 0, 1, '2026-11-21 05:15:30');
INSERT INTO "goose_db_version" VALUES (2, 1, 1, '2026-11-21 05:15:31');
INSERT INTO "goose_db_version" VALUES (3, 2, 1, '2026-11-21 05:15:31');
INSERT INTO "goose_db_version" VALUES (4, 3, 1, '2026-11-21 05:15:31');
INSERT INTO "log" VALUES (1, 'new; c', 1.5);
CREATE TABLE numbered (id INTEGER PRIMARY KEY AUTOINCREMENT);
DROP TABLE numbered;
DELETE FROM sqlite_sequence;
INSERT INTO "sqlite_sequence" VALUES ('goose_db_version', 6);
INSERT INTO "sqlite_sequence" VALUES ('log', 1);
INSERT INTO "users" VALUES (1, 'a;b');
INSERT INTO "users" VALUES (2, 'it''s');
INSERT INTO "users" VALUES (3, 'c');
CREATE TRIGGER users_log AFTER INSERT ON users BEGIN
  INSERT INTO log (what) VALUES ('new; ' || new.name);
END;
