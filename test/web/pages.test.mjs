// Every page, opened as a person does: its main task by keyboard, and what a
// screen reader and both themes need, at two widths. Screenshots are kept for
// the documents.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { accessible, enter, launch, press, quiet, visit } from "./browser.mjs";
import { start } from "./server.mjs";

const keep = process.env.BULWARK_SCREENSHOTS !== "0";
let pictures; // the documents show only what the product itself made
let server, browser, state, check, asset, standard, connector, control, gap;

before(async () => {
  server = await start();
  browser = await launch();
  state = await enter(browser, server);
  const { page, close } = await visit(browser, server, state, "/");
  // What is looked at is there when the first runs have ended.
  for (let waited = 0; ; waited++) {
    const runs = (await page.evaluate(() => fetch("/api/v1/runs?limit=50").then((r) => r.json()))).items;
    if (server.kind === "invented" || (runs.length > 1 && runs.every((r) => r.ended))) break;
    assert.ok(waited < 120, "the first runs did not end in a minute");
    await page.waitForTimeout(500);
  }
  const first = async (path) => page.evaluate((p) => fetch(p).then((r) => r.json()).then((d) => d.items[0]), path);
  check = (await first("/api/v1/recommendations?sort=-unhealthy&limit=1")).id;
  asset = (await first("/api/v1/assets?sort=-unhealthy&limit=1")).id;
  standard = (await first("/api/v1/standards"))?.id;
  connector = (await first("/api/v1/connectors")).id;
  gap = (await first("/api/v1/gaps?limit=1")).id;
  control = await page.evaluate((p) => fetch(p).then((r) => r.json()).then((d) => d.sections?.flatMap((x) => x.controls).find((c) => c.status === "failed")?.id), `/api/v1/standard?id=${encodeURIComponent(standard ?? "")}`);
  await close();
  pictures = fileURLToPath(new URL(server.kind === "invented" ? "../../build/img/" : "../../docs/img/", import.meta.url));
  mkdirSync(pictures, { recursive: true });
});

after(async () => {
  await browser?.close();
  server?.stop();
});

const id = encodeURIComponent;

// The views that need more than a page's own address: name of the picture,
// address, heading.
const views = [
  ["problems", () => "/recommendations?view=findings", "Recommendations"],
  ["recommendation", () => `/recommendation?id=${id(check)}`],
  ["recommendation-panel", () => `/recommendations?open=check:${id(check)}`, "Recommendations"],
  ["recommendation-evidence", () => `/recommendation?id=${id(check)}&tab=evidence`],
  ["recommendation-fix", () => `/recommendation?id=${id(check)}&tab=fix`],
  ["recommendation-standards", () => `/recommendation?id=${id(check)}&tab=standards`],
  ["recommendation-check", () => `/recommendation?id=${id(check)}&tab=check`],
  ["asset", () => `/asset?id=${id(asset)}`],
  ["asset-configuration", () => `/asset?id=${id(asset)}&tab=configuration`],
  ["asset-history", () => `/asset?id=${id(asset)}&tab=history`],
  ["asset-relations", () => `/asset?id=${id(asset)}&tab=relations`],
  ["standard", () => `/standard?id=${id(standard ?? "")}`],
  ["standard-evidence", () => `/standard?id=${id(standard ?? "")}&control=${id(control ?? "")}`],
  ["connector", () => `/connector?id=${id(connector)}`],
  ["connector-runs", () => `/connector?id=${id(connector)}&tab=runs`],
  ["connectors-runs", () => "/connectors?view=runs", "Connectors"],
  ["connect-configure", () => "/connect?kind=aws", "Configure"],
  ["connect-access", () => "/connect?kind=kubernetes&step=access", "Give access"],
  ["gaps-permissions", () => "/gaps?view=permissions", "Coverage gaps"],
  ["gap", () => `/gap?id=${id(gap)}`],
  ["check", () => `/check?id=${id(check)}`],
  ["check-permissions", () => `/check?id=${id(check)}&tab=permissions`],
  ["check-try", () => `/check?id=${id(check)}&tab=try`],
  ["settings-organizations", () => "/settings?tab=organizations", "Settings"],
  ["settings-users", () => "/settings?tab=users", "Settings"],
  ["settings-sign-in", () => "/settings?tab=sign-in", "Settings"],
  ["settings-tokens", () => "/settings?tab=tokens", "Settings"],
  ["settings-audit", () => "/settings?tab=audit", "Settings"],
];

