-- What a list shows of each unit: a projection of the ledger. A row tells which lines it was made
-- of, so that whoever reads it sees whether it still holds; no backup holds it.
CREATE TABLE glance (
    scheme TEXT    NOT NULL,
    unit   TEXT    NOT NULL,
    leaf   INTEGER NOT NULL,
    others TEXT    NOT NULL,
    keys   INTEGER NOT NULL,
    shown  BLOB    NOT NULL,
    PRIMARY KEY (scheme, unit)
) WITHOUT ROWID;

-- Those that rest on who was an authority: the few that a new key line may change.
CREATE INDEX glance_keys ON glance (keys) WHERE keys >= 0;

-- Which lines are taken in, by which version of the fold, and how far the sweep over all units has
-- come that a new version, a restoration or a long absence begins.
CREATE TABLE glance_state (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    leaf   INTEGER NOT NULL,
    made   TEXT    NOT NULL,
    sweep  INTEGER NOT NULL,
    scheme TEXT    NOT NULL,
    unit   TEXT    NOT NULL
);
INSERT INTO glance_state (one, leaf, made, sweep, scheme, unit) VALUES (1, -1, '', 0, '', '');
