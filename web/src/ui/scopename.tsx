// A scope by what people call it; its path in the title.
import { createContext, useContext, useMemo } from "react";
import { useScopes } from "../api/queries";

const Names = createContext<Map<string, string>>(new Map());

/** ScopeNames reads what scopes are called, once for all that stands below it. */
export function ScopeNames({ children }: { children: React.ReactNode }) {
  const { data } = useScopes();
  const names = useMemo(() => new Map(data?.map((s) => [s.path, s.name])), [data]);
  return <Names value={names}>{children}</Names>;
}

/** useScopeName returns what people call a scope, or its path. */
export function useScopeName(): (path: string) => string {
  const names = useContext(Names);
  return (path) => names.get(path) || path;
}

export function ScopeName({ path, region }: { path?: string; region?: string }) {
  const name = useScopeName();
  if (!path) return null;
  return (
    <span className="cut muted" title={path}>
      {name(path)}
      {region && ` · ${region}`}
    </span>
  );
}
