-- Projections follow chunks by position, which neither VACUUM nor a backup changes. `data` may be emptied by retention; nothing else changes,
-- and the digest in `record` still proves what a copy kept elsewhere holds.
CREATE TABLE chunk_in_order (
    position    INTEGER PRIMARY KEY AUTOINCREMENT,
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
INSERT INTO chunk_in_order (gateway, epoch, seq, scheme, unit, slot, from_ns, to_ns, samples,
                            data, recorded_ns)
SELECT gateway, epoch, seq, scheme, unit, slot, from_ns, to_ns, samples, data, recorded_ns
FROM chunk ORDER BY rowid;
DROP TABLE chunk;
ALTER TABLE chunk_in_order RENAME TO chunk;
CREATE INDEX chunk_by_unit ON chunk (scheme, unit, to_ns);
CREATE INDEX chunk_kept ON chunk (to_ns) WHERE length(data) > 0;

CREATE TRIGGER chunk_no_update BEFORE UPDATE ON chunk
WHEN NEW.data <> x'' OR NEW.position <> OLD.position OR NEW.gateway <> OLD.gateway
     OR NEW.epoch <> OLD.epoch OR NEW.seq <> OLD.seq OR NEW.scheme IS NOT OLD.scheme
     OR NEW.unit IS NOT OLD.unit OR NEW.slot <> OLD.slot OR NEW.from_ns <> OLD.from_ns
     OR NEW.to_ns <> OLD.to_ns OR NEW.samples <> OLD.samples
     OR NEW.recorded_ns <> OLD.recorded_ns
BEGIN SELECT RAISE(ABORT, 'chunk is append-only'); END;
CREATE TRIGGER chunk_no_delete BEFORE DELETE ON chunk
BEGIN SELECT RAISE(ABORT, 'chunk is append-only'); END;

-- How far each projection has come. Its target keeps no truth: a cursor may go back to zero.
CREATE TABLE cursor (
    projection TEXT    NOT NULL PRIMARY KEY,
    chunk      INTEGER NOT NULL,
    leaf       INTEGER NOT NULL,
    moved_ns   INTEGER NOT NULL
) WITHOUT ROWID;
