package store

import (
	"encoding/json"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"github.com/bulwarksec/bulwark"
)

// record is what is kept of an asset beside its columns.
type record struct {
	Properties   json.RawMessage       `json:"p,omitempty"`
	Observed     json.RawMessage       `json:"o,omitempty"`
	Places       []byte                `json:"l,omitempty"` // positions of Properties
	ObservedAt   []byte                `json:"m,omitempty"` // positions of Observed
	Relations    []bulwark.Relation    `json:"r,omitempty"`
	Aliases      []string              `json:"a,omitempty"`
	Position     *bulwark.Position     `json:"at,omitempty"`
	Declarations []bulwark.Declaration `json:"d,omitempty"`
	Suppressions []bulwark.Suppression `json:"s,omitempty"`
}

func encodeRecord(a *bulwark.Asset) ([]byte, error) {
	r := record{Relations: a.Relations, Aliases: a.Aliases, Declarations: a.Declarations, Suppressions: a.Suppressions}
	if a.Position.File != "" {
		r.Position = &a.Position
	}
	if a.Properties.Doc() != nil {
		r.Properties = bulwark.AppendJSON(nil, a.Properties)
		r.Places = bulwark.AppendPositions(nil, a.Properties)
	}
	if a.Observed.Doc() != nil {
		r.Observed = bulwark.AppendJSON(nil, a.Observed)
		r.ObservedAt = bulwark.AppendPositions(nil, a.Observed)
	}
	return json.Marshal(r)
}

// decodeRecord fills an asset from what encodeRecord wrote.
func (s *Store) decodeRecord(data []byte, a *bulwark.Asset) error {
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return fmt.Errorf("store: asset %s: %w", a.ID, err)
	}
	a.Relations, a.Aliases, a.Declarations, a.Suppressions = r.Relations, r.Aliases, r.Declarations, r.Suppressions
	if r.Position != nil {
		a.Position = *r.Position
	}
	var err error
	if a.Properties, err = s.decodeValue(r.Properties, r.Places, a.ID); err != nil {
		return err
	}
	a.Observed, err = s.decodeValue(r.Observed, r.ObservedAt, a.ID)
	return err
}

func (s *Store) decodeValue(data, places []byte, id string) (bulwark.Value, error) {
	if len(data) == 0 {
		return bulwark.Value{}, nil
	}
	v, err := bulwark.DecodeJSON(data, bulwark.DecodeOptions{Names: s.opts.Names, Asset: id, Marks: true})
	if err != nil {
		return v, fmt.Errorf("store: asset %s: %w", id, err)
	}
	return bulwark.WithPositions(v, places)
}

func (s *Store) pack(data []byte) []byte { return s.enc.EncodeAll(data, nil) }

func (s *Store) unpack(data []byte) ([]byte, error) {
	if len(data) == 0 {
		return nil, nil
	}
	out, err := s.dec.DecodeAll(data, nil)
	if err != nil {
		return nil, fmt.Errorf("store: unpack: %w", err)
	}
	return out, nil
}

// packAgainst compresses data with next as its dictionary: a reverse diff,
// since what the two share costs next to nothing.
func packAgainst(data, next []byte) ([]byte, error) {
	if len(next) < 8 {
		next = make([]byte, 8)
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderDictRaw(1, next), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer enc.Close()
	return enc.EncodeAll(data, nil), nil
}

func unpackAgainst(data, next []byte) ([]byte, error) {
	if len(next) < 8 {
		next = make([]byte, 8)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderDictRaw(1, next), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		return nil, err
	}
	defer dec.Close()
	return dec.DecodeAll(data, nil)
}

// packStates packs states two bits each.
func packStates(states []bulwark.Assessment) []byte {
	out := make([]byte, (len(states)+3)/4)
	for i, a := range states {
		out[i/4] |= byte(a.State&3) << (i % 4 * 2)
	}
	return out
}

func unpackStates(data []byte, n int) []bulwark.State {
	out := make([]bulwark.State, n)
	for i := range out {
		if i/4 < len(data) {
			out[i] = bulwark.State(data[i/4] >> (i % 4 * 2) & 3)
		}
	}
	return out
}
