-- Statements of the store, the same for every database. Parameters are `:name`.

-- name: insert_record
INSERT INTO record (gateway, epoch, seq, digest, outcome, recorded_ns)
VALUES (:gateway, :epoch, :seq, :digest, :outcome, :now)

-- name: insert_refused
INSERT INTO refused (gateway, epoch, seq, reason, detail, data, recorded_ns)
VALUES (:gateway, :epoch, :seq, :reason, :detail, :data, :now)

-- name: find_refused
SELECT seq, reason, detail FROM refused
WHERE gateway = :gateway AND epoch = :epoch AND seq = :seq

-- name: refused_of_epoch
SELECT seq, reason, detail FROM refused
WHERE gateway = :gateway AND epoch = :epoch ORDER BY seq DESC LIMIT :limit

-- name: insert_equivocation
INSERT INTO equivocation (gateway, epoch, seq, digest, data, recorded_ns)
VALUES (:gateway, :epoch, :seq, :digest, :data, :now)
ON CONFLICT DO NOTHING

-- name: equivocations
SELECT gateway, epoch, seq, digest, recorded_ns FROM equivocation
ORDER BY recorded_ns DESC, gateway, epoch, seq LIMIT :limit

-- name: equivocations_of
SELECT gateway, epoch, seq, digest, recorded_ns FROM equivocation
WHERE gateway = :gateway ORDER BY recorded_ns DESC, epoch, seq LIMIT :limit

-- name: refusals_of
SELECT gateway, epoch, seq, reason, detail, recorded_ns FROM refused
WHERE gateway = :gateway ORDER BY recorded_ns DESC, epoch, seq DESC LIMIT :limit

-- name: refusals
SELECT gateway, epoch, seq, reason, detail, recorded_ns FROM refused
ORDER BY recorded_ns DESC, gateway, epoch, seq DESC LIMIT :limit

-- name: refused_data
SELECT gateway, epoch, seq, reason, detail, recorded_ns, data FROM refused
WHERE gateway = :gateway AND epoch = :epoch AND seq = :seq

-- name: strangers
SELECT topic, reason, data, recorded_ns FROM stranger ORDER BY id DESC LIMIT :limit

-- name: insert_stranger
INSERT INTO stranger (topic, reason, data, recorded_ns) VALUES (:topic, :reason, :data, :now)

-- name: trim_strangers
DELETE FROM stranger WHERE id <= (SELECT max(id) FROM stranger) - :keep

-- name: insert_unit
INSERT INTO unit (scheme, id, recorded_ns) VALUES (:scheme, :unit, :now) ON CONFLICT DO NOTHING

-- name: insert_chunk
INSERT INTO chunk (gateway, epoch, seq, scheme, unit, slot, from_ns, to_ns, samples, data,
                   recorded_ns)
VALUES (:gateway, :epoch, :seq, :scheme, :unit, :slot, :from_ns, :to_ns, :samples, :data, :now)

-- name: upsert_slot
INSERT INTO slot (gateway, slot, scheme, unit, epoch, seq, to_ns)
VALUES (:gateway, :slot, :scheme, :unit, :epoch, :seq, :to_ns)
ON CONFLICT (gateway, slot) DO UPDATE
SET scheme = excluded.scheme, unit = excluded.unit, epoch = excluded.epoch,
    seq = excluded.seq, to_ns = excluded.to_ns
WHERE excluded.to_ns >= slot.to_ns

-- name: find_receipt
SELECT through, highest, sealed_ns FROM receipt WHERE gateway = :gateway AND epoch = :epoch

-- name: numbers_above
SELECT seq FROM record WHERE gateway = :gateway AND epoch = :epoch AND seq > :through
ORDER BY seq LIMIT :limit

-- name: upsert_receipt
INSERT INTO receipt (gateway, epoch, through, highest, sealed_ns, committed_ns)
VALUES (:gateway, :epoch, :through, :highest, :sealed_ns, :now)
ON CONFLICT (gateway, epoch) DO UPDATE
SET through = excluded.through, highest = excluded.highest, sealed_ns = excluded.sealed_ns,
    committed_ns = excluded.committed_ns

-- name: ledger_size
SELECT coalesce(max(leaf) + 1, 0) FROM ledger

-- The right edge of the tree: the roots of its complete subtrees, one per bit of its size.
-- name: tree_edge
WITH RECURSIVE edge (level, rest) AS (
    SELECT 0, (SELECT coalesce(max(leaf) + 1, 0) FROM ledger)
    UNION ALL SELECT level + 1, rest / 2 FROM edge WHERE rest > 1
)
SELECT tree.level, tree.position, tree.hash
FROM edge JOIN tree ON tree.level = edge.level AND tree.position = edge.rest - 1
WHERE edge.rest % 2 = 1

-- name: insert_ledger
INSERT INTO ledger (leaf, event_id, type, author, stream, counter, recorded_ns, signed)
VALUES (:leaf, :event_id, :type, :author, :stream, :counter, :now, :signed)

-- name: insert_ledger_unit
INSERT INTO ledger_unit (scheme, unit, leaf) VALUES (:scheme, :unit, :leaf)
ON CONFLICT DO NOTHING

-- name: insert_ledger_subject
INSERT INTO ledger_subject (kind, id, leaf) VALUES (:kind, :id, :leaf)
ON CONFLICT DO NOTHING

-- name: entries_about
SELECT ledger.leaf, ledger.recorded_ns, ledger.event_id, ledger.signed
FROM ledger_subject JOIN ledger ON ledger.leaf = ledger_subject.leaf
WHERE ledger_subject.kind = :kind AND ledger_subject.id = :id AND ledger.leaf > :after
ORDER BY ledger.leaf LIMIT :limit

-- name: entries_about_subject
SELECT ledger.leaf, ledger.recorded_ns, ledger.event_id, ledger.signed
FROM ledger WHERE leaf > :after AND leaf IN (
    SELECT ledger_subject.leaf FROM commitment
    JOIN ledger_subject ON ledger_subject.kind = 'vehicle'
        AND ledger_subject.id = commitment.reference
    WHERE commitment.subject = :subject
    UNION SELECT leaf FROM ledger_subject WHERE kind = 'vehicle' AND id = :id)