// Every page stands in a file that states its address; those that are opened
// with something stand above.
const folder = fileURLToPath(new URL("../../web/src/pages/", import.meta.url));
const own = readdirSync(folder)
  .filter((f) => f.endsWith(".tsx"))
  .map((f) => [f.slice(0, -4), /^export const page[^}]*?path: "([^"]+)"/m.exec(readFileSync(folder + f, "utf8"))[1]])
  .filter(([, path]) => !views.some(([name]) => `/${name}` === path))
  .map(([name, path]) => [name, () => path]);
const pages = [...own, ...views];

// Two at a time: a page mostly waits for the browser.
describe("pages", { concurrency: 2 }, () => {
  for (const [name, address, heading] of pages) {
    test(`${name} is whole and accessible in both themes and widths`, async (t) => {
      const { page, errors, close } = await visit(browser, server, state, address());
      t.after(close);
      if (heading) await page.getByRole("heading", { name: heading, exact: true }).first().waitFor();
      assert.equal(await page.getByRole("alert").count(), 0, "the page shows an error");
      for (const [width, theme] of [[1280, "light"], [1280, "dark"], [1920, "dark"], [1920, "light"]]) {
        await page.setViewportSize({ width, height: width > 1500 ? 1080 : 800 });
        await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
        await page.locator(`html[data-mantine-color-scheme=${theme}]`).waitFor();
        await quiet(page);
        if (keep && width === 1280) await page.screenshot({ path: `${pictures}${name}-${theme}.png` });
        await accessible(page, `${theme}, ${width}`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `the page is ${wide} pixels too wide at ${width}`);
      }
      assert.deepEqual(errors, []);
    });
  }
});

/** on runs a walk on a page that is opened for it. */
const on = (address, walk) => async (t) => {
  const { page, errors, close } = await visit(browser, server, state, typeof address === "function" ? address() : address);
  t.after(close);
  page.setDefaultTimeout(10_000);
  await walk(page);
  assert.deepEqual(errors, []);
};
const query = (page) => new URL(page.url()).searchParams;
const grid = (page, name) => page.getByRole("grid", { name });

test("g and a letter goes to each page, ? tells the keys", on("/", async (page) => {
  for (const [key, heading] of [["r", "Recommendations"], ["i", "Inventory"], ["s", "Secure score"], ["p", "Compliance"], ["c", "Coverage gaps"], ["n", "Connectors"], ["h", "Checks"], ["e", "Exemptions"], [",", "Settings"], ["o", "Overview"]]) {
    await press(page, "g", key);
    await page.getByRole("heading", { name: heading, exact: true }).waitFor();
  }
  await press(page, "?");
  const help = page.getByRole("dialog", { name: "Keys" });
  await help.waitFor();
  await page.waitForTimeout(200);
  await accessible(page);
  await press(page, "Escape");
  await help.waitFor({ state: "detached" });
}));

