-- +goose Up
CREATE TABLE sequences (name TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE);
CREATE TABLE dictionaries (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE scopes (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, epoch INTEGER NOT NULL, assets INTEGER NOT NULL);
CREATE TABLE places (
  id INTEGER PRIMARY KEY, connector INTEGER NOT NULL, scope INTEGER NOT NULL, type INTEGER NOT NULL, region INTEGER NOT NULL,
  origin INTEGER NOT NULL, stale INTEGER NOT NULL, assets INTEGER NOT NULL, UNIQUE (scope, type, connector, region, origin));
CREATE TABLE listings (
  connector INTEGER NOT NULL, scope INTEGER NOT NULL, type INTEGER NOT NULL, region INTEGER NOT NULL,
  complete INTEGER NOT NULL, at INTEGER NOT NULL, gap TEXT NOT NULL, PRIMARY KEY (connector, scope, type, region)) WITHOUT ROWID;
CREATE TABLE layouts (id INTEGER PRIMARY KEY, type INTEGER NOT NULL, checks BLOB NOT NULL, UNIQUE (type, checks));

CREATE TABLE assets (
  id INTEGER PRIMARY KEY, hash INTEGER NOT NULL, public TEXT NOT NULL, name TEXT NOT NULL, place INTEGER NOT NULL,
  digest BLOB NOT NULL, body INTEGER NOT NULL, version INTEGER NOT NULL, first INTEGER NOT NULL, changed INTEGER NOT NULL,
  gone INTEGER NOT NULL, unhealthy INTEGER NOT NULL, unknown INTEGER NOT NULL, highest INTEGER NOT NULL);
CREATE INDEX assets_hash ON assets (hash);
CREATE INDEX assets_place ON assets (place);
CREATE INDEX assets_name ON assets (name, id) WHERE gone = 0;
CREATE TABLE configs (asset INTEGER PRIMARY KEY, data BLOB NOT NULL, positions BLOB NOT NULL);
CREATE TABLE history (
  asset INTEGER NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL, digest BLOB NOT NULL, gone INTEGER NOT NULL,
  diff BLOB NOT NULL, PRIMARY KEY (asset, version)) WITHOUT ROWID;
CREATE TABLE relations (
  target INTEGER NOT NULL, source INTEGER NOT NULL, name INTEGER NOT NULL, inverse INTEGER NOT NULL,
  PRIMARY KEY (target, source, name, inverse)) WITHOUT ROWID;

CREATE TABLE verdicts (
  asset INTEGER PRIMARY KEY, revision INTEGER NOT NULL, layout INTEGER NOT NULL, states BLOB NOT NULL, sum INTEGER NOT NULL,
  until INTEGER NOT NULL, evidence BLOB NOT NULL, asks BLOB NOT NULL);
CREATE INDEX verdicts_until ON verdicts (until) WHERE until > 0;
CREATE TABLE asks (query INTEGER NOT NULL, asset INTEGER NOT NULL, PRIMARY KEY (query, asset)) WITHOUT ROWID;
CREATE TABLE dirty (asset INTEGER PRIMARY KEY, scope INTEGER NOT NULL, mark INTEGER NOT NULL);
CREATE INDEX dirty_scope ON dirty (scope, asset);

CREATE TABLE findings (
  id INTEGER PRIMARY KEY, hash INTEGER NOT NULL, asset INTEGER NOT NULL, scope INTEGER NOT NULL, rule INTEGER NOT NULL,
  instance TEXT NOT NULL, state INTEGER NOT NULL, severity INTEGER NOT NULL, first INTEGER NOT NULL, changed INTEGER NOT NULL,
  reopened INTEGER NOT NULL, unverified INTEGER NOT NULL, exemption INTEGER NOT NULL);
CREATE INDEX findings_hash ON findings (hash);
CREATE INDEX findings_asset ON findings (asset);
CREATE INDEX findings_changed ON findings (changed);
CREATE INDEX findings_open ON findings (severity, id) WHERE state = 0;
CREATE INDEX findings_rule ON findings (rule, severity, id) WHERE state = 0;
CREATE TABLE finding_counts (
  scope INTEGER NOT NULL, rule INTEGER NOT NULL, severity INTEGER NOT NULL, state INTEGER NOT NULL, exempt INTEGER NOT NULL,
  n INTEGER NOT NULL, PRIMARY KEY (scope, rule, severity, state, exempt)) WITHOUT ROWID;
CREATE TABLE counts (
  scope INTEGER NOT NULL, kind INTEGER NOT NULL, word INTEGER NOT NULL, healthy INTEGER NOT NULL, unhealthy INTEGER NOT NULL,
  unknown INTEGER NOT NULL, inapplicable INTEGER NOT NULL, PRIMARY KEY (scope, kind, word)) WITHOUT ROWID;
CREATE TABLE exemptions (
  id INTEGER PRIMARY KEY, public TEXT NOT NULL UNIQUE, created INTEGER NOT NULL, expires INTEGER NOT NULL, ended INTEGER NOT NULL, data TEXT NOT NULL);
CREATE TABLE gaps (
  id INTEGER PRIMARY KEY, hash INTEGER NOT NULL UNIQUE, connector INTEGER NOT NULL, scope INTEGER NOT NULL, what TEXT NOT NULL,
  place TEXT NOT NULL, why TEXT NOT NULL, needs TEXT NOT NULL, at INTEGER NOT NULL, run TEXT NOT NULL);
CREATE INDEX gaps_connector ON gaps (connector);
CREATE TABLE outbox (id INTEGER PRIMARY KEY, message TEXT NOT NULL, at INTEGER NOT NULL, data BLOB NOT NULL);
CREATE INDEX outbox_message ON outbox (message);

CREATE TABLE connectors (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, enabled INTEGER NOT NULL, every INTEGER NOT NULL, config TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE runs (
  id INTEGER PRIMARY KEY, public TEXT NOT NULL UNIQUE, connector TEXT NOT NULL, started INTEGER NOT NULL, ended INTEGER NOT NULL,
  assets INTEGER NOT NULL, judged INTEGER NOT NULL, changed INTEGER NOT NULL, gaps INTEGER NOT NULL, error TEXT NOT NULL);
CREATE INDEX runs_connector ON runs (connector, id);
CREATE TABLE score_points (scope TEXT NOT NULL, at INTEGER NOT NULL, current REAL NOT NULL, possible REAL NOT NULL, PRIMARY KEY (scope, at)) WITHOUT ROWID;

CREATE TABLE users (name TEXT PRIMARY KEY, password TEXT NOT NULL, grants TEXT NOT NULL, created INTEGER NOT NULL, disabled INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE sessions (hash TEXT PRIMARY KEY, person TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX sessions_person ON sessions (person);
CREATE TABLE tokens (
  id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, name TEXT NOT NULL, grants TEXT NOT NULL, person TEXT NOT NULL,
  created INTEGER NOT NULL, expires INTEGER NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE links (hash TEXT PRIMARY KEY, person TEXT NOT NULL, grants TEXT NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE settings (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE secrets (name TEXT PRIMARY KEY, version INTEGER NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE audit (
  number INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, object TEXT NOT NULL,
  detail TEXT NOT NULL, hash BLOB NOT NULL);
-- +goose StatementBegin
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
