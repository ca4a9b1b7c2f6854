import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useSignIn } from "../api/queries";
import { Failure } from "../api/client";
import { useMethods } from "../api/signin";
import { Mark } from "../frame/frame";
import type { Page } from "../frame/page";
import { useParams } from "../ui/url";
import { IssuerButton, Refusal, SignedOut } from "./parts/issuerbutton";
import "./sign-in.css";
import "../theme/more.css";

export const page: Page = {
  path: "/sign-in",
  title: "Sign in",
  bare: true,
};

const shortest = 12;

/** SignIn signs a person in. A one-time link (?token=) first makes an owner choose name and password, or, with &name=, one who was invited a password. An issuer sends back here who is refused (?refused=); ?out= follows signing out. */
export default function SignIn() {
  const { token, next, name: invited, refused, out } = useParams();
  const navigate = useNavigate();
  const [name, setName] = useState(invited ?? "");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const signIn = useSignIn();
  const first = Boolean(token);
  const methods = useMethods();
  const oidc = first ? undefined : methods.data?.oidc;
  const local = first || (!methods.isPending && methods.data?.password !== false); // also when nothing tells the ways
  const to = next?.startsWith("/") && !next.startsWith("//") ? next : "/";
  const short = first && password !== "" && password.length < shortest;
  const differ = first && again !== "" && again !== password;
  const ready = name.trim() !== "" && password !== "" && (!first || (password.length >= shortest && password === again));

  const submit = (e: React.FormEvent) => {
    e.preventDefault();
    if (!ready) return;
    signIn.mutate({ name: name.trim(), password, link: token }, { onSuccess: () => void navigate({ to: to as never, replace: true }) });
  };
  const error = signIn.error instanceof Failure ? signIn.error : null;

  return (
    <main className="sign">
      <div className="card sign-card" aria-busy={methods.isPending}>
        <p className="sign-brand">
          <Mark size={26} /> Bulwark
        </p>
        <h1>{invited ? "Choose a password" : first ? "Make your account" : "Sign in"}</h1>
        <p className="muted">{invited ? "You were invited. This link works once." : first ? "Choose a name and a password. This link works once." : local ? "Your account on this installation." : "Your account at work."}</p>
        {out && !refused && <SignedOut oidc={oidc} />}
        {refused && methods.data && <Refusal title={methods.data.refused?.message ?? "You were not let in."} detail={methods.data.refused?.detail} mend={methods.data.refused?.mend ?? "Sign in again."} />}
        {oidc && <IssuerButton of={oidc} next={to} />}
        {oidc && local && <p className="sign-or">or as a local user</p>}
        {local && (
          <form className="stack" onSubmit={submit}>
            <TextInput label="Name" autoFocus={!invited && !oidc} readOnly={Boolean(invited)} autoComplete="username" value={name} onChange={(e) => setName(e.currentTarget.value)} required withAsterisk={false} />
            <PasswordInput
              label="Password"
              autoComplete={first ? "new-password" : "current-password"}
              description={first ? `At least ${shortest} characters; a few words are easier to keep than symbols.` : undefined}
              value={password}
              onChange={(e) => setPassword(e.currentTarget.value)}
              error={short ? `${shortest - password.length} more to go` : undefined}
              required
              withAsterisk={false}
              visibilityToggleButtonProps={{ "aria-label": "Show or hide the password" }}
            />
            {first && (
              <PasswordInput label="Password again" autoComplete="new-password" value={again} onChange={(e) => setAgain(e.currentTarget.value)} error={differ ? "The two differ" : undefined} required withAsterisk={false} visibilityToggleButtonProps={{ "aria-label": "Show or hide the repeated password" }} />
            )}
            {error && <Refusal title={error.message} mend={error.mend} />}
            <Button type="submit" variant={oidc ? "default" : "filled"} size="sm" loading={signIn.isPending} disabled={!ready}>
              {first ? "Keep it and sign in" : "Sign in"}
            </Button>
          </form>
        )}
        {local && !first && <p className="muted sign-lost">Lost the way in? An owner can send you a new link: Settings, Users.</p>}
      </div>
    </main>
  );
}
