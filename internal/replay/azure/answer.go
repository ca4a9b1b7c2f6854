package azure

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/bulwarksec/bulwark/internal/replay"
)

// An answer is a status, headers and a body of JSON.
type answer struct {
	status int
	header map[string]string
	body   []byte
}

func (a answer) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.status)
	// An error here is a client that left, and nobody is there to be told.
	_, _ = w.Write(a.body)
}

// ok is an answer of a value that JSON can write.
func ok(v any) answer {
	body, err := json.Marshal(v)
	if err != nil {
		return refuse(http.StatusInternalServerError, "InternalServerError", "%v", err)
	}
	return answer{status: http.StatusOK, body: body}
}

// refuse is an answer with the error that all of Azure writes.
func refuse(status int, code, format string, args ...any) answer {
	body, err := json.Marshal(map[string]any{"error": map[string]any{"code": code, "message": fmt.Sprintf(format, args...)}})
	if err != nil {
		body = []byte(`{}`)
	}
	return answer{status: status, body: body}
}

// throttled is how each service says that a quota is spent.
func throttled(service string, d time.Duration) answer {
	seconds := int(math.Ceil(d.Seconds()))
	var a answer
	switch service {
	case "resourcegraph":
		a = refuse(http.StatusTooManyRequests, "RateLimiting", "Client application has been throttled and should not attempt to repeat the request until an amount of time has elapsed.")
		a.header = map[string]string{"x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": fmt.Sprintf("%02d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)}
	case "graph":
		a = refuse(http.StatusTooManyRequests, "TooManyRequests", "Too many requests.")
		a.header = map[string]string{"Retry-After": strconv.Itoa(seconds)}
	default:
		a = refuse(http.StatusTooManyRequests, "SubscriptionRequestsThrottled", "Number of requests for the subscription exceeded the limit. Please try again after '%d' seconds.", seconds)
		a.header = map[string]string{"Retry-After": strconv.Itoa(seconds)}
	}
	return a
}

// Transport answers in this process, without a port.
func (s *Server) Transport() http.RoundTripper { return replay.Transport(s) }
