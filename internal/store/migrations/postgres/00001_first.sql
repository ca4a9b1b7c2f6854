-- +goose Up
CREATE TABLE sequences (name TEXT COLLATE "C" PRIMARY KEY, next BIGINT NOT NULL);
CREATE TABLE words (id BIGINT PRIMARY KEY, word TEXT COLLATE "C" NOT NULL UNIQUE);
CREATE TABLE dictionaries (id BIGINT PRIMARY KEY, kind SMALLINT NOT NULL, data BYTEA NOT NULL);
CREATE TABLE scopes (id BIGINT PRIMARY KEY, path TEXT COLLATE "C" NOT NULL UNIQUE, epoch BIGINT NOT NULL, assets BIGINT NOT NULL);
CREATE TABLE places (
  id BIGINT PRIMARY KEY, connector BIGINT NOT NULL, scope BIGINT NOT NULL, type BIGINT NOT NULL, region BIGINT NOT NULL,
  origin SMALLINT NOT NULL, stale SMALLINT NOT NULL, assets BIGINT NOT NULL, UNIQUE (scope, type, connector, region, origin));
CREATE TABLE listings (
  connector BIGINT NOT NULL, scope BIGINT NOT NULL, type BIGINT NOT NULL, region BIGINT NOT NULL,
  complete SMALLINT NOT NULL, at BIGINT NOT NULL, gap TEXT COLLATE "C" NOT NULL, PRIMARY KEY (connector, scope, type, region));
CREATE TABLE layouts (id BIGINT PRIMARY KEY, type BIGINT NOT NULL, checks BYTEA NOT NULL, UNIQUE (type, checks));

CREATE TABLE assets (
  id BIGINT PRIMARY KEY, hash BIGINT NOT NULL, public TEXT COLLATE "C" NOT NULL, name TEXT COLLATE "C" NOT NULL, place BIGINT NOT NULL,
  digest BYTEA NOT NULL, body BIGINT NOT NULL, version BIGINT NOT NULL, first BIGINT NOT NULL, changed BIGINT NOT NULL,
  gone SMALLINT NOT NULL, unhealthy INTEGER NOT NULL, unknown INTEGER NOT NULL, highest SMALLINT NOT NULL);
CREATE INDEX assets_hash ON assets (hash);
CREATE INDEX assets_place ON assets (place);
CREATE INDEX assets_name ON assets (name, id) WHERE gone = 0;
CREATE TABLE configs (asset BIGINT PRIMARY KEY, data BYTEA NOT NULL, positions BYTEA NOT NULL);
CREATE TABLE history (
  asset BIGINT NOT NULL, version BIGINT NOT NULL, at BIGINT NOT NULL, digest BYTEA NOT NULL, gone SMALLINT NOT NULL,
  diff BYTEA NOT NULL, PRIMARY KEY (asset, version));
CREATE TABLE relations (
  target BIGINT NOT NULL, source BIGINT NOT NULL, name BIGINT NOT NULL, inverse BIGINT NOT NULL,
  PRIMARY KEY (target, source, name, inverse));

CREATE TABLE verdicts (
  asset BIGINT PRIMARY KEY, revision BIGINT NOT NULL, layout BIGINT NOT NULL, states BYTEA NOT NULL, sum BIGINT NOT NULL,
  until BIGINT NOT NULL, evidence BYTEA NOT NULL, asks BYTEA NOT NULL);
CREATE INDEX verdicts_until ON verdicts (until) WHERE until > 0;
CREATE TABLE asks (query BIGINT NOT NULL, asset BIGINT NOT NULL, PRIMARY KEY (query, asset));
CREATE TABLE dirty (asset BIGINT PRIMARY KEY, scope BIGINT NOT NULL, mark BIGINT NOT NULL);
CREATE INDEX dirty_scope ON dirty (scope, asset);

CREATE TABLE findings (
  id BIGINT PRIMARY KEY, hash BIGINT NOT NULL, asset BIGINT NOT NULL, scope BIGINT NOT NULL, rule BIGINT NOT NULL,
  instance TEXT COLLATE "C" NOT NULL, state SMALLINT NOT NULL, severity SMALLINT NOT NULL, first BIGINT NOT NULL, changed BIGINT NOT NULL,
  reopened BIGINT NOT NULL, unverified BIGINT NOT NULL, exemption BIGINT NOT NULL);
CREATE INDEX findings_hash ON findings (hash);
CREATE INDEX findings_asset ON findings (asset);
CREATE INDEX findings_changed ON findings (changed);
CREATE INDEX findings_open ON findings (severity, id) WHERE state = 0;
CREATE INDEX findings_rule ON findings (rule, severity, id) WHERE state = 0;
CREATE TABLE finding_counts (
  scope BIGINT NOT NULL, rule BIGINT NOT NULL, severity SMALLINT NOT NULL, state SMALLINT NOT NULL, exempt SMALLINT NOT NULL,
  n BIGINT NOT NULL, PRIMARY KEY (scope, rule, severity, state, exempt));
