package pipeline

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark/internal/store"
	"github.com/bulwarksec/bulwark/internal/stream"
)

// pumpSlowly publishes until ctx ends and leaves rows in the outbox for a while
// after they are published, so that power is often lost in between.
func pumpSlowly(ctx context.Context, st *store.Store, sm *stream.Stream) error {
	for ctx.Err() == nil {
		if _, err := sm.Drain(ctx, slowOutbox{outbox{st}}); err != nil && ctx.Err() == nil {
			return err
		}
		time.Sleep(2 * time.Millisecond)
	}
	return nil
}

type slowOutbox struct{ outbox }

func (o slowOutbox) Done(ctx context.Context, list []stream.Message) error {
	time.Sleep(30 * time.Millisecond)
	return o.outbox.Done(ctx, list)
}

// TestPowerLossInRun kills a process at random points and then takes from its files
// what was not synced, as a loss of power may: the ends of SQLite's log and of
// the stream's last block are cut off, or come back as zeros or as anything;
// pages of the database that a checkpoint may have been writing are spoilt. It
// goes on until it is done, and must then be as if it had not been disturbed.
//
// What is synced is taken from what a process does only after a sync: it begins
// a transaction after the last one is synced, publishes rows that are, and
// deletes rows whose messages are. That the syncs happen at all (synchronous
// FULL, SyncAlways) is SQLite's and NATS's word.
func TestPowerLossInRun(t *testing.T) {
	losses := 60
	if testing.Short() {
		losses = 8
	}
	undisturbed := t.TempDir()
	began := time.Now()
	if !child(t, undisturbed, time.Hour, "BULWARK_KILL_PUMP=1") {
		t.Fatal("the undisturbed child was killed")
	}
	whole := time.Since(began)
	want, events := result(t, undisturbed)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d; undisturbed %v", seed, whole)
	p := power{rng: rand.New(rand.NewPCG(seed, 0))}
	n := 0
	for folders := 0; n < losses && folders < losses; folders++ {
		dir := t.TempDir()
		lost := map[string]bool{}
		for left := killsOfOne; ; left-- {
			after := time.Duration(p.rng.Int64N(int64(whole)))
			if left == 0 {
				after = time.Hour
			}
			began := time.Now()
			if child(t, dir, after, "BULWARK_KILL_PUMP=1") {
				if left == killsOfOne {
					whole = min(whole, time.Since(began))
				}
				break
			}
			n++
			p.lose(t, dir, lost)
		}
		published := map[string]int{}
		for _, block := range blocks(t, dir) {
			for _, r := range block.records {
				published[r.id]++
			}
		}
		got, had := result(t, dir)
		if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
			t.Fatalf("after power losses the state differs (-undisturbed +disturbed):\n%s", diff)
		}
		if diff := cmp.Diff(events, had); diff != "" {
			t.Fatalf("after power losses the stream differs (-undisturbed +disturbed):\n%s", diff)
		}
		for id := range lost {
			if published[id] != 1 {
				t.Errorf("message %s was lost and is in the stream %d times, want once", id, published[id])
			}
		}
	}
	if n < losses {
		t.Errorf("only %d losses of %d hit: the children end too quickly", n, losses)
	}
	if !testing.Short() && (p.messages == 0 || p.transactions == 0) {
		t.Errorf("%d messages and %d transactions lost: the test shows nothing", p.messages, p.transactions)
	}
	t.Logf("figure: %d losses of power: %d bytes of log, %d transactions and %d messages lost, %d pages spoilt; the messages published again, state and stream as undisturbed",
		n, p.bytes, p.transactions, p.messages, p.pages)
}

// power takes what is not synced, and counts it.
type power struct {
	rng                                  *rand.Rand
	bytes, transactions, messages, pages int

	logged   [8]byte // the generation of the log that the last loss left, and how much of it
	survived int
}

