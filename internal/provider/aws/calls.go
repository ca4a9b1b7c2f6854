package aws

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/quota"
)

// How often a call is tried: one that was throttled until its bound, any other
// failure that may pass a few times.
const (
	maxAttempts  = 40
	maxFailures  = 4
	maxTimeouts  = 2
	maxDelay     = 20 * time.Second
	callDeadline = 15 * time.Minute
)

// instrument adds what every call to an account passes: the quota, the bound of
// an attempt, the count of failures, and the look at what the answer is.
func (e *Estate) instrument(cfg *aws.Config, account string) {
	cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error {
		if _, ok := stack.Finalize.Get("Retry"); !ok {
			return nil
		}
		err := errors.Join(
			stack.Finalize.Insert(callBound, "Retry", middleware.Before),
			stack.Finalize.Insert(e.attempts(account), "Retry", middleware.After),
			stack.Deserialize.Add(looks, middleware.After))
		if endpoint := cfg.BaseEndpoint; endpoint != nil {
			if u, perr := url.Parse(*endpoint); perr == nil && u.Host != "" {
				err = errors.Join(err, stack.Finalize.Insert(pinHost(u), "ResolveEndpointV2", middleware.After))
			}
		}
		return err
	})
	cfg.APIOptions = append(cfg.APIOptions, e.api...)
	cfg.Retryer = func() aws.Retryer { return retryer{e.backoff} }
	cfg.Logger = logging.Nop{} // it writes to this process's standard error; faults tell what it would
}

type tries struct{ failures, timeouts int }

type triesKey struct{}

// callBound bounds a call with all its attempts and counts their failures.
var callBound = middleware.FinalizeMiddlewareFunc("BulwarkCall", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, triesKey{}, &tries{}), callDeadline)
	defer cancel()
	return next.HandleFinalize(ctx, in)
})

// attempts waits for the quota before each attempt, bounds it, and tells the
// quota how it went.
func (e *Estate) attempts(account string) middleware.FinalizeMiddleware {
	return middleware.FinalizeMiddlewareFunc("BulwarkAttempt", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		key := quota.Key{Provider: "aws", Scope: account, Region: awsmiddleware.GetRegion(ctx),
			Service: serviceName(awsmiddleware.GetServiceID(ctx)), Action: awsmiddleware.GetOperationName(ctx)}
		if err := e.limiter.Wait(ctx, key); err != nil {
			return middleware.FinalizeOutput{}, middleware.Metadata{}, final{fmt.Errorf("wait for the quota: %w", err)}
		}
		bounded, cancel := context.WithTimeout(ctx, e.attempt)
		defer cancel()
		out, meta, err := next.HandleFinalize(bounded, in)
		if err == nil {
			e.limiter.Done(key, false)
			return out, meta, nil
		}
		kind := faultOf(err, "").Kind
		e.limiter.Done(key, kind == bulwark.FaultThrottled)
		if !again(ctx, kind) {
			err = final{err}
		}
		return out, meta, err
	})
}

// again counts a failure and tells whether the call may be tried once more.
func again(ctx context.Context, kind bulwark.FaultKind) bool {
	t, _ := ctx.Value(triesKey{}).(*tries)
	if t == nil || ctx.Err() != nil {
		return false
	}
	switch kind {
	case bulwark.FaultThrottled:
		return true
	case bulwark.FaultTimeout:
		t.timeouts++
		return t.timeouts < maxTimeouts
	case bulwark.FaultUnreachable, bulwark.FaultFailed, bulwark.FaultMalformed, bulwark.FaultCredentials:
		t.failures++ // of credentials the SDK repeats only what a clock that is wrong explains
		return t.failures < maxFailures
	}
	return false
}

// final marks an error after which a call is not tried again.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// retryer tries again whatever is not final: kinds are told in again.
type retryer struct {
	delay func(attempt int) time.Duration
}

func (r retryer) IsErrorRetryable(err error) bool {
	if errors.As(err, new(final)) {
		return false
	}
	switch faultOf(err, "").Kind {
	case bulwark.FaultThrottled, bulwark.FaultTimeout, bulwark.FaultUnreachable, bulwark.FaultMalformed:
		return true
	case bulwark.FaultFailed:
		return statusOf(err) >= 500 || retryable(err)
	case bulwark.FaultCredentials:
		return retryable(err)
	}
	return false
}

var retryables = retry.IsErrorRetryables(retry.DefaultRetryables)

func retryable(err error) bool { return retryables.IsErrorRetryable(err) == aws.TrueTernary }

func (r retryer) MaxAttempts() int { return maxAttempts }
func (r retryer) RetryDelay(attempt int, _ error) (time.Duration, error) {
	return r.delay(attempt), nil
}
func (r retryer) GetInitialToken() func(error) error { return func(error) error { return nil } }
func (r retryer) GetRetryToken(context.Context, error) (func(error) error, error) {
	return func(error) error { return nil }, nil
}

// backoff is a random part of a time that doubles from 200 ms with each attempt.
func backoff(attempt int) time.Duration {
	most := min(200*time.Millisecond<<min(attempt, 10), maxDelay)
	return most/2 + rand.N(most/2)
}

// pinHost sends every call to the host of an endpoint that the configuration
// names, so that a service that puts the account before the host reaches it.
func pinHost(u *url.URL) middleware.FinalizeMiddleware {
	return middleware.FinalizeMiddlewareFunc("BulwarkHost", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		if req, ok := in.Request.(*smithyhttp.Request); ok {
			req.URL.Host = u.Host
		}
		return next.HandleFinalize(ctx, in)
	})
}

// looks refuses an answer of success that is not the service's: empty, a page
// of a proxy, or another operation's. The SDK would read it as an empty list.
var looks = middleware.DeserializeMiddlewareFunc("BulwarkLooks", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, meta, err := next.HandleDeserialize(ctx, in)
	resp, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok || resp.StatusCode != http.StatusOK {
		return out, meta, err
	}
	body := bufio.NewReaderSize(resp.Body, lookAhead)
	head, _ := body.Peek(lookAhead)
	resp.Body = struct {
		io.Reader
		io.Closer
	}{body, resp.Body}
	if strings.Contains(resp.Header.Get("Content-Type"), "cbor") && len(head) > 0 {
		return out, meta, nil
	}
	if !answers(string(head), awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)) {
		return out, meta, fmt.Errorf("%w: status 200", errAnswer)
	}
	return out, meta, nil
})

const lookAhead = 512

// answers tells whether an answer may be a service's, by its first bytes: JSON,
// or XML with the root that the operation has.
func answers(head, service, operation string) bool {
	head = strings.TrimLeft(head, " \t\r\n\ufeff")
	if strings.HasPrefix(head, "{") || strings.HasPrefix(head, "[") {
		return true
	}
	if strings.HasPrefix(head, "<?") {
		_, head, _ = strings.Cut(head, "?>")
		head = strings.TrimLeft(head, " \t\r\n")
	}
	if !strings.HasPrefix(head, "<") {
		return false
	}
	root := head[1:]
	if i := strings.IndexAny(root, " \t\r\n/>"); i >= 0 {
		root = root[:i]
	}
	if service == "EC2" {
		return root == operation+"Response"
	}
	return !strings.EqualFold(root, "html") && !strings.HasPrefix(root, "!") && root != "Error" && root != "ErrorResponse"
}
