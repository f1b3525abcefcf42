package web

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestOnlyTrustedProxiesSayForWhomTheyCall(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.0.0.0/8")}
	for _, tt := range []struct{ peer, path, header, want string }{
		{"127.0.0.1:4000", "/in/widget/k", "203.0.113.7", "203.0.113.7"},
		{"127.0.0.1:4000", "/in/widget/k", "198.51.100.1, 203.0.113.7, 10.1.1.1", "203.0.113.7"}, // the first is only what the sender said
		{"[::ffff:127.0.0.1]:4000", "/f/x", "2001:db8::1", "2001:db8::1"},
		{"127.0.0.1:4000", "/in/widget/k", "", "127.0.0.1"},
		{"127.0.0.1:4000", "/in/widget/k", "nonsense", "127.0.0.1"},
		{"192.0.2.9:4000", "/in/widget/k", "203.0.113.7", "192.0.2.9"},
		{"127.0.0.1:4000", "/api/v1/session", "203.0.113.7", "127.0.0.1"},
	} {
		r := httptest.NewRequest(http.MethodPost, tt.path, nil)
		r.RemoteAddr = tt.peer
		if tt.header != "" {
			r.Header.Set("X-Forwarded-For", tt.header)
		}
		got := ""
		Forwarded(trusted)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = ClientIP(r) })).ServeHTTP(httptest.NewRecorder(), r)
		if got != tt.want {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}
