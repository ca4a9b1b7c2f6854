package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // registers pgx
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"modernc.org/sqlite"

	"github.com/bulwarksec/bulwark"
)

//go:embed migrations
var migrations embed.FS

// rows is what a query yields, of either engine.
type rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close() error
}

// querier reads.
type querier interface {
	query(ctx context.Context, q string, args ...any) (rows, error)
}

// conn is a connection that writes. Its owner is one goroutine. exec may be put
// off until the next query or commit, which then returns its error.
type conn interface {
	querier
	exec(ctx context.Context, q string, args ...any) error
	begin(ctx context.Context) error
	commit(ctx context.Context) error
	rollback(ctx context.Context)
	rest(ctx context.Context) // nothing is written for a while: gives memory back
	close(ctx context.Context)
}

// engine is one kind of database.
type engine interface {
	// readers returns the pool that reads.
	readers() *sql.DB
	// writer opens the connection that writes.
	writer(ctx context.Context) (conn, error)
	// full reports whether an error says that there is no room.
	full(err error) bool
	close() error
}

// open connects to a database, brings its schema up to date and returns it.
func open(ctx context.Context, address string) (engine, error) {
	if strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://") {
		return openPostgres(ctx, address)
	}
	if scheme, _, ok := strings.Cut(address, "://"); ok {
		return nil, fmt.Errorf("%w: scheme %q: want a file or postgres://…", bulwark.ErrInvalid, scheme)
	}
	return openSQLite(ctx, strings.TrimPrefix(address, "sqlite:"))
}

func migrate(ctx context.Context, dialect goose.Dialect, db *sql.DB, folder string, opts ...goose.ProviderOption) error {
	files, err := fs.Sub(migrations, "migrations/"+folder)
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(dialect, db, files, opts...)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if have > want {
		return fmt.Errorf("%w: the schema has version %d and this program knows %d: use a newer program", bulwark.ErrConflict, have, want)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

type sqliteEngine struct {
	read, write *sql.DB
}

const sqlitePragmas = "?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(0)&_pragma=temp_store(MEMORY)"

func openSQLite(ctx context.Context, file string) (engine, error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, fmt.Errorf("make folder of database: %w", err)
	}
	made, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600) // the log that SQLite puts beside it has its mode
	if err != nil {
		return nil, fmt.Errorf("make database: %w", err)
	}
	if err := made.Close(); err != nil {
		return nil, fmt.Errorf("make database: %w", err)
	}
	name := "file:" + (&url.URL{Path: file}).EscapedPath() + sqlitePragmas
	// In bulk a page changes many times: it is copied into the file after some
	// 64 MB of log and not after 4.
	write, err := sql.Open("sqlite", name+"&_pragma=cache_size(-131072)&_pragma=wal_autocheckpoint(16384)&_pragma=journal_size_limit(67108864)")
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	if err := migrate(ctx, goose.DialectSQLite3, write, "sqlite"); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	if err := os.Chmod(file, 0o600); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read, err := sql.Open("sqlite", name+"&_pragma=query_only(1)&_pragma=cache_size(-16384)")
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(8)
	read.SetMaxIdleConns(8)
	read.SetConnMaxIdleTime(time.Minute) // its cache goes with a connection
	return &sqliteEngine{read, write}, nil
}

func (e *sqliteEngine) readers() *sql.DB { return e.read }
func (e *sqliteEngine) close() error     { return errors.Join(e.read.Close(), e.write.Close()) }

func (e *sqliteEngine) writer(ctx context.Context) (conn, error) {
	c, err := e.write.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &sqliteConn{c: c, stmts: map[string]*sql.Stmt{}}, nil
}

func (e *sqliteEngine) full(err error) bool {
	var se *sqlite.Error
	return errors.As(err, &se) && (se.Code()&0xFF == 13 || se.Code()&0xFF == 8) // SQLITE_FULL, SQLITE_READONLY
}

type sqliteConn struct {
	c     *sql.Conn
	stmts map[string]*sql.Stmt
}

