package expr

import (
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"reflect"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

var (
	quantityType = cel.ObjectType("bulwark.quantity")
	versionType  = cel.ObjectType("bulwark.version")
	ipType       = cel.ObjectType("bulwark.ip")
	cidrType     = cel.ObjectType("bulwark.cidr")
)

// opaque makes the rest of a ref.Val.
type opaque struct{ typ *types.Type }

func (o opaque) ConvertToNative(reflect.Type) (any, error) {
	return nil, errors.New("expr: no native form")
}
func (o opaque) Type() ref.Type { return o.typ }

// quantity is a Kubernetes quantity: 500m, 1Gi, 0.5.
type quantity struct {
	opaque
	n    *big.Rat
	text string
}

func (q quantity) Value() any                       { return q }
func (q quantity) String() string                   { return q.text }
func (q quantity) ConvertToType(t ref.Type) ref.Val { return convertText(q, q.text, t) }
func (q quantity) Equal(o ref.Val) ref.Val {
	x, ok := o.(quantity)
	return types.Bool(ok && q.n.Cmp(x.n) == 0)
}
func (q quantity) order(o any) (int, tri) {
	x, ok := o.(quantity)
	if !ok {
		return 0, unsure
	}
	return q.n.Cmp(x.n), yes
}

var quantitySuffix = map[string]*big.Rat{
	"n": big.NewRat(1, 1e9), "u": big.NewRat(1, 1e6), "m": big.NewRat(1, 1e3), "": big.NewRat(1, 1),
	"k": big.NewRat(1e3, 1), "M": big.NewRat(1e6, 1), "G": big.NewRat(1e9, 1), "T": big.NewRat(1e12, 1), "P": big.NewRat(1e15, 1), "E": big.NewRat(1e18, 1),
	"Ki": big.NewRat(1<<10, 1), "Mi": big.NewRat(1<<20, 1), "Gi": big.NewRat(1<<30, 1), "Ti": big.NewRat(1<<40, 1), "Pi": big.NewRat(1<<50, 1), "Ei": big.NewRat(1<<60, 1),
}

// parseQuantity reads the serialisation of Kubernetes' resource quantities:
// a decimal number with a binary, decimal or exponent suffix.
func parseQuantity(s string) (ref.Val, error) {
	bad := fmt.Errorf("%q is no quantity", s)
	end := strings.LastIndexAny(s, "0123456789.") + 1
	number, suffix := s[:end], s[end:]
	scale := quantitySuffix[suffix]
	mantissa, exponent, hasExponent := strings.Cut(strings.ToLower(number), "e")
	if scale == nil || mantissa == "" || strings.ContainsAny(mantissa, "_/xpb") || hasExponent && (len(strings.TrimLeft(exponent, "+-")) > 2 || suffix != "") {
		return nil, bad
	}
	n, ok := new(big.Rat).SetString(number)
	if !ok {
		return nil, bad
	}
	return quantity{opaque{quantityType}, n.Mul(n, scale), s}, nil
}

// version is a dotted version, ordered number by number; a pre-release comes
// before its release.
type version struct {
	opaque
	parts []string
	pre   string
	text  string
}

func (v version) Value() any                       { return v }
func (v version) String() string                   { return v.text }
func (v version) ConvertToType(t ref.Type) ref.Val { return convertText(v, v.text, t) }
func (v version) Equal(o ref.Val) ref.Val {
	c, ok := v.order(o)
	return types.Bool(ok == yes && c == 0)
}
func (v version) order(o any) (int, tri) {
	w, ok := o.(version)
	if !ok {
		return 0, unsure
	}
	for i := range max(len(v.parts), len(w.parts)) {
		if c := comparePart(part(v.parts, i), part(w.parts, i)); c != 0 {
			return c, yes
		}
	}
	switch {
	case v.pre == w.pre:
		return 0, yes
	case v.pre == "":
		return 1, yes
	case w.pre == "":
		return -1, yes
	}
	x, y := strings.Split(v.pre, "."), strings.Split(w.pre, ".")
	for i := range max(len(x), len(y)) {
		if i >= len(x) || i >= len(y) {
			return len(x) - len(y), yes
		}
		if c := comparePart(x[i], y[i]); c != 0 {
			return c, yes
		}
	}
	return 0, yes
}

func part(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "0"
}

// comparePart orders numbers by value and before words, words as texts.
func comparePart(a, b string) int {
	na, nb := isDigits(a), isDigits(b)
	if na && nb {
		a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	}
	if na != nb {
		return either(na, -1, 1)
	}
	return strings.Compare(a, b)
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func parseVersion(s string) (ref.Val, error) {
	t := strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(s), "v"), "V")
	t, _, _ = strings.Cut(t, "+")
	t, pre, _ := strings.Cut(t, "-")
	parts := strings.Split(t, ".")
	if !isDigits(parts[0]) {
		return nil, fmt.Errorf("%q is no version", s)
	}
	return version{opaque{versionType}, parts, pre, s}, nil
}

// ipVal is an address, cidrVal a network.
type ipVal struct {
	opaque
	a netip.Addr
}

func (v ipVal) Value() any                       { return v }
func (v ipVal) String() string                   { return v.a.String() }
func (v ipVal) ConvertToType(t ref.Type) ref.Val { return convertText(v, v.a.String(), t) }
func (v ipVal) Equal(o ref.Val) ref.Val {
	x, ok := o.(ipVal)
	return types.Bool(ok && x.a == v.a)
}

