// The one filter bar: tokens with suggestions while typing, saved views, and
// the query as an API call or a link.
import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { IconBookmark, IconFilter, IconShare2, IconX } from "@tabler/icons-react";
import { useEffect, useId, useMemo, useRef, useState } from "react";
import { copyText } from "./code";
import { type FacetValue, type Field, type Filter, parseFilter, toggleValue, writeFilter } from "./filter";
import { useKeys } from "./keys";
import { count } from "./text";
import { useParams, useSetParams } from "./url";
import "./filterbar.css";

export interface FilterBarProps {
  fields: Field[];
  placeholder?: string;
  list: string; // names the list: its saved views are kept under it
  api?: string; // the request that answers the same
}

/** useFilter returns the filter in the URL, and how to change it. */
export function useFilter(keys: string[]): [Filter, (f: Filter) => void] {
  const { q = "" } = useParams();
  const set = useSetParams();
  const joined = keys.join();
  const filter = useMemo(() => parseFilter(q, joined.split(",")), [q, joined]);
  return [filter, (f) => set({ q: writeFilter(f) }, { replace: true })];
}

interface Suggestion {
  text: string;
  note?: string;
  run: () => void;
}

export function FilterBar(p: FilterBarProps) {
  const keys = p.fields.map((f) => f.key);
  const [filter, setFilter] = useFilter(keys);
  const [text, setText] = useState(filter.text);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const list = useId();

  // What was sent to the URL last: when it comes back, more may have been typed.
  const sent = useRef(filter.text);
  useEffect(() => {
    if (filter.text === sent.current) return;
    sent.current = filter.text;
    setText(filter.text);
  }, [filter.text]);
  useEffect(() => {
    if (text === filter.text || /\w:\S*$/.test(text)) return;
    const timer = setTimeout(() => {
      sent.current = text.trim();
      setFilter({ ...filter, text });
    }, 180);
    return () => clearTimeout(timer);
  });
  useKeys((e) => {
    if (e.key !== "/") return false;
    input.current?.focus();
    input.current?.select();
    return true;
  });

  const commit = (next: Filter) => {
    sent.current = next.text;
    setText(next.text);
    setFilter(next);
    setAt(0);
  };
  const suggestions = suggest(text, p.fields, filter, commit, setText);
  const current = Math.min(at, suggestions.length - 1);

  const keyDown = (e: React.KeyboardEvent) => {
    if (e.key === "ArrowDown" || e.key === "ArrowUp") {
      e.preventDefault();
      setOpen(true);
      setAt((current + (e.key === "ArrowDown" ? 1 : -1) + suggestions.length) % Math.max(1, suggestions.length));
    } else if (e.key === "Tab" && open && /\S$/.test(text) && suggestions[current]) {
      e.preventDefault();
      suggestions[current].run();
    } else if (e.key === "Enter") {
      const parsed = parseFilter(text, keys);
      if (open && suggestions[current] && (text === "" || !parsed.tokens.length) && (text === "" ? at > 0 : /:\S*$/.test(text) || at > 0)) suggestions[current].run();
      else commit(parsed.tokens.length ? merge(filter, parsed) : { ...filter, text });
    } else if (e.key === "Escape") {
      if (open && text !== "") setOpen(false);
      else input.current?.blur();
    } else if (e.key === "Backspace" && text === "" && filter.tokens.length) {
      commit({ ...filter, tokens: filter.tokens.slice(0, -1) });
    }
  };

  return (
    <div className="fb" role="search">
      <div className="fb-field" onClick={() => input.current?.focus()}>
        <IconFilter size={15} stroke={1.6} aria-hidden className="faint" />
        {filter.tokens.map((t) => (
          <span key={t.key} className="fb-token">
            <span className="fb-key">{t.key}</span>
            {t.values.join(", ")}
            <button className="bare-button" aria-label={`Remove ${t.key}: ${t.values.join(", ")}`} onClick={() => commit({ ...filter, tokens: filter.tokens.filter((o) => o !== t) })}>
              <IconX size={12} aria-hidden />
            </button>
          </span>
        ))}
        <input
          ref={input}
          value={text}
          role="combobox"
          aria-label="Filter"
          aria-expanded={open && suggestions.length > 0}
          aria-controls={list}
          aria-autocomplete="list"
          aria-activedescendant={open && suggestions[current] ? `${list}-${current}` : undefined}
          placeholder={filter.tokens.length ? "" : (p.placeholder ?? "Filter by text or key:value")}
          onChange={(e) => {
            setText(e.target.value);
            setOpen(true);
            setAt(0);
          }}
          onFocus={() => setOpen(true)}
          onBlur={() => setOpen(false)}
          onKeyDown={keyDown}
          autoComplete="off"
          spellCheck={false}
        />
        {(filter.tokens.length > 0 || text) && (
          <button className="bare-button fb-clear" onClick={() => commit({ tokens: [], text: "" })}>
            Clear
          </button>
        )}
        <kbd className="kbd" aria-hidden>
          /
        </kbd>
        <ul className="fb-list" id={list} role="listbox" aria-label="Suggestions" hidden={!open || suggestions.length === 0}>
          {suggestions.map((s, i) => (
            <li key={s.text} id={`${list}-${i}`} role="option" aria-selected={i === current} onMouseDown={(e) => e.preventDefault()} onClick={s.run} onMouseEnter={() => setAt(i)}>
              <span className="cut">{s.text}</span>
              <span className="faint end num">{s.note}</span>
            </li>
          ))}
        </ul>
      </div>
      <Views list={p.list} />
      <Share api={p.api} />
    </div>
  );
}

