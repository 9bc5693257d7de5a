-- Statements that SQLite says in its own words; the common ones are in ../queries.sql.

-- name: find_records
SELECT seq, digest, outcome FROM record
WHERE gateway = :gateway AND epoch = :epoch AND seq IN (SELECT value FROM json_each(:seqs))

-- name: find_events
SELECT event_id FROM ledger WHERE event_id IN (SELECT value FROM json_each(:event_ids))

-- name: spoken_of
SELECT 1 FROM ledger_subject WHERE kind = 'event' AND id IN (SELECT value FROM json_each(:event_ids)) LIMIT 1

-- name: adopt_statements
INSERT INTO ledger_unit (scheme, unit, leaf)
SELECT DISTINCT target.scheme, target.unit, said.leaf
FROM ledger_subject AS said
JOIN ledger ON ledger.event_id = said.id
JOIN ledger_unit AS target ON target.leaf = ledger.leaf
WHERE said.kind = 'event' AND said.id IN (SELECT value FROM json_each(:event_ids))
ON CONFLICT DO NOTHING
RETURNING leaf

-- name: ids_of_leaves
SELECT event_id FROM ledger WHERE leaf IN (SELECT value FROM json_each(:leaves))

-- name: links
SELECT reference, subject FROM commitment
WHERE reference IN (SELECT value FROM json_each(:references))

-- name: subjects_of_ids
SELECT id, kind, made_ns, forgotten_ns FROM subject
WHERE id IN (SELECT value FROM json_each(:subjects))

-- name: retire_chunks
UPDATE chunk SET data = x'', retired = :leaf
WHERE gateway = :gateway AND epoch = :epoch AND seq IN (SELECT value FROM json_each(:seqs))
AND scheme = :scheme AND unit = :unit AND retired IS NULL AND length(data) > 0

-- SQLite would rather walk the whole ledger than trust a partial index to be small.

-- name: key_entries
SELECT leaf, recorded_ns, event_id, signed FROM ledger INDEXED BY ledger_key
WHERE type IN ('KeyRegistered', 'KeyRotated', 'KeyRevoked') AND leaf > :after ORDER BY leaf

-- name: alarms
SELECT leaf, recorded_ns, event_id, signed FROM ledger INDEXED BY ledger_alarm
WHERE type IN ('IncidentRecorded', 'IdentityContested') AND author = :author
ORDER BY leaf DESC LIMIT :limit

-- What duties rest on, for many facts at a time.

-- name: next_of_type
SELECT min(leaf) FROM ledger INDEXED BY ledger_by_type WHERE type = :type AND leaf > :after

-- name: takeback_touched
SELECT DISTINCT known.scheme, known.code
FROM ledger_unit INDEXED BY ledger_unit_by_leaf CROSS JOIN takeback_code AS known
ON known.scheme = ledger_unit.scheme AND known.code = ledger_unit.unit
WHERE ledger_unit.leaf > :after AND ledger_unit.leaf <= :through

-- name: find_nodes
SELECT node.level, node.position, node.hash FROM json_each(:places) AS wanted
CROSS JOIN tree AS node
ON node.level = wanted.value >> 48 AND node.position = wanted.value & 281474976710655

-- name: find_story_nodes
SELECT node.level, node.position, node.hash FROM json_each(:places) AS wanted
CROSS JOIN story_node AS node
ON node.level = wanted.value >> 48 AND node.position = wanted.value & 281474976710655

-- name: entries_at
SELECT ledger.leaf, ledger.recorded_ns, ledger.event_id, ledger.signed
FROM json_each(:leaves) AS wanted CROSS JOIN ledger ON ledger.leaf = wanted.value
ORDER BY ledger.leaf

-- name: units_of_events
SELECT DISTINCT ledger_unit.scheme, ledger_unit.unit
FROM ledger JOIN ledger_unit ON ledger_unit.leaf = ledger.leaf
WHERE ledger.event_id IN (SELECT value FROM json_each(:event_ids))

-- name: places_of
SELECT place.author, place.site, place.slot, place.from_ns, place.leaf
FROM json_each(:keys) AS wanted CROSS JOIN place
WHERE place.author = json_extract(wanted.value, '$[0]')
AND place.site = json_extract(wanted.value, '$[1]')
AND place.slot = json_extract(wanted.value, '$[2]')

-- name: vehicles_of
SELECT vehicle.scheme, vehicle.id, vehicle.from_ns, vehicle.leaf
FROM json_each(:keys) AS wanted CROSS JOIN vehicle
WHERE vehicle.scheme = json_extract(wanted.value, '$[0]')
AND vehicle.id = json_extract(wanted.value, '$[1]')

-- name: hashes_of_stories
SELECT story.bucket, story.key, tree.hash
FROM story CROSS JOIN ledger_unit LEFT JOIN tree ON tree.level = 0 AND tree.position = leaf
WHERE story.bucket >= :first AND story.bucket < :last
AND ledger_unit.scheme = story.scheme AND ledger_unit.unit = story.unit AND leaf < :size
ORDER BY story.bucket, story.key, leaf

-- name: subjects_listed
SELECT ledger_subject.leaf, ledger_subject.kind, ledger_subject.id
FROM json_each(:keys) AS wanted CROSS JOIN ledger_subject
WHERE ledger_subject.kind = json_extract(wanted.value, '$[1]')
AND ledger_subject.id = json_extract(wanted.value, '$[2]')
AND ledger_subject.leaf = json_extract(wanted.value, '$[0]')