type cidrVal struct {
	opaque
	p netip.Prefix
}

func (v cidrVal) Value() any                       { return v }
func (v cidrVal) String() string                   { return v.p.String() }
func (v cidrVal) ConvertToType(t ref.Type) ref.Val { return convertText(v, v.p.String(), t) }
func (v cidrVal) Equal(o ref.Val) ref.Val {
	x, ok := o.(cidrVal)
	return types.Bool(ok && x.p == v.p)
}

func convertText(v ref.Val, text string, t ref.Type) ref.Val {
	if t == types.StringType {
		return types.String(text)
	}
	return convert(v, t)
}

func parseIP(s string) (ref.Val, error) {
	a, err := netip.ParseAddr(strings.TrimSpace(s))
	if err != nil || a.Zone() != "" {
		return nil, fmt.Errorf("%q is no address", s)
	}
	return ipVal{opaque{ipType}, a.Unmap()}, nil
}

// parseCIDR reads a network, or an address as a network of one.
func parseCIDR(s string) (ref.Val, error) {
	s = strings.TrimSpace(s)
	p, err := netip.ParsePrefix(s)
	if err != nil {
		a, aerr := netip.ParseAddr(s)
		if aerr != nil || a.Zone() != "" {
			return nil, fmt.Errorf("%q is no network", s)
		}
		p = netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen())
	}
	return cidrVal{opaque{cidrType}, p.Masked()}, nil
}

// private are the networks that are not routed on the public Internet
// (IANA special-purpose address registries, RFC 6890).
var private = func() (list []netip.Prefix) {
	for _, s := range []string{"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
		"192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"::1/128", "::/128", "100::/64", "2001:db8::/32", "fc00::/7", "fe80::/10", "ff00::/8"} {
		list = append(list, netip.MustParsePrefix(s))
	}
	return list
}()

// isPublic reports whether any address of a network is public: it lies in no
// private network.
func isPublic(p netip.Prefix) bool {
	for _, q := range private {
		if q.Bits() <= p.Bits() && q.Contains(p.Addr()) {
			return false
		}
	}
	return true
}

func family(a netip.Addr) types.Int {
	if a.Is4() {
		return 4
	}
	return 6
}

func networkMethods() []cel.EnvOption {
	bad := func(ref.Val) ref.Val { return types.NewErr("not an address") }
	onCIDR := func(f func(p netip.Prefix) ref.Val) func(ref.Val) ref.Val {
		return func(v ref.Val) ref.Val {
			if c, ok := v.(cidrVal); ok {
				return f(c.p)
			}
			return bad(v)
		}
	}
	onIP := func(f func(a netip.Addr) ref.Val) func(ref.Val) ref.Val {
		return func(v ref.Val) ref.Val {
			if i, ok := v.(ipVal); ok {
				return f(i.a)
			}
			return bad(v)
		}
	}
	return []cel.EnvOption{
		method("isPublic", cidrType, cel.BoolType, onCIDR(func(p netip.Prefix) ref.Val { return types.Bool(isPublic(p)) })),
		method("isPublic", ipType, cel.BoolType, onIP(func(a netip.Addr) ref.Val { return types.Bool(isPublic(netip.PrefixFrom(a, a.BitLen()))) })),
		method("family", cidrType, cel.IntType, onCIDR(func(p netip.Prefix) ref.Val { return family(p.Addr()) })),
		method("family", ipType, cel.IntType, onIP(func(a netip.Addr) ref.Val { return family(a) })),
		method("prefixLength", cidrType, cel.IntType, onCIDR(func(p netip.Prefix) ref.Val { return types.Int(p.Bits()) })),
	}
}

// cidrContains reports whether the first network holds all of the second.
func cidrContains(r *Run, a, b val) val {
	read := parsed("network", parseCIDR)
	x, y := read(r, a), read(r, b)
	if x.class() == cUnknown {
		return x
	}
	p, ok := x.r.(cidrVal)
	q, okq := y.r.(cidrVal)
	if ip, isIP := y.r.(ipVal); isIP {
		q, okq = cidrVal{opaque{cidrType}, netip.PrefixFrom(ip.a, ip.a.BitLen())}, true
	}
	if !ok || !okq {
		return wrong("cidrContains", y)
	}
	return val{r: types.Bool(p.p.Bits() <= q.p.Bits() && p.p.Contains(q.p.Addr()))}
}

// isOpenToInternet reports whether a text names every address: 0.0.0.0/0 or
// ::/0, or a shorthand of theirs. An absent one does not.
func isOpenToInternet(r *Run, a val) val {
	switch a.class() {
	case cAbsent, cNull:
		return val{r: types.False}
	case cSymbolic:
		prefix, suffix := literalEnds(a.v)
		if prefix != "" && !strings.HasPrefix("0.0.0.0/0", prefix) && !strings.HasPrefix("::/0", prefix) || suffix != "" && !strings.HasSuffix("0.0.0.0/0", suffix) && !strings.HasSuffix("::/0", suffix) {
			return val{r: types.False}
		}
		if isMade(a.v.Parts()) {
			return val{r: types.False}
		}
		return errVal("a network known only once deployed")
	case cOther:
		c, ok := a.r.(cidrVal)
		return val{r: types.Bool(ok && c.p.Bits() == 0)}
	case cString:
		p, err := netip.ParsePrefix(strings.TrimSpace(a.text()))
		return val{r: types.Bool(err == nil && p.Bits() == 0)}
	}
	return wrong("isOpenToInternet", a)
}
