// State lives in the URL. Search parameters are plain strings, so that a link
// reads well: ?q=severity:critical&sort=-unhealthy&open=asset:live:…
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

export type Params = Record<string, string>;

/** readParams and writeParams replace the router's JSON in search parameters. */
export function readParams(text: string): Params {
  return Object.fromEntries(new URLSearchParams(text));
}

export function writeParams(params: Record<string, unknown>): string {
  const out: string[] = [];
  for (const [k, v] of Object.entries(params)) {
    if (v === undefined || v === null || v === "") continue;
    out.push(`${encodeURIComponent(k)}=${encodeURIComponent(String(v)).replace(/%3A/gi, ":").replace(/%2F/gi, "/").replace(/%2C/gi, ",").replace(/%20/g, "+")}`);
  }
  return out.length ? `?${out.join("&")}` : "";
}

/** useParams returns the URL's search parameters. */
export function useParams(): Params {
  return useSearch({ strict: false }) as Params;
}

/** useSetParams returns a function that changes some search parameters; undefined or "" removes one. `replace` leaves no step in the history. */
export function useSetParams(): (patch: Record<string, string | undefined>, options?: { replace?: boolean }) => void {
  const navigate = useNavigate();
  return useCallback(
    (patch, options) => {
      void navigate({
        to: ".",
        search: ((before: Params) => {
          const next: Params = { ...before };
          for (const [k, v] of Object.entries(patch)) {
            if (v === undefined || v === "") delete next[k];
            else next[k] = v;
          }
          return next;
        }) as never,
        replace: options?.replace,
        resetScroll: false,
      });
    },
    [navigate],
  );
}

/** useKept returns a function that adds the chosen scope to the parameters of a link. */
export function useKept(): (search?: Params) => never {
  const { scope } = useParams();
  return (search = {}) => (scope ? { ...search, scope } : search) as never;
}

/** A thing whose detail opens as a panel: asset:<id>, check:<id>, standard:<id>. */
export function useOpen() {
  const { open } = useParams();
  const set = useSetParams();
  const show = useCallback((kind: string, id: string, options?: { replace?: boolean; tab?: string }) => set({ open: `${kind}:${id}`, tab: options?.tab }, options), [set]);
  const close = useCallback(() => set({ open: undefined, tab: undefined }), [set]);
  const cut = open ? open.indexOf(":") : -1;
  return { kind: open && cut > 0 ? open.slice(0, cut) : "", id: open && cut > 0 ? open.slice(cut + 1) : "", show, close };
}
