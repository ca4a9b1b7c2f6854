package bulwark

import "net/netip"

// IsLoopback reports whether a host, a name or an address without a port, is
// this machine itself, where nobody listens in between: http is taken there
// though credentials are sent.
func IsLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}
