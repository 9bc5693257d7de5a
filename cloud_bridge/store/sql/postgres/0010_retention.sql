-- Bytes of a chunk go only together with the ledger line that says so: `retired` is its leaf.
ALTER TABLE chunk ADD COLUMN retired BIGINT REFERENCES ledger (leaf);

CREATE OR REPLACE FUNCTION only_empty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.data <> '' OR NEW.retired IS NULL OR OLD.retired IS NOT NULL
        OR (NEW.position, NEW.gateway, NEW.epoch, NEW.seq, NEW.scheme,
        NEW.unit, NEW.slot, NEW.from_ns, NEW.to_ns, NEW.samples, NEW.recorded_ns)
        IS DISTINCT FROM (OLD.position, OLD.gateway, OLD.epoch, OLD.seq, OLD.scheme,
        OLD.unit, OLD.slot, OLD.from_ns, OLD.to_ns, OLD.samples, OLD.recorded_ns) THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
