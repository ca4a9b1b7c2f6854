// Severity and state, always as shape, colour and word together.
import "./marks.css";

export type Severity = "critical" | "high" | "medium" | "low" | "informational";
export type State = "healthy" | "unhealthy" | "unknown" | "not applicable";

export const severities: Severity[] = ["critical", "high", "medium", "low", "informational"];
export const states: State[] = ["unhealthy", "unknown", "healthy", "not applicable"];

const severityShapes: Record<Severity, React.ReactNode> = {
  critical: <path d="M8 1 15 8 8 15 1 8z" />,
  high: <path d="M8 2 15 14H1z" />,
  medium: <rect x="2.5" y="2.5" width="11" height="11" rx="1" />,
  low: <circle cx="8" cy="8" r="5.5" />,
  informational: <circle cx="8" cy="8" r="4.75" fill="none" stroke="currentColor" strokeWidth="1.8" />,
};

const stateShapes: Record<State, React.ReactNode> = {
  healthy: <path d="M2.5 8.5 6.2 12 13.5 4.2" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" />,
  unhealthy: <path d="m3.5 3.5 9 9m0-9-9 9" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />,
  unknown: (
    <>
      <path d="M5 5.5a3 3 0 1 1 4.3 2.7C8.4 8.7 8 9.1 8 10.3" fill="none" stroke="currentColor" strokeWidth="1.9" strokeLinecap="round" />
      <circle cx="8" cy="13.2" r="1.2" />
    </>
  ),
  "not applicable": <path d="M3 8h10" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />,
};

function Shape({ children, size = 11 }: { children: React.ReactNode; size?: number }) {
  return (
    <svg viewBox="0 0 16 16" width={size} height={size} fill="currentColor" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

const key = (s: string) => (s === "not applicable" ? "na" : s);

/** SeverityMark shows a severity; `short` hides the word but keeps it for screen readers. */
export function SeverityMark({ of, short }: { of: Severity; short?: boolean }) {
  return (
    <span className={`mark c-${of}`} title={short ? of : undefined}>
      <Shape>{severityShapes[of]}</Shape>
      <span className={short ? "sr" : "mark-word"}>{of === "informational" ? "info" : of}</span>
    </span>
  );
}

/** SeverityTag is a severity with its soft background, for headings. */
export function SeverityTag({ of }: { of: Severity }) {
  return (
    <span className={`tag c-${of} s-${of}`}>
      <Shape size={10}>{severityShapes[of]}</Shape>
      {of}
    </span>
  );
}

/** StateMark shows a state; `short` hides the word but keeps it for screen readers. */
export function StateMark({ of, short, word = of }: { of: State; short?: boolean; word?: string }) {
  return (
    <span className={`mark c-${key(of)}`} title={short ? of : undefined}>
      <Shape>{stateShapes[of]}</Shape>
      <span className={short ? "sr" : "mark-word"}>{word}</span>
    </span>
  );
}

/** StateTag is a state with its soft background. */
export function StateTag({ of }: { of: State }) {
  return (
    <span className={`tag c-${key(of)} s-${key(of)}`}>
      <Shape size={10}>{stateShapes[of]}</Shape>
      {of}
    </span>
  );
}

export interface Tally {
  healthy: number;
  unhealthy: number;
  unknown: number;
  notApplicable?: number;
}

/** TallyBar draws healthy, unhealthy and unknown as parts of one line. Its figures are its text. */
export function TallyBar({ of, width = 72 }: { of: Tally; width?: number }) {
  const total = of.healthy + of.unhealthy + of.unknown;
  if (total === 0) return <span className="faint" title="no asset is applicable">n/a</span>;
  const w = (n: number) => (n === 0 ? 0 : Math.max(2, (n / total) * width));
  const bad = w(of.unhealthy);
  const open = w(of.unknown);
  const good = Math.max(0, width - bad - open);
  return (
    <svg className="tally" width={width} height={6} role="img" aria-label={`${of.unhealthy} unhealthy, ${of.unknown} unknown, ${of.healthy} healthy`}>
      <rect x={0} width={bad} height={6} className="f-unhealthy" />
      <rect x={bad} width={open} height={6} className="f-unknown" />
      <rect x={bad + open} width={good} height={6} className="f-healthy" />
    </svg>
  );
}
