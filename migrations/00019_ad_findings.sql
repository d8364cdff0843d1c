-- +goose Up
-- What is wrong with addresses that ads led to: a macro that arrived as it was written.
CREATE TABLE ad_findings (
    project_id    bigint NOT NULL,
    -- SHA-256 of the address, in hex.
    url_hash      varchar(64) NOT NULL,
    platform      varchar(255) NOT NULL,
    landing_url   text NOT NULL,
    fixed_url     text NOT NULL,
    findings      jsonb NOT NULL,
    -- How many landed there in the week before it was looked at last.
    sessions      bigint NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at  timestamptz NOT NULL,
    PRIMARY KEY (project_id, url_hash)
);
SELECT distribute('ad_findings', 'project_id');
ALTER TABLE ad_findings ADD CONSTRAINT ad_findings_project_id_foreign FOREIGN KEY (project_id) REFERENCES projects (id) ON DELETE CASCADE;

-- +goose Down
DROP TABLE ad_findings;