ORDER BY leaf LIMIT :limit

-- name: entries_of_type
SELECT leaf, recorded_ns, event_id, signed FROM ledger
WHERE type = :type AND leaf > :after ORDER BY leaf LIMIT :limit

-- name: find_entry
SELECT leaf, recorded_ns, event_id, signed FROM ledger WHERE event_id = :event_id

-- name: subjects_after
SELECT DISTINCT id FROM ledger_subject WHERE kind = :kind AND id > :after ORDER BY id LIMIT :limit

-- name: upsert_place
INSERT INTO place (author, site, slot, from_ns, leaf)
VALUES (:author, :site, :slot, :from_ns, :leaf)
ON CONFLICT (author, site, slot) DO UPDATE SET from_ns = excluded.from_ns, leaf = excluded.leaf
WHERE excluded.from_ns >= place.from_ns

-- name: insert_node
INSERT INTO tree (level, position, hash) VALUES (:level, :position, :hash)

-- name: find_node
SELECT hash FROM tree WHERE level = :level AND position = :position

-- name: entries
SELECT leaf, recorded_ns, event_id, signed FROM ledger WHERE leaf > :after ORDER BY leaf LIMIT :limit

-- name: entries_of
SELECT ledger.leaf, ledger.recorded_ns, ledger.event_id, ledger.signed
FROM ledger_unit JOIN ledger ON ledger.leaf = ledger_unit.leaf
WHERE ledger_unit.scheme = :scheme AND ledger_unit.unit = :unit AND ledger_unit.leaf > :after
ORDER BY ledger_unit.leaf LIMIT :limit

-- name: key_entries
SELECT leaf, recorded_ns, event_id, signed FROM ledger
WHERE type IN ('KeyRegistered', 'KeyRotated', 'KeyRevoked') AND leaf > :after ORDER BY leaf

-- name: newest_key_line
SELECT coalesce(max(leaf), -1) FROM ledger
WHERE type IN ('KeyRegistered', 'KeyRotated', 'KeyRevoked')

-- name: next_counter
SELECT coalesce(max(counter) + 1, 1) FROM ledger WHERE author = :author AND stream = :stream

-- name: conflicting
SELECT leaf, recorded_ns, event_id, signed FROM ledger
WHERE author = :author AND stream = :stream AND counter = :counter ORDER BY leaf

-- name: insert_checkpoint
INSERT INTO checkpoint (size, root, note, recorded_ns) VALUES (:size, :root, :note, :now)
ON CONFLICT DO NOTHING

-- name: newest_checkpoint
SELECT note, size FROM checkpoint ORDER BY size DESC LIMIT 1

-- name: cosignatures
SELECT line FROM cosignature WHERE size = :size ORDER BY name

-- name: insert_cosignature
INSERT INTO cosignature (size, name, line, recorded_ns) VALUES (:size, :name, :line, :now)
ON CONFLICT DO NOTHING

-- name: newest_head
SELECT coalesce(max(size), -1) FROM checkpoint

-- name: checkpoints
SELECT note FROM checkpoint ORDER BY size

-- name: first_units
SELECT scheme, id FROM unit ORDER BY scheme, id LIMIT :limit

-- name: units_after
SELECT scheme, id FROM unit WHERE (scheme, id) > (:scheme, :unit)
ORDER BY scheme, id LIMIT :limit

-- name: find_unit
SELECT 1 FROM unit WHERE scheme = :scheme AND id = :unit

-- name: insert_attribution
INSERT INTO attribution (leaf, gateway, slot, scheme, unit, old_scheme, old_unit, from_ns, to_ns)
VALUES (:leaf, :gateway, :slot, :scheme, :unit, :old_scheme, :old_unit, :from_ns, :to_ns)

-- name: attributions_of
SELECT gateway, slot, old_scheme, old_unit, from_ns, to_ns FROM attribution
WHERE scheme = :scheme AND unit = :unit ORDER BY leaf

-- name: upsert_vehicle
INSERT INTO vehicle (scheme, id, from_ns, leaf) VALUES (:scheme, :vehicle, :from_ns, :leaf)
ON CONFLICT (scheme, id) DO UPDATE SET from_ns = excluded.from_ns, leaf = excluded.leaf
WHERE excluded.from_ns >= vehicle.from_ns

-- name: find_vehicle
SELECT ledger.leaf, ledger.recorded_ns, ledger.event_id, ledger.signed
FROM vehicle JOIN ledger ON ledger.leaf = vehicle.leaf
WHERE vehicle.scheme = :scheme AND vehicle.id = :vehicle

-- name: find_vehicle_of_subject
SELECT ledger.leaf, ledger.recorded_ns, ledger.event_id, ledger.signed
FROM commitment JOIN vehicle
    ON commitment.reference = CASE vehicle.scheme WHEN 'vin' THEN vehicle.id
                              ELSE vehicle.scheme || ':' || vehicle.id END
JOIN ledger ON ledger.leaf = vehicle.leaf
WHERE commitment.subject = :subject ORDER BY vehicle.from_ns DESC, vehicle.leaf DESC LIMIT 1

-- name: chunks_of
SELECT * FROM (
    SELECT gateway, epoch, seq, scheme, unit, slot, from_ns, to_ns, samples, data, recorded_ns
    FROM chunk
    WHERE scheme = :scheme AND unit = :unit AND to_ns >= :from_ns AND from_ns <= :to_ns
    AND length(data) > 0 AND NOT EXISTS (SELECT 1 FROM attribution AS a WHERE a.old_scheme = :scheme
        AND a.old_unit = :unit AND a.gateway = chunk.gateway AND a.slot = chunk.slot
        AND a.from_ns <= chunk.from_ns AND chunk.to_ns <= a.to_ns)
    ORDER BY to_ns, gateway, epoch, seq LIMIT :limit) AS own
