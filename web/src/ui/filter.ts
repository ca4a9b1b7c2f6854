// The filter language of every list: words and typed tokens.
//   severity:critical,high state:unhealthy "public access"
// A token is key:value, several values parted by commas mean any of them.

export interface Filter {
  tokens: Token[];
  text: string; // the words that are no token
}

export interface Token {
  key: string;
  values: string[];
}

/** Field is a key that a list can be filtered by. */
export interface Field {
  key: string;
  label: string;
  values?: FacetValue[]; // what it may be, with counts
  free?: boolean; // any value may be typed
}

export interface FacetValue {
  value: string;
  count?: number;
  label?: string;
}

const part = /(\w[\w-]*):((?:"[^"]*"|[^\s"]+)+)|"([^"]*)"|(\S+)/g;

/** parseFilter reads a filter; a key that is not among `keys` is text. */
export function parseFilter(q: string, keys: string[]): Filter {
  const tokens: Token[] = [];
  const words: string[] = [];
  for (const m of q.matchAll(part)) {
    const [all, key, value, quoted, word] = m;
    if (key !== undefined && value !== undefined && keys.includes(key)) {
      const values = splitValues(value);
      const old = tokens.find((t) => t.key === key);
      if (old) old.values.push(...values.filter((v) => !old.values.includes(v)));
      else tokens.push({ key, values });
    } else words.push(quoted ?? word ?? all);
  }
  return { tokens, text: words.join(" ") };
}

function splitValues(text: string): string[] {
  const out: string[] = [];
  for (const m of text.matchAll(/"([^"]*)"|([^,]+)/g)) {
    const v = m[1] ?? m[2] ?? "";
    if (v && !out.includes(v)) out.push(v);
  }
  return out;
}

const quote = (v: string) => (/[\s,"]/.test(v) ? `"${v.replace(/"/g, "")}"` : v);

/** writeFilter is the inverse of parseFilter. */
export function writeFilter(f: Filter): string {
  const parts = f.tokens.filter((t) => t.values.length > 0).map((t) => `${t.key}:${t.values.map(quote).join(",")}`);
  if (f.text.trim()) parts.push(f.text.trim());
  return parts.join(" ");
}

/** toggleValue adds a value to a filter, or takes it away. */
export function toggleValue(f: Filter, key: string, value: string): Filter {
  const old = f.tokens.find((t) => t.key === key);
  const has = old?.values.includes(value);
  const values = has ? old!.values.filter((v) => v !== value) : [...(old?.values ?? []), value];
  const rest = f.tokens.filter((t) => t.key !== key);
  return { text: f.text, tokens: values.length ? [...rest, { key, values }] : rest };
}

/** valuesOf returns the values of a key, or none. */
export function valuesOf(f: Filter, key: string): string[] {
  return f.tokens.find((t) => t.key === key)?.values ?? [];
}
