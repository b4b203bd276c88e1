-- One row for every write of a key: pending while the bytes are on their way, then committed or failed;
-- replaced once a later one is committed. A key has at most one committed object.
CREATE TABLE objects (
    id           TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 26),
    bucket_id    TEXT    NOT NULL REFERENCES buckets (id) ON DELETE RESTRICT,
    key          TEXT    NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('pending', 'committed', 'failed', 'replaced')),
    size         INTEGER NOT NULL CHECK (size >= 0),
    etag         TEXT,
    created_at   INTEGER NOT NULL,
    committed_at INTEGER
);

CREATE UNIQUE INDEX objects_committed ON objects (bucket_id, key) WHERE state = 'committed';
CREATE INDEX objects_by_key ON objects (bucket_id, key, created_at);
