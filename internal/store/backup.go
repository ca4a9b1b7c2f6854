package store

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/bulwarksec/bulwark"
)

// backupMagic begins a backup. What follows is zstd of tables, each its name,
// its columns and its rows, then the SHA-256 of all of it. The format is the
// same for both engines, so a backup moves an installation from one to the
// other.
const backupMagic = "bulwark backup 1\n"

// tables are what a backup holds, in an order in which they can be restored.
var tables = []string{
	"sequences", "words", "dictionaries", "scopes", "places", "listings", "layouts", "assets", "configs", "history", "relations",
	"verdicts", "asks", "dirty", "findings", "finding_counts", "counts", "exemptions", "gaps", "outbox", "connectors", "runs",
	"score_points", "users", "sessions", "tokens", "links", "settings", "secrets", "audit",
}

// The kinds of a value in a backup; the end of a table's rows stands where a
// row's first value would.
const (
	cellEnd = iota
	cellInt
	cellFloat
	cellText
	cellBytes
)

type backupWriter struct {
	w    *bufio.Writer
	hash hash.Hash
	err  error
}

func (b *backupWriter) write(p []byte) {
	if b.err == nil {
		b.hash.Write(p)
		_, b.err = b.w.Write(p)
	}
}

func (b *backupWriter) num(n uint64) { b.write(binary.AppendUvarint(nil, n)) }
func (b *backupWriter) text(s []byte) {
	b.num(uint64(len(s)))
	b.write(s)
}

func (b *backupWriter) cell(v any) error {
	switch v := v.(type) {
	case int64:
		b.write([]byte{cellInt})
		b.write(binary.AppendVarint(nil, v))
	case int32:
		return b.cell(int64(v))
	case int16:
		return b.cell(int64(v))
	case float64:
		b.write([]byte{cellFloat})
		b.write(binary.BigEndian.AppendUint64(nil, math.Float64bits(v)))
	case string:
		b.write([]byte{cellText})
		b.text([]byte(v))
	case []byte:
		b.write([]byte{cellBytes})
		b.text(v)
	default:
		return fmt.Errorf("a value of kind %T", v)
	}
	return b.err
}

// Backup writes the whole state as of one instant, while others go on reading
// and writing. It holds secrets only as sealed: keep the key file apart from
// it, and keep both.
func (s *Store) Backup(ctx context.Context, w io.Writer) error {
	if err := s.backup(ctx, w); err != nil {
		return fmt.Errorf("store: back up: %w", err)
	}
	return nil
}

func (s *Store) backup(ctx context.Context, w io.Writer) (err error) {
	if _, err := io.WriteString(w, backupMagic); err != nil {
		return err
	}
	z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	defer func() {
		if e := z.Close(); err == nil {
			err = e
		}
	}()
	tx, err := s.r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: s.snapshot()})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // it has only read
	b := &backupWriter{w: bufio.NewWriterSize(z, 64<<10), hash: sha256.New()}
	for _, table := range tables {
		if err := b.table(ctx, tx, table); err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
	}
	b.text(nil) // no further table
	if b.err != nil {
		return b.err
	}
	if _, err := b.w.Write(b.hash.Sum(nil)); err != nil {
		return err
	}
	return b.w.Flush()
}

// snapshot is the isolation under which several statements see one instant.
// SQLite's own is so.
func (s *Store) snapshot() sql.IsolationLevel {
	if s.shared {
		return sql.LevelRepeatableRead
	}
	return sql.LevelDefault
}

func (b *backupWriter) table(ctx context.Context, tx *sql.Tx, table string) error {
	r, err := tx.QueryContext(ctx, "SELECT * FROM "+table)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }() // its error is r.Err
	columns, err := r.Columns()
	if err != nil {
		return err
	}
	b.text([]byte(table))
	b.num(uint64(len(columns)))
	for _, c := range columns {
		b.text([]byte(c))
	}
	cells := make([]any, len(columns))
	into := make([]any, len(columns))
	for i := range cells {
		into[i] = &cells[i]
	}
	for r.Next() {
		if err := r.Scan(into...); err != nil {
			return err
		}
		for _, v := range cells {
			if err := b.cell(v); err != nil {
				return err
			}
		}
	}
	b.write([]byte{cellEnd})
	if b.err != nil {
		return b.err
	}
	return r.Err()
}

type backupReader struct {
	r    *bufio.Reader
	hash hash.Hash
}

// maxCell bounds one value of a backup, which may be hostile.
const maxCell = 512 << 20

func (b *backupReader) ReadByte() (byte, error) {
	c, err := b.r.ReadByte()
	if err == nil {
		b.hash.Write([]byte{c})
	}
	return c, err
}

func (b *backupReader) text() ([]byte, error) {
	n, err := binary.ReadUvarint(b)
	if err != nil {
		return nil, err
	}
	if n > maxCell {
		return nil, fmt.Errorf("%w: a value of %d bytes", bulwark.ErrInvalid, n)
	}
	var buf bytes.Buffer // grows with what is there, not with what is announced
	if _, err := io.CopyN(&buf, b.r, int64(n)); err != nil {
		return nil, err
	}
	b.hash.Write(buf.Bytes())
	return buf.Bytes(), nil
}

