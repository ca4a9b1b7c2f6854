import { IconSitemap } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useScopes } from "../api/queries";
import type { Page } from "../frame/page";
import { Answer, Empty } from "../ui/answers";
import { Card, Head } from "../ui/page";
import { some } from "../ui/text";

export const page: Page = { path: "/scopes", title: "Scopes", section: "Posture", order: 19, icon: IconSitemap };

export default function Scopes() {
  const scopes = useScopes();
  return (
    <div className="page-scroll">
      <Head title="Scopes" answer={scopes.data ? `${some(scopes.data.length, "scope")}.` : "\u00a0"} />
      <div className="page-pad stack">
        <Answer of={scopes} what="the scopes">
          {(all) =>
            all.length === 0 ? (
              <Empty why="unconnected" title="There is no scope">
                Scopes come with the first assets.
              </Empty>
            ) : (
              <Card title="All that you may read">
                <ul>
                  {all.map((s) => (
                    <li key={s.path} style={{ marginLeft: s.depth * 16, lineHeight: "28px" }}>
                      <Link to="/inventory" search={{ scope: s.path }}>
                        {s.name || s.path}
                      </Link>
                    </li>
                  ))}
                </ul>
              </Card>
            )
          }
        </Answer>
      </div>
    </div>
  );
}
