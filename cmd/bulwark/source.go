package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/api"
	"github.com/bulwarksec/bulwark/internal/client"
	"github.com/bulwarksec/bulwark/internal/export"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/store"
)

// sourceFlags say whose state a command reads: a server's, a saved report's or
// the data folder's, in this order. All are read through the API, so that the
// answers are the same.
type sourceFlags struct {
	server, tokenFile string
	from              string
	data, database    string
	as                string
	content           []string
	inline            bool // reads the checks' inline tests as well
	keyFile           string
	seals             bool // the command may seal a secret, and makes the key file
}

func (f *sourceFlags) register(cmd *cobra.Command, reports bool) {
	flags := cmd.Flags()
	flags.StringVar(&f.server, "server", "", "address of a server; its token is read from --token-file or BULWARK_TOKEN")
	flags.StringVar(&f.tokenFile, "token-file", "", "file of the API token")
	if reports {
		flags.StringVar(&f.from, "from", "", "report that scan wrote by --save or -o json")
	}
	flags.StringVar(&f.data, "data", "bulwark-data", "folder of the data; where a server runs on it, that is asked")
	flags.StringVar(&f.database, "database", "", "URL of a PostgreSQL database (default: SQLite in the data folder)")
	flags.StringVar(&f.as, "as", "", "with the data folder, user to act for (default: its owner)")
	flags.StringArrayVar(&f.content, "content", nil, "folder of your own content (repeatable)")
}

// source is an API and what must be closed after it.
type source struct {
	*client.Client
	whole bool // assets have their configuration
	close []func() error
}

// Close closes the last opened first.
func (s *source) Close() error {
	var errs []error
	if s.Client != nil {
		s.Client.Close()
	}
	for i := len(s.close) - 1; i >= 0; i-- {
		errs = append(errs, s.close[i]())
	}
	s.close = nil
	return errors.Join(errs...)
}

