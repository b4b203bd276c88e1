-- Null is a bucket without a limit, so releases that do not know the column go on writing rows.
ALTER TABLE buckets ADD COLUMN quota_bytes INTEGER;
