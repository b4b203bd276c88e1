CREATE TABLE "gorp_migrations" ("id" varchar(255) not null primary key, "applied_at" datetime);
CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, mail BLOB DEFAULT x'00ff');
CREATE INDEX users_name ON users (name);
CREATE TABLE log (id INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT, at REAL DEFAULT 1.5);
CREATE VIEW names AS SELECT name FROM users -- all of them
;
INSERT INTO "gorp_migrations" VALUES ('001-users.sql', '2026-11-21 05:15:34.405352134+00:00');
INSERT INTO "gorp_migrations" VALUES ('002-by_name.sql', '2026-11-21 05:15:34.420486251+00:00');
INSERT INTO "gorp_migrations" VALUES ('003-log.sql', '2026-11-21 05:15:34.434409063+00:00');
INSERT INTO "gorp_migrations" VALUES ('004-mail.sql', '2026-11-21 05:15:34.469600068+00:00');
INSERT INTO "gorp_migrations" VALUES ('005-view.sql', '2026-11-21 05:15:34.476942581+00:00');
INSERT INTO "log" VALUES (1, 'new; c', 1.5);
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
