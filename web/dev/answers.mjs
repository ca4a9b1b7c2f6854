// The answers of the invented server, in the shapes of /api/v1.
import { controls } from "./estate.mjs";

const rank = ["informational", "low", "medium", "high", "critical"];
const wants = (list, value) => !list || list.split(",").includes(String(value));
const inScope = (scope, path) => !scope || scope.split(",").some((s) => path === s || path.startsWith(`${s}/`));
const holds = (text, ...fields) => !text || fields.some((f) => String(f ?? "").toLowerCase().includes(text.toLowerCase()));

function facet(rows, value) {
  const counts = new Map();
  for (const r of rows) counts.set(value(r), (counts.get(value(r)) ?? 0) + 1);
  return [...counts].filter(([v]) => v).map(([v, count]) => ({ value: String(v), count })).sort((a, b) => b.count - a.count);
}

function page(rows, query, facets) {
  const from = Number(query.cursor ?? 0);
  const limit = Number(query.limit ?? 100);
  const next = from + limit < rows.length ? String(from + limit) : undefined;
  return { items: rows.slice(from, from + limit), next, total: rows.length, facets };
}

function sorted(rows, sort, keys) {
  if (!sort) return rows;
  const down = sort.startsWith("-");
  const value = keys[sort.replace("-", "")];
  if (!value) return rows;
  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  return [...rows].sort((a, b) => (down ? -1 : 1) * compare(value(a), value(b)));
}

const assetRow = ({ id, type, name, scope, origin, region, connector, stale, firstSeen, changed, unhealthy, unknown, highest }) => ({ id, type, name, scope, origin, region, connector, stale, firstSeen, changed, unhealthy, unknown, highest });

