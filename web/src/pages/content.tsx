import { IconBooks } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useChecks } from "../api/content";
import { controlTitle } from "../api/queries";
import type { Facet, Recommendation } from "../api/types";
import type { Page } from "../frame/page";
import { typeLabel } from "../ui/glyphs";
import type { Field } from "../ui/filter";
import type { Column } from "../ui/grid";
import { ListPage } from "../ui/listpage";
import { severities, SeverityMark, TallyBar } from "../ui/marks";
import { ordered } from "../ui/filterbar";
import { count, some } from "../ui/text";
import { useKept } from "../ui/url";
import "../theme/more.css";

export const page: Page = {
  path: "/content",
  title: "Checks",
  section: "System",
  order: 30,
  icon: IconBooks,
  key: "k",
};

const columns: Column<Recommendation>[] = [
  { id: "severity", label: "Severity", width: "96px", sort: true, cell: (c) => <SeverityMark of={c.severity} /> },
  {
    id: "title",
    label: "Check",
    width: "minmax(300px, 2fr)",
    sort: true,
    cell: (c) => (
      <span className="two-lines">
        <span className="cut" title={c.title}>
          {c.title}
        </span>
        <code className="cut muted">{c.id}</code>
      </span>
    ),
  },
  { id: "type", label: "Judges", width: "minmax(120px, 0.8fr)", cell: (c) => <span className="cut muted" title={c.types.join("\n")}>{c.types.slice(0, 2).map(typeLabel).join(", ")}{c.types.length > 2 && ` +${c.types.length - 2}`}</span> },
  { id: "control", label: "Counts in", width: "minmax(120px, 0.8fr)", cell: (c) => <span className="cut muted">{c.custom ? "not scored: yours" : c.preview ? "not scored: preview" : controlTitle(c.control)}</span> },
  { id: "unhealthy", label: "Unhealthy", width: "84px", sort: true, right: true, cell: (c) => (c.unhealthy > 0 ? <strong>{count(c.unhealthy)}</strong> : <span className="faint">0</span>) },
  { id: "tally", label: "", width: "84px", cell: (c) => <TallyBar of={c} /> },
];

const keys = ["provider", "service", "severity", "control", "found", "custom"];

export default function Checks() {
  const navigate = useNavigate();
  const kept = useKept();
  return (
    <ListPage
      title="Checks"
      one="check"
      name="checks"
      placeholder="Filter: provider:aws found:yes encryption"
      keys={keys}
      read={useChecks}
      fields={fields}
      answer={(_, total) => <>{some(total, "check")}: every rule that is judged by, whether it found anything or not. Each can be read, and a change tried on what you have.</>}
      columns={columns}
      id={(c) => c.id}
      onOpen={(c) => void navigate({ to: "/check", search: kept({ id: c.id }) })}
      rowHeight={52}
      empty={{ why: "unconnected", title: "No check is installed" }}
    />
  );
}

function fields(facets: Record<string, Facet[]>): Field[] {
  return [
    { key: "found", label: "Has findings", values: facets.found },
    { key: "severity", label: "Severity", values: ordered(facets.severity, severities) },
    { key: "provider", label: "Provider", values: facets.provider },
    { key: "service", label: "Service", values: facets.service },
    { key: "control", label: "Control", values: facets.control?.map((f) => ({ ...f, label: controlTitle(f.value) })) },
    { key: "custom", label: "Yours", values: facets.custom },
  ];
}
