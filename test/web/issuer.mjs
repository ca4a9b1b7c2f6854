// A real OpenID Connect server on loopback, with people in groups: any password
// signs them in.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const people = { rita: ["readers", "everybody"], adam: ["admins"], otto: ["everybody"] };

export const client = { id: "bulwark", secret: "a-secret-of-the-client" };

/** issuer starts one that sends browsers back to redirect: {url, stop}. */
export async function issuer(redirect) {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });
  const provider = new Provider(url, {
    clients: [{ client_id: client.id, client_secret: client.secret, redirect_uris: [redirect], grant_types: ["authorization_code"], response_types: ["code"] }],
    jwks: { keys: [{ ...key, use: "sig", alg: "RS256", kid: "k1" }] },
    cookies: { keys: ["only for tests"] },
    claims: { openid: ["sub"], email: ["email", "email_verified"], groups: ["groups"] },
    scopes: ["openid", "email", "groups"],
    pkce: { required: () => true },
    // Consent was given for everybody, as organisations do for their own applications.
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope("openid email groups");
      await grant.save();
      return grant;
    },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true, groups: people[id] ?? [] }) }),
  });
  server.on("request", provider.callback());
  return { url, stop: () => (server.closeAllConnections(), server.close()) };
}

/** login signs a person in on the server's own page. */
export async function login(page, who) {
  await page.getByPlaceholder("Enter any login").fill(who);
  await page.getByPlaceholder("and password").fill("any");
  await page.getByRole("button", { name: "Sign-in" }).click();
}
