-- Duties still to be done: a projection of the ledger under one table of rules, taken forward line
-- by line. Whoever changes the rules begins it again; no backup holds it.
CREATE TABLE duty (
    due_ns   INTEGER NOT NULL,
    rule     TEXT    NOT NULL,
    event_id TEXT    NOT NULL,
    holder   TEXT    NOT NULL,
    units    TEXT    NOT NULL,
    PRIMARY KEY (due_ns, rule, event_id)
) WITHOUT ROWID;
CREATE INDEX duty_of ON duty (event_id);

-- How many are due by each day's end.
CREATE TABLE duty_day (
    due_ns INTEGER PRIMARY KEY,
    count  INTEGER NOT NULL
);
CREATE TRIGGER duty_more AFTER INSERT ON duty
BEGIN
    INSERT INTO duty_day (due_ns, count) VALUES (NEW.due_ns, 1)
    ON CONFLICT (due_ns) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER duty_less AFTER DELETE ON duty
BEGIN UPDATE duty_day SET count = count - 1 WHERE due_ns = OLD.due_ns; END;

-- Lines that send or acknowledge a report, by its number; and which facts a report covers.
CREATE TABLE duty_report (
    author   TEXT    NOT NULL,
    platform TEXT    NOT NULL,
    report   TEXT    NOT NULL,
    leaf     INTEGER NOT NULL REFERENCES ledger (leaf),
    PRIMARY KEY (author, platform, report, leaf)
) WITHOUT ROWID;
CREATE TABLE duty_covered (
    event_id TEXT    NOT NULL,
    leaf     INTEGER NOT NULL REFERENCES ledger (leaf),
    PRIMARY KEY (event_id, leaf)
) WITHOUT ROWID;

-- Facts about which a clock ahead of ours has spoken: they are looked at again then.
CREATE TABLE duty_waiting (
    event_id TEXT    NOT NULL PRIMARY KEY,
    wake_ns  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX duty_wake ON duty_waiting (wake_ns);

-- How many lines are taken in, and under which rules.
CREATE TABLE duty_state (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    leaf  INTEGER NOT NULL,
    rules TEXT    NOT NULL
);
INSERT INTO duty_state (one, leaf, rules) VALUES (1, -1, '');
