// The dialogue that exempts checks, assets or findings, singly or in bulk.
import { Button, Modal, SegmentedControl, Select, Textarea } from "@mantine/core";
import { useState } from "react";
import { useExempt } from "../api/queries";
import type { NewExemption } from "../api/types";
import { Failed } from "../ui/answers";
import { percent, points, some } from "../ui/text";
import { useParams } from "../ui/url";
import "../theme/more.css";
import "./detail.css";

export interface ExemptProps {
  checks?: string[];
  assets?: string[];
  findings?: string[];
  onClose: () => void;
  onDone: () => void;
}

const terms = [
  { value: "30", label: "for 30 days" },
  { value: "90", label: "for 90 days" },
  { value: "180", label: "for 180 days" },
  { value: "365", label: "for a year" },
  { value: "", label: "until it is ended" },
];

export function ExemptDialog(p: ExemptProps) {
  const { scope } = useParams();
  const [category, setCategory] = useState("waiver");
  const [reason, setReason] = useState("");
  const [term, setTerm] = useState("90");
  const exempt = useExempt();
  const wanted = wants(p, scope);
  const what = p.findings ? some(p.findings.length, "problem") : p.assets ? some(p.assets.length, "asset") : `${some(p.checks?.length ?? 0, "recommendation")} ${scope ? `in ${scope}` : "everywhere"}`;

  const submit = (e: React.FormEvent) => {
    e.preventDefault();
    const expires = term ? new Date(Date.now() + Number(term) * 86_400_000).toISOString() : undefined;
    exempt.mutate(
      wanted.map((w) => ({ ...w, category: category as NewExemption["category"], reason: reason.trim(), expires })),
      { onSuccess: p.onDone },
    );
  };
  const done = exempt.data;

  return (
    <Modal opened onClose={p.onClose} title={`Exempt ${what}`} size={520}>
      {done ? (
        <div className="stack">
          <p role="status">
            {some(done.length, "exemption")} made.{" "}
            {done[done.length - 1]?.before !== undefined && (
              <>
                The score goes from <strong className="num">{percent(done[0]!.before!)}</strong> to <strong className="num">{percent(done[done.length - 1]!.after!)}</strong> ({points((done[done.length - 1]!.after! - done[0]!.before!) * 100)} percentage points).
              </>
            )}
          </p>
          <div className="row">
            <Button variant="default" loading={exempt.undo.isPending} onClick={() => exempt.undo.mutate(done.map((d) => d.id), { onSuccess: p.onClose })}>
              Undo
            </Button>
            <Button className="end" variant="filled" onClick={p.onClose} data-autofocus>
              Done
            </Button>
          </div>
        </div>
      ) : (
        <form className="stack" onSubmit={submit}>
          <div>
            <SegmentedControl
              fullWidth
              aria-label="How it counts"
              value={category}
              onChange={setCategory}
              data={[
                { value: "waiver", label: "Accept the risk" },
                { value: "mitigated", label: "Mitigated elsewhere" },
              ]}
            />
            <p className="muted exempt-note">{category === "waiver" ? "A waiver takes the assets out of the control's count." : "Mitigated assets count as healthy in the score."}</p>
          </div>
          <Textarea label="Reason" required data-autofocus autosize minRows={3} value={reason} onChange={(e) => setReason(e.currentTarget.value)} placeholder="Why this is acceptable, and who agreed" />
          <Select label="It holds" data={terms} value={term} onChange={(v) => setTerm(v ?? "")} allowDeselect={false} />
          {exempt.isError && <Failed error={exempt.error} what="the exemption" />}
          <div className="row">
            <Button onClick={p.onClose}>Cancel</Button>
            <Button className="end" type="submit" variant="filled" loading={exempt.isPending} disabled={!reason.trim()}>
              Exempt {what}
            </Button>
          </div>
        </form>
      )}
    </Modal>
  );
}

/** wants lists what is to be exempt: each finding, or each check on each asset, or each check on the chosen scopes. */
function wants(p: ExemptProps, scope?: string): Pick<NewExemption, "check" | "asset" | "finding" | "scope">[] {
  if (p.findings) return p.findings.map((finding) => ({ finding }));
  const checks = p.checks ?? [];
  if (p.assets) return checks.flatMap((check) => p.assets!.map((asset) => ({ check, asset })));
  const scopes = scope ? scope.split(",") : [""];
  return checks.flatMap((check) => scopes.map((s) => (s ? { check, scope: s } : { check })));
}
