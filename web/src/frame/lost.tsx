import { useNavigate } from "@tanstack/react-router";
import { Empty } from "../ui/answers";

/** Lost is shown for an address that no page has. */
export function Lost() {
  const navigate = useNavigate();
  return (
    <Empty why="filtered" title="No page has this address" action={{ label: "Go to the overview", run: () => void navigate({ to: "/" }) }}>
      The link may be from a newer version, or the thing it named is gone.
    </Empty>
  );
}
