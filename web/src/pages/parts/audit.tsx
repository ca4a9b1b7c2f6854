// The audit log: every change, chained by hashes.
import { useMemo } from "react";
import { useAudit } from "../../api/queries";
import type { AuditEntry } from "../../api/types";
import { Bones, Failed } from "../../ui/answers";
import { type Column, Grid } from "../../ui/grid";
import { ago, moment } from "../../ui/text";

const columns: Column<AuditEntry>[] = [
  { id: "number", label: "No.", width: "60px", right: true, cell: (e) => e.number },
  { id: "at", label: "When", width: "110px", cell: (e) => <span title={moment(e.at)}>{ago(e.at)}</span> },
  { id: "actor", label: "Who", width: "150px", cell: (e) => <span className="cut">{e.actor}</span> },
  { id: "action", label: "Did", width: "170px", cell: (e) => <span className="cut">{e.action}</span> },
  { id: "object", label: "To", width: "minmax(160px, 1fr)", cell: (e) => <span className="cut" title={e.detail}>{e.object} {e.detail && <span className="muted">{e.detail}</span>}</span> },
  { id: "hash", label: "Hash", width: "110px", cell: (e) => <code className="faint" title={e.hash}>{e.hash.slice(0, 12)}</code> },
];

export function Audit() {
  const list = useAudit();
  const rows = useMemo(() => list.data?.pages.flatMap((p) => p.items) ?? [], [list.data]);
  const items = useMemo(() => rows.map((row) => ({ row })), [rows]);
  if (list.isPending) return <Bones rows={10} />;
  if (list.isError) return <Failed error={list.error} what="the audit log" retry={() => void list.refetch()} />;
  return (
    <div className="card set-audit">
      <Grid label="Audit log" columns={columns} items={items} id={(e) => String(e.number)} total={list.data.pages[0]?.total} more={list.hasNextPage} onMore={() => !list.isFetchingNextPage && void list.fetchNextPage()} />
    </div>
  );
}
