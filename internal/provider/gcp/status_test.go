package gcp

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bulwarksec/bulwark"
)

// TestStatus reads the bodies that the services answer, of both forms.
func TestStatus(t *testing.T) {
	tests := []struct {
		name  string
		code  int
		body  string
		kind  bulwark.FaultKind
		needs string
		says  string
		after time.Duration
	}{
		{"permission that ErrorInfo names", 403, `{"error":{"code":403,"message":"Permission denied.","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"IAM_PERMISSION_DENIED","domain":"iam.googleapis.com","metadata":{"permission":"cloudasset.assets.exportResource"}}]}}`,
			bulwark.FaultDenied, "cloudasset.assets.exportResource", "403 PERMISSION_DENIED: Permission denied. (IAM_PERMISSION_DENIED)", 0},
		{"permission that is known", 403, `{"error":{"code":403,"message":"The caller does not have permission","status":"PERMISSION_DENIED"}}`, bulwark.FaultDenied, "cloudasset.assets.listResource", "", 0},
		{"service that is off", 403, `{"error":{"code":403,"message":"Cloud Asset API has not been used in project 1 before or it is disabled.","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.Help"},{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED","metadata":{"service":"cloudasset.googleapis.com"}}]}}`,
			bulwark.FaultDisabled, "enable cloudasset.googleapis.com", "", 0},
		{"service that is off, older form", 403, `{"error":{"errors":[{"domain":"usageLimits","reason":"accessNotConfigured"}],"code":403,"message":"Access Not Configured."}}`, bulwark.FaultDisabled, "enable cloudasset.googleapis.com", "", 0},
		{"perimeter", 403, `{"error":{"code":403,"message":"Request is prohibited by organization's policy.","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.PreconditionFailure","violations":[{"type":"VPC_SERVICE_CONTROLS"}]}]}}`,
			bulwark.FaultDenied, "an ingress rule of the service perimeter for cloudasset.googleapis.com", "", 0},
		{"quota project", 403, `{"error":{"code":403,"status":"PERMISSION_DENIED","message":"m","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"USER_PROJECT_DENIED"}]}}`, bulwark.FaultDenied, "serviceusage.services.use", "", 0},
		{"quota", 429, `{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.250s"}]}}`, bulwark.FaultThrottled, "", "", 1250 * time.Millisecond},
		{"quota, older form", 403, `{"error":{"errors":[{"domain":"usageLimits","reason":"rateLimitExceeded"}],"code":403,"message":"Rate Limit Exceeded"}}`, bulwark.FaultThrottled, "", "", 0},
		{"token", 401, `{"error":{"code":401,"message":"m","status":"UNAUTHENTICATED"}}`, bulwark.FaultCredentials, "", "", 0},
		{"absent", 404, `{"error":{"code":404,"message":"Not found: Dataset","status":"NOT_FOUND"}}`, bulwark.FaultAbsent, "", "", 0},
		{"argument", 400, `{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT"}}`, bulwark.FaultFailed, "", "", 0},
		{"down", 503, `{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}`, bulwark.FaultUnreachable, "", "", 0},
		{"late", 504, `{"error":{"code":504,"message":"m","status":"DEADLINE_EXCEEDED"}}`, bulwark.FaultTimeout, "", "", 0},
		{"own error", 500, `{"error":{"code":500,"message":"Internal error encountered.","status":"INTERNAL"}}`, bulwark.FaultFailed, "", "", 0},
		{"a proxy's page", 502, `<html>Bad Gateway</html>`, bulwark.FaultUnreachable, "", "502 Bad Gateway", 0},
		{"a list, as streams have it", 403, `[{"error":{"code":403,"message":"m","status":"PERMISSION_DENIED"}}]`, bulwark.FaultDenied, "cloudasset.assets.listResource", "", 0},
		{"of OAuth", 400, `{"error":"invalid_grant","error_description":"Invalid JWT Signature."}`, bulwark.FaultFailed, "", "400 Bad Request: Invalid JWT Signature. (invalid_grant)", 0},
		{"nothing", 403, ``, bulwark.FaultDenied, "cloudasset.assets.listResource", "403 Forbidden", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := readStatus(tt.code, []byte(tt.body))
			f := s.fault(listCalls[resources], "projects/1")
			if f.Kind != tt.kind || f.Needs != tt.needs || tt.says != "" && f.Err.Error() != tt.says {
				t.Errorf("fault = %s, needs %q, %v; want %s, %q, %q", f.Kind, f.Needs, f.Err, tt.kind, tt.needs, tt.says)
			}
			if got := retryAfter(http.Header{}, s); got != tt.after {
				t.Errorf("retry after %s, want %s", got, tt.after)
			}
		})
	}
}

func TestRetryAfterHeader(t *testing.T) {
	for text, want := range map[string]time.Duration{"7": 7 * time.Second, "": 0, "-1": 0, "soon": 0, "999999999": time.Hour} {
		if got := retryAfter(http.Header{"Retry-After": {text}}, status{}); got != want {
			t.Errorf("Retry-After %q = %s, want %s", text, got, want)
		}
	}
}

// FuzzStatus takes any body of an error: what it makes of it is bounded.
func FuzzStatus(f *testing.F) {
	f.Add(403, []byte(`{"error":{"code":403,"message":"m","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"r","metadata":{}}]}}`))
	f.Add(429, []byte(`{"error":{"details":[{"@type":"x.RetryInfo","retryDelay":"-9s"}]}}`))
	f.Add(500, []byte(`[{"error":"x"}]`))
	f.Fuzz(func(t *testing.T, code int, body []byte) {
		s := readStatus(code, body)
		fault := s.fault(listCalls[resources], "o")
		if fault.Kind == "" || fault.Kind == bulwark.FaultMalformed {
			t.Errorf("kind %q", fault.Kind)
		}
		if len(fault.Err.Error()) > 4*maxMessage+len(body) || strings.ContainsAny(s.message, "\n\r") {
			t.Errorf("text %q", fault.Err)
		}
		if s.after > 0 && retryAfter(nil, s) != s.after {
			t.Errorf("after %s", s.after)
		}
	})
}
