-- The table of rules is the deployment's, not each bridge's: the newest number is in force, whatever
-- comes with the bridge that reads it. A decision, so backups hold it.
CREATE TABLE rule_table (
    number     INTEGER PRIMARY KEY,
    digest     TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    source     TEXT    NOT NULL,
    content    TEXT    NOT NULL,
    adopted_ns INTEGER NOT NULL,
    adopted_by TEXT    NOT NULL
);

-- Duties still to be done, now in lists: a list that is made anew, or under another table, does not
-- take the place of the one that readers see before it is whole. The old one is made again.
DROP TABLE duty;
DROP TABLE duty_day;
DROP TABLE duty_report;
DROP TABLE duty_covered;
DROP TABLE duty_waiting;
DROP TABLE duty_state;

-- How far each list has come, and under which table. Lines before `horizon` were there when it was
-- begun: what they call for is judged in the light of all of them at once.
CREATE TABLE duty_list (
    list    INTEGER PRIMARY KEY,
    rules   TEXT    NOT NULL,
    leaf    INTEGER NOT NULL,
    horizon INTEGER NOT NULL,
    whole   INTEGER NOT NULL
);
CREATE TABLE duty (
    list     INTEGER NOT NULL,
    due_ns   INTEGER NOT NULL,
    rule     TEXT    NOT NULL,
    event_id TEXT    NOT NULL,
    holder   TEXT    NOT NULL,
    units    TEXT    NOT NULL,
    PRIMARY KEY (list, due_ns, rule, event_id)
) WITHOUT ROWID;
CREATE INDEX duty_of ON duty (event_id, list);

-- How many of a list are due by each day's end.
CREATE TABLE duty_day (
    list   INTEGER NOT NULL,
    due_ns INTEGER NOT NULL,
    count  INTEGER NOT NULL,
    PRIMARY KEY (list, due_ns)
) WITHOUT ROWID;
CREATE TRIGGER duty_more AFTER INSERT ON duty
BEGIN
    INSERT INTO duty_day (list, due_ns, count) VALUES (NEW.list, NEW.due_ns, 1)
    ON CONFLICT (list, due_ns) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER duty_less AFTER DELETE ON duty
BEGIN UPDATE duty_day SET count = count - 1 WHERE list = OLD.list AND due_ns = OLD.due_ns; END;

-- Lines that send or acknowledge a report, by its number; which facts a report covers; and how many
-- lines were looked at for them. The same under every table of rules.
CREATE TABLE duty_report (
    author   TEXT    NOT NULL,
    platform TEXT    NOT NULL,
    report   TEXT    NOT NULL,
    leaf     INTEGER NOT NULL REFERENCES ledger (leaf),
    PRIMARY KEY (author, platform, report, leaf)
) WITHOUT ROWID;
CREATE INDEX duty_report_line ON duty_report (leaf);
CREATE TABLE duty_covered (
    event_id TEXT    NOT NULL,
    leaf     INTEGER NOT NULL REFERENCES ledger (leaf),
    PRIMARY KEY (event_id, leaf)
) WITHOUT ROWID;
CREATE INDEX duty_covered_line ON duty_covered (leaf);
CREATE TABLE duty_reported (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    leaf INTEGER NOT NULL
);
INSERT INTO duty_reported (one, leaf) VALUES (1, -1);

-- Facts about which a clock ahead of ours has spoken: they are looked at again then.
CREATE TABLE duty_waiting (
    list     INTEGER NOT NULL,
    event_id TEXT    NOT NULL,
    wake_ns  INTEGER NOT NULL,
    PRIMARY KEY (list, event_id)
) WITHOUT ROWID;
CREATE INDEX duty_wake ON duty_waiting (list, wake_ns);

-- What was taken back: a projection of the ledger, taken forward line by line. Each pack, and each
-- receipt without packs, has a share that is made anew when something of its story is told.
CREATE TABLE takeback_cursor (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    leaf    INTEGER NOT NULL,
    horizon INTEGER NOT NULL,
    step    INTEGER NOT NULL
);
INSERT INTO takeback_cursor (one, leaf, horizon, step) VALUES (1, -1, -1, 0);

-- What is still to be looked at: a `unit` by scheme and id, a `receipt` by event, a `model`.
CREATE TABLE takeback_waiting (
    kind TEXT NOT NULL,
    part TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (kind, part, name)
) WITHOUT ROWID;

-- A share, the sums that it is in, and the codes under which its pack may be told of.
CREATE TABLE takeback_share (
    kind    TEXT NOT NULL,
    part    TEXT NOT NULL,
    name    TEXT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (kind, part, name)
) WITHOUT ROWID;
CREATE TABLE takeback_code (
    scheme       TEXT NOT NULL,
    code         TEXT NOT NULL,
    first_scheme TEXT NOT NULL,
    first_code   TEXT NOT NULL,
    PRIMARY KEY (scheme, code, first_scheme, first_code)
) WITHOUT ROWID;
CREATE INDEX takeback_code_of ON takeback_code (first_scheme, first_code);

-- Sums per lot, party, region and month, by model; milligrams of each element of a model's pack beside
-- them, so that a new sheet changes one row. Milligrams and milliwatt-hours add up exactly.
CREATE TABLE takeback_sum (
    kind    TEXT NOT NULL,
    name    TEXT NOT NULL,
    maker   TEXT NOT NULL,
    model   TEXT NOT NULL,
    shares  INTEGER NOT NULL,
    packs   INTEGER NOT NULL,
    mg      INTEGER NOT NULL,
    mwh     INTEGER NOT NULL,
    PRIMARY KEY (kind, name, maker, model)
) WITHOUT ROWID;
CREATE TABLE takeback_model (
    maker   TEXT NOT NULL,
    model   TEXT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (maker, model)
) WITHOUT ROWID;
CREATE TABLE takeback_site (
    site   TEXT NOT NULL PRIMARY KEY,
    region TEXT NOT NULL
) WITHOUT ROWID;
