-- Statements that PostgreSQL says in its own words; the common ones are in ../queries.sql.

-- One look into the index for each number, whatever the planner believes of the table: it would
-- rather read the whole epoch, whose statistics are always behind.
-- name: find_records
SELECT found.seq, found.digest, found.outcome
FROM jsonb_array_elements_text(CAST(:seqs AS jsonb)) AS wanted
CROSS JOIN LATERAL (
    SELECT seq, digest, outcome FROM record
    WHERE gateway = :gateway AND epoch = :epoch AND seq = CAST(wanted.value AS bigint) LIMIT 1
) AS found

-- name: find_events
SELECT event_id FROM ledger
WHERE event_id = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(:event_ids AS jsonb))))

-- name: lock_shared
SELECT pg_advisory_xact_lock_shared(:space, 0)

-- name: lock_alone
SELECT pg_advisory_xact_lock(:space, 0)

-- name: lock_gateways
SELECT pg_advisory_xact_lock(:space, key)
FROM (SELECT CAST(value AS integer) AS key
      FROM jsonb_array_elements_text(CAST(:keys AS jsonb)) ORDER BY 1) AS gateways

-- name: spoken_of
SELECT 1 FROM ledger_subject WHERE kind = 'event' AND id = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(:event_ids AS jsonb)))) LIMIT 1

-- name: adopt_statements
INSERT INTO ledger_unit (scheme, unit, leaf)
SELECT DISTINCT target.scheme, target.unit, said.leaf
FROM ledger_subject AS said
JOIN ledger ON ledger.event_id = said.id
JOIN ledger_unit AS target ON target.leaf = ledger.leaf
WHERE said.kind = 'event' AND said.id = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(:event_ids AS jsonb))))
ON CONFLICT DO NOTHING
RETURNING leaf

-- name: ids_of_leaves
SELECT event_id FROM ledger WHERE leaf = ANY (ARRAY(SELECT CAST(jsonb_array_elements_text(CAST(:leaves AS jsonb)) AS bigint)))

-- name: links
SELECT reference, subject FROM commitment
WHERE reference = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(:references AS jsonb))))

-- name: subjects_of_ids
SELECT id, kind, made_ns, forgotten_ns FROM subject
WHERE id = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(:subjects AS jsonb))))

-- name: retire_chunks
UPDATE chunk SET data = '', retired = :leaf
WHERE gateway = :gateway AND epoch = :epoch
  AND seq = ANY (ARRAY(SELECT CAST(jsonb_array_elements_text(CAST(:seqs AS jsonb)) AS bigint)))
  AND scheme = :scheme AND unit = :unit AND retired IS NULL AND length(data) > 0

-- name: find_nodes
SELECT node.level, node.position, node.hash
FROM jsonb_array_elements_text(CAST(:places AS jsonb)) AS wanted
CROSS JOIN LATERAL (
    SELECT level, position, hash FROM tree
    WHERE level = CAST(wanted.value AS bigint) >> 48
      AND position = CAST(wanted.value AS bigint) & 281474976710655 LIMIT 1
) AS node

-- name: find_story_nodes
SELECT node.level, node.position, node.hash
FROM jsonb_array_elements_text(CAST(:places AS jsonb)) AS wanted
CROSS JOIN LATERAL (
    SELECT level, position, hash FROM story_node
    WHERE level = CAST(wanted.value AS bigint) >> 48
      AND position = CAST(wanted.value AS bigint) & 281474976710655 LIMIT 1
) AS node

-- name: entries_at
SELECT leaf, recorded_ns, event_id, signed FROM ledger
WHERE leaf = ANY (ARRAY(SELECT CAST(jsonb_array_elements_text(CAST(:leaves AS jsonb)) AS bigint)))
ORDER BY leaf

-- name: units_of_events
SELECT DISTINCT ledger_unit.scheme, ledger_unit.unit
FROM ledger JOIN ledger_unit ON ledger_unit.leaf = ledger.leaf
WHERE ledger.event_id = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(:event_ids AS jsonb))))

