-- Records, chunks, the ledger and its tree. Times are UTC nanoseconds.

-- Every number that has been dealt with, stored or refused. Removes duplicates.
CREATE TABLE record (
    gateway     TEXT    NOT NULL,
    epoch       TEXT    NOT NULL,
    seq         INTEGER NOT NULL,
    digest      BLOB    NOT NULL,
    outcome     TEXT    NOT NULL,
    recorded_ns INTEGER NOT NULL,
    PRIMARY KEY (gateway, epoch, seq)
) WITHOUT ROWID;

-- What receipts say; moves in the transaction that stores the records.
CREATE TABLE receipt (
    gateway      TEXT    NOT NULL,
    epoch        TEXT    NOT NULL,
    through      INTEGER NOT NULL,
    highest      INTEGER NOT NULL,
    sealed_ns    INTEGER NOT NULL,
    committed_ns INTEGER NOT NULL,
    PRIMARY KEY (gateway, epoch)
) WITHOUT ROWID;

-- Records of trusted gateways that will never be taken, with their bytes.
CREATE TABLE refused (
    gateway     TEXT    NOT NULL,
    epoch       TEXT    NOT NULL,
    seq         INTEGER NOT NULL,
    reason      TEXT    NOT NULL,
    detail      TEXT    NOT NULL,
    data        BLOB    NOT NULL,
    recorded_ns INTEGER NOT NULL,
    PRIMARY KEY (gateway, epoch, seq)
) WITHOUT ROWID;

-- Other content under a number that was taken: a cloned gateway, or a forger with its key.
CREATE TABLE equivocation (
    gateway     TEXT    NOT NULL,
    epoch       TEXT    NOT NULL,
    seq         INTEGER NOT NULL,
    digest      BLOB    NOT NULL,
    data        BLOB    NOT NULL,
    recorded_ns INTEGER NOT NULL,
    PRIMARY KEY (gateway, epoch, seq, digest)
) WITHOUT ROWID;

-- Messages that no trusted key vouches for; the oldest go when there are too many.
CREATE TABLE stranger (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    topic       TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    data        BLOB    NOT NULL,
    recorded_ns INTEGER NOT NULL
);

-- Packs, modules and cells that anything was ever said of.
CREATE TABLE unit (
    scheme      TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    recorded_ns INTEGER NOT NULL,
    PRIMARY KEY (scheme, id)
) WITHOUT ROWID;

-- Telemetry as it came, sealed, so that its signature can be checked for ever.
CREATE TABLE chunk (
    gateway     TEXT    NOT NULL,
    epoch       TEXT    NOT NULL,
    seq         INTEGER NOT NULL,
    scheme      TEXT,
    unit        TEXT,
    slot        TEXT    NOT NULL,
    from_ns     INTEGER NOT NULL,
    to_ns       INTEGER NOT NULL,
    samples     INTEGER NOT NULL,
    data        BLOB    NOT NULL,
    recorded_ns INTEGER NOT NULL,
    UNIQUE (gateway, epoch, seq)
);
CREATE INDEX chunk_by_unit ON chunk (scheme, unit, to_ns);

-- The newest chunk of each slot: a projection, so it may be written again.
CREATE TABLE slot (
    gateway TEXT    NOT NULL,
    slot    TEXT    NOT NULL,
    scheme  TEXT,
    unit    TEXT,
    epoch   TEXT    NOT NULL,
    seq     INTEGER NOT NULL,
    to_ns   INTEGER NOT NULL,
    PRIMARY KEY (gateway, slot)
) WITHOUT ROWID;

-- The ledger: signed facts in the order in which they were recorded, leaf numbers from 0.
CREATE TABLE ledger (
    leaf        INTEGER PRIMARY KEY,
    event_id    TEXT    NOT NULL UNIQUE,
    type        TEXT    NOT NULL,
    author      TEXT    NOT NULL,
    stream      TEXT    NOT NULL,
    counter     INTEGER NOT NULL,
    recorded_ns INTEGER NOT NULL,
    signed      BLOB    NOT NULL
);
CREATE INDEX ledger_by_counter ON ledger (author, stream, counter);
CREATE INDEX ledger_by_type ON ledger (type, leaf);

