// Every question that pages ask of the API, and every change that they make.
import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type Filter, valuesOf } from "../ui/filter";
import type { Listing } from "../ui/listpage";
import { useParams } from "../ui/url";
import { address, call, type Query, setCSRF } from "./client";
import type * as t from "./types";

// Rows of the first page, which is waited for, and of those that follow while scrolling.
const firstPage = 200;
const nextPage = 1000;

function useScope(): string | undefined {
  return useParams().scope || undefined;
}

/** useList reads a list page by page; `key` begins its query key. */
function useList<T>(key: string, path: string, query: Query, options: { enabled?: boolean } = {}): Listing<T> {
  const list = useInfiniteQuery({
    queryKey: [key, "list", query],
    queryFn: ({ pageParam, signal }) => call<t.List<T>>("GET", path, { ...query, limit: pageParam ? nextPage : firstPage, cursor: pageParam }, undefined, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next || undefined,
    placeholderData: keepPreviousData,
    enabled: options.enabled,
  });
  return { ...list, address: address(path, query) } as Listing<T>;
}

/** some joins the values of a filter's key as a query has them. */
const joined = (f: Filter, key: string) => valuesOf(f, key).join(",") || undefined;

function useOne<T>(key: string, path: string, query: Query = {}, options: { enabled?: boolean; keep?: boolean; poll?: number } = {}) {
  return useQuery({
    queryKey: [key, path, query],
    queryFn: ({ signal }) => call<T>("GET", path, query, undefined, signal),
    enabled: options.enabled,
    placeholderData: options.keep ? keepPreviousData : undefined,
    refetchInterval: options.poll,
  });
}

// Session.

export function useSession() {
  return useQuery({
    queryKey: ["session"],
    queryFn: async ({ signal }) => {
      const s = await call<t.Session>("GET", "/session", {}, undefined, signal);
      setCSRF(s.csrf);
      return s;
    },
    staleTime: Infinity,
  });
}

export function useSignIn() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (who: { name: string; password: string; link?: string }) => (who.link ? call("POST", "/session/link", {}, { token: who.link, name: who.name, password: who.password }) : call("POST", "/session", {}, who)),
    onSuccess: () => queries.resetQueries({ queryKey: ["session"] }),
  });
}

export function useSignOut() {
  return useMutation({
    mutationFn: () => call("DELETE", "/session"),
    onSuccess: () => location.assign("/sign-in"),
  });
}

// Scopes, runs, version.

export function useScopes() {
  const scopes = useOne<t.List<Omit<t.Scope, "depth">>>("scopes", "/scopes");
  const paths = new Set(scopes.data?.items.map((s) => s.path));
  const depth = (path: string) => {
    let n = 0;
    for (let cut = path.lastIndexOf("/"); cut > 0; cut = path.lastIndexOf("/", cut - 1)) if (paths.has(path.slice(0, cut))) n++;
    return n;
  };
  return { ...scopes, data: scopes.data?.items.map((s): t.Scope => ({ ...s, depth: depth(s.path) })) };
}

export function useRuns() {
  const runs = useOne<t.List<t.Run>>("runs", "/runs", { limit: 50 });
  return { ...runs, data: runs.data?.items };
}

// Posture.

export function useOverview() {
  return useOne<t.Overview>("overview", "/overview", { scope: useScope() }, { keep: true });
}

export function useExplain() {
  return useOne<t.Explanation>("score", "/score", { scope: useScope() }, { keep: true });
}

export function useHistory() {
  const history = useOne<t.List<t.ScorePoint>>("history", "/score/history", { scope: useScope() }, { keep: true });
  return { ...history, data: history.data?.items };
}

export function useRecommendations(f: Filter, sort?: string) {
  return useList<t.Recommendation>("recommendations", "/recommendations", {
    scope: useScope(),
    text: f.text,
    severity: joined(f, "severity"),
    state: joined(f, "state"),
    control: joined(f, "control"),
    type: joined(f, "type"),
    provider: joined(f, "provider"),
    fix: joined(f, "fix"),
    sort,
  });
}

export function useFindings(f: Filter, sort?: string) {
  return useList<t.Finding>("findings", "/findings", {
    scope: useScope(),
    text: f.text,
    severity: joined(f, "severity"),
    state: joined(f, "state") ?? "open",
    check: joined(f, "check"),
    exempt: joined(f, "exempt"),
    sort,
  });
}

export function useCheck(id: string) {
  return useOne<t.Check>("check", "/check", { id, scope: useScope() }, { enabled: id !== "" });
}

export function useAssessments(q: { check?: string; asset?: string; state?: string; text?: string }) {
  return useList<t.Assessment>("assessments", "/assessments", { ...q, scope: useScope() });
}

export function useAssets(f: Filter, sort?: string) {
  return useList<t.AssetRow>("assets", "/assets", {
    scope: useScope(),
    text: f.text,
    type: joined(f, "type"),
    origin: joined(f, "origin"),
    region: joined(f, "region"),
    in: joined(f, "in"),
    stale: joined(f, "stale"),
    sort,
  });
}

export function useAsset(id: string) {
  return useOne<t.Asset>("asset", "/asset", { id }, { enabled: id !== "" });
}

export function useDiff(id: string, from: number, to: number) {
  const diff = useOne<{ items: t.Change[] }>("diff", "/asset/diff", { id, from, to }, { enabled: from > 0 && to > 0 && from !== to });
  return { ...diff, data: diff.data?.items } as ReturnType<typeof useQuery<t.Change[]>>;
}

const found = 6;

