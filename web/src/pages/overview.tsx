import { IconArrowDownRight, IconArrowUpRight, IconLayoutDashboard } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useMemo } from "react";
import { useHistory, useOverview, useRuns } from "../api/queries";
import type { ControlScore, Mover, Overview as Data, Recommendation, ScopeScore } from "../api/types";
import type { Page } from "../frame/page";
import { Answer, Bone, Empty } from "../ui/answers";
import { Gauge } from "../ui/gauge";
import { severities, SeverityMark, TallyBar } from "../ui/marks";
import { Card, Head } from "../ui/page";
import { ago, count, moment, percent, points, some } from "../ui/text";
import { useKept, useOpen } from "../ui/url";
import "./overview.css";

export const page: Page = {
  path: "/",
  title: "Overview",
  section: "Posture",
  order: 1,
  icon: IconLayoutDashboard,
  key: "o",
};

const Trend = lazy(() => import("../ui/trend"));

export default function Overview() {
  const overview = useOverview();
  return (
    <div className="page-scroll">
      <Answer of={overview} what="the overview" skeleton={<OverviewBones />}>
        {(d) => (d.assets === 0 ? <Nothing /> : <Whole d={d} />)}
      </Answer>
    </div>
  );
}

function Nothing() {
  return (
    <>
      <Head title="Overview" />
      <Empty why="unconnected" title="Nothing has been read yet" command="bulwark serve --scan-iac ./infrastructure">
        Connect a folder of infrastructure code or this host; its first findings are here within a minute. This page changes by itself when they arrive.
      </Empty>
    </>
  );
}

function Whole({ d }: { d: Data }) {
  const kept = useKept();
  const best = [...d.controls].sort((a, b) => b.potential - a.potential)[0];
  const urgent = d.severities.critical + d.severities.high;
  return (
    <>
      <Head
        title="Overview"
        answer={
          <>
            {urgent > 0 ? (
              <>
                <Link to="/recommendations" search={kept({ q: "severity:critical,high state:unhealthy" })}>
                  {some(urgent, "critical or high problem")}
                </Link>{" "}
                on {some(d.assets, "asset")}.{" "}
              </>
            ) : (
              <>No critical or high problem on {some(d.assets, "asset")}. </>
            )}
            {best && best.potential > 0 && (
              <>
                Most is gained by <strong>{best.title.toLowerCase()}</strong>: {points(best.potential)} points.
              </>
            )}
          </>
        }
      />
      <div className="ov page-pad">
        <Severities d={d} />
        <Score d={d} />
        <Moved d={d} />
        <Controls of={d.controls} />
        <First of={d.first} />
        <Where of={d.scopes} />
        <Coverage d={d} />
      </div>
    </>
  );
}

function Severities({ d }: { d: Data }) {
  const kept = useKept();
  return (
    <ul className="card ov-strip" aria-label="Open problems by severity">
      {severities.map((s) => (
        <li key={s}>
          <Link to="/recommendations" search={kept({ q: `severity:${s}`, view: "findings" })} className="ov-count plain">
            <strong className="num">{count(d.severities[s] ?? 0)}</strong>
            <SeverityMark of={s} />
          </Link>
        </li>
      ))}
      <li>
        <Link to="/inventory" search={kept({})} className="ov-count plain">
          <strong className="num">{count(d.assets)}</strong>
          <span className="muted">assets</span>
        </Link>
      </li>
      <li>
        <Link to="/gaps" search={kept({})} className="ov-count plain">
          <strong className="num">{count(d.gaps)}</strong>
          <span className="muted">coverage gaps</span>
        </Link>
      </li>
    </ul>
  );
}

function Score({ d }: { d: Data }) {
  const kept = useKept();
  const { ratio, current, max } = d.score;
  return (
    <section className="card ov-score" aria-label="Secure score">
      <Link to="/score" search={kept({})} className="ov-gauge">
        <Gauge ratio={ratio} />
      </Link>
      <p className="muted num">
        {ratio === undefined ? "No control has an applicable asset yet." : `${points(current)} of ${points(max)} points`}
      </p>
      <Link to="/score" search={kept({})}>
        How every point is made
      </Link>
    </section>
  );
}

