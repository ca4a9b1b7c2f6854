package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/api"
	"github.com/bulwarksec/bulwark/internal/compliance"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/provider/host"
	"github.com/bulwarksec/bulwark/internal/store"
	"github.com/bulwarksec/bulwark/web"
)

type serveFlags struct {
	data, listen, database string
	cert, key              string
	content                []string
	code                   []string
	host                   bool
	hostID                 string
	interval               time.Duration
	newLink                bool
}

func serveCommand() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the pages and the API, and keep judging",
		Long: "Serves the pages and the API on http://127.0.0.1:8080 and judges its connectors on a schedule.\n" +
			"The first start prints a one-time link to sign in with. Data lies in ./bulwark-data.",
		Example: "  bulwark serve --scan-host --scan-iac ./infra\n  bulwark serve --database postgres://bulwark@127.0.0.1/bulwark\n" +
			"  bulwark serve --listen 0.0.0.0:8443 --tls-cert cert.pem --tls-key key.pem",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	cmd.Flags().StringVar(&f.data, "data", "bulwark-data", "folder of the data")
	cmd.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8080", "address to listen on; beyond loopback it must be with TLS")
	cmd.Flags().StringVar(&f.database, "database", "", "URL of a PostgreSQL database (default: SQLite in the data folder)")
	cmd.Flags().StringVar(&f.cert, "tls-cert", "", "file of the TLS certificate")
	cmd.Flags().StringVar(&f.key, "tls-key", "", "file of the TLS key")
	cmd.Flags().StringArrayVar(&f.content, "content", nil, "folder of your own content (repeatable)")
	cmd.Flags().StringArrayVar(&f.code, "scan-iac", nil, "folder of infrastructure code to judge (repeatable)")
	cmd.Flags().BoolVar(&f.host, "scan-host", false, "judge this machine")
	cmd.Flags().StringVar(&f.hostID, "host-id", "", "id of this machine (default: its machine id)")
	cmd.Flags().DurationVar(&f.interval, "interval", 10*time.Minute, "time between runs of a connector")
	cmd.Flags().BoolVar(&f.newLink, "new-owner-link", false, "print a one-time link for a further owner")
	return cmd
}

func (f *serveFlags) run(cmd *cobra.Command) error {
	ctx := cmd.Context()
	secure := f.cert != "" || f.key != ""
	if err := api.CheckListen(f.listen, secure); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
	layers, err := userLayers(f.content)
	if err != nil {
		return err
	}
	loaded, problems := pipeline.LoadContent(pipeline.ContentOptions{}, layers...)
	for _, p := range problems {
		fmt.Fprintln(cmd.ErrOrStderr(), p)
	}
	st, err := f.open(ctx, loaded, log)
	if err != nil {
		return err
	}
	defer st.Close()
	engine := pipeline.NewEngine(st, loaded, time.Now, log)
	if err := f.connect(engine, loaded); err != nil {
		return err
	}
	var certificate *tls.Config
	if secure {
		pair, err := tls.LoadX509KeyPair(f.cert, f.key)
		if err != nil {
			return fmt.Errorf("read the TLS certificate: %w", err)
		}
		certificate = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", f.listen, err)
	}
	server, err := f.server(st, engine, loaded, listener.Addr(), secure, log)
	if err != nil {
		return err
	}
	if err := f.greet(cmd, server); err != nil {
		return err
	}
	var wg sync.WaitGroup
	wg.Go(func() { engine.Run(ctx) })
	err = server.Serve(ctx, listener, certificate)
	wg.Wait()
	return err
}

// open opens the store in the data folder, which only its owner may enter.
func (f *serveFlags) open(ctx context.Context, loaded *pipeline.Loaded, log *slog.Logger) (*store.Store, error) {
	if err := os.MkdirAll(f.data, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	dsn := f.database
	if dsn == "" {
		dsn = "sqlite:" + filepath.Join(f.data, "bulwark.db")
	}
	return store.Open(ctx, dsn, store.Options{
		Delta: func(old, new *bulwark.States) []bulwark.Count { return compliance.Delta(old, new, loaded.Control) },
		Severity: func(id string) (bulwark.Severity, bool) {
			c := loaded.Check(id)
			if c == nil {
				return 0, false
			}
			return c.Severity, true
		},
		Names: loaded.Content.Types.Names(), Now: time.Now, Log: log,
	})
}

// connect adds the connectors that the flags name.
func (f *serveFlags) connect(engine *pipeline.Engine, loaded *pipeline.Loaded) error {
	if f.host {
		h := host.Local(loaded.Content.Types.Names())
		h.ID = f.hostID
		engine.Add(pipeline.Source{ID: "host", Kind: "host", Name: "This machine", Interval: f.interval, Gatherer: h})
	}
	for _, dir := range f.code {
		s, err := newIaC(loaded, dir, "", nil)
		if err != nil {
			return err
		}
		name := filepath.Base(filepath.Clean(dir))
		engine.Add(pipeline.Source{ID: "iac:" + name, Kind: "iac", Name: name, Interval: f.interval, Gatherer: s})
	}
	return nil
}

func (f *serveFlags) server(st *store.Store, engine *pipeline.Engine, loaded *pipeline.Loaded, addr net.Addr, secure bool, log *slog.Logger) (*api.Server, error) {
	var pages fs.FS
	if web.Built() {
		pages = web.FS()
	}
	scheme := "http://"
	if secure {
		scheme = "https://"
	}
	hostname, _, _ := strings.Cut(addr.String(), ":")
	return api.New(api.Options{
		Store: st, Content: engine, Runs: engine, Scorer: scorer{control: loaded.Control}, Web: pages, Version: version, Log: log,
		URL: scheme + addr.String(), Loopback: net.ParseIP(strings.Trim(hostname, "[]")).IsLoopback() || hostname == "localhost", Secure: secure,
		Ready: func(ctx context.Context) error {
			_, err := st.Listings(ctx, nil)
			return err
		},
	})
}

// greet prints where the product is and, on a first start, the one-time link.
func (f *serveFlags) greet(cmd *cobra.Command, server *api.Server) error {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	link, err := server.FirstLink(ctx)
	if err == nil && link == "" && f.newLink {
		link, err = server.OwnerLink(ctx)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Bulwark %s on %s\n", version, server.URL)
	if link != "" {
		fmt.Fprintf(out, "sign in once with this link, valid for an hour:\n  %s\n", link)
	}
	return nil
}
