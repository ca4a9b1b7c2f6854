// Every question that pages ask of the API, and every change that they make.
import { keepPreviousData, useInfiniteQuery, useMutation, useMutationState, useQuery, useQueryClient } from "@tanstack/react-query";
import { type Filter, valuesOf } from "../ui/filter";
import type { Listing } from "../ui/listpage";
import { useParams } from "../ui/url";
import { base } from "./base";
import { address, call, type Query, setCSRF } from "./client";
import type * as t from "./types";

// Rows of the first page, which is waited for, and of those that follow while scrolling.
const firstPage = 200;
const nextPage = 1000;

function useScope(): string | undefined {
  return useParams().scope || undefined;
}

/** useList reads a list page by page; `key` begins its query key. */
export function useList<P extends t.Path>(key: string, path: P, query: t.Question<P>, first = firstPage): Listing<t.Row<P>> {
  const asked = query as Query;
  const list = useInfiniteQuery({
    queryKey: [key, "list", asked],
    queryFn: ({ pageParam, signal }) => call<t.List<t.Row<P>>>("GET", path, { ...asked, limit: pageParam ? nextPage : first, cursor: pageParam }, undefined, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next || undefined,
    placeholderData: keepPreviousData,
  });
  return { ...list, address: address(path, asked) } as Listing<t.Row<P>>;
}

/** joined writes the values of a filter's key as a query has them. */
export const joined = (f: Filter, key: string) => valuesOf(f, key).join(",") || undefined;

/** useOne reads a path; `pick` takes what pages want of its answer. */
export function useOne<P extends t.Path, T = t.Answer<P>>(key: string, path: P, query: t.Question<P>, options: { enabled?: boolean; keep?: boolean; pick?: (answer: t.Answer<P>) => T } = {}) {
  return useQuery({
    queryKey: [key, path, query],
    queryFn: ({ signal }) => call<t.Answer<P>>("GET", path, query as Query, undefined, signal),
    select: options.pick,
    enabled: options.enabled,
    placeholderData: options.keep ? (keepPreviousData as never) : undefined,
  });
}

/** itemsOf takes the items of a list. */
const itemsOf = <T>(list: { items: T[] }): T[] => list.items;

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
    onSuccess: () => location.assign("/sign-in?out=1"),
  });
}

// Organisations, scopes, runs, version.

export function useOrganizations() {
  return useQuery({
    queryKey: ["organizations"],
    queryFn: ({ signal }) => call<t.Answer<"/organizations">>("GET", "/organizations", {}, undefined, signal),
    refetchInterval: (q) => (q.state.data?.items.some((o) => o.state === "preparing") ? 1500 : false),
  });
}

export function useAddDemo() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => call("POST", "/demo"),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["organizations"] }),
  });
}

export function useRemoveDemo() {
  return useMutation({
    mutationFn: () => call("DELETE", "/demo"),
    onSuccess: () => location.assign("/"),
  });
}

export function useScopes() {
  return useOne("scopes", "/scopes", {}, { pick: treeOf });
}

/** treeOf tells how deep each scope stands in the tree. */
function treeOf(list: t.Answer<"/scopes">): t.Scope[] {
  const paths = new Set(list.items.map((s) => s.path));
  return list.items.map((s) => {
    let depth = 0;
    for (let cut = s.path.lastIndexOf("/"); cut > 0; cut = s.path.lastIndexOf("/", cut - 1)) if (paths.has(s.path.slice(0, cut))) depth++;
    return { ...s, depth };
  });
}

export function useRuns() {
  return useOne("runs", "/runs", { limit: 50 }, { pick: (d) => itemsOf<t.Run>(d) });
}

// Posture.

export function useOverview() {
  return useOne("overview", "/overview", { scope: useScope() }, { keep: true });
}

export function useExplain() {
  return useOne("score", "/score", { scope: useScope() }, { keep: true });
}

export function useHistory() {
  return useOne("history", "/score/history", { scope: useScope() }, { keep: true, pick: (d) => itemsOf<t.ScorePoint>(d) });
}

export function useRecommendations(f: Filter, sort?: string) {
  return useList("recommendations", "/recommendations", {
    scope: useScope(),
    text: f.text,
    severity: joined(f, "severity"),
    state: joined(f, "state"),
    control: joined(f, "control"),
    type: joined(f, "type"),
    provider: joined(f, "provider"),
    fix: joined(f, "fix"),
    sort,
  }, nextPage); // groups are told of whole
}

