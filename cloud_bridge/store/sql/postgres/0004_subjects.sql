-- What else a fact names: vehicles, lots, models, sites, parties, and the facts it speaks of.
CREATE TABLE ledger_subject (
    kind TEXT COLLATE "C" NOT NULL,
    id   TEXT COLLATE "C" NOT NULL,
    leaf BIGINT           NOT NULL REFERENCES ledger (leaf),
    PRIMARY KEY (kind, id, leaf)
);

INSERT INTO ledger_subject (kind, id, leaf)
SELECT 'vehicle',
       CASE body #>> '{vehicle,scheme}' WHEN 'vin' THEN ''
            ELSE (body #>> '{vehicle,scheme}') || ':' END || (body #>> '{vehicle,id}'), leaf
FROM (SELECT leaf, convert_from(signed, 'UTF8')::jsonb #> '{event,body}' AS body FROM ledger
      WHERE type IN ('PackInstalled', 'PackRemoved', 'SwapPerformed')) AS moves
WHERE body #>> '{vehicle,id}' IS NOT NULL;

INSERT INTO ledger_subject (kind, id, leaf)
SELECT 'site', site, leaf
FROM (SELECT leaf, coalesce(convert_from(signed, 'UTF8')::jsonb #>> '{event,body,place,site}',
                            convert_from(signed, 'UTF8')::jsonb #>> '{event,body,site}') AS site
      FROM ledger
      WHERE type IN ('PackInstalled', 'PackRemoved', 'SwapPerformed', 'IdentityContested')) AS spots
WHERE site <> '';

CREATE TRIGGER ledger_subject_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_subject
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