function Moved({ d }: { d: Data }) {
  const history = useHistory();
  const line = useMemo(() => (history.data ?? []).filter((p) => p.max > 0).map((p) => ({ at: p.at, ratio: p.current / p.max })), [history.data]);
  return (
    <Card title="Score over time, and what moved it" className="ov-moved">
      <div className="ov-moved-parts">
        <div className="ov-trend">
          {line.length > 1 ? (
            <Suspense fallback={<Bone h={196} />}>
              <Trend points={line} height={196} />
            </Suspense>
          ) : (
            <p className="muted ov-none">{history.isPending ? "" : "The line begins when the score has changed once."}</p>
          )}
        </div>
        <ol className="ov-movers" aria-label="What moved the score most">
          {d.movers.slice(0, 3).map((m, i) => (
            <MoverLine key={i} m={m} />
          ))}
          {d.movers.length === 0 && <li className="muted">Nothing has moved the score yet.</li>}
        </ol>
      </div>
    </Card>
  );
}

function MoverLine({ m }: { m: Mover }) {
  const open = useOpen();
  const gain = m.points >= 0;
  const Icon = gain ? IconArrowUpRight : IconArrowDownRight;
  const target = m.check ? (["check", m.check] as const) : m.asset ? (["asset", m.asset] as const) : null;
  const words = (
    <>
      <span className={gain ? "ov-delta c-healthy" : "ov-delta c-unhealthy"}>
        <Icon size={15} aria-hidden />
        <span className="sr">{gain ? "gained" : "lost"}</span>
        {gain ? "+" : "−"}
        {points(Math.abs(m.points))}
      </span>
      <span className="grow">
        <span className="ov-mover-what">{m.what}</span>
        <span className="faint" title={moment(m.at)}>
          {ago(m.at)}
        </span>
      </span>
    </>
  );
  return (
    <li>
      {target ? (
        <button className="bare-button ov-mover" onClick={() => open.show(target[0], target[1])}>
          {words}
        </button>
      ) : (
        <span className="ov-mover">{words}</span>
      )}
    </li>
  );
}

function Controls({ of }: { of: ControlScore[] }) {
  const kept = useKept();
  const list = [...of].filter((c) => c.points > 0).sort((a, b) => b.potential - a.potential || b.points - a.points);
  const most = Math.max(...list.map(widest), 1);
  return (
    <Card title="Points to gain by control" note="gained · to gain" className="ov-controls">
      <ul>
        {list.map((c) => (
            <li key={c.id}>
              <Link to="/recommendations" search={kept({ q: `control:${c.id}` })} className="ov-control plain" title={`${c.unhealthy} unhealthy, ${c.unknown} unknown, ${c.healthy} healthy`}>
                <span className="cut">{c.title}</span>
                <svg className="ov-bar" viewBox={`0 0 ${most * 10} 8`} preserveAspectRatio="none" aria-hidden="true">
                  <rect width={widest(c) * 10} height="8" className={c.counted ? "ov-bar-open" : "ov-bar-none"} />
                  <rect width={c.current * 10} height="8" className="ov-bar-got" />
                </svg>
                <span className="num ov-control-n">
                  {c.counted ? (
                    <>
                      <span className="faint">
                        {points(c.current)}/{points(c.max)}
                      </span>
                      <strong>{c.potential > 0 ? `+${points(c.potential)}` : "all"}</strong>
                    </>
                  ) : (
                    <span className="faint">{c.unknown > 0 ? "unknown" : "none applicable"}</span>
                  )}
                </span>
              </Link>
            </li>
        ))}
      </ul>
    </Card>
  );
}

/** widest is the points that a control's bar is drawn to: what it can give here, or in one scope where it counts nowhere. */
const widest = (c: ControlScore) => (c.counted ? c.max : c.points);

