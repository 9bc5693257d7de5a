-- What else a fact names: vehicles, lots, models, sites, parties, and the facts it speaks of.
CREATE TABLE ledger_subject (
    kind TEXT    NOT NULL,
    id   TEXT    NOT NULL,
    leaf INTEGER NOT NULL REFERENCES ledger (leaf),
    PRIMARY KEY (kind, id, leaf)
) WITHOUT ROWID;

INSERT INTO ledger_subject (kind, id, leaf)
SELECT 'vehicle',
       CASE json_extract(body, '$.vehicle.scheme') WHEN 'vin' THEN ''
            ELSE json_extract(body, '$.vehicle.scheme') || ':' END
       || json_extract(body, '$.vehicle.id'), leaf
FROM (SELECT leaf, json_extract(CAST(signed AS TEXT), '$.event.body') AS body FROM ledger
      WHERE type IN ('PackInstalled', 'PackRemoved', 'SwapPerformed'))
WHERE json_extract(body, '$.vehicle.id') IS NOT NULL;

INSERT INTO ledger_subject (kind, id, leaf)
SELECT 'site', site, leaf
FROM (SELECT leaf, coalesce(json_extract(CAST(signed AS TEXT), '$.event.body.place.site'),
                            json_extract(CAST(signed AS TEXT), '$.event.body.site')) AS site
      FROM ledger
      WHERE type IN ('PackInstalled', 'PackRemoved', 'SwapPerformed', 'IdentityContested'))
WHERE site IS NOT NULL AND site <> '';

CREATE TRIGGER ledger_subject_no_update BEFORE UPDATE ON ledger_subject
BEGIN SELECT RAISE(ABORT, 'ledger_subject is append-only'); END;
CREATE TRIGGER ledger_subject_no_delete BEFORE DELETE ON ledger_subject
BEGIN SELECT RAISE(ABORT, 'ledger_subject is append-only'); END;
