// Runs of connectors: how one goes on, how those before ended.
import { Button } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useMayRun, useScan } from "../../api/queries";
import type { Connector, Run } from "../../api/types";
import { StateMark } from "../../ui/marks";
import { ago, count, moment, some, span } from "../../ui/text";
import { useKept } from "../../ui/url";
import "../connectors.css";

/** ConnectorState says what a connector does now, or how its last run ended. */
export function ConnectorState({ c, run }: { c: Connector; run?: Run }) {
  if (run) return <Progress r={run} />;
  const error = c.lastRun?.error;
  if (error) {
    return (
      <span className="two-lines">
        <StateMark of="unhealthy" word="failed" />
        <span className="cut muted small" title={error}>
          {error}
        </span>
      </span>
    );
  }
  if (!c.enabled) return <StateMark of="not applicable" word="switched off" />;
  if (!c.lastRun) return <span className="muted">not read yet</span>;
  return (
    <span className="two-lines">
      <StateMark of="healthy" word={c.watching ? "watching" : "read"} />
      {c.watching && <span className="cut muted small">changes show as they come</span>}
    </span>
  );
}

/** Progress shows a run that goes on: what it has gathered, and how much of that was judged. */
export function Progress({ r }: { r: Run }) {
  const ratio = r.assets ? Math.min(1, r.judged / r.assets) : 0;
  return (
    <span className="con-progress" role="status">
      <span className="row">
        <span className="pulse" data-busy />
        <span className="cut num">
          {count(r.assets)} read, {count(r.judged)} judged
        </span>
      </span>
      <svg className="con-bar" viewBox="0 0 100 3" preserveAspectRatio="none" aria-hidden="true">
        <rect width={Math.max(2, ratio * 100)} height="3" />
      </svg>
    </span>
  );
}

/** RunNow begins a run, for who may. */
export function RunNow({ c, run }: { c: Connector; run?: Run }) {
  const scan = useScan();
  const going = Boolean(run);
  if (!useMayRun()) return null;
  return (
    <Button
      leftSection={<IconPlayerPlay size={13} aria-hidden />}
      onClick={() => scan.mutate(c.id)}
      disabled={going || !c.enabled}
      loading={scan.isPending}
      title={scan.error?.message}
      aria-label={`${going ? "Reading" : scan.isError ? "Try to read again" : "Read now"}: ${c.name}`}
    >
      {going ? "Reading" : scan.isError ? "Again" : "Read"}
    </Button>
  );
}

/** RunTable lists runs, the newest first. */
export function RunTable({ of, connector }: { of: Run[]; connector?: boolean }) {
  return (
    <table className="table con-runs" aria-label={some(of.length, "run")}>
      <thead>
        <tr>
          <th>State</th>
          {connector && <th>Connector</th>}
          <th>Began</th>
          <th className="right">Took</th>
          <th className="right">Assets</th>
          <th className="right">Judged</th>
          <th className="right">Changed</th>
          <th className="right">API calls</th>
          <th className="right">Gaps</th>
        </tr>
      </thead>
      <tbody>
        {of.map((r) => (
          <RunRow key={r.id} r={r} connector={connector} />
        ))}
      </tbody>
    </table>
  );
}

function RunRow({ r, connector }: { r: Run; connector?: boolean }) {
  const kept = useKept();
  const ended = r.ended && !r.ended.startsWith("0001") ? Date.parse(r.ended) : 0;
  const state = !ended ? (
    <span className="row">
      <span className="pulse" data-busy /> reading
    </span>
  ) : r.error ? (
    <StateMark of="unhealthy" word="failed" />
  ) : (
    <StateMark of="healthy" word="done" />
  );
  return (
    <>
      <tr>
        <td>{state}</td>
        {connector && (
          <td>
            <Link to="/connectors" search={kept({ open: `connector:${r.connector}` })}>
              {r.connector}
            </Link>
          </td>
        )}
        <td title={moment(r.started)}>{ago(r.started)}</td>
        <td className="right">{span((ended || Date.now()) - Date.parse(r.started))}</td>
        <td className="right">{count(r.assets)}</td>
        <td className="right">{count(r.judged)}</td>
        <td className="right">{count(r.changed)}</td>
        <td className="right">{r.calls ? count(r.calls) : "–"}</td>
        <td className="right">
          {r.gaps > 0 ? (
            <Link to="/gaps" search={kept({ q: `connector:${r.connector}` })}>
              {count(r.gaps)}
            </Link>
          ) : (
            0
          )}
        </td>
      </tr>
      {r.error && (
        <tr className="con-why">
          <td />
          <td colSpan={connector ? 8 : 7} className="muted">
            {r.error}
          </td>
        </tr>
      )}
    </>
  );
}
