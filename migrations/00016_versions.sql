-- +goose Up
-- added: which version of the browser and the system a session had, where the user agent tells it: 131, 17.4
ALTER TABLE tracking_sessions ADD COLUMN browser_version varchar(16), ADD COLUMN os_version varchar(16);

-- +goose Down
ALTER TABLE tracking_sessions DROP COLUMN browser_version, DROP COLUMN os_version;