-- Which units a fact touches.
CREATE TABLE ledger_unit (
    scheme TEXT    NOT NULL,
    unit   TEXT    NOT NULL,
    leaf   INTEGER NOT NULL REFERENCES ledger (leaf),
    PRIMARY KEY (scheme, unit, leaf)
) WITHOUT ROWID;

-- The newest fact of each author about each slot: a projection.
CREATE TABLE place (
    author  TEXT    NOT NULL,
    site    TEXT    NOT NULL,
    slot    TEXT    NOT NULL,
    from_ns INTEGER NOT NULL,
    leaf    INTEGER NOT NULL REFERENCES ledger (leaf),
    PRIMARY KEY (author, site, slot)
) WITHOUT ROWID;

-- Complete subtrees of the RFC 6962 tree over the ledger, and the signed roots.
CREATE TABLE tree (
    level    INTEGER NOT NULL,
    position INTEGER NOT NULL,
    hash     BLOB    NOT NULL,
    PRIMARY KEY (level, position)
) WITHOUT ROWID;
CREATE TABLE checkpoint (
    size        INTEGER PRIMARY KEY,
    root        BLOB    NOT NULL,
    note        TEXT    NOT NULL,
    recorded_ns INTEGER NOT NULL
);

-- What has been recorded stays as it is.
CREATE TRIGGER record_no_update BEFORE UPDATE ON record
BEGIN SELECT RAISE(ABORT, 'record is append-only'); END;
CREATE TRIGGER record_no_delete BEFORE DELETE ON record
BEGIN SELECT RAISE(ABORT, 'record is append-only'); END;
CREATE TRIGGER refused_no_update BEFORE UPDATE ON refused
BEGIN SELECT RAISE(ABORT, 'refused is append-only'); END;
CREATE TRIGGER refused_no_delete BEFORE DELETE ON refused
BEGIN SELECT RAISE(ABORT, 'refused is append-only'); END;
CREATE TRIGGER equivocation_no_update BEFORE UPDATE ON equivocation
BEGIN SELECT RAISE(ABORT, 'equivocation is append-only'); END;
CREATE TRIGGER equivocation_no_delete BEFORE DELETE ON equivocation
BEGIN SELECT RAISE(ABORT, 'equivocation is append-only'); END;
CREATE TRIGGER unit_no_update BEFORE UPDATE ON unit
BEGIN SELECT RAISE(ABORT, 'unit is append-only'); END;
CREATE TRIGGER unit_no_delete BEFORE DELETE ON unit
BEGIN SELECT RAISE(ABORT, 'unit is append-only'); END;
CREATE TRIGGER chunk_no_update BEFORE UPDATE ON chunk
BEGIN SELECT RAISE(ABORT, 'chunk is append-only'); END;
CREATE TRIGGER chunk_no_delete BEFORE DELETE ON chunk
BEGIN SELECT RAISE(ABORT, 'chunk is append-only'); END;
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'ledger is append-only'); END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'ledger is append-only'); END;
CREATE TRIGGER ledger_unit_no_update BEFORE UPDATE ON ledger_unit
BEGIN SELECT RAISE(ABORT, 'ledger_unit is append-only'); END;
CREATE TRIGGER ledger_unit_no_delete BEFORE DELETE ON ledger_unit
BEGIN SELECT RAISE(ABORT, 'ledger_unit is append-only'); END;
CREATE TRIGGER tree_no_update BEFORE UPDATE ON tree
BEGIN SELECT RAISE(ABORT, 'tree is append-only'); END;
CREATE TRIGGER tree_no_delete BEFORE DELETE ON tree
BEGIN SELECT RAISE(ABORT, 'tree is append-only'); END;
CREATE TRIGGER checkpoint_no_update BEFORE UPDATE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'checkpoint is append-only'); END;
CREATE TRIGGER checkpoint_no_delete BEFORE DELETE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'checkpoint is append-only'); END;
