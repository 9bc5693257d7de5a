-- People who log in, their sessions, and how often somebody guessed. Only hashes of what they know or
-- carry are kept; nothing here is part of the ledger, so rows may change and go.
CREATE TABLE person (
    name      TEXT    NOT NULL PRIMARY KEY,
    password  TEXT    NOT NULL,
    mandate   TEXT    NOT NULL,
    made_ns   INTEGER NOT NULL,
    closed_ns INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE session (
    digest  TEXT    NOT NULL PRIMARY KEY,
    name    TEXT    NOT NULL,
    via     TEXT    NOT NULL,
    mandate TEXT    NOT NULL,
    purpose TEXT    NOT NULL,
    made_ns INTEGER NOT NULL,
    seen_ns INTEGER NOT NULL,
    ends_ns INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX session_of ON session (name);
CREATE INDEX session_ends ON session (ends_ns);

CREATE TABLE guess (
    digest   TEXT    NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_ns  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX guess_last ON guess (last_ns);

-- Logins under way at a provider; each serves once.
CREATE TABLE errand (
    digest  TEXT    NOT NULL PRIMARY KEY,
    content TEXT    NOT NULL,
    made_ns INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX errand_made ON errand (made_ns);
