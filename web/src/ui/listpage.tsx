// A page that is one list: head, filter bar, facets, grid, and the query that
// made it. What differs between lists is given; what is the same is here.
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { long } from "../api/live";
import type { Facet, List } from "../api/types";
import { Bones, Empty, type EmptyProps, Failed } from "./answers";
import type { Field, Filter } from "./filter";
import { Facets, FilterBar, useFilter } from "./filterbar";
import { type Column, Grid, type Item } from "./grid";
import { Head } from "./page";
import { count, some } from "./text";
import { useParams, useSetParams } from "./url";
import "../theme/more.css";

/** Listing is a list read page by page, with the address that reads it. */
export type Listing<T> = UseInfiniteQueryResult<InfiniteData<List<T>>, Error> & { address: string };

export interface ListPageProps<T> {
  title: string;
  one: string; // what a row is, in words: asset
  many?: string;
  name: string; // of the list, for saved views
  placeholder: string;
  keys: string[]; // that the filter knows
  sort?: string; // where the URL names none
  read: (filter: Filter, sort: string | undefined) => Listing<T>;
  fields: (facets: Record<string, Facet[]>, rows: T[]) => Field[];
  answer: (rows: T[], total: number, whole: boolean) => React.ReactNode;
  columns: Column<T>[];
  id: (row: T) => string;
  onOpen?: (row: T, replace: boolean) => void;
  openID?: string;
  exempt?: (ids: string[], close: () => void, done: () => void) => React.ReactNode;
  bulk?: (ids: string[]) => React.ReactNode; // more that can be done with the selection
  arrange?: (rows: T[]) => Item<T>[];
  onGroup?: (key: string) => void;
  empty: EmptyProps; // when nothing is filtered
  actions?: React.ReactNode;
  rowHeight?: number;
}

export function ListPage<T>(p: ListPageProps<T>) {
  const { sort = p.sort, scope } = useParams();
  const set = useSetParams();
  const [filter, setFilter] = useFilter(p.keys);
  const list = p.read(filter, sort);
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  const [exempting, setExempting] = useState<string[]>([]);
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const { arrange } = p;
  const items = useMemo(() => (arrange ? arrange(rows) : rows.map((row) => ({ row }))), [rows, arrange]);
  const first = list.data?.pages[0];
  const fields = p.fields(first?.facets ?? {}, rows);
  const total = first?.total ?? rows.length;
  const filtered = filter.tokens.length > 0 || filter.text !== "";
  const clear = () => setChosen(new Set());
  useEffect(clear, [filter, scope]);

  const body = () => {
    if (list.isPending) return <Bones rows={16} h={p.rowHeight} />;
    if (list.isError && rows.length === 0) return <Failed error={list.error} what={p.many ?? `${p.one}s`} retry={() => void list.refetch()} />;
    if (rows.length === 0 && filtered) {
      return (
        <Empty why="filtered" title={`No ${p.one} matches this filter`} action={{ label: "Clear the filter", run: () => setFilter({ tokens: [], text: "" }) }}>
          {scope ? "Only the chosen scopes are searched." : undefined}
        </Empty>
      );
    }
    if (rows.length === 0) return <Empty {...p.empty} />;
    return (
      <Grid
        label={p.title}
        columns={p.columns}
        items={items}
        id={p.id}
        total={total}
        more={list.hasNextPage}
        onMore={() => !list.isFetchingNextPage && void list.fetchNextPage()}
        onOpen={p.onOpen}
        openID={p.openID}
        selected={p.exempt ? chosen : undefined}
        onSelect={p.exempt ? setChosen : undefined}
        sort={sort}
        onSort={(s) => set({ sort: s }, { replace: true })}
        onGroup={p.onGroup}
        rowHeight={p.rowHeight}
        onKey={(e, row) => {
          if (!p.exempt || e.key !== "e" || (chosen.size === 0 && !row)) return false;
          setExempting(chosen.size ? [...chosen] : [p.id(row!)]);
          return true;
        }}
      />
    );
  };

  return (
    <div className="page">
      <Head title={p.title} answer={list.data ? p.answer(rows, total, !list.hasNextPage) : "\u00a0"}>
        {p.actions}
      </Head>
      <div className="list-bar">
        <FilterBar fields={fields} list={p.name} api={list.address} placeholder={p.placeholder} />
      </div>
      <div className="list">
        <Facets fields={fields} />
        <div className="list-main">
          {chosen.size > 0 && (
            <Bulk words={some(chosen.size, p.one, p.many)} onExempt={() => setExempting([...chosen])} onClear={clear}>
              {p.bulk?.([...chosen])}
            </Bulk>
          )}
          {body()}
          <div className="list-foot">
            <span className="num">
              {count(rows.length)} of {count(total)} read
            </span>
            {list.isStale && long(list.data) && !list.isFetching && (
              <button className="bare-button link-button" onClick={() => void list.refetch()}>
                Something changed: read again
              </button>
            )}
            <code className="end cut">GET {list.address}</code>
          </div>
        </div>
      </div>
      {exempting.length > 0 && p.exempt?.(exempting, () => setExempting([]), clear)}
    </div>
  );
}

/** Bulk is the bar of what can be done with the selection. */
export function Bulk({ words, onExempt, onClear, children }: { words: string; onExempt: () => void; onClear: () => void; children?: React.ReactNode }) {
  return (
    <div className="bulk" role="region" aria-label="Selection">
      <strong>{words} selected</strong>
      <button className="bar-button" onClick={onExempt}>
        Exempt <kbd className="kbd">e</kbd>
      </button>
      {children}
      <button className="bar-button" onClick={onClear}>
        Clear
      </button>
    </div>
  );
}
