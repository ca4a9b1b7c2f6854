import type { Standard } from "../../api/types";
import { count } from "../../ui/text";

const parts = [
  ["passed", "passed", "healthy"],
  ["failed", "failed", "unhealthy"],
  ["unknown", "unknown", "unknown"],
  ["notApplicable", "not applicable", "na"],
  ["manual", "by a person", "manual"],
  ["notCovered", "not covered", "none"],
] as const;

/** StandardBar shows how a standard's controls stand, as one line and as words. */
export function StandardBar({ s }: { s: Standard }) {
  const total = parts.reduce((n, [key]) => n + s[key], 0) || 1;
  let x = 0;
  return (
    <>
      <svg className="std-bar" viewBox={`0 0 ${total} 8`} preserveAspectRatio="none" aria-hidden="true">
        {parts.map(([key, , look]) => {
          const at = x;
          x += s[key];
          return <rect key={key} x={at} width={s[key]} height="8" className={`std-${look}`} />;
        })}
      </svg>
      <ul className="std-legend">
        {parts.map(([key, word, look]) => (
          <li key={key}>
            <svg viewBox="0 0 8 8" width="8" height="8" aria-hidden="true">
              <rect width="8" height="8" rx="2" className={`std-${look}`} />
            </svg>
            <strong className="num">{count(s[key])}</strong> {word}
          </li>
        ))}
      </ul>
    </>
  );
}
