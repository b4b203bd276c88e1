CREATE TABLE `atlas_schema_revisions` (`version` text NOT NULL, `description` text NOT NULL, `type` integer NOT NULL DEFAULT (2), `applied` integer NOT NULL DEFAULT (0), `total` integer NOT NULL DEFAULT (0), `executed_at` datetime NOT NULL, `execution_time` integer NOT NULL, `error` text NULL, `error_stmt` text NULL, `hash` text NOT NULL, `partial_hashes` json NULL, `operator_version` text NOT NULL, PRIMARY KEY (`version`));
CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE INDEX users_name ON users (name);
CREATE TABLE log (id INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT, at REAL DEFAULT 1.5);
INSERT INTO "atlas_schema_revisions" VALUES ('20240101000001', 'users', 2, 2, 2, '2026-11-21 05:15:35.761973874+00:00', 21606, '', '', 'xuRlrBB/NA73PJVg6EWRT8Lr6tfeQ/1pKOFnHa1Ojd4=', X'6E756C6C', 'Atlas CLI v1.2.3');
INSERT INTO "atlas_schema_revisions" VALUES ('20240101000002', 'by_name', 2, 1, 1, '2026-11-21 05:15:35.775112158+00:00', 35435, '', '', 'FGCi5fsGz821F+hW+HezTGHrFT0t5NU0A3Xlisz8mQs=', X'6E756C6C', 'Atlas CLI v1.2.3');
INSERT INTO "atlas_schema_revisions" VALUES ('20240101000003', 'log', 2, 3, 3, '2026-11-21 05:15:35.793786417+00:00', 28294, '', '', 'AsbfGTkQ9mJGm5IAWMFptIAHncsCIyu4MDZDOHxSC6c=', X'6E756C6C', 'Atlas CLI v1.2.3');
INSERT INTO "log" VALUES (1, 'new; c', 1.5);
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
