CREATE TABLE asks (query INTEGER NOT NULL, asset INTEGER NOT NULL, PRIMARY KEY (query, asset)) WITHOUT ROWID;;
CREATE TABLE assets (
  id INTEGER PRIMARY KEY, hash INTEGER NOT NULL, public TEXT NOT NULL, name TEXT NOT NULL, place INTEGER NOT NULL,
  digest BLOB NOT NULL, body INTEGER NOT NULL, version INTEGER NOT NULL, first INTEGER NOT NULL, changed INTEGER NOT NULL,
  gone INTEGER NOT NULL, unhealthy INTEGER NOT NULL, unknown INTEGER NOT NULL, highest INTEGER NOT NULL);;
CREATE TABLE audit (
  number INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, object TEXT NOT NULL,
  detail TEXT NOT NULL, hash BLOB NOT NULL);;
CREATE TABLE configs (asset INTEGER PRIMARY KEY, data BLOB NOT NULL, positions BLOB NOT NULL);;
CREATE TABLE connectors (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, enabled INTEGER NOT NULL, every INTEGER NOT NULL, config TEXT NOT NULL) WITHOUT ROWID;;
CREATE TABLE counts (
  scope INTEGER NOT NULL, kind INTEGER NOT NULL, word INTEGER NOT NULL, healthy INTEGER NOT NULL, unhealthy INTEGER NOT NULL,
  unknown INTEGER NOT NULL, inapplicable INTEGER NOT NULL, PRIMARY KEY (scope, kind, word)) WITHOUT ROWID;;
CREATE TABLE dictionaries (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, data BLOB NOT NULL);;
CREATE TABLE dirty (asset INTEGER PRIMARY KEY, scope INTEGER NOT NULL, mark INTEGER NOT NULL);;
CREATE TABLE exemptions (
  id INTEGER PRIMARY KEY, public TEXT NOT NULL UNIQUE, created INTEGER NOT NULL, expires INTEGER NOT NULL, ended INTEGER NOT NULL, data TEXT NOT NULL);;
CREATE TABLE finding_counts (
  scope INTEGER NOT NULL, rule INTEGER NOT NULL, severity INTEGER NOT NULL, state INTEGER NOT NULL, exempt INTEGER NOT NULL,
  n INTEGER NOT NULL, PRIMARY KEY (scope, rule, severity, state, exempt)) WITHOUT ROWID;;
CREATE TABLE findings (
  id INTEGER PRIMARY KEY, hash INTEGER NOT NULL, asset INTEGER NOT NULL, scope INTEGER NOT NULL, rule INTEGER NOT NULL,
  instance TEXT NOT NULL, state INTEGER NOT NULL, severity INTEGER NOT NULL, first INTEGER NOT NULL, changed INTEGER NOT NULL,
  reopened INTEGER NOT NULL, unverified INTEGER NOT NULL, exemption INTEGER NOT NULL);;
CREATE TABLE gaps (
  id INTEGER PRIMARY KEY, hash INTEGER NOT NULL UNIQUE, connector INTEGER NOT NULL, scope INTEGER NOT NULL, what TEXT NOT NULL,
  place TEXT NOT NULL, why TEXT NOT NULL, needs TEXT NOT NULL, at INTEGER NOT NULL, run TEXT NOT NULL);;
CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);;
CREATE TABLE history (
  asset INTEGER NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL, digest BLOB NOT NULL, gone INTEGER NOT NULL,
  diff BLOB NOT NULL, PRIMARY KEY (asset, version)) WITHOUT ROWID;;
