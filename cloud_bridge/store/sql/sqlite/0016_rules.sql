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
