import { SegmentedControl } from "@mantine/core";
import { IconEyeQuestion } from "@tabler/icons-react";
import { useGaps } from "../api/queries";
import type { Facet, Gap } from "../api/types";
import type { Page } from "../frame/page";
import type { Field } from "../ui/filter";
import type { Column } from "../ui/grid";
import { ListPage } from "../ui/listpage";
import { some } from "../ui/text";
import { useOpen, useParams, useSetParams } from "../ui/url";
import { Needs } from "./parts/needs";
import "../theme/more.css";

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
    width: "minmax(280px, 1.6fr)",
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
    width: "minmax(180px, 1fr)",
    cell: (g) =>
      g.needs ? (
        <span className="cut mono" title={g.needs}>
          {g.needs}
        </span>
      ) : (
        <span className="faint">–</span>
      ),
  },
  { id: "connector", label: "Connector", width: "130px", cell: (g) => <span className="cut muted">{g.connector}</span> },
];

const keys = ["what", "connector", "needs"];

export default function Gaps() {
  const { view } = useParams();
  return view === "permissions" ? <Needs switcher={<Switch />} /> : <GapList />;
}

/** Switch chooses between the gaps and what would mend them. */
function Switch() {
  const { view = "list" } = useParams();
  const set = useSetParams();
  return (
    <SegmentedControl
      aria-label="Show"
      value={view}
      onChange={(v) => set({ view: v === "list" ? undefined : v, open: undefined })}
      data={[
        { value: "list", label: "Every gap" },
        { value: "permissions", label: "By permission" },
      ]}
    />
  );
}

function GapList() {
  const open = useOpen();
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
      id={(g) => g.id ?? ""}
      onOpen={(g, replace) => open.show("gap", g.id ?? "", { replace })}
      openID={open.kind === "gap" ? open.id : undefined}
      rowHeight={54}
      actions={<Switch />}
      empty={{ why: "good", title: "There is no gap", children: "Every listing was complete and every file was understood." }}
    />
  );
}

function fields(facets: Record<string, Facet[]>): Field[] {
  return [
    { key: "what", label: "What", values: facets.what },
    { key: "connector", label: "Connector", values: facets.connector },
    { key: "needs", label: "Needs", values: facets.needs },
  ];
}
