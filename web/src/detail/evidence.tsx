// What proves a verdict: the reason in words, and each deciding value with
// the path and the line where it stands.
import type { Assessment, Evidence, Position } from "../api/types";
import { Copy } from "../ui/code";

/** place writes a position as file:line. */
export function place(p?: Position): string {
  if (!p?.file) return "";
  return p.line ? `${p.file}:${p.line}${p.endLine && p.endLine > p.line ? `–${p.endLine}` : ""}` : p.file;
}

/** Place shows file:line with a copy button, and the module calls that lead there. */
export function Place({ of }: { of?: Position }) {
  const text = place(of);
  if (!text) return null;
  return (
    <span className="place" title={of?.via?.length ? `via ${of.via.join(" → ")}` : undefined}>
      <code className="cut">{text}</code>
      <Copy text={text} what="location" />
    </span>
  );
}

/** Proof shows why an assessment has its state. */
export function Proof({ of }: { of: Assessment }) {
  return (
    <div className="proof">
      {of.because && <p>{of.because}</p>}
      {of.evidence.length > 0 && (
        <ul className="proof-lines">
          {of.evidence.map((e, i) => (
            <Line key={i} e={e} own={e.asset === of.asset || !e.asset} />
          ))}
        </ul>
      )}
      {of.instances.length > 0 && (
        <ul className="proof-instances" aria-label="Where in the asset">
          {of.instances.map((i) => (
            <li key={i.key}>
              <code>{i.key}</code>
              <Place of={i.location} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Line({ e, own }: { e: Evidence; own: boolean }) {
  return (
    <li className="proof-line">
      <code className="proof-path">{e.path || "(the asset)"}</code>
      <code className="proof-value">{e.reason ? `unknown: ${e.reason}` : shorten(e.value)}</code>
      {!own && <span className="faint cut">of {e.asset}</span>}
      <Place of={e.position} />
    </li>
  );
}

/** shorten reads a value's JSON as people do: null is "not set". */
function shorten(value: string): string {
  if (value === "null" || value === "") return "not set";
  return value;
}
