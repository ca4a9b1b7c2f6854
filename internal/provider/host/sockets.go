package host

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// writeSockets writes what listens: TCP sockets in state LISTEN and bound UDP
// sockets without a peer, from /proc/net, sorted by protocol, port and address.
func writeSockets(r *reader, w *writer) {
	type socket struct {
		protocol string
		addr     netip.AddrPort
		uid      int64
	}
	var list []socket
	for _, protocol := range []string{"tcp", "tcp6", "udp", "udp6"} {
		data, err := r.read("proc/net/" + protocol)
		if err != nil {
			w.unknown("sockets", err)
			return
		}
		for text := range strings.Lines(string(data)) {
			f := strings.Fields(text)
			if len(f) < 8 || f[0] == "sl" {
				continue
			}
			listening := f[3] == "0A" || strings.HasPrefix(protocol, "udp") && f[3] == "07"
			addr, ok := procAddress(f[1])
			if !listening || !ok || addr.Port() == 0 {
				continue
			}
			uid, _ := strconv.ParseInt(f[7], 10, 64)
			list = append(list, socket{strings.TrimSuffix(protocol, "6"), addr, uid})
		}
	}
	slices.SortFunc(list, func(a, b socket) int {
		if c := strings.Compare(a.protocol, b.protocol); c != 0 {
			return c
		}
		if c := int(a.addr.Port()) - int(b.addr.Port()); c != 0 {
			return c
		}
		return a.addr.Addr().Compare(b.addr.Addr())
	})
	list = slices.Compact(list)
	w.list("sockets", func() {
		for _, s := range list {
			w.object("", func() {
				w.text("protocol", s.protocol)
				w.text("address", s.addr.Addr().String())
				w.integer("port", int64(s.addr.Port()))
				w.integer("uid", s.uid)
				w.boolean("loopback", s.addr.Addr().IsLoopback())
			})
		}
	})
}

// procAddress reads an address of /proc/net: the words of the address in host
// order (little endian here), a colon, the port.
func procAddress(s string) (netip.AddrPort, bool) {
	host, port, _ := strings.Cut(s, ":")
	raw, err := hex.DecodeString(host)
	n, perr := strconv.ParseUint(port, 16, 16)
	if err != nil || perr != nil || len(raw)%4 != 0 {
		return netip.AddrPort{}, false
	}
	for i := 0; i < len(raw); i += 4 {
		slices.Reverse(raw[i : i+4])
	}
	addr, ok := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(addr.Unmap(), uint16(n)), ok
}
