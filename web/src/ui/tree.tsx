// A configuration as a tree that folds: the lines that decide a verdict are
// marked and open; secrets, unknowns and symbols are shown as what they are.
import { IconChevronDown, IconChevronRight, IconEyeOff } from "@tabler/icons-react";
import { useEffect, useMemo, useState } from "react";
import type { Position } from "../api/types";
import "./tree.css";

export interface TreeMark {
  path: string;
  state: "unhealthy" | "unknown";
  words: string; // what it decides
}

export interface TreeProps {
  value: unknown;
  positions?: Record<string, Position>;
  marks?: TreeMark[];
  find?: string;
  label: string;
}

type Folder = { folds: Set<string>; toggle: (path: string) => void };

/** child returns the path of a member as evidence writes it: names are not quoted. */
function child(path: string, key: string | number): string {
  if (typeof key === "number") return `${path}[${key}]`;
  return path ? `${path}.${key}` : key;
}

/** spot returns the path of a member as positions write it: names that are no identifiers are quoted. */
function spot(path: string, key: string | number): string {
  if (typeof key === "number" || /^[A-Za-z_]\w*$/.test(key)) return child(path, key);
  return `${path}[${JSON.stringify(key)}]`;
}

/** trail lists the paths that lead to a path, outermost first, as far as the value has them. */
function trail(value: unknown, path: string): string[] {
  const out: string[] = [];
  let at = value;
  let held = "";
  while (held !== path) {
    const next = membersOf(at).find(([k]) => {
      const p = child(held, k);
      return p === path || (path.startsWith(p) && /[.[]/.test(path.charAt(p.length)));
    });
    if (!next) break;
    held = child(held, next[0]);
    at = next[1];
    out.push(held);
  }
  return out;
}

export function Tree({ value, positions = {}, marks = [], find = "", label }: TreeProps) {
  const marked = useMemo(() => {
    const map = new Map<string, TreeMark[]>();
    for (const m of marks) map.set(m.path, [...(map.get(m.path) ?? []), m]);
    return map;
  }, [marks]);
  const ghosts = useMemo(() => ghostsOf(value, marks), [value, marks]);
  const start = useMemo(() => {
    const open = new Set<string>();
    for (const m of marks) for (const p of trail(value, m.path)) if (p !== m.path) open.add(p);
    return open;
  }, [value, marks]);
  const [open, setOpen] = useState(start);
  useEffect(() => setOpen(start), [start]);
  const found = useMemo(() => (find ? search(value, find.toLowerCase()) : null), [value, find]);
  const folder: Folder = {
    folds: found ?? open,
    toggle: (path) => {
      const next = new Set(open);
      if (!next.delete(path)) next.add(path);
      setOpen(next);
    },
  };
  const all = () => setOpen(everything(value));
  return (
    <div className="tree-box">
      <div className="tree-tools">
        <button className="bare-button" onClick={all}>
          Unfold all
        </button>
        <button className="bare-button" onClick={() => setOpen(start)}>
          Fold to what decides
        </button>
      </div>
      <ul className="tree" aria-label={label}>
        <Members value={value} path="" spot="" depth={0} folder={folder} marked={marked} ghosts={ghosts} positions={positions} find={find.toLowerCase()} />
      </ul>
    </div>
  );
}

/** ghostsOf finds the marked paths that the value lacks, by the deepest path that it has. */
function ghostsOf(value: unknown, marks: TreeMark[]): Map<string, string[]> {
  const out = new Map<string, string[]>();
  for (const path of new Set(marks.map((m) => m.path))) {
    const held = trail(value, path).pop() ?? "";
    if (held !== path) out.set(held, [...(out.get(held) ?? []), path]);
  }
  return out;
}

/** search returns the paths to open so that every match shows. */
function search(value: unknown, text: string): Set<string> {
  const open = new Set<string>();
  const walk = (v: unknown, path: string): boolean => {
    let hit = false;
    for (const [k, c] of membersOf(v)) {
      const p = child(path, k);
      const inside = walk(c, p);
      if (inside) open.add(p);
      if (inside || String(k).toLowerCase().includes(text) || (!isTree(c) && plain(c).toLowerCase().includes(text))) hit = true;
    }
    return hit;
  };
  walk(value, "");
  return open;
}

function everything(value: unknown): Set<string> {
  const open = new Set<string>();
  const walk = (v: unknown, path: string) => {
    for (const [k, c] of membersOf(v)) {
      if (open.size > 4000) return;
      const p = child(path, k);
      if (isTree(c)) open.add(p);
      walk(c, p);
    }
  };
  walk(value, "");
  return open;
}

/** special reads the forms {"$secret": …}, {"$unknown": …} and {"$symbol": …} that stand for values. */
function special(v: unknown): { kind: "secret" | "unknown" | "symbol"; words: string } | null {
  if (!v || typeof v !== "object" || Array.isArray(v)) return null;
  const o = v as Record<string, unknown>;
  if ("$secret" in o) return { kind: "secret", words: String(Array.isArray(o.$secret) ? o.$secret[0] : o.$secret) };
  if ("$unknown" in o) return { kind: "unknown", words: String(o.$unknown) };
  if ("$symbol" in o) return { kind: "symbol", words: symbol(o.$symbol) };
  return null;
}

function symbol(parts: unknown): string {
  if (!Array.isArray(parts)) return String(parts);
  return parts.map((p) => (typeof p === "string" ? p : "${" + ((p as { address?: string; attribute?: string }).address ?? "") + "." + ((p as { attribute?: string }).attribute ?? "") + "}")).join("");
}

const isTree = (v: unknown) => v !== null && typeof v === "object" && !special(v);

function membersOf(v: unknown): [string | number, unknown][] {
  if (!isTree(v)) return [];
  if (Array.isArray(v)) return v.map((c, i): [number, unknown] => [i, c]);
  return Object.entries(v as object);
}

function plain(v: unknown): string {
  return typeof v === "string" ? v : JSON.stringify(v) ?? "";
}

interface MembersProps {
  value: unknown;
  path: string;
  spot: string;
  depth: number;
  folder: Folder;
  marked: Map<string, TreeMark[]>;
  ghosts: Map<string, string[]>; // paths that decide by being absent, by the path that would hold them
  positions: Record<string, Position>;
  find: string;
}

function Members(p: MembersProps) {
  const list = membersOf(p.value);
  const [shown, setShown] = useState(200);
  return (
    <>
      {list.slice(0, shown).map(([k, v]) => (
        <Member key={k} name={k} member={v} at={child(p.path, k)} {...p} spot={spot(p.spot, k)} />
      ))}
      {p.ghosts.get(p.path)?.map((path) => (
        <Member key={path} {...p} name={path.slice(p.path.length).replace(/^\./, "")} member={undefined} at={path} spot="" />
      ))}
      {list.length > shown && (
        <li>
          <button className="bare-button link-button" onClick={() => setShown(shown + 1000)}>
            {list.length - shown} more
          </button>
        </li>
      )}
    </>
  );
}

function Member(p: MembersProps & { name: string | number; member: unknown; at: string }) {
  const { member, at, folder } = p;
  const marks = p.marked.get(at);
  const tree = isTree(member);
  const size = tree ? membersOf(member).length + (p.ghosts.get(at)?.length ?? 0) : 0;
  const open = folder.folds.has(at);
  const hit = p.find !== "" && (String(p.name).toLowerCase().includes(p.find) || (!tree && plain(member).toLowerCase().includes(p.find)));
  const Chevron = open ? IconChevronDown : IconChevronRight;
  const line = p.positions[p.spot]?.line;
  return (
    <li>
      <div className="tree-line" data-mark={marks?.[0]?.state} data-hit={hit || undefined} style={{ paddingLeft: 10 + p.depth * 18 }}>
        {tree && size > 0 ? (
          <button className="bare-button tree-fold" aria-expanded={open} onClick={() => folder.toggle(at)}>
            <Chevron size={13} aria-hidden />
            <Name of={p.name} />
            {!open && <span className="faint">{Array.isArray(member) ? `[${size}]` : `{${size}}`}</span>}
          </button>
        ) : (
          <span className="tree-leaf">
            <Name of={p.name} />
            <Leaf of={member} />
          </span>
        )}
        {marks && (
          <span className="tree-why cut" title={marks.map((m) => m.words).join("\n")}>
            {marks[0]!.state === "unhealthy" ? "decides" : "unknown"}: {marks[0]!.words}
            {marks.length > 1 && ` and ${marks.length - 1} more`}
          </span>
        )}
        {line !== undefined && (
          <span className="tree-n" title={`${p.positions[p.spot]!.file ?? ""}:${line}`}>
            {line}
          </span>
        )}
      </div>
      {tree && open && (
        <ul>
          <Members value={member} path={at} spot={p.spot} depth={p.depth + 1} folder={folder} marked={p.marked} ghosts={p.ghosts} positions={p.positions} find={p.find} />
        </ul>
      )}
    </li>
  );
}

function Name({ of }: { of: string | number }) {
  return <span className="tree-name">{typeof of === "number" ? `${of}` : of}</span>;
}

function Leaf({ of }: { of: unknown }) {
  const s = special(of);
  if (s?.kind === "secret") {
    return (
      <span className="tree-secret" title={`A secret (${s.words}); it was masked when it was read and is kept nowhere.`}>
        <IconEyeOff size={12} aria-hidden /> masked · {s.words}
      </span>
    );
  }
  if (s?.kind === "unknown") return <span className="c-unknown">unknown: {s.words}</span>;
  if (s?.kind === "symbol") return <span className="tree-symbol">{s.words}</span>;
  if (of === null || of === undefined) return <span className="faint">not set</span>;
  if (typeof of === "string") return <span className="tree-string">{of === "" ? '""' : of}</span>;
  if (typeof of === "object") return <span className="faint">{Array.isArray(of) ? "[]" : "{}"}</span>;
  return <span className="tree-scalar">{String(of)}</span>;
}
