package kubernetes

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// answer is what is sent, all at once.
type answer struct {
	status int
	media  string
	header http.Header
	body   []byte
}

const jsonMedia = "application/json"

func jsonAnswer(status int, v any) *answer {
	body, err := json.Marshal(v)
	if err != nil {
		return statusAnswer(errors.NewInternalError(err))
	}
	return &answer{status: status, media: jsonMedia, body: append(body, '\n')}
}

func textAnswer(status int, text string) *answer {
	return &answer{status: status, media: "text/plain; charset=utf-8", body: []byte(text)}
}

// statusAnswer is a refusal as the API writes it (meta/v1 Status).
func statusAnswer(e *errors.StatusError) *answer {
	s := statusOf(e)
	a := jsonAnswer(int(s.Code), s)
	if s.Details != nil && s.Details.RetryAfterSeconds > 0 {
		a.header = http.Header{"Retry-After": {strconv.Itoa(int(s.Details.RetryAfterSeconds))}}
	}
	return a
}

func statusOf(e *errors.StatusError) metav1.Status {
	s := e.ErrStatus
	s.Kind, s.APIVersion = "Status", "v1"
	return s
}

// unauthorized is for credentials that nobody has.
func unauthorized() *answer { return statusAnswer(errors.NewUnauthorized("Unauthorized")) }

// throttled is what the server's queues say: it is plain text.
func throttled(seconds int) *answer {
	a := textAnswer(http.StatusTooManyRequests, "Too many requests, please try again later.\n")
	a.header = http.Header{"Retry-After": {strconv.Itoa(max(1, seconds))}}
	return a
}

func forbidden(user string, a attributes) *answer {
	if a.resource == "" {
		e := errors.NewForbidden(schema.GroupResource{}, "", nil)
		e.ErrStatus.Message = fmt.Sprintf("forbidden: User %q cannot %s path %q", user, a.verb, a.path)
		e.ErrStatus.Details = &metav1.StatusDetails{}
		return statusAnswer(e)
	}
	resource := a.resource
	if a.sub != "" {
		resource += "/" + a.sub
	}
	where := "at the cluster scope"
	if a.namespace != "" {
		where = fmt.Sprintf("in the namespace %q", a.namespace)
	}
	return statusAnswer(errors.NewForbidden(schema.GroupResource{Group: a.group, Resource: a.resource}, a.name,
		fmt.Errorf("User %q cannot %s resource %q in API group %q %s", user, a.verb, resource, a.group, where)))
}

func notFound(r resource, name string) *answer {
	return statusAnswer(errors.NewNotFound(schema.GroupResource{Group: r.group, Resource: r.plural}, name))
}

// notServed is for a resource that a known group does not have.
func notServed() *answer {
	e := errors.NewNotFound(schema.GroupResource{}, "")
	e.ErrStatus.Message, e.ErrStatus.Details = "the server could not find the requested resource", &metav1.StatusDetails{}
	return statusAnswer(e)
}

// notThere is for a path that nothing answers.
func notThere() *answer { return textAnswer(http.StatusNotFound, "404 page not found\n") }

func notAllowed() *answer {
	e := errors.NewMethodNotSupported(schema.GroupResource{}, "")
	e.ErrStatus.Message, e.ErrStatus.Details = "the server does not allow this method on the requested resource", &metav1.StatusDetails{}
	return statusAnswer(e)
}

func badRequest(format string, args ...any) *errors.StatusError {
	return errors.NewBadRequest(fmt.Sprintf(format, args...))
}

// badOption is for options of a list or watch that do not go together.
func badOption(name, why string) *errors.StatusError {
	return errors.NewInvalid(schema.GroupKind{Group: "meta.k8s.io", Kind: "ListOptions"}, "", field.ErrorList{field.Forbidden(field.NewPath(name), why)})
}

// notAcceptable is for a client that takes no JSON.
func notAcceptable() *answer {
	return jsonAnswer(http.StatusNotAcceptable, metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusFailure,
		Message: "only the following media types are accepted: " + jsonMedia, Reason: metav1.StatusReasonNotAcceptable, Code: http.StatusNotAcceptable})
}

// tooLarge is for a version that is not yet there.
func tooLarge(version, current uint64) *errors.StatusError {
	e := errors.NewTimeoutError(fmt.Sprintf("Too large resource version: %d, current: %d", version, current), 1)
	e.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: metav1.CauseTypeResourceVersionTooLarge, Message: "Too large resource version"}}
	return e
}

// expired is for a version that is no longer there.
func expired(version, oldest uint64) *errors.StatusError {
	return errors.NewResourceExpired(fmt.Sprintf("too old resource version: %d (%d)", version, oldest))
}

// expiredPages is for a token whose version is no longer there. The status has
// a token that goes on all the same, from what is there now.
func expiredPages(next string) *errors.StatusError {
	e := errors.NewResourceExpired("The provided continue parameter is too old: list again from the start, or go on with this response's continue token, which shows the rest as it is now")
	e.ErrStatus.ListMeta.Continue = next
	return e
}
