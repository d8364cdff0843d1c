-- +goose Up
-- In which time zone a platform dates what it reports of a project's ads; without a row: the project's own.
CREATE TABLE ad_accounts (
    project_id bigint NOT NULL,
    platform   varchar(255) NOT NULL,
    time_zone  varchar(64) NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (project_id, platform)
);
SELECT distribute('ad_accounts', 'project_id');
ALTER TABLE ad_accounts ADD CONSTRAINT ad_accounts_project_id_foreign FOREIGN KEY (project_id) REFERENCES projects (id) ON DELETE CASCADE;

-- +goose Down
DROP TABLE ad_accounts;
