package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/klauspost/compress/dict"
	"github.com/klauspost/compress/zstd"

	"github.com/bulwarksec/bulwark"
)

// The kinds of dictionary: of configurations and of evidence.
const (
	dictConfig = iota
	dictEvidence
	dictKinds
)

// codec packs configurations and evidence by zstd with dictionaries trained
// from the first that are stored. A dictionary stays for ever; its id stands in
// each frame.
type codec struct {
	mu      sync.RWMutex
	decode  *zstd.Decoder
	encode  [dictKinds]*zstd.Encoder
	trained [dictKinds]bool
	samples [dictKinds][][]byte
	have    map[uint32]bool
	dicts   [][]byte
}

const (
	trainWith = 256 // samples
	dictSize  = 16 << 10
	maxConfig = 256 << 20 // bytes that a packed configuration may unpack to
)

// reload reads the dictionaries.
func (c *codec) reload(ctx context.Context, q querier) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.have, c.dicts = map[uint32]bool{}, nil
	newest := [dictKinds][]byte{}
	err := each(ctx, q, "SELECT id, kind, data FROM dictionaries ORDER BY id", nil, func(r rows) error {
		var id, kind int64
		var data []byte
		if err := r.Scan(&id, &kind, &data); err != nil {
			return err
		}
		c.have[uint32(id)], c.dicts = true, append(c.dicts, data)
		if kind >= 0 && kind < dictKinds && newest[kind] == nil {
			newest[kind] = data
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.rebuild(newest)
}

// rebuild makes the coders; it is called with the lock held.
func (c *codec) rebuild(dicts [dictKinds][]byte) error {
	decode, err := zstd.NewReader(nil, zstd.WithDecoderDicts(c.dicts...), zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxConfig))
	if err != nil {
		return fmt.Errorf("make decoder: %w", err)
	}
	c.decode = decode
	for kind, d := range dicts {
		opts := []zstd.EOption{zstd.WithEncoderConcurrency(2), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(1 << 20), zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true)}
		if d != nil {
			opts = append(opts, zstd.WithEncoderDict(d))
			c.trained[kind] = true
		}
		if c.encode[kind], err = zstd.NewWriter(nil, opts...); err != nil {
			return fmt.Errorf("make encoder: %w", err)
		}
	}
	return nil
}

// pack compresses; nothing stays nothing.
func (c *codec) pack(kind int, data []byte) []byte {
	if len(data) == 0 {
		return []byte{}
	}
	c.mu.RLock()
	e := c.encode[kind]
	c.mu.RUnlock()
	return e.EncodeAll(data, make([]byte, 0, len(data)/3+32))
}

func (c *codec) unpack(data []byte) ([]byte, error) {
	if len(data) == 0 {
		return nil, nil
	}
	c.mu.RLock()
	d := c.decode
	c.mu.RUnlock()
	return d.DecodeAll(data, make([]byte, 0, 4*len(data)))
}

// unpack returns what a column holds, reading dictionaries again when another
// process has trained one since.
func (s *Store) unpack(ctx context.Context, data []byte) ([]byte, error) {
	var h zstd.Header
	if len(data) > 0 && h.Decode(data) == nil && h.DictionaryID != 0 {
		s.codec.mu.RLock()
		known := s.codec.have[h.DictionaryID]
		s.codec.mu.RUnlock()
		if !known {
			if err := s.codec.reload(ctx, s.r); err != nil {
				return nil, err
			}
		}
	}
	out, err := s.codec.unpack(data)
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	return out, nil
}

// train collects samples and, when there are enough, makes and stores a
// dictionary.
func (s *Store) train(ctx context.Context, kind int, samples [][]byte) error {
	c := &s.codec
	c.mu.Lock()
	if c.trained[kind] {
		c.mu.Unlock()
		return nil
	}
	for _, d := range samples {
		if len(d) >= 8 && len(c.samples[kind]) < 2*trainWith {
			c.samples[kind] = append(c.samples[kind], d)
		}
	}
	if len(c.samples[kind]) < trainWith {
		c.mu.Unlock()
		return nil
	}
	list := c.samples[kind]
	c.samples[kind], c.trained[kind] = nil, true
	c.mu.Unlock()
	id := uint32(32768 + kind + dictKinds*int(s.now()%10_000_000))
	data := makeDict(id, list)
	if data == nil {
		s.log.Warn("no dictionary trained: stored data takes more room", "kind", kind)
		return nil
	}
	err := s.write(ctx, func(ctx context.Context, c conn) error {
		return c.exec(ctx, "INSERT INTO dictionaries (id, kind, data) VALUES ($1, $2, $3)", int64(id), int64(kind), data)
	})
	if err != nil {
		return fmt.Errorf("store dictionary: %w", err)
	}
	return c.reload(ctx, s.r)
}

