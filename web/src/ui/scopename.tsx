// A scope by what people call it; its path in the title.
import { useScopes } from "../api/queries";

/** useScopeName returns what people call a scope, or its path. */
export function useScopeName(): (path: string) => string {
  const { data } = useScopes();
  return (path) => data?.find((s) => s.path === path)?.name || path;
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
