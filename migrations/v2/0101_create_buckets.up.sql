-- Buckets hold objects. Ids are ULIDs that the program makes; times are microseconds since 1970 in UTC. What a bucket
-- holds stands in its own row, kept by the program in the transaction of every write.
-- lint: allow-file sequential: the numbers go on where those of 1.x can never come
CREATE TABLE buckets (
    id                TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 26),
    name              TEXT    NOT NULL UNIQUE,
    created_at        INTEGER NOT NULL,
    quota_bytes       INTEGER,
    committed_objects INTEGER NOT NULL DEFAULT 0 CHECK (committed_objects >= 0),
    committed_bytes   INTEGER NOT NULL DEFAULT 0 CHECK (committed_bytes >= 0),
    replaced_objects  INTEGER NOT NULL DEFAULT 0 CHECK (replaced_objects >= 0),
    replaced_bytes    INTEGER NOT NULL DEFAULT 0 CHECK (replaced_bytes >= 0),
    counted_at        INTEGER
) STRICT;
