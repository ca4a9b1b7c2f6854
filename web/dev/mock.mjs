// A server of invented data for developing and testing pages without the
// product: `npm run mock`, then `npm run dev`. It answers as /api/v1 does and
// serves dist/ under the product's own content security policy. Never shipped.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { answers } from "./answers.mjs";
import { estate } from "./estate.mjs";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const kinds = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2", ".txt": "text/plain" };
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

export function serve({ port = 8080, size = 1200, empty = false } = {}) {
  const data = estate(empty ? 0 : size);
  const routes = answers(data);
  const server = createServer((req, res) => {
    const url = new URL(req.url, "http://localhost");
    if (url.pathname.startsWith("/api/v1/")) return void answer(routes, req, res, url);
    file(res, url.pathname);
  });
  return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve({ url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() })));
}

async function answer(routes, req, res, url) {
  const path = url.pathname.slice("/api/v1".length);
  if (path === "/events") return events(res);
  let text = "";
  for await (const part of req) text += part;
  const body = text ? JSON.parse(text) : {};
  const query = Object.fromEntries(url.searchParams);
  const [status, data] = routes(req.method, path, query, body, req.headers.cookie ?? "");
  const headers = { "content-type": "application/json", "cache-control": "no-store" };
  if (data?.$cookie !== undefined) headers["set-cookie"] = `mock=${data.$cookie}; HttpOnly; SameSite=Strict; Path=/`;
  res.writeHead(status, headers);
  res.end(data === undefined ? "" : JSON.stringify(data));
}

function events(res) {
  res.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  res.write(": hello\n\n");
  const timer = setInterval(() => res.write(`event: run\ndata: {}\n\n`), 3000); // /runs tells of more each time
  res.on("close", () => clearInterval(timer));
}

function file(res, pathname) {
  let path = normalize(join(dist, pathname));
  if (!path.startsWith(dist) || !existsSync(path) || !statSync(path).isFile()) path = join(dist, "index.html");
  if (!existsSync(path)) return res.writeHead(404).end("run npm run build first");
  res.writeHead(200, { "content-type": kinds[extname(path)] ?? "application/octet-stream", "content-security-policy": policy, "cache-control": path.includes("/assets/") ? "public, max-age=31536000, immutable" : "no-cache", "x-content-type-options": "nosniff" });
  createReadStream(path).pipe(res);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await serve({ port: Number(process.env.PORT ?? 8080), size: Number(process.env.ASSETS ?? 1200), empty: process.env.EMPTY === "1" });
  console.log(`invented data at ${url}; any name and password sign in`);
}
