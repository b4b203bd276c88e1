CREATE TABLE `atlas_schema_revisions` (`version` text NOT NULL, `description` text NOT NULL, `type` integer NOT NULL DEFAULT (2), `applied` integer NOT NULL DEFAULT (0), `total` integer NOT NULL DEFAULT (0), `executed_at` datetime NOT NULL, `execution_time` integer NOT NULL, `error` text NULL, `error_stmt` text NULL, `hash` text NOT NULL, `partial_hashes` json NULL, `operator_version` text NOT NULL, PRIMARY KEY (`version`));
CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, mail BLOB DEFAULT x'00ff');
CREATE INDEX users_name ON users (name);
CREATE TABLE log (id INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT, at REAL DEFAULT 1.5);
CREATE VIEW names AS SELECT name FROM users -- all of them
;
INSERT INTO "atlas_schema_revisions" VALUES ('20240101000001', 'users', 2, 2, 2, '2026-11-21 05:15:36.314544709+00:00', 23736, '', '', 'xuRlrBB/NA73PJVg6EWRT8Lr6tfeQ/1pKOFnHa1Ojd4=', X'6E756C6C', 'Atlas CLI v1.2.3');
INSERT INTO "atlas_schema_revisions" VALUES ('20240101000002', 'by_name', 2, 1, 1, '2026-11-21 05:15:36.333668868+00:00', 32370, '', '', 'FGCi5fsGz821F+hW+HezTGHrFT0t5NU0A3Xlisz8mQs=', X'6E756C6C', 'Atlas CLI v1.2.3');
INSERT INTO "atlas_schema_revisions" VALUES ('20240101000003', 'log', 2, 3, 3, '2026-11-21 05:15:36.335015168+00:00', 23521, '', '', 'AsbfGTkQ9mJGm5IAWMFptIAHncsCIyu4MDZDOHxSC6c=', X'6E756C6C', 'Atlas CLI v1.2.3');
INSERT INTO "atlas_schema_revisions" VALUES ('20240101000004', 'mail', 2, 1, 1, '2026-11-21 05:15:36.33602579+00:00', 29235, '', '', 'gYfMz90jPiOTRw6o6nvRs0VFdZtXlV/2u4EQmPbhfTQ=', X'6E756C6C', 'Atlas CLI v1.2.3');
INSERT INTO "atlas_schema_revisions" VALUES ('20240101000005', 'view', 2, 1, 1, '2026-11-21 05:15:36.336822153+00:00', 23101, '', '', 'cGngl4tcUOyUyse2NrbA1hu5tBR+6L/TTWrBJwBd/hQ=', X'6E756C6C', 'Atlas CLI v1.2.3');
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
