package provider_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

type enum string

type part struct {
	Name   *string
	Hidden *part
	secret string
}

type whole struct {
	Arn            *string
	Kind           enum
	None           enum
	Count          int32
	On             *bool
	Share          float64
	Made           *time.Time
	Data           []byte
	Parts          []part
	Empty          []string
	Nil            []string
	Labels         map[string]string
	Any            any
	Tree           bulwark.Value
	ResultMetadata map[string]string
}

func ptr[T any](v T) *T { return &v }

func TestValueOf(t *testing.T) {
	tree, err := bulwark.DecodeJSON([]byte(`{"a":[1,null]}`), bulwark.DecodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600))
	v, err := provider.ValueOf(nil, "x", &whole{
		Arn: ptr("arn:x"), Kind: "big", Count: 0, On: ptr(false), Share: 0.5, Made: &at, Data: []byte("hi"),
		Parts: []part{{Name: ptr("p"), secret: "s"}, {Hidden: &part{}}}, Empty: []string{},
		Labels: map[string]string{"b": "2", "a": ""}, Any: ptr(int64(7)), Tree: tree, ResultMetadata: map[string]string{"k": "v"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Any":7,"Arn":"arn:x","Count":0,"Data":"aGk=","Empty":[],"Kind":"big","Labels":{"b":"2"},"Made":"2026-01-02T02:04:05Z",` +
		`"On":false,"Parts":[{"Name":"p"},{"Hidden":{}}],"Share":0.5,"Tree":{"a":[1,null]}}`
	if diff := cmp.Diff(want, v.String()); diff != "" {
		t.Error(diff)
	}
}

type cycle struct{ Next *cycle }

func TestValueOfIsBounded(t *testing.T) {
	c := &cycle{}
	c.Next = c
	v, err := provider.ValueOf(nil, "x", c)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(v.String(), "nested too deeply") {
		t.Errorf("got %s, want an unknown value at the bound", v)
	}
}

func TestPages(t *testing.T) {
	tests := []struct {
		name   string
		tokens []string // answers, by call
		limit  int
		calls  int
		fault  bulwark.FaultKind
	}{
		{"one page", []string{""}, 9, 1, ""},
		{"three", []string{"a", "b", ""}, 9, 3, ""},
		{"a token repeats", []string{"a", "b", "a", "b"}, 9, 3, bulwark.FaultMalformed},
		{"a token longer than any", []string{"a", strings.Repeat("b", 65<<10), ""}, 9, 2, bulwark.FaultMalformed},
		{"too many", []string{"a", "b", "c", "d"}, 3, 3, bulwark.FaultMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			calls := 0
			err := provider.Pages(t.Context(), "s:List", "place", tt.limit, func(_ context.Context, token string) (string, error) {
				if calls > 0 && token != tt.tokens[calls-1] {
					t.Errorf("call %d has token %q, want %q", calls, token, tt.tokens[calls-1])
				}
				calls++
				return tt.tokens[calls-1], nil
			})
			if calls != tt.calls {
				t.Errorf("%d calls, want %d", calls, tt.calls)
			}
			var f *bulwark.Fault
			if errors.As(err, &f) != (tt.fault != "") || f != nil && f.Kind != tt.fault {
				t.Errorf("error %v, want %q", err, tt.fault)
			}
		})
	}
}

func TestFaultOf(t *testing.T) {
	denied := &bulwark.Fault{Kind: bulwark.FaultDenied, Call: "a:B"}
	tests := []struct {
		err  error
		want bulwark.FaultKind
	}{
		{fmt.Errorf("wrapped: %w", denied), bulwark.FaultDenied},
		{fmt.Errorf("read: %w", context.DeadlineExceeded), bulwark.FaultTimeout},
		{fmt.Errorf("read: %w", io.ErrUnexpectedEOF), bulwark.FaultUnreachable},
		{errors.New("other"), bulwark.FaultFailed},
	}
	for _, tt := range tests {
		if got := provider.FaultOf(tt.err, "x:Y", "z"); got.Kind != tt.want {
			t.Errorf("FaultOf(%v) is %s, want %s", tt.err, got.Kind, tt.want)
		}
	}
	if provider.FaultOf(nil, "", "") != nil {
		t.Error("no error is a fault")
	}
}

func TestClientRefusesRedirects(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
	defer other.Close()
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	_, err := provider.Client(nil, time.Minute).Get(server.URL)
	if !errors.Is(err, provider.ErrRedirect) {
		t.Errorf("error %v, want %v", err, provider.ErrRedirect)
	}
}

func TestClientBoundsAnswers(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		chunk := make([]byte, 1<<20)
		for range provider.MaxAnswer>>20 + 2 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	resp, err := provider.Client(nil, time.Minute).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	if !errors.Is(err, provider.ErrTooLarge) || n != provider.MaxAnswer {
		t.Errorf("read %d bytes, error %v; want %d and %v", n, err, provider.MaxAnswer, provider.ErrTooLarge)
	}
}
