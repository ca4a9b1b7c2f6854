import { SegmentedControl } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconShieldCheck } from "@tabler/icons-react";
import { useCallback, useState } from "react";
import { controlTitle, useRecommendations } from "../api/queries";
import type { Facet, Recommendation } from "../api/types";
import { ExemptDialog } from "../detail/exempt";
import { WhatIf } from "../detail/whatif";
import type { Page } from "../frame/page";
import type { Field } from "../ui/filter";
import { ordered } from "../ui/filterbar";
import type { Column, Item } from "../ui/grid";
import { ListPage } from "../ui/listpage";
import { severities, SeverityMark, states, TallyBar } from "../ui/marks";
import { count, points, some } from "../ui/text";
import { useOpen, useParams, useSetParams } from "../ui/url";
import { Findings } from "./parts/findings";

export const page: Page = {
  path: "/recommendations",
  title: "Recommendations",
  section: "Posture",
  order: 2,
  icon: IconShieldCheck,
  key: "r",
};

const columns: Column<Recommendation>[] = [
  { id: "severity", label: "Severity", width: "88px", sort: true, cell: (r) => <SeverityMark of={r.severity} /> },
  {
    id: "title",
    label: "Recommendation",
    width: "minmax(200px, 1fr)",
    sort: true,
    cell: (r) => (
      <>
        <span className="cut">{r.title}</span>
        {r.preview && <span className="tag tag-plain">preview</span>}
        {r.custom && <span className="tag tag-plain">yours</span>}
      </>
    ),
  },
  { id: "unhealthy", label: "Unhealthy", width: "84px", sort: true, right: true, cell: (r) => (r.unhealthy > 0 ? <strong>{count(r.unhealthy)}</strong> : <span className="faint">0</span>) },
  { id: "unknown", label: "Unknown", width: "70px", right: true, sort: true, cell: (r) => <span className={r.unknown ? "c-unknown" : "faint"}>{count(r.unknown)}</span> },
  { id: "tally", label: "Assets", width: "76px", cell: (r) => <TallyBar of={r} width={72} /> },
  { id: "gain", label: "To gain", width: "60px", sort: true, right: true, cell: (r) => (r.potential > 0 ? `+${points(r.potential)}` : <span className="faint">–</span>) },
];

export default function Recommendations() {
  const { view = "control" } = useParams();
  const set = useSetParams();
  const views = (
    <SegmentedControl
      aria-label="View"
      value={view}
      onChange={(v) => set({ view: v === "control" ? undefined : v, sort: undefined })}
      data={[
        { value: "control", label: "By control" },
        { value: "flat", label: "Flat" },
        { value: "findings", label: "Every problem" },
      ]}
    />
  );
  return view === "findings" ? <Findings views={views} /> : <Checks grouped={view === "control"} views={views} />;
}

const keys = ["severity", "state", "control", "type", "provider", "fix"];

function Checks({ grouped, views }: { grouped: boolean; views: React.ReactNode }) {
  const open = useOpen();
  const [closed, setClosed] = useState<Set<string>>(new Set());
  const arrange = useCallback((rows: Recommendation[]) => (grouped ? group(rows, closed) : rows.map((row) => ({ row }))), [grouped, closed]);
  return (
    <ListPage
      title="Recommendations"
      one="recommendation"
      name="recommendations"
      placeholder="Filter: severity:critical state:unhealthy public access"
      keys={keys}
      sort="-severity"
      read={useRecommendations}
      fields={fields}
      answer={(rows, total, whole) => <Answered bad={rows.filter((r) => r.unhealthy > 0).length} total={total} whole={whole} />}
      columns={columns}
      id={(r) => r.id}
      onOpen={(r, replace) => open.show("check", r.id, { replace })}
      openID={open.kind === "check" ? open.id : undefined}
      exempt={(ids, close, done) => <ExemptDialog checks={ids} onClose={close} onDone={done} />}
      bulk={(ids) => <WhatIf checks={ids} />}
      arrange={arrange}
      onGroup={(key) => setClosed((old) => toggled(old, key))}
      actions={views}
      empty={{
        why: "unconnected",
        title: "Nothing has been judged yet",
        command: "bulwark serve --scan-iac ./infrastructure",
        children: "Recommendations appear when assets have been read.",
      }}
    />
  );
}

function fields(facets: Record<string, Facet[]>): Field[] {
  return [
    { key: "severity", label: "Severity", values: ordered(facets.severity, severities) },
    { key: "state", label: "State", values: ordered(facets.state, states) },
    { key: "control", label: "Control", values: facets.control?.map((f) => ({ ...f, label: controlTitle(f.value) })) },
    { key: "type", label: "Asset type", values: facets.type },
    { key: "provider", label: "Provider", values: facets.provider },
    { key: "fix", label: "Has a fix", values: facets.fix },
  ];
}

function Answered({ bad, total, whole }: { bad: number; total: number; whole: boolean }) {
  if (whole && bad === 0) return <>All of {some(total, "recommendation")} that apply are met, or unknown.</>;
  return (
    <>
      <strong>{whole ? count(bad) : `At least ${count(bad)}`}</strong> of {some(total, "recommendation")} {bad === 1 ? "has" : "have"} unhealthy assets.
    </>
  );
}

function toggled(old: Set<string>, key: string): Set<string> {
  const next = new Set(old);
  if (!next.delete(key)) next.add(key);
  return next;
}

/** group puts rows under their controls, the control with most to gain first,
 *  and in it what is unhealthy before what is not. */
function group(rows: Recommendation[], closed: Set<string>): Item<Recommendation>[] {
  const groups = new Map<string, Recommendation[]>();
  for (const r of rows) {
    const list = groups.get(r.control);
    if (list) list.push(r);
    else groups.set(r.control, [r]);
  }
  const gain = (list: Recommendation[]) => Math.max(...list.map((r) => r.potential));
  const ordered = [...groups].sort((a, b) => gain(b[1]) - gain(a[1]) || b[1].length - a[1].length);
  return ordered.flatMap(([control, list]) => {
    const shut = closed.has(control);
    const bad = list.filter((r) => r.unhealthy > 0).length;
    const Chevron = shut ? IconChevronRight : IconChevronDown;
    const header = (
      <button className="bare-button row grow" aria-expanded={!shut} tabIndex={-1}>
        <Chevron size={14} aria-hidden />
        <span className="cut">{controlTitle(control)}</span>
        <span className="muted num">
          {bad} of {list.length}
        </span>
      </button>
    );
    const first = [...list.filter((r) => r.unhealthy > 0), ...list.filter((r) => r.unhealthy === 0)];
    return [{ group: control, header }, ...(shut ? [] : first.map((row) => ({ row })))];
  });
}