export function useFindChecks(text: string) {
  const list = useOne<t.List<t.Recommendation>>("recommendations", "/recommendations", { text, limit: found }, { enabled: text.length > 1, keep: true });
  return { ...list, data: text.length > 1 ? list.data?.items : undefined };
}

export function useFindAssets(text: string) {
  const list = useOne<t.List<t.AssetRow>>("assets", "/assets", { text, limit: found }, { enabled: text.length > 1, keep: true });
  return { ...list, data: text.length > 1 ? list.data?.items : undefined };
}

// Coverage, standards.

export function useGaps(f: Filter) {
  return useList<t.Gap>("gaps", "/gaps", { scope: useScope(), text: f.text, what: joined(f, "what"), connector: joined(f, "connector") });
}

export function useStandards() {
  const list = useOne<t.List<t.Standard>>("standards", "/standards", { scope: useScope() }, { keep: true });
  return { ...list, data: list.data?.items } as ReturnType<typeof useQuery<t.Standard[]>>;
}

export function useStandard(id: string) {
  return useOne<t.Standard>("standards", "/standard", { id, scope: useScope() }, { enabled: id !== "" });
}

// Exemptions.

export type NewExemption = Pick<t.Exemption, "check" | "scope" | "asset" | "finding" | "category" | "reason" | "expires">;

export interface Exempted {
  id: string;
  before?: number;
  after?: number;
}

export function useExemptions() {
  const list = useOne<t.List<t.Exemption>>("exemptions", "/exemptions", { limit: 1000 });
  return { ...list, data: list.data?.items } as ReturnType<typeof useQuery<t.Exemption[]>>;
}

const touched = ["exemptions", "recommendations", "assessments", "findings", "check", "asset", "overview", "history", "score"];

/** useExempt makes exemptions one after the other, so that each tells the score before and after it. */
export function useExempt() {
  const queries = useQueryClient();
  const stale = () => Promise.all(touched.map((key) => queries.invalidateQueries({ queryKey: [key] })));
  const make = useMutation({
    mutationFn: async (list: NewExemption[]) => {
      const done: Exempted[] = [];
      for (const e of list) done.push(await call<Exempted>("POST", "/exemptions", {}, e));
      return done;
    },
    onSettled: stale,
  });
  const undo = useMutation({
    mutationFn: async (ids: string[]) => {
      for (const id of ids) await call("DELETE", `/exemptions/${encodeURIComponent(id)}`);
    },
    onSettled: stale,
  });
  return { ...make, undo };
}

// Connectors.

export function useConnectors() {
  const list = useOne<t.List<t.Connector>>("connectors", "/connectors");
  return { ...list, data: list.data?.items } as ReturnType<typeof useQuery<t.Connector[]>>;
}

export function useScan() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (connector: string) => call<t.Run>("POST", "/runs", {}, { connector }),
    onSuccess: () => Promise.all(["runs", "connectors"].map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
}

// Settings.

export const roles = [
  { value: "reader", label: "Reader" },
  { value: "contributor", label: "Contributor" },
  { value: "security-admin", label: "Security admin" },
  { value: "owner", label: "Owner" },
];

export function useVersion() {
  return useOne<{ version: string }>("version", "/version");
}

export function useUsers() {
  const queries = useQueryClient();
  const stale = () => queries.invalidateQueries({ queryKey: ["users"] });
  const list = useOne<t.List<t.User>>("users", "/users");
  return {
    list: { ...list, data: list.data?.items } as ReturnType<typeof useQuery<t.User[]>>,
    add: useMutation({ mutationFn: (u: { name: string; role: string; scope: string }) => call<{ link: string }>("POST", "/users", {}, u), onSuccess: stale }),
    remove: useMutation({ mutationFn: (name: string) => call("DELETE", `/users/${encodeURIComponent(name)}`), onSuccess: stale }),
  };
}

export function useTokens() {
  const queries = useQueryClient();
  const stale = () => queries.invalidateQueries({ queryKey: ["tokens"] });
  const list = useOne<t.List<t.Token>>("tokens", "/tokens");
  return {
    list: { ...list, data: list.data?.items } as ReturnType<typeof useQuery<t.Token[]>>,
    add: useMutation({ mutationFn: (u: { name: string; role: string; scope: string; expires: string }) => call<{ id: string; secret: string }>("POST", "/tokens", {}, u), onSuccess: stale }),
    remove: useMutation({ mutationFn: (id: string) => call("DELETE", `/tokens/${encodeURIComponent(id)}`), onSuccess: stale }),
  };
}

export function useAudit() {
  return useList<t.AuditEntry>("audit", "/audit", {});
}

// The controls' titles, which never change while the program runs.
const controls: Record<string, string> = {
  "enable-mfa": "Enable multi-factor authentication",
  "secure-management-ports": "Secure management ports",
  "apply-system-updates": "Apply system updates",
  "remediate-vulnerabilities": "Remediate vulnerabilities",
  "remediate-security-configurations": "Remediate security configurations",
  "manage-access-and-permissions": "Manage access and permissions",
  "enable-encryption-at-rest": "Enable encryption at rest",
  "encrypt-data-in-transit": "Encrypt data in transit",
  "restrict-unauthorized-network-access": "Restrict unauthorized network access",
  "apply-adaptive-application-control": "Apply adaptive application control",
  "protect-applications-against-ddos": "Protect applications against DDoS attacks",
  "enable-endpoint-protection": "Enable endpoint protection",
  "enable-auditing-and-logging": "Enable auditing and logging",
  "enable-enhanced-security-features": "Enable enhanced security features",
  "implement-security-best-practices": "Implement security best practices",
};

/** controlTitle names a secure-score control. */
export const controlTitle = (id: string) => controls[id] ?? (id || "In no control");
