-- A bucket and its usage become one row. A bucket that was never counted has none.
INSERT INTO main.buckets (
    id, name, created_at, quota_bytes, committed_objects, committed_bytes, replaced_objects, replaced_bytes, counted_at
)
SELECT buckets.id, name, created_at, quota_bytes, coalesce(committed_objects, 0), coalesce(committed_bytes, 0),
       coalesce(replaced_objects, 0), coalesce(replaced_bytes, 0), changed_at
FROM old.buckets AS buckets LEFT JOIN old.bucket_usage ON bucket_id = buckets.id;
