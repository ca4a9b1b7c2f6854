package bulwark

import "errors"

// The kinds of error. Test with errors.Is; the API maps them to HTTP statuses
// and the command line to exit codes.
var (
	ErrNotFound    = errors.New("not found")
	ErrDenied      = errors.New("access denied")
	ErrThrottled   = errors.New("throttled")
	ErrInvalid     = errors.New("invalid")
	ErrUnavailable = errors.New("unavailable")
	ErrConflict    = errors.New("conflict")
)
