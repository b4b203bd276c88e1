-- One row for every write of a key: pending while the bytes are on their way, then committed or failed;
-- replaced once a later one is committed. A key has at most one committed object.
CREATE TABLE objects (
    id           TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 26),
    bucket_id    TEXT    NOT NULL REFERENCES buckets (id) ON DELETE RESTRICT,
    key          TEXT    NOT NULL,
    generation   INTEGER NOT NULL CHECK (generation > 0),
    state        TEXT    NOT NULL CHECK (state IN ('pending', 'committed', 'failed', 'replaced')),
    size         INTEGER NOT NULL CHECK (size >= 0),
    etag         TEXT,
    content_type TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    committed_at INTEGER,
    UNIQUE (bucket_id, key, generation),
    CHECK (state NOT IN ('committed', 'replaced') OR (etag IS NOT NULL AND committed_at IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX objects_committed ON objects (bucket_id, key) WHERE state = 'committed';
-- What is left half-way, oldest first, for the sweep that fails it.
CREATE INDEX objects_pending ON objects (created_at) WHERE state = 'pending';
