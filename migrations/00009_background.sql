-- +goose Up
-- What work in the background needs beyond the documented columns.

-- epoch_now is the time of the queue, its locks and its cache: the database's clock, which all replicas share, in the
-- documented tables' unit.
CREATE FUNCTION epoch_now() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT floor(extract(epoch FROM now()))::bigint';

ALTER TABLE users
    -- May see and steer what concerns the whole instance.
    ADD COLUMN is_operator boolean NOT NULL DEFAULT false;

ALTER TABLE projects
    -- For how long what was collected is kept; null: for ever. Daily rollups stay.
    ADD COLUMN retain_events_days integer,
    ADD COLUMN retain_sessions_days integer,
    ADD COLUMN retain_visitors_days integer,
    -- Until where events and sessions have been deleted for their age: the days before are not counted anew.
    ADD COLUMN events_deleted_before timestamptz,
    ADD COLUMN sessions_deleted_before timestamptz;

ALTER TABLE job_batches
    -- Whose batch it is; null: the instance's own.
    ADD COLUMN project_id bigint;
ALTER TABLE job_batches ADD CONSTRAINT job_batches_project_id_foreign FOREIGN KEY (project_id) REFERENCES projects (id) ON DELETE CASCADE;
CREATE INDEX job_batches_project_id_index ON job_batches (project_id, id);

ALTER TABLE jobs
    ADD COLUMN project_id bigint,
    ADD COLUMN batch_id varchar(255),
    -- While a job with the key waits or runs, another one is not taken in.
    ADD COLUMN dedup_key varchar(255),
    -- Why its last attempt failed.
    ADD COLUMN last_error text;
ALTER TABLE jobs ADD CONSTRAINT jobs_project_id_foreign FOREIGN KEY (project_id) REFERENCES projects (id) ON DELETE CASCADE;
ALTER TABLE jobs ADD CONSTRAINT jobs_batch_id_foreign FOREIGN KEY (batch_id) REFERENCES job_batches (id) ON DELETE CASCADE;
-- Workers take jobs in this order. reserved_at is in no index: taking and renewing a job touches its row alone.
CREATE INDEX jobs_queue_available_at_index ON jobs (queue, available_at, id);
CREATE UNIQUE INDEX jobs_dedup_key_unique ON jobs (dedup_key) WHERE dedup_key IS NOT NULL;
CREATE INDEX jobs_batch_id_index ON jobs (batch_id) WHERE batch_id IS NOT NULL;
CREATE INDEX jobs_project_id_index ON jobs (project_id, id) WHERE project_id IS NOT NULL;
ALTER TABLE jobs SET (fillfactor = 70);

ALTER TABLE failed_jobs
    ADD COLUMN project_id bigint,
    ADD COLUMN batch_id varchar(255);
ALTER TABLE failed_jobs ADD CONSTRAINT failed_jobs_project_id_foreign FOREIGN KEY (project_id) REFERENCES projects (id) ON DELETE CASCADE;
ALTER TABLE failed_jobs ADD CONSTRAINT failed_jobs_batch_id_foreign FOREIGN KEY (batch_id) REFERENCES job_batches (id) ON DELETE CASCADE;
CREATE INDEX failed_jobs_project_id_index ON failed_jobs (project_id, id) WHERE project_id IS NOT NULL;
CREATE INDEX failed_jobs_batch_id_index ON failed_jobs (batch_id) WHERE batch_id IS NOT NULL;

-- What happens by the clock, and when it last did.
CREATE TABLE job_schedules (
    name        varchar(255) NOT NULL,
    cron        varchar(255) NOT NULL,
    time_zone   varchar(64) NOT NULL,
    next_run_at timestamptz NOT NULL,
    last_run_at timestamptz,
    last_job_id bigint,
    PRIMARY KEY (name)
);
SELECT distribute('job_schedules');

-- A lock's fence grows with each new holder: what an earlier one still does under his is refused.
CREATE SEQUENCE cache_lock_fences;
ALTER TABLE cache_locks ADD COLUMN fence bigint NOT NULL DEFAULT 0;

-- What expired is found in order.
CREATE INDEX cache_expiration_index ON cache (expiration);

-- Stretches of time whose figures have changed since they were counted: one row for each transaction that changed them,
-- written with it, so that whoever sees the row sees the change.
CREATE TABLE rollup_marks (
    project_id bigint NOT NULL,
    since      timestamptz NOT NULL,
    until      timestamptz NOT NULL,
    -- When it was written: how far the rollups lag behind, whatever the age of the events.
    marked_at  timestamptz NOT NULL DEFAULT now()
);
SELECT distribute('rollup_marks', 'project_id');
ALTER TABLE rollup_marks ADD CONSTRAINT rollup_marks_project_id_foreign FOREIGN KEY (project_id) REFERENCES projects (id) ON DELETE CASCADE;
CREATE INDEX rollup_marks_project_id_index ON rollup_marks (project_id, since);

-- The half hours of the last days, counted: a day that goes on is put together from them instead of being counted anew.
CREATE TABLE rollup_parts (
    project_id bigint NOT NULL,
    day        date NOT NULL,
    part       smallint NOT NULL,
    data       bytea NOT NULL,
    PRIMARY KEY (project_id, day, part)
);
SELECT distribute('rollup_parts', 'project_id');
ALTER TABLE rollup_parts ADD CONSTRAINT rollup_parts_project_id_foreign FOREIGN KEY (project_id) REFERENCES projects (id) ON DELETE CASCADE;
-- Varints hardly shrink, and a day reads all of its parts with each refresh.
ALTER TABLE rollup_parts ALTER COLUMN data SET STORAGE EXTERNAL;

-- +goose Down
DROP TABLE rollup_parts;
DROP TABLE rollup_marks;
DROP INDEX cache_expiration_index;
ALTER TABLE cache_locks DROP COLUMN fence;
DROP SEQUENCE cache_lock_fences;
DROP TABLE job_schedules;
DROP INDEX failed_jobs_batch_id_index;
DROP INDEX failed_jobs_project_id_index;
ALTER TABLE failed_jobs
    DROP COLUMN batch_id,
    DROP COLUMN project_id;
ALTER TABLE jobs RESET (fillfactor);
DROP INDEX jobs_project_id_index;
DROP INDEX jobs_batch_id_index;
DROP INDEX jobs_dedup_key_unique;
DROP INDEX jobs_queue_available_at_index;
ALTER TABLE jobs
    DROP COLUMN last_error,
    DROP COLUMN dedup_key,
    DROP COLUMN batch_id,
    DROP COLUMN project_id;
DROP INDEX job_batches_project_id_index;
ALTER TABLE job_batches DROP COLUMN project_id;
ALTER TABLE projects
    DROP COLUMN sessions_deleted_before,
    DROP COLUMN events_deleted_before,
    DROP COLUMN retain_visitors_days,
    DROP COLUMN retain_sessions_days,
    DROP COLUMN retain_events_days;
ALTER TABLE users DROP COLUMN is_operator;
DROP FUNCTION epoch_now();