CREATE TABLE layouts (id INTEGER PRIMARY KEY, type INTEGER NOT NULL, checks BLOB NOT NULL, UNIQUE (type, checks));;
CREATE TABLE links (hash TEXT PRIMARY KEY, person TEXT NOT NULL, grants TEXT NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID;;
CREATE TABLE listings (
  connector INTEGER NOT NULL, scope INTEGER NOT NULL, type INTEGER NOT NULL, region INTEGER NOT NULL,
  complete INTEGER NOT NULL, at INTEGER NOT NULL, gap TEXT NOT NULL, PRIMARY KEY (connector, scope, type, region)) WITHOUT ROWID;;
CREATE TABLE outbox (id INTEGER PRIMARY KEY, message TEXT NOT NULL, at INTEGER NOT NULL, data BLOB NOT NULL);;
CREATE TABLE places (
  id INTEGER PRIMARY KEY, connector INTEGER NOT NULL, scope INTEGER NOT NULL, type INTEGER NOT NULL, region INTEGER NOT NULL,
  origin INTEGER NOT NULL, stale INTEGER NOT NULL, assets INTEGER NOT NULL, UNIQUE (scope, type, connector, region, origin));;
CREATE TABLE relations (
  target INTEGER NOT NULL, source INTEGER NOT NULL, name INTEGER NOT NULL, inverse INTEGER NOT NULL,
  PRIMARY KEY (target, source, name, inverse)) WITHOUT ROWID;;
CREATE TABLE runs (
  id INTEGER PRIMARY KEY, public TEXT NOT NULL UNIQUE, connector TEXT NOT NULL, started INTEGER NOT NULL, ended INTEGER NOT NULL,
  assets INTEGER NOT NULL, judged INTEGER NOT NULL, changed INTEGER NOT NULL, gaps INTEGER NOT NULL, error TEXT NOT NULL, calls INTEGER NOT NULL DEFAULT 0);;
CREATE TABLE scopes (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, epoch INTEGER NOT NULL, assets INTEGER NOT NULL, name TEXT NOT NULL DEFAULT '', kind TEXT NOT NULL DEFAULT '');;
CREATE TABLE score_points (scope TEXT NOT NULL, at INTEGER NOT NULL, current REAL NOT NULL, possible REAL NOT NULL, PRIMARY KEY (scope, at)) WITHOUT ROWID;;
CREATE TABLE secrets (name TEXT PRIMARY KEY, version INTEGER NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID;;
CREATE TABLE sequences (name TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;;
CREATE TABLE sessions (hash TEXT PRIMARY KEY, person TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID;;
CREATE TABLE settings (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;;
CREATE TABLE tokens (
  id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, name TEXT NOT NULL, grants TEXT NOT NULL, person TEXT NOT NULL,
  created INTEGER NOT NULL, expires INTEGER NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;;
CREATE TABLE users (name TEXT PRIMARY KEY, password TEXT NOT NULL, grants TEXT NOT NULL, created INTEGER NOT NULL, disabled INTEGER NOT NULL, subject TEXT NOT NULL DEFAULT '') WITHOUT ROWID;;
CREATE TABLE verdicts (
  asset INTEGER PRIMARY KEY, revision INTEGER NOT NULL, layout INTEGER NOT NULL, states BLOB NOT NULL, sum INTEGER NOT NULL,
  until INTEGER NOT NULL, evidence BLOB NOT NULL, asks BLOB NOT NULL);;
CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE);;
CREATE INDEX assets_hash ON assets (hash);;
CREATE INDEX assets_name ON assets (name, id) WHERE gone = 0;;
CREATE INDEX assets_place ON assets (place);;
CREATE INDEX dirty_scope ON dirty (scope, asset);;
CREATE INDEX findings_asset ON findings (asset);;
CREATE INDEX findings_changed ON findings (changed);;
CREATE INDEX findings_hash ON findings (hash);;
CREATE INDEX findings_open ON findings (severity, id) WHERE state = 0;;
CREATE INDEX findings_rule ON findings (rule, severity, id) WHERE state = 0;;
CREATE INDEX gaps_connector ON gaps (connector);;
CREATE INDEX outbox_message ON outbox (message);;
CREATE INDEX places_connector ON places (connector);;
CREATE INDEX runs_connector ON runs (connector, id);;
CREATE INDEX sessions_person ON sessions (person);;
CREATE UNIQUE INDEX users_subject ON users (subject) WHERE subject <> '';;
CREATE INDEX verdicts_until ON verdicts (until) WHERE until > 0;;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;;
INSERT INTO asks (query, asset) VALUES (411399101224769941, 1);;
INSERT INTO assets (id, hash, public, name, place, digest, body, version, first, changed, gone, unhealthy, unknown, highest) VALUES (1, 3552505009845487859, 'live:a', 'a', 1, x'931d769a407a2788c089bb5ebda364a4', -9198225731735727426, 2, 1767225600000, 1767225600000, 0, 1, 0, 2);;
INSERT INTO audit (number, at, actor, action, object, detail, hash) VALUES (1, 1767225600000, 'user:anna', 'test', '', '', x'7b14c555663e9f9157c2c8e0e7f4d3f025eed1f6204935dc2d23b8e720b36f76');;
INSERT INTO configs (asset, data, positions) VALUES (1, x'28b52ffd204b590200000000077b226e223a327d000000007b226e223a2261222c2272223a5b7b226e616d65223a2278222c22696e7665727365223a2279222c22746172676574223a226c6976653a62227d5d7d', x'28b52ffd2012910000020000076d61696e2e746600020001000001');;
INSERT INTO exemptions (id, public, created, expires, ended, data) VALUES (1, 'x', 0, 0, 0, '{"id":"x","check":"t/a","scope":"aws","category":"waiver","reason":"","author":"","created":"0001-01-01T00:00:00Z"}');;
INSERT INTO finding_counts (scope, rule, severity, state, exempt, n) VALUES (1, 20, 2, 0, 0, 0);;
INSERT INTO finding_counts (scope, rule, severity, state, exempt, n) VALUES (1, 20, 2, 0, 1, 1);;
INSERT INTO findings (id, hash, asset, scope, rule, instance, state, severity, first, changed, reopened, unverified, exemption) VALUES (1, 548696692701304985, 1, 1, 20, 'i', 0, 2, 1767225600000, 1767225600000, 0, 0, 1);;
INSERT INTO goose_db_version (id, version_id, is_applied, tstamp) VALUES (1, 0, 1, '2026-11-26T04:43:46Z');;
INSERT INTO goose_db_version (id, version_id, is_applied, tstamp) VALUES (2, 1, 1, '2026-11-26T04:43:46Z');;
INSERT INTO goose_db_version (id, version_id, is_applied, tstamp) VALUES (3, 2, 1, '2026-11-26T04:43:46Z');;
INSERT INTO goose_db_version (id, version_id, is_applied, tstamp) VALUES (4, 3, 1, '2026-11-26T04:43:46Z');;
INSERT INTO history (asset, version, at, digest, gone, diff) VALUES (1, 1, 1767225600000, x'8b50cec96a652e1772c4f3e2111029ed', 0, x'28b52ffd050001550000083102100676a4380510356a8560');;
INSERT INTO layouts (id, type, checks) VALUES (1, 17, x'14');;
INSERT INTO outbox (id, message, at, data) VALUES (1, '43d9f52fcfb6b100f28d2591f6105832', 1767225600000, x'7b2273636f7065223a226177732f31222c22617373657473223a5b226c6976653a61225d2c226f70656e6564223a5b22663037396435636263323165343938393963373038303034633938613263393331225d7d');;
INSERT INTO outbox (id, message, at, data) VALUES (2, 'fe592a07f30c6e4e2a3637c197a87504', 1767225600000, x'7b2273636f7065223a226177732f31222c22617373657473223a5b226c6976653a61225d7d');;
INSERT INTO places (id, connector, scope, type, region, origin, stale, assets) VALUES (1, 18, 1, 17, 19, 1, 0, 1);;
INSERT INTO relations (target, source, name, inverse) VALUES (-2354239140600372221, 1, 21, 22);;
INSERT INTO scopes (id, path, epoch, assets, name, kind) VALUES (1, 'aws/1', 3, 1, '', '');;
INSERT INTO sequences (name, next) VALUES ('assets', 2);;
INSERT INTO sequences (name, next) VALUES ('audit', 2);;
INSERT INTO sequences (name, next) VALUES ('exemptions', 2);;
INSERT INTO sequences (name, next) VALUES ('findings', 2);;
INSERT INTO sequences (name, next) VALUES ('layouts', 2);;
INSERT INTO sequences (name, next) VALUES ('outbox', 3);;
INSERT INTO sequences (name, next) VALUES ('places', 2);;
INSERT INTO sequences (name, next) VALUES ('revisions', 1048577);;
INSERT INTO sequences (name, next) VALUES ('scopes', 2);;
INSERT INTO sequences (name, next) VALUES ('words', 23);;
INSERT INTO users (name, password, grants, created, disabled, subject) VALUES ('anna', 'hash', '[{"role":"owner","scope":""}]', 1767225600000, 0, '');;
INSERT INTO verdicts (asset, revision, layout, states, sum, until, evidence, asks) VALUES (1, 1, 1, x'02', -5941551883220408724, 0, x'28b52ffd200f790000010762656361757365000101690000', x'05b5954d896ad995');;
INSERT INTO words (id, word) VALUES (1, '');;
INSERT INTO words (id, word) VALUES (2, 'apply-adaptive-application-control');;
INSERT INTO words (id, word) VALUES (3, 'apply-system-updates');;
INSERT INTO words (id, word) VALUES (4, 'enable-auditing-and-logging');;
INSERT INTO words (id, word) VALUES (5, 'enable-encryption-at-rest');;
INSERT INTO words (id, word) VALUES (6, 'enable-endpoint-protection');;
INSERT INTO words (id, word) VALUES (7, 'enable-enhanced-security-features');;
INSERT INTO words (id, word) VALUES (8, 'enable-mfa');;
INSERT INTO words (id, word) VALUES (9, 'encrypt-data-in-transit');;
INSERT INTO words (id, word) VALUES (10, 'implement-security-best-practices');;
INSERT INTO words (id, word) VALUES (11, 'manage-access-and-permissions');;
INSERT INTO words (id, word) VALUES (12, 'protect-applications-against-ddos');;
INSERT INTO words (id, word) VALUES (13, 'remediate-security-configurations');;
INSERT INTO words (id, word) VALUES (14, 'remediate-vulnerabilities');;
INSERT INTO words (id, word) VALUES (15, 'restrict-unauthorized-network-access');;
INSERT INTO words (id, word) VALUES (16, 'secure-management-ports');;
INSERT INTO words (id, word) VALUES (17, 'T');;
INSERT INTO words (id, word) VALUES (18, 'c');;
INSERT INTO words (id, word) VALUES (19, 'eu');;
INSERT INTO words (id, word) VALUES (20, 't/a');;
INSERT INTO words (id, word) VALUES (21, 'x');;
INSERT INTO words (id, word) VALUES (22, 'y')