// makeDict trains a dictionary, nil where the samples do not lend themselves.
func makeDict(id uint32, samples [][]byte) (data []byte) {
	defer func() {
		if recover() != nil { // the trainer's own arithmetic on odd samples
			data = nil
		}
	}()
	data, err := dict.BuildZstdDict(samples, dict.Options{MaxDictSize: dictSize, HashBytes: 6, ZstdDictID: id, ZstdLevel: zstd.SpeedFastest})
	if err != nil {
		return nil
	}
	if _, err := zstd.NewReader(nil, zstd.WithDecoderDicts(data)); err != nil {
		return nil
	}
	return data
}

// rest is what an asset has beside its values and the columns of its row.
type rest struct {
	Name         string                `json:"n,omitempty"`
	Relations    []bulwark.Relation    `json:"r,omitempty"`
	Aliases      []string              `json:"a,omitempty"`
	Position     *bulwark.Position     `json:"p,omitempty"`
	Declarations []bulwark.Declaration `json:"d,omitempty"`
	Suppressions []bulwark.Suppression `json:"s,omitempty"`
}

// encodeBody returns an asset's values and the rest as one text, and apart its
// positions.
func encodeBody(a *bulwark.Asset) (body, positions []byte, err error) {
	body = appendFramed(make([]byte, 0, 4096), a.Properties)
	body = appendFramed(body, a.Observed)
	r := rest{Name: clean(a.Name), Relations: a.Relations, Aliases: a.Aliases, Declarations: a.Declarations, Suppressions: a.Suppressions}
	if a.Position.File != "" {
		r.Position = &a.Position
	}
	tail, err := json.Marshal(r)
	if err != nil {
		return nil, nil, err
	}
	return append(body, tail...), bulwark.AppendPositions(nil, a.Properties), nil
}

// appendFramed appends a value's JSON after its length in four bytes; nothing
// for an absent value.
func appendFramed(dst []byte, v bulwark.Value) []byte {
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	if !v.IsAbsent() {
		dst = bulwark.AppendJSON(dst, v)
	}
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}

func takeFramed(data []byte) (frame, tail []byte, err error) {
	if len(data) < 4 {
		return nil, nil, fmt.Errorf("configuration is cut short")
	}
	n := int(binary.BigEndian.Uint32(data))
	if n > len(data)-4 {
		return nil, nil, fmt.Errorf("configuration is cut short")
	}
	return data[4 : 4+n], data[4+n:], nil
}

// decodeBody fills an asset whose ID is set from what encodeBody returned.
func decodeBody(a *bulwark.Asset, body, positions []byte, names *bulwark.Names) error {
	props, body, err := takeFramed(body)
	if err != nil {
		return err
	}
	observed, tail, err := takeFramed(body)
	if err != nil {
		return err
	}
	opts := bulwark.DecodeOptions{Names: names, Asset: a.ID, Marks: true, Limits: bulwark.Limits{Bytes: maxConfig, Nodes: 1 << 27, Depth: 4096}}
	if len(props) > 0 {
		if a.Properties, err = bulwark.DecodeJSON(props, opts); err != nil {
			return err
		}
		if len(positions) > 0 {
			if a.Properties, err = bulwark.WithPositions(a.Properties, positions); err != nil {
				return err
			}
		}
	}
	if len(observed) > 0 {
		if a.Observed, err = bulwark.DecodeJSON(observed, opts); err != nil {
			return err
		}
	}
	var r rest
	if err := json.Unmarshal(tail, &r); err != nil {
		return err
	}
	a.Name, a.Relations, a.Aliases, a.Declarations, a.Suppressions = r.Name, r.Relations, r.Aliases, r.Declarations, r.Suppressions
	if r.Position != nil {
		a.Position = *r.Position
	}
	return nil
}

// sumOf is a digest of texts in 8 bytes, for comparing with what is stored.
func sumOf(list ...[]byte) int64 {
	h := sha256.New()
	var n [4]byte
	for _, b := range list {
		binary.BigEndian.PutUint32(n[:], uint32(len(b)))
		h.Write(n[:])
		h.Write(b)
	}
	var sum [sha256.Size]byte
	return int64(binary.BigEndian.Uint64(h.Sum(sum[:0])))
}

// diff returns what makes old out of new.
func diff(old, new []byte) ([]byte, error) {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderDictRaw(1, new), zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithWindowSize(window(len(old)+len(new))), zstd.WithEncoderCRC(true), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, err
	}
	return e.EncodeAll(old, nil), e.Close()
}

// patch returns old from new and their diff.
func patch(new, diff []byte) ([]byte, error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderDictRaw(1, new), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxConfig))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.DecodeAll(diff, nil)
}

// window is the power of two that holds n bytes, within what zstd allows.
func window(n int) int {
	w := zstd.MinWindowSize
	for w < n && w < 32<<20 {
		w *= 2
	}
	return w
}
