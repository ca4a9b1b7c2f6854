// A gap: what could not be read, what that weakens, and what would mend it.
import { Link } from "@tanstack/react-router";
import { useGap, useNeeds } from "../api/queries";
import type { Gap } from "../api/types";
import { Templates } from "../pages/parts/access";
import { Bones, Empty, Failed } from "../ui/answers";
import { Copy } from "../ui/code";
import { Facts } from "../ui/page";
import { ago, moment } from "../ui/text";
import { useKept } from "../ui/url";
import "./detail.css";
import "../theme/more.css";

export default function GapDetail({ id, alone }: { id: string; alone?: boolean }) {
  const gap = useGap(id);
  if (gap.isPending) return <Bones rows={8} />;
  if (gap.isError) return <Failed error={gap.error} what="this gap" retry={() => void gap.refetch()} />;
  if (!gap.data) {
    return (
      <Empty why="filtered" title="This gap is not there any more">
        It was read since, its reason changed, or its connector was removed.
      </Empty>
    );
  }
  return <Whole g={gap.data} alone={alone} />;
}

const weakens: Record<string, string> = {
  listing: "Assets of this kind may be missing here. None is taken to be gone, and numbers of this scope are of what could be read.",
  property: "Checks that look at it answer unknown, which is never counted as passed.",
  relation: "Checks that follow it answer unknown, which is never counted as passed.",
  file: "What the file declares was not judged.",
};

function Whole({ g, alone }: { g: Gap; alone?: boolean }) {
  const kept = useKept();
  const Title = alone ? "h1" : "h2";
  return (
    <article className="detail" aria-label={g.why}>
      <header className="detail-head">
        <div className="row row-wrap">
          <span className="tag s-unknown c-unknown">{g.what}</span>
          {g.at && (
            <span className="muted" title={moment(g.at)}>
              seen {ago(g.at)}
            </span>
          )}
        </div>
        <Title className="detail-title">{g.why}</Title>
      </header>
      <div className="detail-pane stack">
        <Facts
          of={[
            ["Where", <code>{g.where}</code>],
            ["Scope", g.scope && <Link to="/inventory" search={{ scope: g.scope } as never}>{g.scope}</Link>],
            ["Connector", g.connector && <Link to="/connector" search={kept({ id: g.connector })}>{g.connector}</Link>],
          ]}
        />
        <section className="stack" aria-label="What it weakens">
          <h3>What it weakens</h3>
          <p>{weakens[g.what] ?? "What depends on it is unknown, never passed."}</p>
        </section>
        <section className="stack" aria-label="What would mend it">
          <h3>What would mend it</h3>
          {g.needs ? (
            <>
              <p className="row">
                <code className="cut">{g.needs}</code>
                <Copy text={g.needs} what="what would mend it" />
              </p>
              <p>
                <Link to="/gaps" search={kept({ q: `needs:"${g.needs}"` })}>
                  Every gap that this would mend
                </Link>
              </p>
              {g.connector && <Mend connector={g.connector} />}
            </>
          ) : (
            <p className="muted">No permission would: it is the answer itself that could not be used. The next run tries it again.</p>
          )}
        </section>
      </div>
    </article>
  );
}

/** Mend shows the texts that give a connector all that it lacks. */
function Mend({ connector }: { connector: string }) {
  const needs = useNeeds();
  const mend = needs.data?.find((n) => n.connector === connector)?.mend;
  return mend ? <Templates of={mend} /> : null;
}
