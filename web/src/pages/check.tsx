import { Tabs } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { controlTitle, useCheck, useKinds, useMayRun } from "../api/queries";
import type { Check } from "../api/types";
import type { Page } from "../frame/page";
import { Answer, Bones } from "../ui/answers";
import { Prose } from "../ui/code";
import { SeverityTag, TallyBar } from "../ui/marks";
import { Facts } from "../ui/page";
import { count } from "../ui/text";
import { useKept, useParams, useSetParams } from "../ui/url";
import { Rule } from "./parts/rule";
import { TryEdit } from "./parts/tryedit";
import "../theme/more.css";
import "../detail/detail.css";
import "./check.css";

export const page: Page = {
  path: "/check",
  title: "Check",
};

export default function CheckPage() {
  const check = useCheck(useParams().id ?? "");
  return (
    <Answer of={check} what="this check" skeleton={<Bones rows={12} />}>
      {(c) => <Whole key={c.id} c={c} />}
    </Answer>
  );
}

function Whole({ c }: { c: Check }) {
  const { tab = "rule" } = useParams();
  const set = useSetParams();
  const kept = useKept();
  const mayTry = useMayRun();
  return (
    <article className="detail" aria-label={c.title}>
      <header className="detail-head">
        <div className="row row-wrap">
          <SeverityTag of={c.severity} />
          {c.preview && <span className="tag tag-plain">preview: not scored</span>}
          {c.custom && <span className="tag tag-plain">yours: not scored</span>}
          <span className="faint mono cut">{c.id}</span>
          <Link to="/content" search={kept()} className="end">
            All checks
          </Link>
        </div>
        <h1 className="detail-title">{c.title}</h1>
        <p className="muted detail-risk">{c.risk}</p>
        <div className="row row-wrap detail-numbers num">
          <TallyBar of={c} width={120} />
          <Link to="/recommendation" search={kept({ id: c.id })}>
            {count(c.unhealthy)} unhealthy
          </Link>
          {c.unknown > 0 && <span className="c-unknown">{count(c.unknown)} unknown</span>}
          <span className="muted">{count(c.healthy)} healthy</span>
          <span className="muted">{c.custom || c.preview ? "counts in no control" : controlTitle(c.control)}</span>
        </div>
      </header>
      <Tabs value={tab} onChange={(t) => set({ tab: t && t !== "rule" ? t : undefined }, { replace: true })} className="detail-tabs">
        <Tabs.List className="tabs-list">
          <Tabs.Tab value="rule">Rule</Tabs.Tab>
          <Tabs.Tab value="permissions">Permissions</Tabs.Tab>
          <Tabs.Tab value="elsewhere">Elsewhere</Tabs.Tab>
          {mayTry && <Tabs.Tab value="try">Try an edit</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="rule" className="detail-pane">
          <Rule c={c}>
            {c.remediation.console && (
              <section className="stack" aria-label="How it is mended">
                <h2>How it is mended</h2>
                <Prose text={c.remediation.console} />
              </section>
            )}
          </Rule>
        </Tabs.Panel>
        <Tabs.Panel value="permissions" className="detail-pane">
          <Needed c={c} />
        </Tabs.Panel>
        <Tabs.Panel value="elsewhere" className="detail-pane">
          <Elsewhere c={c} />
        </Tabs.Panel>
        <Tabs.Panel value="try" className="detail-fill">
          <TryEdit id={c.id} />
        </Tabs.Panel>
      </Tabs>
    </article>
  );
}

function Needed({ c }: { c: Check }) {
  const titles = useKinds().data;
  const kinds = [...new Set(c.permissions.map((p) => p.kind))];
  if (kinds.length === 0) return <p className="muted">It needs none: what it judges is read from files.</p>;
  return (
    <div className="stack">
      <p className="muted">Without these, what it judges is unknown, never passed.</p>
      {kinds.map((kind) => (
        <table key={kind} className="table" aria-label={kind}>
          <thead>
            <tr>
              <th>{titles?.find((k) => k.kind === kind)?.title ?? kind}: permission</th>
              <th>Calls</th>
              <th>Reads</th>
            </tr>
          </thead>
          <tbody>
            {c.permissions
              .filter((p) => p.kind === kind)
              .map((p) => (
                <tr key={p.permission}>
                  <td className="mono">
                    {p.permission} {p.optional && <span className="tag tag-plain">optional</span>}
                  </td>
                  <td className="mono muted">{p.calls?.join(", ")}</td>
                  <td className="muted">{p.types?.join(", ") ?? "everything of the provider"}</td>
                </tr>
              ))}
          </tbody>
        </table>
      ))}
    </div>
  );
}

function Elsewhere({ c }: { c: Check }) {
  const equivalents = Object.entries(c.equivalents);
  return (
    <div className="stack">
      <section className="stack" aria-label="Standards">
        <h2>Standards that ask for it</h2>
        {c.standards.length === 0 && <p className="muted">No standard that is installed asks for it.</p>}
        <ul>
          {c.standards.map((s) => (
            <li key={s.standard + s.control}>
              <Link to="/standard" search={{ id: s.standard, control: s.control } as never}>
                {s.title}
              </Link>{" "}
              <span className="muted">{s.control}</span>
            </li>
          ))}
        </ul>
      </section>
      {equivalents.length > 0 && (
        <section className="stack" aria-label="Other tools">
          <h2>The same in other tools</h2>
          <Facts of={equivalents.map(([tool, ids]): [string, React.ReactNode] => [tool, <span className="mono">{ids.join(", ")}</span>])} />
        </section>
      )}
      {c.attack.length > 0 && <Facts of={[["ATT&CK", c.attack.join(", ")]]} />}
      {c.references.length > 0 && (
        <section className="stack" aria-label="References">
          <h2>References</h2>
          <ul>
            {c.references.map((r) => (
              <li key={r}>
                <a href={r} target="_blank" rel="noreferrer">
                  {r}
                </a>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}
