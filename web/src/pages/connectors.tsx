import { Button } from "@mantine/core";
import { IconPlayerPlay, IconPlugConnected } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useConnectors, useRuns, useScan } from "../api/queries";
import type { Connector, Run } from "../api/types";
import type { Page } from "../frame/page";
import { Answer, Empty, Failed } from "../ui/answers";
import { StateMark } from "../ui/marks";
import { Card, Head } from "../ui/page";
import { ago, count, moment, some, span } from "../ui/text";
import "./connectors.css";

export const page: Page = {
  path: "/connectors",
  title: "Connectors",
  section: "Connect",
  order: 21,
  icon: IconPlugConnected,
  key: "n",
};

export default function Connectors() {
  const connectors = useConnectors();
  const runs = useRuns();
  const list = runs.data ?? [];
  const now = list.filter((r) => !r.ended);
  return (
    <div className="page-scroll">
      <Head title="Connectors" answer={connectors.data ? answer(connectors.data, now) : "\u00a0"} />
      <div className="page-pad stack">
        <Answer of={connectors} what="the connectors">
          {(all) =>
            all.length === 0 ? (
              <Empty why="unconnected" title="Nothing is connected" command="bulwark serve --scan-iac ./infrastructure --scan-host">
                A connector reads one place: an account, a cluster, a folder of code, this host.
              </Empty>
            ) : (
              <div className="con-grid">
                {all.map((c) => (
                  <ConnectorCard key={c.id} c={c} run={now.find((r) => r.connector === c.id)} />
                ))}
              </div>
            )
          }
        </Answer>
        {runs.isError && <Failed error={runs.error} what="the runs" />}
        {list.length > 0 && (
          <Card title="Runs" note={some(list.length, "run")} className="con-runs">
            <table className="table">
              <thead>
                <tr>
                  <th>State</th>
                  <th>Connector</th>
                  <th>Began</th>
                  <th className="right">Took</th>
                  <th className="right">Assets</th>
                  <th className="right">Judged</th>
                  <th className="right">Changed</th>
                  <th className="right">Gaps</th>
                </tr>
              </thead>
              <tbody>
                {list.map((r) => (
                  <RunRow key={r.id} r={r} />
                ))}
              </tbody>
            </table>
          </Card>
        )}
      </div>
    </div>
  );
}

function answer(all: Connector[], now: Run[]): React.ReactNode {
  const failed = all.filter((c) => c.lastRun?.error).length;
  return (
    <>
      {some(all.length, "connector")}
      {now.length > 0 && `, ${now.length} reading now`}
      {failed > 0 ? (
        <>
          ; <strong>{some(failed, "last run")} failed</strong>.
        </>
      ) : (
        "."
      )}
    </>
  );
}

function ConnectorCard({ c, run }: { c: Connector; run?: Run }) {
  const scan = useScan();
  const last = run ?? c.lastRun;
  return (
    <section className="card con-card" aria-label={c.name}>
      <div className="row">
        <h2 className="con-name">{c.name}</h2>
        {c.name !== c.kind && <span className="muted">{c.kind}</span>}
        <Button className="end" leftSection={<IconPlayerPlay size={13} />} onClick={() => scan.mutate(c.id)} disabled={Boolean(run)} loading={scan.isPending} aria-label={`${run ? "Reading" : "Read now"}: ${c.name}`}>
          {run ? "Reading" : "Read now"}
        </Button>
      </div>
      {run ? <Progress r={run} /> : last ? <Last r={last} /> : <p className="muted">Not read yet.</p>}
      <p className="faint con-next">
        {c.enabled ? (
          <>
            {c.interval && `every ${c.interval.replace(/(?<=h)0m0s$|(?<=m)0s$/, "")}`}
            {c.nextRun && ` · next ${Date.parse(c.nextRun) > Date.now() ? ago(c.nextRun) : "now"}`}
          </>
        ) : (
          "switched off"
        )}
      </p>
      {scan.isError && <Failed error={scan.error} what="the connector's answer" />}
    </section>
  );
}

/** Progress shows a run that goes on: how many of the assets that it gathered were judged. */
function Progress({ r }: { r: Run }) {
  const ratio = r.assets ? r.judged / r.assets : 0;
  return (
    <div role="status">
      <p className="num">
        {some(r.assets, "asset")} read, {count(r.judged)} judged, {some(r.gaps, "gap")} · {span(Date.now() - Date.parse(r.started))}
      </p>
      <svg className="con-bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
        <rect width={Math.max(2, ratio * 100)} height="4" />
      </svg>
    </div>
  );
}

function Last({ r }: { r: Run }) {
  if (r.error) {
    return (
      <p className="con-error">
        <StateMark of="unhealthy" word="failed" /> {ago(r.started)}: {r.error}
      </p>
    );
  }
  return (
    <p className="num">
      {some(r.assets, "asset")} {ago(r.ended ?? r.started)}
      {r.gaps > 0 && (
        <>
          , <Link to="/gaps">{some(r.gaps, "gap")}</Link>
        </>
      )}
    </p>
  );
}

function RunRow({ r }: { r: Run }) {
  return (
    <tr>
      <td>{!r.ended ? <span className="row"><span className="pulse" data-busy /> reading</span> : r.error ? <StateMark of="unhealthy" word="failed" /> : <StateMark of="healthy" word="done" />}</td>
      <td>
        {r.connector}
        {r.error && <p className="muted con-why">{r.error}</p>}
      </td>
      <td title={moment(r.started)}>{ago(r.started)}</td>
      <td className="right">{span((r.ended ? Date.parse(r.ended) : Date.now()) - Date.parse(r.started))}</td>
      <td className="right">{count(r.assets)}</td>
      <td className="right">{count(r.judged)}</td>
      <td className="right">{count(r.changed)}</td>
      <td className="right">
        {r.gaps > 0 ? (
          <Link to="/gaps" className="num-link">
            {count(r.gaps)}
          </Link>
        ) : (
          0
        )}
      </td>
    </tr>
  );
}