CREATE TABLE counts (
  scope BIGINT NOT NULL, kind SMALLINT NOT NULL, word BIGINT NOT NULL, healthy BIGINT NOT NULL, unhealthy BIGINT NOT NULL,
  unknown BIGINT NOT NULL, inapplicable BIGINT NOT NULL, PRIMARY KEY (scope, kind, word));
CREATE TABLE exemptions (
  id BIGINT PRIMARY KEY, public TEXT COLLATE "C" NOT NULL UNIQUE, created BIGINT NOT NULL, expires BIGINT NOT NULL, ended BIGINT NOT NULL, data TEXT COLLATE "C" NOT NULL);
CREATE TABLE gaps (
  id BIGINT PRIMARY KEY, hash BIGINT NOT NULL UNIQUE, connector BIGINT NOT NULL, scope BIGINT NOT NULL, what TEXT COLLATE "C" NOT NULL,
  place TEXT COLLATE "C" NOT NULL, why TEXT COLLATE "C" NOT NULL, needs TEXT COLLATE "C" NOT NULL, at BIGINT NOT NULL, run TEXT COLLATE "C" NOT NULL);
CREATE INDEX gaps_connector ON gaps (connector);
CREATE TABLE outbox (id BIGINT PRIMARY KEY, message TEXT COLLATE "C" NOT NULL, at BIGINT NOT NULL, data BYTEA NOT NULL);
CREATE INDEX outbox_message ON outbox (message);

CREATE TABLE connectors (
  id TEXT COLLATE "C" PRIMARY KEY, kind TEXT COLLATE "C" NOT NULL, name TEXT COLLATE "C" NOT NULL, enabled SMALLINT NOT NULL, every BIGINT NOT NULL, config TEXT COLLATE "C" NOT NULL);
CREATE TABLE runs (
  id BIGINT PRIMARY KEY, public TEXT COLLATE "C" NOT NULL UNIQUE, connector TEXT COLLATE "C" NOT NULL, started BIGINT NOT NULL, ended BIGINT NOT NULL,
  assets BIGINT NOT NULL, judged BIGINT NOT NULL, changed BIGINT NOT NULL, gaps BIGINT NOT NULL, error TEXT COLLATE "C" NOT NULL);
CREATE INDEX runs_connector ON runs (connector, id);
CREATE TABLE score_points (scope TEXT COLLATE "C" NOT NULL, at BIGINT NOT NULL, current DOUBLE PRECISION NOT NULL, possible DOUBLE PRECISION NOT NULL, PRIMARY KEY (scope, at));

CREATE TABLE users (name TEXT COLLATE "C" PRIMARY KEY, password TEXT COLLATE "C" NOT NULL, grants TEXT COLLATE "C" NOT NULL, created BIGINT NOT NULL, disabled SMALLINT NOT NULL);
CREATE TABLE sessions (hash TEXT COLLATE "C" PRIMARY KEY, person TEXT COLLATE "C" NOT NULL, created BIGINT NOT NULL, expires BIGINT NOT NULL);
CREATE INDEX sessions_person ON sessions (person);
CREATE TABLE tokens (
  id TEXT COLLATE "C" PRIMARY KEY, hash TEXT COLLATE "C" NOT NULL UNIQUE, name TEXT COLLATE "C" NOT NULL, grants TEXT COLLATE "C" NOT NULL, person TEXT COLLATE "C" NOT NULL,
  created BIGINT NOT NULL, expires BIGINT NOT NULL, used BIGINT NOT NULL);
CREATE TABLE links (hash TEXT COLLATE "C" PRIMARY KEY, person TEXT COLLATE "C" NOT NULL, grants TEXT COLLATE "C" NOT NULL, expires BIGINT NOT NULL);
CREATE TABLE settings (name TEXT COLLATE "C" PRIMARY KEY, value BYTEA NOT NULL);
CREATE TABLE secrets (name TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, sealed BYTEA NOT NULL);
CREATE TABLE audit (
  number BIGINT PRIMARY KEY, at BIGINT NOT NULL, actor TEXT COLLATE "C" NOT NULL, action TEXT COLLATE "C" NOT NULL, object TEXT COLLATE "C" NOT NULL,
  detail TEXT COLLATE "C" NOT NULL, hash BYTEA NOT NULL);
-- +goose StatementBegin
CREATE FUNCTION audit_append_only() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$ LANGUAGE plpgsql;
-- +goose StatementEnd
CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_append_only();
