-- Whose the telemetry of a slot is, as a gateway told after it had sealed it: a projection of the
-- ledger's TelemetryAttributed lines. old_* name the pack that the chunks were sealed for, "" for none.
CREATE TABLE attribution (
    leaf       BIGINT PRIMARY KEY REFERENCES ledger (leaf),
    gateway    TEXT COLLATE "C" NOT NULL,
    slot       TEXT COLLATE "C" NOT NULL,
    scheme     TEXT COLLATE "C" NOT NULL,
    unit       TEXT COLLATE "C" NOT NULL,
    old_scheme TEXT COLLATE "C" NOT NULL,
    old_unit   TEXT COLLATE "C" NOT NULL,
    from_ns    BIGINT NOT NULL,
    to_ns      BIGINT NOT NULL
);
CREATE INDEX attribution_by_unit ON attribution (scheme, unit);
CREATE INDEX attribution_by_old ON attribution (old_scheme, old_unit);
CREATE INDEX chunk_by_slot ON chunk (gateway, slot, to_ns);

-- The newest fact about each vehicle's pack: a projection.
CREATE TABLE vehicle (
    scheme  TEXT COLLATE "C" NOT NULL,
    id      TEXT COLLATE "C" NOT NULL,
    from_ns BIGINT NOT NULL,
    leaf    BIGINT NOT NULL REFERENCES ledger (leaf),
    PRIMARY KEY (scheme, id)
);

CREATE TRIGGER attribution_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON attribution
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
