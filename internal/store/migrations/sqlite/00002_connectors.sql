-- +goose Up
-- What people call a scope, as its provider told; empty until it has.
ALTER TABLE scopes ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE scopes ADD COLUMN kind TEXT NOT NULL DEFAULT '';
-- API calls that a run made.
ALTER TABLE runs ADD COLUMN calls INTEGER NOT NULL DEFAULT 0;
CREATE INDEX places_connector ON places (connector);
