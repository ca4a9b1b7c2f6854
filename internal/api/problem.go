package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/bulwarksec/bulwark"
)

// Problem is how every error is answered. Codes are stable.
type Problem struct {
	Status  int    `json:"-"`
	Code    string `json:"code" enum:"invalid,unauthenticated,bad-credentials,denied,not-found,not-allowed,conflict,too-large,throttled,internal,unavailable" doc:"stable kind of error"`
	Message string `json:"message" doc:"what went wrong, in one sentence"`
	Detail  string `json:"detail,omitempty" doc:"where exactly"`
	Mend    string `json:"mend,omitempty" doc:"what to do about it"`
}

// Error returns the message and its detail.
func (p *Problem) Error() string {
	if p.Detail == "" {
		return p.Message
	}
	return p.Message + ": " + p.Detail
}

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// The kinds of error as the API answers them, the first that fits.
var kinds = []struct {
	err    error
	status int
	code   string
	mend   string
}{
	{bulwark.ErrNotFound, http.StatusNotFound, "not-found", "It may be gone, or outside the scopes that you may read."},
	{bulwark.ErrDenied, http.StatusForbidden, "denied", "Ask an owner for a role that allows it."},
	{bulwark.ErrInvalid, http.StatusBadRequest, "invalid", ""},
	{bulwark.ErrConflict, http.StatusConflict, "conflict", "Read it again, then repeat the change."},
	{bulwark.ErrThrottled, http.StatusTooManyRequests, "throttled", "Wait a moment, then try again."},
	{bulwark.ErrUnavailable, http.StatusServiceUnavailable, "unavailable", "Try again in a moment; /readyz tells what is wrong."},
	{context.Canceled, http.StatusServiceUnavailable, "unavailable", "Try again."},
	{context.DeadlineExceeded, http.StatusServiceUnavailable, "unavailable", "Try again, or ask for less."},
}

// problemOf maps an error to its answer. What is of no known kind is internal
// and tells nothing of itself; the caller logs it.
func problemOf(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			return &Problem{Status: k.status, Code: k.code, Message: sentence(err.Error()), Mend: k.mend}
		}
	}
	return &Problem{Status: http.StatusInternalServerError, Code: "internal", Message: "The server failed to answer.", Mend: "The log tells why."}
}

// sentence writes an error's text as people read it.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

var codes = map[int]string{
	http.StatusUnauthorized:          "unauthenticated",
	http.StatusForbidden:             "denied",
	http.StatusNotFound:              "not-found",
	http.StatusMethodNotAllowed:      "not-allowed",
	http.StatusConflict:              "conflict",
	http.StatusRequestEntityTooLarge: "too-large",
	http.StatusTooManyRequests:       "throttled",
	http.StatusServiceUnavailable:    "unavailable",
}

func init() {
	// The framework has no other way to shape the errors that it makes itself.
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		p := &Problem{Status: status, Message: sentence(message), Code: codes[status]}
		if p.Code == "" {
			p.Code = "invalid"
			if status >= 500 {
				p.Code, p.Message = "internal", "The server failed to answer."
				return p
			}
		}
		var details []string
		for _, err := range errs {
			if err != nil {
				details = append(details, err.Error())
			}
		}
		p.Detail = strings.Join(details, "; ")
		return p
	}
	huma.DefaultArrayNullable = false
}

func invalid(message, mend string) *Problem {
	return &Problem{Status: http.StatusBadRequest, Code: "invalid", Message: message, Mend: mend}
}

func notFound(what, id string) *Problem {
	return &Problem{Status: http.StatusNotFound, Code: "not-found", Message: "No " + what + " has this id.", Detail: id,
		Mend: "It may be gone, or outside the scopes that you may read."}
}
