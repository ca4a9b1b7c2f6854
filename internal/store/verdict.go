package store

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/bulwarksec/bulwark"
)

// packStates writes two bits a check, four to a byte.
func packStates(list []bulwark.Assessment) []byte {
	out := make([]byte, (len(list)+3)/4)
	for i, a := range list {
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

// evidenceWriter packs why assessments are unhealthy or unknown.
type evidenceWriter struct{ buf []byte }

func (w *evidenceWriter) num(n int) { w.buf = binary.AppendUvarint(w.buf, uint64(max(n, 0))) }
func (w *evidenceWriter) str(s string) {
	s = clean(s)
	w.num(len(s))
	w.buf = append(w.buf, s...)
}

func (w *evidenceWriter) pos(p bulwark.Position) {
	w.str(p.File)
	if p.File == "" {
		return
	}
	w.num(p.Line)
	w.num(p.EndLine)
	w.num(len(p.Via))
	for _, via := range p.Via {
		w.str(via)
	}
}

// packEvidence writes the evidence of the assessments that have some, each
// after its number + 1.
func packEvidence(asset string, list []bulwark.Assessment) []byte {
	var w evidenceWriter
	for i, a := range list {
		if a.State != bulwark.Unhealthy && a.State != bulwark.Undetermined {
			continue
		}
		w.num(i + 1)
		w.str(a.Because)
		w.num(len(a.Evidence))
		for _, e := range a.Evidence {
			if e.Asset == asset {
				w.str("")
			} else {
				w.str(e.Asset)
			}
			w.str(e.Path)
			w.str(e.Value)
			w.str(e.Reason)
			w.pos(e.Position)
		}
		w.num(len(a.Instances))
		for _, in := range a.Instances {
			w.str(in.Key)
			w.str(in.Path)
			w.pos(in.Location)
		}
	}
	return w.buf
}

type evidenceReader struct {
	data []byte
	bad  bool
}

func (r *evidenceReader) num() int {
	n, size := binary.Uvarint(r.data)
	if size <= 0 || n > 1<<31 {
		r.bad, r.data = true, nil
		return 0
	}
	r.data = r.data[size:]
	return int(n)
}

// count is num, of things that take at least a byte each.
func (r *evidenceReader) count() int {
	n := r.num()
	if n > len(r.data) {
		r.bad, r.data = true, nil
		return 0
	}
	return n
}

func (r *evidenceReader) str() string {
	n := r.count()
	s := string(r.data[:n])
	r.data = r.data[n:]
	return s
}

func (r *evidenceReader) pos() (p bulwark.Position) {
	if p.File = r.str(); p.File == "" {
		return p
	}
	p.Line, p.EndLine = r.num(), r.num()
	for range r.count() {
		p.Via = append(p.Via, r.str())
	}
	return p
}

var errEvidence = errors.New("evidence is damaged")

// fillEvidence adds packed evidence to assessments.
func fillEvidence(data []byte, asset string, list []bulwark.Assessment) error {
	r := evidenceReader{data: data}
	for len(r.data) > 0 {
		i := r.num() - 1
		var a bulwark.Assessment
		a.Because = r.str()
		for range r.count() {
			e := bulwark.Evidence{Asset: r.str(), Path: r.str(), Value: r.str(), Reason: r.str()}
			if e.Asset == "" {
				e.Asset = asset
			}
			e.Position = r.pos()
			a.Evidence = append(a.Evidence, e)
		}
		for range r.count() {
			in := bulwark.Instance{Key: r.str(), Path: r.str()}
			in.Location = r.pos()
			a.Instances = append(a.Instances, in)
		}
		if r.bad || i < 0 || i >= len(list) {
			return errEvidence
		}
		list[i].Because, list[i].Evidence, list[i].Instances = a.Because, a.Evidence, a.Instances
	}
	return nil
}

// asksOf returns the hashes of the queries that a verdict rests on, sorted,
// other than of the asset itself. An asset also rests on its controllers,
// whose verdict it inherits.
func asksOf(a *bulwark.Asset, list []bulwark.Assessment) []int64 {
	own := "asset:" + a.ID
	var out []int64
	seen := map[string]bool{}
	add := func(q string) {
		if q != own && !seen[q] {
			seen[q] = true
			out = append(out, hash64(q))
		}
	}
	for _, as := range list {
		for _, q := range as.Queries {
			if q == own {
				continue
			}
			add(q)
		}
	}
	for _, r := range a.Relations {
		if r.Name == bulwark.RelController && r.Target != "" {
			add("asset:" + r.Target)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func packHashes(list []int64) []byte {
	out := make([]byte, 0, 8*len(list))
	for _, h := range list {
		out = binary.BigEndian.AppendUint64(out, uint64(h))
	}
	return out
}

func unpackHashes(data []byte) []int64 {
	out := make([]int64, 0, len(data)/8)
	for len(data) >= 8 {
		out = append(out, int64(binary.BigEndian.Uint64(data)))
		data = data[8:]
	}
	return out
}

// until returns the earliest instant of a verdict in milliseconds, rounded up
// so that the answer has changed by then; 0 is never.
func until(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Add(time.Millisecond - 1).UnixMilli()
}
