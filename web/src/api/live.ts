// Live changes: the server's events make what they touch be read again, at
// most once a second each, so that pages change without a reload.
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { base } from "./base";

type State = "on" | "off";

let state: State = "off";
const listeners = new Set<() => void>();

function become(next: State) {
  if (next === state) return;
  state = next;
  for (const l of listeners) l();
}

/** useLiveState says whether live changes arrive. */
export function useLiveState(): State {
  return useSyncExternalStore(
    (l) => {
      listeners.add(l);
      return () => listeners.delete(l);
    },
    () => state,
  );
}

// What each kind of event makes stale, by the first word of its query key.
const touches: Record<string, string[]> = {
  run: ["runs", "connectors"],
  score: ["overview", "score", "history", "recommendations", "standards"],
  assets: ["assets", "asset", "scopes", "overview"],
  findings: ["recommendations", "check", "assessments", "findings", "asset", "overview"],
  gaps: ["gaps", "overview"],
  exemptions: ["exemptions", "recommendations", "assessments", "overview"],
};

/** useLive listens while the frame is shown. */
export function useLive() {
  const queries = useQueryClient();
  useEffect(() => {
    const source = new EventSource(`${base}/api/v1/events`);
    source.onopen = () => become("on");
    source.onerror = () => become("off");
    const stale = throttled(queries);
    for (const kind of Object.keys(touches)) source.addEventListener(kind, () => touches[kind]!.forEach(stale.add));
    return () => {
      source.close();
      stale.stop();
      become("off");
    };
  }, [queries]);
}

/** long says whether a query's data is a list of more than a few pages. */
export function long(data: unknown): boolean {
  const pages = (data as { pages?: unknown[] } | undefined)?.pages;
  return Array.isArray(pages) && pages.length > 2;
}

function throttled(queries: QueryClient) {
  const waiting = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = 0;
  const flush = () => {
    timer = undefined;
    last = Date.now();
    const keys = [...waiting];
    waiting.clear();
    for (const key of keys) {
      void queries.invalidateQueries({ queryKey: [key], predicate: (q) => !long(q.state.data) });
      // A long list is not read again under the reader's eyes; its foot offers to.
      void queries.invalidateQueries({ queryKey: [key], predicate: (q) => long(q.state.data), refetchType: "none" });
    }
  };
  return {
    add: (key: string) => {
      waiting.add(key);
      // The first change after a rest shows at once; more wait their second.
      timer ??= setTimeout(flush, Math.max(50, last + 1000 - Date.now()));
    },
    stop: () => clearTimeout(timer),
  };
}
