// The server under test: the one that BULWARK_URL names, else the program in
// bin/ over the repository's examples, else the server of invented data.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** start returns {url, link, kind, stop}; link signs in once, "" where any name and password do. */
export async function start() {
  if (process.env.BULWARK_URL) return { url: process.env.BULWARK_URL, link: process.env.BULWARK_LINK ?? "", kind: "given", stop: () => {} };
  if (program()) return real(program());
  const { serve } = await import("../../web/dev/mock.mjs");
  const mock = await serve({ port: 0 });
  return { url: mock.url, link: "", kind: "invented", stop: mock.close };
}

/** program returns the built program, "" where there is none or it is not wanted. */
export function program() {
  const built = join(root, "bin", "bulwark");
  return existsSync(built) && process.env.BULWARK_MOCK !== "1" ? built : "";
}

/** real starts the program on an address with further flags. */
export async function real(program, listen = "127.0.0.1:0", more = []) {
  const data = mkdtempSync(join(tmpdir(), "bulwark-web-"));
  const checks = join(data, "checks"); // where checks that a test saves are kept
  mkdirSync(checks);
  const unread = join(data, "unread"); // what cannot be read is a gap
  mkdirSync(unread);
  writeFileSync(join(unread, "main.tf"), 'resource "aws_s3_bucket" {\n');
  const args = ["serve", "--data", join(data, "store"), "--content", checks, "--listen", listen, ...more];
  if (existsSync(join(root, "examples"))) args.push("--scan-iac", join(root, "examples"), "--scan-iac", unread, "--code-root", join(root, "deploy"));
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  const stop = () => {
    child.kill();
    rmSync(data, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  let said = "";
  const link = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`bulwark serve printed no sign-in link in 60 s:\n${said}`)), 60_000);
    const hear = (bytes) => {
      said += bytes;
      const found = /https?:\/\/[^\s"]+token=[^\s"]+/.exec(said);
      if (!found) return;
      clearTimeout(timer);
      resolve(found[0]);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("exit", (code) => reject(new Error(`bulwark serve ended with ${code}:\n${said}`)));
  });
  const url = new URL(link).origin;
  await settled(url);
  return { url, link, kind: "real", stop, code: join(root, "deploy") };
}

/** settled waits until the server says that it is ready. */
async function settled(url) {
  for (let i = 0; i < 120; i++) {
    const ok = await fetch(`${url}/readyz`).then((r) => r.ok, () => false);
    if (ok) return;
    await new Promise((r) => setTimeout(r, 500));
  }
  throw new Error("bulwark serve was not ready in 60 s");
}
