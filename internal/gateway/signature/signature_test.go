package signature

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"
)

// rfc is the request of RFC 9421 B.2 and the shared secret of B.1.5.
func rfc() (*Message, []byte) {
	h := http.Header{}
	for _, l := range []string{"Date: Tue, 20 Apr 2021 02:07:55 GMT", "Content-Type: application/json", "Content-Length: 18",
		"Content-Digest: sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"} {
		k, v, _ := strings.Cut(l, ": ")
		h.Set(k, v)
	}
	secret, err := base64.StdEncoding.DecodeString("uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==")
	if err != nil {
		panic(err)
	}
	return &Message{Method: "POST", Scheme: "https", Authority: "example.com", Target: "/foo?param=Value&Pet=dog", Field: func(l string) []string { return h.Values(l) }}, secret
}

// TestTheStandardsOwnExample is RFC 9421 B.2.5.
func TestTheStandardsOwnExample(t *testing.T) {
	t.Parallel()
	m, secret := rfc()
	in, sig, err := Sign(m, Signature{Label: "sig-b25", KeyID: "test-shared-secret", Created: time.Unix(1618884473, 0)}, []string{"date", "@authority", "content-type"}, secret)
	if err != nil {
		t.Fatal(err)
	}
	// Sign names the algorithm, which the example leaves out; so it is verified.
	if !strings.HasPrefix(in, `sig-b25=("date" "@authority" "content-type");created=1618884473`) || !strings.HasPrefix(sig, "sig-b25=:") {
		t.Errorf("Sign = %s, %s", in, sig)
	}
	fields := map[string][]string{
		"signature-input": {`sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"`},
		"signature":       {`sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:`},
	}
	inner := m.Field
	m.Field = func(l string) []string {
		if v, ok := fields[l]; ok {
			return v
		}
		return inner(l)
	}
	list, err := Parse(m)
	if err != nil || len(list) != 1 {
		t.Fatalf("Parse = %v, %v", list, err)
	}
	if ok, err := list[0].Verify(m, secret); !ok || err != nil {
		t.Errorf("Verify = %v, %v", ok, err)
	}
	base, err := list[0].base(m)
	want := "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\"@authority\": example.com\n\"content-type\": application/json\n\"@signature-params\": (\"date\" \"@authority\" \"content-type\");created=1618884473;keyid=\"test-shared-secret\""
	if base != want || err != nil {
		t.Errorf("base = %q, %v", base, err)
	}
	secret[0] ^= 1
	if ok, _ := list[0].Verify(m, secret); ok {
		t.Error("another secret verifies")
	}
}

func TestComponents(t *testing.T) {
	t.Parallel()
	m, _ := rfc()
	for _, tc := range []struct {
		it   item
		want string
	}{
		{item{name: "@method"}, "POST"},
		{item{name: "@target-uri"}, "https://example.com/foo?param=Value&Pet=dog"},
		{item{name: "@request-target"}, "/foo?param=Value&Pet=dog"},
		{item{name: "@path"}, "/foo"},
		{item{name: "@query"}, "?param=Value&Pet=dog"},
		{item{name: "@scheme"}, "https"},
		{item{"@query-param", []param{{"name", "Pet"}}}, "dog"},
		{item{name: "content-length"}, "18"},
	} {
		if got, err := m.component(tc.it); got != tc.want || err != nil {
			t.Errorf("%s = %q, %v, want %q", tc.it.name, got, err, tc.want)
		}
	}
	for _, it := range []item{{name: "@status"}, {name: "x-absent"}, {name: "Date"}, {"@query-param", nil}, {"@query-param", []param{{"name", "none"}}}, {"date", []param{{"sf", true}}}} {
		if got, err := m.component(it); err == nil {
			t.Errorf("%s %v = %q", it.name, it.params, got)
		}
	}
	m.Authority, m.Target = "EXAMPLE.com:443", "/"
	if got, _ := m.component(item{name: "@target-uri"}); got != "https://example.com/" {
		t.Errorf("@target-uri = %q", got)
	}
	if got, _ := m.component(item{name: "@query"}); got != "?" {
		t.Errorf("@query without one = %q", got)
	}
}

// TestDigests uses the digests of RFC 9530 B.
func TestDigests(t *testing.T) {
	t.Parallel()
	const body = "{\"hello\": \"world\"}\n"
	for _, tc := range []struct {
		field string
		body  string
		want  bool
	}{
		{"sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:", body, true},
		{"sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:", body + " ", false},
		{"md5=:AAAA:, " + WriteDigest([]byte("x")), "x", true},
		{WriteDigest(nil), "", true},
	} {
		d, err := ParseDigest([]string{tc.field})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = d.Write([]byte(tc.body))
		if d.Holds() != tc.want {
			t.Errorf("%s of %q: %v", tc.field, tc.body, !tc.want)
		}
	}
	for _, bad := range []string{"", "md5=:AAAA:", "sha-256=:AAAA:", "sha-256=AAAA", "sha-256=:!!:"} {
		if _, err := ParseDigest([]string{bad}); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// FuzzParse: whatever comes is refused or read; what is read is written the
// same way again, and nothing verifies by chance.
func FuzzParse(f *testing.F) {
	f.Add(`sig1=("@method" "@target-uri" "content-digest");created=1618884473;keyid="k";nonce="n";alg="hmac-sha256"`, "sig1=:AAAA:")
	f.Add(`a=("date";sf "x";key="y");expires=1;tag="\"\\";x=?0;y=tok/en;z=:AA==:`, "a=:AA==:")
	f.Add(`a=(), b=("@query-param";name="a%20b")`, "b=:AAAA:, a=:BBBB:")
	f.Fuzz(func(t *testing.T, in, sig string) {
		m, secret := rfc()
		inner := m.Field
		m.Field = func(l string) []string {
			switch l {
			case "signature-input":
				return []string{in}
			case "signature":
				return []string{sig}
			}
			return inner(l)
		}
		list, err := Parse(m)
		if err != nil {
			return
		}
		for _, s := range list {
			again, err := dictionary("x=" + writeInner(s.items, s.params))
			if err != nil || len(again) != 1 || writeInner(again[0].items, again[0].params) != writeInner(s.items, s.params) {
				t.Fatalf("%q is written as %q, which is read as %v, %v", in, writeInner(s.items, s.params), again, err)
			}
			if ok, _ := s.Verify(m, append(secret, "other"...)); ok {
				t.Fatalf("%q, %q verifies", in, sig)
			}
		}
		_, _ = ParseDigest([]string{sig})
	})
}
