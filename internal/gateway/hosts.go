package gateway

import (
	"net/netip"
	"slices"
	"strings"
)

// AnyHost stands for every host that nobody has.
const AnyHost = "*"

// HostNames are the hosts that a document takes, in lower case and sorted;
// AnyHost for an API that names none.
func (c *Config) HostNames() []string {
	var out []string
	for _, a := range c.APIs {
		for _, h := range hostsOf(a) {
			if h == "" {
				h = AnyHost
			}
			out = append(out, h)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// HostsOverlap reports whether a call could be for either of two hosts:
// "*.example.com" covers every name below example.com. AnyHost yields to every
// other and overlaps only with itself.
func HostsOverlap(a, b string) bool {
	if a == b {
		return true
	}
	wide, ok := strings.CutPrefix(a, "*.")
	other, wild := strings.CutPrefix(b, "*.")
	switch {
	case a == AnyHost || b == AnyHost:
		return false
	case ok && strings.HasSuffix(other, "."+wide):
		return true
	case ok && wild && strings.HasSuffix(wide, "."+other):
		return true
	case !ok && wild && strings.HasSuffix(a, "."+other):
		return true
	}
	return false
}

// Network reads an address or a network in CIDR form.
func Network(s string) (netip.Prefix, error) { return network(s) }
