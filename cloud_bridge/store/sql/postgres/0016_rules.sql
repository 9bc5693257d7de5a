-- The table of rules is the deployment's, not each bridge's: the newest number is in force, whatever
-- comes with the bridge that reads it. A decision, so backups hold it.
CREATE TABLE rule_table (
    number     BIGINT PRIMARY KEY,
    digest     TEXT COLLATE "C"    NOT NULL,
    name       TEXT COLLATE "C"    NOT NULL,
    source     TEXT COLLATE "C"    NOT NULL,
    content    TEXT COLLATE "C"    NOT NULL,
    adopted_ns BIGINT NOT NULL,
    adopted_by TEXT COLLATE "C"    NOT NULL
);

-- Duties still to be done, now in lists: a list that is made anew, or under another table, does not
-- take the place of the one that readers see before it is whole. The old one is made again.
DROP TABLE duty;
DROP TABLE duty_day;
DROP TABLE duty_report;
DROP TABLE duty_covered;
DROP TABLE duty_waiting;
DROP TABLE duty_state;
DROP FUNCTION count_duty();

-- How far each list has come, and under which table. Lines before `horizon` were there when it was
-- begun: what they call for is judged in the light of all of them at once.
CREATE TABLE duty_list (
    list    BIGINT PRIMARY KEY,
    rules   TEXT COLLATE "C"    NOT NULL,
    leaf    BIGINT NOT NULL,
    horizon BIGINT NOT NULL,
    whole   BIGINT NOT NULL
);
CREATE TABLE duty (
    list     BIGINT NOT NULL,
    due_ns   BIGINT NOT NULL,
    rule     TEXT COLLATE "C"    NOT NULL,
    event_id TEXT COLLATE "C"    NOT NULL,
    holder   TEXT COLLATE "C"    NOT NULL,
    units    TEXT COLLATE "C"    NOT NULL,
    PRIMARY KEY (list, due_ns, rule, event_id)
);
CREATE INDEX duty_of ON duty (event_id, list);

-- How many of a list are due by each day's end; counted once per statement, for a first list writes
-- thousands that fall due on one day.
CREATE TABLE duty_day (
    list   BIGINT NOT NULL,
    due_ns BIGINT NOT NULL,
    count  BIGINT NOT NULL,
    PRIMARY KEY (list, due_ns)
);
CREATE FUNCTION duty_more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO duty_day (list, due_ns, count)
    SELECT list, due_ns, count(*) FROM changed GROUP BY list, due_ns ORDER BY list, due_ns
    ON CONFLICT (list, due_ns) DO UPDATE SET count = duty_day.count + excluded.count;
    RETURN NULL;
END $$;
CREATE FUNCTION duty_less() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE duty_day SET count = duty_day.count - gone.count
    FROM (SELECT list, due_ns, count(*) AS count FROM changed GROUP BY list, due_ns) AS gone
    WHERE duty_day.list = gone.list AND duty_day.due_ns = gone.due_ns;
    RETURN NULL;
END $$;
CREATE TRIGGER duty_more AFTER INSERT ON duty REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION duty_more();
CREATE TRIGGER duty_less AFTER DELETE ON duty REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION duty_less();

-- Lines that send or acknowledge a report, by its number; which facts a report covers; and how many
-- lines were looked at for them. The same under every table of rules.
CREATE TABLE duty_report (
    author   TEXT COLLATE "C"    NOT NULL,
    platform TEXT COLLATE "C"    NOT NULL,
    report   TEXT COLLATE "C"    NOT NULL,
    leaf     BIGINT NOT NULL REFERENCES ledger (leaf),
    PRIMARY KEY (author, platform, report, leaf)
);
CREATE INDEX duty_report_line ON duty_report (leaf);
CREATE TABLE duty_covered (
    event_id TEXT COLLATE "C"    NOT NULL,
    leaf     BIGINT NOT NULL REFERENCES ledger (leaf),
    PRIMARY KEY (event_id, leaf)
);
CREATE INDEX duty_covered_line ON duty_covered (leaf);
CREATE TABLE duty_reported (
    one  BIGINT PRIMARY KEY CHECK (one = 1),
    leaf BIGINT NOT NULL
);
INSERT INTO duty_reported (one, leaf) VALUES (1, -1);

-- Facts about which a clock ahead of ours has spoken: they are looked at again then.
CREATE TABLE duty_waiting (
    list     BIGINT NOT NULL,
    event_id TEXT COLLATE "C"    NOT NULL,
    wake_ns  BIGINT NOT NULL,
    PRIMARY KEY (list, event_id)
);
CREATE INDEX duty_wake ON duty_waiting (list, wake_ns);

-- What was taken back: a projection of the ledger, taken forward line by line. Each pack, and each
-- receipt without packs, has a share that is made anew when something of its story is told.
CREATE TABLE takeback_cursor (
    one     BIGINT PRIMARY KEY CHECK (one = 1),
    leaf    BIGINT NOT NULL,
    horizon BIGINT NOT NULL,
    step    BIGINT NOT NULL
);
INSERT INTO takeback_cursor (one, leaf, horizon, step) VALUES (1, -1, -1, 0);

-- What is still to be looked at: a `unit` by scheme and id, a `receipt` by event, a `model`.
CREATE TABLE takeback_waiting (
    kind TEXT COLLATE "C" NOT NULL,
    part TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, part, name)
);

-- A share, the sums that it is in, and the codes under which its pack may be told of.
CREATE TABLE takeback_share (
    kind    TEXT COLLATE "C" NOT NULL,
    part    TEXT COLLATE "C" NOT NULL,
    name    TEXT COLLATE "C" NOT NULL,
    content TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, part, name)
);
CREATE TABLE takeback_code (
    scheme       TEXT COLLATE "C" NOT NULL,
    code         TEXT COLLATE "C" NOT NULL,
    first_scheme TEXT COLLATE "C" NOT NULL,
    first_code   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (scheme, code, first_scheme, first_code)
);
CREATE INDEX takeback_code_of ON takeback_code (first_scheme, first_code);

-- Sums per lot, party, region and month, by model; milligrams of each element of a model's pack beside
-- them, so that a new sheet changes one row. Milligrams and milliwatt-hours add up exactly.
CREATE TABLE takeback_sum (
    kind    TEXT COLLATE "C" NOT NULL,
    name    TEXT COLLATE "C" NOT NULL,
    maker   TEXT COLLATE "C" NOT NULL,
    model   TEXT COLLATE "C" NOT NULL,
    shares  BIGINT NOT NULL,
    packs   BIGINT NOT NULL,
    mg      BIGINT NOT NULL,
    mwh     BIGINT NOT NULL,
    PRIMARY KEY (kind, name, maker, model)
);
CREATE TABLE takeback_model (
    maker   TEXT COLLATE "C" NOT NULL,
    model   TEXT COLLATE "C" NOT NULL,
    content TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (maker, model)
);
CREATE TABLE takeback_site (
    site   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    region TEXT COLLATE "C" NOT NULL
);