UNION ALL
SELECT * FROM (
    SELECT gateway, epoch, seq, scheme, unit, slot, from_ns, to_ns, samples, data, recorded_ns
    FROM chunk WHERE (gateway, epoch, seq) IN (
        SELECT c.gateway, c.epoch, c.seq FROM attribution AS a JOIN chunk AS c
        ON c.gateway = a.gateway AND c.slot = a.slot AND c.to_ns >= a.from_ns
        AND c.from_ns <= a.to_ns AND coalesce(c.scheme, '') = a.old_scheme
        AND coalesce(c.unit, '') = a.old_unit
        WHERE a.scheme = :scheme AND a.unit = :unit
        AND c.to_ns >= :from_ns AND c.from_ns <= :to_ns AND length(c.data) > 0)
    ORDER BY to_ns, gateway, epoch, seq LIMIT :limit) AS told
ORDER BY 8, 1, 2, 3 LIMIT :limit

-- name: chunks_after
SELECT gateway, epoch, seq, scheme, unit, slot, from_ns, to_ns, samples, data, recorded_ns, position
FROM chunk WHERE position > :after AND position <= :through ORDER BY position LIMIT :limit

-- name: chunk_spans_after
SELECT gateway, epoch, seq, scheme, unit, slot, from_ns, to_ns, samples, '', recorded_ns, position
FROM chunk WHERE position > :after AND position <= :through ORDER BY position LIMIT :limit

-- name: chunks_attributed
SELECT c.gateway, c.epoch, c.seq, a.scheme, a.unit, c.slot,
    CASE WHEN c.from_ns > a.from_ns THEN c.from_ns ELSE a.from_ns END,
    CASE WHEN c.to_ns < a.to_ns THEN c.to_ns ELSE a.to_ns END,
    c.samples, c.data, c.recorded_ns, c.position, a.leaf
FROM chunk AS c JOIN attribution AS a
ON a.old_scheme = coalesce(c.scheme, '') AND a.old_unit = coalesce(c.unit, '')
AND a.gateway = c.gateway AND a.slot = c.slot AND c.to_ns >= a.from_ns AND c.from_ns <= a.to_ns
WHERE c.position > :after AND c.position <= :through AND a.leaf <= :leaf
UNION ALL
SELECT c.gateway, c.epoch, c.seq, a.scheme, a.unit, c.slot,
    CASE WHEN c.from_ns > a.from_ns THEN c.from_ns ELSE a.from_ns END,
    CASE WHEN c.to_ns < a.to_ns THEN c.to_ns ELSE a.to_ns END,
    c.samples, c.data, c.recorded_ns, c.position, a.leaf
FROM attribution AS a JOIN chunk AS c
ON c.gateway = a.gateway AND c.slot = a.slot AND c.to_ns >= a.from_ns AND c.from_ns <= a.to_ns
AND coalesce(c.scheme, '') = a.old_scheme AND coalesce(c.unit, '') = a.old_unit
WHERE a.leaf > :after_leaf AND a.leaf <= :leaf AND c.position <= :after
ORDER BY 12, 13

-- name: day_records
SELECT chunk.gateway, chunk.epoch, chunk.seq, record.digest, chunk.samples, chunk.recorded_ns
FROM chunk JOIN record ON record.gateway = chunk.gateway AND record.epoch = chunk.epoch
    AND record.seq = chunk.seq
WHERE chunk.scheme = :scheme AND chunk.unit = :unit
AND chunk.to_ns >= :from_ns AND chunk.to_ns < :to_ns
ORDER BY chunk.gateway, chunk.epoch, chunk.seq

-- name: day_chunks
SELECT chunk.gateway, chunk.epoch, chunk.seq, record.digest, chunk.samples, chunk.recorded_ns,
       chunk.slot, chunk.from_ns, chunk.to_ns, length(chunk.data), chunk.retired,
       (SELECT count(*) FROM attribution AS a WHERE a.gateway = chunk.gateway
        AND a.slot = chunk.slot AND a.old_scheme = :scheme AND a.old_unit = :unit
        AND a.from_ns <= chunk.to_ns AND a.to_ns >= chunk.from_ns)
FROM chunk JOIN record ON record.gateway = chunk.gateway AND record.epoch = chunk.epoch
    AND record.seq = chunk.seq
WHERE chunk.scheme = :scheme AND chunk.unit = :unit
AND chunk.to_ns >= :from_ns AND chunk.to_ns < :to_ns
ORDER BY chunk.gateway, chunk.epoch, chunk.seq

-- name: emptied_of
SELECT gateway, epoch, seq, from_ns, to_ns, retired FROM chunk
WHERE scheme = :scheme AND unit = :unit AND to_ns >= :from_ns AND from_ns <= :to_ns
AND length(data) = 0 ORDER BY to_ns, gateway, epoch, seq LIMIT :limit

-- name: newest_line_of
SELECT coalesce(max(leaf), -1) FROM ledger_unit WHERE scheme = :scheme AND unit = :unit

-- name: units_of_day
SELECT DISTINCT scheme, unit FROM chunk
WHERE length(data) > 0 AND to_ns >= :from_ns AND to_ns < :to_ns AND scheme IS NOT NULL
ORDER BY scheme, unit

-- name: first_sample
SELECT min(to_ns) FROM chunk WHERE length(data) > 0

-- name: newest_chunk
SELECT coalesce(max(position), 0) FROM chunk

-- name: find_cursor
SELECT chunk, leaf, moved_ns FROM cursor WHERE projection = :projection

-- name: upsert_cursor
INSERT INTO cursor (projection, chunk, leaf, moved_ns)
VALUES (:projection, :chunk, :leaf, :now)
ON CONFLICT (projection) DO UPDATE
SET chunk = excluded.chunk, leaf = excluded.leaf, moved_ns = excluded.moved_ns

-- Each half ends at the limit by its index: a year of a pack is half a million chunks.

-- name: latest_chunks
SELECT * FROM (
    SELECT gateway, epoch, seq, scheme, unit, slot, from_ns, to_ns, samples, data, recorded_ns
    FROM chunk
    WHERE scheme = :scheme AND unit = :unit
    AND length(data) > 0 AND NOT EXISTS (SELECT 1 FROM attribution AS a WHERE a.old_scheme = :scheme
        AND a.old_unit = :unit AND a.gateway = chunk.gateway AND a.slot = chunk.slot
        AND a.from_ns <= chunk.from_ns AND chunk.to_ns <= a.to_ns)
    ORDER BY to_ns DESC, gateway, epoch, seq LIMIT :limit) AS own
