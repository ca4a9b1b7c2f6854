package bulwark

import "encoding/binary"

// NameID is an index in a Names table.
type NameID uint32

// Names is an immutable table of property names: those that type files list.
// Documents decoded with one table share its ids, so that an engine compares
// integers. All other keys stay local to their document, so the table cannot
// be made to grow by hostile input. A nil Names has no names.
type Names struct {
	list  []string
	slots []uint32 // open addressing; id+1, 0 is free
}

// NewNames returns a table of the given names, without duplicates and in
// order. The list is copied.
func NewNames(list []string) *Names {
	n := &Names{slots: make([]uint32, tableSize(len(list)))}
	for _, s := range list {
		if _, ok := n.ID(s); ok {
			continue
		}
		n.list = append(n.list, s)
		i := hashName([]byte(s)) & uint32(len(n.slots)-1)
		for n.slots[i] != 0 {
			i = (i + 1) & uint32(len(n.slots)-1)
		}
		n.slots[i] = uint32(len(n.list))
	}
	return n
}

func tableSize(n int) int {
	size := 16
	for size < 4*n {
		size *= 2
	}
	return size
}

// hashName mixes eight bytes at a time, the last ones overlapping. The constant
// is 2^64 divided by the golden ratio, made odd.
func hashName(s []byte) uint32 {
	const mix = 0x9e3779b97f4a7c15
	h := uint64(len(s)) * mix
	if len(s) < 8 {
		var w uint64
		for _, c := range s {
			w = w<<8 | uint64(c)
		}
		h = (h ^ w) * mix
		return uint32(h >> 32)
	}
	for t := s; len(t) > 8; t = t[8:] {
		h = (h ^ binary.LittleEndian.Uint64(t)) * mix
		h ^= h >> 29
	}
	h = (h ^ binary.LittleEndian.Uint64(s[len(s)-8:])) * mix
	return uint32(h >> 32)
}

// ID returns the id of s in the table, and false when it has none.
func (n *Names) ID(s string) (NameID, bool) { return n.lookup([]byte(s), hashName([]byte(s))) }

func (n *Names) lookup(s []byte, hash uint32) (NameID, bool) {
	if n == nil {
		return 0, false
	}
	mask := uint32(len(n.slots) - 1)
	for i := hash & mask; n.slots[i] != 0; i = (i + 1) & mask {
		if id := n.slots[i] - 1; n.list[id] == string(s) {
			return NameID(id), true
		}
	}
	return 0, false
}

// Len returns the number of names.
func (n *Names) Len() int {
	if n == nil {
		return 0
	}
	return len(n.list)
}

// Name returns the name of an id that the table gave out.
func (n *Names) Name(id NameID) string { return n.list[id] }
