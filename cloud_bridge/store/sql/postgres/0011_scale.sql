-- What pages ask for, kept so that an answer takes as long with a million packs as with ten.

-- How many rows there are of each, written by the transaction that writes the rows. Made anew where
-- a backup is put back, so no backup holds it. A shard per connection: bridges that write side by
-- side never wait for each other's.
CREATE TABLE tally (
    name  TEXT COLLATE "C" NOT NULL,
    shard BIGINT           NOT NULL,
    count BIGINT           NOT NULL,
    PRIMARY KEY (name, shard)
);
INSERT INTO tally (name, shard, count)
SELECT 'unit', 0, count(*) FROM unit UNION ALL
SELECT 'chunk', 0, count(*) FROM chunk UNION ALL
SELECT 'refused', 0, count(*) FROM refused UNION ALL
SELECT 'equivocation', 0, count(*) FROM equivocation;

CREATE FUNCTION count_rows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    added BIGINT;
BEGIN
    SELECT count(*) INTO added FROM fresh;
    IF added > 0 THEN
        INSERT INTO tally (name, shard, count) VALUES (TG_TABLE_NAME, pg_backend_pid(), added)
        ON CONFLICT (name, shard) DO UPDATE SET count = tally.count + excluded.count;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER unit_tally AFTER INSERT ON unit
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION count_rows();
CREATE TRIGGER chunk_tally AFTER INSERT ON chunk
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION count_rows();
CREATE TRIGGER refused_tally AFTER INSERT ON refused
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION count_rows();
CREATE TRIGGER equivocation_tally AFTER INSERT ON equivocation
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION count_rows();

-- Key lines, and the newest of one author or gateway, without reading all others.
CREATE INDEX ledger_key ON ledger (leaf)
    WHERE type IN ('KeyRegistered', 'KeyRotated', 'KeyRevoked');
CREATE INDEX ledger_alarm ON ledger (author, leaf)
    WHERE type IN ('IncidentRecorded', 'IdentityContested');
CREATE INDEX refused_newest ON refused (recorded_ns);
CREATE INDEX refused_of ON refused (gateway, recorded_ns);
CREATE INDEX equivocation_newest ON equivocation (recorded_ns);
CREATE INDEX equivocation_of ON equivocation (gateway, recorded_ns);