UNION ALL
SELECT * FROM (
    SELECT gateway, epoch, seq, scheme, unit, slot, from_ns, to_ns, samples, data, recorded_ns
    FROM chunk WHERE (gateway, epoch, seq) IN (
        SELECT c.gateway, c.epoch, c.seq FROM attribution AS a JOIN chunk AS c
        ON c.gateway = a.gateway AND c.slot = a.slot AND c.to_ns >= a.from_ns
        AND c.from_ns <= a.to_ns AND coalesce(c.scheme, '') = a.old_scheme
        AND coalesce(c.unit, '') = a.old_unit
        WHERE a.scheme = :scheme AND a.unit = :unit AND length(c.data) > 0)
    ORDER BY to_ns DESC, gateway, epoch, seq LIMIT :limit) AS told
ORDER BY 8 DESC, 1, 2, 3 LIMIT :limit

-- How many of the newest chunks end on which UTC day, and the newest of each by its position.

-- name: telemetry_days
SELECT day, CAST(count(*) AS BIGINT), max(position) FROM (
    SELECT * FROM (
        SELECT to_ns / 86400000000000 AS day, position FROM chunk
        WHERE scheme = :scheme AND unit = :unit
        AND length(data) > 0 AND NOT EXISTS (SELECT 1 FROM attribution AS a
            WHERE a.old_scheme = :scheme AND a.old_unit = :unit AND a.gateway = chunk.gateway
            AND a.slot = chunk.slot AND a.from_ns <= chunk.from_ns AND chunk.to_ns <= a.to_ns)
        ORDER BY to_ns DESC LIMIT :limit) AS own
    UNION ALL
    SELECT * FROM (
        SELECT DISTINCT (CASE WHEN c.to_ns < a.to_ns THEN c.to_ns ELSE a.to_ns END)
            / 86400000000000 AS day, c.position
        FROM attribution AS a JOIN chunk AS c
        ON c.gateway = a.gateway AND c.slot = a.slot AND c.to_ns >= a.from_ns
        AND c.from_ns <= a.to_ns AND coalesce(c.scheme, '') = a.old_scheme
        AND coalesce(c.unit, '') = a.old_unit
        WHERE a.scheme = :scheme AND a.unit = :unit AND length(c.data) > 0
        ORDER BY 2 DESC LIMIT :limit) AS told) AS newest
GROUP BY day ORDER BY day DESC

-- name: gateways
SELECT gateway, epoch, through, highest, sealed_ns, committed_ns FROM receipt
ORDER BY committed_ns DESC, gateway, epoch

-- name: gateway_names
SELECT DISTINCT gateway FROM receipt ORDER BY gateway

-- name: newest_line_about
SELECT coalesce(max(leaf), -1) FROM ledger_subject WHERE kind = :kind AND id = :id

-- name: slots
SELECT gateway, slot, scheme, unit, epoch, seq, to_ns FROM slot
WHERE gateway = :gateway ORDER BY slot

-- name: places
SELECT ledger.leaf, ledger.recorded_ns, ledger.event_id, ledger.signed, place.site, place.slot
FROM place JOIN ledger ON ledger.leaf = place.leaf
WHERE place.author = :author ORDER BY place.site, place.slot

-- name: newest_place
SELECT coalesce(max(leaf), -1) FROM place WHERE author = :author

-- name: alarms
SELECT leaf, recorded_ns, event_id, signed FROM ledger
WHERE type IN ('IncidentRecorded', 'IdentityContested') AND author = :author
ORDER BY leaf DESC LIMIT :limit

-- name: counts
SELECT (SELECT CAST(coalesce(sum(count), 0) AS BIGINT) FROM tally WHERE name = 'unit'),
       (SELECT coalesce(max(leaf) + 1, 0) FROM ledger),
       (SELECT CAST(coalesce(sum(count), 0) AS BIGINT) FROM tally WHERE name = 'chunk'),
       (SELECT CAST(coalesce(sum(count), 0) AS BIGINT) FROM tally WHERE name = 'refused'),
       (SELECT CAST(coalesce(sum(count), 0) AS BIGINT) FROM tally WHERE name = 'equivocation'),
       (SELECT count(*) FROM stranger)

-- name: all_tallies
SELECT name, CAST(sum(count) AS BIGINT) FROM tally GROUP BY name ORDER BY name

-- name: counted_anew
SELECT 'chunk', count(*) FROM chunk UNION ALL SELECT 'equivocation', count(*) FROM equivocation
UNION ALL SELECT 'refused', count(*) FROM refused UNION ALL SELECT 'unit', count(*) FROM unit

-- Whom facts commit to.

-- name: find_subject
SELECT subject, wrapped FROM subject_key WHERE blind = :blind

-- name: insert_subject
INSERT INTO subject (id, kind, made_ns, forgotten_ns) VALUES (:subject, :kind, :now, 0)

-- name: insert_subject_key
INSERT INTO subject_key (subject, blind, wrapped) VALUES (:subject, :blind, :wrapped)

-- name: insert_commitment
INSERT INTO commitment (reference, subject, sealed) VALUES (:reference, :subject, :sealed)
ON CONFLICT DO NOTHING

-- name: vehicle_is_named
SELECT 1 FROM ledger_subject WHERE kind = 'vehicle' AND id = :reference LIMIT 1

-- name: openings_of
SELECT commitment.subject, commitment.reference, commitment.sealed, subject_key.wrapped
FROM commitment JOIN subject_key ON subject_key.subject = commitment.subject
WHERE commitment.subject = :subject AND length(commitment.sealed) > 0
ORDER BY commitment.reference LIMIT :limit

-- name: references_of
SELECT reference FROM commitment WHERE subject = :subject AND length(sealed) > 0

-- name: clear_references_of
SELECT count(*) FROM commitment JOIN ledger_subject
    ON ledger_subject.kind = 'vehicle' AND ledger_subject.id = commitment.reference
