import { IconEyeQuestion } from "@tabler/icons-react";
import { useGaps } from "../api/queries";
import type { Facet, Gap } from "../api/types";
import type { Page } from "../frame/page";
import { Copy } from "../ui/code";
import type { Field } from "../ui/filter";
import type { Column } from "../ui/grid";
import { ListPage } from "../ui/listpage";
import { some } from "../ui/text";

export const page: Page = {
  path: "/gaps",
  title: "Coverage gaps",
  section: "Connect",
  order: 22,
  icon: IconEyeQuestion,
  key: "c",
};

const columns: Column<Gap>[] = [
  { id: "what", label: "What", width: "84px", cell: (g) => <span className="tag s-unknown c-unknown">{g.what}</span> },
  {
    id: "where",
    label: "Where, and why it could not be read",
    width: "minmax(320px, 1.5fr)",
    cell: (g) => (
      <span className="two-lines">
        <span className="cut" title={g.why}>
          {g.why}
        </span>
        <code className="cut muted" title={g.where}>
          {g.where}
        </code>
      </span>
    ),
  },
  {
    id: "needs",
    label: "What would mend it",
    width: "minmax(200px, 1fr)",
    cell: (g) =>
      g.needs ? (
        <>
          <span className="cut" title={g.needs}>
            {g.needs}
          </span>
          <Copy text={g.needs} what="what would mend it" />
        </>
      ) : (
        <span className="faint">–</span>
      ),
  },
  { id: "connector", label: "Connector", width: "110px", cell: (g) => <span className="cut muted">{g.connector}</span> },
];

const keys = ["what", "connector"];

export default function Gaps() {
  return (
    <ListPage
      title="Coverage gaps"
      one="gap"
      name="gaps"
      placeholder="Filter: what:listing denied"
      keys={keys}
      read={useGaps}
      fields={fields}
      answer={(_, total) => (total === 0 ? "Everything that was asked for could be read." : <>In <strong>{some(total, "place")}</strong> something could not be read; what depends on it is unknown, never passed.</>)}
      columns={columns}
      id={(g) => `${g.what} ${g.where} ${g.why}`}
      rowHeight={54}
      empty={{ why: "good", title: "There is no gap", children: "Every listing was complete and every file was understood." }}
    />
  );
}

function fields(facets: Record<string, Facet[]>): Field[] {
  return [
    { key: "what", label: "What", values: facets.what },
    { key: "connector", label: "Connector", values: facets.connector },
  ];
}
