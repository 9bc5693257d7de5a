-- Duties still to be done: a projection of the ledger under one table of rules, taken forward line
-- by line. Whoever changes the rules begins it again; no backup holds it.
CREATE TABLE duty (
    due_ns   BIGINT NOT NULL,
    rule     TEXT COLLATE "C"    NOT NULL,
    event_id TEXT COLLATE "C"    NOT NULL,
    holder   TEXT COLLATE "C"    NOT NULL,
    units    TEXT COLLATE "C"    NOT NULL,
    PRIMARY KEY (due_ns, rule, event_id)
);
CREATE INDEX duty_of ON duty (event_id);

-- How many are due by each day's end.
CREATE TABLE duty_day (
    due_ns BIGINT PRIMARY KEY,
    count  BIGINT NOT NULL
);
CREATE FUNCTION count_duty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO duty_day (due_ns, count) VALUES (NEW.due_ns, 1)
        ON CONFLICT (due_ns) DO UPDATE SET count = duty_day.count + 1;
    ELSE
        UPDATE duty_day SET count = count - 1 WHERE due_ns = OLD.due_ns;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER duty_counted AFTER INSERT OR DELETE ON duty
    FOR EACH ROW EXECUTE FUNCTION count_duty();

-- Lines that send or acknowledge a report, by its number; and which facts a report covers.
CREATE TABLE duty_report (
    author   TEXT COLLATE "C"    NOT NULL,
    platform TEXT COLLATE "C"    NOT NULL,
    report   TEXT COLLATE "C"    NOT NULL,
    leaf     BIGINT NOT NULL REFERENCES ledger (leaf),
    PRIMARY KEY (author, platform, report, leaf)
);
CREATE TABLE duty_covered (
    event_id TEXT COLLATE "C"    NOT NULL,
    leaf     BIGINT NOT NULL REFERENCES ledger (leaf),
    PRIMARY KEY (event_id, leaf)
);

-- Facts about which a clock ahead of ours has spoken: they are looked at again then.
CREATE TABLE duty_waiting (
    event_id TEXT COLLATE "C"    NOT NULL PRIMARY KEY,
    wake_ns  BIGINT NOT NULL
);
CREATE INDEX duty_wake ON duty_waiting (wake_ns);

-- How many lines are taken in, and under which rules.
CREATE TABLE duty_state (
    one   BIGINT PRIMARY KEY CHECK (one = 1),
    leaf  BIGINT NOT NULL,
    rules TEXT COLLATE "C"    NOT NULL
);
INSERT INTO duty_state (one, leaf, rules) VALUES (1, -1, '');
