// The one list: virtualised, so that a hundred thousand rows scroll as ten
// do; moved in with j and k, opened with Enter, selected with x. It is a grid
// to screen readers, with every row counted though only those in sight exist.
import { Checkbox } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useId, useRef, useState } from "react";
import { useKeys } from "./keys";
import { Bone } from "./answers";
import "./grid.css";
import "../theme/more.css";

export interface Column<T> {
  id: string;
  label: string;
  width: string; // a grid track: 90px, minmax(200px, 1fr)
  cell: (row: T) => React.ReactNode;
  sort?: boolean; // may the server sort by this id
  right?: boolean;
}

export interface Group {
  group: string; // its key
  header: React.ReactNode;
}

export type Item<T> = { row: T } | Group;

export interface GridProps<T> {
  label: string;
  columns: Column<T>[];
  items: Item<T>[];
  id: (row: T) => string;
  total?: number; // of rows, where more exist than were read
  more?: boolean; // more can be read
  onMore?: () => void;
  onOpen?: (row: T, replace: boolean) => void;
  openID?: string;
  selected?: Set<string>;
  onSelect?: (ids: Set<string>) => void;
  onKey?: (e: KeyboardEvent, row: T | undefined) => boolean | void;
  onGroup?: (key: string) => void;
  sort?: string; // column id, with - before it for falling order
  onSort?: (sort: string) => void;
  rowHeight?: number;
}

