-- +goose Up
-- What people call a scope, as its provider told; empty until it has.
ALTER TABLE scopes ADD COLUMN name TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE scopes ADD COLUMN kind TEXT COLLATE "C" NOT NULL DEFAULT '';
-- API calls that a run made.
ALTER TABLE runs ADD COLUMN calls BIGINT NOT NULL DEFAULT 0;
CREATE INDEX places_connector ON places (connector);
