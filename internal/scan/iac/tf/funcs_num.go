package tf

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"net/netip"

	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

func registerNumbers() {
	num := func(name string, n int, f function.Function) fn { return fn{name, n, n, symUnknown, library(f)} }
	register(
		num("abs", 1, stdlib.AbsoluteFunc),
		num("ceil", 1, stdlib.CeilFunc),
		num("floor", 1, stdlib.FloorFunc),
		num("log", 2, stdlib.LogFunc),
		num("parseint", 2, stdlib.ParseIntFunc),
		num("pow", 2, stdlib.PowFunc),
		num("signum", 1, stdlib.SignumFunc),
		fn{"max", 1, -1, symUnknown, library(stdlib.MaxFunc)},
		fn{"min", 1, -1, symUnknown, library(stdlib.MinFunc)},
		fn{"tonumber", 1, 1, symRaw, func(c *call) *Node {
			if c.args[0].Kind == Null || c.args[0].Kind == Unknown {
				return c.args[0]
			}
			return toNumber(c.args[0])
		}},
		fn{"formatdate", 2, 2, symDerive, library(stdlib.FormatDateFunc)},
		fn{"timeadd", 2, 2, symDerive, library(stdlib.TimeAddFunc)},
		fn{"timecmp", 2, 2, symUnknown, timeCompare},
		fn{"timestamp", 0, 0, symRaw, varying},
		fn{"plantimestamp", 0, 0, symRaw, varying},
		fn{"uuid", 0, 0, symRaw, varying},
		fn{"bcrypt", 1, 2, symRaw, varying},
		fn{"rsadecrypt", 2, 2, symRaw, varying},
	)
}

// varying is a function whose result no reading of the code can tell.
func varying(c *call) *Node {
	return unknown("what " + c.fn.name + "() returns is known only when it is run")
}

func registerNetworks() {
	register(
		fn{"cidrhost", 2, 2, symDerive, cidrHost},
		fn{"cidrnetmask", 1, 1, symDerive, cidrNetmask},
		fn{"cidrsubnet", 3, 3, symDerive, cidrSubnet},
		fn{"cidrsubnets", 1, -1, symDerive, cidrSubnets},
	)
}

func (c *call) prefix(i int) (netip.Prefix, *Node) {
	s, ok := c.text(i)
	if !ok {
		return netip.Prefix{}, c.bad(i)
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, failure(fmt.Sprintf("%s: %.60q is no network", c.fn.name, s))
	}
	return p.Masked(), nil
}

func addrInt(a netip.Addr) *big.Int { return new(big.Int).SetBytes(a.AsSlice()) }

func intAddr(v *big.Int, bits int) (netip.Addr, bool) {
	if v.Sign() < 0 || v.BitLen() > bits {
		return netip.Addr{}, false
	}
	return netip.AddrFromSlice(v.FillBytes(make([]byte, bits/8)))
}

func (c *call) whole(i int) (*big.Int, bool) {
	f := c.args[i].number()
	if f == nil || !f.IsInt() || f.MantExp(nil) > 256 {
		return nil, false
	}
	v, _ := f.Int(nil)
	return v, true
}

// cidrHost returns a host's address in a network; negative numbers count from
// its end.
func cidrHost(c *call) *Node {
	p, failed := c.prefix(0)
	if failed != nil {
		return failed
	}
	n, ok := c.whole(1)
	if !ok {
		return c.bad(1)
	}
	bits := p.Addr().BitLen()
	size := new(big.Int).Lsh(big.NewInt(1), uint(bits-p.Bits()))
	if n.Sign() < 0 {
		n = new(big.Int).Add(n, size)
	}
	if n.Sign() < 0 || n.Cmp(size) >= 0 {
		return failure("cidrhost: there is no such host in the network")
	}
	a, ok := intAddr(n.Add(n, addrInt(p.Addr())), bits)
	if !ok {
		return failure("cidrhost: there is no such host in the network")
	}
	return str(a.String())
}

func cidrNetmask(c *call) *Node {
	p, failed := c.prefix(0)
	if failed != nil {
		return failed
	}
	if !p.Addr().Is4() {
		return failure("cidrnetmask: only for IPv4")
	}
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], uint32(uint64(0xffffffff)<<(32-p.Bits())))
	return str(netip.AddrFrom4(b).String())
}

func subnet(p netip.Prefix, newBits int64, n *big.Int) (netip.Prefix, bool) {
	bits := p.Addr().BitLen()
	length := int64(p.Bits()) + newBits
	if newBits < 0 || length > int64(bits) || n.Sign() < 0 || n.BitLen() > int(newBits) {
		return netip.Prefix{}, false
	}
	off := new(big.Int).Lsh(n, uint(int64(bits)-length))
	a, ok := intAddr(off.Add(off, addrInt(p.Addr())), bits)
	return netip.PrefixFrom(a, int(length)), ok
}

func cidrSubnet(c *call) *Node {
	p, failed := c.prefix(0)
	if failed != nil {
		return failed
	}
	newBits, ok := c.integer(1)
	n, ok2 := c.whole(2)
	if !ok || !ok2 {
		return failure("cidrsubnet: bad numbers")
	}
	s, ok := subnet(p, newBits, n)
	if !ok {
		return failure("cidrsubnet: the network has no such subnet")
	}
	return str(s.String())
}

// cidrSubnets lays out networks one after another, each at the next address
// that its size divides.
func cidrSubnets(c *call) *Node {
	p, failed := c.prefix(0)
	if failed != nil {
		return failed
	}
	bits := p.Addr().BitLen()
	next := addrInt(p.Addr())
	end := new(big.Int).Add(next, new(big.Int).Lsh(big.NewInt(1), uint(bits-p.Bits())))
	out := &Node{Kind: List}
	for i := range c.args[1:] {
		nb, ok := c.integer(i + 1)
		length := int64(p.Bits()) + nb
		if !ok || nb < 0 || length > int64(bits) {
			return failure("cidrsubnets: bad number of bits")
		}
		size := new(big.Int).Lsh(big.NewInt(1), uint(int64(bits)-length))
		start := new(big.Int).Add(next, new(big.Int).Sub(size, big.NewInt(1)))
		start.Div(start, size).Mul(start, size)
		next = new(big.Int).Add(start, size)
		a, ok := intAddr(start, bits)
		if !ok || next.Cmp(end) > 0 {
			return failure("cidrsubnets: the network is too small")
		}
		out.Items = append(out.Items, str(netip.PrefixFrom(a, int(length)).String()))
	}
	return out
}
