-- The same rebuild the other way: only the numbers of the generations are given up.
CREATE TABLE objects_old (
    id           TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 26),
    bucket_id    TEXT    NOT NULL REFERENCES buckets (id) ON DELETE RESTRICT,
    key          TEXT    NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('pending', 'committed', 'failed', 'replaced')),
    size         INTEGER NOT NULL CHECK (size >= 0),
    etag         TEXT,
    created_at   INTEGER NOT NULL,
    committed_at INTEGER,
    content_type TEXT NOT NULL DEFAULT 'application/octet-stream'
);

INSERT INTO objects_old (id, bucket_id, key, state, size, etag, created_at, committed_at, content_type)
SELECT id, bucket_id, key, state, size_bytes, etag, created_at, committed_at, content_type
FROM objects;

CREATE TABLE replicas_old (
    object_id TEXT    NOT NULL REFERENCES objects_old (id) ON DELETE CASCADE,
    cradle_id TEXT    NOT NULL REFERENCES cradles (id) ON DELETE RESTRICT,
    stored_at INTEGER NOT NULL,
    PRIMARY KEY (object_id, cradle_id)
);

INSERT INTO replicas_old (object_id, cradle_id, stored_at) SELECT object_id, cradle_id, stored_at FROM replicas;

DROP TABLE replicas;
DROP TABLE objects;
ALTER TABLE objects_old RENAME TO objects;
ALTER TABLE replicas_old RENAME TO replicas;

CREATE UNIQUE INDEX objects_committed ON objects (bucket_id, key) WHERE state = 'committed';
CREATE INDEX objects_by_key ON objects (bucket_id, key, created_at);
CREATE INDEX replicas_by_cradle ON replicas (cradle_id);
