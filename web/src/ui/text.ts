// Numbers and times as people read them.

const plain = new Intl.NumberFormat("en");

export const count = (n: number) => plain.format(n);

/** some writes a count with its noun: 1 asset, 2 assets. */
export function some(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** points writes score points with at most two decimals. */
export const points = (n: number) => (n !== 0 && Math.abs(n) < 0.005 ? "<0.01" : (Math.round(n * 100) / 100).toLocaleString("en", { maximumFractionDigits: 2 }));

/** percent writes a ratio in [0, 1]; it never rounds up to 100. */
export const percent = (ratio: number) => `${hundredths(ratio)} %`;

/** hundredths is percent without its sign. */
export function hundredths(ratio: number): string {
  if (ratio > 0.99 && ratio < 1) return (Math.floor(ratio * 1000) / 10).toFixed(1);
  return `${Math.round(ratio * 100)}`;
}

const units: [number, string][] = [
  [60, "s"],
  [60, "min"],
  [24, "h"],
  [30, "d"],
  [12, "mo"],
  [Infinity, "y"],
];

/** span writes a length of time in its largest unit. */
export function span(ms: number): string {
  let n = Math.max(0, ms) / 1000;
  for (const [size, unit] of units) {
    if (n < size) return `${Math.floor(n)} ${unit}`;
    n /= size;
  }
  return "";
}

/** ago writes how long since an RFC 3339 time; "" for none. */
export function ago(at?: string): string {
  if (!at || at.startsWith("0001")) return "";
  const ms = Date.now() - Date.parse(at);
  if (ms < -45_000) return `in ${span(-ms)}`;
  return ms < 45_000 ? "just now" : `${span(ms)} ago`;
}

/** moment writes an RFC 3339 time in full, in the reader's zone. */
export function moment(at?: string): string {
  if (!at || at.startsWith("0001")) return "";
  return new Date(at).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}

/** day writes the date of an RFC 3339 time. */
export function day(at?: string): string {
  if (!at || at.startsWith("0001")) return "";
  return new Date(at).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
}

/** title makes a heading of an id: enable-mfa → Enable mfa. */
export function title(id: string): string {
  const s = id.replace(/[-_]/g, " ");
  return s.charAt(0).toUpperCase() + s.slice(1);
}