-- One look into the index for each, see find_records.
-- name: places_of
SELECT found.author, found.site, found.slot, found.from_ns, found.leaf
FROM jsonb_array_elements(CAST(:keys AS jsonb)) AS wanted
CROSS JOIN LATERAL (
    SELECT author, site, slot, from_ns, leaf FROM place
    WHERE author = wanted.value ->> 0 AND site = wanted.value ->> 1 AND slot = wanted.value ->> 2
    LIMIT 1
) AS found

-- name: vehicles_of
SELECT found.scheme, found.id, found.from_ns, found.leaf
FROM jsonb_array_elements(CAST(:keys AS jsonb)) AS wanted
CROSS JOIN LATERAL (
    SELECT scheme, id, from_ns, leaf FROM vehicle
    WHERE scheme = wanted.value ->> 0 AND id = wanted.value ->> 1 LIMIT 1
) AS found

-- name: hashes_of_stories
SELECT story.bucket, story.key, told.hash
FROM story CROSS JOIN LATERAL (
    SELECT leaf, (SELECT hash FROM tree WHERE level = 0 AND position = leaf) AS hash
    FROM ledger_unit
    WHERE scheme = story.scheme AND unit = story.unit AND leaf < :size ORDER BY leaf OFFSET 0
) AS told
WHERE story.bucket >= :first AND story.bucket < :last
ORDER BY story.bucket, story.key, told.leaf

-- name: subjects_listed
SELECT found.leaf, found.kind, found.id
FROM jsonb_array_elements(CAST(:keys AS jsonb)) AS wanted
CROSS JOIN LATERAL (
    SELECT leaf, kind, id FROM ledger_subject
    WHERE kind = wanted.value ->> 1 AND id = wanted.value ->> 2
    AND leaf = CAST(wanted.value ->> 0 AS bigint) LIMIT 1
) AS found

-- name: nodes_over
WITH RECURSIVE span (level, first, last) AS (
    SELECT CAST(0 AS bigint), CAST(:first AS bigint), CAST(:last AS bigint)
    UNION ALL SELECT level + 1, first / 2, last / 2 FROM span WHERE level < :top
)
SELECT span.level, found.position, found.hash FROM span CROSS JOIN LATERAL (
    SELECT position, hash FROM tree WHERE tree.level = span.level
    AND position >= span.first AND position < span.last OFFSET 0
) AS found

-- Each look-up stands by itself, whatever the planner believes of the tables.
-- name: glances_of
SELECT wanted.n - 1, glance.leaf, glance.others, glance.keys, glance.shown,
       coalesce(newest.leaf, -1)
FROM jsonb_array_elements(CAST(:units AS jsonb)) WITH ORDINALITY AS wanted (value, n)
JOIN glance_state ON glance_state.made = :made
CROSS JOIN LATERAL (
    SELECT leaf, others, keys, shown FROM glance
    WHERE scheme = wanted.value ->> 0 AND unit = wanted.value ->> 1 LIMIT 1) AS glance
LEFT JOIN LATERAL (
    SELECT leaf FROM ledger_unit WHERE scheme = wanted.value ->> 0 AND unit = wanted.value ->> 1
    ORDER BY scheme DESC, ledger_unit.unit DESC, leaf DESC LIMIT 1) AS newest ON true

-- name: newest_samples
SELECT wanted.n - 1,
       (SELECT position FROM chunk WHERE scheme = wanted.value ->> 0 AND unit = wanted.value ->> 1
        AND length(data) > 0 AND to_ns >= (
            SELECT to_ns FROM chunk
            WHERE scheme = wanted.value ->> 0 AND unit = wanted.value ->> 1 AND length(data) > 0
            ORDER BY to_ns DESC LIMIT 1)
        ORDER BY gateway, epoch, seq LIMIT 1),
       EXISTS (SELECT 1 FROM attribution
               WHERE scheme = wanted.value ->> 0 AND unit = wanted.value ->> 1)
       OR EXISTS (SELECT 1 FROM attribution
                  WHERE old_scheme = wanted.value ->> 0 AND old_unit = wanted.value ->> 1)
FROM jsonb_array_elements(CAST(:units AS jsonb)) WITH ORDINALITY AS wanted (value, n)

