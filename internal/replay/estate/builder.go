package estate

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// builder makes the estate of one time. What it draws depends on the seed and
// on names, never on the order of draws, so that a thing stays what it is while
// others come and go.
type builder struct {
	seed             int64
	from, until, now time.Time
}

const day = 24 * time.Hour

// sum is the digest that all draws are made of.
func (b *builder) sum(parts ...string) [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%d/%s", b.seed, strings.Join(parts, "/")))
}

// ratio draws a number in [0, 1).
func (b *builder) ratio(parts ...string) float64 {
	s := b.sum(parts...)
	return float64(binary.BigEndian.Uint64(s[:])>>11) / (1 << 53)
}

// pick draws one of a list.
func pick[T any](b *builder, list []T, parts ...string) T {
	return list[int(b.ratio(parts...)*float64(len(list)))]
}

// between draws a whole number in [low, high].
func (b *builder) between(low, high int, parts ...string) int {
	return low + int(b.ratio(parts...)*float64(high-low+1))
}

// hex draws n hexadecimal digits, at most 64.
func (b *builder) hex(n int, parts ...string) string {
	s := b.sum(parts...)
	return hex.EncodeToString(s[:])[:n]
}

// uuid draws an identifier in the form of RFC 9562, version 4.
func (b *builder) uuid(parts ...string) string {
	h := b.hex(32, parts...)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:32]
}

// digits draws n decimal digits, the first of which is not 0.
func (b *builder) digits(n int, parts ...string) string {
	s := b.sum(append(parts, "digits")...)
	out := make([]byte, n)
	for i := range out {
		out[i] = '0' + s[i%len(s)]%10
	}
	if out[0] == '0' {
		out[0] = '7'
	}
	return string(out)
}

// at is a part of the history: 0 is its beginning, 1 its end.
func (b *builder) at(part float64) time.Time {
	return b.from.Add(time.Duration(part * float64(b.until.Sub(b.from)))).Truncate(time.Second)
}

// since reports whether a part of the history is over.
func (b *builder) since(part float64) bool { return !b.now.Before(b.at(part)) }

// during reports whether now is within parts of the history.
func (b *builder) during(from, to float64) bool { return b.since(from) && !b.since(to) }

// ago is a time that many days before the history's beginning.
func (b *builder) ago(days int) time.Time {
	return b.from.Add(-time.Duration(days) * day).Truncate(time.Second)
}

// made draws when a thing that is older than the history was made.
func (b *builder) made(name string) time.Time {
	return b.ago(b.between(20, 900, "made", name)).Add(-time.Duration(b.between(0, 86399, "second", name)) * time.Second)
}

// lives reports whether a thing is there, and since when: most are older than
// the history, some come during it, and a few go.
func (b *builder) lives(name string) (time.Time, bool) {
	switch r := b.ratio("lives", name); {
	case r < 0.10:
		born := b.at(0.05 + 0.85*b.ratio("born", name))
		return born, !b.now.Before(born)
	case r < 0.14:
		return b.made(name), !b.since(0.1 + 0.8*b.ratio("dies", name))
	}
	return b.made(name), true
}

// The audit begins when nearly half of the history is told, and its fixes go on
// for as long as a fifth of it.
const (
	audit      = 0.42
	auditFixes = 0.22
)

// slip reports whether a mistake of a kind is made in a thing now. base is about how
// often it is made where the care is 1. Some are there from the beginning, some
// by drift; the audit mends some where people care.
func (b *builder) slip(care float64, kind, name string, base float64) bool {
	if b.ratio("slip", kind, name) >= 1.3*base*care {
		return false
	}
	from, to := -1.0, 2.0
	if r := b.ratio("fate", kind, name); r < 0.2 {
		from = 0.03 + 0.9*b.ratio("drift", kind, name)
	} else if r < 0.2+0.6/max(care, 0.75) {
		to = audit + auditFixes*b.ratio("mend", kind, name)
	}
	return b.during(from, to)
}

// flicker reports whether something that comes and goes after the history is
// there now: half of the time, in turns of a period.
func (b *builder) flicker(name string, period time.Duration) bool {
	if b.now.Before(b.until) {
		return false
	}
	shift := time.Duration(b.ratio("flicker", name) * float64(period))
	return (b.now.Sub(b.until)+shift)/period%2 == 1
}

// p points to a value.
func p[T any](v T) *T { return &v }
