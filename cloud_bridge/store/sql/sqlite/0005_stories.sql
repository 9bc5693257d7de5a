-- How much is told of each unit: a Merkle map from unit to (count, head), which heads commit to,
-- so that nobody can leave a fact out of a story unseen. A projection of ledger and index.
CREATE TABLE story (
    bucket INTEGER NOT NULL,
    key    BLOB    NOT NULL,
    scheme TEXT    NOT NULL,
    unit   TEXT    NOT NULL,
    count  INTEGER NOT NULL,
    head   BLOB    NOT NULL,
    PRIMARY KEY (bucket, key)
) WITHOUT ROWID;

-- Nodes of the map that differ from those of an empty one.
CREATE TABLE story_node (
    level    INTEGER NOT NULL,
    position INTEGER NOT NULL,
    hash     BLOB    NOT NULL,
    PRIMARY KEY (level, position)
) WITHOUT ROWID;

-- How many ledger lines the map has taken in.
CREATE TABLE story_state (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    size INTEGER NOT NULL
);

CREATE INDEX ledger_unit_by_leaf ON ledger_unit (leaf);