// cell reads a value; end reports the end of the rows.
func (b *backupReader) cell() (v any, end bool, err error) {
	kind, err := b.ReadByte()
	if err != nil {
		return nil, false, err
	}
	switch kind {
	case cellEnd:
		return nil, true, nil
	case cellInt:
		n, err := binary.ReadVarint(b)
		return n, false, err
	case cellFloat:
		var p [8]byte
		for i := range p {
			if p[i], err = b.ReadByte(); err != nil {
				return nil, false, err
			}
		}
		return math.Float64frombits(binary.BigEndian.Uint64(p[:])), false, nil
	case cellText:
		t, err := b.text()
		return string(t), false, err
	case cellBytes:
		t, err := b.text()
		if t == nil {
			t = []byte{}
		}
		return t, false, err
	}
	return nil, false, fmt.Errorf("%w: a value of kind %d", bulwark.ErrInvalid, kind)
}

// Restore fills an empty store from a backup, in one transaction: a backup that
// is damaged or cut short changes nothing. A store that holds assets, users or
// an audit log is ErrConflict.
func (s *Store) Restore(ctx context.Context, r io.Reader) error {
	if err := s.restore(ctx, r); err != nil {
		return fmt.Errorf("store: restore: %w", err)
	}
	return nil
}

// VerifyBackup reads a backup through without storing any of it. One that is
// damaged or cut short is ErrInvalid.
func VerifyBackup(r io.Reader) error {
	b, done, err := openBackup(r)
	if err == nil {
		defer done()
		if err = b.tables(context.Background(), nowhere{}); err == nil {
			err = b.verify()
		}
	}
	if err != nil {
		return fmt.Errorf("store: read backup: %w", err)
	}
	return nil
}

// nowhere takes what is restored and keeps none.
type nowhere struct{}

func (nowhere) exec(context.Context, string, ...any) error { return nil }

// openBackup begins to read; done must be called after.
func openBackup(r io.Reader) (b *backupReader, done func(), err error) {
	magic := make([]byte, len(backupMagic))
	if _, err := io.ReadFull(r, magic); err != nil || string(magic) != backupMagic {
		return nil, nil, fmt.Errorf("%w: this is no backup that this program reads", bulwark.ErrInvalid)
	}
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxConfig))
	if err != nil {
		return nil, nil, err
	}
	return &backupReader{r: bufio.NewReaderSize(z, 64<<10), hash: sha256.New()}, z.Close, nil
}

// verify compares the digest after the last table.
func (b *backupReader) verify() error {
	sum := b.hash.Sum(nil)
	have := make([]byte, len(sum))
	if _, err := io.ReadFull(b.r, have); err != nil || !bytes.Equal(sum, have) {
		return refuse(bulwark.ErrInvalid, "the backup is damaged: its digest differs")
	}
	return nil
}

func (s *Store) restore(ctx context.Context, r io.Reader) error {
	b, done, err := openBackup(r)
	if err != nil {
		return err
	}
	defer done()
	err = s.write(ctx, func(ctx context.Context, c conn) error {
		var rows int64
		if _, err := one(ctx, c, "SELECT (SELECT COUNT(*) FROM assets) + (SELECT COUNT(*) FROM users) + (SELECT COUNT(*) FROM audit)", nil, &rows); err != nil {
			return err
		}
		if rows > 0 {
			return refuse(bulwark.ErrConflict, "the store is not empty: restore into a new one")
		}
		if err := b.tables(ctx, c); err != nil {
			return err
		}
		if err := b.verify(); err != nil {
			return err
		}
		// Numbers given out before must not be given again.
		if _, err := s.next(ctx, c, "revisions", 2*revisionBlock); err != nil {
			return err
		}
		_, err := s.next(ctx, c, "exemptions", 1)
		return err
	})
	if err != nil {
		return err
	}
	return s.load(ctx)
}

// executor takes what a backup's rows become.
type executor interface {
	exec(ctx context.Context, q string, args ...any) error
}

func (b *backupReader) tables(ctx context.Context, c executor) error {
	for _, table := range tables {
		if err := c.exec(ctx, "DELETE FROM "+table); err != nil {
			return err
		}
	}
	for {
		name, err := b.text()
		if err != nil {
			return fmt.Errorf("%w: the backup is cut short: %w", bulwark.ErrInvalid, err)
		}
		if len(name) == 0 {
			return nil
		}
		if !slices.Contains(tables, string(name)) {
			return fmt.Errorf("%w: table %q is unknown: use a newer program", bulwark.ErrInvalid, name)
		}
		if err := b.table(ctx, c, string(name)); err != nil {
			return fmt.Errorf("table %s: %w", name, err)
		}
	}
}

func (b *backupReader) table(ctx context.Context, c executor, table string) error {
	n, err := binary.ReadUvarint(b)
	if err != nil || n == 0 || n > 64 {
		return fmt.Errorf("%w: it has %d columns", bulwark.ErrInvalid, n)
	}
	columns := make([]string, n)
	for i := range columns {
		name, err := b.text()
		if err != nil {
			return err
		}
		if strings.Trim(string(name), "abcdefghijklmnopqrstuvwxyz_") != "" {
			return fmt.Errorf("%w: column %q", bulwark.ErrInvalid, name)
		}
		columns[i] = string(name)
	}
	text := "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES (" + marks(1, len(columns)) + ")"
	for {
		row := make([]any, len(columns))
		for i := range row {
			v, end, err := b.cell()
			if err != nil {
				return err
			}
			if end {
				if i > 0 {
					return fmt.Errorf("%w: a row is cut short", bulwark.ErrInvalid)
				}
				return nil
			}
			row[i] = v
		}
		if err := c.exec(ctx, text, row...); err != nil {
			return err
		}
	}
}