-- name: nodes_over
WITH RECURSIVE span (level, first, last) AS (
    SELECT 0, :first, :last UNION ALL SELECT level + 1, first / 2, last / 2 FROM span WHERE level < :top
)
SELECT tree.level, tree.position, tree.hash FROM span CROSS JOIN tree
WHERE tree.level = span.level AND tree.position >= span.first AND tree.position < span.last

-- name: glances_of
SELECT wanted.key, glance.leaf, glance.others, glance.keys, glance.shown,
       coalesce((SELECT max(leaf) FROM ledger_unit
                 WHERE scheme = json_extract(wanted.value, '$[0]')
                 AND unit = json_extract(wanted.value, '$[1]')), -1)
FROM json_each(:units) AS wanted
JOIN glance ON glance.scheme = json_extract(wanted.value, '$[0]')
    AND glance.unit = json_extract(wanted.value, '$[1]')
JOIN glance_state ON glance_state.made = :made

-- name: newest_samples
SELECT wanted.key,
       (SELECT position FROM chunk WHERE scheme = json_extract(wanted.value, '$[0]')
        AND unit = json_extract(wanted.value, '$[1]') AND length(data) > 0
        ORDER BY to_ns DESC, gateway, epoch, seq LIMIT 1),
       EXISTS (SELECT 1 FROM attribution WHERE scheme = json_extract(wanted.value, '$[0]')
               AND unit = json_extract(wanted.value, '$[1]'))
       OR EXISTS (SELECT 1 FROM attribution WHERE old_scheme = json_extract(wanted.value, '$[0]')
                  AND old_unit = json_extract(wanted.value, '$[1]'))
FROM json_each(:units) AS wanted

-- name: chunks_at
SELECT position, gateway, epoch, seq, scheme, unit, slot, from_ns, to_ns, samples, data, recorded_ns
FROM chunk WHERE position IN (SELECT value FROM json_each(:positions)) AND length(data) > 0

-- name: progress_of_all
SELECT receipt.gateway, epoch, through, highest, sealed_ns, committed_ns
FROM json_each(:gateways) AS wanted JOIN receipt ON receipt.gateway = wanted.value
    AND receipt.epoch = (SELECT epoch FROM receipt WHERE gateway = wanted.value
                         ORDER BY committed_ns DESC, epoch LIMIT 1)

-- name: slots_of_all
SELECT gateway, slot, scheme, unit, epoch, seq, to_ns FROM slot
WHERE gateway IN (SELECT value FROM json_each(:gateways)) ORDER BY gateway, slot

-- name: places_of_all
SELECT ledger.leaf, ledger.recorded_ns, ledger.event_id, ledger.signed, place.site, place.slot,
       place.author
FROM place JOIN ledger ON ledger.leaf = place.leaf
WHERE place.author IN (SELECT value FROM json_each(:gateways))
ORDER BY place.author, place.site, place.slot

-- name: in_trouble
SELECT value, EXISTS (SELECT 1 FROM refused WHERE gateway = wanted.value),
       EXISTS (SELECT 1 FROM equivocation WHERE gateway = wanted.value)
FROM json_each(:gateways) AS wanted

-- name: lines_of_types
SELECT leaf, recorded_ns, event_id, signed FROM ledger INDEXED BY ledger_by_type
WHERE type IN (SELECT value FROM json_each(:types)) AND leaf > :after AND leaf <= :through

-- name: lines_of_ids
SELECT leaf, recorded_ns, event_id, signed FROM ledger WHERE event_id IN (SELECT value FROM json_each(:event_ids))

-- name: lines_about_events
SELECT ledger.leaf, ledger.recorded_ns, ledger.event_id, ledger.signed
FROM ledger_subject JOIN ledger ON ledger.leaf = ledger_subject.leaf
WHERE ledger_subject.kind = 'event' AND ledger_subject.id IN (SELECT value FROM json_each(:event_ids))

-- name: report_lines_covering
SELECT ledger.leaf, ledger.recorded_ns, ledger.event_id, ledger.signed
FROM (SELECT DISTINCT other.leaf
      FROM json_each(:event_ids) AS wanted CROSS JOIN duty_covered AS covered ON covered.event_id = wanted.value
      JOIN duty_report AS report ON report.leaf = covered.leaf
      JOIN duty_report AS other ON other.author = report.author
          AND other.platform = report.platform AND other.report = report.report) AS reported
JOIN ledger ON ledger.leaf = reported.leaf

-- name: acts_of_units
SELECT leaf, recorded_ns, event_id, signed FROM ledger
WHERE +type IN (SELECT value FROM json_each(:types)) AND leaf IN (
    SELECT ledger_unit.leaf FROM json_each(:units) AS wanted CROSS JOIN ledger_unit
    ON ledger_unit.scheme = json_extract(wanted.value, '$[0]')
    AND ledger_unit.unit = json_extract(wanted.value, '$[1]'))

-- name: told_by
SELECT author, count(*) FROM ledger INDEXED BY ledger_by_type
WHERE type IN (SELECT value FROM json_each(:types)) AND leaf > :after GROUP BY author ORDER BY author

-- name: duties_of
SELECT due_ns, rule, event_id, holder, units FROM duty
WHERE list = :list AND event_id IN (SELECT value FROM json_each(:event_ids))

-- name: subjects_of_spans
SELECT leaf, kind, id FROM ledger_subject
WHERE (leaf >> :bits) IN (SELECT value FROM json_each(:spans)) ORDER BY leaf
