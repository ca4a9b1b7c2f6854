import { Button, Tabs } from "@mantine/core";
import { IconPlugConnected, IconPlus } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useConnectors, useMayConnect, useRuns } from "../api/queries";
import type { Connector, Run } from "../api/types";
import type { Page } from "../frame/page";
import { Answer, Bones, Empty, Failed } from "../ui/answers";
import { KindGlyph } from "../ui/glyphs";
import { type Column, Grid } from "../ui/grid";
import { Head } from "../ui/page";
import { ago, count, moment, some } from "../ui/text";
import { useKept, useOpen, useParams, useSetParams } from "../ui/url";
import { ConnectorState, RunNow, RunTable } from "./parts/runs";
import "../theme/more.css";
import "../detail/detail.css";
import "./connectors.css";

export const page: Page = {
  path: "/connectors",
  title: "Connectors",
  section: "Connect",
  order: 21,
  icon: IconPlugConnected,
  key: "n",
};

/** A connector with the run that goes on, if one does. */
type Row = Connector & { run?: Run };

const columns: Column<Row>[] = [
  {
    id: "name",
    label: "Connector",
    width: "minmax(200px, 1.2fr)",
    cell: (c) => (
      <>
        <span className="con-glyph">
          <KindGlyph kind={c.kind} />
        </span>
        <span className="two-lines">
          <span className="cut">{c.name}</span>
          <span className="cut muted small">{c.about?.title ?? c.kind}</span>
        </span>
      </>
    ),
  },
  { id: "state", label: "State", width: "minmax(150px, 1fr)", cell: (c) => <ConnectorState c={c} run={c.run} /> },
  { id: "scopes", label: "Scopes", width: "minmax(120px, 1fr)", cell: (c) => <ScopeNames c={c} /> },
  { id: "assets", label: "Assets", width: "70px", right: true, cell: (c) => <Assets c={c} /> },
  { id: "gaps", label: "Gaps", width: "60px", right: true, cell: (c) => <Gaps c={c} /> },
  { id: "calls", label: "API calls", width: "76px", right: true, cell: (c) => (c.calls > 0 ? count(c.calls) : <span className="faint">–</span>) },
  {
    id: "last",
    label: "Read · next",
    width: "minmax(110px, 0.7fr)",
    cell: (c) => (
      <span className="two-lines">
        <span className="cut" title={moment(c.lastRun?.started)}>
          {c.lastRun ? ago(c.lastRun.ended ?? c.lastRun.started) || "now" : "not yet"}
        </span>
        <span className="cut muted small" title={moment(c.nextRun)}>
          {nextOf(c)}
        </span>
      </span>
    ),
  },
  { id: "act", label: "", width: "96px", right: true, cell: (c) => <RunNow c={c} run={c.run} /> },
];

function nextOf(c: Connector): string {
  if (!c.enabled) return "switched off";
  if (!c.nextRun) return c.interval ? "" : "on demand";
  return Date.parse(c.nextRun) > Date.now() ? `next ${ago(c.nextRun)}` : "due now";
}

function ScopeNames({ c }: { c: Connector }) {
  const names = c.scopes.map((s) => s.name || s.path);
  if (names.length === 0) return <span className="faint">none yet</span>;
  const kind = c.scopes[0]!.kind;
  return (
    <span className="two-lines" title={names.slice(0, 30).join("\n")}>
      <span className="cut">{names.slice(0, 3).join(", ")}</span>
      <span className="cut muted small">{some(names.length, kind || "scope", plural(kind || "scope"))}</span>
    </span>
  );
}

const plural = (one: string) => (one.endsWith("y") ? `${one.slice(0, -1)}ies` : `${one}s`);

function Assets({ c }: { c: Connector }) {
  return (
    <span className="two-lines con-number">
      <span>{count(c.assets)}</span>
      {c.stale > 0 && <span className="small c-unknown">{count(c.stale)} stale</span>}
    </span>
  );
}

function Gaps({ c }: { c: Connector }) {
  const kept = useKept();
  if (c.gaps === 0) return <span className="faint">0</span>;
  return (
    <Link to="/gaps" search={kept({ q: `connector:${c.id}` })} className="c-unknown" aria-label={`${some(c.gaps, "gap")} of ${c.name}`}>
      {count(c.gaps)}
    </Link>
  );
}

export default function Connectors() {
  const { view = "list" } = useParams();
  const set = useSetParams();
  const connectors = useConnectors();
  const runs = useRuns();
  const now = (runs.data ?? []).filter((r) => !r.ended);
  return (
    <div className="page">
      <Head title="Connectors" answer={connectors.data ? answer(connectors.data, now) : "\u00a0"}>
        <Add />
      </Head>
      <Tabs value={view} onChange={(v) => set({ view: v && v !== "list" ? v : undefined })} className="detail-tabs con-tabs">
        <Tabs.List className="tabs-list">
          <Tabs.Tab value="list">Connectors</Tabs.Tab>
          <Tabs.Tab value="runs">Runs</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="list" className="con-fill">
          <Answer of={connectors} what="the connectors" skeleton={<Bones rows={5} h={54} />}>
            {(all) => <Whole all={all} now={now} />}
          </Answer>
        </Tabs.Panel>
        <Tabs.Panel value="runs" className="con-fill con-scroll">
          {runs.isError ? (
            <Failed error={runs.error} what="the runs" retry={() => void runs.refetch()} />
          ) : runs.isPending ? (
            <Bones rows={8} />
          ) : runs.data.length === 0 ? (
            <Empty why="unconnected" title="Nothing was read yet" />
          ) : (
            <RunTable of={runs.data} connector />
          )}
        </Tabs.Panel>
      </Tabs>
    </div>
  );
}

function Whole({ all, now }: { all: Connector[]; now: Run[] }) {
  const open = useOpen();
  const items = useMemo(() => all.map((c) => ({ row: { ...c, run: now.find((r) => r.connector === c.id) } })), [all, now]);
  if (all.length === 0) {
    return (
      <Empty why="unconnected" title="Nothing is connected" command="bulwark serve --scan-iac ./infrastructure --scan-host">
        A connector reads one place: an organisation, an account, a cluster, a folder of code, this host. Add one here, or name one when the server starts.
      </Empty>
    );
  }
  return <Grid label="Connectors" columns={columns} items={items} id={(c) => c.id} onOpen={(c, replace) => open.show("connector", c.id, { replace })} openID={open.kind === "connector" ? open.id : undefined} rowHeight={54} />;
}

/** Add leads to the wizard, for who may use it. */
function Add() {
  const kept = useKept();
  if (!useMayConnect()) return null;
  return (
    <Button component={Link} {...({ to: "/connect", search: kept() } as object)} variant="filled" leftSection={<IconPlus size={14} aria-hidden />}>
      Add a connector
    </Button>
  );
}

function answer(all: Connector[], now: Run[]): React.ReactNode {
  const failed = all.filter((c) => c.lastRun?.error).length;
  const watching = all.filter((c) => c.watching).length;
  const gaps = all.reduce((n, c) => n + c.gaps, 0);
  return (
    <>
      {some(all.length, "connector")}
      {watching > 0 && `, ${count(watching)} watching`}
      {now.length > 0 && `, ${count(now.length)} reading now`}
      {failed > 0 && (
        <>
          ; <strong>{some(failed, "last run")} failed</strong>
        </>
      )}
      {gaps > 0 ? `; ${some(gaps, "place")} could not be read.` : "."}
    </>
  );
}
