-- +goose Up
-- What whole months count by each dimension that days are broken down by: made of their days, so that a year is twelve of these.
CREATE TABLE rollup_months (
    project_id bigint NOT NULL,
    -- The first day of the month.
    month      date NOT NULL,
    dimension  smallint NOT NULL,
    data       bytea NOT NULL,
    -- Another one each time that the row is written: what was read of it before is known to be old.
    version    uuid NOT NULL DEFAULT gen_random_uuid(),
    -- The versions of the days that it is made of, hashed: with others it does not count any more.
    made_of    uuid NOT NULL,
    PRIMARY KEY (project_id, month, dimension)
);
SELECT distribute('rollup_months', 'project_id');
ALTER TABLE rollup_months ADD CONSTRAINT rollup_months_project_id_foreign FOREIGN KEY (project_id) REFERENCES projects (id) ON DELETE CASCADE;
ALTER TABLE rollup_months ALTER COLUMN data SET STORAGE EXTERNAL;

-- +goose Down
DROP TABLE rollup_months;
