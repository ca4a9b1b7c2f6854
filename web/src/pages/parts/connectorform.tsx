// The form of a connector, made from what its kind says of its fields.
import { Checkbox, MultiSelect, Select, Textarea, TextInput } from "@mantine/core";
import type { ConnectorField, ConnectorKind } from "../../api/types";
import { title } from "../../ui/text";
import "../connectors.css";

/** Draft is a connector as it is typed: fields as text, by their names. */
export interface Draft {
  name: string;
  interval: string;
  config: Record<string, string | boolean>;
  secret: Record<string, string>;
}

export const intervals = [
  { value: "", label: "when asked" },
  { value: "30m0s", label: "every 30 minutes" },
  { value: "1h0m0s", label: "every hour" },
  { value: "4h0m0s", label: "every 4 hours" },
  { value: "12h0m0s", label: "every 12 hours" },
  { value: "24h0m0s", label: "every day" },
];

/** draftOf makes a draft of what is stored; secrets are never read back. */
export function draftOf(kind: ConnectorKind, c?: { name: string; interval?: string; config?: Record<string, unknown> }): Draft {
  const config: Draft["config"] = {};
  for (const f of kind.config) config[f.name] = written(f, at(c?.config, f.name));
  return { name: c?.name ?? kind.title, interval: c ? (c.interval ?? "") : "1h0m0s", config, secret: {} };
}

function at(v: unknown, path: string): unknown {
  for (const key of path.split(".")) v = v && typeof v === "object" ? (v as Record<string, unknown>)[key] : undefined;
  return v;
}

function written(f: ConnectorField, v: unknown): string | boolean {
  if (f.type === "boolean") return v === true;
  if (v === undefined || v === null) return "";
  if (f.type === "list" && Array.isArray(v)) return v.every((x) => typeof x === "string") ? v.join("\n") : JSON.stringify(v, null, 2);
  return typeof v === "object" ? JSON.stringify(v, null, 2) : String(v);
}

/** valueOf reads a field as the API takes it; undefined is absent. It throws what is wrong in words. */
function valueOf(f: ConnectorField, text: string | boolean): unknown {
  if (typeof text === "boolean") return text || undefined;
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  switch (f.type) {
    case "number":
      if (!Number.isFinite(Number(trimmed))) throw new Error("This is no number.");
      return Number(trimmed);
    case "list":
      return trimmed.startsWith("[") ? json(trimmed) : trimmed.split(/[\n,]/).map((s) => s.trim()).filter(Boolean);
    case "object":
      return json(trimmed);
  }
  return f.secret ? text : trimmed;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("This is not JSON.");
  }
}

/** wrongIn tells what is wrong with the fields of a draft, by name. */
export function wrongIn(kind: ConnectorKind, d: Draft): Record<string, string> {
  const out: Record<string, string> = {};
  if (!d.name.trim()) out[""] = "A connector needs a name.";
  for (const f of kind.config) {
    try {
      if (valueOf(f, d.config[f.name] ?? "") === undefined && f.required) out[f.name] = "This is needed.";
    } catch (err) {
      out[f.name] = err instanceof Error ? err.message : "";
    }
  }
  return out;
}

/** bodyOf writes a draft as the API takes it; the secret only when something of it was typed. */
export function bodyOf(kind: ConnectorKind, d: Draft): { config: Record<string, unknown>; secret?: Record<string, unknown> } {
  const config = collect(kind.config, d.config);
  const secret = collect(kind.secret ?? [], d.secret);
  return Object.keys(secret).length ? { config, secret } : { config };
}

function collect(fields: ConnectorField[], from: Record<string, string | boolean>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const f of fields) {
    const v = valueOf(f, from[f.name] ?? "");
    if (v === undefined) continue;
    const keys = f.name.split(".");
    let into = out;
    for (const k of keys.slice(0, -1)) into = (into[k] ??= {}) as Record<string, unknown>;
    into[keys[keys.length - 1]!] = v;
  }
  return out;
}

