// Signing in by OpenID Connect, in a browser, at a real issuer.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { accessible, launch, quiet } from "./browser.mjs";
import { client, issuer, login } from "./issuer.mjs";
import { program, real } from "./server.mjs";

const skip = !program() && "bin/bulwark is not built: make build";
const keep = process.env.BULWARK_SCREENSHOTS !== "0";
const pictures = fileURLToPath(new URL("../../docs/img/", import.meta.url));
let idp, server, browser, secrets;

before(async () => {
  if (skip) return;
  const port = await freePort();
  idp = await issuer(`http://127.0.0.1:${port}/api/v1/auth/oidc/callback`);
  secrets = mkdtempSync(join(tmpdir(), "bulwark-oidc-"));
  writeFileSync(join(secrets, "secret"), `${client.secret}\n`);
  server = await real(program(), `127.0.0.1:${port}`, ["--oidc-issuer", idp.url, "--oidc-client-id", client.id, "--oidc-client-secret-file", join(secrets, "secret"), "--oidc-name", "Example",
    "--oidc-scopes", "email", "--oidc-scopes", "groups", "--oidc-grant", "readers=reader", "--oidc-grant", "admins=owner"]);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  server?.stop();
  idp?.stop();
  if (secrets) rmSync(secrets, { recursive: true, force: true });
});

function freePort() {
  return new Promise((resolve) => {
    const s = createServer().listen(0, "127.0.0.1", () => {
      const { port } = s.address();
      s.close(() => resolve(port));
    });
  });
}

/** fresh opens an address in a profile of its own and hears the page's errors. */
async function fresh(t, path) {
  const context = await browser.newContext({ baseURL: server.url, viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" });
  t.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  await page.route(/^https:/, (route) => route.abort()); // the issuer's page asks for a font
  await page.goto(path);
  return page;
}

const button = (page) => page.getByRole("button", { name: "Sign in with Example" });

/** shown checks a page in both themes and keeps its picture under a name. */
async function shown(page, name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor();
    await quiet(page);
    if (keep && name) await page.screenshot({ path: `${pictures}${name}-${colorScheme}.png` });
    await accessible(page, `${name ?? ""}, ${colorScheme}`);
  }
}

test("a reader signs in at the issuer, comes back to the page, and signs out", { skip }, async (t) => {
  const page = await fresh(t, "/inventory");
  await button(page).waitFor();
  await shown(page, "sign-in-oidc");
  await button(page).press("Enter");
  await login(page, "rita");
  await page.getByRole("heading", { name: "Inventory", exact: true }).waitFor();
  const session = await page.evaluate(() => fetch("/api/v1/session").then((r) => r.json()));
  assert.equal(session.name, `${new URL(idp.url).host}:rita@example.com`);
  assert.deepEqual(session.grants, [{ role: "reader", scope: "" }]);
  assert.equal(await page.evaluate(() => fetch("/api/v1/users").then((r) => r.status)), 403);
  const cookies = await page.context().cookies();
  const mine = cookies.filter((c) => c.name.startsWith("bulwark"));
  assert.deepEqual(mine.map((c) => [c.name, c.httpOnly, c.sameSite]), [["bulwark_session", true, "Strict"]]);

  await page.getByRole("button", { name: /^Account of/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByText("You are signed out of Bulwark.").waitFor();
  await shown(page);
  assert.equal(await page.evaluate(() => fetch("/api/v1/session").then((r) => r.status)), 401);
  await page.getByRole("link", { name: "Sign out of Example too" }).click();
  await page.waitForURL(`${idp.url}/**`);
  await page.getByText(/sign-out/i).first().waitFor();
});

test("who is in no group that grants access is told which do", { skip }, async (t) => {
  const page = await fresh(t, "/sign-in");
  await button(page).click();
  await login(page, "otto");
  const alert = page.getByRole("alert");
  await alert.getByText("None of your groups grants access to Bulwark.").waitFor();
  assert.match(await alert.innerText(), /otto@example\.com.*readers \(reader on everything\), admins \(owner on everything\)/s);
  await shown(page, "sign-in-refused");
  assert.equal(await page.evaluate(() => fetch("/api/v1/session").then((r) => r.status)), 401);
});

test("an owner sees how it is set up", { skip }, async (t) => {
  const page = await fresh(t, "/sign-in");
  await button(page).click();
  await login(page, "adam");
  await page.getByRole("heading", { name: "Overview", exact: true }).waitFor();
  await page.goto("/settings?tab=sign-in");
  await page.getByText(/^Works\./).waitFor();
  await page.getByRole("table", { name: "What groups may do" }).getByText("admins").waitFor();
  assert.ok(!(await page.locator("main").innerText()).includes(client.secret));
  await shown(page, "settings-oidc");
  await page.goto("/settings?tab=audit");
  await page.getByText("session.create").first().waitFor();
});

test("an answer that this browser did not ask for lets nobody in", { skip }, async (t) => {
  const page = await fresh(t, "/api/v1/auth/oidc/callback?code=stolen&state=invented");
  await page.getByRole("alert").getByText(/has not begun that sign-in/).waitFor();
  assert.equal(new URL(page.url()).pathname, "/sign-in");
});

test("the issuer's refusal is told", { skip }, async (t) => {
  const page = await fresh(t, "/sign-in");
  await button(page).click();
  await page.getByRole("link", { name: /cancel/i }).click();
  await page.getByRole("alert").getByText("Example refused: access_denied.").waitFor();
});

test("local users sign in beside it", { skip }, async (t) => {
  const page = await fresh(t, server.link);
  await page.getByLabel("Name").fill("alex");
  await page.getByLabel("Password", { exact: true }).fill("a long enough password");
  await page.getByLabel("Password again", { exact: true }).fill("a long enough password");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Overview", exact: true }).waitFor();
});
