// The frame of every page: rail, bar, page, and the panel of what is open.
import { Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { useLive } from "../api/live";
import { useSession } from "../api/queries";
import { Failure } from "../api/client";
import { Answer, Bones } from "../ui/answers";
import { useKeys } from "../ui/keys";
import { ScopeNames } from "../ui/scopename";
import { useKept, useOpen } from "../ui/url";
import { Bar } from "./bar";
import { pages } from "./page";
import { Rail } from "./rail";
import "./frame.css";

const palette = () => import("./palette");
const Palette = lazy(palette);
const Help = lazy(() => import("./help"));
const Panel = lazy(() => import("./panel"));

const bare = new Set(pages.filter((p) => p.page.bare).map((p) => p.page.path));

const titles = new Map(pages.map((p) => [p.page.path, p.page.title]));

export function Frame() {
  const { pathname } = useLocation();
  const title = titles.get(pathname) ?? "Lost";
  useEffect(() => {
    document.title = `${title} · Bulwark`;
  }, [title]);
  return (
    <>
      <p className="sr" role="status" aria-label="Page">
        {title}
      </p>
      {bare.has(pathname) ? <Outlet /> : <Guarded />}
    </>
  );
}

/** Guarded shows the page to a signed-in person and sends others to sign in. */
function Guarded() {
  const session = useSession();
  const navigate = useNavigate();
  const location = useLocation();
  const out = session.error instanceof Failure && session.error.status === 401;
  useEffect(() => {
    if (out) void navigate({ to: "/sign-in", search: { next: location.href } as never, replace: true });
  }, [out, navigate, location.href]);
  if (out) return null;
  return (
    <Answer of={session} what="your session" skeleton={<FrameBones />}>
      {() => (
        <ScopeNames>
          <Framed />
        </ScopeNames>
      )}
    </Answer>
  );
}

function FrameBones() {
  return (
    <div className="frame">
      <div className="rail" />
      <div className="bar" />
      <div className="main">
        <Bones rows={12} />
      </div>
    </div>
  );
}

function Framed() {
  const navigate = useNavigate();
  const open = useOpen();
  const kept = useKept();
  const [narrow, setNarrow] = useState(() => localStorage.getItem("bulwark-rail") === "narrow");
  const [searching, setSearching] = useState(false);
  const [help, setHelp] = useState(false);
  const going = useRef(0);
  useLive();
  useEffect(() => {
    // So that nothing typed after Ctrl-K is lost while the palette loads.
    const timer = setTimeout(() => void palette(), 1500);
    return () => clearTimeout(timer);
  }, []);

  const collapse = () => {
    localStorage.setItem("bulwark-rail", narrow ? "wide" : "narrow");
    setNarrow(!narrow);
  };

  const onKey = (e: KeyboardEvent) => {
    if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "k") {
      setSearching(true);
      return true;
    }
    if (Date.now() - going.current < 1200) {
      going.current = 0;
      const to = pages.find((p) => p.page.key === e.key)?.page;
      if (to) {
        void navigate({ to: to.path, search: kept() });
        return true;
      }
    }
    switch (e.key) {
      case "g":
        going.current = Date.now();
        return true;
      case "?":
        setHelp(true);
        return true;
      case "/":
        setSearching(true);
        return true;
      case "[":
        collapse();
        return true;
      case "Escape":
        if (!open.kind) return false;
        open.close();
        return true;
    }
    return false;
  };
  useKeys(onKey, { last: true });

  return (
    <div className="frame" data-narrow={narrow || undefined} data-open={open.kind || undefined}>
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <Rail narrow={narrow} onCollapse={collapse} />
      <Bar onPalette={() => setSearching(true)} onHelp={() => setHelp(true)} />
      <main className="main" id="main" tabIndex={-1}>
        <Suspense fallback={<Bones rows={14} />}>
          <Outlet />
        </Suspense>
      </main>
      <Suspense fallback={null}>
        {open.kind && <Panel />}
        {searching && <Palette onClose={() => setSearching(false)} />}
        {help && <Help onClose={() => setHelp(false)} />}
      </Suspense>
    </div>
  );
}

/** Mark is the product's sign. */
export function Mark({ size = 22 }: { size?: number }) {
  return (
    <svg viewBox="0 0 24 24" width={size} height={size} aria-hidden="true" focusable="false" className="brand-mark">
      <path d="M3 3.5h4v2.8h3V3.5h4v2.8h3V3.5h4V12c0 4.9-3.7 8-9 9.5C6.7 20 3 16.9 3 12z" />
      <path className="brand-gate" d="M10.3 17.2v-4.5a1.7 1.7 0 0 1 3.4 0v4.5z" />
    </svg>
  );
}
