-- People who log in, their sessions, and how often somebody guessed. Only hashes of what they know or
-- carry are kept; nothing here is part of the ledger, so rows may change and go.
CREATE TABLE person (
    name      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    password  TEXT COLLATE "C" NOT NULL,
    mandate   TEXT COLLATE "C" NOT NULL,
    made_ns   BIGINT NOT NULL,
    closed_ns BIGINT NOT NULL
);

CREATE TABLE session (
    digest  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name    TEXT COLLATE "C" NOT NULL,
    via     TEXT COLLATE "C" NOT NULL,
    mandate TEXT COLLATE "C" NOT NULL,
    purpose TEXT COLLATE "C" NOT NULL,
    made_ns BIGINT NOT NULL,
    seen_ns BIGINT NOT NULL,
    ends_ns BIGINT NOT NULL
);
CREATE INDEX session_of ON session (name);
CREATE INDEX session_ends ON session (ends_ns);

CREATE TABLE guess (
    digest   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_ns  BIGINT NOT NULL
);
CREATE INDEX guess_last ON guess (last_ns);

-- Logins under way at a provider; each serves once.
CREATE TABLE errand (
    digest  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    content TEXT COLLATE "C" NOT NULL,
    made_ns BIGINT NOT NULL
);
CREATE INDEX errand_made ON errand (made_ns);
