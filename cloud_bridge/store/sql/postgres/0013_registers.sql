-- Registers that commands write and every bridge on this store reads: keys of machines, stations of
-- feeds. Of secrets only digests stand here; nothing is part of the ledger, so rows may change.
CREATE TABLE register (
    register TEXT COLLATE "C" NOT NULL,
    id       TEXT COLLATE "C" NOT NULL,
    content  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (register, id)
);
