package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/api"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/provider/host"
	"github.com/bulwarksec/bulwark/internal/store"
	"github.com/bulwarksec/bulwark/internal/stream"
	"github.com/bulwarksec/bulwark/web"
)

type serveFlags struct {
	data, listen, database string
	nats                   string
	cert, key              string
	keyFile                string
	codeRoots              []string
	content                []string
	code                   []string
	host                   bool
	hostID                 string
	interval               time.Duration
	newLink                bool
	url                    string
	signIn                 signInFlags
	demo                   bool
}

func serveCommand() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the pages and the API, and keep judging",
		Long: "Serves the pages and the API on http://127.0.0.1:8080 and judges its connectors on a schedule.\n" +
			"The first start prints a one-time link to sign in with. Data lies in ./bulwark-data, which one\n" +
			"process uses at a time; explain, ctl and backup ask the server that does by a socket in it.",
		Example: "  bulwark serve --scan-host --scan-iac ./infra\n  bulwark serve --database postgres://bulwark@127.0.0.1/bulwark --nats nats://127.0.0.1:4222\n" +
			"  bulwark serve --listen 0.0.0.0:8443 --tls-cert cert.pem --tls-key key.pem\n" +
			"  bulwark serve --oidc-issuer https://login.example.com --oidc-client-id bulwark --oidc-client-secret-file secret \\\n    --oidc-grant platform-team=owner --oidc-grant shop-team=reader@aws/123456789012",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	cmd.Flags().StringVar(&f.data, "data", "bulwark-data", "folder of the data")
	cmd.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8080", "address to listen on; beyond loopback it must be with TLS")
	cmd.Flags().StringVar(&f.database, "database", "", "URL of a PostgreSQL database (default: SQLite in the data folder)")
	cmd.Flags().StringVar(&f.nats, "nats", "", "URLs of a NATS cluster with JetStream (default: one in this process)")
	cmd.Flags().StringVar(&f.cert, "tls-cert", "", "file of the TLS certificate")
	cmd.Flags().StringVar(&f.key, "tls-key", "", "file of the TLS key")
	cmd.Flags().StringVar(&f.keyFile, "key-file", "", "file of the key that seals connectors' secrets (default: the data folder's name with .key); made when missing")
	cmd.Flags().StringArrayVar(&f.codeRoots, "code-root", nil, "folder below which configured connectors may read code (repeatable)")
	cmd.Flags().StringArrayVar(&f.content, "content", nil, "folder of your own content (repeatable)")
	cmd.Flags().StringArrayVar(&f.code, "scan-iac", nil, "folder of infrastructure code to judge (repeatable)")
	cmd.Flags().BoolVar(&f.host, "scan-host", false, "judge this machine")
	cmd.Flags().BoolVar(&f.demo, "demo", false, "show a made-up company as an organisation of its own, unless it was removed")
	cmd.Flags().StringVar(&f.hostID, "host-id", "", "id of this machine (default: its machine id)")
	cmd.Flags().DurationVar(&f.interval, "interval", 10*time.Minute, "time between runs of a connector")
	cmd.Flags().StringVar(&f.url, "url", "", "address by which people reach the server, when a proxy or a name stands before it")
	f.signIn.add(cmd.Flags())
	cmd.Flags().BoolVar(&f.newLink, "new-owner-link", false, "print a one-time link for a further owner")
	return cmd
}

// run serves until the command's context ends. What was opened last is closed
// first: requests, then the engine, the stream, the store, and the folder.
func (f *serveFlags) run(cmd *cobra.Command) (err error) {
	ctx := cmd.Context()
	certificate, err := f.certificate()
	if err != nil {
		return err
	}
	if err := api.CheckListen(f.listen, certificate != nil); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
	if err := f.checkSignIn(certificate != nil); err != nil {
		return err
	}
	layers, err := userLayers(f.content)
	if err != nil {
		return err
	}
	loaded, problems := pipeline.LoadContent(pipeline.ContentOptions{}, layers...)
	for _, p := range problems {
		fmt.Fprintln(cmd.ErrOrStderr(), p)
	}
	folder, err := holdFolder(f.data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	address := f.database
	if address == "" {
		address = folder.database()
	}
	st, err := openStore(ctx, address, loaded, time.Now, log, keyFile(f.keyFile, f.data))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	messages, err := stream.Open(ctx, stream.Options{Dir: filepath.Join(folder.dir, "stream"), URL: f.nats, Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, messages.Close()) }()
	engine := pipeline.NewEngine(st, loaded, time.Now, log)
	engine.UseStream(messages)
	configured, err := f.connect(ctx, st, engine, loaded, log)
	if err != nil {
		return err
	}
	return f.serve(cmd, folder, parts{st, messages, engine, loaded, configured, log, f.demos(st, loaded, folder, log)}, certificate)
}

// parts are what a server is made of.
type parts struct {
	store      *store.Store
	stream     *stream.Stream
	engine     *pipeline.Engine
	loaded     *pipeline.Loaded
	connectors *connectors
	log        *slog.Logger
	demos      *demos
}

// The demo's history goes half a year back, in steps of two weeks: each takes
// about three seconds on two cores.
const (
	demoHistory = 26 * 7 * 24 * time.Hour
	demoSteps   = 13
)

func (f *serveFlags) demos(st *store.Store, loaded *pipeline.Loaded, folder *dataFolder, log *slog.Logger) *demos {
	return &demos{main: st, loaded: loaded, dir: filepath.Join(folder.dir, "demo"), log: log.With("organization", demoID), steps: demoSteps, wanted: f.demo}
}

// serve listens and runs the engine until the context ends or something fails.
func (f *serveFlags) serve(cmd *cobra.Command, folder *dataFolder, p parts, certificate *tls.Config) error {
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", f.listen, err)
	}
	server, err := f.server(p, listener.Addr(), certificate != nil)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	socket, done, err := folder.listen(cmd.Context())
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer done()
	if err := f.greet(cmd, server); err != nil {
		return errors.Join(err, listener.Close(), socket.Close())
	}
	group, ctx := errgroup.WithContext(cmd.Context())
	group.Go(func() error { p.engine.Run(ctx); return nil })
	if server.OIDC != nil {
		group.Go(func() error { server.OIDC.Run(ctx); return nil })
	}
	group.Go(func() error { return p.demos.Run(ctx) })
	group.Go(func() error { return server.Serve(ctx, listener, certificate) })
	group.Go(func() error { return server.ServeLocal(ctx, socket) })
	return group.Wait()
}

