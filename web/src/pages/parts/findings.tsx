// Every problem on every asset: the flat list of findings.
import { useFindings } from "../../api/queries";
import type { Facet, Finding } from "../../api/types";
import { ExemptDialog } from "../../detail/exempt";
import type { Field } from "../../ui/filter";
import { ordered } from "../../ui/filterbar";
import { AssetGlyph } from "../../ui/glyphs";
import type { Column } from "../../ui/grid";
import { ListPage } from "../../ui/listpage";
import { severities, SeverityMark } from "../../ui/marks";
import { ago, moment, some } from "../../ui/text";
import { useOpen } from "../../ui/url";
import { ScopeName } from "../../ui/scopename";

const columns: Column<Finding>[] = [
  { id: "severity", label: "Severity", width: "92px", sort: true, cell: (f) => <SeverityMark of={f.severity} /> },
  { id: "title", label: "Problem", width: "minmax(190px, 1.4fr)", cell: (f) => <span className="cut" title={f.because}>{f.title}</span> },
  {
    id: "asset",
    label: "Asset",
    width: "minmax(150px, 1fr)",
    cell: (f) => (
      <>
        <AssetGlyph type={f.row?.type ?? ""} />
        <span className="cut" title={f.asset}>
          {f.row?.name ?? f.asset}
          {f.instance && <span className="faint"> · {f.instance}</span>}
        </span>
        {f.row?.stale && <span className="tag s-unknown c-unknown">stale</span>}
        {f.exemption && <span className="tag tag-plain">exempt</span>}
      </>
    ),
  },
  { id: "scope", label: "Scope", width: "minmax(80px, 0.7fr)", cell: (f) => <ScopeName path={f.row?.scope} /> },
  { id: "firstSeen", label: "Seen first", width: "82px", right: true, sort: true, cell: (f) => <span title={moment(f.firstSeen)}>{ago(f.firstSeen)}</span> },
];

const keys = ["severity", "state", "check", "exempt"];

export function Findings({ views }: { views: React.ReactNode }) {
  const open = useOpen();
  return (
    <ListPage
      title="Recommendations"
      one="problem"
      name="findings"
      placeholder="Filter: severity:critical exempt:no bucket"
      keys={keys}
      read={useFindings}
      fields={fields}
      answer={(_, total) => (
        <>
          <strong>{some(total, "problem")}</strong>, each one check on one asset.
        </>
      )}
      columns={columns}
      id={(f) => f.id}
      onOpen={(f, replace) => open.show("asset", f.asset, { replace, tab: "assessments" })}
      exempt={(ids, close, done) => <ExemptDialog findings={ids} onClose={close} onDone={done} />}
      actions={views}
      empty={{ why: "good", title: "No problem is open", children: "Every check that applies is met, or could not be judged: see the coverage gaps." }}
    />
  );
}

function fields(facets: Record<string, Facet[]>): Field[] {
  return [
    { key: "severity", label: "Severity", values: ordered(facets.severity, severities) },
    { key: "state", label: "State", values: facets.state ?? [{ value: "open" }, { value: "resolved" }] },
    { key: "exempt", label: "Exempt", values: facets.exempt ?? [{ value: "yes" }, { value: "no" }] },
    { key: "check", label: "Check", values: facets.check },
  ];
}