// maxStmts bounds the statements kept prepared; texts with lists of varying
// length are few, since lists are padded.
const maxStmts = 256

func (c *sqliteConn) stmt(ctx context.Context, q string) (*sql.Stmt, error) {
	if s := c.stmts[q]; s != nil {
		return s, nil
	}
	if len(c.stmts) >= maxStmts {
		for k, s := range c.stmts {
			_ = s.Close() // an evicted statement holds nothing that matters
			delete(c.stmts, k)
		}
	}
	s, err := c.c.PrepareContext(ctx, unnamed(q))
	if err != nil {
		return nil, err
	}
	c.stmts[q] = s
	return s, nil
}

// unnamed returns a text with ? for its parameters where these are $1, $2 … in
// this order and each once; another it returns as it is. A parameter with a
// name, as $1 is one, has SQLite go through the names of all whenever it is
// bound: of thousands that is most of the work.
func unnamed(q string) string {
	var b strings.Builder
	for rest, n := q, 1; ; n++ {
		before, after, ok := strings.Cut(rest, "$")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		rest = strings.TrimLeft(after, "0123456789")
		if after[:len(after)-len(rest)] != strconv.Itoa(n) {
			return q
		}
		b.WriteByte('?')
	}
}

func (c *sqliteConn) exec(ctx context.Context, q string, args ...any) error {
	s, err := c.stmt(ctx, q)
	if err != nil {
		return err
	}
	_, err = s.ExecContext(ctx, args...)
	return err
}

func (c *sqliteConn) query(ctx context.Context, q string, args ...any) (rows, error) {
	s, err := c.stmt(ctx, q)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

func (c *sqliteConn) begin(ctx context.Context) error  { return c.exec(ctx, "BEGIN IMMEDIATE") }
func (c *sqliteConn) commit(ctx context.Context) error { return c.exec(ctx, "COMMIT") }
func (c *sqliteConn) rollback(ctx context.Context)     { _ = c.exec(ctx, "ROLLBACK") }                         // fails where the engine has rolled back by itself
func (c *sqliteConn) rest(ctx context.Context)         { _, _ = c.c.ExecContext(ctx, "PRAGMA shrink_memory") } // empties its cache of pages
func (c *sqliteConn) close(context.Context) {
	for _, s := range c.stmts {
		_ = s.Close() // the connection goes with them
	}
	_ = c.c.Close()
}

type postgresEngine struct {
	read   *sql.DB
	config *pgx.ConnConfig
}

func openPostgres(ctx context.Context, address string) (engine, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("%w: database address: %s", bulwark.ErrInvalid, redact(err.Error(), address))
	}
	if err := demandTLS(config); err != nil {
		return nil, err
	}
	read, err := sql.Open("pgx", address)
	if err != nil {
		return nil, err
	}
	read.SetMaxOpenConns(8)
	read.SetMaxIdleConns(8)
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, errors.Join(err, read.Close())
	}
	if err := migrate(ctx, goose.DialectPostgres, read, "postgres", goose.WithSessionLocker(locker)); err != nil {
		return nil, errors.Join(err, read.Close())
	}
	return &postgresEngine{read, config}, nil
}

// redact removes an address, which may hold a password, from a message.
func redact(message, address string) string { return strings.ReplaceAll(message, address, "(address)") }

// demandTLS refuses a database beyond loopback without TLS.
func demandTLS(c *pgx.ConnConfig) error {
	local := strings.HasPrefix(c.Host, "/") || c.Host == "localhost" || c.Host == "::1" || strings.HasPrefix(c.Host, "127.")
	if local || c.TLSConfig != nil && len(c.Fallbacks) == 0 {
		return nil
	}
	return fmt.Errorf("%w: database on %s: beyond loopback TLS is needed: add sslmode=verify-full", bulwark.ErrInvalid, c.Host)
}

func (e *postgresEngine) readers() *sql.DB { return e.read }
func (e *postgresEngine) close() error     { return e.read.Close() }

