// What pages read. The names are those of the API.
import type { Severity, State, Tally } from "../ui/marks";

export interface Position {
  file?: string;
  line?: number;
  endLine?: number;
  via?: string[];
}

export interface Facet {
  value: string;
  count: number;
}

export interface List<T> {
  items: T[];
  next?: string;
  total?: number;
  facets?: Record<string, Facet[]>;
}

export interface Session {
  name: string;
  role: string;
  csrf: string;
}

export interface Scope {
  path: string;
  name: string;
  kind: string;
  assets: number;
  depth: number;
}

export interface Run {
  id: string;
  connector: string;
  started: string;
  ended?: string;
  assets: number;
  judged: number;
  changed: number;
  gaps: number;
  error?: string;
}

export interface ControlScore extends Required<Tally> {
  id: string;
  title: string;
  points: number; // what it is worth in one scope
  max: number; // what it can give here; several scopes are weighted
  current: number;
  potential: number;
  counted: boolean; // false when no asset is healthy or unhealthy in it
}

export interface ExplainedControl extends ControlScore {
  losing: { asset: string; name: string; points: number; checks: string[] }[];
  losingTotal: number;
}

export interface Explanation {
  ratio?: number;
  current: number;
  max: number;
  controls: ExplainedControl[];
}

export interface Mover {
  at: string;
  what: string;
  points: number; // change of the score, in points; negative is a loss
  check?: string;
  asset?: string;
  control?: string;
}

export interface ScorePoint {
  at: string;
  current: number;
  max: number;
}

export interface ScopeScore {
  path: string;
  name: string;
  kind: string;
  ratio?: number;
  assets: number;
  unhealthy: number;
  gaps: number;
}

export interface Overview {
  score: { ratio?: number; current: number; max: number };
  controls: ControlScore[];
  severities: Record<Severity, number>;
  first: Recommendation[];
  movers: Mover[];
  scopes: ScopeScore[];
  assets: number;
  coverage: { complete: number; total: number; stale: number };
  gaps: number;
}

export interface Recommendation extends Required<Tally> {
  id: string;
  title: string;
  severity: Severity;
  control: string;
  preview: boolean;
  custom: boolean;
  fix: boolean;
  potential: number;
  types: string[];
}

export interface CheckTest {
  name: string;
  want: State;
}

export interface Check extends Recommendation {
  risk: string;
  remediation: Record<string, string>;
  attack: string[];
  equivalents: Record<string, string[]>;
  references: string[];
  standards: { standard: string; control: string; title: string }[];
  source: string;
  file: string;
  line: number;
  tests: CheckTest[];
  parameters: { name: string; description: string; default: string }[];
  exact?: number; // points that mending it alone would give
}

export interface Evidence {
  asset: string;
  path: string;
  value: string;
  reason?: string;
  position?: Position;
}

export interface AssetRow {
  id: string;
  type: string;
  name: string;
  scope: string;
  origin: string;
  region?: string;
  connector?: string;
  stale?: boolean;
  firstSeen?: string;
  changed?: string;
  unhealthy: number;
  unknown: number;
  highest: Severity;
}

export interface Assessment {
  check: string;
  title: string;
  severity: Severity;
  control: string;
  asset: string;
  state: State;
  because?: string;
  evidence: Evidence[];
  instances: { key: string; path?: string; location?: Position }[];
  exemption?: string;
  row?: AssetRow;
}

export interface Finding {
  id: string;
  check: string;
  title: string;
  asset: string;
  instance?: string;
  state: "open" | "resolved";
  severity: Severity;
  risk: Severity;
  because?: string;
  location?: Position;
  firstSeen: string;
  lastChanged: string;
  exemption?: string;
  row?: AssetRow;
}

export interface Relation {
  name: string;
  type?: string;
  target?: string;
  targetName?: string;
  reason?: string;
  inverse: boolean;
}

export interface Version {
  number: number;
  at: string;
  gone?: boolean;
}

export interface Asset extends AssetRow {
  aliases: string[];
  position?: Position;
  properties: unknown;
  observed?: unknown;
  positions: Record<string, Position>;
  assessments: Assessment[];
  relations: Relation[];
  versions: Version[];
}

export interface Change {
  path: string;
  before?: unknown;
  after?: unknown;
}

export interface Gap {
  what: string;
  where: string;
  why: string;
  needs?: string;
  connector?: string;
  scope?: string;
  at?: string;
}

export interface Connector {
  id: string;
  kind: string;
  name: string;
  enabled: boolean;
  interval?: string;
  lastRun?: Run;
  nextRun?: string;
}

export interface Exemption {
  id: string;
  check?: string;
  scope?: string;
  asset?: string;
  finding?: string;
  category: "waiver" | "mitigated";
  reason: string;
  author: string;
  created: string;
  expires?: string;
}

export interface Standard {
  id: string;
  title: string;
  version: string;
  publisher: string;
  description?: string;
  references: string[];
  passed: number;
  failed: number;
  unknown: number;
  notApplicable: number;
  manual: number;
  notCovered: number;
  sections: StandardSection[];
}

export interface StandardSection {
  id: string;
  title: string;
  controls: StandardControl[];
}

export interface StandardControl extends Required<Tally> {
  id: string;
  title: string;
  coverage: "automated" | "manual" | "not covered";
  status: string;
  manual?: string;
  checks: string[];
}

export interface User {
  name: string;
  role: string;
  grants: { role: string; scope: string }[];
  created: string;
  disabled?: boolean;
}

export interface Token {
  id: string;
  name: string;
  role: string;
  scope: string;
  created: string;
  expires?: string;
  lastUsed?: string;
}

export interface AuditEntry {
  number: number;
  at: string;
  actor: string;
  action: string;
  object: string;
  detail?: string;
  hash: string;
}
