-- What each bucket holds, kept by the program in the transaction of every write, so that quotas and statistics
-- need no scan. It starts with a count of what is there; a bucket without objects has a row of zeros.
CREATE TABLE bucket_usage (
    bucket_id         TEXT    NOT NULL PRIMARY KEY REFERENCES buckets (id) ON DELETE CASCADE,
    committed_objects INTEGER NOT NULL CHECK (committed_objects >= 0),
    committed_bytes   INTEGER NOT NULL CHECK (committed_bytes >= 0),
    replaced_objects  INTEGER NOT NULL CHECK (replaced_objects >= 0),
    replaced_bytes    INTEGER NOT NULL CHECK (replaced_bytes >= 0),
    changed_at        INTEGER NOT NULL
);

INSERT INTO bucket_usage (
    bucket_id, committed_objects, committed_bytes, replaced_objects, replaced_bytes, changed_at
)
SELECT buckets.id,
       count(*) FILTER (WHERE state = 'committed'),
       coalesce(sum(size_bytes) FILTER (WHERE state = 'committed'), 0),
       count(*) FILTER (WHERE state = 'replaced'),
       coalesce(sum(size_bytes) FILTER (WHERE state = 'replaced'), 0),
       coalesce(max(committed_at), buckets.created_at)
FROM buckets LEFT JOIN objects ON objects.bucket_id = buckets.id
GROUP BY buckets.id;

-- What is left half-way, oldest first, for the sweep that fails it.
CREATE INDEX objects_pending ON objects (created_at) WHERE state = 'pending';
