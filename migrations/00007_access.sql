-- +goose Up
-- What accounts, projects and keys need beyond the documented columns.
ALTER TABLE users ADD COLUMN disabled_at timestamptz;

ALTER TABLE projects
    -- Hosts whose pages may send events; empty: any.
    ADD COLUMN allowed_hostnames text[] NOT NULL DEFAULT '{}',
    ADD COLUMN privacy_mode varchar(16) NOT NULL DEFAULT 'cookieless',
    -- The keys before the last rotation, and until when they work.
    ADD COLUMN old_public_key varchar(255),
    ADD COLUMN old_public_key_expires_at timestamptz,
    ADD COLUMN old_secret_key varchar(255),
    ADD COLUMN old_secret_key_expires_at timestamptz;
CREATE INDEX projects_old_public_key_index ON projects (old_public_key);
CREATE INDEX projects_secret_key_index ON projects (secret_key);
CREATE INDEX projects_old_secret_key_index ON projects (old_secret_key);

-- The tokens that prove addresses. The token is the sha-256 of the secret in the mail.
CREATE TABLE email_verification_tokens (
    email      varchar(255) NOT NULL,
    token      varchar(64) NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (email)
);
SELECT distribute('email_verification_tokens');

-- Attempts that are counted across replicas: when the next one would be allowed (generic cell rate algorithm).
CREATE TABLE rate_limits (
    key        varchar(255) NOT NULL,
    allowed_at timestamptz NOT NULL,
    PRIMARY KEY (key)
);
SELECT distribute('rate_limits');
CREATE INDEX rate_limits_allowed_at_index ON rate_limits (allowed_at);

-- +goose Down
DROP TABLE rate_limits;
DROP TABLE email_verification_tokens;
DROP INDEX projects_old_secret_key_index;
DROP INDEX projects_secret_key_index;
DROP INDEX projects_old_public_key_index;
ALTER TABLE projects
    DROP COLUMN old_secret_key_expires_at,
    DROP COLUMN old_secret_key,
    DROP COLUMN old_public_key_expires_at,
    DROP COLUMN old_public_key,
    DROP COLUMN privacy_mode,
    DROP COLUMN allowed_hostnames;
ALTER TABLE users DROP COLUMN disabled_at;