test("Ctrl-K finds a check and opens it", on("/", async (page) => {
  await press(page, "Control+k");
  const box = page.getByRole("combobox", { name: /Search/ });
  await box.waitFor();
  await box.pressSequentially(check.split("/").at(-1).split("_")[0]);
  await page.getByText("Recommendations", { exact: true }).last().waitFor();
  await page.waitForTimeout(400);
  await accessible(page);
  const options = page.getByRole("listbox", { name: "Found" }).getByRole("option");
  const at = await options.evaluateAll((all) => all.findIndex((o) => o.textContent.includes("should")));
  assert.ok(at >= 0, "no check was found");
  for (let i = 0; i < at; i++) await press(page, "ArrowDown");
  await press(page, "Enter");
  await page.getByRole("complementary", { name: "Recommendation" }).waitFor();
  assert.match(query(page).get("open"), /^check:/);
}));

test("overview: controls lead to their recommendations", on("/", async (page) => {
  const control = page.getByRole("region", { name: "Points to gain by control" }).getByRole("link").first();
  await control.focus();
  await press(page, "Enter");
  await page.getByRole("heading", { name: "Recommendations", exact: true }).waitFor();
  assert.match(query(page).get("q"), /^control:/);
  await page.goBack();
  await page.getByRole("heading", { name: "Overview", exact: true }).waitFor();
}));

test("recommendations: filter by typing, move, open, read the fix, close", on("/recommendations", async (page) => {
  await press(page, "/");
  await page.keyboard.type("severity:hi");
  await page.getByRole("option", { name: /severity:high/ }).waitFor();
  await accessible(page);
  await press(page, "Tab");
  await page.waitForURL(/q=severity:high/);
  await press(page, "Escape");
  await quiet(page);
  await press(page, "j", "j", "Enter");
  const panel = page.getByRole("complementary", { name: "Recommendation" });
  await panel.waitFor();
  const first = query(page).get("open");
  await press(page, "j");
  await page.waitForFunction((was) => new URL(location.href).searchParams.get("open") !== was, first);
  await panel.getByRole("tab", { name: "Fix" }).click();
  assert.equal(query(page).get("tab"), "fix");
  await page.reload();
  await panel.getByRole("tab", { name: "Fix", selected: true }).waitFor();
  await press(page, "Escape");
  await panel.waitFor({ state: "detached" });
  assert.equal(query(page).get("q"), "severity:high");
}));

test("a recommendation: select assets, exempt them in bulk, see the score, undo", on(() => `/recommendation?id=${id(check)}`, async (page) => {
  const list = grid(page, /Assets that are/);
  await list.waitFor();
  const rows = await list.getByRole("row").count();
  await press(page, "j", "x");
  if (rows > 2) await press(page, "j", "x");
  await page.getByRole("region", { name: "Selection" }).waitFor();
  await press(page, "e");
  const dialog = page.getByRole("dialog", { name: /Exempt/ });
  await dialog.waitFor();
  await page.waitForTimeout(200);
  await accessible(page);
  await dialog.getByLabel("Reason").fill("accepted in a test");
  await dialog.getByRole("button", { name: /^Exempt/ }).press("Enter");
  await dialog.getByText(/exemptions? made/).waitFor();
  await dialog.getByRole("button", { name: "Undo" }).press("Enter");
  await dialog.waitFor({ state: "detached" });
}));

test("inventory: a facet narrows, Enter opens the asset, its tabs show", on("/inventory", async (page) => {
  const facet = page.getByRole("navigation", { name: "Facets" }).getByRole("button").first();
  await facet.focus();
  await press(page, "Enter");
  await page.waitForURL(/q=type:/);
  await quiet(page);
  await grid(page, "Inventory").focus();
  await press(page, "ArrowDown", "Enter");
  const panel = page.getByRole("complementary", { name: "Asset" });
  await panel.waitFor();
  for (const tab of ["Configuration", "History", "Relations", "Assessments"]) {
    await panel.getByRole("tab", { name: tab }).click();
    await quiet(page);
    await accessible(page);
  }
}));

test("an asset: the deciding lines are marked and open", on(() => `/asset?id=${id(asset)}&tab=configuration`, async (page) => {
  const marked = page.locator(".tree-line[data-mark]");
  await marked.first().waitFor();
  assert.match(await marked.first().innerText(), /decides|unknown/);
}));

