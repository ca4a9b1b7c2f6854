// Signing in at an issuer, as the sign-in page offers it.
import { Button } from "@mantine/core";
import { Failure } from "../../api/client";
import { useBeginOIDC, type SignInMethods } from "../../api/signin";

/** IssuerButton leads to the issuer, or says that it does not answer. */
export function IssuerButton({ of, next }: { of: NonNullable<SignInMethods["oidc"]>; next: string }) {
  const begin = useBeginOIDC();
  const error = begin.error instanceof Failure ? begin.error : null;
  return (
    <div className="sign-issuer">
      <Button size="sm" variant="filled" disabled={!of.ready} loading={begin.isPending || begin.isSuccess} onClick={() => begin.mutate(next)}>
        Sign in with {of.name}
      </Button>
      {!of.ready && (
        <p className="muted" role="status">
          {of.name} does not answer at the moment. This page asks again by itself.
        </p>
      )}
      {error && <Refusal title={error.message} mend={error.mend} />}
    </div>
  );
}

/** Refusal says why nobody was let in, and what to do. */
export function Refusal({ title, detail, mend }: { title: string; detail?: string; mend?: string }) {
  return (
    <div className="sign-error" role="alert">
      <strong>{title}</strong>
      {detail && <p>{detail}</p>}
      {mend && <p>{mend}</p>}
    </div>
  );
}

/** SignedOut confirms it, and leads to the issuer's own page for it. */
export function SignedOut({ oidc }: { oidc?: SignInMethods["oidc"] }) {
  return (
    <p className="sign-note" role="status">
      You are signed out of Bulwark. {oidc?.logout && <a href={oidc.logout}>Sign out of {oidc.name} too</a>}
    </p>
  );
}
