-- What witnesses add to signed heads, after C2SP tlog-cosignature; the head's own row stays.
CREATE TABLE cosignature (
    size        BIGINT  NOT NULL REFERENCES checkpoint (size),
    name        TEXT COLLATE "C" NOT NULL,
    line        TEXT COLLATE "C" NOT NULL,
    recorded_ns BIGINT  NOT NULL,
    PRIMARY KEY (size, name)
);

CREATE TRIGGER cosignature_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON cosignature
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
