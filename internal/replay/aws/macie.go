package aws

import "net/http"

// macie answers what Amazon Macie answers where it was never turned on, which
// is everywhere here: its operations are not served.
func macie(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-ErrorType", "AccessDeniedException")
	w.WriteHeader(http.StatusForbidden)
	_, _ = w.Write([]byte(`{"message":"Macie is not enabled."}`)) // the client may have left
}
