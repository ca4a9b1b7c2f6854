// Package oidc signs people in by OpenID Connect: the authorization code flow
// with PKCE against one issuer.
//
// config.go is what an owner says of the issuer and what its groups may do,
// provider.go keeps what the issuer says of itself, flow.go sends a browser
// there and reads what it brings back, claims.go reads who that is, and http.go
// bounds every answer. Sessions, users and pages are the API's.
//
// Sources: OpenID Connect Core 1.0 and Discovery 1.0, RFC 6749, RFC 7636
// (PKCE), RFC 9207 (the iss parameter), RFC 9700 (security practice).
package oidc