export function useFindings(f: Filter, sort?: string): Listing<t.Finding> {
  return useList("findings", "/findings", {
    scope: useScope(),
    text: f.text,
    severity: joined(f, "severity"),
    state: joined(f, "state") ?? "open",
    check: joined(f, "check"),
    exempt: joined(f, "exempt"),
    sort,
  }) as Listing<t.Finding>;
}

export function useCheck(id: string) {
  return useOne("check", "/check", { id, scope: useScope() }, { enabled: id !== "" });
}

export function useAssessments(q: { check?: string; asset?: string; state?: string; text?: string }): Listing<t.Assessment> {
  return useList("assessments", "/assessments", { ...q, scope: useScope() }) as Listing<t.Assessment>;
}

export function useAssets(f: Filter, sort?: string): Listing<t.AssetRow> {
  return useList("assets", "/assets", {
    scope: useScope(),
    text: f.text,
    type: joined(f, "type"),
    origin: joined(f, "origin"),
    region: joined(f, "region"),
    in: joined(f, "in"),
    stale: joined(f, "stale"),
    sort,
  }) as Listing<t.AssetRow>;
}

export function useAsset(id: string) {
  return useOne("asset", "/asset", { id }, { enabled: id !== "", pick: (a) => a as t.Asset });
}

export function useDiff(id: string, from: number, to: number) {
  return useOne("diff", "/asset/diff", { id, from, to }, { enabled: from > 0 && to > 0 && from !== to, pick: (d) => itemsOf<t.Change>(d) });
}

const found = 6;

export function useFindChecks(text: string) {
  return useOne("recommendations", "/recommendations", { text, limit: found }, { enabled: text.length > 1, keep: true, pick: (d) => itemsOf<t.Recommendation>(d) });
}

export function useFindAssets(text: string) {
  return useOne("assets", "/assets", { text, limit: found }, { enabled: text.length > 1, keep: true, pick: (d) => d.items as t.AssetRow[] });
}

// Coverage, standards.

export function useGaps(f: Filter, sort?: string) {
  return useList("gaps", "/gaps", { scope: useScope(), text: f.text, what: joined(f, "what"), connector: joined(f, "connector"), needs: joined(f, "needs"), sort });
}

/** useGap reads one gap, wherever it is; null when there is none. */
export function useGap(id: string) {
  return useOne("gaps", "/gaps", { id }, { pick: (d) => itemsOf<t.Gap>(d)[0] ?? null });
}

/** useNeeds tells what each connector lacks, with the policy that gives it. */
export function useNeeds() {
  return useOne("gaps", "/gaps/permissions", { scope: useScope() }, { pick: (d) => itemsOf<t.ConnectorNeeds>(d) });
}

export function useStandards() {
  return useOne("standards", "/standards", { scope: useScope() }, { keep: true, pick: (d) => itemsOf<t.Standard>(d) });
}

export function useStandard(id: string) {
  return useOne("standards", "/standard", { id, scope: useScope() }, { enabled: id !== "" });
}

/** useChooseStandard puts a standard into use, or out of it. */
export function useChooseStandard() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (s: { id: string; inUse: boolean }) => call("PUT", "/standard", { id: s.id }, { inUse: s.inUse }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["standards"] }),
  });
}

// Exemptions.

export function useExemptions() {
  return useOne("exemptions", "/exemptions", { limit: 1000 }, { pick: (d) => itemsOf<t.Exemption>(d) });
}

const touched = ["exemptions", "recommendations", "assessments", "findings", "check", "asset", "overview", "history", "score"];

