package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/bulwarksec/bulwark"
)

// Options are what a Store needs to know of the rest. All may be zero.
type Options struct {
	Now func() time.Time // nil is time.Now
	Log *slog.Logger     // nil discards

	// What is known of content at the start; see Knowledge.
	Names    *bulwark.Names
	Delta    func(old, new *bulwark.States) []bulwark.Count
	Severity func(check string) (bulwark.Severity, bool)
	Keys     func(old, new *bulwark.Asset) []string
	Digest   func(a *bulwark.Asset) string

	HistoryAge      time.Duration // 0 is 400 days
	HistoryVersions int           // 0 is 100
	KeyFile         string        // of the keys that seal secrets; "" seals none
}

// Knowledge is what the store needs of content, which may change while it
// serves. Options have the same fields for a start.
type Knowledge struct {
	// Names is the table of property names for the values that are read.
	Names *bulwark.Names
	// Delta returns how the counters of a leaf scope change when an asset's
	// states go from old to new; nil is an asset that is not there. Without it
	// nothing is counted.
	Delta func(old, new *bulwark.States) []bulwark.Count
	// Severity returns a check's severity, for findings; one that is not known
	// is Medium.
	Severity func(check string) (bulwark.Severity, bool)
	// Keys returns the queries whose answers a change of an asset may alter; one
	// of old and new may be nil. Without it only asset:<id> is.
	Keys func(old, new *bulwark.Asset) []string
	// Digest returns the digest of an asset's data, volatile properties left
	// out; nil leaves out none.
	Digest func(a *bulwark.Asset) string
}

// Store keeps an organisation's state. It is safe for concurrent use.
type Store struct {
	opts   Options
	know   atomic.Pointer[Knowledge]
	log    *slog.Logger
	engine engine
	r      reader
	w      *writer
	words  words
	codec  codec
	exempt exempter
	recent recent
	keys   *keyring
	shared bool            // other processes may write as well
	life   context.Context // of the store
}

// Open connects to the database at an address, postgres://… or the path of a
// SQLite file that is made when missing, and brings its schema up to date. A
// schema newer than the program is ErrConflict.
func Open(ctx context.Context, address string, opts Options) (*Store, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.HistoryAge == 0 {
		opts.HistoryAge = 400 * 24 * time.Hour
	}
	if opts.HistoryVersions == 0 {
		opts.HistoryVersions = 100
	}
	e, err := open(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s := &Store{opts: opts, log: opts.Log, engine: e, r: reader{e.readers(), &stmtCache{stmts: map[string]*sql.Stmt{}}}, life: context.WithoutCancel(ctx)}
	_, s.shared = e.(*postgresEngine)
	s.know.Store(&Knowledge{opts.Names, opts.Delta, opts.Severity, opts.Keys, opts.Digest})
	s.w = newWriter(e, opts.Log)
	if err := s.load(ctx); err != nil {
		return nil, fmt.Errorf("open store: %w", errors.Join(err, s.Close()))
	}
	return s, nil
}

// load fills what is kept in memory.
func (s *Store) load(ctx context.Context) error {
	if err := s.words.reload(ctx, s.r); err != nil {
		return fmt.Errorf("read words: %w", err)
	}
	if err := s.codec.reload(ctx, s.r); err != nil {
		return fmt.Errorf("read dictionaries: %w", err)
	}
	if err := s.exempt.reload(ctx, s.r); err != nil {
		return fmt.Errorf("read exemptions: %w", err)
	}
	if s.opts.KeyFile != "" {
		keys, err := openKeyring(s.opts.KeyFile)
		if err != nil {
			return err
		}
		s.keys = keys
	}
	controls := []string{""}
	for _, c := range bulwark.Controls {
		controls = append(controls, c.ID)
	}
	err := s.w.do(ctx, s.w.single, &job{before: func(ctx context.Context, c conn) error { return s.intern(ctx, c, controls...) },
		change: func(context.Context, conn) error { return nil }})
	if err != nil {
		return fmt.Errorf("define words: %w", err)
	}
	return s.startRevisions(ctx)
}

// Close ends the writer after what it is doing and closes the database.
func (s *Store) Close() error {
	s.w.stop()
	return s.engine.close()
}

// Use changes what the store knows of content. arithmetic stands for how Delta
// counts: where it is not what the counters were made by, they are counted
// afresh in the same transaction. It reports whether they were.
func (s *Store) Use(ctx context.Context, k Knowledge, arithmetic string) (recounted bool, err error) {
	t := &tally{}
	err = s.w.do(ctx, s.w.single, &job{change: func(ctx context.Context, c conn) error {
		var have []byte
		if _, err := one(ctx, c, "SELECT value FROM settings WHERE name = 'arithmetic'", nil, &have); err != nil {
			return err
		}
		was := s.know.Swap(&k)
		if string(have) == arithmetic {
			return nil
		}
		recounted = true
		err := t.recountAll(ctx, c, s, arithmetic)
		if err != nil {
			s.know.Store(was)
		}
		return err
	}, after: func() {
		if recounted {
			t.committed()
		}
	}})
	if err != nil {
		return false, fmt.Errorf("store: take up content: %w", err)
	}
	return recounted, nil
}

// ReadOnly says why the store refuses to write, "" when it does not.
func (s *Store) ReadOnly() string { return s.w.readOnly() }

// Ping reports whether the database answers and takes writes; not writing is
// ErrUnavailable.
func (s *Store) Ping(ctx context.Context) error {
	if why := s.w.readOnly(); why != "" {
		return fmt.Errorf("store: %w: %s", bulwark.ErrUnavailable, why)
	}
	if err := s.r.db.PingContext(ctx); err != nil {
		return fmt.Errorf("store: %w: %w", bulwark.ErrUnavailable, err)
	}
	return nil
}

// hash64 is the first 8 bytes of the SHA-256 of a text.
func hash64(s string) int64 {
	sum := sha256.Sum256([]byte(s))
	return int64(binary.BigEndian.Uint64(sum[:]))
}

// millis and instant turn times into numbers and back; 0 is the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func (s *Store) now() int64 { return s.opts.Now().UnixMilli() }

// clean returns a text that both engines take: UTF-8 without NUL.
func clean(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return s
}

// clip cuts a text to n bytes at a character's edge.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
