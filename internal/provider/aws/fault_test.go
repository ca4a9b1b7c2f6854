package aws

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

func TestFaultOf(t *testing.T) {
	inner := &smithy.OperationError{ServiceID: "STS", OperationName: "AssumeRole", Err: failure("AccessDenied", 403)}
	tests := []struct {
		name string
		err  error
		kind bulwark.FaultKind
		call string
	}{
		{"denied", failure("AccessDeniedException", 400), bulwark.FaultDenied, "aws"},
		{"ec2_denied", failure("UnauthorizedOperation", 403), bulwark.FaultDenied, "aws"},
		{"unknown_code_403", failure("SomethingElse", 403), bulwark.FaultDenied, "aws"},
		{"throttled", failure("RequestLimitExceeded", 503), bulwark.FaultThrottled, "aws"},
		{"slow_down", failure("SlowDown", 503), bulwark.FaultThrottled, "aws"},
		{"unknown_code_429", failure("Busy", 429), bulwark.FaultThrottled, "aws"},
		{"expired", failure("ExpiredToken", 400), bulwark.FaultCredentials, "aws"},
		{"clock", failure("RequestTimeTooSkewed", 403), bulwark.FaultCredentials, "aws"},
		{"signature", failure("SignatureDoesNotMatch", 403), bulwark.FaultCredentials, "aws"},
		{"not_subscribed", failure("SubscriptionRequiredException", 400), bulwark.FaultDisabled, "aws"},
		{"opt_in", failure("OptInRequired", 401), bulwark.FaultDisabled, "aws"},
		{"no_such_bucket", failure("NoSuchBucket", 404), bulwark.FaultAbsent, "aws"},
		{"ec2_not_found", failure("InvalidVpcID.NotFound", 400), bulwark.FaultAbsent, "aws"},
		{"bare_404", failure("UnknownError", 404), bulwark.FaultFailed, "aws"},
		{"unknown_code_404", failure("SomethingElse", 404), bulwark.FaultFailed, "aws"},
		{"server", failure("InternalError", 500), bulwark.FaultFailed, "aws"},
		{"deadline", context.DeadlineExceeded, bulwark.FaultTimeout, "aws"},
		{"refused", &smithyhttp.RequestSendError{Err: &net.OpError{Op: "dial", Err: errors.New("connection refused")}}, bulwark.FaultUnreachable, "aws"},
		{"no_such_host", &smithyhttp.RequestSendError{Err: &net.DNSError{Err: "no such host"}}, bulwark.FaultUnreachable, "aws"},
		{"bad_body", &smithy.DeserializationError{Err: errors.New("bad")}, bulwark.FaultMalformed, "aws"},
		{"too_large", fmt.Errorf("read: %w", provider.ErrTooLarge), bulwark.FaultMalformed, "aws"},
		{"redirected", &smithyhttp.RequestSendError{Err: fmt.Errorf("get: %w", provider.ErrRedirect)}, bulwark.FaultMalformed, "aws"},
		{"operation", &smithy.OperationError{ServiceID: "Elastic Load Balancing v2", OperationName: "DescribeRules", Err: failure("Throttling", 400)}, bulwark.FaultThrottled, "elasticloadbalancingv2:DescribeRules"},
		{"innermost", &smithy.OperationError{ServiceID: "EC2", OperationName: "DescribeVpcs", Err: fmt.Errorf("get credentials: %w", inner)}, bulwark.FaultDenied, "sts:AssumeRole"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := faultOf(tt.err, "here")
			if f.Kind != tt.kind || f.Call != tt.call || f.Object != "here" {
				t.Errorf("faultOf = %s of %s at %s, want %s of %s", f.Kind, f.Call, f.Object, tt.kind, tt.call)
			}
		})
	}
}

// TestFaultText wants a fault to read the same in every run: no request ids.
func TestFaultText(t *testing.T) {
	f := faultOf(&smithy.OperationError{ServiceID: "EC2", OperationName: "DescribeVpcs", Err: failure("UnauthorizedOperation", 403)}, "x")
	if got, want := f.Error(), "ec2:DescribeVpcs x: denied: UnauthorizedOperation: made up"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
}
