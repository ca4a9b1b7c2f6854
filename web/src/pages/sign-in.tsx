import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useSignIn } from "../api/queries";
import { Failure } from "../api/client";
import { Mark } from "../frame/frame";
import type { Page } from "../frame/page";
import { useParams } from "../ui/url";
import "./sign-in.css";
import "../theme/more.css";

export const page: Page = {
  path: "/sign-in",
  title: "Sign in",
  bare: true,
};

const shortest = 12;

/** SignIn signs a person in; a one-time link (?token=) first makes an owner choose name and password. */
export default function SignIn() {
  const { token, next } = useParams();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const signIn = useSignIn();
  const first = Boolean(token);
  const short = first && password !== "" && password.length < shortest;
  const differ = first && again !== "" && again !== password;
  const ready = name.trim() !== "" && password !== "" && (!first || (password.length >= shortest && password === again));

  const submit = (e: React.FormEvent) => {
    e.preventDefault();
    if (!ready) return;
    const to = next?.startsWith("/") && !next.startsWith("//") ? next : "/";
    signIn.mutate({ name: name.trim(), password, link: token }, { onSuccess: () => void navigate({ to: to as never, replace: true }) });
  };
  const error = signIn.error instanceof Failure ? signIn.error : null;

  return (
    <main className="sign">
      <div className="card sign-card">
        <p className="sign-brand">
          <Mark size={26} /> Bulwark
        </p>
        <h1>{first ? "Make the first account" : "Sign in"}</h1>
        <p className="muted">{first ? "This link works once. The account that you make owns this installation." : "Your account on this installation."}</p>
        <form className="stack" onSubmit={submit}>
          <TextInput label="Name" autoFocus autoComplete="username" value={name} onChange={(e) => setName(e.currentTarget.value)} required withAsterisk={false} />
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
          {error && (
            <div className="sign-error" role="alert">
              <strong>{error.message}</strong>
              {error.mend && <p>{error.mend}</p>}
            </div>
          )}
          <Button type="submit" variant="filled" size="sm" loading={signIn.isPending} disabled={!ready}>
            {first ? "Make the account and sign in" : "Sign in"}
          </Button>
        </form>
        {!first && (
          <p className="muted sign-lost">
            Lost the way in? <code>bulwark ctl signin-link</code> on the server prints a new one-time link.
          </p>
        )}
      </div>
    </main>
  );
}
