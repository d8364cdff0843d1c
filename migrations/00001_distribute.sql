-- +goose Up
-- Every migration goes in the order that PostgreSQL and Citus both accept: table with its keys, distribute,
-- foreign keys one statement at a time, partitions, indexes.

-- distribute places a table where Citus is installed, and does nothing where it is not: by a column, co-located with
-- every other table placed by project_id; without a column, as a reference table that each node holds whole.
-- +goose StatementBegin
CREATE FUNCTION distribute(tbl regclass, by_column text DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
        RETURN;
    END IF;
    IF by_column IS NULL THEN
        EXECUTE format('SELECT create_reference_table(%L)', tbl);
    ELSE
        EXECUTE format('SELECT create_distributed_table(%L, %L)', tbl, by_column);
    END IF;
END
$$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION distribute(regclass, text);