WHERE commitment.subject = :subject AND length(commitment.sealed) = 0

-- name: delete_subject_key
DELETE FROM subject_key WHERE subject = :subject

-- name: mark_forgotten
UPDATE subject SET forgotten_ns = :now WHERE id = :subject AND forgotten_ns = 0

-- name: drop_forgotten_keys
DELETE FROM subject_key
WHERE subject IN (SELECT id FROM subject WHERE forgotten_ns <> 0)

-- name: all_subjects_of_data
SELECT subject.id, subject.forgotten_ns, subject_key.wrapped
FROM subject LEFT JOIN subject_key ON subject_key.subject = subject.id ORDER BY subject.id

-- name: all_commitments
SELECT commitment.subject, commitment.reference, commitment.sealed, subject_key.wrapped,
       subject_key.blind
FROM commitment LEFT JOIN subject_key ON subject_key.subject = commitment.subject

-- From the first row to the last: what a verification of the whole store reads, span by span.

-- name: next_line
SELECT min(leaf) FROM ledger WHERE leaf >= :first

-- name: tree_size
SELECT coalesce(max(position) + 1, 0) FROM tree WHERE level = 0

-- name: lines_between
SELECT leaf, event_id, type, author, stream, counter, signed FROM ledger
WHERE leaf >= :first AND leaf < :last ORDER BY leaf

-- name: subjects_per_span
SELECT leaf >> CAST(:bits AS INTEGER), count(*) FROM ledger_subject GROUP BY 1

-- name: attributions_between
SELECT leaf, gateway, slot, scheme, unit, old_scheme, old_unit, from_ns, to_ns FROM attribution
WHERE leaf >= :first AND leaf < :last ORDER BY leaf

-- name: next_level
SELECT min(level) FROM tree WHERE level > :level

-- name: nodes_between
SELECT position, hash FROM tree
WHERE level = :level AND position >= :first AND position < :last ORDER BY position

-- name: heads_between
SELECT size, root, note FROM checkpoint WHERE size >= :first AND size < :last ORDER BY size

-- name: place_lines
SELECT place.author, place.site, place.slot, place.from_ns, place.leaf, ledger.signed
FROM place LEFT JOIN ledger ON ledger.leaf = place.leaf

-- name: vehicle_lines
SELECT vehicle.scheme, vehicle.id, vehicle.from_ns, vehicle.leaf, ledger.signed
FROM vehicle LEFT JOIN ledger ON ledger.leaf = vehicle.leaf

-- name: committed_between
SELECT ledger_unit.scheme, ledger_unit.unit, ledger.leaf, ledger.recorded_ns, ledger.event_id,
       ledger.signed
FROM ledger_unit CROSS JOIN ledger
WHERE (ledger_unit.scheme, ledger_unit.unit) > (:scheme, :unit)
AND (ledger_unit.scheme, ledger_unit.unit) <= (:last_scheme, :last_unit)
AND ledger.leaf = ledger_unit.leaf AND ledger.type = 'TelemetryCommitted'
ORDER BY ledger_unit.scheme, ledger_unit.unit, ledger.leaf

-- name: duties_between
SELECT due_ns, rule, event_id, holder, units FROM duty WHERE list = :list
AND event_id IN (SELECT event_id FROM ledger WHERE leaf > :after AND leaf <= :through)

-- name: waiting_between
SELECT event_id, wake_ns FROM duty_waiting WHERE list = :list
AND event_id IN (SELECT event_id FROM ledger WHERE leaf > :after AND leaf <= :through)

-- name: duties_of_nothing
SELECT rule, event_id FROM duty WHERE NOT EXISTS (SELECT 1 FROM duty_list WHERE duty_list.list = duty.list)
OR NOT EXISTS (SELECT 1 FROM ledger WHERE ledger.event_id = duty.event_id)

-- name: waiting_of_nothing
SELECT event_id FROM duty_waiting
WHERE NOT EXISTS (SELECT 1 FROM duty_list WHERE duty_list.list = duty_waiting.list)
OR NOT EXISTS (SELECT 1 FROM ledger WHERE ledger.event_id = duty_waiting.event_id)

-- name: duty_days_anew
SELECT list, due_ns, count(*) FROM duty GROUP BY list, due_ns ORDER BY list, due_ns

-- name: duty_days
SELECT list, due_ns, count FROM duty_day WHERE count <> 0 ORDER BY list, due_ns

-- name: reports_between
SELECT leaf, author, platform, report FROM duty_report WHERE leaf > :after AND leaf <= :through

-- name: covered_between
SELECT leaf, event_id FROM duty_covered WHERE leaf > :after AND leaf <= :through

-- name: next_chunk
SELECT min(position) FROM chunk WHERE position >= :first

-- name: first_chunk
SELECT min(position) FROM chunk

-- name: chunks_between
SELECT chunk.gateway, chunk.epoch, chunk.seq, chunk.scheme, chunk.unit, chunk.slot, chunk.from_ns,
       chunk.to_ns, chunk.samples, chunk.data, record.digest, chunk.retired
FROM chunk LEFT JOIN record ON record.gateway = chunk.gateway AND record.epoch = chunk.epoch
    AND record.seq = chunk.seq AND record.outcome = 'stored'
WHERE chunk.position >= :first AND chunk.position < :last ORDER BY chunk.position

-- name: all_units
SELECT scheme, id FROM unit ORDER BY scheme, id

-- name: all_named_units
SELECT scheme, unit FROM ledger_unit UNION
SELECT scheme, unit FROM chunk WHERE scheme IS NOT NULL ORDER BY 1, 2

-- name: all_retired
SELECT chunk.retired, chunk.gateway, chunk.epoch, chunk.seq, record.digest, chunk.slot,
       chunk.from_ns, chunk.to_ns, chunk.samples, chunk.scheme, chunk.unit
FROM chunk LEFT JOIN record ON record.gateway = chunk.gateway AND record.epoch = chunk.epoch
    AND record.seq = chunk.seq
WHERE chunk.retired IS NOT NULL ORDER BY chunk.retired, chunk.gateway, chunk.epoch, chunk.seq

