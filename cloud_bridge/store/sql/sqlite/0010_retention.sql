-- Bytes of a chunk go only together with the ledger line that says so: `retired` is its leaf.
ALTER TABLE chunk ADD COLUMN retired INTEGER REFERENCES ledger (leaf);

DROP TRIGGER chunk_no_update;
CREATE TRIGGER chunk_no_update BEFORE UPDATE ON chunk
WHEN NEW.data <> x'' OR NEW.retired IS NULL OR OLD.retired IS NOT NULL
     OR NEW.position <> OLD.position OR NEW.gateway <> OLD.gateway
     OR NEW.epoch <> OLD.epoch OR NEW.seq <> OLD.seq OR NEW.scheme IS NOT OLD.scheme
     OR NEW.unit IS NOT OLD.unit OR NEW.slot <> OLD.slot OR NEW.from_ns <> OLD.from_ns
     OR NEW.to_ns <> OLD.to_ns OR NEW.samples <> OLD.samples
     OR NEW.recorded_ns <> OLD.recorded_ns
BEGIN SELECT RAISE(ABORT, 'chunk is append-only'); END;
