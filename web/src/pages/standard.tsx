import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useStandard } from "../api/queries";
import type { Standard as Data, StandardControl } from "../api/types";
import type { Page } from "../frame/page";
import { Answer } from "../ui/answers";
import { StateMark } from "../ui/marks";
import { Head } from "../ui/page";
import { count, some } from "../ui/text";
import { useKept, useOpen, useParams } from "../ui/url";
import { StandardBar } from "./parts/standardbar";
import "./standards.css";

export const page: Page = {
  path: "/standard",
  title: "Standard",
};

export default function Standard() {
  const { id = "" } = useParams();
  const standard = useStandard(id);
  return (
    <div className="page-scroll">
      <Answer of={standard} what="this standard">
        {(s) => <Whole s={s} />}
      </Answer>
    </div>
  );
}

function Whole({ s }: { s: Data }) {
  const kept = useKept();
  const failed = s.sections.flatMap((x) => x.controls).filter((c) => c.status === "failed").length;
  return (
    <>
      <Head title={s.title} answer={failed ? <><strong>{some(failed, "control")}</strong> failed. {s.publisher} {s.version}.</> : `No control failed. ${s.publisher} ${s.version}.`}>
        <Link to="/standards" search={kept()}>
          All standards
        </Link>
      </Head>
      <div className="page-pad">
        <div className="card std-card">
          {s.description && <p className="muted">{s.description}</p>}
          <StandardBar s={s} />
          {s.references.length > 0 && (
            <p>
              {s.references.map((r) => (
                <a key={r} href={r} target="_blank" rel="noreferrer">
                  {r}
                </a>
              ))}
            </p>
          )}
        </div>
        {s.sections.map((section) => (
          <section key={section.id} className="card std-section" aria-label={section.title}>
            <h2>
              <span className="muted">{section.id}</span> {section.title}
            </h2>
            <table className="table">
              <thead className="sr">
                <tr>
                  <th>Control</th>
                  <th>Title</th>
                  <th>State</th>
                  <th>Assets</th>
                </tr>
              </thead>
              <tbody>
                {section.controls.map((c) => (
                  <ControlRow key={c.id} c={c} />
                ))}
              </tbody>
            </table>
          </section>
        ))}
      </div>
    </>
  );
}

function ControlRow({ c }: { c: StandardControl }) {
  const open = useOpen();
  const [shown, setShown] = useState(false);
  return (
    <tr>
      <td className="muted">{c.id}</td>
      <td>
        {c.checks.length > 0 ? (
          <button className="bare-button link-button" aria-expanded={shown} onClick={() => setShown(!shown)}>
            {c.title}
          </button>
        ) : (
          c.title
        )}
        {c.manual && <p className="muted">{c.manual}</p>}
        {shown && (
          <ul className="std-checks">
            {c.checks.map((id) => (
              <li key={id}>
                <button className="bare-button link-button mono" onClick={() => open.show("check", id)}>
                  {id}
                </button>
              </li>
            ))}
          </ul>
        )}
      </td>
      <td className="std-state">
        <Status of={c} />
      </td>
      <td className="std-numbers num">
        {c.coverage === "automated" && (
          <>
            {c.unhealthy > 0 && <span className="c-unhealthy">{count(c.unhealthy)} unhealthy</span>}
            {c.unhealthy === 0 && <span className="muted">{count(c.healthy)} healthy</span>}
          </>
        )}
      </td>
    </tr>
  );
}

function Status({ of: c }: { of: StandardControl }) {
  switch (c.status) {
    case "passed":
      return <StateMark of="healthy" word="passed" />;
    case "failed":
      return <StateMark of="unhealthy" word="failed" />;
    case "unknown":
      return <StateMark of="unknown" />;
    case "manual":
      return <span className="tag tag-plain">by a person</span>;
    case "not covered":
      return <span className="tag tag-plain">not covered</span>;
  }
  return <StateMark of="not applicable" word={c.status} />;
}
