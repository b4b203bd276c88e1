-- Buckets hold objects. Ids are ULIDs that the program makes; times are microseconds since 1970 in UTC.
CREATE TABLE buckets (
    id         TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 26),
    name       TEXT    NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
);
