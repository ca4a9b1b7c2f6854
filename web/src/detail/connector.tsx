// A connector: what it reads and may read, its runs, and what can be done
// with it.
import { Button, Modal, Tabs } from "@mantine/core";
import { IconPencil, IconTrash } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useConnector, useKinds, useMayConnect, useRemoveConnector, useRunsOf, useSaveConnector } from "../api/queries";
import type { Connector, Run } from "../api/types";
import { Permissions, Plan, Templates } from "../pages/parts/access";
import { ConnectorState, Progress, RunNow, RunTable } from "../pages/parts/runs";
import { Answer, Bones, Empty, Failed } from "../ui/answers";
import { KindGlyph } from "../ui/glyphs";
import { Facts } from "../ui/page";
import { ago, count, moment, some, span } from "../ui/text";
import { useKept, useOpen, useParams, useSetParams } from "../ui/url";
import "./detail.css";
import "../theme/more.css";
import "../pages/connectors.css";

export default function ConnectorDetail({ id, alone }: { id: string; alone?: boolean }) {
  const connector = useConnector(id);
  return (
    <Answer of={connector} what="this connector" skeleton={<Bones rows={10} />}>
      {(c) => <Whole c={c} alone={alone} />}
    </Answer>
  );
}

function Whole({ c, alone }: { c: Connector; alone?: boolean }) {
  const { tab = "scopes" } = useParams();
  const set = useSetParams();
  const runs = useRunsOf(c.id);
  const kind = useKinds().data?.find((k) => k.kind === c.kind);
  const run = runs.data?.find((r) => !r.ended);
  const may = useMayConnect() && c.configured;
  const Title = alone ? "h1" : "h2";
  return (
    <article className="detail" aria-label={c.name}>
      <header className="detail-head">
        <Title className="detail-title">
          <span className="glyph-title">
            <KindGlyph kind={c.kind} size={18} />
          </span>
          {c.name}
        </Title>
        <div className="identity">
          <span>{c.about?.title ?? c.kind}</span>
          <span className="mono">{c.id}</span>
          {c.interval && <span>every {span(milliseconds(c.interval))}</span>}
          {c.nextRun && <span title={moment(c.nextRun)}>next {ago(c.nextRun)}</span>}
        </div>
        <div className="row row-wrap detail-numbers num">{run ? <Progress r={run} /> : <ConnectorState c={c} />}</div>
        <Numbers c={c} run={run} />
        <Acts c={c} run={run} may={may} />
      </header>
      <Tabs value={tab} onChange={(t) => set({ tab: t && t !== "scopes" ? t : undefined }, { replace: true })} className="detail-tabs">
        <Tabs.List className="tabs-list">
          <Tabs.Tab value="scopes">Scopes</Tabs.Tab>
          <Tabs.Tab value="runs">Runs</Tabs.Tab>
          {may && c.about?.probes && <Tabs.Tab value="permissions">Permissions</Tabs.Tab>}
          {may && c.about?.plans && <Tabs.Tab value="plan">Plan</Tabs.Tab>}
          {kind?.templates && kind.templates.length > 0 && <Tabs.Tab value="access">Give access</Tabs.Tab>}
          <Tabs.Tab value="configuration">Configuration</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="scopes" className="detail-pane">
          <Scopes c={c} />
        </Tabs.Panel>
        <Tabs.Panel value="runs" className="detail-pane">
          <Answer of={runs} what="the runs">
            {(all) => (all.length > 0 ? <RunTable of={all} /> : <p className="muted">It was not read yet.</p>)}
          </Answer>
        </Tabs.Panel>
        <Tabs.Panel value="permissions" className="detail-pane">
          <Permissions of={{ id: c.id }} />
        </Tabs.Panel>
        <Tabs.Panel value="plan" className="detail-pane">
          <Plan of={{ id: c.id }} />
        </Tabs.Panel>
        <Tabs.Panel value="access" className="detail-pane">
          <Templates of={kind?.templates ?? []} />
        </Tabs.Panel>
        <Tabs.Panel value="configuration" className="detail-pane">
          <Configuration c={c} />
        </Tabs.Panel>
      </Tabs>
    </article>
  );
}

/** milliseconds reads a length of time as Go writes it: 1h0m0s. */
function milliseconds(text: string): number {
  const per: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000 };
  let n = 0;
  for (const [, value, unit] of text.matchAll(/([\d.]+)([hms])/g)) n += Number(value) * per[unit!]!;
  return n;
}