function First({ of }: { of: Recommendation[] }) {
  const open = useOpen();
  return (
    <Card title="Fix these first" note="by severity, then points" className="ov-first">
      {of.length === 0 && <p className="muted">Nothing is unhealthy.</p>}
      <ol>
        {of.slice(0, 7).map((r) => (
          <li key={r.id}>
            <button className="bare-button ov-fix" onClick={() => open.show("check", r.id)}>
              <SeverityMark of={r.severity} short />
              <span className="grow">
                <span className="ov-fix-title">{r.title}</span>
                <span className="muted num">
                  {some(r.unhealthy, "asset")}
                  {r.potential > 0 && ` · +${points(r.potential)} points`}
                </span>
              </span>
              <TallyBar of={r} width={56} />
            </button>
          </li>
        ))}
      </ol>
    </Card>
  );
}

function Where({ of }: { of: ScopeScore[] }) {
  return (
    <Card title="Where" note={some(of.length, "scope")} className="ov-where">
      <table className="table">
        <thead>
          <tr>
            <th>Scope</th>
            <th>Kind</th>
            <th className="right">Assets</th>
            <th className="right">Unhealthy</th>
            <th className="right">Gaps</th>
            <th className="right">Score</th>
          </tr>
        </thead>
        <tbody>
          {of.slice(0, 12).map((s) => (
            <tr key={s.path}>
              <td>
                <Link to="/" search={{ scope: s.path } as never}>
                  {s.name || s.path}
                </Link>
                {s.name && s.name !== s.path && <span className="faint ov-path cut">{s.path}</span>}
              </td>
              <td className="muted">{s.kind}</td>
              <td className="right">
                <Link to="/inventory" search={{ scope: s.path } as never} className="num-link">
                  {count(s.assets)}
                </Link>
              </td>
              <td className="right">
                <Link to="/recommendations" search={{ scope: s.path, q: "state:unhealthy" } as never} className="num-link">
                  {count(s.unhealthy)}
                </Link>
              </td>
              <td className="right">
                <Link to="/gaps" search={{ scope: s.path } as never} className="num-link">
                  {count(s.gaps)}
                </Link>
              </td>
              <td className="right">
                <Link to="/score" search={{ scope: s.path } as never} className="num-link">
                  {s.ratio === undefined ? "–" : percent(s.ratio)}
                </Link>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}

function Coverage({ d }: { d: Data }) {
  const { complete, total, stale } = d.coverage;
  const last = useRuns().data?.find((r) => r.ended && !r.error);
  return (
    <Card title="What these numbers rest on" className="ov-coverage">
      <p className="ov-read">
        <strong className="num">{total === 0 ? "–" : percent(complete / total)}</strong> of {some(total, "listing")} complete
      </p>
      <svg className="ov-bar" viewBox={`0 0 ${Math.max(total, 1)} 8`} preserveAspectRatio="none" aria-hidden="true">
        <rect width={total} height="8" className="ov-bar-open" />
        <rect width={complete} height="8" className="ov-bar-got" />
      </svg>
      <ul className="ov-cover">
        <li>
          <Link to="/gaps">{some(d.gaps, "coverage gap")}</Link> <span className="muted">where something could not be read</span>
        </li>
        <li>
          <Link to="/inventory" search={{ q: "stale:yes" } as never}>
            {some(stale, "stale asset")}
          </Link>{" "}
          <span className="muted">kept from an earlier reading</span>
        </li>
        {last?.ended && (
          <li className="muted" title={moment(last.ended)}>
            Last read {ago(last.ended)}, by <Link to="/connectors">{last.connector}</Link>
          </li>
        )}
      </ul>
    </Card>
  );
}

function OverviewBones() {
  return (
    <>
      <Head title="Overview" answer={<Bone w={360} />} />
      <div className="ov page-pad" aria-hidden="true">
        {["ov-strip", "ov-score", "ov-moved", "ov-controls", "ov-first", "ov-where", "ov-coverage"].map((c) => (
          <div key={c} className={`card ${c} ov-bone`}>
            <Bone w="32%" />
            <Bone h={8} w="90%" />
            <Bone h={8} w="74%" />
          </div>
        ))}
      </div>
    </>
  );
}
