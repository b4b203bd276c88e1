-- Uploads in parts, and what kind of content an object is.
-- lint: allow-file atomic: 1.5 came out with both, and neither goes back without the other
CREATE TABLE uploads (
    id         TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 26),
    bucket_id  TEXT    NOT NULL REFERENCES buckets (id) ON DELETE RESTRICT,
    key        TEXT    NOT NULL,
    started_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL CHECK (expires_at > started_at)
);

CREATE INDEX uploads_by_expiry ON uploads (expires_at);

CREATE TABLE upload_parts (
    upload_id TEXT    NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    number    INTEGER NOT NULL CHECK (number BETWEEN 1 AND 10000),
    size      INTEGER NOT NULL CHECK (size >= 0),
    etag      TEXT    NOT NULL,
    stored_at INTEGER NOT NULL,
    PRIMARY KEY (upload_id, number)
);

ALTER TABLE objects ADD COLUMN content_type TEXT NOT NULL DEFAULT 'application/octet-stream';
