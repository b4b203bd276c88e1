-- Which cradle holds the bytes of which object. A cradle that still holds bytes cannot be removed.
CREATE TABLE replicas (
    object_id TEXT    NOT NULL REFERENCES objects (id) ON DELETE CASCADE,
    cradle_id TEXT    NOT NULL REFERENCES cradles (id) ON DELETE RESTRICT,
    stored_at INTEGER NOT NULL,
    PRIMARY KEY (object_id, cradle_id)
);

CREATE INDEX replicas_by_cradle ON replicas (cradle_id);
