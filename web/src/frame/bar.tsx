// The top bar: scope, search, what runs now, theme, account.
import { ActionIcon, Menu, Popover, Tooltip, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { IconChevronDown, IconHelp, IconLogout, IconMoon, IconSearch, IconSettings, IconSitemap, IconSun, IconUser } from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useEffect } from "react";
import { base } from "../api/base";
import { useLiveState } from "../api/live";
import { useRuns, useScopes, useSession, useSignOut } from "../api/queries";
import { Bones } from "../ui/answers";
import { some } from "../ui/text";
import { Organizations } from "./organizations";
import { useParams, useSetParams } from "../ui/url";

export function Bar({ onPalette, onHelp }: { onPalette: () => void; onHelp: () => void }) {
  return (
    <div className="bar" role="banner">
      <Organizations />
      <ScopePicker />
      <span className="grow" />
      <button className="bar-button bar-search" onClick={onPalette}>
        <IconSearch size={15} stroke={1.6} aria-hidden />
        <span>Search or go to …</span>
        <kbd className="kbd end" aria-hidden>
          Ctrl K
        </kbd>
      </button>
      <span className="grow" />
      <Running />
      <Theme />
      <Tooltip label="Keys and help (?)">
        <ActionIcon onClick={onHelp} aria-label="Keys and help">
          <IconHelp size={18} stroke={1.6} />
        </ActionIcon>
      </Tooltip>
      <Account />
    </div>
  );
}

const remembered = `bulwark-scope${base}`;
const ScopeTree = lazy(() => import("./scopes"));

function ScopePicker() {
  const { scope = "" } = useParams();
  const set = useSetParams();
  const scopes = useScopes();
  const chosen = scope ? scope.split(",") : [];

  useEffect(() => {
    const last = localStorage.getItem(remembered);
    if (!scope && last && !location.search) set({ scope: last }, { replace: true });
  }, []);

  const choose = (next: string[]) => {
    const value = next.join(",");
    localStorage.setItem(remembered, value);
    set({ scope: value || undefined });
  };
  const all = scopes.data ?? [];
  const label = chosen.length === 0 ? "All scopes" : chosen.length === 1 ? (all.find((s) => s.path === chosen[0])?.name || chosen[0]) : some(chosen.length, "scope");

  return (
    <Popover position="bottom-start" width={420} trapFocus>
      <Popover.Target>
        <button className="bar-button" aria-label={`Scope: ${label}`}>
          <IconSitemap size={15} stroke={1.6} aria-hidden />
          <span className="cut">{label}</span>
          <IconChevronDown size={14} aria-hidden className="faint" />
        </button>
      </Popover.Target>
      <Popover.Dropdown p={8} aria-label="Scopes">
        <Suspense fallback={<Bones rows={5} h={30} />}>
          <ScopeTree all={all} chosen={chosen} onChoose={choose} />
        </Suspense>
      </Popover.Dropdown>
    </Popover>
  );
}

function Running() {
  const live = useLiveState();
  const runs = useRuns();
  const now = (runs.data ?? []).filter((r) => !r.ended);
  const first = now[0];
  const words = first ? `${now.length > 1 ? some(now.length, "run") : `Reading ${first.connector}`} · ${some(first.assets, "asset")}` : live === "on" ? "Live" : "Reconnecting";
  return (
    <Link to="/connectors" className="running plain" aria-label={`Running now: ${words}`}>
      <span className="pulse" data-busy={first ? true : undefined} data-state={live} />
      <span className="num">{words}</span>
    </Link>
  );
}

function Theme() {
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme("light") === "dark";
  return (
    <Tooltip label={dark ? "Light theme" : "Dark theme"}>
      <ActionIcon onClick={() => setColorScheme(dark ? "light" : "dark")} aria-label={dark ? "Use the light theme" : "Use the dark theme"}>
        {dark ? <IconSun size={18} stroke={1.6} /> : <IconMoon size={18} stroke={1.6} />}
      </ActionIcon>
    </Tooltip>
  );
}

function Account() {
  const session = useSession();
  const signOut = useSignOut();
  const navigate = useNavigate();
  return (
    <Menu>
      <Menu.Target>
        <Tooltip label={session.data?.name ?? "Account"}>
          <ActionIcon aria-label={`Account of ${session.data?.name ?? "you"}`}>
            <IconUser size={18} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {session.data?.name} · {session.data?.role}
        </Menu.Label>
        <Menu.Item leftSection={<IconSettings size={15} />} onClick={() => void navigate({ to: "/settings" })}>
          Settings
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={15} />} onClick={() => signOut.mutate()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
