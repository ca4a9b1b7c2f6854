import { IconStack2 } from "@tabler/icons-react";
import { useAssets } from "../api/queries";
import type { AssetRow, Facet } from "../api/types";
import type { Page } from "../frame/page";
import type { Field } from "../ui/filter";
import { AssetGlyph, typeLabel } from "../ui/glyphs";
import type { Column } from "../ui/grid";
import { ListPage } from "../ui/listpage";
import { SeverityMark } from "../ui/marks";
import { ScopeName, useScopeName } from "../ui/scopename";
import { ago, count, moment, some } from "../ui/text";
import { useOpen } from "../ui/url";

export const page: Page = {
  path: "/inventory",
  title: "Inventory",
  section: "Posture",
  order: 3,
  icon: IconStack2,
  key: "i",
};

const columns: Column<AssetRow>[] = [
  {
    id: "name",
    label: "Asset",
    width: "minmax(180px, 1.2fr)",
    sort: true,
    cell: (a) => (
      <>
        <AssetGlyph type={a.type} />
        <span className="cut" title={a.id}>
          {a.name || a.id}
        </span>
        {a.stale && <span className="tag s-unknown c-unknown">stale</span>}
      </>
    ),
  },
  { id: "type", label: "Type", width: "minmax(120px, 0.8fr)", sort: true, cell: (a) => <span className="cut muted" title={a.type}>{typeLabel(a.type)}</span> },
  { id: "scope", label: "Where", width: "minmax(110px, 1fr)", cell: (a) => <ScopeName path={a.scope} region={a.region} /> },
  { id: "highest", label: "Worst", width: "86px", sort: true, cell: (a) => (a.unhealthy > 0 ? <SeverityMark of={a.highest} /> : <span className="faint">–</span>) },
  { id: "unhealthy", label: "Unhealthy", width: "72px", sort: true, right: true, cell: (a) => (a.unhealthy ? <strong>{count(a.unhealthy)}</strong> : <span className="faint">0</span>) },
  { id: "unknown", label: "Unknown", width: "64px", right: true, cell: (a) => <span className={a.unknown ? "c-unknown" : "faint"}>{count(a.unknown)}</span> },
  { id: "changed", label: "Changed", width: "82px", sort: true, right: true, cell: (a) => <span className="muted" title={moment(a.changed)}>{ago(a.changed)}</span> },
];

const keys = ["type", "origin", "region", "in", "stale"];

export default function Inventory() {
  const open = useOpen();
  const scopeName = useScopeName();
  return (
    <ListPage
      title="Inventory"
      one="asset"
      name="inventory"
      placeholder="Filter: type:AWS::S3::Bucket region:eu-west-1 ledger"
      keys={keys}
      read={useAssets}
      fields={(facets) => fields(facets, scopeName)}
      answer={(_, total) => <strong>{some(total, "asset")}</strong>}
      columns={columns}
      id={(a) => a.id}
      onOpen={(a, replace) => open.show("asset", a.id, { replace })}
      openID={open.kind === "asset" ? open.id : undefined}
      empty={{ why: "unconnected", title: "No asset has been read yet", command: "bulwark serve --scan-iac ./infrastructure", children: "Connect a cloud, a cluster, a folder of code or this host." }}
    />
  );
}

function fields(facets: Record<string, Facet[]>, scopeName: (path: string) => string): Field[] {
  return [
    { key: "type", label: "Type", values: facets.type?.map((f) => ({ ...f, label: typeLabel(f.value) })) },
    { key: "in", label: "Scope", values: facets.in?.map((f) => ({ ...f, label: scopeName(f.value) })) },
    { key: "origin", label: "Known from", values: facets.origin },
    { key: "region", label: "Region", values: facets.region?.filter((f) => f.value !== "") },
    { key: "stale", label: "Stale", values: facets.stale },
  ];
}