/** useExempt makes exemptions one after the other, so that each tells the score before and after it. */
export function useExempt() {
  const queries = useQueryClient();
  const stale = () => Promise.all(touched.map((key) => queries.invalidateQueries({ queryKey: [key] })));
  const make = useMutation({
    mutationFn: async (list: t.NewExemption[]) => {
      const done: t.Exempted[] = [];
      for (const e of list) done.push(await call<t.Exempted>("POST", "/exemptions", {}, e));
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

/** useWhatIf tells the score as it is and as it would be with checks mended. */
export function useWhatIf() {
  const scope = useScope();
  return useMutation({ mutationFn: (fix: { checks?: string[]; assets?: string[] }) => call<t.WhatIf>("POST", "/score/what-if", { scope }, fix) });
}

// Connectors.

export function useConnectors() {
  return useOne("connectors", "/connectors", {}, { pick: (d) => itemsOf<t.Connector>(d) });
}

/** useConnector reads a connector, with its configuration for who may change it. */
export function useConnector(id: string) {
  const removing = useMutationState({ filters: { mutationKey: ["remove-connector", id] }, select: (m) => m.state.status });
  return useQuery({
    queryKey: ["connectors", "one", id],
    queryFn: ({ signal }) => call<t.Connector>("GET", `/connectors/${encodeURIComponent(id)}`, {}, undefined, signal),
    enabled: id !== "" && !removing.some((s) => s === "pending" || s === "success"), // there is nothing left to read
  });
}

/** useKinds reads what can be connected; it does not change while the program runs. */
export function useKinds() {
  return useQuery({
    queryKey: ["kinds"],
    queryFn: ({ signal }) => call<t.List<t.ConnectorKind>>("GET", "/connector-kinds", {}, undefined, signal),
    select: (d) => d.items,
    staleTime: Infinity,
  });
}

export function useRunsOf(connector: string) {
  return useOne("runs", "/runs", { connector, limit: 50 }, { pick: (d) => itemsOf<t.Run>(d) });
}

/** useChanged returns a function that makes what connectors touch be read again. */
function useChanged() {
  const queries = useQueryClient();
  return () => Promise.all(["connectors", "runs", "gaps", "scopes", "standards"].map((key) => queries.invalidateQueries({ queryKey: [key] })));
}

export function useScan() {
  const changed = useChanged();
  return useMutation({ mutationFn: (connector: string) => call<t.Run>("POST", "/runs", {}, { connector }), onSuccess: changed });
}

/** useSaveConnector adds a connector or, with an id, changes one in place. */
export function useSaveConnector(id?: string) {
  const changed = useChanged();
  return useMutation({
    mutationFn: (c: t.NewConnector | t.ChangedConnector) => (id ? call<t.Connector>("PATCH", `/connectors/${encodeURIComponent(id)}`, {}, c) : call<t.Connector>("POST", "/connectors", {}, c)),
    onSuccess: changed,
  });
}

export function useRemoveConnector(id: string) {
  const changed = useChanged();
  return useMutation({ mutationKey: ["remove-connector", id], mutationFn: () => call("DELETE", `/connectors/${encodeURIComponent(id)}`), onSuccess: changed, gcTime: 0 });
}

/** useProbe tries every permission of a connector, usePlan counts the calls of a run; neither stores anything. */
export function useProbe() {
  return useMutation({ mutationFn: (c: t.TriedConnector) => call<t.Probes>("POST", "/connectors/probe", {}, c) });
}

export function usePlan() {
  return useMutation({ mutationFn: (c: t.TriedConnector) => call<t.CallPlan>("POST", "/connectors/plan", {}, c) });
}

// Settings.

export const roles: { value: t.Role; label: string }[] = [
  { value: "reader", label: "Reader" },
  { value: "contributor", label: "Contributor" },
  { value: "security-admin", label: "Security admin" },
  { value: "owner", label: "Owner" },
];

/** useMaySettle says whether who is signed in settles how this organisation is judged. */
export function useMaySettle(): boolean {
  const role = useSession().data?.role;
  return role === "owner" || role === "security-admin";
}

/** useMayConnect says whether who is signed in configures connectors here: the demo estate has those that it was made with. */
export function useMayConnect(): boolean {
  const may = useMaySettle();
  const here = useOrganizations().data;
  return may && !(here ? here.items.find((o) => o.id === here.current)?.demo : base);
}

/** useMayRun says whether who is signed in may begin a run or try a check. */
export function useMayRun(): boolean {
  const role = useSession().data?.role;
  return role !== undefined && role !== "reader";
}

export function useVersion() {
  return useOne("version", "/version", {});
}

export function useUsers() {
  const queries = useQueryClient();
  const stale = () => queries.invalidateQueries({ queryKey: ["users"] });
  return {
    list: useOne("users", "/users", {}, { pick: (d) => itemsOf<t.User>(d) }),
    add: useMutation({ mutationFn: (u: t.NewUser) => call<{ link: string }>("POST", "/users", {}, u), onSuccess: stale }),
    remove: useMutation({ mutationFn: (name: string) => call("DELETE", `/users/${encodeURIComponent(name)}`), onSuccess: stale }),
  };
}

export function useTokens() {
  const queries = useQueryClient();
  const stale = () => queries.invalidateQueries({ queryKey: ["tokens"] });
  return {
    list: useOne("tokens", "/tokens", {}, { pick: (d) => itemsOf<t.Token>(d) }),
    add: useMutation({ mutationFn: (u: t.NewToken) => call<{ id: string; secret: string }>("POST", "/tokens", {}, u), onSuccess: stale }),
    remove: useMutation({ mutationFn: (id: string) => call("DELETE", `/tokens/${encodeURIComponent(id)}`), onSuccess: stale }),
  };
}

export function useAudit() {
  return useList("audit", "/audit", {});
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