/** Fields asks for everything that a kind takes. `hasSecret` says that one is sealed already. */
export function Fields({ kind, draft, wrong, onChange, hasSecret }: { kind: ConnectorKind; draft: Draft; wrong: Record<string, string>; onChange: (d: Draft) => void; hasSecret?: boolean }) {
  const known = intervals.some((i) => i.value === draft.interval) ? intervals : [...intervals, { value: draft.interval, label: `every ${draft.interval}` }];
  return (
    <>
      <div className="wiz-form">
        <TextInput label="Name" required value={draft.name} maxLength={128} error={wrong[""]} onChange={(e) => onChange({ ...draft, name: e.currentTarget.value })} />
        <Select label="Read" data={known} value={draft.interval} onChange={(v) => onChange({ ...draft, interval: v ?? "" })} allowDeselect={false} />
        {kind.config.map((f) => (
          <Field key={f.name} f={f} value={draft.config[f.name] ?? ""} error={wrong[f.name]} onChange={(v) => onChange({ ...draft, config: { ...draft.config, [f.name]: v } })} />
        ))}
      </div>
      {kind.secret && kind.secret.length > 0 && (
        <fieldset className="wiz-secret">
          <legend>Secret</legend>
          <p className="wiz-lead">{hasSecret ? "A secret is sealed. Leave these empty to keep it; what you type takes its place." : "Only where the server has no credentials of its own. It is sealed when saved and never shown again."}</p>
          <div className="wiz-form">
            {kind.secret.map((f) => (
              <Field key={f.name} f={f} value={draft.secret[f.name] ?? ""} onChange={(v) => onChange({ ...draft, secret: { ...draft.secret, [f.name]: String(v) } })} />
            ))}
          </div>
        </fieldset>
      )}
    </>
  );
}

const many = /kubeconfig|certificate|privatekey|^ca$|json/i;

/** labelOf reads a field's name as words: namespaces.include → Namespaces: include. */
const labelOf = (name: string) => title(name.replace(/\./g, ": ").replace(/([a-z])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`).replace(/\barn\b/, "ARN"));

function Field({ f, value, error, onChange }: { f: ConnectorField; value: string | boolean; error?: string; onChange: (v: string | boolean) => void }) {
  const common = { label: labelOf(f.name), description: f.about || undefined, required: f.required, error: error && value !== "" ? error : undefined };
  if (f.type === "boolean") return <Checkbox className="wiz-check" label={common.label} description={common.description} checked={value === true} onChange={(e) => onChange(e.currentTarget.checked)} />;
  const text = typeof value === "string" ? value : "";
  if (f.options && f.options.length > 0 && f.type === "list") return <MultiSelect {...common} data={f.options} value={text ? text.split("\n") : []} onChange={(v) => onChange(v.join("\n"))} />;
  if (f.options && f.options.length > 0) return <Select {...common} data={f.options} value={text || null} onChange={(v) => onChange(v ?? "")} clearable={!f.required} />;
  const hidden = f.secret ? { autoComplete: "off", spellCheck: false } : {};
  if (f.type === "list" || f.type === "object" || many.test(f.name)) {
    return (
      <Textarea
        {...common}
        {...hidden}
        className={f.secret ? "wiz-wide wiz-masked" : f.type === "object" ? "wiz-wide" : undefined}
        autosize
        minRows={f.type === "list" ? 1 : 3}
        maxRows={10}
        placeholder={f.type === "list" ? "one a line" : f.type === "object" ? "{ }" : undefined}
        value={text}
        onChange={(e) => onChange(e.currentTarget.value)}
      />
    );
  }
  return <TextInput {...common} {...hidden} type={f.secret ? "password" : "text"} inputMode={f.type === "number" ? "decimal" : undefined} autoComplete={f.secret ? "new-password" : "off"} value={text} onChange={(e) => onChange(e.currentTarget.value)} />;
}
