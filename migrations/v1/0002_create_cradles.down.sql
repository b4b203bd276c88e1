DROP TABLE cradles;
