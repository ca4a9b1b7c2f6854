// Measures what the first page loads: the scripts and styles that index.html
// names, the overview, and all that those import. Fails beyond 200 KB gzip.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const limit = 200 * 1024;
const files = new Set();

function add(name) {
  if (files.has(name)) return;
  files.add(name);
  if (!name.endsWith(".js")) return;
  const text = readFileSync(`${dist}assets/${name}`, "utf8");
  for (const m of text.matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g)) add(m[1]);
}

const index = readFileSync(`${dist}index.html`, "utf8");
for (const m of index.matchAll(/\/assets\/([^"]+\.(?:js|css))/g)) add(m[1]);
for (const name of readdirSync(`${dist}assets`)) if (/^overview-.*\.(js|css)$/.test(name)) add(name);

let total = 0;
for (const name of [...files].sort()) {
  const size = gzipSync(readFileSync(`${dist}assets/${name}`), { level: 9 }).length;
  total += size;
  console.log(`${String(size).padStart(8)}  ${name}`);
}
console.log(`${String(total).padStart(8)}  first load, gzip, of at most ${limit}`);
if (total > limit) process.exit(1);
