-- What pages ask for, kept so that an answer takes as long with a million packs as with ten.

-- How many rows there are of each, written by the transaction that writes the rows. Made anew where
-- a backup is put back, so no backup holds it. One shard: there is one writer at a time.
CREATE TABLE tally (
    name  TEXT    NOT NULL,
    shard INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (name, shard)
) WITHOUT ROWID;
INSERT INTO tally (name, shard, count)
SELECT 'unit', 0, count(*) FROM unit UNION ALL
SELECT 'chunk', 0, count(*) FROM chunk UNION ALL
SELECT 'refused', 0, count(*) FROM refused UNION ALL
SELECT 'equivocation', 0, count(*) FROM equivocation;

CREATE TRIGGER unit_tally AFTER INSERT ON unit
BEGIN UPDATE tally SET count = count + 1 WHERE name = 'unit'; END;
CREATE TRIGGER chunk_tally AFTER INSERT ON chunk
BEGIN UPDATE tally SET count = count + 1 WHERE name = 'chunk'; END;
CREATE TRIGGER refused_tally AFTER INSERT ON refused
BEGIN UPDATE tally SET count = count + 1 WHERE name = 'refused'; END;
CREATE TRIGGER equivocation_tally AFTER INSERT ON equivocation
BEGIN UPDATE tally SET count = count + 1 WHERE name = 'equivocation'; END;

-- Key lines, and the newest of one author or gateway, without reading all others.
CREATE INDEX ledger_key ON ledger (leaf)
    WHERE type IN ('KeyRegistered', 'KeyRotated', 'KeyRevoked');
CREATE INDEX ledger_alarm ON ledger (author, leaf)
    WHERE type IN ('IncidentRecorded', 'IdentityContested');
CREATE INDEX refused_newest ON refused (recorded_ns);
CREATE INDEX refused_of ON refused (gateway, recorded_ns);
CREATE INDEX equivocation_newest ON equivocation (recorded_ns);
CREATE INDEX equivocation_of ON equivocation (gateway, recorded_ns);
