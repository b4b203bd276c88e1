CREATE TABLE "schema_migrations" (version varchar(128) primary key);
CREATE TABLE numbered (id INTEGER PRIMARY KEY AUTOINCREMENT);
DROP TABLE numbered;
DELETE FROM sqlite_sequence;
