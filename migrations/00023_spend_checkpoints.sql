-- +goose Up
-- Where the look at a file is to go on: set together with the rows of the file that it has kept, so that it begins no line twice.
ALTER TABLE spend_imports ADD COLUMN checkpoint jsonb;

-- +goose Down
ALTER TABLE spend_imports DROP COLUMN checkpoint;
