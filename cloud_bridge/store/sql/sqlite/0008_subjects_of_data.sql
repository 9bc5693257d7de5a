-- Whom facts commit to: a subject is a random name for one vehicle or one owner. A fold sees the
-- subject alone, so that it stays the same once nobody can open the commitments any more.
CREATE TABLE subject (
    id           TEXT    NOT NULL PRIMARY KEY,
    kind         TEXT    NOT NULL,
    made_ns      INTEGER NOT NULL,
    forgotten_ns INTEGER NOT NULL
) WITHOUT ROWID;

-- The only rows that open anything, and that find a subject by its value. They stay out of backups;
-- to forget a subject is to delete its row.
CREATE TABLE subject_key (
    subject TEXT NOT NULL PRIMARY KEY REFERENCES subject (id),
    blind   BLOB NOT NULL UNIQUE,
    wrapped BLOB NOT NULL
) WITHOUT ROWID;

-- What is said of whom: commitments, each with its opening under the subject's key; and numbers that
-- facts state in the clear, without one.
CREATE TABLE commitment (
    reference TEXT NOT NULL PRIMARY KEY,
    subject   TEXT NOT NULL REFERENCES subject (id),
    sealed    BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX commitment_of ON commitment (subject);

CREATE TRIGGER subject_no_delete BEFORE DELETE ON subject
BEGIN SELECT RAISE(ABORT, 'subject stays'); END;
CREATE TRIGGER subject_forgotten_once BEFORE UPDATE ON subject
WHEN OLD.forgotten_ns <> 0 OR NEW.id <> OLD.id OR NEW.kind <> OLD.kind
BEGIN SELECT RAISE(ABORT, 'a subject is forgotten once'); END;
CREATE TRIGGER commitment_no_update BEFORE UPDATE ON commitment
BEGIN SELECT RAISE(ABORT, 'commitment is append-only'); END;
CREATE TRIGGER commitment_no_delete BEFORE DELETE ON commitment
BEGIN SELECT RAISE(ABORT, 'commitment is append-only'); END;
