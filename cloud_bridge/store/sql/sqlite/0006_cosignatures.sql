-- What witnesses add to signed heads, after C2SP tlog-cosignature; the head's own row stays.
CREATE TABLE cosignature (
    size        INTEGER NOT NULL REFERENCES checkpoint (size),
    name        TEXT    NOT NULL,
    line        TEXT    NOT NULL,
    recorded_ns INTEGER NOT NULL,
    PRIMARY KEY (size, name)
) WITHOUT ROWID;

CREATE TRIGGER cosignature_no_update BEFORE UPDATE ON cosignature
BEGIN SELECT RAISE(ABORT, 'cosignature is append-only'); END;
CREATE TRIGGER cosignature_no_delete BEFORE DELETE ON cosignature
BEGIN SELECT RAISE(ABORT, 'cosignature is append-only'); END;