-- name: chunks_at
SELECT position, gateway, epoch, seq, scheme, unit, slot, from_ns, to_ns, samples, data, recorded_ns
FROM chunk WHERE length(data) > 0 AND position = ANY (
    ARRAY(SELECT CAST(jsonb_array_elements_text(CAST(:positions AS jsonb)) AS bigint)))

-- name: progress_of_all
SELECT newest.gateway, epoch, through, highest, sealed_ns, committed_ns
FROM jsonb_array_elements_text(CAST(:gateways AS jsonb)) AS wanted
CROSS JOIN LATERAL (
    SELECT gateway, epoch, through, highest, sealed_ns, committed_ns FROM receipt
    WHERE gateway = wanted.value ORDER BY committed_ns DESC, epoch LIMIT 1) AS newest

-- name: slots_of_all
SELECT gateway, slot, scheme, unit, epoch, seq, to_ns FROM slot
WHERE gateway = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(:gateways AS jsonb))))
ORDER BY gateway, slot

-- name: places_of_all
SELECT ledger.leaf, ledger.recorded_ns, ledger.event_id, ledger.signed, place.site, place.slot,
       place.author
FROM place JOIN ledger ON ledger.leaf = place.leaf
WHERE place.author = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(:gateways AS jsonb))))
ORDER BY place.author, place.site, place.slot

-- name: in_trouble
SELECT wanted.value, EXISTS (SELECT 1 FROM refused WHERE gateway = wanted.value),
       EXISTS (SELECT 1 FROM equivocation WHERE gateway = wanted.value)
FROM jsonb_array_elements_text(CAST(:gateways AS jsonb)) AS wanted

-- What duties rest on, for many facts at a time.

-- name: lines_of_types
SELECT leaf, recorded_ns, event_id, signed FROM ledger
WHERE type = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(:types AS jsonb)))) AND leaf > :after AND leaf <= :through

-- name: lines_of_ids
SELECT leaf, recorded_ns, event_id, signed FROM ledger WHERE event_id = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(:event_ids AS jsonb))))

-- name: lines_about_events
SELECT ledger.leaf, ledger.recorded_ns, ledger.event_id, ledger.signed
FROM ledger_subject JOIN ledger ON ledger.leaf = ledger_subject.leaf
WHERE ledger_subject.kind = 'event' AND ledger_subject.id = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(:event_ids AS jsonb))))

-- name: report_lines_covering
SELECT ledger.leaf, ledger.recorded_ns, ledger.event_id, ledger.signed
FROM (SELECT DISTINCT other.leaf
      FROM jsonb_array_elements_text(CAST(:event_ids AS jsonb)) AS wanted JOIN duty_covered AS covered ON covered.event_id = wanted.value
      JOIN duty_report AS report ON report.leaf = covered.leaf
      JOIN duty_report AS other ON other.author = report.author
          AND other.platform = report.platform AND other.report = report.report) AS reported
JOIN ledger ON ledger.leaf = reported.leaf

-- name: acts_of_units
SELECT ledger.leaf, recorded_ns, event_id, signed
FROM (SELECT DISTINCT ledger_unit.leaf FROM jsonb_array_elements(CAST(:units AS jsonb)) AS wanted
      JOIN ledger_unit ON ledger_unit.scheme = wanted.value ->> 0
      AND ledger_unit.unit = wanted.value ->> 1) AS named
JOIN ledger ON ledger.leaf = named.leaf
WHERE ledger.type = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(:types AS jsonb))))

-- name: told_by
SELECT author, count(*) FROM ledger
WHERE type = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(:types AS jsonb)))) AND leaf > :after GROUP BY author ORDER BY author

-- name: duties_of
SELECT due_ns, rule, event_id, holder, units FROM duty
WHERE list = :list AND event_id = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(:event_ids AS jsonb))))

-- name: subjects_of_spans
SELECT leaf, kind, id FROM ledger_subject
WHERE (leaf >> CAST(:bits AS integer)) = ANY (ARRAY(
    SELECT CAST(jsonb_array_elements_text(CAST(:spans AS jsonb)) AS bigint))) ORDER BY leaf
