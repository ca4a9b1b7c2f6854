// How people sign in: the ways there are, and the way by OpenID Connect.
import { useMutation, useQuery } from "@tanstack/react-query";
import { base } from "./base";
import { call } from "./client";
import type { components } from "./schema";

type S = components["schemas"];
export type SignInMethods = S["SignInMethods"];
export type IssuerState = S["IssuerState"];

const askAgain = 5_000; // milliseconds, while the issuer does not answer

/** useMethods tells the ways to sign in. */
export function useMethods() {
  return useQuery({
    queryKey: ["methods"],
    queryFn: ({ signal }) => call<SignInMethods>("GET", "/auth/methods", {}, undefined, signal),
    refetchInterval: (q) => (q.state.data?.oidc && !q.state.data.oidc.ready ? askAgain : false),
  });
}

/** useBeginOIDC leaves for the issuer, to come back to a path of this organisation. */
export function useBeginOIDC() {
  return useMutation({
    mutationFn: (next: string) => call<{ location: string }>("POST", "/auth/oidc", {}, { next: base + next }),
    onSuccess: ({ location: at }) => location.assign(at),
  });
}

/** useIssuer tells an owner how sign-in by OpenID Connect is set up and goes. */
export function useIssuer() {
  return useQuery({
    queryKey: ["issuer"],
    queryFn: ({ signal }) => call<IssuerState>("GET", "/auth/oidc", {}, undefined, signal),
    refetchInterval: (q) => (q.state.data?.configured && !q.state.data.ready ? askAgain : false),
  });
}
