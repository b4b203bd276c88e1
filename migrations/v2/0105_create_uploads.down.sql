DROP TABLE parts;
DROP TABLE uploads;
