package aws

import (
	"net/http"

	"github.com/bulwarksec/bulwark/internal/replay/aws/wire"
)

// The same refusal has another code in each protocol, and a few services keep
// codes of their own. Sources: the services' API references, "Common errors".

func denied(s *wire.Service, p Principal, action string) *wire.Error {
	e := &wire.Error{Code: "AccessDenied", Status: http.StatusForbidden,
		Message: "User: " + p.ARN + " is not authorized to perform: " + action + " because no identity-based policy allows the " + action + " action"}
	switch {
	case s.Name == "ec2":
		e.Code = "UnauthorizedOperation"
	case s.Name == "sns":
		e.Code = "AuthorizationError"
	case s.Protocol == "json10" || s.Protocol == "json11" || s.Protocol == "cbor":
		e.Code, e.Status, e.QueryCode = "AccessDeniedException", http.StatusBadRequest, "AccessDenied"
	case s.Protocol == "restjson":
		e.Code = "AccessDeniedException"
	}
	return e
}

func throttled(s *wire.Service) *wire.Error {
	e := &wire.Error{Code: "Throttling", Message: "Rate exceeded", Status: http.StatusBadRequest}
	switch {
	case s.Name == "ec2":
		e.Code, e.Status = "RequestLimitExceeded", http.StatusServiceUnavailable
	case s.Name == "s3":
		e.Code, e.Status = "SlowDown", http.StatusServiceUnavailable
	case s.Name == "lambda" || s.Name == "apigateway" || s.Name == "apigatewayv2":
		e.Code, e.Status = "TooManyRequestsException", http.StatusTooManyRequests
	case s.Name == "organizations":
		e.Code = "TooManyRequestsException"
	case s.Protocol == "restjson":
		e.Code, e.Status = "ThrottlingException", http.StatusTooManyRequests
	case s.Protocol == "json10" || s.Protocol == "json11" || s.Protocol == "cbor":
		e.Code, e.QueryCode = "ThrottlingException", "Throttling"
	}
	return e
}

func badKey(s *wire.Service, why errKey) *wire.Error {
	e := &wire.Error{Code: "InvalidClientTokenId", Status: http.StatusForbidden, Message: "The security token included in the request is invalid."}
	expired := why == expiredKey
	if expired {
		e.Code, e.Message = "ExpiredToken", "The security token included in the request is expired"
	}
	switch {
	case s.Name == "ec2" && expired:
		e.Code, e.Status = "RequestExpired", http.StatusBadRequest
	case s.Name == "ec2":
		e.Code, e.Status, e.Message = "AuthFailure", http.StatusUnauthorized, "AWS was not able to validate the provided access credentials"
	case s.Name == "s3" && expired:
		e.Status = http.StatusBadRequest
	case s.Name == "s3":
		e.Code, e.Message = "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."
	case (s.Protocol == "json10" || s.Protocol == "json11" || s.Protocol == "cbor" || s.Protocol == "restjson") && expired:
		e.Code = "ExpiredTokenException"
	case s.Protocol == "json10" || s.Protocol == "json11" || s.Protocol == "cbor" || s.Protocol == "restjson":
		e.Code = "UnrecognizedClientException"
	}
	return e
}

func internalError(s *wire.Service) *wire.Error {
	e := &wire.Error{Code: "InternalFailure", Message: "The request processing has failed because of an unknown error, exception or failure.", Status: http.StatusInternalServerError}
	switch {
	case s.Name == "ec2" || s.Name == "s3":
		e.Code = "InternalError"
	case s.Protocol == "json10" || s.Protocol == "json11" || s.Protocol == "restjson" || s.Protocol == "cbor":
		e.Code = "InternalServerException"
	}
	return e
}

func invalid(s *wire.Service, message string) *wire.Error {
	e := &wire.Error{Code: "ValidationError", Message: message, Status: http.StatusBadRequest}
	switch {
	case s.Name == "ec2":
		e.Code = "InvalidParameterValue"
	case s.Protocol == "restxml":
		e.Code = "InvalidArgument"
	case s.Protocol != "awsquery":
		e.Code = "ValidationException"
	}
	return e
}

func badToken(s *wire.Service) *wire.Error {
	e := invalid(s, "The pagination token is not valid.")
	switch {
	case s.Name == "ec2":
		e.Code = "InvalidNextToken"
	case s.Name == "organizations" || s.Name == "ssm" || s.Name == "configservice":
		e.Code = "InvalidNextTokenException"
	case s.Protocol == "awsquery":
		e.Code = "InvalidNextToken"
	}
	return e
}

func unknownOperation(s *wire.Service) *wire.Error {
	e := &wire.Error{Code: "InvalidAction", Message: "This operation is not served.", Status: http.StatusBadRequest}
	if s != nil && s.Protocol != "awsquery" && s.Protocol != "ec2query" {
		e.Code = "UnknownOperationException"
	}
	return e
}

// notFound is the refusal of what is not there, in the code of its operation.
func notFound(code string, status int) *wire.Error {
	return &wire.Error{Code: code, Message: "The requested resource does not exist.", Status: status}
}
