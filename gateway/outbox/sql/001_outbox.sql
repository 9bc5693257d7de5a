-- Numbering spaces of this outbox; the newest one is written to, the others only drain.
CREATE TABLE epoch (
    number     INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE,
    started_ns INTEGER NOT NULL,
    reason     TEXT    NOT NULL,
    last_seq   INTEGER NOT NULL DEFAULT 0
);

-- Sealed records without a receipt. position = epoch.number * 2^40 + seq: one order for all.
CREATE TABLE record (
    position INTEGER PRIMARY KEY,
    priority INTEGER NOT NULL,
    sealed   BLOB    NOT NULL
);
CREATE INDEX record_by_priority ON record (priority, position);

-- What the bridge will never take, for a person to look at; the oldest make room.
CREATE TABLE refused (
    position   INTEGER PRIMARY KEY,
    reason     TEXT    NOT NULL,
    detail     TEXT    NOT NULL,
    refused_ns INTEGER NOT NULL,
    sealed     BLOB    NOT NULL
);

-- Samples of chunks that are still open: a killed gateway loses no more than a second.
CREATE TABLE held (
    number INTEGER PRIMARY KEY,
    chunk  TEXT    NOT NULL,
    sample BLOB    NOT NULL
);
CREATE INDEX held_by_chunk ON held (chunk);

-- What the station knows (who stands in which slot), changed in one step with its facts.
CREATE TABLE note (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
);

-- Counters that survive a restart.
CREATE TABLE tally (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
);
INSERT INTO tally VALUES ('added', 0), ('stored', 0), ('refused', 0), ('thinned', 0);

-- Who this file is, to be compared with the mark beside it.
CREATE TABLE instance (
    only_one   INTEGER PRIMARY KEY CHECK (only_one = 1),
    mark       TEXT    NOT NULL,
    generation INTEGER NOT NULL
);
