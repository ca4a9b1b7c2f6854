// A recommendation: what is affected, what proves it, how to mend it, which
// standards ask for it, and the check itself.
import { SegmentedControl, Tabs, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { controlTitle, useAssessments, useCheck } from "../api/queries";
import type { Assessment, Check } from "../api/types";
import { Answer, Bones, Empty, Failed } from "../ui/answers";
import { AssetGlyph, typeLabel } from "../ui/glyphs";
import { type Column, Grid } from "../ui/grid";
import { Bulk } from "../ui/listpage";
import { SeverityTag, type State, StateMark, StateTag, TallyBar } from "../ui/marks";
import { Facts } from "../ui/page";
import { count, points, some } from "../ui/text";
import { useKept, useOpen, useParams, useSetParams } from "../ui/url";
import { Rule } from "../pages/parts/rule";
import { ScopeName } from "../ui/scopename";
import { Proof } from "./evidence";
import { Fix } from "./fix";
import { ExemptDialog } from "./exempt";
import { WhatIf } from "./whatif";
import "./detail.css";
import "../theme/more.css";

export default function CheckDetail({ id, alone }: { id: string; alone?: boolean }) {
  const check = useCheck(id);
  return (
    <Answer of={check} what="this recommendation" skeleton={<Bones rows={10} />}>
      {(c) => <Whole c={c} alone={alone} />}
    </Answer>
  );
}

function Whole({ c, alone }: { c: Check; alone?: boolean }) {
  const { tab = "affected" } = useParams();
  const set = useSetParams();
  const kept = useKept();
  const Title = alone ? "h1" : "h2";
  return (
    <article className="detail" aria-label={c.title}>
      <header className="detail-head">
        <div className="row row-wrap">
          <SeverityTag of={c.severity} />
          {c.preview && <span className="tag tag-plain">preview: not scored</span>}
          {c.custom && <span className="tag tag-plain">yours: not scored</span>}
          <span className="faint mono cut">{c.id}</span>
        </div>
        <Title className="detail-title">{c.title}</Title>
        <p className="muted detail-risk">{c.risk}</p>
        <div className="row row-wrap detail-numbers num">
          <TallyBar of={c} width={120} />
          <span>
            <strong>{count(c.unhealthy)}</strong> unhealthy
          </span>
          {c.unknown > 0 && <span className="c-unknown">{count(c.unknown)} unknown</span>}
          <span className="muted">{count(c.healthy)} healthy</span>
          <Link to="/recommendations" search={kept({ q: `control:${c.control}` })}>
            {controlTitle(c.control)}
          </Link>
          <Gain c={c} />
        </div>
      </header>
      <Tabs value={tab} onChange={(t) => set({ tab: t && t !== "affected" ? t : undefined }, { replace: true })} className="detail-tabs">
        <Tabs.List className="tabs-list">
          <Tabs.Tab value="affected">Affected</Tabs.Tab>
          <Tabs.Tab value="evidence">Evidence</Tabs.Tab>
          <Tabs.Tab value="fix">Fix</Tabs.Tab>
          <Tabs.Tab value="standards">Standards</Tabs.Tab>
          <Tabs.Tab value="check">Check</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="affected" className="detail-fill">
          <Affected c={c} />
        </Tabs.Panel>
        <Tabs.Panel value="evidence" className="detail-pane">
          <div className="beside">
            <EvidenceTab c={c} />
            <section className="beside-fix" aria-label="How to mend it">
              <h3>How to mend it</h3>
              <Fix of={c.remediation} />
            </section>
          </div>
        </Tabs.Panel>
        <Tabs.Panel value="fix" className="detail-pane">
          <Fix of={c.remediation} />
        </Tabs.Panel>
        <Tabs.Panel value="standards" className="detail-pane">
          <Standards c={c} />
        </Tabs.Panel>
        <Tabs.Panel value="check" className="detail-pane">
          <Rule c={c} />
        </Tabs.Panel>
      </Tabs>
    </article>
  );
}

/** Gain says what mending the check everywhere would give: exactly where the server has worked it out, else at most. */
function Gain({ c }: { c: Check }) {
  const gain = c.exact ?? c.potential;
  if (gain <= 0.005) return null;
  return (
    <span className="c-healthy">
      {c.exact === undefined && "up to "}+{points(gain)} points to gain
    </span>
  );
}

const columns: Column<Assessment>[] = [
  { id: "state", label: "State", width: "104px", cell: (a) => <StateMark of={a.state} /> },
  {
    id: "asset",
    label: "Asset",
    width: "minmax(220px, 1fr)",
    cell: (a) => (
      <>
        <AssetGlyph type={a.row?.type ?? ""} />
        <span className="two-lines">
          <span className="cut">
            {a.row?.name ?? a.asset} <span className="faint">{a.row && typeLabel(a.row.type)}</span>
          </span>
          <span className="cut muted small">{a.because || a.row?.scope}</span>
        </span>
      </>
    ),
  },
  {
    id: "exempt",
    label: "",
    width: "110px",
    cell: (a) => (
      <>
        {a.row?.stale && <span className="tag s-unknown c-unknown">stale</span>}
        {a.exemption && <span className="tag tag-plain">exempt</span>}
      </>
    ),
  },
];

function Affected({ c }: { c: Check }) {
  const open = useOpen();
  const [state, setState] = useState<State>(c.unhealthy > 0 ? "unhealthy" : c.unknown > 0 ? "unknown" : "healthy");
  const [text, setText] = useState("");
  const [asked] = useDebouncedValue(text, 150);
  const list = useAssessments({ check: c.id, state, text: asked });
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  const [exempting, setExempting] = useState<string[]>([]);
  const rows = useMemo(() => list.data?.pages.flatMap((p) => p.items) ?? [], [list.data]);
  const items = useMemo(() => rows.map((row) => ({ row })), [rows]);
  const label = (s: State, n: number) => ({ value: s, label: `${s === "not applicable" ? "n/a" : s} ${count(n)}` });
  return (
    <div className="fill">
      <div className="list-bar pane-bar">
        <SegmentedControl
          aria-label="State"
          value={state}
          onChange={(s) => {
            setState(s as State);
            setChosen(new Set());
          }}
          data={[label("unhealthy", c.unhealthy), label("unknown", c.unknown), label("healthy", c.healthy), label("not applicable", c.notApplicable)]}
        />
        <TextInput className="grow" placeholder="Find an asset" aria-label="Find an asset" leftSection={<IconSearch size={14} aria-hidden />} value={text} onChange={(e) => setText(e.currentTarget.value)} />
      </div>
      {chosen.size > 0 && (
        <Bulk words={some(chosen.size, "asset")} onExempt={() => setExempting([...chosen])} onClear={() => setChosen(new Set())}>
          <WhatIf checks={[c.id]} assets={[...chosen]} />
        </Bulk>
      )}
      {list.isPending ? (
        <Bones rows={8} h={52} />
      ) : list.isError ? (
        <Failed error={list.error} what="the affected assets" retry={() => void list.refetch()} />
      ) : rows.length === 0 ? (
        <Empty why={state === "unhealthy" && !asked ? "good" : "filtered"} title={asked ? "No asset is called that" : state === "unhealthy" ? "No asset is unhealthy" : `No asset is ${state}`} />
      ) : (
        <Grid
          label={`Assets that are ${state}`}
          columns={columns}
          items={items}
          id={(a) => a.asset}
          total={asked ? rows.length : c[state === "not applicable" ? "notApplicable" : state]}
          more={list.hasNextPage}
          onMore={() => !list.isFetchingNextPage && void list.fetchNextPage()}
          onOpen={(a) => open.show("asset", a.asset, { tab: "assessments" })}
          selected={chosen}
          onSelect={setChosen}
          rowHeight={52}
          onKey={(e, row) => {
            if (e.key !== "e" || (chosen.size === 0 && !row)) return false;
            setExempting(chosen.size ? [...chosen] : [row!.asset]);
            return true;
          }}
        />
      )}
      {exempting.length > 0 && <ExemptDialog checks={[c.id]} assets={exempting} onClose={() => setExempting([])} onDone={() => setChosen(new Set())} />}
    </div>
  );
}

function EvidenceTab({ c }: { c: Check }) {
  const state = c.unhealthy > 0 ? "unhealthy" : "unknown";
  const list = useAssessments({ check: c.id, state });
  const open = useOpen();
  const [shown, setShown] = useState(10);
  if (list.isPending) return <Bones rows={6} h={64} />;
  if (list.isError) return <Failed error={list.error} what="the evidence" retry={() => void list.refetch()} />;
  const rows = list.data.pages.flatMap((p) => p.items);
  if (rows.length === 0) return <Empty why="good" title="There is nothing to prove: no asset is unhealthy or unknown" />;
  return (
    <div className="stack">
      {rows.slice(0, shown).map((a) => (
        <section key={a.asset} className="proof-card" aria-label={a.row?.name ?? a.asset}>
          <div className="row">
            <StateTag of={a.state} />
            <button className="bare-button link-button cut" onClick={() => open.show("asset", a.asset, { tab: "assessments" })}>
              {a.row?.name ?? a.asset}
            </button>
            <span className="faint cut end">
              <ScopeName path={a.row?.scope} />
            </span>
          </div>
          <Proof of={a} />
        </section>
      ))}
      {(shown < rows.length || list.hasNextPage) && (
        <button
          className="bar-button"
          onClick={() => {
            setShown(shown + 20);
            if (shown + 20 > rows.length && list.hasNextPage) void list.fetchNextPage();
          }}
        >
          Show more of {count(list.data.pages[0]?.total ?? rows.length)}
        </button>
      )}
    </div>
  );
}

function Standards({ c }: { c: Check }) {
  return (
    <div className="stack">
      {c.standards.length === 0 && <p className="muted">No standard that is installed asks for this check.</p>}
      {c.standards.length > 0 && (
        <table className="table">
          <thead>
            <tr>
              <th>Standard</th>
              <th>Control</th>
            </tr>
          </thead>
          <tbody>
            {c.standards.map((s) => (
              <tr key={s.standard + s.control}>
                <td>
                  <Link to="/standard" search={{ id: s.standard } as never}>
                    {s.title}
                  </Link>
                </td>
                <td>{s.control}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {c.attack.length > 0 && (
        <div>
          <h3>ATT&CK techniques</h3>
          {c.attack.map((t) => (
            <a key={t} className="chip" href={`https://attack.mitre.org/techniques/${t.replace(".", "/")}/`} target="_blank" rel="noreferrer">
              {t}
            </a>
          ))}
        </div>
      )}
      {Object.keys(c.equivalents).length > 0 && (
        <div className="stack">
          <h3>The same in other tools</h3>
          <Facts of={Object.entries(c.equivalents).map(([tool, ids]): [string, React.ReactNode] => [tool, <span className="mono">{ids.join(", ")}</span>])} />
        </div>
      )}
      {c.references.length > 0 && (
        <div>
          <h3>References</h3>
          <ul>
            {c.references.map((r) => (
              <li key={r}>
                <a href={r} target="_blank" rel="noreferrer">
                  {r}
                </a>
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}
