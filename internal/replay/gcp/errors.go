package gcp

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// failure is google.rpc.Status as REST writes it.
type failure struct {
	Error struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Status  string `json:"status"`
		Details []any  `json:"details,omitempty"`
	} `json:"error"`
	after time.Duration
}

func fail(code int, status, message string, details ...any) *failure {
	f := &failure{}
	f.Error.Code, f.Error.Status, f.Error.Message, f.Error.Details = code, status, message, details
	return f
}

// info is a google.rpc.ErrorInfo.
func info(reason, domain string, metadata map[string]string) map[string]any {
	return map[string]any{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": domain, "metadata": metadata}
}

func unauthenticated() *failure {
	return fail(http.StatusUnauthorized, "UNAUTHENTICATED",
		"Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
		info("ACCESS_TOKEN_EXPIRED", "googleapis.com", map[string]string{"method": "", "service": ""}))
}

func disabled(service string) *failure {
	host := service + ".googleapis.com"
	url := "https://console.developers.google.com/apis/api/" + host + "/overview?project=" + consumer
	return fail(http.StatusForbidden, "PERMISSION_DENIED",
		fmt.Sprintf("%s API has not been used in project %s before or it is disabled. Enable it by visiting %s then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry.", service, consumer, url),
		info("SERVICE_DISABLED", "googleapis.com", map[string]string{"service": host, "consumer": "projects/" + consumer, "activationUrl": url}))
}

// consumer is the number of the project whose quota the calls use.
const consumer = "100000000001"

func denied(permission, object string) *failure {
	return fail(http.StatusForbidden, "PERMISSION_DENIED",
		fmt.Sprintf("Permission '%s' denied on resource '//cloudresourcemanager.googleapis.com/%s' (or it may not exist).", permission, object),
		info("IAM_PERMISSION_DENIED", "iam.googleapis.com", map[string]string{"permission": permission, "resource": object}))
}

func exhausted(service, call string, wait time.Duration) *failure {
	f := fail(http.StatusTooManyRequests, "RESOURCE_EXHAUSTED",
		fmt.Sprintf("Quota exceeded for quota metric '%s' and limit '%s per minute' of service '%s.googleapis.com' for consumer 'project_number:%s'.", call, call, service, consumer),
		info("RATE_LIMIT_EXCEEDED", "googleapis.com", map[string]string{"service": service + ".googleapis.com", "consumer": "projects/" + consumer, "quota_unit": "1/min/{project}"}),
		map[string]any{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": strconv.FormatFloat(wait.Seconds(), 'f', 3, 64) + "s"})
	f.after = wait
	return f
}

func invalid(message string) *failure {
	return fail(http.StatusBadRequest, "INVALID_ARGUMENT", message)
}

func writeError(w http.ResponseWriter, f *failure) {
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		panic(err) // a failure is the package's own
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if f.after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(f.after/time.Second)+1))
	}
	w.WriteHeader(f.Error.Code)
	w.Write(data)
}
