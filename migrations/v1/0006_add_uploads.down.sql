ALTER TABLE objects DROP COLUMN content_type;
DROP TABLE upload_parts;
DROP TABLE uploads;
