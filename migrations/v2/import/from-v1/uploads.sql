INSERT INTO main.uploads (id, bucket_id, key, expires_at) SELECT id, bucket_id, key, expires_at FROM old.uploads;

INSERT INTO main.parts (upload_id, number, size, etag, stored_at)
SELECT upload_id, number, size, etag, stored_at FROM old.upload_parts;
