import type { Gap } from "../api/types";

// A gap is known by its connector, what it is of and where: no id lasts longer
// than it does.
const mark = "|";

/** gapID writes a gap's name for the URL. */
export const gapID = (g: Gap) => [g.connector ?? "", g.what, g.where].join(mark);

/** readGapID is the inverse of gapID. */
export function readGapID(id: string): { connector: string; what: string; where: string } {
  const [connector = "", what = "", ...where] = id.split(mark);
  return { connector, what, where: where.join(mark) };
}