function merge(a: Filter, b: Filter): Filter {
  let out: Filter = { tokens: a.tokens, text: b.text };
  for (const t of b.tokens) for (const v of t.values) if (!out.tokens.find((o) => o.key === t.key)?.values.includes(v)) out = toggleValue(out, t.key, v);
  return out;
}

function suggest(text: string, fields: Field[], filter: Filter, commit: (f: Filter) => void, setText: (t: string) => void): Suggestion[] {
  const words = text.split(/\s+/);
  const word = words[words.length - 1] ?? "";
  const before = words.slice(0, -1).join(" ");
  const cut = word.indexOf(":");
  if (cut > 0) {
    const field = fields.find((f) => f.key === word.slice(0, cut));
    const typed = word.slice(cut + 1).toLowerCase();
    return (field?.values ?? [])
      .filter((v) => (v.label ?? v.value).toLowerCase().includes(typed) || v.value.toLowerCase().includes(typed))
      .slice(0, 10)
      .map((v) => ({
        text: `${field!.key}:${v.value}`,
        note: v.count === undefined ? "" : count(v.count),
        run: () => commit(merge({ ...filter, text: before }, { tokens: [{ key: field!.key, values: [v.value] }], text: before })),
      }));
  }
  return fields.filter((f) => f.key.startsWith(word.toLowerCase()) || (word && f.label.toLowerCase().includes(word.toLowerCase()))).map((f) => ({ text: `${f.key}:`, note: f.label, run: () => setText(`${before ? `${before} ` : ""}${f.key}:`) }));
}

/** Views are filters with a name, kept in this browser. */
function Views({ list }: { list: string }) {
  const params = useParams();
  const set = useSetParams();
  const key = `bulwark-views-${list}`;
  const [views, setViews] = useState<{ name: string; q: string }[]>(() => JSON.parse(localStorage.getItem(key) ?? "[]"));
  const keep = (next: typeof views) => {
    setViews(next);
    localStorage.setItem(key, JSON.stringify(next));
  };
  return (
    <Menu>
      <Menu.Target>
        <Tooltip label="Saved views">
          <ActionIcon aria-label="Saved views">
            <IconBookmark size={16} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{views.length ? "Saved views, in this browser" : "No saved views yet"}</Menu.Label>
        {views.map((v) => (
          <Menu.Item key={v.name} onClick={() => set({ q: v.q })} rightSection={<code className="faint">{v.q.slice(0, 32)}</code>}>
            {v.name}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item disabled={!params.q} onClick={() => params.q && keep([...views.filter((v) => v.q !== params.q), { name: params.q, q: params.q }])}>
          Save this filter
        </Menu.Item>
        <Menu.Item disabled={!views.some((v) => v.q === params.q)} onClick={() => keep(views.filter((v) => v.q !== params.q))}>
          Forget this filter
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function Share({ api }: { api?: string }) {
  return (
    <Menu>
      <Menu.Target>
        <Tooltip label="Copy this list as …">
          <ActionIcon aria-label="Copy this list as a link or API call">
            <IconShare2 size={16} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Copy this list as</Menu.Label>
        <Menu.Item onClick={() => void copyText(location.href)}>Link</Menu.Item>
        {api && <Menu.Item onClick={() => void copyText(`curl -H "Authorization: Bearer $BULWARK_TOKEN" "${location.origin}${api}"`)}>API call</Menu.Item>}
      </Menu.Dropdown>
    </Menu>
  );
}

/** ordered sorts a facet's values as their kind is read, not by count. */
export function ordered(values: FacetValue[] | undefined, order: readonly string[]): FacetValue[] {
  return order.map((value) => values?.find((v) => v.value === value) ?? { value, count: values ? 0 : undefined });
}

/** Facets lists a field's values with counts beside the list; each turns its token on or off. */
export function Facets({ fields, show = 8 }: { fields: Field[]; show?: number }) {
  const [filter, setFilter] = useFilter(fields.map((f) => f.key));
  const [wide, setWide] = useState<Set<string>>(new Set());
  return (
    <nav className="facets" aria-label="Facets" tabIndex={0}>
      {fields
        .filter((f) => f.values?.length)
        .map((f) => {
          const chosen = filter.tokens.find((t) => t.key === f.key)?.values ?? [];
          const values = wide.has(f.key) ? f.values! : f.values!.filter((v, i) => i < show || chosen.includes(v.value));
          const most = Math.max(...f.values!.map((v) => v.count ?? 0), 1);
          return (
            <section key={f.key}>
              <h2 className="facet-title">{f.label}</h2>
              <ul>
                {values.map((v) => (
                  <li key={v.value}>
                    <button className="bare-button facet" aria-pressed={chosen.includes(v.value)} onClick={() => setFilter(toggleValue(filter, f.key, v.value))} title={v.value}>
                      <span className="facet-track">
                        <span className="facet-bar" style={{ width: `${((v.count ?? 0) / most) * 100}%` }} />
                      </span>
                      <span className="cut">{v.label ?? v.value}</span>
                      <span className="num end">{v.count === undefined ? "" : count(v.count)}</span>
                    </button>
                  </li>
                ))}
              </ul>
              {f.values!.length > values.length && (
                <button className="bare-button facet-more" onClick={() => setWide(new Set([...wide, f.key]))}>
                  {f.values!.length - values.length} more
                </button>
              )}
            </section>
          );
        })}
    </nav>
  );
}