function Numbers({ c, run }: { c: Connector; run?: Run }) {
  const kept = useKept();
  const last = run ?? c.lastRun;
  return (
    <div className="row row-wrap detail-numbers num">
      <Link to="/inventory" search={kept(c.scopes.length === 1 ? { q: `in:${c.scopes[0]!.path}` } : {})}>
        {some(c.assets, "asset")}
      </Link>
      {c.stale > 0 && <span className="c-unknown">{count(c.stale)} stale</span>}
      {c.gaps > 0 ? (
        <Link to="/gaps" search={kept({ q: `connector:${c.id}` })} className="c-unknown">
          {some(c.gaps, "gap")}
        </Link>
      ) : (
        <span className="muted">no gap</span>
      )}
      {last && last.calls ? <span className="muted">{some(last.calls, "API call")} in the last run</span> : null}
      {c.lastRun?.ended && <span className="muted">read {ago(c.lastRun.ended)}</span>}
    </div>
  );
}

function Acts({ c, run, may }: { c: Connector; run?: Run; may: boolean }) {
  const kept = useKept();
  const save = useSaveConnector(c.id);
  const [removing, setRemoving] = useState(false);
  const mayConnect = useMayConnect();
  return (
    <div className="row row-wrap">
      <RunNow c={c} run={run} />
      {may ? (
        <>
          <Button component={Link} {...({ to: "/connect", search: kept({ id: c.id }) } as object)} leftSection={<IconPencil size={13} aria-hidden />}>
            Change
          </Button>
          <Button onClick={() => save.mutate({ enabled: !c.enabled })} loading={save.isPending}>
            {c.enabled ? "Switch off" : "Switch on"}
          </Button>
          <Button leftSection={<IconTrash size={13} aria-hidden />} onClick={() => setRemoving(true)}>
            Remove
          </Button>
        </>
      ) : (
        mayConnect && <span className="muted">The server's flags name it: it is changed there.</span>
      )}
      {save.isError && <Failed error={save.error} what="the server's answer to this" />}
      {removing && <Remove c={c} onClose={() => setRemoving(false)} />}
    </div>
  );
}

/** Remove says what becomes of what a connector gathered before it takes it away. */
function Remove({ c, onClose }: { c: Connector; onClose: () => void }) {
  const remove = useRemoveConnector(c.id);
  const open = useOpen();
  return (
    <Modal opened onClose={onClose} title={`Remove ${c.name}`} size={480}>
      <div className="stack">
        <p>
          Nothing reads {some(c.scopes.length, "scope")} any more. Its {some(c.assets, "asset")} stay and are shown as stale; their findings keep their state, their history and exemptions stay too. Its {some(c.gaps, "gap")} and its sealed secret are forgotten.
        </p>
        <p className="muted">To pause it instead, switch it off. Access that was given on the provider's side is to be taken back there.</p>
        {remove.isError && <Failed error={remove.error} what="the server's answer to this" />}
        <div className="row">
          <Button
            color="red"
            variant="filled"
            loading={remove.isPending}
            onClick={() =>
              remove.mutate(undefined, {
                onSuccess: () => {
                  onClose();
                  open.close();
                },
              })
            }
          >
            Remove it
          </Button>
          <Button onClick={onClose} data-autofocus>
            Keep it
          </Button>
        </div>
      </div>
    </Modal>
  );
}

function Scopes({ c }: { c: Connector }) {
  const kept = useKept();
  if (c.scopes.length === 0) return <Empty why="unconnected" title="It has gathered from no scope yet" />;
  return (
    <table className="table" aria-label={some(c.scopes.length, "scope")}>
      <thead>
        <tr>
          <th>Scope</th>
          <th>Kind</th>
          <th className="right">Assets</th>
          <th className="right">Stale</th>
          <th className="right">Gaps</th>
        </tr>
      </thead>
      <tbody>
        {c.scopes.map((s) => (
          <tr key={s.path}>
            <td>
              <Link to="/inventory" search={{ scope: s.path } as never}>
                {s.name || s.path}
              </Link>
              <p className="faint small mono">{s.path}</p>
            </td>
            <td className="muted">{s.kind}</td>
            <td className="right">{count(s.assets)}</td>
            <td className="right">{s.stale > 0 ? <span className="c-unknown">{count(s.stale)}</span> : 0}</td>
            <td className="right">
              {s.gaps > 0 ? (
                <Link to="/gaps" search={kept({ q: `connector:${c.id}`, scope: s.path })}>
                  {count(s.gaps)}
                </Link>
              ) : (
                0
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Configuration({ c }: { c: Connector }) {
  return (
    <div className="stack">
      <Facts
        of={[
          ["Id", <code>{c.id}</code>],
          ["Reads", c.interval ? `every ${span(milliseconds(c.interval))}` : "when asked"],
          ["Watches changes", c.about?.watches ? (c.watching ? "yes, now" : "when it has been read") : "no"],
          ["Finds new scopes", c.about?.discovers ? "within minutes" : "with each run"],
          ["Secret", c.hasSecret ? "sealed; it is never shown" : c.configured ? "none" : undefined],
        ]}
      />
      {c.config ? <pre className="wiz-config">{JSON.stringify(c.config, null, 2)}</pre> : <p className="muted">{c.configured ? "Who may change it sees its configuration." : "It cannot be changed here."}</p>}
    </div>
  );
}
