-- +goose Up
-- Times are microseconds since 1970 UTC, 0 for none. {{id}} and {{blob}} are the engine's own.

CREATE TABLE scopes (
  id    {{id}},
  path  TEXT NOT NULL UNIQUE,
  epoch BIGINT NOT NULL DEFAULT 0 -- taken first by every writer of the scope
);

CREATE TABLE layouts (
  id     {{id}},
  type   TEXT NOT NULL,
  checks TEXT NOT NULL, -- ids in the order of the packed states, one a line
  UNIQUE (type, checks)
);

CREATE TABLE assets (
  id         {{id}},
  key        TEXT NOT NULL UNIQUE,  -- the asset's id
  scope_id   BIGINT NOT NULL REFERENCES scopes(id),
  type       TEXT NOT NULL,
  name       TEXT NOT NULL,
  region     TEXT NOT NULL,
  connector  TEXT NOT NULL,
  digest     TEXT NOT NULL,
  config     {{blob}} NOT NULL,     -- zstd of the record in record.go
  version    BIGINT NOT NULL,
  first_seen BIGINT NOT NULL,
  changed    BIGINT NOT NULL,
  stale      SMALLINT NOT NULL DEFAULT 0,
  gone       SMALLINT NOT NULL DEFAULT 0, -- absent from a complete listing; kept for its findings and history
  revision   BIGINT NOT NULL,
  layout_id  BIGINT NOT NULL REFERENCES layouts(id),
  states     {{blob}} NOT NULL,     -- two bits a check
  evidence   {{blob}},              -- zstd of the assessments that are unhealthy or unknown
  unhealthy  INTEGER NOT NULL,
  unknown    INTEGER NOT NULL,
  highest    SMALLINT NOT NULL,     -- severity of the worst open finding
  until      BIGINT NOT NULL        -- judged again at this time
);
CREATE INDEX assets_scope ON assets (scope_id, type);
CREATE INDEX assets_layout ON assets (layout_id, id);
CREATE INDEX assets_until ON assets (until) WHERE until > 0;

CREATE TABLE relations (
  asset_id BIGINT NOT NULL REFERENCES assets(id) ON DELETE CASCADE,
  name     TEXT NOT NULL,
  inverse  TEXT NOT NULL,
  target   TEXT NOT NULL,
  PRIMARY KEY (asset_id, name, target)
);
CREATE INDEX relations_target ON relations (target);

CREATE TABLE history (
  asset_key TEXT NOT NULL,
  version   BIGINT NOT NULL,
  at        BIGINT NOT NULL,
  digest    TEXT NOT NULL,
  gone      SMALLINT NOT NULL,
  config    {{blob}},               -- zstd of the record, with the next version as its dictionary
  PRIMARY KEY (asset_key, version)
);

CREATE TABLE checks (
  id   {{id}},
  name TEXT NOT NULL UNIQUE
);

CREATE TABLE findings (
  id          {{id}},
  key         TEXT NOT NULL UNIQUE, -- the public id
  asset_id    BIGINT NOT NULL,
  scope_id    BIGINT NOT NULL,
  check_id    BIGINT NOT NULL REFERENCES checks(id),
  instance    TEXT NOT NULL,
  open        SMALLINT NOT NULL,
  severity    SMALLINT NOT NULL,
  because     TEXT NOT NULL,
  location    TEXT NOT NULL,        -- JSON, "" for none
  first_seen  BIGINT NOT NULL,
  changed     BIGINT NOT NULL,
  resolved_at BIGINT NOT NULL,
  reopened    INTEGER NOT NULL,
  unverified  BIGINT NOT NULL,
  exemption   TEXT NOT NULL
);
CREATE INDEX findings_asset ON findings (asset_id);
CREATE INDEX findings_open ON findings (severity, id) WHERE open = 1;
CREATE INDEX findings_changed ON findings (changed);

CREATE TABLE counts (
  scope_id  BIGINT NOT NULL REFERENCES scopes(id),
  kind      TEXT NOT NULL,
  id        TEXT NOT NULL,
  healthy   BIGINT NOT NULL,
  unhealthy BIGINT NOT NULL,
  unknown   BIGINT NOT NULL,
  inapplicable BIGINT NOT NULL,
  PRIMARY KEY (scope_id, kind, id)
);

CREATE TABLE listings (
  connector TEXT NOT NULL,
  scope     TEXT NOT NULL,
  type      TEXT NOT NULL,
  region    TEXT NOT NULL,
  complete  SMALLINT NOT NULL,
  why       TEXT NOT NULL,
  at        BIGINT NOT NULL,
  PRIMARY KEY (connector, scope, type, region)
);

CREATE TABLE gaps (
  id        {{id}},
  connector TEXT NOT NULL,
  scope     TEXT NOT NULL,
  what      TEXT NOT NULL,
  place     TEXT NOT NULL,
  why       TEXT NOT NULL,
  needs     TEXT NOT NULL,
  at        BIGINT NOT NULL
);
CREATE INDEX gaps_connector ON gaps (connector);

CREATE TABLE exemptions (
  id      TEXT PRIMARY KEY,
  body    TEXT NOT NULL,            -- JSON
  active  SMALLINT NOT NULL,        -- its effect is in the counts
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL
);

CREATE TABLE scores (
  scope   TEXT NOT NULL,
  at      BIGINT NOT NULL,
  current DOUBLE PRECISION NOT NULL,
  maximum DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (scope, at)
);

CREATE TABLE runs (
  id        TEXT PRIMARY KEY,
  connector TEXT NOT NULL,
  started   BIGINT NOT NULL,
  body      TEXT NOT NULL           -- JSON
);
CREATE INDEX runs_started ON runs (started);

CREATE TABLE outbox (
  id      TEXT PRIMARY KEY,         -- random: it is the message's id
  subject TEXT NOT NULL,
  body    {{blob}} NOT NULL,
  at      BIGINT NOT NULL
);

CREATE TABLE users (
  name     TEXT PRIMARY KEY,
  body     TEXT NOT NULL,           -- JSON
  password TEXT NOT NULL            -- hash
);

CREATE TABLE sessions (
  hash    TEXT PRIMARY KEY,
  username TEXT NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL
);

CREATE TABLE tokens (
  id        TEXT PRIMARY KEY,
  hash      TEXT NOT NULL UNIQUE,
  username  TEXT NOT NULL,
  body      TEXT NOT NULL,          -- JSON
  last_used BIGINT NOT NULL
);

CREATE TABLE links (
  hash    TEXT PRIMARY KEY,
  body    TEXT NOT NULL,            -- JSON
  expires BIGINT NOT NULL
);

CREATE TABLE audit (
  number BIGINT PRIMARY KEY,
  at     BIGINT NOT NULL,
  actor  TEXT NOT NULL,
  action TEXT NOT NULL,
  object TEXT NOT NULL,
  detail TEXT NOT NULL,
  hash   TEXT NOT NULL
);

CREATE TABLE settings (
  key   TEXT PRIMARY KEY,
  value {{blob}} NOT NULL
);
