// What was built, without a browser: its size, its policy, its types.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { mark } from "../../web/dev/api.mjs";

const web = (path) => fileURLToPath(new URL(`../../web/${path}`, import.meta.url));
const unbuilt = !existsSync(web("dist/index.html")) && "web/dist is not built: npm run build in web/";

test("the first page loads at most 200 KB", { skip: unbuilt }, (t) => {
  t.diagnostic(execFileSync(process.execPath, [web("dev/size.mjs")], { encoding: "utf8" }).trim().split("\n").at(-1).trim());
});

test("nothing is inline, so that the policy can forbid it", { skip: unbuilt }, () => {
  const html = readFileSync(web("dist/index.html"), "utf8");
  assert.doesNotMatch(html, /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/);
});

test("nothing of the invented data is built in", { skip: unbuilt }, () => {
  const html = readFileSync(web("dist/index.html"), "utf8");
  for (const [, name] of html.matchAll(/\/(assets\/[^"]+\.js)/g)) assert.doesNotMatch(readFileSync(web(`dist/${name}`), "utf8"), /payouts-worker|mcsb-v1/);
});

test("types are those of docs/openapi.json", () => {
  const described = readFileSync(fileURLToPath(new URL("../../docs/openapi.json", import.meta.url)));
  const [first] = readFileSync(web("src/api/schema.d.ts"), "utf8").split("\n");
  assert.equal(`${first}\n`, mark(described), "run npm run api in web/");
});
