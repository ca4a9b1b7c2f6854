// What each connector lacks: permission by permission, with the one text that
// gives all of them.
import { Link } from "@tanstack/react-router";
import { useNeeds } from "../../api/queries";
import type { ConnectorNeeds } from "../../api/types";
import { Answer, Bones, Empty } from "../../ui/answers";
import { KindGlyph } from "../../ui/glyphs";
import { Head } from "../../ui/page";
import { count, some } from "../../ui/text";
import { useKept } from "../../ui/url";
import { Templates } from "./access";
import "./needs.css";

export function Needs({ switcher }: { switcher: React.ReactNode }) {
  const needs = useNeeds();
  return (
    <div className="page-scroll">
      <Head title="Coverage gaps" answer={needs.data ? answer(needs.data) : "\u00a0"}>
        {switcher}
      </Head>
      <div className="page-pad stack">
        <Answer of={needs} what="what is missing" skeleton={<Bones rows={6} h={60} />}>
          {(all) =>
            all.length === 0 ? (
              <Empty why="good" title="No permission is missing">
                What could not be read, if anything, is no matter of permissions.
              </Empty>
            ) : (
              all.map((n) => <Lacks key={n.connector} n={n} />)
            )
          }
        </Answer>
      </div>
    </div>
  );
}

function answer(all: ConnectorNeeds[]): React.ReactNode {
  const permissions = new Set(all.flatMap((n) => n.needs.map((f) => f.value))).size;
  if (permissions === 0) return "No connector lacks anything.";
  return (
    <>
      <strong>{some(permissions, "permission or change", "permissions or changes")}</strong> would mend {some(all.reduce((n, c) => n + c.needs.reduce((m, f) => m + f.count, 0), 0), "gap")} of {some(all.length, "connector")}.
    </>
  );
}

function Lacks({ n }: { n: ConnectorNeeds }) {
  const kept = useKept();
  const worst = Math.max(...n.needs.map((f) => f.count));
  return (
    <section className="card needs" aria-label={n.name ?? n.connector}>
      <div className="card-head">
        <KindGlyph kind={n.kind ?? ""} />
        <h2>
          <Link to="/connector" search={kept({ id: n.connector })}>
            {n.name ?? n.connector}
          </Link>
        </h2>
        <Link to="/gaps" search={kept({ q: `connector:${n.connector}` })} className="end">
          {some(n.needs.reduce((m, f) => m + f.count, 0), "gap")}
        </Link>
      </div>
      <div className="needs-body">
        <table className="table">
          <thead>
            <tr>
              <th>Needs</th>
              <th className="right">Gaps it would mend</th>
              <th>
                <span className="sr">Share</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {n.needs.map((f) => (
              <tr key={f.value}>
                <td>
                  <Link to="/gaps" search={kept({ q: `connector:${n.connector} needs:"${f.value}"` })} className="mono">
                    {f.value}
                  </Link>
                </td>
                <td className="right">{count(f.count)}</td>
                <td className="needs-share">
                  <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                    <rect width={(f.count / worst) * 100} height="4" />
                  </svg>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {n.mend ? (
          <div className="needs-mend">
            <h3>This gives all of it</h3>
            <Templates of={n.mend} />
          </div>
        ) : (
          <p className="muted needs-mend">No text gives these; they are changes to make by hand.</p>
        )}
      </div>
    </section>
  );
}
