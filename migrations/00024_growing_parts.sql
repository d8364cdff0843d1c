-- +goose Up
-- Whether nothing but events were added there, and the sessions that they belong to: who has counted before need not begin anew.
ALTER TABLE rollup_marks ADD COLUMN adds boolean NOT NULL DEFAULT false;
-- Another one each time that the part is counted after anything else has changed.
ALTER TABLE rollup_parts ADD COLUMN basis uuid;

-- +goose Down
ALTER TABLE rollup_parts DROP COLUMN basis;
ALTER TABLE rollup_marks DROP COLUMN adds;
