// What a page's file states about itself. Every file in pages/ begins with
//   export const page: Page = { path: "/gaps", title: "Coverage gaps", … };
// and exports its component as default. That is the whole registration.
import type { Icon } from "@tabler/icons-react";

export type Section = "Posture" | "Govern" | "Connect" | "System";

export interface Page {
  path: string; // "/recommendations"; what it shows of it is in search parameters
  title: string;
  section?: Section; // where it stands in the rail; none keeps it out
  order?: number; // within its section
  icon?: Icon;
  key?: string; // g and this letter goes there
  bare?: boolean; // shown without the frame and before sign-in
}

const found = import.meta.glob<Page>("../pages/*.tsx", { query: "?page", import: "page", eager: true });

/** pages are all pages by file, in the order of the rail. */
export const pages: { file: string; page: Page }[] = Object.entries(found)
  .map(([file, page]) => ({ file, page }))
  .sort((a, b) => (a.page.order ?? 99) - (b.page.order ?? 99) || a.page.path.localeCompare(b.page.path));

export const sections: Section[] = ["Posture", "Govern", "Connect", "System"];

/** railOf returns the pages that stand in a section of the rail. */
export const railOf = (section: Section): Page[] => pages.map((p) => p.page).filter((p) => p.section === section);