func (e *postgresEngine) writer(ctx context.Context) (conn, error) {
	c, err := pgx.ConnectConfig(ctx, e.config.Copy())
	if err != nil {
		return nil, err
	}
	return &postgresConn{c: c, batch: &pgx.Batch{}}, nil
}

func (e *postgresEngine) full(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && (pe.Code == "53100" || pe.Code == "25006") // disk full, read-only transaction
}

// postgresConn sends statements that answer nothing in one go.
type postgresConn struct {
	c     *pgx.Conn
	batch *pgx.Batch
}

const maxQueued = 1000

func (c *postgresConn) exec(ctx context.Context, q string, args ...any) error {
	c.batch.Queue(q, args...)
	if c.batch.Len() >= maxQueued {
		return c.flush(ctx)
	}
	return nil
}

func (c *postgresConn) flush(ctx context.Context) error {
	if c.batch.Len() == 0 {
		return nil
	}
	b := c.batch
	c.batch = &pgx.Batch{}
	return c.c.SendBatch(ctx, b).Close()
}

func (c *postgresConn) query(ctx context.Context, q string, args ...any) (rows, error) {
	if err := c.flush(ctx); err != nil {
		return nil, err
	}
	r, err := c.c.Query(ctx, q, args...)
	if err != nil {
		return nil, err
	}
	return postgresRows{r}, nil
}

func (c *postgresConn) begin(ctx context.Context) error { return c.exec(ctx, "BEGIN") }

func (c *postgresConn) commit(ctx context.Context) error {
	if err := c.flush(ctx); err != nil {
		return err
	}
	_, err := c.c.Exec(ctx, "COMMIT")
	return err
}

func (c *postgresConn) rollback(ctx context.Context) {
	c.batch = &pgx.Batch{}
	if _, err := c.c.Exec(ctx, "ROLLBACK"); err != nil {
		_ = c.c.Close(ctx) // a broken connection rolls back by itself; the writer opens another
	}
}

func (c *postgresConn) rest(context.Context) {}

func (c *postgresConn) close(ctx context.Context) { _ = c.c.Close(ctx) }

type postgresRows struct{ pgx.Rows }

func (r postgresRows) Close() error {
	r.Rows.Close()
	return r.Err()
}

// reader reads from the pool.
type reader struct {
	db    *sql.DB
	stmts *stmtCache
}

// stmtCache keeps statements prepared by their text.
type stmtCache struct {
	mu    sync.Mutex
	stmts map[string]*sql.Stmt
}

func (r reader) query(ctx context.Context, q string, args ...any) (rows, error) {
	r.stmts.mu.Lock()
	s := r.stmts.stmts[q]
	full := len(r.stmts.stmts) >= maxStmts
	r.stmts.mu.Unlock()
	if s == nil && full { // texts of rare filters: not worth a place
		return r.db.QueryContext(ctx, q, args...)
	}
	if s == nil {
		var err error
		if s, err = r.db.PrepareContext(ctx, q); err != nil {
			return nil, err
		}
		r.stmts.mu.Lock()
		if was := r.stmts.stmts[q]; was != nil {
			_ = s.Close() // another was as fast
			s = was
		} else {
			r.stmts.stmts[q] = s
		}
		r.stmts.mu.Unlock()
	}
	return s.QueryContext(ctx, args...)
}

// each calls scan for every row.
func each(ctx context.Context, q querier, text string, args []any, scan func(rows) error) error {
	r, err := q.query(ctx, text, args...)
	if err != nil {
		return err
	}
	for r.Next() {
		if err := scan(r); err != nil {
			return errors.Join(err, r.Close())
		}
	}
	return errors.Join(r.Err(), r.Close())
}

// one scans the first row and reports whether there is one.
func one(ctx context.Context, q querier, text string, args []any, dest ...any) (bool, error) {
	found := false
	err := each(ctx, q, text, args, func(r rows) error {
		if found {
			return nil
		}
		found = true
		return r.Scan(dest...)
	})
	return found, err
}