export function answers(d) {
  let exemptions = d.assets.length ? [{ id: "x1", check: "aws/s3/bucket_logging", scope: "aws/117750236689", category: "waiver", reason: "Staging holds no customer data; access logs cost more than they tell.", author: "user:morgan", created: d.before(12), expires: d.before(-78) }] : [];
  let users = [{ name: "alex", role: "owner", grants: [{ role: "owner", scope: "" }], created: d.before(40) }, { name: "morgan", role: "security-admin", grants: [{ role: "security-admin", scope: "aws" }], created: d.before(21) }, { name: "sam", role: "reader", grants: [{ role: "reader", scope: "code/shop" }], created: d.before(3) }];
  let tokens = [{ id: "t1", name: "ci", role: "reader", scope: "code", created: d.before(30), expires: d.before(-60), lastUsed: d.before(0.1) }];
  let serial = 1;
  const runs = [
    { id: "r3", connector: "aws", started: d.before(0.002), assets: 412, judged: 380, changed: 3, gaps: 2 },
    { id: "r2", connector: "code", started: d.before(0.2), ended: d.before(0.199), assets: 508, judged: 508, changed: 17, gaps: 2 },
    { id: "r1", connector: "kubernetes", started: d.before(0.1), ended: d.before(0.098), assets: 211, judged: 211, changed: 0, gaps: 1 },
    { id: "r0", connector: "azure", started: d.before(1.1), ended: d.before(1.099), assets: 0, judged: 0, changed: 0, gaps: 0, error: "azure: sign in: the client secret expired on 24 Nov 2026" },
  ];

  const exempt = (a) => a.exemption ?? exemptions.find((e) => e.check === a.check.id && (!e.asset || e.asset === a.asset.id) && (!e.scope || inScope(e.scope, a.asset.scope)) && !e.finding)?.id;
  const scoped = (scope) => d.assessments.filter((a) => inScope(scope, a.asset.scope) && (scope?.includes("code") || a.asset.origin !== "code" || true));

  function tallies(list) {
    const t = { healthy: 0, unhealthy: 0, unknown: 0, notApplicable: 0 };
    for (const a of list) {
      if (a.state === "unhealthy" && exempt(a)) t.notApplicable++;
      else if (a.state === "not applicable") t.notApplicable++;
      else t[a.state]++;
    }
    return t;
  }

  function scores(scope) {
    const byControl = new Map(controls.map((c) => [c.id, new Map()]));
    for (const a of scoped(scope)) {
      if (a.check.preview) continue;
      const assets = byControl.get(a.check.control);
      const s = a.state === "unhealthy" && exempt(a) ? "not applicable" : a.state;
      const old = assets.get(a.asset.id);
      const order = ["not applicable", "healthy", "unknown", "unhealthy"];
      if (old === undefined || order.indexOf(s) > order.indexOf(old)) assets.set(a.asset.id, s);
    }
    const list = controls.map((c) => {
      const t = { healthy: 0, unhealthy: 0, unknown: 0, notApplicable: 0 };
      for (const s of byControl.get(c.id).values()) t[s === "not applicable" ? "notApplicable" : s]++;
      const n = t.healthy + t.unhealthy;
      return { ...c, points: c.max, ...t, current: n ? (c.max / n) * t.healthy : 0, potential: n ? (c.max / n) * t.unhealthy : 0, counted: n > 0 };
    });
    const current = list.reduce((n, c) => n + c.current, 0);
    const max = list.reduce((n, c) => n + (c.counted ? c.max : 0), 0);
    return { controls: list, current, max, ratio: max ? current / max : undefined };
  }

  function recommendations(scope) {
    const byCheck = new Map();
    for (const a of scoped(scope)) byCheck.set(a.check, [...(byCheck.get(a.check) ?? []), a]);
    const potential = new Map(scores(scope).controls.map((c) => [c.id, c.unhealthy ? c.potential / c.unhealthy : 0]));
    return [...byCheck].map(([c, list]) => {
      const t = tallies(list);
      return { id: c.id, title: c.title, severity: c.severity, control: c.control, preview: c.preview, custom: c.custom, fix: c.fix, types: c.types, ...t, potential: c.preview ? 0 : t.unhealthy * (potential.get(c.control) ?? 0) };
    });
  }

  const because = (a) => (a.state === "unknown" ? `${a.check.path} could not be read: access was denied` : a.state === "unhealthy" ? `${a.check.path} is ${a.check.value === "null" ? "not set" : a.check.value}` : undefined);
  const assessment = (a) => ({
    check: a.check.id,
    title: a.check.title,
    severity: a.check.severity,
    control: a.check.control,
    asset: a.asset.id,
    state: a.state,
    because: because(a),
    evidence: a.state === "unhealthy" || a.state === "unknown" ? [{ asset: a.asset.id, path: a.check.path, value: a.check.value, reason: a.state === "unknown" ? "denied" : undefined, position: a.asset.position && { ...a.asset.position, line: a.asset.position.line + 4, endLine: a.asset.position.line + 4 } }] : [],
    instances: a.state === "unhealthy" && a.check.path.includes("containers[0]") ? [{ key: "app", path: "spec.template.spec.containers[0]", location: a.asset.position }] : [],
    exemption: a.state === "unhealthy" ? exempt(a) : undefined,
    row: assetRow(a.asset),
  });
  const finding = (a) => ({ id: `f${a.check.id}@${a.asset.id}`, check: a.check.id, title: a.check.title, asset: a.asset.id, state: "open", severity: a.check.severity, risk: a.check.severity, because: because(a), location: a.asset.position, firstSeen: a.firstSeen, lastChanged: a.firstSeen, exemption: exempt(a), row: assetRow(a.asset) });

  const chosen = {}; // standards
  const policyOf = (list) => ({ name: "policy.json", contentType: "application/json", about: "A policy for the role that Bulwark reads with.", text: JSON.stringify({ Version: "2012-10-17", Statement: [{ Sid: "BulwarkReads", Effect: "Allow", Action: list, Resource: "*" }] }, null, 2) + "\n" });
  const kinds = [
    { kind: "aws", title: "Amazon Web Services", about: "An account, or all accounts of an organisation.", config: [{ name: "organization", type: "boolean", about: "read all accounts of the organisation" }, { name: "regions", type: "list", about: "only these regions" }], secret: [{ name: "accessKeyId", type: "text", about: "id of a static access key", secret: true }], watches: false, discovers: true, probes: true, plans: true, access: [{ permission: "s3:GetBucketPolicy", types: ["AWS::S3::Bucket"] }], templates: [policyOf(["s3:GetBucketPolicy"])] },
    { kind: "iac", title: "Infrastructure code", about: "A folder of code on the server.", config: [{ name: "path", type: "text", about: "the folder", required: true }], watches: false, discovers: false, probes: false, plans: false },
    { kind: "kubernetes", title: "Kubernetes", about: "A cluster, by its API server.", config: [{ name: "server", type: "text", about: "address of the API server", address: true }], secret: [{ name: "token", type: "text", about: "of a service account", secret: true }], watches: true, discovers: false, probes: true, plans: true, access: [{ permission: "list pods (core)", types: ["v1/Pod"] }], templates: [{ name: "reader.yaml", contentType: "application/yaml", about: "A service account that may read the cluster.", text: "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: bulwark-reader\n" }] },
  ];
  const connectors = () =>
    d.assets.length
      ? ["aws", "azure", "gcp", "kubernetes", "code", "host"].map((id, i) => {
          const mine = d.assets.filter((a) => a.connector === id);
          const scopes = d.scopes.filter((s) => s.kind !== "group" && mine.some((a) => a.scope === s.path)).map((s) => ({ path: s.path, name: s.name, kind: s.kind, assets: mine.filter((a) => a.scope === s.path).length, stale: mine.filter((a) => a.scope === s.path && a.stale).length, gaps: d.gaps.filter((g) => g.scope === s.path).length }));
          return { id, kind: id === "code" ? "iac" : id, name: id === "code" ? "examples" : id, enabled: true, interval: "4h0m0s", lastRun: runs.find((r) => r.connector === id), nextRun: d.before(-0.02 * (i + 1)), configured: false, scopes, assets: mine.length, stale: mine.filter((a) => a.stale).length, gaps: d.gaps.filter((g) => g.connector === id).length, calls: 0 };
        })
      : [];

  const routes = {
    "GET /auth/methods": () => [200, { password: true }],
    "GET /auth/oidc": () => [200, { configured: true, password: true, issuer: "https://login.example.com", name: "Example", clientId: "bulwark", redirect: "http://127.0.0.1:8080/api/v1/auth/oidc/callback", scopes: ["openid", "profile", "email"], groupsClaim: "groups", grants: [{ group: "platform-team", role: "owner", scope: "" }, { group: "shop-team", role: "reader", scope: "aws/123456789012" }], sessionHours: 8, ready: true, checked: new Date().toISOString(), logout: true }],
    "GET /session": (q, b, cookie) => (/mock=in/.test(cookie) ? [200, { name: "alex", role: "owner", csrf: "mock" }] : [401, { code: "unauthenticated", message: "Nobody is signed in.", mend: "Sign in, or use an API token." }]),
    "POST /session": (q, b) => (b.password === "wrong" ? [401, { code: "bad-credentials", message: "Name and password do not match." }] : [200, { $cookie: "in" }]),
    "POST /session/link": () => [200, { $cookie: "in" }],
    "DELETE /session": () => [200, { $cookie: "" }],
    "GET /scopes": () => [200, { items: d.scopes }],
    "GET /runs": () => ((runs[0].assets += 3), (runs[0].judged += 3), [200, { items: d.assets.length ? runs : [] }]),
    "GET /overview": (q) => {
      const s = scores(q.scope);
      const bad = scoped(q.scope).filter((a) => a.state === "unhealthy" && !exempt(a));
      const severities = Object.fromEntries(rank.map((r) => [r, bad.filter((a) => a.check.severity === r).length]));
      const first = recommendations(q.scope).filter((r) => r.unhealthy > 0).sort((a, b) => rank.indexOf(b.severity) - rank.indexOf(a.severity) || b.potential - a.potential).slice(0, 7);
      const movers = d.assets.length ? [
        { at: d.before(2.1), what: "12 EC2 instances in production now demand version 2 of the metadata service", points: 0.83, check: "aws/ec2/instance_imdsv2" },
        { at: d.before(5.4), what: "Security group checkout-edge-41 opened SSH to the internet", points: -0.42, check: "aws/ec2/security_group_ssh_open" },
        { at: d.before(9), what: "Encryption at rest came on for ledger-store-7 and 4 more databases", points: 0.31, check: "aws/rds/instance_encrypted" },
      ] : [];
      const leaf = d.scopes.filter((x) => x.kind !== "group" && x.kind !== "repository" && inScope(q.scope, x.path)).map((x) => {
        const sc = scores(x.path);
        return { path: x.path, name: x.name, kind: x.kind, ratio: sc.ratio, assets: x.assets, unhealthy: bad.filter((a) => a.asset.scope === x.path).length, gaps: d.gaps.filter((g) => g.scope === x.path).length };
      });
      const assets = d.assets.filter((a) => inScope(q.scope, a.scope));
      return [200, { score: { ratio: s.ratio, current: s.current, max: s.max }, controls: s.controls, severities, first, movers, scopes: leaf, assets: assets.length, coverage: { complete: 181, total: 186, stale: assets.filter((a) => a.stale).length }, gaps: d.assets.length ? d.gaps.length : 0 }];
    },
    "GET /score/history": (q) => {
      const s = scores(q.scope);
      if (!d.assets.length) return [200, { items: [] }];
      return [200, { items: Array.from({ length: 60 }, (_, i) => ({ at: d.before(59 - i), current: s.current * (0.9 + (i / 59) * 0.1 + Math.sin(i / 5) * 0.012 * (i < 59 ? 1 : 0)), max: s.max })) }];
    },
    "GET /score": (q) => {
      const s = scores(q.scope);
      const losing = (id) => {
        const c = s.controls.find((x) => x.id === id);
        const n = c.healthy + c.unhealthy;
        const assets = [...new Set(scoped(q.scope).filter((a) => a.check.control === id && !a.check.preview && a.state === "unhealthy" && !exempt(a)).map((a) => a.asset))];
        return assets.slice(0, 50).map((a) => ({ asset: a.id, name: a.name, points: c.max / n, checks: scoped(q.scope).filter((x) => x.asset === a && x.check.control === id && x.state === "unhealthy").map((x) => x.check.id) }));
      };
      return [200, { current: s.current, max: s.max, ratio: s.ratio, controls: s.controls.map((c) => ({ ...c, losing: losing(c.id), losingTotal: c.unhealthy })) }];
    },
    "POST /score/what-if": (q, b) => {
      const before = scores(q.scope);
      const mended = d.assessments.filter((a) => a.state === "unhealthy" && (!b.checks || b.checks.includes(a.check.id)) && (!b.assets || b.assets.includes(a.asset.id)));
      for (const a of mended) a.state = "healthy";
      const after = scores(q.scope);
      for (const a of mended) a.state = "unhealthy";
      const brief = ({ ratio, current, max }) => ({ ratio, current, max });
      return [200, { before: brief(before), after: brief(after), changed: new Set(mended.map((a) => a.asset)).size }];
    },
    "GET /recommendations": (q) => {
      const all = recommendations(q.scope);
      const some = all.filter((r) => holds(q.text, r.title, r.id) && wants(q.severity, r.severity) && wants(q.control, r.control) && wants(q.fix, r.fix ? "yes" : "no") && wants(q.provider, r.id.split("/")[0]) && (!q.type || r.types.some((t) => wants(q.type, t))) && (!q.state || q.state.split(",").some((s) => r[s === "not applicable" ? "notApplicable" : s] > 0)));
      const rows = sorted(some, q.sort, { severity: (r) => rank.indexOf(r.severity) * 1e6 + r.unhealthy, title: (r) => r.title, unhealthy: (r) => r.unhealthy, unknown: (r) => r.unknown, gain: (r) => r.potential });
      return [200, page(rows, q, { severity: facet(all, (r) => r.severity), state: ["unhealthy", "unknown", "healthy"].map((s) => ({ value: s, count: all.filter((r) => r[s] > 0).length })), control: facet(all, (r) => r.control), provider: facet(all, (r) => r.id.split("/")[0]), type: facet(all.flatMap((r) => r.types), (t) => t), fix: facet(all, (r) => (r.fix ? "yes" : "no")) })];
    },
    "GET /findings": (q) => {
      const all = scoped(q.scope).filter((a) => a.state === "unhealthy");
      const some = all.filter((a) => holds(q.text, a.check.title, a.asset.name, a.asset.id) && wants(q.severity, a.check.severity) && wants(q.check, a.check.id) && wants(q.exempt, exempt(a) ? "yes" : "no") && wants(q.state, "open"));
      const rows = sorted(some, q.sort ?? "-severity", { severity: (a) => rank.indexOf(a.check.severity), firstSeen: (a) => a.firstSeen });
      const p = page(rows, q, { severity: facet(all, (a) => a.check.severity), check: facet(all, (a) => a.check.id), exempt: facet(all, (a) => (exempt(a) ? "yes" : "no")), state: [{ value: "open", count: all.length }] });
      return [200, { ...p, items: p.items.map(finding) }];
    },
    "GET /check": (q) => {
      const r = recommendations(q.scope).find((c) => c.id === q.id);
      const c = d.checks.find((x) => x.id === q.id);
      if (!r || !c) return [404, { code: "not-found", message: `No check has the id ${q.id}.`, mend: "It may have been renamed: search for its title." }];
      return [200, { ...r, ...detail(c) }];
    },
    "GET /assessments": (q) => {
      const rows = scoped(q.scope).filter((a) => (!q.check || a.check.id === q.check) && (!q.asset || a.asset.id === q.asset) && wants(q.state, a.state) && holds(q.text, a.asset.name, a.asset.id));
      const p = page(rows, q);
      return [200, { ...p, items: p.items.map(assessment) }];
    },
    "GET /assets": (q) => {
      const all = d.assets.filter((a) => inScope(q.scope, a.scope));
      const some = all.filter((a) => holds(q.text, a.name, a.id) && wants(q.type, a.type) && wants(q.origin, a.origin) && wants(q.region, a.region) && wants(q.in, a.scope) && wants(q.stale, a.stale ? "yes" : "no"));
      const rows = sorted(some, q.sort ?? "name", { name: (a) => a.name, type: (a) => a.type, unhealthy: (a) => a.unhealthy, highest: (a) => rank.indexOf(a.highest) * 1000 + a.unhealthy, changed: (a) => a.changed });
      const p = page(rows, q, { type: facet(all, (a) => a.type), in: facet(all, (a) => a.scope), origin: facet(all, (a) => a.origin), region: facet(all, (a) => a.region), stale: facet(all, (a) => (a.stale ? "yes" : "no")) });
      return [200, { ...p, items: p.items.map(assetRow) }];
    },
    "GET /asset": (q) => {
      const a = d.assets.find((x) => x.id === q.id);
      if (!a) return [404, { code: "not-found", message: "No asset has this id.", detail: q.id, mend: "It may be gone, or outside the scopes that you may read." }];
      return [200, whole(a)];
    },
    "GET /asset/diff": () => [200, { items: [{ path: "Tags[1].Value", before: "staging", after: "production" }, { path: "MetadataOptions.HttpTokens", before: "required", after: "optional" }, { path: "SecurityGroupIds[2]", after: "sg-0a41c7" }] }],
    "GET /gaps": (q) => {
      const all = d.assets.length ? d.gaps.filter((g) => inScope(q.scope, g.scope)) : [];
      return [200, page(all.filter((g) => (!q.id || g.id === q.id) && holds(q.text, g.where, g.why) && wants(q.what, g.what) && wants(q.connector, g.connector)), q, { what: facet(all, (g) => g.what), connector: facet(all, (g) => g.connector) })];
    },
    "GET /connectors": () => [200, { items: connectors() }],
    "GET /connector-kinds": () => [200, { items: kinds }],
    "GET /gaps/permissions": () => [200, { items: d.assets.length ? [{ connector: "aws", kind: "aws", name: "aws", needs: [{ value: "s3:GetBucketPolicy", count: 3 }, { value: "kms:DescribeKey", count: 1 }], mend: [policyOf(["kms:DescribeKey", "s3:GetBucketPolicy"])] }] : [] }],
    "GET /organizations": () => [200, { current: "", items: [{ id: "", name: "Main", state: "ready" }] }],
    "GET /check/source": (q) => {
      const c = d.checks.find((x) => x.id === q.id);
      return c ? [200, { id: c.id, text: `${detail(c).source}\n`, custom: false, saves: true, folder: "checks" }] : [404, { code: "not-found", message: `No check has the id ${q.id}.` }];
    },
    "POST /checks/try": () => [200, { problems: [], tests: [{ name: "as it should be", want: "healthy", passed: true }], assets: 12, whole: true, inForce: true, now: { healthy: 9, unhealthy: 3, unknown: 0, notApplicable: 0 }, tried: { healthy: 9, unhealthy: 3, unknown: 0, notApplicable: 0 }, changes: 0, changed: [] }],
    "PUT /check": () => [200, { saved: true, problems: [] }],
    "PUT /standard": (q, b) => ((chosen[q.id] = b.inUse), [204, undefined]),
    "GET /checks": (q) => {
      const all = recommendations(q.scope).filter((r) => holds(q.text, r.title, r.id) && wants(q.found, r.unhealthy > 0 ? "yes" : "no"));
      return [200, page(all, q, { found: facet(all, (r) => (r.unhealthy > 0 ? "yes" : "no")), severity: facet(all, (r) => r.severity), provider: facet(all, (r) => r.id.split("/")[0]) })];
    },
    "POST /runs": (q, b) => (runs.unshift({ id: `r${++serial}`, connector: b.connector, started: new Date().toISOString(), assets: 0, judged: 0, changed: 0, gaps: 0 }), [202, runs[0]]),
    "GET /exemptions": () => [200, { items: exemptions }],
    "POST /exemptions": (q, b) => {
      const beforeScore = scores(b.scope).ratio;
      const e = { id: `x${++serial}`, author: "user:alex", created: new Date().toISOString(), ...b };
      exemptions = [e, ...exemptions];
      if (b.finding) {
        const a = d.assessments.find((x) => finding(x).id === b.finding);
        if (a) a.exemption = e.id;
      }
      return [201, { ...e, before: beforeScore, after: scores(b.scope).ratio }];
    },
    "GET /standards": (q) => [200, { items: standards(q.scope).map(({ sections, ...s }) => ({ ...s, sections: [] })) }],
    "GET /standard": (q) => {
      const s = standards(q.scope).find((x) => x.id === q.id);
      return s ? [200, s] : [404, { code: "not-found", message: `No standard has the id ${q.id}.` }];
    },
    "GET /users": () => [200, { items: users }],
    "POST /users": (q, b) => ((users = [...users, { name: b.name, role: b.role, grants: [{ role: b.role, scope: b.scope ?? "" }], created: new Date().toISOString() }]), [201, { link: "http://127.0.0.1:8080/sign-in?token=mock" }]),
    "GET /tokens": () => [200, { items: tokens }],
    "POST /tokens": (q, b) => ((tokens = [...tokens, { id: `t${++serial}`, created: new Date().toISOString(), ...b }]), [201, { id: `t${serial}`, secret: "bwk_invented_secret_shown_once" }]),
    "GET /audit": (q) => {
      const rows = Array.from({ length: 340 }, (_, i) => ({ number: 340 - i, at: d.before(i * 0.11), actor: ["user:alex", "user:morgan", "token:ci", "system"][i % 4], action: ["session.create", "exemption.create", "run.start", "user.create", "token.create"][i % 5], object: ["alex", "x1", "r2", "sam", "t1"][i % 5], detail: "", hash: (i * 2654435761 >>> 0).toString(16).padStart(8, "0").repeat(8) }));
      return [200, page(rows, q)];
    },
    "GET /version": () => [200, { version: "0.1.0-dev" }],
  };

  function detail(c) {
    const lines = [`title: ${c.title}`, `asset: ${c.types.length > 1 ? "workloads" : c.type}`, `severity: ${c.severity}`, `control: ${c.control}`, `healthy: >`, `  asset.${c.path} != ${c.value}`, `because: "${c.path} is {{asset.${c.path}}}"`];
    return {
      risk: "Whoever finds it needs no credentials of yours to begin. What is kept or run there can be read, changed or used to reach further.",
      remediation: {
        console: `1. Open the resource in the provider's console.\n2. Go to its **security** settings.\n3. Set \`${c.path}\` as your policy asks, then save.`,
        cli: `aws example update --id "$ID" \\\n  --set '${c.path}=true'`,
        terraform: `resource "example" "this" {\n  # ${c.path}\n  enabled = true\n}`,
      },
      attack: ["T1530", "T1190"],
      equivalents: { checkov: ["CKV_AWS_53"], trivy: [c.id.replaceAll("/", "-")] },
      references: ["https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html"],
      standards: [{ standard: "mcsb-v1", control: "NS-2", title: "Microsoft cloud security benchmark" }],
      source: lines.join("\n"),
      file: `content/checks/${c.id}.yaml`,
      line: 1,
      was: [],
      permissions: [],
      tests: [{ name: "as it should be", want: "healthy" }, { name: "left open", want: "unhealthy" }, { name: "could not be read", want: "unknown" }],
      parameters: [],
    };
  }

  function whole(a) {
    const mine = d.assessments.filter((x) => x.asset === a);
    const properties = { Name: a.name, Tags: [{ Key: "team", Value: "pay" }, { Key: "environment", Value: "production" }], Password: { $secret: ["password", "hmac"] }, OwnerRole: { $unknown: "known after apply" } };
    const positions = {};
    for (const x of mine) put(properties, x.check.path, x.state === "unknown" ? { $unknown: "denied" } : x.state === "unhealthy" ? JSON.parse(x.check.value) : true);
    if (a.position) {
      let line = a.position.line;
      const number = (v, path) => {
        for (const [k, c] of Object.entries(v)) {
          const at = Array.isArray(v) ? `${path}[${k}]` : /^[A-Za-z_][\w$-]*$/.test(k) ? (path ? `${path}.${k}` : k) : `${path}["${k}"]`;
          positions[at] = { file: a.position.file, line: ++line };
          if (c && typeof c === "object") number(c, at);
        }
      };
      number(properties, "");
    }
    const near = d.assets.filter((x) => x.scope === a.scope && x !== a).slice(0, 4);
    return { ...assetRow(a), aliases: [], position: a.position, properties, positions, assessments: mine.map(assessment), relations: near.map((n, i) => ({ name: ["account", "role", "subnets", "logs to"][i], inverse: i === 3, type: n.type, target: n.id, targetName: n.name })).concat([{ name: "key", reason: "the listing of keys was denied", inverse: false }]), versions: [{ number: 3, at: a.changed }, { number: 2, at: d.before(30) }, { number: 1, at: a.firstSeen }] };
  }

  function standards(scope) {
    const recs = recommendations(scope);
    const make = (id, title, version, publisher, sections) => {
      const out = sections.map(([sid, stitle, list]) => ({
        id: sid,
        title: stitle,
        controls: list.map(([cid, ctitle, match, manual]) => {
          const checks = match ? recs.filter((r) => match.test(r.id)) : [];
          const t = checks.reduce((n, r) => ({ healthy: n.healthy + r.healthy, unhealthy: n.unhealthy + r.unhealthy, unknown: n.unknown + r.unknown, notApplicable: n.notApplicable + r.notApplicable }), { healthy: 0, unhealthy: 0, unknown: 0, notApplicable: 0 });
          const coverage = checks.length ? "automated" : manual ? "manual" : "not covered";
          return { id: cid, title: ctitle, coverage, manual, checks: checks.map((r) => r.id), ...t, status: coverage === "automated" ? (t.unhealthy ? "failed" : t.unknown ? "unknown" : "passed") : coverage };
        }),
      }));
      const all = out.flatMap((s) => s.controls);
      const n = (s) => all.filter((c) => c.status === s).length;
      return { id, title, version, publisher, description: "Mapped to checks; what no check can judge is shown apart and never counted as passed.", references: ["https://learn.microsoft.com/security/benchmark/azure/overview"], connectors: id === "mcsb-v1" ? ["aws", "azure", "gcp", "kubernetes", "iac", "host"] : [], inUse: chosen[id] ?? id === "mcsb-v1", chosen: id in chosen || undefined, passed: n("passed"), failed: n("failed"), unknown: n("unknown"), notApplicable: 0, manual: n("manual"), notCovered: n("not covered"), sections: out };
    };
    return d.assets.length ? [
      make("mcsb-v1", "Microsoft cloud security benchmark", "1.0", "Microsoft", [
        ["NS", "Network security", [["NS-1", "Establish network segmentation boundaries", /firewall|nsg|security_group/], ["NS-2", "Secure cloud services with network controls", /public/], ["NS-3", "Deploy firewall at the edge", /all_open/], ["NS-5", "Deploy DDoS protection", null], ["NS-8", "Detect and disable insecure protocols", /tls|https/]]],
        ["IM", "Identity management", [["IM-1", "Use a centralised identity system", null, "Whether people sign in centrally is not in any configuration that is read."], ["IM-6", "Use strong authentication", /mfa/], ["IM-8", "Restrict the exposure of credentials", /imds/]]],
        ["DP", "Data protection", [["DP-3", "Encrypt sensitive data in transit", /tls|https/], ["DP-4", "Enable data at rest encryption", /encrypt/], ["DP-6", "Use a secure key management process", /key_rotation/]]],
        ["LT", "Logging and threat detection", [["LT-3", "Enable logging for security investigation", /log|trail|audit/], ["LT-6", "Configure log storage retention", null]]],
      ]),
      make("pod-security-standards", "Pod Security Standards", "1.34", "Kubernetes", [
        ["baseline", "Baseline", [["host-namespaces", "Host namespaces", /host_network/], ["privileged", "Privileged containers", /privileged/]]],
        ["restricted", "Restricted", [["escalation", "Privilege escalation", /privilege_escalation/], ["non-root", "Running as non-root", /run_as_root/]]],
      ]),
    ] : [];
  }

  return (method, path, query, body, cookie) => {
    const direct = routes[`${method} ${path}`];
    if (!/^\/(session|auth\/methods)/.test(path) && !/mock=in/.test(cookie)) return [401, { code: "unauthenticated", message: "Nobody is signed in." }];
    if (query.text === "!fail") return [503, { code: "unavailable", message: "store: read recommendations: the database is busy", mend: "Try again in a moment; the last score still holds." }];
    if (direct) return direct(query, body, cookie);
    const one = /^GET \/connectors\/(.+)$/.exec(`${method} ${path}`);
    if (one) {
      const c = connectors().find((x) => x.id === decodeURIComponent(one[1]));
      return c ? [200, c] : [404, { code: "not-found", message: "There is no such connector." }];
    }
    const gone = /^DELETE \/(exemptions|tokens|users)\/(.+)$/.exec(`${method} ${path}`);
    if (gone) {
      const id = decodeURIComponent(gone[2]);
      exemptions = exemptions.filter((e) => e.id !== id);
      tokens = tokens.filter((t) => t.id !== id);
      users = users.filter((u) => u.name !== id);
      return gone[1] === "exemptions" ? [200, {}] : [204, undefined];
    }
    return [404, { code: "not-found", message: `No route answers ${method} ${path}.` }];
  };
}

/** put sets a value at a path, making what holds it. */
function put(root, path, value) {
  const keys = [...path.matchAll(/\[(\d+)\]|\["([^"]+)"\]|([^.[\]]+)/g)].map((m) => (m[1] !== undefined ? Number(m[1]) : (m[2] ?? m[3])));
  let at = root;
  keys.forEach((k, i) => {
    if (at === null || typeof at !== "object") return;
    if (i === keys.length - 1) at[k] = value;
    else {
      if (at[k] === undefined || at[k] === null || typeof at[k] !== "object" || "$unknown" in at[k]) at[k] = typeof keys[i + 1] === "number" ? [] : {};
      if (Array.isArray(at[k])) for (let j = 0; j < Number(keys[i + 1]); j++) at[k][j] ??= {};
      at = at[k];
    }
  });
}
