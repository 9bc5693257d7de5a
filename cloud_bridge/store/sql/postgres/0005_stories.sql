-- How much is told of each unit: a Merkle map from unit to (count, head), which heads commit to,
-- so that nobody can leave a fact out of a story unseen. A projection of ledger and index.
CREATE TABLE story (
    bucket BIGINT  NOT NULL,
    key    BYTEA   NOT NULL,
    scheme TEXT COLLATE "C" NOT NULL,
    unit   TEXT COLLATE "C" NOT NULL,
    count  BIGINT  NOT NULL,
    head   BYTEA   NOT NULL,
    PRIMARY KEY (bucket, key)
);

-- Nodes of the map that differ from those of an empty one.
CREATE TABLE story_node (
    level    BIGINT  NOT NULL,
    position BIGINT  NOT NULL,
    hash     BYTEA   NOT NULL,
    PRIMARY KEY (level, position)
);

-- How many ledger lines the map has taken in.
CREATE TABLE story_state (
    one  BIGINT  PRIMARY KEY CHECK (one = 1),
    size BIGINT  NOT NULL
);

CREATE INDEX ledger_unit_by_leaf ON ledger_unit (leaf);
