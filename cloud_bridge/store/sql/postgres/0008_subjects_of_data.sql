-- Whom facts commit to: a subject is a random name for one vehicle or one owner. A fold sees the
-- subject alone, so that it stays the same once nobody can open the commitments any more.
CREATE TABLE subject (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind         TEXT COLLATE "C" NOT NULL,
    made_ns      BIGINT NOT NULL,
    forgotten_ns BIGINT NOT NULL
);

-- The only rows that open anything, and that find a subject by its value. They stay out of backups;
-- to forget a subject is to delete its row.
CREATE TABLE subject_key (
    subject TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES subject (id),
    blind   BYTEA NOT NULL UNIQUE,
    wrapped BYTEA NOT NULL
);

-- What is said of whom: commitments, each with its opening under the subject's key; and numbers that
-- facts state in the clear, without one.
CREATE TABLE commitment (
    reference TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    subject   TEXT COLLATE "C" NOT NULL REFERENCES subject (id),
    sealed    BYTEA NOT NULL
);
CREATE INDEX commitment_of ON commitment (subject);

CREATE FUNCTION forget_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.forgotten_ns <> 0 OR NEW.id <> OLD.id OR NEW.kind <> OLD.kind THEN
        RAISE EXCEPTION 'a subject is forgotten once'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER subject_forgotten_once BEFORE UPDATE ON subject
    FOR EACH ROW EXECUTE FUNCTION forget_once();
CREATE TRIGGER subject_stays BEFORE DELETE OR TRUNCATE ON subject
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER commitment_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON commitment
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