// lose takes what is not synced from a killed child's folder and adds the ids
// of messages that the stream lost.
func (p *power) lose(t *testing.T, dir string, lost map[string]bool) {
	t.Helper()
	block := lastBlock(t, dir)
	rows := p.loseLog(t, dir, block, lost)
	if len(block.records) == 0 || rows == nil {
		return
	}
	first := len(block.records) // the messages from here on may be unsynced: nothing was done because they are
	for first > 0 && rows[block.records[first-1].id] {
		first--
	}
	from := block.end
	if first < len(block.records) {
		from = block.records[first].at
	}
	cut := from + p.rng.IntN(len(block.data)-from+1)
	for _, r := range block.records[first:] {
		if r.at+r.size > cut {
			p.messages++
			lost[r.id] = true
		}
	}
	p.write(t, block.name, block.data, cut)
	if p.rng.IntN(2) == 0 {
		if err := os.Remove(filepath.Join(filepath.Dir(block.name), "index.db")); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
}

// write writes a file as a loss of power may leave it: right up to a point and
// then cut off, zeros, or anything.
func (p *power) write(t *testing.T, name string, data []byte, cut int) {
	t.Helper()
	after := slices.Clone(data)
	switch p.rng.IntN(3) {
	case 0:
		after = after[:cut]
	case 1:
		clear(after[cut:])
	default:
		for i := cut; i < len(after); i++ {
			after[i] = byte(p.rng.Uint32())
		}
	}
	if err := os.WriteFile(name, after, 0o600); err != nil {
		t.Fatal(err)
	}
}

// loseLog takes the last transaction of SQLite's log, where nothing tells that
// it is synced, and what follows it. It returns the ids that the outbox holds
// then, nil when there is no database yet.
func (p *power) loseLog(t *testing.T, dir string, block block, lost map[string]bool) map[string]bool {
	t.Helper()
	db := filepath.Join(dir, "bulwark.db")
	if err := os.Remove(db + "-shm"); err != nil && !os.IsNotExist(err) { // is never synced
		t.Fatal(err)
	}
	log, err := os.ReadFile(db + "-wal")
	if os.IsNotExist(err) || err == nil && len(log) < logHeader {
		return nil // killed before the first transaction, or between them at the very end
	}
	if err != nil {
		t.Fatal(err)
	}
	frames := logFrames(log)
	synced, end := logHeader, logHeader // the ends of the last transaction but one, and of the last
	for _, f := range frames {
		if f.commit {
			synced, end = end, f.end
		}
	}
	if p.logged == [8]byte(log[16:24]) && p.survived >= end { // an earlier loss left it: it is on the disk
		synced = end
	}
	full := outboxOf(t, dir, log)
	cut := synced + p.rng.IntN(len(log)-synced+1)
	rows := full
	if cut < end {
		rows = outboxOf(t, dir, log[:synced])
		if block.tells(lost, full, rows) {
			cut, rows = end+p.rng.IntN(len(log)-end+1), full
		} else {
			p.transactions++
		}
	}
	p.bytes += len(log) - cut
	p.logged, p.survived = [8]byte(log[16:24]), min(cut, end)
	p.spoil(t, db, frames, min(cut, end))
	p.write(t, db+"-wal", log, cut)
	return rows
}

// tells reports whether the stream holds, or held and lost, a message whose row
// only the last transaction wrote, which therefore is synced.
func (b block) tells(lost, with, without map[string]bool) bool {
	for id := range with {
		if !without[id] && (lost[id] || slices.ContainsFunc(b.records, func(r record) bool { return r.id == id })) {
			return true
		}
	}
	return false
}

// spoil writes anything over pages of the database that the log up to its cut
// holds: a checkpoint may have been writing them.
func (p *power) spoil(t *testing.T, db string, frames []logFrame, cut int) {
	t.Helper()
	data, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	committed := 0
	for i, f := range frames {
		if f.commit && f.end <= cut {
			committed = i + 1
		}
	}
	spoilt := map[int]bool{}
	for _, f := range frames[:committed] {
		from := (f.page - 1) * f.size
		if f.page == 1 || from+f.size > len(data) || spoilt[f.page] || p.rng.IntN(2) == 0 { // page 1 has the size of pages, which stays
			continue
		}
		spoilt[f.page] = true
		for i := from; i < from+f.size; i++ {
			data[i] = byte(p.rng.Uint32())
		}
	}
	p.pages += len(spoilt)
	if err := os.WriteFile(db, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// outboxOf returns the ids in the outbox of a copy of the database with a log.
func outboxOf(t *testing.T, dir string, log []byte) map[string]bool {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "bulwark.db"))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "bulwark.db")
	for file, content := range map[string][]byte{name: data, name + "-wal": log} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	st, err := store.Open(t.Context(), name, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	list, err := st.Outbox(t.Context(), 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, m := range list {
		ids[m.ID] = true
	}
	return ids
}

// logFrame is a valid frame of SQLite's log; its format is published as "WAL
// file format".
type logFrame struct {
	page, size int // number from 1, bytes
	end        int // where the next begins
	commit     bool
}

const logHeader, frameHeader = 32, 24

func logFrames(log []byte) []logFrame {
	be := binary.BigEndian
	var order binary.ByteOrder = binary.LittleEndian
	if be.Uint32(log)&1 == 1 {
		order = be
	}
	size := int(be.Uint32(log[8:]))
	sum := logSum([2]uint32{}, order, log[:24])
	var frames []logFrame
	for at := logHeader; at+frameHeader+size <= len(log); at += frameHeader + size {
		h := log[at : at+frameHeader]
		sum = logSum(sum, order, h[:8])
		sum = logSum(sum, order, log[at+frameHeader:at+frameHeader+size])
		if !bytes.Equal(h[8:16], log[16:24]) || be.Uint32(h[16:]) != sum[0] || be.Uint32(h[20:]) != sum[1] {
			break
		}
		frames = append(frames, logFrame{int(be.Uint32(h)), size, at + frameHeader + size, be.Uint32(h[4:]) != 0})
	}
	return frames
}

func logSum(s [2]uint32, order binary.ByteOrder, data []byte) [2]uint32 {
	for i := 0; i+8 <= len(data); i += 8 {
		s[0] += order.Uint32(data[i:]) + s[1]
		s[1] += order.Uint32(data[i+4:]) + s[0]
	}
	return s
}

// block is the stream's last file of messages.
type block struct {
	name    string
	data    []byte
	records []record
	end     int // of the last whole record
}

type record struct {
	id       string
	at, size int
}

// lastBlock is the stream's last file of events, which power may be lost in; it
// is empty when there is none.
func lastBlock(t *testing.T, dir string) block {
	t.Helper()
	list := blocks(t, dir)
	if len(list) == 0 {
		return block{}
	}
	return list[len(list)-1]
}

// blocks reads the stream's files of events in their order: the stream begins
// another where it finds the last one damaged. A record is its length with a
// flag in the highest bit, its number, its time, and the length of its subject;
// subject, headers, data and digest follow.
func blocks(t *testing.T, dir string) []block {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "stream", "jetstream", "*", "streams", "bulwark-events", "msgs", "*.blk"))
	if err != nil {
		t.Fatal(err)
	}
	number := func(name string) (n int) { _, _ = fmt.Sscanf(filepath.Base(name), "%d.blk", &n); return n }
	slices.SortFunc(names, func(a, b string) int { return number(a) - number(b) })
	var list []block
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, readBlock(name, data))
	}
	return list
}

func readBlock(name string, data []byte) block {
	b := block{name: name, data: data}
	const header = 22
	for b.end+header <= len(data) {
		size := int(binary.LittleEndian.Uint32(data[b.end:]) &^ (1 << 31))
		if size < header || b.end+size > len(data) {
			break
		}
		_, rest, _ := bytes.Cut(data[b.end:b.end+size], []byte("Nats-Msg-Id: "))
		id, _, _ := bytes.Cut(rest, []byte("\r\n"))
		b.records = append(b.records, record{string(id), b.end, size})
		b.end += size
	}
	return b
}
