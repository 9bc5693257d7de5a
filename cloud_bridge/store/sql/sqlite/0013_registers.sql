-- Registers that commands write and every bridge on this store reads: keys of machines, stations of
-- feeds. Of secrets only digests stand here; nothing is part of the ledger, so rows may change.
CREATE TABLE register (
    register TEXT NOT NULL,
    id       TEXT NOT NULL,
    content  TEXT NOT NULL,
    PRIMARY KEY (register, id)
) WITHOUT ROWID;
