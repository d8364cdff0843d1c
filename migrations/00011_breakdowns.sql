-- +goose Up
-- What each stretch of time counts by path, source, country, …: all values, each with its figures and its visitors.
CREATE TABLE rollup_breakdowns (
    project_id bigint NOT NULL,
    day        date NOT NULL,
    -- Which half hour of the day; 0 alone for a day that is counted as a whole.
    part       smallint NOT NULL,
    -- By what (server/rollup/breakdown.go); 0: all together.
    dimension  smallint NOT NULL,
    data       bytea NOT NULL,
    -- Another one each time that the row is written: what was read of it before is known to be old.
    version    uuid NOT NULL DEFAULT gen_random_uuid(),
    PRIMARY KEY (project_id, day, part, dimension)
);
SELECT distribute('rollup_breakdowns', 'project_id');
-- With the day's row go its breakdowns.
ALTER TABLE rollup_breakdowns ADD CONSTRAINT rollup_breakdowns_day_foreign FOREIGN KEY (project_id, day) REFERENCES daily_rollups (project_id, day) ON DELETE CASCADE;
-- Sets of numbers hardly get smaller by compression, which takes longer than all the rest of a refresh.
ALTER TABLE rollup_breakdowns ALTER COLUMN data SET STORAGE EXTERNAL;

-- Days that were counted before are counted again, but for those whose raw data are gone.
DELETE FROM rollup_parts;
INSERT INTO rollup_marks (project_id, since, until)
SELECT r.project_id, r.day::timestamp AT TIME ZONE p.time_zone, (r.day + 1)::timestamp AT TIME ZONE p.time_zone
FROM daily_rollups AS r JOIN projects AS p ON p.id = r.project_id
WHERE r.day::timestamp AT TIME ZONE p.time_zone >= coalesce(greatest(p.events_deleted_before, p.sessions_deleted_before), '-infinity');

-- +goose Down
DROP TABLE rollup_breakdowns;