-- name: all_refused
SELECT refused.gateway, refused.epoch, refused.seq, refused.data, record.digest
FROM refused LEFT JOIN record ON record.gateway = refused.gateway AND record.epoch = refused.epoch
    AND record.seq = refused.seq AND record.outcome = 'refused'
WHERE refused.reason <> 'personal' OR length(refused.data) > 0

-- name: all_equivocations
SELECT gateway, epoch, seq, data, digest FROM equivocation WHERE length(data) > 0

-- name: all_unexplained
SELECT gateway, epoch, seq, outcome FROM record
WHERE outcome <> 'stored' AND (outcome <> 'refused' OR NOT EXISTS (SELECT 1 FROM refused WHERE refused.gateway = record.gateway
        AND refused.epoch = record.epoch AND refused.seq = record.seq))

-- name: all_receipts
SELECT gateway, epoch, through, highest, (SELECT count(*) FROM record
    WHERE record.gateway = receipt.gateway AND record.epoch = receipt.epoch
    AND record.seq >= 1 AND record.seq <= receipt.through),
    (SELECT max(seq) FROM record
    WHERE record.gateway = receipt.gateway AND record.epoch = receipt.epoch)
FROM receipt ORDER BY gateway, epoch

-- name: numbers_of
SELECT seq FROM record WHERE gateway = :gateway AND epoch = :epoch AND seq >= 1 ORDER BY seq

-- name: unanswered
SELECT DISTINCT gateway, epoch FROM record WHERE NOT EXISTS (SELECT 1 FROM receipt
    WHERE receipt.gateway = record.gateway AND receipt.epoch = record.epoch)

-- The map of stories.

-- name: story_size
SELECT coalesce(max(size), 0) FROM story_state

-- name: move_story
INSERT INTO story_state (one, size) VALUES (1, :size)
ON CONFLICT (one) DO UPDATE SET size = excluded.size

-- name: listed_between
SELECT leaf, scheme, unit FROM ledger_unit WHERE leaf >= :first AND leaf < :last ORDER BY leaf

-- name: last_named_between
SELECT DISTINCT here.scheme, here.unit FROM ledger_unit AS here
WHERE here.leaf >= :first AND here.leaf < :last AND NOT EXISTS (
    SELECT 1 FROM ledger_unit AS later
    WHERE later.scheme = here.scheme AND later.unit = here.unit AND later.leaf >= :last)

-- name: listed_of
SELECT leaf FROM ledger_unit WHERE scheme = :scheme AND unit = :unit AND leaf < :last ORDER BY leaf

-- name: count_listed
SELECT count(*) FROM ledger_unit WHERE scheme = :scheme AND unit = :unit AND leaf < :last

-- name: find_story
SELECT count, head FROM story WHERE bucket = :bucket AND key = :key

-- name: upsert_story
INSERT INTO story (bucket, key, scheme, unit, count, head)
VALUES (:bucket, :key, :scheme, :unit, :count, :head)
ON CONFLICT (bucket, key) DO UPDATE SET count = excluded.count, head = excluded.head

-- name: story_bucket
SELECT key, count, head FROM story WHERE bucket = :bucket ORDER BY key

-- name: stories_between
SELECT bucket, key, scheme, unit, count, head FROM story
WHERE bucket >= :first AND bucket < :last ORDER BY bucket, key

-- name: first_bucket
SELECT min(bucket) FROM story

-- name: next_bucket
SELECT min(bucket) FROM story WHERE bucket >= :first

-- name: count_told
SELECT count(*) FROM (SELECT DISTINCT scheme, unit FROM ledger_unit WHERE leaf < :size) AS told

-- name: units_told
SELECT DISTINCT scheme, unit FROM ledger_unit WHERE leaf < :size

-- name: find_story_node
SELECT hash FROM story_node WHERE level = :level AND position = :position

-- name: upsert_story_node
INSERT INTO story_node (level, position, hash) VALUES (:level, :position, :hash)
ON CONFLICT (level, position) DO UPDATE SET hash = excluded.hash

-- name: all_story_nodes
SELECT level, position, hash FROM story_node

-- name: find_person
SELECT name, password, mandate, made_ns, closed_ns FROM person WHERE name = :name

-- name: people
SELECT name, password, mandate, made_ns, closed_ns FROM person ORDER BY name

-- name: upsert_person
INSERT INTO person (name, password, mandate, made_ns, closed_ns)
VALUES (:name, :password, :mandate, :made_ns, :closed_ns)
ON CONFLICT (name) DO UPDATE
SET password = excluded.password, mandate = excluded.mandate, closed_ns = excluded.closed_ns

-- name: find_session
SELECT digest, name, via, mandate, purpose, made_ns, seen_ns, ends_ns FROM session
WHERE digest = :digest

-- name: insert_session
INSERT INTO session (digest, name, via, mandate, purpose, made_ns, seen_ns, ends_ns)
VALUES (:digest, :name, :via, :mandate, :purpose, :made_ns, :seen_ns, :ends_ns)

-- name: touch_session
UPDATE session SET seen_ns = :seen_ns, purpose = :purpose WHERE digest = :digest

-- name: end_session
DELETE FROM session WHERE digest = :digest

-- name: end_sessions_of
DELETE FROM session WHERE name = :name AND via = :via

-- name: end_old_sessions
DELETE FROM session WHERE ends_ns <= :now

-- name: find_guess
SELECT failures, last_ns FROM guess WHERE digest = :digest

-- name: add_guess
INSERT INTO guess (digest, failures, last_ns) VALUES (:digest, 1, :now)
ON CONFLICT (digest) DO UPDATE SET failures = guess.failures + 1, last_ns = excluded.last_ns

-- name: forget_guess
DELETE FROM guess WHERE digest = :digest

-- name: undo_guess
UPDATE guess SET failures = failures - 1 WHERE digest = :digest AND failures > 0

-- name: forget_old_guesses
DELETE FROM guess WHERE last_ns <= :before OR digest IN
    (SELECT digest FROM guess ORDER BY last_ns DESC LIMIT 1000 OFFSET :most)