// open returns the source that the flags name. bare is what stands in where
// there is neither: an empty state, for questions that content alone answers;
// without it that is ErrNotFound.
func (f *sourceFlags) open(cmd *cobra.Command, bare bool) (*source, error) {
	s, err := f.openAny(cmd, bare)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (f *sourceFlags) openAny(cmd *cobra.Command, bare bool) (s *source, err error) {
	s = &source{whole: true}
	if f.server != "" {
		token, err := f.token()
		if err != nil {
			return s, err
		}
		s.Client, err = client.New(client.Options{URL: f.server, Token: token})
		return s, err
	}
	if f.from != "" {
		return s, f.openReport(cmd, s)
	}
	if _, err := os.Stat(f.data); f.database == "" && errors.Is(err, fs.ErrNotExist) {
		if bare {
			return s, f.openEmpty(cmd, s)
		}
		return s, fmt.Errorf("data folder %s: %w: name it with --data, or a server with --server", f.data, bulwark.ErrNotFound)
	}
	folder, err := holdFolder(f.data)
	if errors.Is(err, errHeld) {
		return s, f.openSocket(s)
	}
	if err != nil {
		return s, err
	}
	s.close = append(s.close, folder.Close)
	address := f.database
	if address == "" {
		address = folder.database()
	}
	return s, f.openStore(cmd, s, address, time.Now)
}

// token returns the token for a server, "" for none.
func (f *sourceFlags) token() (string, error) {
	if f.tokenFile == "" {
		return os.Getenv("BULWARK_TOKEN"), nil
	}
	data, err := os.ReadFile(f.tokenFile)
	if err != nil {
		return "", fmt.Errorf("read token: %w", err)
	}
	return strings.TrimSpace(string(data)), nil
}

// openSocket asks the process that holds the data folder.
func (f *sourceFlags) openSocket(s *source) error {
	name, done, err := socketName(f.data)
	if err != nil {
		return fmt.Errorf("data folder %s: %w: %w", f.data, errHeld, err)
	}
	s.close = append(s.close, func() error { done(); return nil })
	if _, err := os.Stat(name); err != nil {
		return fmt.Errorf("data folder %s: %w, and does not answer: wait for it to end", f.data, errHeld)
	}
	s.Client, err = client.New(client.Options{Socket: name, As: f.as})
	return err
}

// openReport keeps a report in a store of its own, for as long as the command
// runs.
func (f *sourceFlags) openReport(cmd *cobra.Command, s *source) error {
	file, err := os.Open(f.from)
	if err != nil {
		return fmt.Errorf("read report: %w", err)
	}
	report, err := export.ReadReport(file)
	err = errors.Join(err, file.Close())
	if err != nil {
		return fmt.Errorf("%s: %w", f.from, err)
	}
	now := time.Now
	if !report.Started.IsZero() {
		now = func() time.Time { return report.Started }
	}
	if err := f.openTemporary(cmd, s, now, func(st *store.Store) error { return pipeline.Keep(cmd.Context(), st, report) }); err != nil {
		return fmt.Errorf("%s: %w", f.from, err)
	}
	return nil
}

func (f *sourceFlags) openEmpty(cmd *cobra.Command, s *source) error {
	return f.openTemporary(cmd, s, time.Now, func(*store.Store) error { return nil })
}

func (f *sourceFlags) openTemporary(cmd *cobra.Command, s *source, now func() time.Time, fill func(*store.Store) error) error {
	dir, err := os.MkdirTemp("", "bulwark-*")
	if err != nil {
		return err
	}
	s.whole = false
	s.close = append(s.close, func() error { return os.RemoveAll(dir) })
	return f.openAPI(cmd, s, filepath.Join(dir, "report.db"), now, "", fill)
}

func (f *sourceFlags) openStore(cmd *cobra.Command, s *source, address string, now func() time.Time) error {
	keys := keyFile(f.keyFile, f.data)
	if _, err := os.Stat(keys); err != nil && !f.seals {
		keys = ""
	}
	return f.openAPI(cmd, s, address, now, keys, nil)
}

// openAPI opens a store and the API over it in this process.
func (f *sourceFlags) openAPI(cmd *cobra.Command, s *source, address string, now func() time.Time, keys string, fill func(*store.Store) error) error {
	layers, err := userLayers(f.content)
	if err != nil {
		return err
	}
	loaded, problems := pipeline.LoadContent(pipeline.ContentOptions{Inline: f.inline}, layers...)
	for _, p := range problems {
		fmt.Fprintln(cmd.ErrOrStderr(), p)
	}
	log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	st, err := openStore(cmd.Context(), address, loaded, now, log, keys)
	if err != nil {
		return err
	}
	s.close = append(s.close, st.Close)
	if fill != nil {
		if err := fill(st); err != nil {
			return err
		}
	}
	engine := pipeline.NewEngine(st, loaded, now, log)
	options := api.Options{
		Store: st, Content: engine, Runs: engine, Scorer: scorer{control: loaded.Control}, Version: version, Log: log, Loopback: true,
		URL: "http://127.0.0.1:8080", Backup: func(ctx context.Context, w io.Writer) error { return st.Backup(ctx, w) },
	}
	if s.whole {
		options.Explain = engine.Explain
		key, err := st.Subkey(digests)
		if err != nil && !errors.Is(err, bulwark.ErrUnavailable) {
			return err
		}
		m := newConnectors(st, engine, loaded, log, key)
		if err := m.load(cmd.Context()); err != nil {
			return err
		}
		options.Connectors, options.Catalog = m, m
	}
	server, err := api.New(options)
	if err != nil {
		return err
	}
	s.Client, err = client.New(client.Options{Handler: server.LocalHandler(), As: f.as})
	return err
}

// openStore opens a store that counts and rates by loaded content. keys is the
// file of the keys that seal secrets, made when missing; "" seals none.
func openStore(ctx context.Context, address string, loaded *pipeline.Loaded, now func() time.Time, log *slog.Logger, keys string) (*store.Store, error) {
	k := loaded.Knowledge()
	return store.Open(ctx, address, store.Options{Names: k.Names, Delta: k.Delta, Severity: k.Severity, Keys: k.Keys, Digest: k.Digest, Now: now, Log: log, KeyFile: keys})
}

// digests is the purpose of the key of digests that stand for secret values.
const digests = "digests of secret values"

// keyFile is the file that seals secrets: the named one, else one beside the
// data folder, so that a copy of the folder alone opens none.
func keyFile(named, data string) string {
	if named != "" {
		return named
	}
	return filepath.Clean(data) + ".key"
}
