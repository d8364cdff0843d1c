-- +goose Up
-- Days are kept session by session, too: those that were counted before are counted again, but for those whose raw data are gone.
DELETE FROM rollup_parts;
INSERT INTO rollup_marks (project_id, since, until)
SELECT r.project_id, r.day::timestamp AT TIME ZONE p.time_zone, (r.day + 1)::timestamp AT TIME ZONE p.time_zone
FROM daily_rollups AS r JOIN projects AS p ON p.id = r.project_id
WHERE r.day::timestamp AT TIME ZONE p.time_zone >= coalesce(greatest(p.events_deleted_before, p.sessions_deleted_before), '-infinity');

-- +goose Down
DELETE FROM rollup_breakdowns WHERE dimension = 100;