-- name: insert_errand
INSERT INTO errand (digest, content, made_ns) VALUES (:digest, :content, :now)

-- name: take_errand
DELETE FROM errand WHERE digest = :digest AND made_ns > :after RETURNING content

-- name: forget_old_errands
DELETE FROM errand WHERE made_ns <= :before OR digest IN
    (SELECT digest FROM errand ORDER BY made_ns DESC LIMIT 1000 OFFSET :most)

-- name: find_factor
SELECT name, sealed, made_ns, last_step FROM second_factor WHERE name = :name

-- name: factors
SELECT name, sealed, made_ns, last_step FROM second_factor ORDER BY name

-- name: insert_factor
INSERT INTO second_factor (name, sealed, made_ns, last_step)
VALUES (:name, :sealed, :made_ns, :last_step)

-- name: take_step
UPDATE second_factor SET last_step = :step WHERE name = :name AND last_step < :step RETURNING name

-- name: remove_factor
DELETE FROM second_factor WHERE name = :name

-- name: insert_recovery_code
INSERT INTO recovery_code (name, digest) VALUES (:name, :digest)

-- name: take_recovery_code
DELETE FROM recovery_code WHERE name = :name AND digest = :digest RETURNING name

-- name: count_recovery_codes
SELECT count(*) FROM recovery_code WHERE name = :name

-- name: remove_recovery_codes
DELETE FROM recovery_code WHERE name = :name

-- Tables of rules.

-- name: rule_tables
SELECT number, digest, name, source, adopted_ns, adopted_by FROM rule_table ORDER BY number

-- name: rule_table_newest
SELECT max(number) FROM rule_table

-- name: rule_table
SELECT number, digest, name, source, content, adopted_ns, adopted_by FROM rule_table
WHERE number = :number

-- name: rule_table_of
SELECT content FROM rule_table WHERE digest = :digest ORDER BY number DESC LIMIT 1

-- name: insert_rule_table
INSERT INTO rule_table (number, digest, name, source, content, adopted_ns, adopted_by)
VALUES (:number, :digest, :name, :source, :content, :now, :author) ON CONFLICT DO NOTHING

-- Open duties.

-- name: duty_lists
SELECT list, rules, leaf, horizon, whole FROM duty_list ORDER BY list

-- name: insert_duty_list
INSERT INTO duty_list (list, rules, leaf, horizon, whole)
VALUES (:list, :rules, -1, :horizon, 0) ON CONFLICT DO NOTHING

-- name: move_duties
UPDATE duty_list SET leaf = :through WHERE list = :list AND leaf = :after

-- name: finish_duties
UPDATE duty_list SET whole = 1 WHERE list = :list AND whole = 0

-- name: abandon_duty_list
UPDATE duty_list SET rules = '', whole = 0 WHERE list = :list

-- name: drop_duty_list
DELETE FROM duty_list WHERE list = :list

-- name: typed_lines
SELECT leaf, recorded_ns, event_id, signed, type FROM ledger
WHERE leaf > :after AND leaf <= :through ORDER BY leaf LIMIT :limit

-- name: lines_by
SELECT leaf, recorded_ns, event_id, signed, type FROM ledger
WHERE author = :author AND leaf < :before

-- name: next_of_type
SELECT min(leaf) FROM ledger WHERE type = :type AND leaf > :after

-- name: recorded_at
SELECT recorded_ns FROM ledger WHERE leaf = :leaf

-- name: reports_looked_at
SELECT leaf FROM duty_reported

-- name: move_reports
UPDATE duty_reported SET leaf = :through WHERE leaf = :after

-- name: insert_duty_report
INSERT INTO duty_report (author, platform, report, leaf)
VALUES (:author, :platform, :report, :leaf) ON CONFLICT DO NOTHING

-- name: insert_duty_covered
INSERT INTO duty_covered (event_id, leaf) VALUES (:event_id, :leaf) ON CONFLICT DO NOTHING

-- name: covered_by_report
SELECT DISTINCT covered.event_id FROM duty_report AS report
JOIN duty_covered AS covered ON covered.leaf = report.leaf
WHERE report.author = :author AND report.platform = :platform AND report.report = :report

-- name: delete_duty
DELETE FROM duty WHERE list = :list AND event_id = :event_id

-- name: insert_duty
INSERT INTO duty (list, due_ns, rule, event_id, holder, units)
VALUES (:list, :due_ns, :rule, :event_id, :holder, :units)

-- name: delete_waiting
DELETE FROM duty_waiting WHERE list = :list AND event_id = :event_id

-- name: insert_waiting
INSERT INTO duty_waiting (list, event_id, wake_ns) VALUES (:list, :event_id, :wake_ns)

-- name: waking
SELECT event_id FROM duty_waiting WHERE list = :list AND wake_ns <= :now
ORDER BY wake_ns LIMIT :limit

-- name: clear_duty
DELETE FROM duty WHERE list = :list AND (due_ns, rule, event_id) IN (
    SELECT due_ns, rule, event_id FROM duty WHERE list = :list LIMIT :limit)

-- name: clear_duty_waiting
DELETE FROM duty_waiting WHERE list = :list

-- name: clear_duty_day
DELETE FROM duty_day WHERE list = :list

-- name: any_duty
SELECT 1 FROM duty WHERE list = :list LIMIT 1

-- name: open_duties
SELECT due_ns, rule, event_id, holder, units FROM duty
WHERE list = :list AND (due_ns, rule, event_id) > (:due_ns, :rule, :event_id) AND due_ns < :before
ORDER BY due_ns, rule, event_id LIMIT :limit

-- name: duty_counts
SELECT CAST(coalesce(sum(count), 0) AS BIGINT),
       CAST(coalesce(sum(CASE WHEN due_ns < :now THEN count ELSE 0 END), 0) AS BIGINT)
FROM duty_day WHERE list = :list

-- What was taken back.

-- name: takeback_cursor
SELECT leaf, horizon, step FROM takeback_cursor

-- name: move_takeback
UPDATE takeback_cursor SET leaf = :through, horizon = :horizon, step = step + 1 WHERE step = :step

