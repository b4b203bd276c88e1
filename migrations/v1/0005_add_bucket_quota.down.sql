ALTER TABLE buckets DROP COLUMN quota_bytes;
