package web

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Forwarded lets proxies say for whom they call what Open says is for
// everybody: limits by address are of the sender, not of the gateway that
// passes a path on. X-Forwarded-For is read from its end, as far as it was
// written by who is trusted.
func Forwarded(trusted []netip.Prefix) Middleware {
	believed := func(s string) (netip.Addr, bool) {
		a, err := netip.ParseAddr(strings.TrimSpace(s))
		if err != nil {
			return a, false
		}
		a = a.Unmap()
		return a, slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(a) })
	}
	return func(next http.Handler) http.Handler {
		if len(trusted) == 0 {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, ok := believed(ClientIP(r)); ok && Open(r) {
				list := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
				for _, s := range slices.Backward(list) {
					a, ok := believed(s)
					if !a.IsValid() {
						break
					}
					if !ok {
						r = r.Clone(r.Context())
						r.RemoteAddr = net.JoinHostPort(a.String(), "0")
						break
					}
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}