test("connectors: Enter opens one, its runs show, Escape closes", on("/connectors", async (page) => {
  await grid(page, "Connectors").getByRole("row").nth(1).waitFor();
  await press(page, "j", "Enter");
  const panel = page.getByRole("complementary", { name: "Connector" });
  await panel.getByRole("tab", { name: "Runs" }).press("Enter");
  await panel.getByRole("table").waitFor();
  await accessible(page);
  await press(page, "Escape");
  await panel.waitFor({ state: "detached" });
}));

test("connect: a folder is added by the wizard, read, changed and removed", async (t) => {
  if (server.kind !== "real") return t.skip("it changes the server");
  const { page, errors, close } = await visit(browser, server, state, "/connectors");
  t.after(close);
  page.setDefaultTimeout(15_000);
  await page.getByRole("link", { name: "Add a connector" }).press("Enter");
  await page.getByRole("link", { name: /Infrastructure code/ }).press("Enter");
  const next = page.getByRole("button", { name: /^Next/ });
  assert.ok(await next.isDisabled(), "it goes on without a path");
  await page.getByLabel(/^Path/).fill(server.code);
  await page.getByLabel(/^Name/).fill("Deployments");
  await next.press("Enter");
  await page.getByRole("heading", { name: "Save", exact: true }).waitFor();
  await page.getByRole("link", { name: /^Microsoft cloud security benchmark/ }).waitFor(); // what comes into use with it
  await accessible(page);
  await page.getByRole("button", { name: "Save and read now" }).press("Enter");
  const panel = page.getByRole("complementary", { name: "Connector" });
  await panel.getByRole("link", { name: /[1-9]\d* assets?/ }).waitFor();
  await panel.getByRole("button", { name: "Switch off" }).press("Enter");
  await panel.getByRole("button", { name: "Switch on" }).waitFor();
  await panel.getByRole("link", { name: "Change" }).press("Enter");
  assert.equal(await page.getByLabel(/^Path/).inputValue(), server.code);
  await page.getByLabel(/^Name/).fill("Deployments again");
  await page.getByRole("button", { name: "Save", exact: false }).first().press("Enter");
  await page.getByRole("button", { name: "Save the changes" }).press("Enter");
  await panel.getByRole("heading", { name: "Deployments again" }).waitFor();
  await panel.getByRole("button", { name: "Remove" }).press("Enter");
  const dialog = page.getByRole("dialog", { name: /Remove/ });
  await dialog.getByText(/stay and are shown as stale/).waitFor();
  await page.waitForTimeout(200);
  await accessible(page);
  await dialog.getByRole("button", { name: "Remove it" }).press("Enter");
  await grid(page, "Connectors").getByText("Deployments again").waitFor({ state: "detached" });
  assert.deepEqual(errors, []);
});

test("connect: what the provider refuses is told, and the way on stays open", async (t) => {
  if (server.kind !== "real") return t.skip("only the product tries permissions");
  const { page, close } = await visit(browser, server, state, "/connect?kind=kubernetes");
  t.after(close);
  await page.getByLabel(/^Server/).fill("https://127.0.0.1:1");
  await page.getByLabel(/^Token/).fill("nothing");
  await page.getByRole("button", { name: /Check permissions/ }).press("Enter");
  await page.getByRole("alert").getByText(/reach the provider/).waitFor();
  assert.ok(!page.url().includes("nothing"), "the secret is in the address");
  await accessible(page);
});

test("checks: a facet narrows, Enter opens one", on("/content", async (page) => {
  const facet = page.getByRole("navigation", { name: "Facets" }).getByRole("button").first();
  await facet.press("Enter");
  await page.waitForURL(/q=found:/);
  await quiet(page);
  await grid(page, "Checks").focus();
  await press(page, "ArrowDown", "Enter");
  await page.waitForURL(/\/check\?id=/);
  await page.getByRole("tab", { name: "Rule", selected: true }).waitFor();
}));

