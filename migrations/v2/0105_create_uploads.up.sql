-- Uploads in parts. When one began is in its id.
CREATE TABLE uploads (
    id         TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 26),
    bucket_id  TEXT    NOT NULL REFERENCES buckets (id) ON DELETE RESTRICT,
    key        TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX uploads_by_expiry ON uploads (expires_at);

CREATE TABLE parts (
    upload_id TEXT    NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    number    INTEGER NOT NULL CHECK (number BETWEEN 1 AND 10000),
    size      INTEGER NOT NULL CHECK (size >= 0),
    etag      TEXT    NOT NULL,
    stored_at INTEGER NOT NULL,
    PRIMARY KEY (upload_id, number)
) STRICT, WITHOUT ROWID;
