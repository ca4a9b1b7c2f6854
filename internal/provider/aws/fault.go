package aws

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

// errAnswer is an answer of success that does not hold what was asked.
var errAnswer = errors.New("the answer is empty or not of the service")

// codes has the error codes whose kind their shape does not tell. Sources: AWS
// General Reference, "Common errors"; EC2 API Reference, "Error codes"; Amazon
// S3 API Reference, "Error responses".
var codes = map[string]bulwark.FaultKind{
	"AllAccessDisabled":             bulwark.FaultDenied,
	"AuthorizationError":            bulwark.FaultDenied,
	"AuthorizationErrorException":   bulwark.FaultDenied,
	"Forbidden":                     bulwark.FaultDenied,
	"ForbiddenException":            bulwark.FaultDenied,
	"InvalidPermission":             bulwark.FaultDenied,
	"InvalidAccessException":        bulwark.FaultDisabled, // Security Hub is not in use
	"KMSAccessDeniedException":      bulwark.FaultDenied,
	"NotAuthorized":                 bulwark.FaultDenied,
	"NotAuthorizedException":        bulwark.FaultDenied,
	"UnauthorizedException":         bulwark.FaultDenied,
	"AuthFailure":                   bulwark.FaultCredentials,
	"ExpiredToken":                  bulwark.FaultCredentials,
	"ExpiredTokenException":         bulwark.FaultCredentials,
	"IncompleteSignature":           bulwark.FaultCredentials,
	"InvalidAccessKeyId":            bulwark.FaultCredentials,
	"InvalidClientTokenId":          bulwark.FaultCredentials,
	"InvalidSignatureException":     bulwark.FaultCredentials,
	"InvalidToken":                  bulwark.FaultCredentials,
	"MissingAuthenticationToken":    bulwark.FaultCredentials,
	"NotSignedUp":                   bulwark.FaultDisabled,
	"OptInRequired":                 bulwark.FaultDisabled,
	"RequestExpired":                bulwark.FaultCredentials,
	"RequestTimeTooSkewed":          bulwark.FaultCredentials,
	"SignatureDoesNotMatch":         bulwark.FaultCredentials,
	"SubscriptionRequiredException": bulwark.FaultDisabled,
	"TypeNotFoundException":         bulwark.FaultDisabled, // of Cloud Control, in this region
	"UnsupportedActionException":    bulwark.FaultDisabled,
	"UnrecognizedClientException":   bulwark.FaultCredentials,
	"RequestTimeout":                bulwark.FaultTimeout,
	"RequestTimeoutException":       bulwark.FaultTimeout,

	"AWSOrganizationsNotInUseException": bulwark.FaultAbsent,
	"ReportNotPresent":                  bulwark.FaultAbsent,
	"ReportExpired":                     bulwark.FaultAbsent,
	"CredentialReportExpired":           bulwark.FaultAbsent,
	"CredentialReportNotPresent":        bulwark.FaultAbsent,
	"NoSuchResourceException":           bulwark.FaultAbsent,
	"ReportInProgress":                  bulwark.FaultAbsent,
}

// kindOf returns the kind of an error code, given the status of its answer.
func kindOf(code string, status int) bulwark.FaultKind {
	if k, ok := codes[code]; ok {
		return k
	}
	if _, ok := retry.DefaultThrottleErrorCodes[code]; ok {
		return bulwark.FaultThrottled
	}
	switch {
	case strings.HasPrefix(code, "AccessDenied"), strings.HasPrefix(code, "UnauthorizedOperation"):
		return bulwark.FaultDenied
	case strings.HasPrefix(code, "Throttl"), status == http.StatusTooManyRequests:
		return bulwark.FaultThrottled
	case strings.HasPrefix(code, "NoSuch"), strings.HasSuffix(code, "NotFound"), strings.Contains(code, "NotFoundException"),
		strings.HasSuffix(code, "NotFoundError"), strings.HasSuffix(code, "NotFoundFault"), strings.HasSuffix(code, "DoesNotExist"),
		strings.HasSuffix(code, "DoesNotExistException"):
		return bulwark.FaultAbsent
	case status == http.StatusForbidden:
		return bulwark.FaultDenied
	case status == http.StatusUnauthorized:
		return bulwark.FaultCredentials
	case status >= 300 && status < 400 && (code == "" || code == "UnknownError"):
		return bulwark.FaultMalformed // it sends the call elsewhere, which is not followed
	}
	return bulwark.FaultFailed
}

// code returns the error code of an answer, "" for none.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func statusOf(err error) int {
	var resp *smithyhttp.ResponseError
	if errors.As(err, &resp) && resp.Response != nil && resp.Response.Response != nil {
		return resp.HTTPStatusCode()
	}
	return 0
}

// faultOf returns what an error of the SDK means. The call is the innermost
// that failed: that of a role's credentials rather than the one that wanted
// them.
func faultOf(err error, object string) *bulwark.Fault {
	var f *bulwark.Fault
	if errors.As(err, &f) {
		if f.Object == "" {
			copied := *f
			copied.Object = object
			return &copied
		}
		return f
	}
	f = &bulwark.Fault{Kind: bulwark.FaultFailed, Call: callOf(err), Object: object, Err: plain(err)}
	var api smithy.APIError
	var network net.Error
	var bad *smithy.DeserializationError
	switch {
	case errors.Is(err, context.Canceled):
		f.Kind = bulwark.FaultUnreachable
	case errors.As(err, &api):
		f.Kind = kindOf(api.ErrorCode(), statusOf(err))
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		f.Kind = bulwark.FaultTimeout
	case errors.Is(err, errAnswer), errors.Is(err, provider.ErrTooLarge), errors.Is(err, provider.ErrRedirect), errors.As(err, &bad):
		f.Kind = bulwark.FaultMalformed
	case errors.As(err, new(*smithyhttp.RequestSendError)), errors.Is(err, io.ErrUnexpectedEOF):
		f.Kind = bulwark.FaultUnreachable
	default:
		if s := statusOf(err); s != 0 {
			f.Kind = kindOf("", s)
		} else {
			f.Kind = provider.FaultOf(err, f.Call, object).Kind
		}
	}
	return f
}

// callOf names the innermost operation in an error's chain: ec2:DescribeVpcs.
func callOf(err error) string {
	call := "aws"
	var op *smithy.OperationError
	for errors.As(err, &op) {
		call = serviceName(op.Service()) + ":" + op.Operation()
		err = op.Err
	}
	return call
}

// plain is the part of an error that people need: code and message of an
// answer, without request ids, which would make each run's gap a new one.
func plain(err error) error {
	var api smithy.APIError
	if errors.As(err, &api) {
		return &answer{code: api.ErrorCode(), message: api.ErrorMessage(), err: err}
	}
	return err
}

type answer struct {
	code, message string
	err           error
}

func (a *answer) Error() string {
	if a.message == "" || a.message == "UnknownError" {
		return a.code
	}
	return a.code + ": " + clip(a.message)
}

func (a *answer) Unwrap() error { return a.err }

func clip(s string) string {
	const most = 500
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// serviceName is a service id as the SDK names its package: "Elastic Load
// Balancing v2" is elasticloadbalancingv2.
func serviceName(id string) string { return strings.ToLower(strings.ReplaceAll(id, " ", "")) }
