import { IconChecklist } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useStandards } from "../api/queries";
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
      <Head title="Compliance" answer={standards.data ? `${some(standards.data.length, "standard")}; what no check can judge is shown apart and never counted as passed.` : "\u00a0"} />
      <div className="page-pad">
        <Answer of={standards} what="the standards" skeleton={<Bones rows={4} h={120} />}>
          {(list) =>
            list.length === 0 ? (
              <Empty why="unconnected" title="No standard is installed" command="bulwark serve --content ./content">
                Standards are files under <code>standards/</code> of the content folder.
              </Empty>
            ) : (
              <div className="std-grid">
                {list.map((s) => (
                  <StandardCard key={s.id} s={s} />
                ))}
              </div>
            )
          }
        </Answer>
      </div>
    </div>
  );
}

function StandardCard({ s }: { s: Standard }) {
  const kept = useKept();
  const automated = s.passed + s.failed + s.unknown;
  return (
    <section className="card std-card" aria-label={s.title}>
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
