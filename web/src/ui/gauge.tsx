// The score as an arc, with its number, which is a link to its explanation.
import "./gauge.css";
import { hundredths } from "./text";

const start = 135;
const sweep = 270;

function at(degrees: number, r: number): string {
  const a = (degrees * Math.PI) / 180;
  return `${(60 + r * Math.cos(a)).toFixed(2)} ${(60 + r * Math.sin(a)).toFixed(2)}`;
}

function arc(from: number, to: number, r: number): string {
  return `M${at(from, r)}A${r} ${r} 0 ${to - from > 180 ? 1 : 0} 1 ${at(to, r)}`;
}

/** Gauge draws a ratio in [0, 1]; undefined means nothing was scored yet. */
export function Gauge({ ratio, size = 148 }: { ratio?: number; size?: number }) {
  const known = ratio !== undefined;
  const shown = Math.min(1, Math.max(0, ratio ?? 0));
  const words = known ? hundredths(shown) : "–";
  return (
    <svg viewBox="0 0 120 120" width={size} height={size} role="img" aria-label={`${words}% secure score`} className="gauge">
      <path d={arc(start, start + sweep, 50)} className="gauge-track" />
      {shown > 0.005 && <path d={arc(start, start + sweep * shown, 50)} className="gauge-value" />}
      <text x="60" y="66" textAnchor="middle" className="gauge-number">
        {words}
        <tspan className="gauge-unit" dx="2">
          {"% "}
        </tspan>
      </text>
      <text x="60" y="84" textAnchor="middle" className="gauge-word">
        secure score
      </text>
    </svg>
  );
}
