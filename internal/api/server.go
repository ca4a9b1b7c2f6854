package api

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/oidc"
)

// Options are what a Server is made of. Store, Content, Runs and Scorer are
// required.
type Options struct {
	Store   Store
	Content Content
	Runs    Runs
	Scorer  Scorer
	Web     fs.FS                // the built pages; nil serves none
	Version string               // of the product
	Now     func() time.Time     // nil is time.Now
	Log     *slog.Logger         // nil discards
	Metrics *prometheus.Registry // answers /metrics beside the server's own; nil makes one

	// Catalog tells what connectors can be; nil knows none.
	Catalog Catalog
	// Connectors configures sources of assets; nil cannot.
	Connectors Connectors
	// Editor tries and keeps checks; nil cannot.
	Editor Editor
	// Explain judges an asset by one check again and returns the verdict with
	// its evidence, whatever it is. nil shows what is stored.
	Explain func(ctx context.Context, a *bulwark.Asset, check string) (bulwark.Assessment, error)
	// Backup writes the whole state as of one instant; nil cannot.
	Backup func(ctx context.Context, w io.Writer) error
	// Ready says why the product cannot serve, nil when it can.
	Ready func(ctx context.Context) error
	// URL is how people reach the server, for links: http://127.0.0.1:8080.
	URL string
	// Hosts are further names in the Host header that are answered. With
	// Loopback only the loopback's own names and these are, whatever a
	// browser was made to resolve.
	Hosts    []string
	Loopback bool
	// Secure says that people reach the server by TLS.
	Secure bool

	// OIDC signs people in beside or, with NoPasswords, instead of local users;
	// nil does not. The caller runs it.
	OIDC        *oidc.Provider
	NoPasswords bool

	// Organization is the id of the organisation that this server answers for;
	// "" is the main one.
	Organization string
	// Organizations keeps those beside the main one; nil serves one alone.
	Organizations Organizations
}

// Server answers HTTP. It is safe for concurrent use.
type Server struct {
	Options
	entrance
	api     huma.API
	mux     *http.ServeMux
	log     *slog.Logger
	streams atomic.Int64 // open event streams
	meters  *meters
	pages   *pages
}

// entrance is what signing in takes of this process, whichever of its servers
// answers.
type entrance struct {
	attempt *limiter
	hashing chan struct{} // bounds the memory that password hashing takes
	sealKey []byte        // attempts to sign in end with it
}

// New returns a server with all routes.
func New(o Options) (*Server, error) {
	return newServer(o, entrance{attempt: newLimiter(), hashing: make(chan struct{}, 2), sealKey: []byte(newSecret(""))})
}

// Beside returns a server of another organisation with the same users: whoever
// guesses passwords is counted and slowed by all of them together.
func (s *Server) Beside(o Options) (*Server, error) { return newServer(o, s.entrance) }

func newServer(o Options, shared entrance) (*Server, error) {
	if o.Store == nil || o.Content == nil || o.Runs == nil || o.Scorer == nil {
		return nil, fmt.Errorf("api: store, content, runs and scorer are needed: %w", bulwark.ErrInvalid)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
	s := &Server{Options: o, entrance: shared, log: o.Log, mux: http.NewServeMux()}
	var err error
	if s.meters, err = newMeters(o.Metrics); err != nil {
		return nil, fmt.Errorf("api: register metrics: %w", err)
	}
	if s.pages, err = loadPages(o.Web); err != nil {
		return nil, fmt.Errorf("api: read the pages: %w", err)
	}
	s.api = humago.New(s.mux, configuration(o.Version))
	s.register()
	s.plain()
	return s, nil
}

func configuration(version string) huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: "Bulwark", Version: version, License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"session": {Type: "apiKey", In: "cookie", Name: sessionCookie},
					"token":   {Type: "http", Scheme: "bearer"},
				},
			},
		},
		Formats:       map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat: "application/json",
	}
}

// Handler returns the whole of the server, guarded and measured.
func (s *Server) Handler() http.Handler {
	return s.elsewhere(s.measure(s.guard(compress(s.mux))))
}

// CheckListen refuses an address beyond loopback without TLS. An empty host
// is every interface.
func CheckListen(address string, secure bool) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("listen on %q: %w: want host:port: %w", address, bulwark.ErrInvalid, err)
	}
	if secure || bulwark.IsLoopback(host) {
		return nil
	}
	return fmt.Errorf("listen on %s: %w: beyond loopback TLS is needed: give --tls-cert and --tls-key", address, bulwark.ErrInvalid)
}

// Serve answers on a listener until ctx ends, then lets requests end for up to
// ten seconds. tlsConfig is nil on loopback. It returns nil when ctx ended.
func (s *Server) Serve(ctx context.Context, l net.Listener, tlsConfig *tls.Config) error {
	if err := CheckListen(l.Addr().String(), tlsConfig != nil); err != nil {
		return err
	}
	return s.answer(ctx, l, tlsConfig, s.Handler())
}

// answer answers on a listener until ctx ends, then lets requests end for up to
// ten seconds. It returns nil when ctx ended.
func (s *Server) answer(ctx context.Context, l net.Listener, tlsConfig *tls.Config, h http.Handler) error {
	server := &http.Server{
		Handler: h, TLSConfig: tlsConfig, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	ended := make(chan error, 1)
	go func() {
		if tlsConfig != nil {
			ended <- server.ServeTLS(l, "", "")
			return
		}
		ended <- server.Serve(l)
	}()
	select {
	case err := <-ended:
		return fmt.Errorf("api: serve: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := server.Shutdown(grace)
	if err != nil {
		err = errors.Join(err, server.Close())
	}
	<-ended
	if err != nil {
		return fmt.Errorf("api: stop: %w", err)
	}
	return nil
}

// OpenAPI returns the description of the API as indented JSON.
func (s *Server) OpenAPI() ([]byte, error) {
	return openapi(s.api.OpenAPI())
}

// Describe returns the description of the API that a server of this version
// has, as OpenAPI does, without one.
func Describe(version string) ([]byte, error) {
	s := &Server{log: slog.New(slog.DiscardHandler), mux: http.NewServeMux()}
	s.api = humago.New(s.mux, configuration(version))
	s.register()
	return s.OpenAPI()
}
