// An asset: who it is, what was judged of it and why, how it is configured
// with what decides marked, how it changed, and what it is tied to.
import { Select, Tabs, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { useAsset, useCheck, useDiff } from "../api/queries";
import type { Asset, Assessment, Relation } from "../api/types";
import { Answer, Bones, Empty, Failed } from "../ui/answers";
import { Copy } from "../ui/code";
import { AssetGlyph, typeLabel } from "../ui/glyphs";
import { type Column, Grid } from "../ui/grid";
import { severities, SeverityMark, type State, StateMark, states, StateTag } from "../ui/marks";
import { ago, count, moment, some } from "../ui/text";
import { Tree, type TreeMark } from "../ui/tree";
import { useOpen, useParams, useSetParams } from "../ui/url";
import { ScopeName } from "../ui/scopename";
import { Place, Proof } from "./evidence";
import { ExemptDialog } from "./exempt";
import { Fix } from "./fix";
import "./detail.css";
import "../theme/more.css";

export default function AssetDetail({ id, alone }: { id: string; alone?: boolean }) {
  const asset = useAsset(id);
  return (
    <Answer of={asset} what="this asset" skeleton={<Bones rows={10} />}>
      {(a) => <Whole a={a} alone={alone} />}
    </Answer>
  );
}

function Whole({ a, alone }: { a: Asset; alone?: boolean }) {
  const { tab = "assessments" } = useParams();
  const set = useSetParams();
  const Title = alone ? "h1" : "h2";
  return (
    <article className="detail" aria-label={a.name}>
      <header className="detail-head">
        <Title className="detail-title">
          <span className="glyph-title">
            <AssetGlyph type={a.type} size={18} />
          </span>
          {a.name || a.id}
        </Title>
        <div className="identity">
          <span title={a.type}>{typeLabel(a.type)}</span>
          <ScopeName path={a.scope} />
          {a.region && <span>{a.region}</span>}
          <span>{a.origin}</span>
          {a.firstSeen && <span title={moment(a.firstSeen)}>seen first {ago(a.firstSeen)}</span>}
          {a.changed && <span title={moment(a.changed)}>changed {ago(a.changed)}</span>}
          {a.stale && <span className="tag s-unknown c-unknown">stale: its last reading failed</span>}
          {a.position?.file && <Place of={a.position} />}
        </div>
        <div className="identity">
          <span>
            <code className="cut">{a.id}</code>
            <Copy text={a.id} what="id" />
          </span>
        </div>
      </header>
      <Tabs value={tab} onChange={(t) => set({ tab: t ?? undefined }, { replace: true })} className="detail-tabs">
        <Tabs.List className="tabs-list">
          <Tabs.Tab value="assessments">Assessments</Tabs.Tab>
          <Tabs.Tab value="configuration">Configuration</Tabs.Tab>
          <Tabs.Tab value="history">History</Tabs.Tab>
          <Tabs.Tab value="relations">Relations</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="assessments" className="detail-pane">
          <Assessments a={a} />
        </Tabs.Panel>
        <Tabs.Panel value="configuration" className="detail-pane">
          <Configuration a={a} />
        </Tabs.Panel>
        <Tabs.Panel value="history" className="detail-pane">
          <History a={a} />
        </Tabs.Panel>
        <Tabs.Panel value="relations" className="detail-fill">
          <Relations a={a} />
        </Tabs.Panel>
      </Tabs>
    </article>
  );
}

function Assessments({ a }: { a: Asset }) {
  const [only, setOnly] = useState<State | "">("");
  const [exempting, setExempting] = useState("");
  const tally = (s: State) => a.assessments.filter((x) => x.state === s).length;
  const ordered = useMemo(() => [...a.assessments].sort((x, y) => states.indexOf(x.state) - states.indexOf(y.state) || severities.indexOf(x.severity) - severities.indexOf(y.severity)), [a.assessments]);
  const shown = ordered.filter((x) => (only ? x.state === only : x.state === "unhealthy" || x.state === "unknown"));
  if (a.assessments.length === 0) return <Empty why="filtered" title="No check applies to this type of asset yet" />;
  return (
    <>
      <div className="strip" role="group" aria-label="Verdicts">
        {states.map((s) => (
          <button key={s} aria-pressed={only === s} onClick={() => setOnly(only === s ? "" : s)}>
            <StateMark of={s} />
            <strong className="num">{count(tally(s))}</strong>
          </button>
        ))}
      </div>
      {shown.length === 0 && (only ? <p className="muted judged">No check is {only}.</p> : <Empty why="good" title="Every check that applies is met" />)}
      {shown.map((x) => (
        <Judged key={x.check} x={x} onExempt={() => setExempting(x.check)} />
      ))}
      {exempting && <ExemptDialog checks={[exempting]} assets={[a.id]} onClose={() => setExempting("")} onDone={() => undefined} />}
    </>
  );
}

/** Judged is one check on the asset: its verdict, what proves it, and, opened, how to mend it. */
function Judged({ x, onExempt }: { x: Assessment; onExempt: () => void }) {
  const open = useOpen();
  const [mending, setMending] = useState(false);
  return (
    <section className="judged" aria-label={x.title}>
      <div className="judged-head">
        <StateTag of={x.state} />
        <SeverityMark of={x.severity} short />
        <button className="bare-button link-button" onClick={() => open.show("check", x.check)}>
          {x.title}
        </button>
        {x.exemption && <span className="tag tag-plain">exempt</span>}
        {x.state === "unhealthy" && (
          <span className="row end judged-acts">
            <button className="bare-button muted" aria-expanded={mending} onClick={() => setMending(!mending)}>
              Mend
            </button>
            {!x.exemption && (
              <button className="bare-button muted" onClick={onExempt}>
                Exempt
              </button>
            )}
          </span>
        )}
      </div>
      <Proof of={x} />
      {mending && <Mend check={x.check} />}
    </section>
  );
}

function Mend({ check }: { check: string }) {
  const c = useCheck(check);
  return (
    <div className="judged-mend">
      <Answer of={c} what="how to mend it" skeleton={<Bones rows={2} />}>
        {(d) => <Fix of={d.remediation} />}
      </Answer>
    </div>
  );
}

/** marksOf gathers the deciding lines of all assessments that are not healthy. */
function marksOf(id: string, assessments: Assessment[]): TreeMark[] {
  return assessments
    .filter((x) => x.state === "unhealthy" || x.state === "unknown")
    .flatMap((x) => x.evidence.filter((e) => e.path && (!e.asset || e.asset === id)).map((e): TreeMark => ({ path: e.path, state: x.state as TreeMark["state"], words: x.title })));
}

function Configuration({ a }: { a: Asset }) {
  const [find, setFind] = useState("");
  const [marks, seen] = useMemo(() => {
    const all = marksOf(a.id, a.assessments);
    const observed = all.filter((m) => m.path.startsWith("observed."));
    return [all.filter((m) => !observed.includes(m)), observed.map((m) => ({ ...m, path: m.path.slice("observed.".length) }))];
  }, [a]);
  const empty = !a.properties || Object.keys(a.properties).length === 0;
  if (empty && !a.observed) return <Empty why="filtered" title="Nothing is known of its configuration" />;
  return (
    <div className="stack">
      <div className="row">
        <TextInput className="grow" placeholder="Find a property or value" aria-label="Find a property or value" leftSection={<IconSearch size={14} aria-hidden />} value={find} onChange={(e) => setFind(e.currentTarget.value)} />
        <span className="muted">{some(new Set(marks.concat(seen).map((m) => m.path)).size, "deciding line")}</span>
      </div>
      {!empty && <Tree value={a.properties} positions={a.positions} marks={marks} find={find} label="Declared properties" />}
      {Boolean(a.observed) && (
        <>
          <h3>Observed</h3>
          <Tree value={a.observed} marks={seen} find={find} label="Observed properties" />
        </>
      )}
    </div>
  );
}

function History({ a }: { a: Asset }) {
  const list = a.versions;
  const last = list[0]?.number;
  const [from, setFrom] = useState(String(list[1]?.number ?? ""));
  const [to, setTo] = useState(String(last ?? ""));
  const diff = useDiff(a.id, Number(from), Number(to));
  if (list.length < 2) {
    return (
      <Empty why="good" title="It has not changed since it was first seen">
        {a.firstSeen && `Seen first ${moment(a.firstSeen)}.`} Changes are kept for 400 days.
      </Empty>
    );
  }
  const options = list.map((v) => ({ value: String(v.number), label: `Version ${v.number} · ${moment(v.at)}${v.gone ? " · gone" : ""}` }));
  return (
    <div className="stack">
      <div className="versions">
        <Select label="From" data={options} value={from} onChange={(v) => v && setFrom(v)} allowDeselect={false} w={270} />
        <Select label="To" data={options} value={to} onChange={(v) => v && setTo(v)} allowDeselect={false} w={270} />
      </div>
      {from === to ? (
        <p className="muted">Choose two versions that differ.</p>
      ) : diff.isError ? (
        <Failed error={diff.error} what="the difference" retry={() => void diff.refetch()} />
      ) : diff.isPending ? (
        <Bones rows={4} />
      ) : (
        <>
          <p className="muted">{some(diff.data.length, "property", "properties")} changed.</p>
          {diff.data.length > 0 && (
            <div className="diff">
              {diff.data.map((c) => (
                <div key={c.path}>
                  <p className="diff-path">{c.path || "(the asset)"}</p>
                  {c.before !== undefined && <Line sign="−" className="diff-del" value={c.before} word="was" />}
                  {c.after !== undefined && <Line sign="+" className="diff-add" value={c.after} word="is" />}
                </div>
              ))}
            </div>
          )}
        </>
      )}
    </div>
  );
}

function Line({ sign, className, value, word }: { sign: string; className: string; value: unknown; word: string }) {
  return (
    <p className={`diff-line ${className}`}>
      <span aria-hidden>{sign}</span>
      <span className="sr">{word}</span>
      <span>{typeof value === "string" ? value : JSON.stringify(value, null, 2)}</span>
    </p>
  );
}

const relationColumns: Column<Relation>[] = [
  { id: "name", label: "Relation", width: "150px", cell: (r) => <span className="cut">{r.inverse ? `← ${r.name}` : r.name}</span> },
  { id: "type", label: "Kind", width: "170px", cell: (r) => <span className="cut muted">{r.type && typeLabel(r.type)}</span> },
  {
    id: "target",
    label: "To",
    width: "minmax(200px, 1fr)",
    cell: (r) =>
      r.target ? (
        <>
          <AssetGlyph type={r.type ?? ""} />
          <span className="cut" title={r.target}>
            {r.targetName || r.target}
          </span>
        </>
      ) : (
        <span className="c-unknown cut">unknown: {r.reason}</span>
      ),
  },
];

function Relations({ a }: { a: Asset }) {
  const open = useOpen();
  const items = useMemo(() => a.relations.map((row) => ({ row })), [a.relations]);
  if (items.length === 0) return <Empty why="filtered" title="It is tied to nothing that is known" />;
  return (
    <div className="fill">
      <Grid label="Relations" columns={relationColumns} items={items} id={(r) => `${r.inverse}${r.name}${r.target}${r.reason}`} onOpen={(r) => r.target && open.show("asset", r.target)} />
    </div>
  );
}
