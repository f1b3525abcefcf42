package token

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/hypercare/hypercare/internal/outbound"
)

func sources(tb testing.TB) *Sources {
	tb.Helper()
	c := outbound.New(outbound.Config{})
	s := NewSources(c, slog.New(slog.DiscardHandler), Limits{})
	tb.Cleanup(func() { s.Close(); _ = c.Close() })
	return s
}

// signer makes tokens, and a verifier of them that knows nothing yet.
func signer(tb testing.TB) (sign func(payload string) string, verifier func() *Verifier) {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	pub, err := json.Marshal(jose.JSONWebKey{Key: &key.PublicKey, KeyID: "1"})
	if err != nil {
		tb.Fatal(err)
	}
	js, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "1"}}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	s := sources(tb)
	n := 0
	return func(payload string) string {
			sig, err := js.Sign([]byte(payload))
			if err != nil {
				tb.Fatal(err)
			}
			out, err := sig.CompactSerialize()
			if err != nil {
				tb.Fatal(err)
			}
			return out
		}, func() *Verifier {
			n++
			v, err := s.Verifier(fmt.Sprint(n), KeySource{Static: []string{string(pub)}}, VerifierConfig{Algorithms: []jose.SignatureAlgorithm{jose.ES256},
				Config: Config{NoExpiry: true, User: []string{"sub"}, Headers: []Header{{"X-User", "sub"}, {"X-Deep", "a.b"}}}})
			if err != nil {
				tb.Fatal(err)
			}
			return v
		}
}

func TestPayloadsThatAreNone(t *testing.T) {
	t.Parallel()
	sign, verifier := signer(t)
	v := verifier()
	for _, payload := range []string{"", "null", "[]", `"x"`, "{", `{} {}`, `{"exp":"x"}`, `{"exp":-1}`, `{"exp":1e300}`, `{"nbf":true}`} {
		if tok, err := v.Verify([]byte(sign(payload)), time.Now()); err == nil {
			t.Errorf("%s was taken: %+v", payload, tok)
		}
	}
	if _, err := v.Verify(bytes.Repeat([]byte("a"), maxToken+1), time.Now()); err == nil {
		t.Error("a token of 16 kB was taken")
	}
}

