import { Tooltip } from "@mantine/core";
import { IconLayoutSidebarLeftCollapse, IconLayoutSidebarLeftExpand } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useParams } from "../ui/url";
import { Mark } from "./frame";
import { type Page, railOf, sections } from "./page";

/** Rail is the way between pages; the chosen scope goes along. */
export function Rail({ narrow, onCollapse }: { narrow: boolean; onCollapse: () => void }) {
  return (
    <nav className="rail" aria-label="Pages">
      <Link to="/" className="brand" aria-label={narrow ? "Bulwark" : undefined}>
        <Mark />
        {!narrow && <span>Bulwark</span>}
      </Link>
      <div className="rail-scroll">
        {sections.map((section) => {
          const list = railOf(section);
          if (list.length === 0) return null;
          return (
            <div key={section} className="rail-section">
              <p className={narrow ? "sr" : "rail-title"} id={`rail-${section}`}>
                {section}
              </p>
              <ul aria-labelledby={`rail-${section}`}>
                {list.map((p) => (
                  <Item key={p.path} page={p} narrow={narrow} />
                ))}
              </ul>
            </div>
          );
        })}
      </div>
      <button className="bare-button rail-item rail-collapse" onClick={onCollapse} aria-expanded={!narrow} aria-label={narrow ? "Widen the rail" : undefined}>
        {narrow ? <IconLayoutSidebarLeftExpand size={17} stroke={1.6} aria-hidden /> : <IconLayoutSidebarLeftCollapse size={17} stroke={1.6} aria-hidden />}
        {!narrow && <span>Narrow the rail</span>}
        {!narrow && <kbd className="kbd end" aria-hidden>[</kbd>}
      </button>
    </nav>
  );
}

function Item({ page, narrow }: { page: Page; narrow: boolean }) {
  const { scope } = useParams();
  const Icon = page.icon;
  const link = (
    <Link
      to={page.path}
      search={(scope ? { scope } : {}) as never}
      className="rail-item"
      aria-label={narrow ? page.title : undefined}
      activeOptions={{ exact: page.path === "/", includeSearch: false }}
      activeProps={{ "aria-current": "page" }}
    >
      {Icon && <Icon size={17} stroke={1.6} aria-hidden />}
      {!narrow && <span>{page.title}</span>}
    </Link>
  );
  return (
    <li>
      {narrow ? (
        <Tooltip label={page.title} position="right">
          {link}
        </Tooltip>
      ) : (
        link
      )}
    </li>
  );
}
