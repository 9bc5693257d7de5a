-- Whose the telemetry of a slot is, as a gateway told after it had sealed it: a projection of the
-- ledger's TelemetryAttributed lines. old_* name the pack that the chunks were sealed for, "" for none.
CREATE TABLE attribution (
    leaf       INTEGER PRIMARY KEY REFERENCES ledger (leaf),
    gateway    TEXT    NOT NULL,
    slot       TEXT    NOT NULL,
    scheme     TEXT    NOT NULL,
    unit       TEXT    NOT NULL,
    old_scheme TEXT    NOT NULL,
    old_unit   TEXT    NOT NULL,
    from_ns    INTEGER NOT NULL,
    to_ns      INTEGER NOT NULL
);
CREATE INDEX attribution_by_unit ON attribution (scheme, unit);
CREATE INDEX attribution_by_old ON attribution (old_scheme, old_unit);
CREATE INDEX chunk_by_slot ON chunk (gateway, slot, to_ns);

-- The newest fact about each vehicle's pack: a projection.
CREATE TABLE vehicle (
    scheme  TEXT    NOT NULL,
    id      TEXT    NOT NULL,
    from_ns INTEGER NOT NULL,
    leaf    INTEGER NOT NULL REFERENCES ledger (leaf),
    PRIMARY KEY (scheme, id)
) WITHOUT ROWID;

CREATE TRIGGER attribution_no_update BEFORE UPDATE ON attribution
BEGIN SELECT RAISE(ABORT, 'attribution is append-only'); END;
CREATE TRIGGER attribution_no_delete BEFORE DELETE ON attribution
BEGIN SELECT RAISE(ABORT, 'attribution is append-only'); END;
