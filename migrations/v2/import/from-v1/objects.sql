INSERT INTO main.servers (id, name, address, capacity_bytes, state, joined_at)
SELECT id, name, address, capacity_bytes, state, joined_at FROM old.cradles;

INSERT INTO main.objects (id, bucket_id, key, generation, state, size, etag, content_type, created_at, committed_at)
SELECT id, bucket_id, key, generation, state, size_bytes, etag, content_type, created_at, committed_at
FROM old.objects;

INSERT INTO main.replicas (object_id, server_id, stored_at) SELECT object_id, cradle_id, stored_at FROM old.replicas;
