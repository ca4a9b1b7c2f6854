package replay

import (
	"io"
	"net/http"
	"testing"
)

// TestClose ends the request of a handler whose client closes the body, as a
// server does whose connection is closed.
func TestClose(t *testing.T) {
	ended := make(chan struct{})
	client := http.Client{Transport: Transport(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		_, _ = io.WriteString(w, "first")
		<-r.Context().Done()
	}))}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://one.example/watch", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(resp.Body, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	<-ended
}
