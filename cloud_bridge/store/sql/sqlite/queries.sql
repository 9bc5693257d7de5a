-- Statements that SQLite says in its own words; the common ones are in ../queries.sql.

-- name: find_records
SELECT seq, digest, outcome FROM record
WHERE gateway = :gateway AND epoch = :epoch AND seq IN (SELECT value FROM json_each(:seqs))

-- name: find_events
SELECT event_id FROM ledger WHERE event_id IN (SELECT value FROM json_each(:event_ids))

-- name: spoken_of
SELECT 1 FROM ledger_subject WHERE kind = 'event' AND id IN (SELECT value FROM json_each(:event_ids)) LIMIT 1
