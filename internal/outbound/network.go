package outbound

import (
	"fmt"
	"net/netip"
	"strings"
)

// Networks say which addresses that are not public may be asked. The zero
// value is none. It is a flag.Value: alone it means all, with a value a list.
type Networks struct {
	all  bool
	list []netip.Prefix
}

// ParseNetworks reads "" (none), "all", or addresses and networks between
// commas.
func ParseNetworks(s string) (Networks, error) {
	var n Networks
	return n, n.Set(s)
}

// Set implements flag.Value.
func (n *Networks) Set(s string) error {
	var out Networks
	for part := range strings.SplitSeq(s, ",") {
		switch part = strings.TrimSpace(part); part {
		case "", "false", "none":
			continue
		case "all", "true":
			out.all = true
			continue
		}
		p, err := netip.ParsePrefix(part)
		if a, aerr := netip.ParseAddr(part); aerr == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			return fmt.Errorf("%q is neither an address nor a network; write 10.0.0.0/8,127.0.0.1 or all", part)
		}
		out.list = append(out.list, p.Masked())
	}
	*n = out
	return nil
}

// String implements flag.Value.
func (n *Networks) String() string {
	var list []string
	if n.all {
		list = append(list, "all")
	}
	for _, p := range n.list {
		list = append(list, p.String())
	}
	return strings.Join(list, ",")
}

// IsBoolFlag lets the flag stand alone.
func (n *Networks) IsBoolFlag() bool { return true }

// allows reports whether an address may be asked, and why not.
func (n *Networks) allows(a netip.Addr) (why string, ok bool) {
	a = a.WithZone("").Unmap()
	why, all := special(a)
	if why == "" {
		return "", true
	}
	for _, p := range n.list {
		if p.Contains(a) && !a.IsMulticast() && !a.IsUnspecified() {
			return "", true
		}
	}
	return why, n.all && all
}

// block is a network that is not the public internet, from the registries of
// special-purpose addresses (RFC 6890, IANA).
type block struct {
	prefix netip.Prefix
	why    string
	named  bool // "all" does not open it: it has to be named
}

var blocks = []block{
	{netip.MustParsePrefix("0.0.0.0/8"), "this host", true},
	{netip.MustParsePrefix("10.0.0.0/8"), "a private network", false},
	{netip.MustParsePrefix("100.64.0.0/10"), "a provider's private network", false},
	{netip.MustParsePrefix("127.0.0.0/8"), "this host", false},
	{netip.MustParsePrefix("168.63.129.16/32"), "a cloud's metadata", true},
	{netip.MustParsePrefix("169.254.0.0/16"), "a link-local network, where clouds keep their metadata", true},
	{netip.MustParsePrefix("172.16.0.0/12"), "a private network", false},
	{netip.MustParsePrefix("192.0.0.0/24"), "a network of protocols", false},
	{netip.MustParsePrefix("192.0.2.0/24"), "a network of examples", false},
	{netip.MustParsePrefix("192.88.99.0/24"), "a relay", false},
	{netip.MustParsePrefix("192.168.0.0/16"), "a private network", false},
	{netip.MustParsePrefix("198.18.0.0/15"), "a network of benchmarks", false},
	{netip.MustParsePrefix("198.51.100.0/24"), "a network of examples", false},
	{netip.MustParsePrefix("203.0.113.0/24"), "a network of examples", false},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast", true},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved", true},
	{netip.MustParsePrefix("::1/128"), "this host", false},
	{netip.MustParsePrefix("fc00::/7"), "a private network", false},
	{netip.MustParsePrefix("fd00:ec2::254/128"), "a cloud's metadata", true},
	{netip.MustParsePrefix("fe80::/10"), "a link-local network", true},
	{netip.MustParsePrefix("ff00::/8"), "multicast", true},
	{netip.MustParsePrefix("2001::/23"), "a network of protocols", false},
	{netip.MustParsePrefix("2001:db8::/32"), "a network of examples", false},
	{netip.MustParsePrefix("3fff::/20"), "a network of examples", false},
}

var (
	public6 = netip.MustParsePrefix("2000::/3") // all that is assigned of IPv6 (RFC 4291 2.4)
	nat64   = netip.MustParsePrefix("64:ff9b::/96")
	sixTo4  = netip.MustParsePrefix("2002::/16")
)

// special says what an address is, "" when it is of the public internet. all
// reports whether the word all opens it.
func special(a netip.Addr) (why string, all bool) {
	if !a.IsValid() {
		return "no address", false
	}
	// An IPv4 address inside one of IPv6 is reached as such (RFC 6052, RFC 3056).
	b := a.As16()
	switch {
	case nat64.Contains(a):
		return special(netip.AddrFrom4([4]byte(b[12:])))
	case sixTo4.Contains(a):
		return special(netip.AddrFrom4([4]byte(b[2:6])))
	}
	found := false
	for _, x := range blocks { // of several the narrower one's word counts
		if x.prefix.Contains(a) {
			why, all = x.why, !x.named && (!found || all)
			found = true
		}
	}
	if !found && a.Is6() && !public6.Contains(a) {
		return "not a public address", false
	}
	return why, all
}
