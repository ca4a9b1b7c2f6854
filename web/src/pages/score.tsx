import { IconGauge } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useExplain } from "../api/queries";
import type { ExplainedControl, Explanation } from "../api/types";
import type { Page } from "../frame/page";
import { Answer, Empty } from "../ui/answers";
import { Gauge } from "../ui/gauge";
import { TallyBar } from "../ui/marks";
import { Head } from "../ui/page";
import { count, percent, points, some } from "../ui/text";
import { useKept, useOpen, useParams } from "../ui/url";
import "./score.css";

export const page: Page = {
  path: "/score",
  title: "Secure score",
  section: "Posture",
  order: 4,
  icon: IconGauge,
  key: "s",
};

/** Score accounts for every point: what each control gives, and which assets lose how much of it. */
export default function Score() {
  const { scope } = useParams();
  const explained = useExplain();
  return (
    <div className="page-scroll">
      <Head title="Secure score" answer={scope ? `Of ${scope}` : "Of all scopes that you may read"} />
      <div className="page-pad">
        <Answer of={explained} what="the score">
          {(d) => (d.controls.length === 0 ? <Empty why="unconnected" title="No control has an applicable asset yet" /> : <Whole d={d} />)}
        </Answer>
      </div>
    </div>
  );
}

function Whole({ d }: { d: Explanation }) {
  const scored = d.controls.filter((c) => c.counted && c.max > 0);
  const left = d.controls.filter((c) => !scored.includes(c));
  return (
    <>
      <section className="card score-sum" aria-label="The sum">
        <Gauge ratio={d.ratio} size={128} />
        <div className="grow">
          <p className="score-line num">
            <strong>{points(d.current)}</strong> points gained of <strong>{points(d.max)}</strong> possible = <strong>{d.ratio === undefined ? "–" : percent(d.ratio)}</strong>
          </p>
          <p className="muted">
            A control gives its maximum, divided by its healthy and unhealthy assets, times the healthy ones. An asset is unhealthy in a control when any of the control's checks is unhealthy on it, and in neither count when one is unknown. Preview checks and your own do not count. Several scopes are weighted by their healthy and unhealthy assets.
          </p>
        </div>
      </section>
      <div className="card score-table">
        <table className="table">
          <thead>
            <tr>
              <th>Control</th>
              <th className="right">Healthy</th>
              <th className="right">Unhealthy</th>
              <th className="right">Unknown</th>
              <th>Assets</th>
              <th className="right">Each asset</th>
              <th className="right">Points</th>
              <th className="right">To gain</th>
            </tr>
          </thead>
          <tbody>
            {scored.map((c) => (
              <ControlRow key={c.id} c={c} />
            ))}
            <tr className="score-total">
              <td>Sum</td>
              <td colSpan={5} />
              <td className="right">
                {points(d.current)} / {points(d.max)}
              </td>
              <td className="right">+{points(d.max - d.current)}</td>
            </tr>
          </tbody>
        </table>
      </div>
      {left.length > 0 && <p className="muted score-left">Left out of both sums, having no asset that is healthy or unhealthy, or no points: {left.map((c) => c.title.toLowerCase()).join("; ")}.</p>}
    </>
  );
}

function ControlRow({ c }: { c: ExplainedControl }) {
  const kept = useKept();
  const open = useOpen();
  const [shown, setShown] = useState(false);
  const per = c.max / Math.max(1, c.healthy + c.unhealthy);
  return (
    <>
      <tr>
        <td>
          <button className="bare-button link-button" aria-expanded={shown} onClick={() => setShown(!shown)}>
            {c.title}
          </button>
        </td>
        <td className="right">{count(c.healthy)}</td>
        <td className="right">
          <Link to="/recommendations" search={kept({ q: `control:${c.id} state:unhealthy` })} className="num-link">
            <strong>{count(c.unhealthy)}</strong>
          </Link>
        </td>
        <td className="right">{count(c.unknown)}</td>
        <td>
          <TallyBar of={c} />
        </td>
        <td className="right muted" title="on average over the scopes">{points(per)}</td>
        <td className="right">
          {points(c.current)} <span className="faint">/ {points(c.max)}</span>
        </td>
        <td className="right">{c.potential > 0 ? `+${points(c.potential)}` : <span className="faint">all</span>}</td>
      </tr>
      {shown && (
        <tr>
          <td colSpan={8} className="score-losing">
            {c.losing.length === 0 && <p className="muted">No asset loses points here.</p>}
            <ul>
              {c.losing.map((l) => (
                <li key={l.asset}>
                  <span className="num c-unhealthy">−{points(l.points)}</span>
                  <button className="bare-button link-button cut" onClick={() => open.show("asset", l.asset)}>
                    {l.name || l.asset}
                  </button>
                  <span className="muted cut">{l.checks.join(", ")}</span>
                </li>
              ))}
            </ul>
            {c.losingTotal > c.losing.length && <p className="muted">and {some(c.losingTotal - c.losing.length, "asset")} more</p>}
          </td>
        </tr>
      )}
    </>
  );
}
