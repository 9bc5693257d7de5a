-- Statements that PostgreSQL says in its own words; the common ones are in ../queries.sql.

-- name: find_records
SELECT seq, digest, outcome FROM record
WHERE gateway = :gateway AND epoch = :epoch
  AND seq IN (SELECT CAST(jsonb_array_elements_text(CAST(:seqs AS jsonb)) AS bigint))

-- name: find_events
SELECT event_id FROM ledger
WHERE event_id IN (SELECT jsonb_array_elements_text(CAST(:event_ids AS jsonb)))

-- name: lock_shared
SELECT pg_advisory_xact_lock_shared(:space, 0)

-- name: lock_alone
SELECT pg_advisory_xact_lock(:space, 0)

-- name: lock_gateways
SELECT pg_advisory_xact_lock(:space, key)
FROM (SELECT CAST(value AS integer) AS key
      FROM jsonb_array_elements_text(CAST(:keys AS jsonb)) ORDER BY 1) AS gateways

-- name: spoken_of
SELECT 1 FROM ledger_subject WHERE kind = 'event' AND id IN (SELECT jsonb_array_elements_text(CAST(:event_ids AS jsonb))) LIMIT 1