// certificate is nil without TLS.
func (f *serveFlags) certificate() (*tls.Config, error) {
	if f.cert == "" && f.key == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return nil, fmt.Errorf("read the TLS certificate: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

// connect adds the connectors that the flags name and those that are
// configured.
func (f *serveFlags) connect(ctx context.Context, st *store.Store, engine *pipeline.Engine, loaded *pipeline.Loaded, log *slog.Logger) (*connectors, error) {
	key, err := st.Subkey(digests)
	if err != nil {
		return nil, err
	}
	m := newConnectors(st, engine, loaded, log, key)
	m.deps.codeRoots = f.codeRoots
	if f.host {
		h := host.Local(loaded.Content.Types.Names())
		h.ID = f.hostID
		m.addFlag(pipeline.Source{ID: "host", Kind: "host", Name: "This machine", Interval: f.interval, Gatherer: h}, thisMachine)
	}
	named := map[string]string{} // a connector's name → the folder that it reads
	for _, dir := range f.code {
		s, err := newIaC(loaded, dir, "", iacFiles{}, key)
		if err != nil {
			return nil, err
		}
		name := filepath.Base(filepath.Clean(dir))
		if other, ok := named[name]; ok {
			return nil, fmt.Errorf("--scan-iac %s: %w: %s is called %s as well, and assets of the two would take each other's place: name a folder above both", dir, bulwark.ErrConflict, other, name)
		}
		named[name] = dir
		m.addFlag(pipeline.Source{ID: "iac:" + name, Kind: "iac", Name: name, Interval: f.interval, Gatherer: s}, "code/"+name)
	}
	return m, m.load(ctx)
}

func (f *serveFlags) server(p parts, addr net.Addr, secure bool) (*api.Server, error) {
	var pages fs.FS
	if web.Built() {
		pages = web.FS()
	}
	address, err := f.publicURL(addr.String(), secure)
	if err != nil {
		return nil, err
	}
	issuer, err := f.signIn.provider(address, p.log)
	if err != nil {
		return nil, err
	}
	var hosts []string
	if u, err := url.Parse(address); err == nil {
		hosts = []string{strings.ToLower(u.Hostname())}
	}
	loopback := api.CheckListen(addr.String(), false) == nil
	if !loopback { // any name is answered there; health checks come by address
		hosts = nil
	}
	metrics := prometheus.NewRegistry()
	if err := registerState(metrics, p); err != nil {
		return nil, err
	}
	o := api.Options{Scorer: scorer{control: p.loaded.Control}, Web: pages, Version: version, Log: p.log, Organizations: p.demos, Catalog: p.connectors.catalog,
		URL: address, Hosts: hosts, Loopback: loopback, Secure: strings.HasPrefix(address, "https://"), OIDC: issuer, NoPasswords: !f.signIn.local}
	shared := o
	o.Store, o.Content, o.Runs, o.Explain, o.Metrics, o.Connectors = p.store, p.engine, p.engine, p.engine.Explain, metrics, p.connectors
	o.Editor = pipeline.NewEditor(p.engine, firstOf(f.content))
	o.Backup = func(ctx context.Context, w io.Writer) error { return p.store.Backup(ctx, w) }
	o.Ready = func(ctx context.Context) error { return errors.Join(p.store.Ping(ctx), p.stream.Ping(ctx)) }
	server, err := api.New(o)
	if err != nil {
		return nil, err
	}
	p.demos.serve = func(st api.Store, e *pipeline.Engine, now func() time.Time) (*api.Server, error) {
		o := shared
		o.Store, o.Content, o.Runs, o.Explain, o.Now, o.Organization = st, e, e, e.Explain, now, demoID
		return server.Beside(o)
	}
	return server, nil
}

// firstOf returns the folder of content in which checks are kept, "" for none.
func firstOf(dirs []string) string {
	if len(dirs) == 0 {
		return ""
	}
	return dirs[0]
}

// greet prints where the product is and, on a first start, the one-time link.
func (f *serveFlags) greet(cmd *cobra.Command, server *api.Server) error {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	link := ""
	if f.signIn.local {
		var err error
		link, err = server.FirstLink(ctx)
		if err == nil && link == "" && f.newLink {
			link, err = server.OwnerLink(ctx)
		}
		if err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "Bulwark %s on %s\n", version, server.URL)
	if link != "" {
		fmt.Fprintf(out, "sign in once with this link, valid for an hour:\n  %s\n", link)
	}
	return nil
}
