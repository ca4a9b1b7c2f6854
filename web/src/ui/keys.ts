// Keys. One listener on the document; a key typed into a field is the
// field's, and one with a modifier is the browser's (but Ctrl-K is ours).
import { useEffect, useRef } from "react";

type Handler = (e: KeyboardEvent) => boolean | void;

interface Entry {
  handler: { current: Handler };
  root?: () => HTMLElement | null;
  last?: boolean;
}

const entries: Entry[] = [];

function typing(e: KeyboardEvent): boolean {
  const t = e.target as HTMLElement | null;
  if (!t) return false;
  return t.isContentEditable || t.tagName === "TEXTAREA" || t.tagName === "SELECT" || (t.tagName === "INPUT" && !/^(checkbox|radio|button)$/.test((t as HTMLInputElement).type));
}

function onKey(e: KeyboardEvent) {
  const palette = (e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "k";
  if (!palette && (typing(e) || e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented)) return;
  // A dialogue or menu keeps its own keys.
  const inDialogue = document.querySelector('[role="dialog"][aria-modal="true"], [role="menu"]');
  if (inDialogue && !palette) return;
  const active = document.activeElement;
  const ordered = [...entries].reverse().sort((a, b) => within(b, active) - within(a, active) || late(a) - late(b));
  for (const entry of ordered) {
    if (entry.handler.current(e)) {
      e.preventDefault();
      return;
    }
  }
}

const within = (entry: Entry, el: Element | null) => Number(Boolean(entry.root?.()?.contains(el)));

// A list under a panel goes on being walked while the panel shows its rows.
const late = (entry: Entry) => (entry.last ? 2 : entry.root?.()?.closest("aside") ? 1 : 0);

/** useKeys hears keys while its component is shown. A handler returns true for a key that it used. What has the focus is asked first, then what was shown last, then what is in a panel, then the frame (`last`). */
export function useKeys(handler: Handler, options: Omit<Entry, "handler"> = {}) {
  const ref = useRef(handler);
  ref.current = handler;
  useEffect(() => {
    const entry: Entry = { handler: ref, ...options };
    if (entries.length === 0) document.addEventListener("keydown", onKey);
    entries.push(entry);
    return () => {
      entries.splice(entries.indexOf(entry), 1);
      if (entries.length === 0) document.removeEventListener("keydown", onKey);
    };
  }, []);
}
