// The palette: every page and action, and the checks and assets whose names
// hold what is typed.
import { Modal, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconArrowRight, IconMoon, IconShieldCheck } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useFindAssets, useFindChecks } from "../api/queries";
import { AssetGlyph, typeLabel } from "../ui/glyphs";
import { SeverityMark } from "../ui/marks";
import { useKept } from "../ui/url";
import { pages } from "./page";
import "../theme/more.css";

interface Item {
  group: string;
  id: string;
  label: string;
  icon: React.ReactNode;
  note?: React.ReactNode;
  run: () => void;
}

export default function Palette({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const kept = useKept();
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme("light") === "dark";
  const [text, setText] = useState("");
  const [asked] = useDebouncedValue(text.trim(), 120);
  const [at, setAt] = useState(0);
  const checks = useFindChecks(asked);
  const assets = useFindAssets(asked);

  const go = (to: string, search: Record<string, string> = {}) => void navigate({ to, search: kept(search) });
  const holds = (s: string) => s.toLowerCase().includes(text.trim().toLowerCase());
  const items: Item[] = [
    ...pages
      .map((p) => p.page)
      .filter((p) => p.section && holds(p.title))
      .map((p): Item => ({ group: "Pages", id: p.path, label: p.title, icon: p.icon ? <p.icon size={16} stroke={1.6} /> : <IconArrowRight size={16} />, note: p.key && `g ${p.key}`, run: () => go(p.path) })),
    ...(asked ? (checks.data ?? []) : []).map((c): Item => ({ group: "Recommendations", id: `c${c.id}`, label: c.title, icon: <IconShieldCheck size={16} stroke={1.6} />, note: <SeverityMark of={c.severity} />, run: () => go("/recommendations", { open: `check:${c.id}` }) })),
    ...(asked ? (assets.data ?? []) : []).map((a): Item => ({ group: "Assets", id: `a${a.id}`, label: a.name, icon: <AssetGlyph type={a.type} />, note: typeLabel(a.type), run: () => go("/inventory", { open: `asset:${a.id}` }) })),
    ...[
      { group: "Actions", id: "theme", label: dark ? "Use the light theme" : "Use the dark theme", icon: <IconMoon size={16} stroke={1.6} />, run: () => setColorScheme(dark ? "light" : "dark") },
      { group: "Actions", id: "link", label: "Copy the link of this page", icon: <IconArrowRight size={16} stroke={1.6} />, run: () => void navigator.clipboard?.writeText(location.href) },
    ].filter((i) => holds(i.label)),
  ];
  const current = Math.min(at, items.length - 1);
  const run = (item?: Item) => {
    if (!item) return;
    onClose();
    item.run();
  };

  const keyDown = (e: React.KeyboardEvent) => {
    if (e.key === "ArrowDown" || e.key === "ArrowUp") {
      e.preventDefault();
      const next = (current + (e.key === "ArrowDown" ? 1 : -1) + items.length) % Math.max(items.length, 1);
      setAt(next);
      document.getElementById(`palette-${next}`)?.scrollIntoView({ block: "nearest" });
    } else if (e.key === "Enter") run(items[current]);
  };

  return (
    <Modal opened onClose={onClose} withCloseButton={false} padding={0} size={620} yOffset="12vh" centered={false} aria-label="Search and go">
      <input
        className="palette-input"
        data-autofocus
        role="combobox"
        aria-label="Search pages, checks and assets"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={items.length ? `palette-${current}` : undefined}
        placeholder="Search pages, checks, assets, actions"
        value={text}
        onChange={(e) => {
          setText(e.target.value);
          setAt(0);
        }}
        onKeyDown={keyDown}
        autoComplete="off"
        spellCheck={false}
      />
      <div className="palette-list" role="listbox" id="palette-list" aria-label="Found">
        {items.map((item, i) => (
          <div key={item.id} role="presentation">
            {item.group !== items[i - 1]?.group && (
              <p className="palette-group" role="presentation">
                {item.group}
              </p>
            )}
            <div id={`palette-${i}`} role="option" aria-selected={i === current} className="palette-item" onMouseMove={() => setAt(i)} onClick={() => run(item)}>
              {item.icon}
              <span className="cut grow">{item.label}</span>
              <span className="muted">{item.note}</span>
            </div>
          </div>
        ))}
      </div>
      {items.length === 0 && (
        <p className="muted palette-group" role="status">
          {checks.isFetching || assets.isFetching ? "Searching …" : "Nothing is called that."}
        </p>
      )}
    </Modal>
  );
}