-- name: step_takeback
UPDATE takeback_cursor SET step = step + 1 WHERE step = :step

-- name: takeback_wait
INSERT INTO takeback_waiting (kind, part, name) VALUES (:kind, :part, :name) ON CONFLICT DO NOTHING

-- name: takeback_looked_at
DELETE FROM takeback_waiting WHERE kind = :kind AND part = :part AND name = :name

-- name: takeback_waits
SELECT kind, part, name FROM takeback_waiting ORDER BY kind, part, name LIMIT :limit

-- name: takeback_waiting_counted
SELECT count(*) FROM (SELECT 1 FROM takeback_waiting LIMIT 100000) AS waiting

-- name: takeback_touched
SELECT DISTINCT known.scheme, known.code FROM ledger_unit
JOIN takeback_code AS known ON known.scheme = ledger_unit.scheme AND known.code = ledger_unit.unit
WHERE ledger_unit.leaf > :after AND ledger_unit.leaf <= :through

-- name: takeback_firsts
SELECT first_scheme, first_code FROM takeback_code WHERE scheme = :scheme AND code = :unit

-- name: takeback_share
SELECT content FROM takeback_share WHERE kind = :kind AND part = :part AND name = :name

-- name: takeback_unshare
DELETE FROM takeback_share WHERE kind = :kind AND part = :part AND name = :name

-- name: insert_takeback_share
INSERT INTO takeback_share (kind, part, name, content) VALUES (:kind, :part, :name, :content)

-- name: takeback_uncode
DELETE FROM takeback_code WHERE first_scheme = :part AND first_code = :name

-- name: insert_takeback_code
INSERT INTO takeback_code (scheme, code, first_scheme, first_code)
VALUES (:scheme, :code, :first_scheme, :first_code)

-- name: add_takeback
INSERT INTO takeback_sum (kind, name, maker, model, shares, packs, mg, mwh)
VALUES (:kind, :name, :maker, :model, :shares, :packs, :mg, :mwh)
ON CONFLICT (kind, name, maker, model) DO UPDATE SET shares = takeback_sum.shares + excluded.shares,
    packs = takeback_sum.packs + excluded.packs, mg = takeback_sum.mg + excluded.mg,
    mwh = takeback_sum.mwh + excluded.mwh

-- name: drop_empty_takeback
DELETE FROM takeback_sum WHERE kind = :kind AND name = :name AND maker = :maker AND model = :model
AND shares = 0

-- name: takeback_names
SELECT DISTINCT name FROM takeback_sum WHERE kind = :kind AND name > :after ORDER BY name
LIMIT :limit

-- name: takeback_sums
SELECT said.name, said.packs, said.mg, said.mwh, coalesce(sheet.content, '{}')
FROM takeback_sum AS said
LEFT JOIN takeback_model AS sheet ON sheet.maker = said.maker AND sheet.model = said.model
WHERE said.kind = :kind AND said.name > :after AND said.name <= :through
ORDER BY said.name, said.maker, said.model

-- name: takeback_sums_of_all
SELECT said.name, said.packs, said.mg, said.mwh, coalesce(sheet.content, '{}')
FROM takeback_sum AS said
LEFT JOIN takeback_model AS sheet ON sheet.maker = said.maker AND sheet.model = said.model
WHERE said.kind = :kind ORDER BY said.maker, said.model

-- name: takeback_model_known
SELECT 1 FROM takeback_model WHERE maker = :part AND model = :name

-- name: put_takeback_model
INSERT INTO takeback_model (maker, model, content) VALUES (:maker, :model, :content)
ON CONFLICT (maker, model) DO UPDATE SET content = excluded.content

-- name: takeback_regions
SELECT site, region FROM takeback_site

-- name: put_takeback_site
INSERT INTO takeback_site (site, region) VALUES (:site, :region)
ON CONFLICT (site) DO UPDATE SET region = excluded.region

-- name: received_at
SELECT ledger.event_id FROM ledger_subject JOIN ledger ON ledger.leaf = ledger_subject.leaf
WHERE ledger_subject.kind = 'site' AND ledger_subject.id = :site AND ledger.leaf <= :through
AND ledger.type = 'RecoveryReceived'

-- name: clear_takeback_waiting
DELETE FROM takeback_waiting

-- name: clear_takeback_share
DELETE FROM takeback_share

-- name: clear_takeback_code
DELETE FROM takeback_code

-- name: clear_takeback_sum
DELETE FROM takeback_sum

-- name: clear_takeback_model
DELETE FROM takeback_model

-- name: clear_takeback_site
DELETE FROM takeback_site

-- name: find_registered
SELECT content FROM register WHERE register = :register AND id = :id

-- name: all_registered
SELECT content FROM register WHERE register = :register ORDER BY id

-- name: add_registered
INSERT INTO register (register, id, content) VALUES (:register, :id, :content)
ON CONFLICT (register, id) DO NOTHING

-- name: put_registered
INSERT INTO register (register, id, content) VALUES (:register, :id, :content)
ON CONFLICT (register, id) DO UPDATE SET content = excluded.content

-- What lists show.

-- name: glance_state
SELECT leaf, made, sweep, scheme, unit FROM glance_state

-- name: move_glances
UPDATE glance_state
SET leaf = :leaf, made = :made, sweep = :sweep, scheme = :scheme, unit = :unit
WHERE leaf = :old_leaf AND made = :old_made AND sweep = :old_sweep AND scheme = :old_scheme
AND unit = :old_unit

-- name: clear_glances
DELETE FROM glance

-- name: upsert_glance
INSERT INTO glance (scheme, unit, leaf, others, keys, shown)
VALUES (:scheme, :unit, :leaf, :others, :keys, :shown)
ON CONFLICT (scheme, unit) DO UPDATE
SET leaf = excluded.leaf, others = excluded.others, keys = excluded.keys, shown = excluded.shown

-- name: glances_before_keys
SELECT scheme, unit FROM glance WHERE keys >= 0 AND keys < :keys LIMIT :limit

-- name: all_glances
SELECT glance.scheme, glance.unit, glance.leaf, glance.others, glance.keys, glance.shown
FROM glance
