CREATE TABLE "gorp_migrations" ("id" varchar(255) not null primary key, "applied_at" datetime);
CREATE TABLE numbered (id INTEGER PRIMARY KEY AUTOINCREMENT);
DROP TABLE numbered;
DELETE FROM sqlite_sequence;
