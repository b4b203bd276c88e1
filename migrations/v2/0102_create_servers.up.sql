-- Servers hold the bytes of objects. When one was seen last is not kept: the program asks them.
CREATE TABLE servers (
    id             TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 26),
    name           TEXT    NOT NULL UNIQUE,
    address        TEXT    NOT NULL,
    capacity_bytes INTEGER NOT NULL CHECK (capacity_bytes > 0),
    state          TEXT    NOT NULL CHECK (state IN ('joining', 'active', 'draining', 'gone')),
    joined_at      INTEGER NOT NULL
) STRICT;
