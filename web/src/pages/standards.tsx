import { IconChecklist } from "@tabler/icons-react";
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useChooseStandard, useMaySettle, useStandards } from "../api/queries";
import type { Standard } from "../api/types";
import type { Page } from "../frame/page";
import { Answer, Bones, Empty } from "../ui/answers";
import { Head } from "../ui/page";
import { count, some } from "../ui/text";
import { useKept } from "../ui/url";
import { StandardBar } from "./parts/standardbar";
import "./standards.css";

export const page: Page = {
  path: "/standards",
  title: "Compliance",
  section: "Posture",
  order: 5,
  icon: IconChecklist,
  key: "p",
};

export default function Standards() {
  const standards = useStandards();
  return (
    <div className="page-scroll">
      <Head title="Compliance" answer={standards.data ? `${some(standards.data.filter((s) => s.inUse).length, "standard")} in use; what no check can judge is shown apart and never counted as passed.` : "\u00a0"} />
      <div className="page-pad">
        <Answer of={standards} what="the standards" skeleton={<Bones rows={4} h={120} />}>
          {(list) =>
            list.length === 0 ? (
              <Empty why="unconnected" title="No standard is installed" command="bulwark serve --content ./content">
                Standards are files under <code>standards/</code> of the content folder.
              </Empty>
            ) : (
              <>
                <div className="std-grid">
                  {list
                    .filter((s) => s.inUse)
                    .map((s) => (
                      <StandardCard key={s.id} s={s} />
                    ))}
                </div>
                <Others list={list.filter((s) => !s.inUse)} />
              </>
            )
          }
        </Answer>
      </div>
    </div>
  );
}

/** Others are the standards that nothing and nobody put into use. */
function Others({ list }: { list: Standard[] }) {
  const kept = useKept();
  if (list.length === 0) return null;
  return (
    <section className="card std-others" aria-label="Not in use">
      <h2>Not in use</h2>
      <p className="muted">A standard comes into use with the first connector of its provider, or here.</p>
      <table className="table">
        <thead className="sr">
          <tr>
            <th>Standard</th>
            <th>Controls</th>
            <th>Use</th>
          </tr>
        </thead>
        <tbody>
          {list.map((s) => (
            <tr key={s.id}>
              <td>
                <Link to="/standard" search={kept({ id: s.id })}>
                  {s.title}
                </Link>
                <span className="block muted small">
                  {s.publisher} {s.version}
                </span>
              </td>
              <td className="muted">{some(s.passed + s.failed + s.unknown + s.notApplicable, "control")} that checks judge</td>
              <td className="right">
                <Use s={s} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Use puts a standard into use, or out of it, for who may settle that. */
export function Use({ s }: { s: Pick<Standard, "id" | "title" | "version" | "inUse"> }) {
  const choose = useChooseStandard();
  if (!useMaySettle()) return null;
  return (
    <Button loading={choose.isPending} onClick={() => choose.mutate({ id: s.id, inUse: !s.inUse })} aria-label={`${s.inUse ? "Stop using" : "Use"} ${s.title} ${s.version}`}>
      {choose.isError ? "Try again" : s.inUse ? "Stop using" : "Use"}
    </Button>
  );
}

function StandardCard({ s }: { s: Standard }) {
  const kept = useKept();
  const automated = s.passed + s.failed + s.unknown;
  return (
    <section className="card std-card" aria-label={`${s.title} ${s.version}`}>
      <div className="row">
        <h2 className="std-title">
          <Link to="/standard" search={kept({ id: s.id })}>
            {s.title}
          </Link>
        </h2>
        <span className="muted end">
          {s.publisher} {s.version}
        </span>
      </div>
      <p className="std-answer">
        <strong className="num">{count(s.passed)}</strong> of {some(automated, "control")} that checks judge {s.passed === 1 ? "is" : "are"} passed
      </p>
      <StandardBar s={s} />
    </section>
  );
}
