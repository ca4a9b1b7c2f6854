package gcp

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark"
)

// status is what an answer that is an error says: google.rpc.Status as REST
// writes it, or the older form of some services with a list of errors.
type status struct {
	code    int    // of HTTP
	name    string // PERMISSION_DENIED
	message string
	reason  string        // of google.rpc.ErrorInfo, else of the first error
	service string        // cloudasset.googleapis.com
	needs   string        // the permission that ErrorInfo names
	after   time.Duration // of google.rpc.RetryInfo
	policy  bool          // a VPC Service Controls perimeter refused
}

const maxMessage = 400 // bytes kept of a message that goes into gaps

// readStatus reads the body of an answer with an error code. A body that is no
// status, such as a proxy's page, leaves only the code.
func readStatus(code int, body []byte) status {
	s := status{code: code}
	v, err := bulwark.DecodeJSON(body, bulwark.DecodeOptions{Limits: bulwark.Limits{Bytes: 1 << 20, Depth: 32, Nodes: 10_000}})
	if err != nil {
		s.message = http.StatusText(code)
		return s
	}
	if v.Kind() == bulwark.List {
		v = v.Index(0) // as streams write it
	}
	e := v.Get("error")
	if e.Kind() == bulwark.String { // OAuth 2.0: {"error": "invalid_grant", "error_description": …}
		s.reason, s.message = e.Text(), clip(v.Get("error_description").Text())
		return s
	}
	s.name, s.message = e.Get("status").Text(), clip(e.Get("message").Text())
	if s.message == "" {
		s.message = http.StatusText(code)
	}
	for _, d := range e.Get("details").Children() {
		s.detail(d)
	}
	if s.reason == "" {
		s.reason = e.Get("errors").Index(0).Get("reason").Text()
	}
	return s
}

func (s *status) detail(d bulwark.Value) {
	switch kind := d.Get("@type").Text(); kind[strings.LastIndexByte(kind, '.')+1:] {
	case "ErrorInfo":
		s.reason = d.Get("reason").Text()
		s.service = d.Get("metadata").Get("service").Text()
		s.needs = d.Get("metadata").Get("permission").Text()
	case "RetryInfo":
		if after, err := time.ParseDuration(d.Get("retryDelay").Text()); err == nil {
			s.after = after
		}
	case "PreconditionFailure":
		for _, v := range d.Get("violations").Children() {
			s.policy = s.policy || v.Get("type").Text() == "VPC_SERVICE_CONTROLS"
		}
	}
}

func clip(text string) string {
	if len(text) > maxMessage {
		text = text[:maxMessage] + "…"
	}
	return strings.ToValidUTF8(strings.Join(strings.Fields(text), " "), "\uFFFD")
}

// fault is the status as a fault of a call. Sources: google.rpc.Code; AIP-193
// for the reasons of ErrorInfo; the older reasons of Compute Engine and BigQuery.
func (s status) fault(c call, object string) *bulwark.Fault {
	f := &bulwark.Fault{Kind: bulwark.FaultFailed, Call: c.String(), Object: object, Err: errors.New(s.text())}
	switch {
	case s.code == http.StatusUnauthorized, s.name == "UNAUTHENTICATED":
		f.Kind = bulwark.FaultCredentials
	case s.code == http.StatusTooManyRequests, s.name == "RESOURCE_EXHAUSTED", limited[s.reason]:
		f.Kind = bulwark.FaultThrottled
	case s.reason == "SERVICE_DISABLED", s.reason == "accessNotConfigured":
		f.Kind, f.Needs = bulwark.FaultDisabled, "enable "+orElse(s.service, c.host())
	case s.code == http.StatusForbidden, s.name == "PERMISSION_DENIED":
		f.Kind, f.Needs = bulwark.FaultDenied, s.mend(c)
	case s.code == http.StatusNotFound, s.name == "NOT_FOUND":
		f.Kind = bulwark.FaultAbsent
	case s.code == http.StatusGatewayTimeout, s.name == "DEADLINE_EXCEEDED":
		f.Kind = bulwark.FaultTimeout
	case s.code == http.StatusServiceUnavailable, s.code == http.StatusBadGateway, s.name == "UNAVAILABLE":
		f.Kind = bulwark.FaultUnreachable
	}
	return f
}

// limited are the reasons that mean too many calls, whatever the code: Compute
// Engine answers 403 to them.
var limited = map[string]bool{"RATE_LIMIT_EXCEEDED": true, "rateLimitExceeded": true, "userRateLimitExceeded": true, "quotaExceeded": true}

func (s status) mend(c call) string {
	switch {
	case s.policy || s.reason == "SECURITY_POLICY_VIOLATED":
		return "an ingress rule of the service perimeter for " + c.host()
	case s.reason == "USER_PROJECT_DENIED" || s.reason == "CONSUMER_INVALID":
		return "serviceusage.services.use"
	}
	return orElse(s.needs, c.permission)
}

func (s status) text() string {
	text := fmt.Sprintf("%d %s", s.code, orElse(s.name, http.StatusText(s.code)))
	if s.message != "" && s.message != http.StatusText(s.code) {
		text += ": " + s.message
	}
	if s.reason != "" {
		text += " (" + clip(s.reason) + ")"
	}
	return text
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