test("a check: a change is tried, wrong lines are told, a good one is kept", async (t) => {
  if (server.kind !== "real") return t.skip("only the product judges");
  const { page, errors, close } = await visit(browser, server, state, `/check?id=${id(check)}&tab=try`);
  t.after(close);
  page.setDefaultTimeout(20_000);
  const text = page.getByLabel("YAML of the check");
  const good = await text.inputValue();
  await text.fill(good.replace(/^healthy:/m, "let: {odd: asset.Nonsense}\nhealthy:"));
  await page.keyboard.press("Control+Enter");
  await page.getByRole("heading", { name: "It cannot be judged by" }).waitFor();
  await accessible(page);
  await text.fill(good);
  await page.keyboard.press("Control+Enter");
  await page.getByText(/^Nothing would change/).waitFor();
  await page.getByText(/of its tests pass$/).waitFor();
  await accessible(page);
  if (keep) await page.screenshot({ path: `${pictures}check-tried-light.png` });
  await page.getByRole("button", { name: "Save" }).press("Enter");
  await page.getByText(/^Saved/).waitFor();
  await page.goto(`/check?id=${id(`custom/${check}`)}`);
  await page.getByText("yours: not scored").first().waitFor();
  assert.deepEqual(errors, []);
});

test("compliance: a standard is put into use and out of it", on("/standards", async (page) => {
  const others = page.getByRole("region", { name: "Not in use" });
  const use = others.getByRole("button", { name: /^Use / }).first();
  const name = (await use.getAttribute("aria-label")).replace(/^Use /, "");
  await use.press("Enter");
  const card = page.getByRole("region", { name, exact: true });
  await card.waitFor();
  await accessible(page);
  await card.getByRole("link").first().press("Enter");
  await page.getByRole("button", { name: `Stop using ${name}` }).press("Enter");
  await page.getByRole("button", { name: `Use ${name}`, exact: true }).waitFor();
}));

test("the scope picker narrows every page and is remembered", on("/", async (page) => {
  await page.getByRole("button", { name: /^Scope:/ }).press("Enter");
  const scope = page.getByRole("group", { name: "Scopes" }).getByRole("checkbox").nth(1);
  await scope.waitFor();
  await accessible(page);
  await scope.press("Space");
  await page.waitForURL(/scope=/);
  const chosen = query(page).get("scope");
  await press(page, "Escape", "g", "i");
  await page.getByRole("heading", { name: "Inventory", exact: true }).waitFor();
  assert.equal(query(page).get("scope"), chosen);
}));

test("an empty list says why, and how to go on", on("/recommendations?q=nothing+is+called+this", async (page) => {
  await page.getByText("No recommendation matches this filter").waitFor();
  await accessible(page);
  await page.getByRole("button", { name: "Clear the filter" }).press("Enter");
  await grid(page, "Recommendations").waitFor();
}));

test("an unknown asset says what failed", async (t) => {
  const { page, close } = await visit(browser, server, state, "/asset?id=live:nothing");
  t.after(close);
  await page.getByRole("alert").waitFor();
  await accessible(page);
});

test("an unknown address says so", on("/nowhere", async (page) => {
  await page.getByText("No page has this address").waitFor();
  await accessible(page);
}));

