// How people sign in by OpenID Connect, as the server was started.
import { useIssuer, type IssuerState } from "../../api/signin";
import { Answer } from "../../ui/answers";
import { Copy } from "../../ui/code";
import { day } from "../../ui/text";
import "../../theme/more.css";

const example = "bulwark serve --oidc-issuer https://login.example.com --oidc-client-id bulwark --oidc-client-secret-file secret --oidc-grant platform-team=owner";

export function Issuer() {
  return <Answer of={useIssuer()} what="how people sign in">{(s) => (s.configured ? <Configured s={s} /> : <Unconfigured />)}</Answer>;
}

function Unconfigured() {
  return (
    <section className="card set-card" aria-label="OpenID Connect">
      <h2>OpenID Connect is not set up</h2>
      <p className="muted">People sign in as local users. To let them sign in at your own issuer, register Bulwark there and start the server with its flags:</p>
      <p className="issuer-line">
        <code>{example}</code>
        <Copy text={example} what="command" />
      </p>
    </section>
  );
}

function Configured({ s }: { s: IssuerState }) {
  return (
    <>
      <section className="card set-card" aria-label="OpenID Connect">
        <h2>{s.name}</h2>
        <p role="status">{state(s)}</p>
        <dl className="issuer-facts">
          <Fact name="Issuer" value={s.issuer} />
          <Fact name="Client id" value={s.clientId} />
          <Fact name="Redirect URI" value={s.redirect} copy />
          <Fact name="Scopes" value={s.scopes.join(" ")} />
          <Fact name="Groups from" value={`claim ${s.groupsClaim}`} />
          <Fact name="Names from" value={s.userClaim ? `claim ${s.userClaim}` : "a verified email address, else the subject"} />
          <Fact name="Sessions" value={`${s.sessionHours} hours; groups are read when one begins`} />
          <Fact name="Local users" value={s.password ? "may sign in too" : "may not sign in"} />
        </dl>
      </section>
      <div className="card issuer-grants">
        <table className="table" aria-label="What groups may do">
          <thead>
            <tr>
              <th>Group</th>
              <th>Role</th>
              <th>On</th>
            </tr>
          </thead>
          <tbody>
            {s.grants.map((g) => (
              <tr key={`${g.group}=${g.role}@${g.scope}`}>
                <td>
                  <strong>{g.group}</strong>
                </td>
                <td>{g.role}</td>
                <td>{g.scope || "everything"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** state says in a sentence how it goes with the issuer. */
function state(s: IssuerState): string {
  const failed = s.error ? ` At the last attempt: ${s.error}.` : "";
  if (s.ready) return (s.error ? "Works by what the issuer said before." : `Works. Last read on ${day(s.checked ?? "")}.`) + failed;
  return `The issuer does not answer; it is asked again every minute.${failed}`;
}

function Fact({ name, value, copy }: { name: string; value?: string; copy?: boolean }) {
  return (
    <div className="issuer-fact">
      <dt className="muted">{name}</dt>
      <dd>
        {value} {copy && value && <Copy text={value} what={name} />}
      </dd>
    </div>
  );
}
