// A browser with fresh profiles, and what every test asks of a page.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const program = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"];
const password = "a long enough password";

export async function launch() {
  assert.ok(program, "no Chromium: apt install chromium");
  return chromium.launch({ executablePath: program, args: flags });
}

/** enter signs in through the page and returns the browser's state for later contexts. */
export async function enter(browser, server) {
  const context = await browser.newContext({ baseURL: server.url });
  const page = await context.newPage();
  await page.goto(server.link || "/sign-in");
  await page.getByLabel("Name").fill("alex");
  await page.getByLabel("Password", { exact: true }).fill(password);
  const again = page.getByLabel("Password again", { exact: true });
  if (server.link) await again.fill(password);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  const state = await context.storageState();
  await context.close();
  return state;
}

/** visit opens an address signed in, and hears every error that the page makes. */
export async function visit(browser, server, state, path, { theme = "light", width = 1280 } = {}) {
  const context = await browser.newContext({ baseURL: server.url, storageState: state, colorScheme: theme, viewport: { width, height: width > 1500 ? 1080 : 800 }, reducedMotion: "reduce" });
  const page = await context.newPage();
  const errors = [];
  page.on("console", (m) => m.type() === "error" && errors.push(m.text()));
  page.on("pageerror", (e) => errors.push(String(e)));
  await page.goto(path);
  await quiet(page);
  return { page, errors, close: () => context.close() };
}

/** quiet waits until no part of the page is being read. */
export async function quiet(page) {
  await page.locator("main").first().waitFor();
  await page.waitForFunction(() => !document.querySelector('[aria-busy="true"], .bones, .grid-ghost:only-child'), undefined, { timeout: 20_000 });
  await page.evaluate(() => document.fonts.ready);
  await page.waitForTimeout(150);
}

const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** accessible fails with what axe finds against WCAG 2.2 A and AA. */
export async function accessible(page, where = "") {
  await page.evaluate(axe);
  const found = await page.evaluate((values) => window.axe.run(document, { runOnly: { type: "tag", values }, resultTypes: ["violations"], preload: false }), rules);
  const words = found.violations.map((v) => `${v.id}: ${v.help}\n${v.nodes.slice(0, 4).map((n) => `    ${n.target.join(" ")}: ${n.failureSummary?.split("\n").slice(1, 3).join("; ").trim()}`).join("\n")}`);
  assert.equal(words.length, 0, `${where}\n${words.join("\n")}`);
}

/** press types keys one after the other, as a person does. */
export async function press(page, ...keys) {
  for (const k of keys) {
    await page.keyboard.press(k);
    await page.waitForTimeout(60);
  }
}
