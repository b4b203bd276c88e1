-- Which server holds the bytes of which object. A server that still holds bytes cannot be removed.
CREATE TABLE replicas (
    object_id TEXT    NOT NULL REFERENCES objects (id) ON DELETE CASCADE,
    server_id TEXT    NOT NULL REFERENCES servers (id) ON DELETE RESTRICT,
    stored_at INTEGER NOT NULL,
    PRIMARY KEY (object_id, server_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX replicas_by_server ON replicas (server_id);