export function Grid<T>(p: GridProps<T>) {
  const box = useRef<HTMLDivElement>(null);
  const base = useId();
  const [at, setAt] = useState(-1);
  const height = p.rowHeight ?? 36;
  const ghosts = p.more ? 12 : 0;
  const virtual = useVirtualizer({
    count: p.items.length + ghosts,
    getScrollElement: () => box.current,
    estimateSize: () => height,
    overscan: 14,
    scrollPaddingStart: 32,
  });
  const shown = virtual.getVirtualItems();
  const lastShown = shown[shown.length - 1]?.index ?? 0;

  const { more, onMore } = p;
  const loaded = p.items.length;
  useEffect(() => {
    if (more && lastShown >= loaded - 40) onMore?.();
  }, [more, onMore, lastShown, loaded]);

  const rowAt = (i: number): T | undefined => {
    const item = p.items[i];
    return item && "row" in item ? item.row : undefined;
  };

  const select = (row: T) => {
    if (!p.selected || !p.onSelect) return;
    const next = new Set(p.selected);
    if (!next.delete(p.id(row))) next.add(p.id(row));
    p.onSelect(next);
  };

  const move = (to: number) => {
    const i = Math.max(0, Math.min(p.items.length - 1, to));
    setAt(i);
    virtual.scrollToIndex(i, { align: "auto" });
    const row = rowAt(i);
    if (p.openID && row) p.onOpen?.(row, true);
  };

  useKeys(
    (e) => {
      const row = rowAt(at);
      const focused = box.current === document.activeElement;
      if (p.onKey?.(e, row)) return true;
      switch (e.key) {
        case "j":
          move(at + 1);
          return true;
        case "k":
          move(at - 1);
          return true;
        case "ArrowDown":
        case "ArrowUp":
        case "PageDown":
        case "PageUp":
        case "Home":
        case "End": {
          if (!focused) return false;
          const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20, Home: -Infinity, End: Infinity }[e.key];
          move(Number.isFinite(step) ? at + step : step < 0 ? 0 : p.items.length - 1);
          return true;
        }
        case " ":
        case "x":
          if (!row || !p.onSelect || (e.key === " " && !focused)) return false;
          select(row);
          return true;
        case "Enter": {
          const el = document.activeElement;
          if (el && el !== document.body && !box.current?.contains(el)) return false;
          if (el && el !== box.current && box.current?.contains(el)) return false; // a control in a row
          const item = p.items[at];
          if (item && "group" in item) p.onGroup?.(item.group);
          else if (row) p.onOpen?.(row, false);
          else return false;
          return true;
        }
      }
      return false;
    },
    { root: () => box.current },
  );

  const template = (p.onSelect ? "34px " : "") + p.columns.map((c) => c.width).join(" ");
  const all = p.selected ? p.items.filter((i): i is { row: T } => "row" in i).map((i) => p.id(i.row)) : [];
  const everything = all.length > 0 && all.every((i) => p.selected?.has(i));

  return (
    <div
      className="grid"
      role="grid"
      ref={box}
      tabIndex={0}
      aria-label={p.label}
      aria-rowcount={(p.total ?? p.items.length) + 1}
      aria-multiselectable={p.onSelect ? true : undefined}
      aria-activedescendant={at >= 0 && at < p.items.length ? `${base}r${at}` : undefined}
    >
      <div role="rowgroup" className="grid-headgroup">
        <div role="row" className="grid-row grid-head" aria-rowindex={1} style={{ gridTemplateColumns: template }}>
          {p.onSelect && (
            <span role="columnheader" className="grid-check">
              <Checkbox aria-label="Select all that were read" checked={everything} indeterminate={!everything && Boolean(p.selected?.size)} onChange={() => p.onSelect?.(everything ? new Set() : new Set(all))} />
            </span>
          )}
          {p.columns.map((c) => (
            <Header key={c.id} column={c} sort={p.sort} onSort={p.onSort} />
          ))}
        </div>
      </div>
      <div role="rowgroup" className="grid-body" style={{ height: virtual.getTotalSize() }}>
        {shown.map((v) => {
          const item = p.items[v.index];
          const place = { height, transform: `translateY(${v.start}px)` };
          if (!item) {
            return (
              <div key={v.key} className="grid-row grid-ghost" role="presentation" style={{ ...place, gridTemplateColumns: template }}>
                {p.columns.map((c) => (
                  <Bone key={c.id} w="60%" />
                ))}
              </div>
            );
          }
          const here = v.index === at;
          if ("group" in item) {
            return (
              <div key={`g${item.group}`} id={`${base}r${v.index}`} role="row" aria-rowindex={v.index + 2} className="grid-row grid-group" data-here={here || undefined} style={place} onClick={() => p.onGroup?.(item.group)}>
                <div role="gridcell" aria-colspan={p.columns.length + (p.onSelect ? 1 : 0)} className="grid-group-cell">
                  {item.header}
                </div>
              </div>
            );
          }
          const id = p.id(item.row);
          const chosen = p.selected?.has(id);
          return (
            <div
              key={id}
              id={`${base}r${v.index}`}
              role="row"
              aria-rowindex={v.index + 2}
              aria-selected={p.onSelect ? Boolean(chosen) : undefined}
              className="grid-row"
              data-here={here || undefined}
              data-open={id === p.openID || undefined}
              data-chosen={chosen || undefined}
              style={{ ...place, gridTemplateColumns: template }}
              onClick={(e) => {
                if ((e.target as HTMLElement).closest("a, button, input, label")) return;
                setAt(v.index);
                p.onOpen?.(item.row, Boolean(p.openID));
              }}
            >
              {p.onSelect && (
                <span role="gridcell" className="grid-check">
                  <Checkbox aria-label={`Select ${id}`} tabIndex={-1} checked={Boolean(chosen)} onChange={() => select(item.row)} />
                </span>
              )}
              {p.columns.map((c) => (
                <span key={c.id} role="gridcell" className={c.right ? "grid-cell grid-right" : "grid-cell"}>
                  {c.cell(item.row)}
                </span>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Header<T>({ column: c, sort, onSort }: { column: Column<T>; sort?: string; onSort?: (s: string) => void }) {
  const rising = sort === c.id;
  const falling = sort === `-${c.id}`;
  const className = c.right ? "grid-cell grid-right" : "grid-cell";
  if (!c.sort || !onSort) {
    return (
      <span role="columnheader" className={className}>
        {c.label}
      </span>
    );
  }
  return (
    <span role="columnheader" className={className} aria-sort={rising ? "ascending" : falling ? "descending" : "none"}>
      <button className="bare-button grid-sort" onClick={() => onSort(falling ? c.id : `-${c.id}`)}>
        {c.label}
        {rising && <IconArrowUp size={12} aria-hidden />}
        {falling && <IconArrowDown size={12} aria-hidden />}
      </button>
    </span>
  );
}
