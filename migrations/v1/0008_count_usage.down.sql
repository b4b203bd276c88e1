DROP INDEX objects_pending;
DROP TABLE bucket_usage;
