import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useAssessments, useCheck, useStandard } from "../api/queries";
import type { Standard as Data, StandardControl } from "../api/types";
import type { Page } from "../frame/page";
import { Answer, Bones, Failed } from "../ui/answers";
import { Download } from "../ui/code";
import { SeverityMark, StateMark, TallyBar } from "../ui/marks";
import { Head } from "../ui/page";
import { count, some } from "../ui/text";
import { useKept, useOpen, useParams, useSetParams } from "../ui/url";
import { StandardBar } from "./parts/standardbar";
import { Use } from "./standards";
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
        <Download text={csvOf(s)} name={`${s.id.replace(/\W+/g, "-")}.csv`} type="text/csv" />
        <Use s={s} />
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
  const { control } = useParams();
  const set = useSetParams();
  const shown = control === c.id;
  const row = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    if (shown) row.current?.scrollIntoView({ block: "nearest" });
  }, []);
  return (
    <>
      <tr ref={row} data-shown={shown || undefined}>
        <td className="muted">{c.id}</td>
        <td>
          {c.checks.length > 0 ? (
            <button className="bare-button link-button" aria-expanded={shown} onClick={() => set({ control: shown ? undefined : c.id }, { replace: true })}>
              {c.title}
            </button>
          ) : (
            c.title
          )}
          {c.manual && (
            <p className="muted">
              <strong>By a person:</strong> {c.manual}
            </p>
          )}
          {c.status === "not covered" && <p className="muted">No check judges it, and nothing says why a person must. It counts as neither passed nor failed.</p>}
        </td>
        <td className="std-state">
          <Status of={c} />
        </td>
        <td className="std-numbers num">
          {c.coverage === "automated" && (
            <>
              {c.unhealthy > 0 && <span className="c-unhealthy">{count(c.unhealthy)} unhealthy</span>}
              {c.unhealthy === 0 && <span className="muted">{count(c.healthy)} healthy</span>}
              {c.unknown > 0 && <span className="block c-unknown">{count(c.unknown)} unknown</span>}
            </>
          )}
        </td>
      </tr>
      {shown && (
        <tr className="std-proof">
          <td />
          <td colSpan={3}>
            {c.checks.map((id) => (
              <CheckProof key={id} id={id} />
            ))}
          </td>
        </tr>
      )}
    </>
  );
}

const proofs = 5;

/** CheckProof is what a check says for a control: its counts, and what fails with the reason. */
function CheckProof({ id }: { id: string }) {
  const check = useCheck(id);
  const open = useOpen();
  return (
    <Answer of={check} what={`check ${id}`} skeleton={<Bones rows={1} />}>
      {(c) => (
        <section className="std-check" aria-label={c.title}>
          <div className="row">
            <SeverityMark of={c.severity} short />
            <button className="bare-button link-button" onClick={() => open.show("check", id)}>
              {c.title}
            </button>
            <span className="end row num">
              <TallyBar of={c} />
              <span>{c.unhealthy > 0 ? some(c.unhealthy, "asset") + " unhealthy" : c.healthy > 0 ? `${count(c.healthy)} healthy` : c.unknown > 0 ? `${count(c.unknown)} unknown` : c.notApplicable > 0 ? "not applicable" : "no asset of its kind"}</span>
            </span>
          </div>
          {c.unhealthy > 0 && <Failing id={id} total={c.unhealthy} />}
        </section>
      )}
    </Answer>
  );
}

function Failing({ id, total }: { id: string; total: number }) {
  const list = useAssessments({ check: id, state: "unhealthy" });
  const open = useOpen();
  if (list.isPending) return <Bones rows={2} h={28} />;
  if (list.isError) return <Failed error={list.error} what="what fails" retry={() => void list.refetch()} />;
  const rows = list.data.pages.flatMap((p) => p.items).slice(0, proofs);
  return (
    <ul className="std-failing">
      {rows.map((a) => (
        <li key={a.asset}>
          <button className="bare-button link-button" onClick={() => open.show("asset", a.asset, { tab: "assessments" })}>
            {a.row?.name || a.asset}
          </button>
          <span className="faint"> {a.row?.scope}</span>
          <p className="muted">{a.because}</p>
        </li>
      ))}
      {total > rows.length && (
        <li>
          <button className="bare-button link-button" onClick={() => open.show("check", id)}>
            All {count(total)}
          </button>
        </li>
      )}
    </ul>
  );
}

/** csvOf writes a standard's state, a control a line, as spreadsheets read it; what begins like a formula is kept text. */
function csvOf(s: Data): string {
  const cell = (v: string | number) => `"${String(v).replace(/^([=+\-@\t\r])/, "'$1").replace(/"/g, '""')}"`;
  const head = ["standard", "version", "section", "control", "title", "status", "unhealthy", "unknown", "healthy", "not applicable", "manual", "checks"];
  const rows = s.sections.flatMap((x) => x.controls.map((c) => [s.title, s.version, x.title, c.id, c.title, c.status, c.unhealthy, c.unknown, c.healthy, c.notApplicable, c.manual ?? "", c.checks.join(" ")]));
  return [head, ...rows].map((r) => r.map(cell).join(",")).join("\r\n") + "\r\n";
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