test("a hundred thousand rows scroll, and few of them exist", async (t) => {
  const { page, close } = await visit(browser, server, state, "/");
  t.after(close);
  const all = 100_000;
  await page.route("**/api/v1/findings?*", (route) => {
    const query = new URL(route.request().url()).searchParams;
    const from = Number(query.get("cursor") ?? 0);
    const to = Math.min(all, from + Number(query.get("limit")));
    const items = [];
    for (let i = from; i < to; i++) items.push({ id: `f${i}`, check: "a/b/c", title: `Problem ${i}`, asset: `live:${i}`, state: "open", severity: "high", risk: "high", firstSeen: "2026-01-01T00:00:00Z", lastChanged: "2026-01-01T00:00:00Z" });
    return route.fulfill({ json: { items, next: to < all ? String(to) : undefined, total: all, facets: {} } });
  });
  await page.goto("/recommendations?view=findings");
  const list = page.getByRole("grid");
  await list.getByText("Problem 0", { exact: true }).waitFor();
  // Everything is read by going to the end again and again.
  const began = Date.now();
  for (let rows = 0; rows < all; ) {
    await list.evaluate((el) => (el.scrollTop = el.scrollHeight));
    await page.waitForTimeout(30);
    rows = Number((await page.getByText(/ of 100,000 read/).innerText()).split(" ")[0].replace(/,/g, ""));
    assert.ok(Date.now() - began < 240_000, `only ${rows} rows were read`);
  }
  await list.evaluate((el) => (el.scrollTop = el.scrollHeight)); // the last page may have come behind the last look
  await list.getByText("Problem 99999", { exact: true }).waitFor();
  const { frames, exist } = await list.evaluate(async (el) => {
    const frames = [];
    for (let i = 0; i < 60; i++) {
      el.scrollTop = (el.scrollHeight * ((i * 37) % 60)) / 60;
      const from = performance.now();
      await new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)));
      frames.push(performance.now() - from);
    }
    return { frames: frames.sort((a, b) => a - b), exist: el.querySelectorAll('[role="row"]').length };
  });
  t.diagnostic(`a jump anywhere is drawn in ${frames[30].toFixed(0)} ms (median), ${frames[57].toFixed(0)} ms (95th); all rows read in ${((Date.now() - began) / 1000).toFixed(1)} s`);
  assert.ok(exist < 120, `${exist} rows exist`);
  await page.keyboard.press("Home");
});

test("what if: the score with a recommendation mended", on("/recommendations?view=flat", async (page) => {
  await grid(page, "Recommendations").getByRole("row").nth(1).waitFor();
  await press(page, "j", "x");
  await page.getByRole("button", { name: "What if mended" }).press("Enter");
  await page.getByRole("region", { name: "Selection" }).getByText(/score .* → /).waitFor();
  await accessible(page);
}));

test("an asset: the mend shows beside its proof", on(() => `/asset?id=${id(asset)}`, async (page) => {
  await page.getByRole("button", { name: "Mend" }).first().press("Enter");
  await page.getByText(/judged again when it is next read/).waitFor();
  await accessible(page);
}));

test("a failure says what failed and tries again", async (t) => {
  const { page, close } = await visit(browser, server, state, "/");
  t.after(close);
  let broken = true;
  await page.route("**/api/v1/assets?*", (route) => (broken ? route.fulfill({ status: 503, json: { code: "unavailable", message: "The store is busy.", mend: "Try again in a moment." } }) : route.continue()));
  await press(page, "g", "i");
  const alert = page.getByRole("alert");
  await alert.getByText("The store is busy.").waitFor();
  await accessible(page);
  broken = false;
  await alert.getByRole("button", { name: "Try again" }).press("Enter");
  await grid(page, "Inventory").waitFor();
});

test("a run's progress changes without a reload", async (t) => {
  if (server.kind !== "invented") return t.skip("nothing is sure to run on a real server at this moment");
  const { page, close } = await visit(browser, server, state, "/connectors");
  t.after(close);
  const running = page.getByRole("link", { name: /^Running now/ });
  const first = await running.innerText();
  await page.waitForFunction((was) => document.querySelector(".running").innerText !== was, first, { timeout: 15_000 });
});

test("a session that ended leads to the sign-in page, and back", async (t) => {
  const { page, close } = await visit(browser, server, state, "/inventory");
  t.after(close);
  await page.context().clearCookies();
  await press(page, "g", "p");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.match(query(page).get("next"), /standards/);
});
