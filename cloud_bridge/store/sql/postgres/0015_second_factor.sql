-- Second factors of people: the secret sealed under a key that is in no database, the newest time step
-- whose code was taken, and the recovery codes that are left, hashed; each serves once.
CREATE TABLE second_factor (
    name      TEXT    NOT NULL PRIMARY KEY,
    sealed    BYTEA   NOT NULL,
    made_ns   BIGINT  NOT NULL,
    last_step BIGINT  NOT NULL
);

CREATE TABLE recovery_code (
    name   TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (name, digest)
);
