package azure

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

// codeKinds are the error codes of Azure Resource Manager, its resource
// providers and Microsoft Graph whose meaning the status alone does not tell.
// Source: Azure Resource Manager, "Resource Manager common deployment errors"
// and "Understand how ARM throttles requests"; Microsoft Graph, "Microsoft
// Graph error responses and resource types". Codes are compared in lower case.
var codeKinds = map[string]bulwark.FaultKind{
	"authorizationfailed":                                   bulwark.FaultDenied,
	"linkedauthorizationfailed":                             bulwark.FaultDenied,
	"authorizationpermissionmismatch":                       bulwark.FaultDenied,
	"accessdenied":                                          bulwark.FaultDenied,
	"forbidden":                                             bulwark.FaultDenied,
	"authorization_requestdenied":                           bulwark.FaultDenied,
	"authorization_identitynotfound":                        bulwark.FaultDenied,
	"invalidauthenticationtoken":                            bulwark.FaultCredentials,
	"invalidauthenticationtokentenant":                      bulwark.FaultCredentials,
	"expiredauthenticationtoken":                            bulwark.FaultCredentials,
	"authenticationfailed":                                  bulwark.FaultCredentials,
	"authenticationfailedinvalidheader":                     bulwark.FaultCredentials,
	"authentication_expiredtoken":                           bulwark.FaultCredentials,
	"subscriptionnotfound":                                  bulwark.FaultAbsent,
	"resourcenotfound":                                      bulwark.FaultAbsent,
	"parentresourcenotfound":                                bulwark.FaultAbsent,
	"resourcegroupnotfound":                                 bulwark.FaultAbsent,
	"notfound":                                              bulwark.FaultAbsent,
	"request_resourcenotfound":                              bulwark.FaultAbsent,
	"disabledsubscription":                                  bulwark.FaultDisabled,
	"readonlydisabledsubscription":                          bulwark.FaultDisabled,
	"missingsubscriptionregistration":                       bulwark.FaultDisabled,
	"subscriptionnotregistered":                             bulwark.FaultDisabled,
	"featurenotsupportedforaccount":                         bulwark.FaultDisabled,
	"toomanyrequests":                                       bulwark.FaultThrottled,
	"subscriptionrequeststhrottled":                         bulwark.FaultThrottled,
	"tenantrequeststhrottled":                               bulwark.FaultThrottled,
	"resourcerequeststhrottled":                             bulwark.FaultThrottled,
	"ratelimiting":                                          bulwark.FaultThrottled,
	"activitylimitreached":                                  bulwark.FaultThrottled,
	"serverbusy":                                            bulwark.FaultThrottled,
	"gatewaytimeout":                                        bulwark.FaultTimeout,
	"authentication_requestfromnonpremiumtenantorb2ctenant": bulwark.FaultDisabled,
}

// kindOf tells what an answer that is no success means. A 404 without a code
// that says so is no absence: a proxy may have written it.
func kindOf(status int, code string) bulwark.FaultKind {
	if k, ok := codeKinds[strings.ToLower(code)]; ok {
		return k
	}
	switch {
	case status == http.StatusTooManyRequests:
		return bulwark.FaultThrottled
	case status == http.StatusUnauthorized:
		return bulwark.FaultCredentials
	case status == http.StatusForbidden:
		return bulwark.FaultDenied
	case status == http.StatusGatewayTimeout, status == http.StatusRequestTimeout:
		return bulwark.FaultTimeout
	case status >= 300 && status < 400:
		return bulwark.FaultMalformed
	}
	return bulwark.FaultFailed
}

// apiError is the error that a service writes in its answer.
type apiError struct {
	status        int
	code, message string
}

func (e *apiError) Error() string {
	text := http.StatusText(e.status)
	if e.code != "" {
		text = e.code
	}
	if e.message != "" {
		text += ": " + e.message
	}
	return text
}

// readError reads {"error": {"code", "message"}}, or {"code", "message"} as
// some resource providers write it. What is neither keeps the status alone.
func readError(status int, body []byte) *apiError {
	e := &apiError{status: status}
	v, err := bulwark.DecodeJSON(body, bulwark.DecodeOptions{Limits: bulwark.Limits{Bytes: 1 << 20, Depth: 32, Nodes: 10_000}})
	if err != nil {
		return e
	}
	if inner := v.Get("error"); inner.Kind() == bulwark.Object {
		v = inner
	}
	e.code, e.message = oneLine(v.Get("code").Text(), 80), oneLine(v.Get("message").Text(), 300)
	return e
}

// tokenFault is the fault of a token that could not be had.
func tokenFault(err error, call string) *bulwark.Fault {
	f := provider.FaultOf(err, call, "token")
	if errors.Is(err, context.Canceled) || f.Kind == bulwark.FaultTimeout {
		return f
	}
	text := err.Error()
	var failed *azidentity.AuthenticationFailedError
	switch isFailed := errors.As(err, &failed); {
	case strings.Contains(text, provider.ErrRedirect.Error()), strings.Contains(text, provider.ErrTooLarge.Error()): // the library keeps no chain
		f.Kind = bulwark.FaultMalformed
	case strings.Contains(text, context.DeadlineExceeded.Error()):
		f.Kind = bulwark.FaultTimeout
	case isFailed && failed.RawResponse == nil && strings.Contains(text, "server response error"): // there was none
		f.Kind = bulwark.FaultUnreachable
	case isFailed && failed.RawResponse != nil:
		f.Kind = bulwark.FaultCredentials
		if status := failed.RawResponse.StatusCode; status >= 500 || status == http.StatusTooManyRequests {
			f.Kind = kindOf(status, "")
		}
	case isFailed, f.Kind == bulwark.FaultFailed: // or no credential was found at all
		f.Kind = bulwark.FaultCredentials
	}
	if code := loginCode.FindString(text); code != "" {
		text = code
	} else if failed != nil && failed.RawResponse != nil { // whose text has the answer's body
		text = (&apiError{status: failed.RawResponse.StatusCode}).Error()
	} else {
		text = quoted.ReplaceAllString(text, "")
	}
	return &bulwark.Fault{Kind: f.Kind, Call: call, Object: "token", Needs: "a credential that Microsoft Entra ID accepts", Err: errors.New(oneLine(text, 300))}
}

// loginCode is the error that Microsoft Entra ID writes, up to the end of its
// first sentence.
var loginCode = regexp.MustCompile(`AADSTS[0-9]+: [^."\\\r\n]*`)

// quoted is where the library's errors go on with the body of an answer, which
// is nobody's to read.
var quoted = regexp.MustCompile(`(?s)(raw message was|reply status code was [0-9]+:|-{20}).*`)

// oneLine shortens a provider's text for a message.
func oneLine(s string, limit int) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return s
}
