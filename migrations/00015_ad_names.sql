-- +goose Up
-- What the ad, its ad set and its campaign were called before, latest first: at most 20 of {"campaign", "adset", "ad", "until"}.
ALTER TABLE ads_dim ADD COLUMN former_names jsonb NOT NULL DEFAULT '[]';

-- +goose Down
ALTER TABLE ads_dim DROP COLUMN former_names;