func TestClaims(t *testing.T) {
	t.Parallel()
	claims, err := claimsOf([]byte(`{"s":"text","n":12345678901234567890,"b":true,"l":["a",1,false],"comma":["a,b"],"o":{"p":{"q":"deep"}},"o.p":"flat","nl":"a\nb","z":null,"e":"","long":"` + strings.Repeat("x", maxText+1) + `"}`))
	if err != nil {
		t.Fatal(err)
	}
	tok := &Token{Claims: claims}
	for name, want := range map[string]string{"s": "text", "n": "12345678901234567890", "b": "true", "l": "a,1,false", "o.p.q": "deep", "o.p": "flat",
		"comma": "", "o": "", "nl": "", "z": "", "e": "", "long": "", "none": "", "s.t": "", "": ""} {
		if got, ok := tok.Text(name); got != want || ok != (want != "") {
			t.Errorf("Text(%s) = %q, %v, want %q", name, got, ok, want)
		}
	}
	for _, tc := range []struct {
		name, value string
		want        bool
	}{{"s", "text", true}, {"s", "tex", false}, {"l", "1", true}, {"l", "a,1", false}, {"o.p.q", "deep", true}, {"z", "", false}} {
		if got := tok.Holds(tc.name, tc.value); got != tc.want {
			t.Errorf("Holds(%s, %s) = %v", tc.name, tc.value, got)
		}
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	t.Parallel()
	var c cache[int]
	now := time.Now()
	key := func(i int) [32]byte { return sha256.Sum256(fmt.Append(nil, i)) }
	for i := range 3 * cacheShards * cacheEach {
		c.put(key(i), i, now, now.Add(time.Hour))
	}
	n, found := 0, 0
	for i := range c.shards {
		n += len(c.shards[i].list)
	}
	for i := range 3 * cacheShards * cacheEach {
		if v, ok := c.get(key(i)); ok {
			if found++; v != i {
				t.Fatalf("%d is kept as %d", i, v)
			}
		}
	}
	if n != cacheShards*cacheEach || found != n {
		t.Errorf("%d are kept, %d found, want %d", n, found, cacheShards*cacheEach)
	}
	// What is over goes first, when a new one needs room.
	fresh := key(-1)
	c.put(fresh, -1, now.Add(2*time.Hour), now.Add(3*time.Hour))
	if s := &c.shards[fresh[0]%cacheShards]; len(s.list) != 1 {
		t.Errorf("%d of a shard are kept though they are over", len(s.list))
	}
}

func TestKeysAreRead(t *testing.T) {
	t.Parallel()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Skipf("this Go makes no small keys: %v", err)
	}
	if fits(&small.PublicKey, jose.RS256) {
		t.Error("an RSA key of 1024 bits is taken")
	}
	if fits([]byte("secret"), jose.RS256) || fits(&small.PublicKey, jose.HS256) || fits("x", jose.ES256) {
		t.Error("a key of another kind is taken")
	}
	for name, body := range map[string]string{
		"no JSON":        "<html>",
		"no keys":        `{}`,
		"only secrets":   `{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"1"}]}`,
		"encryption":     `{"keys":[{"kty":"RSA","use":"enc","n":"AQAB","e":"AQAB"}]}`,
		"unknown kind":   `{"keys":[{"kty":"XYZ"}]}`,
		"too many":       `{"keys":[` + strings.TrimSuffix(strings.Repeat(`{"kty":"XYZ"},`, maxKeys+1), ",") + `]}`,
		"not on a curve": `{"keys":[{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}]}`,
	} {
		if keys, err := parseSet([]byte(body)); err == nil {
			t.Errorf("%s: read %v", name, keys)
		}
	}
}

// BenchmarkVerify is what a token costs that is not known yet, and one that is.
func BenchmarkVerify(b *testing.B) {
	sign, verifier := signer(b)
	tok := []byte(sign(`{"sub":"ada","scope":"a b c"}`))
	now := time.Now()
	b.Run("known", func(b *testing.B) {
		v := verifier()
		b.ReportAllocs()
		for b.Loop() {
			if _, err := v.Verify(tok, now); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("new", func(b *testing.B) {
		v := verifier()
		b.ReportAllocs()
		for b.Loop() {
			if _, err := v.verify(string(tok), now); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// FuzzVerify: nothing verifies that was not signed, however it is changed; and
// whatever claims hold, no header is added that nobody asked for.
func FuzzVerify(f *testing.F) {
	sign, verifier := signer(f)
	good := sign(`{"sub":"ada"}`)
	f.Add(good, `{"sub":"ada\r\nX-Evil: 1","a":{"b":["x","y"]}}`)
	f.Add(strings.Replace(good, ".", "..", 1), `{"a.b":1e5,"exp":12,"scope":[1],"aud":{},"cnf":{"x5t#S256":1}}`)
	f.Add("eyJhbGciOiJub25lIn0.e30.", `{"sub":null}`)
	f.Fuzz(func(t *testing.T, raw, payload string) {
		if _, err := verifier().Verify([]byte(raw), time.Now()); err == nil && raw != good {
			t.Fatalf("%q verifies", raw)
		}
		tok, err := verifier().Verify([]byte(sign(payload)), time.Unix(1_700_000_000, 0))
		if err != nil {
			return
		}
		if n := bytes.Count(tok.Lines, []byte("\n")); n > 2 || bytes.Count(tok.Lines, []byte("\r")) != n || bytes.ContainsAny(tok.Lines, "\x00") {
			t.Fatalf("%q makes the lines %q", payload, tok.Lines)
		}
		for line := range bytes.Lines(tok.Lines) {
			if !bytes.HasPrefix(line, []byte("X-User: ")) && !bytes.HasPrefix(line, []byte("X-Deep: ")) {
				t.Fatalf("%q makes the line %q", payload, line)
			}
		}
	})
}
