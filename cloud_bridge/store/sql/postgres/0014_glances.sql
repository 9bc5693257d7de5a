-- What a list shows of each unit: a projection of the ledger. A row tells which lines it was made
-- of, so that whoever reads it sees whether it still holds; no backup holds it.
CREATE TABLE glance (
    scheme TEXT COLLATE "C" NOT NULL,
    unit   TEXT COLLATE "C" NOT NULL,
    leaf   BIGINT           NOT NULL,
    others TEXT COLLATE "C" NOT NULL,
    keys   BIGINT           NOT NULL,
    shown  BYTEA            NOT NULL,
    PRIMARY KEY (scheme, unit)
);

-- Those that rest on who was an authority: the few that a new key line may change.
CREATE INDEX glance_keys ON glance (keys) WHERE keys >= 0;

-- Which lines are taken in, by which version of the fold, and how far the sweep over all units has
-- come that a new version, a restoration or a long absence begins.
CREATE TABLE glance_state (
    one    BIGINT PRIMARY KEY CHECK (one = 1),
    leaf   BIGINT           NOT NULL,
    made   TEXT COLLATE "C" NOT NULL,
    sweep  BIGINT           NOT NULL,
    scheme TEXT COLLATE "C" NOT NULL,
    unit   TEXT COLLATE "C" NOT NULL
);
INSERT INTO glance_state (one, leaf, made, sweep, scheme, unit) VALUES (1, -1, '', 0, '', '');
