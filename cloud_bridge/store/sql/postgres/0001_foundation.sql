-- Records, chunks, the ledger and its tree. Times are UTC nanoseconds. Texts are ordered by
-- their bytes, as in SQLite, whatever the database was made with.

-- Every number that has been dealt with, stored or refused. Removes duplicates.
CREATE TABLE record (
    gateway     TEXT COLLATE "C"    NOT NULL,
    epoch       TEXT COLLATE "C"    NOT NULL,
    seq         BIGINT  NOT NULL,
    digest      BYTEA   NOT NULL,
    outcome     TEXT COLLATE "C"    NOT NULL,
    recorded_ns BIGINT  NOT NULL,
    PRIMARY KEY (gateway, epoch, seq)
);

-- What receipts say; moves in the transaction that stores the records.
CREATE TABLE receipt (
    gateway      TEXT COLLATE "C"    NOT NULL,
    epoch        TEXT COLLATE "C"    NOT NULL,
    through      BIGINT  NOT NULL,
    highest      BIGINT  NOT NULL,
    sealed_ns    BIGINT  NOT NULL,
    committed_ns BIGINT  NOT NULL,
    PRIMARY KEY (gateway, epoch)
);

-- Records of trusted gateways that will never be taken, with their bytes.
CREATE TABLE refused (
    gateway     TEXT COLLATE "C"    NOT NULL,
    epoch       TEXT COLLATE "C"    NOT NULL,
    seq         BIGINT  NOT NULL,
    reason      TEXT COLLATE "C"    NOT NULL,
    detail      TEXT COLLATE "C"    NOT NULL,
    data        BYTEA   NOT NULL,
    recorded_ns BIGINT  NOT NULL,
    PRIMARY KEY (gateway, epoch, seq)
);

-- Other content under a number that was taken: a cloned gateway, or a forger with its key.
CREATE TABLE equivocation (
    gateway     TEXT COLLATE "C"    NOT NULL,
    epoch       TEXT COLLATE "C"    NOT NULL,
    seq         BIGINT  NOT NULL,
    digest      BYTEA   NOT NULL,
    data        BYTEA   NOT NULL,
    recorded_ns BIGINT  NOT NULL,
    PRIMARY KEY (gateway, epoch, seq, digest)
);

-- Messages that no trusted key vouches for; the oldest go when there are too many.
CREATE TABLE stranger (
    id          BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic       TEXT COLLATE "C"    NOT NULL,
    reason      TEXT COLLATE "C"    NOT NULL,
    data        BYTEA   NOT NULL,
    recorded_ns BIGINT  NOT NULL
);

-- Packs, modules and cells that anything was ever said of.
CREATE TABLE unit (
    scheme      TEXT COLLATE "C"    NOT NULL,
    id          TEXT COLLATE "C"    NOT NULL,
    recorded_ns BIGINT  NOT NULL,
    PRIMARY KEY (scheme, id)
);

-- Telemetry as it came, sealed, so that its signature can be checked for ever.
CREATE TABLE chunk (
    gateway     TEXT COLLATE "C"    NOT NULL,
    epoch       TEXT COLLATE "C"    NOT NULL,
    seq         BIGINT  NOT NULL,
    scheme      TEXT COLLATE "C",
    unit        TEXT COLLATE "C",
    slot        TEXT COLLATE "C"    NOT NULL,
    from_ns     BIGINT  NOT NULL,
    to_ns       BIGINT  NOT NULL,
    samples     BIGINT  NOT NULL,
    data        BYTEA   NOT NULL,
    recorded_ns BIGINT  NOT NULL,
    UNIQUE (gateway, epoch, seq)
);
CREATE INDEX chunk_by_unit ON chunk (scheme, unit, to_ns);

-- The newest chunk of each slot: a projection, so it may be written again.
CREATE TABLE slot (
    gateway TEXT COLLATE "C"    NOT NULL,
    slot    TEXT COLLATE "C"    NOT NULL,
    scheme  TEXT COLLATE "C",
    unit    TEXT COLLATE "C",
    epoch   TEXT COLLATE "C"    NOT NULL,
    seq     BIGINT  NOT NULL,
    to_ns   BIGINT  NOT NULL,
    PRIMARY KEY (gateway, slot)
);

-- The ledger: signed facts in the order in which they were recorded, leaf numbers from 0.
CREATE TABLE ledger (
    leaf        BIGINT PRIMARY KEY,
    event_id    TEXT COLLATE "C"    NOT NULL UNIQUE,
    type        TEXT COLLATE "C"    NOT NULL,
    author      TEXT COLLATE "C"    NOT NULL,
    stream      TEXT COLLATE "C"    NOT NULL,
    counter     BIGINT  NOT NULL,
    recorded_ns BIGINT  NOT NULL,
    signed      BYTEA   NOT NULL
);
CREATE INDEX ledger_by_counter ON ledger (author, stream, counter);
CREATE INDEX ledger_by_type ON ledger (type, leaf);

-- Which units a fact touches.
CREATE TABLE ledger_unit (
    scheme TEXT COLLATE "C"    NOT NULL,
    unit   TEXT COLLATE "C"    NOT NULL,
    leaf   BIGINT  NOT NULL REFERENCES ledger (leaf),
    PRIMARY KEY (scheme, unit, leaf)
);

-- The newest fact of each author about each slot: a projection.
CREATE TABLE place (
    author  TEXT COLLATE "C"    NOT NULL,
    site    TEXT COLLATE "C"    NOT NULL,
    slot    TEXT COLLATE "C"    NOT NULL,
    from_ns BIGINT  NOT NULL,
    leaf    BIGINT  NOT NULL REFERENCES ledger (leaf),
    PRIMARY KEY (author, site, slot)
);

-- Complete subtrees of the RFC 6962 tree over the ledger, and the signed roots.
CREATE TABLE tree (
    level    BIGINT  NOT NULL,
    position BIGINT  NOT NULL,
    hash     BYTEA   NOT NULL,
    PRIMARY KEY (level, position)
);
CREATE TABLE checkpoint (
    size        BIGINT PRIMARY KEY,
    root        BYTEA   NOT NULL,
    note        TEXT COLLATE "C"    NOT NULL,
    recorded_ns BIGINT  NOT NULL
);

-- What has been recorded stays as it is.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER record_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON record
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refused_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON refused
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER equivocation_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON equivocation
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER unit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON unit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER chunk_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON chunk
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_unit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_unit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tree_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON tree
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER checkpoint_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
