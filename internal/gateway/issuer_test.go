package gateway

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/hypercare/hypercare/internal/gateway/h1"
	"github.com/hypercare/hypercare/internal/gateway/token"
	"github.com/hypercare/hypercare/internal/outbound"
)

// issuer is an authorisation server: discovery, key set, introspection.
type issuer struct {
	*httptest.Server
	down      atomic.Bool
	slow      atomic.Pointer[chan struct{}] // answers wait for it
	keySets   atomic.Int32                  // how often each was asked
	questions atomic.Int32

	mu     sync.Mutex
	keys   []jose.JSONWebKey
	tokens map[string]map[string]any // what is active
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{tokens: map[string]map[string]any{}}
	i.Server = httptest.NewServer(http.HandlerFunc(i.serve))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) serve(w http.ResponseWriter, r *http.Request) {
	if c := i.slow.Load(); c != nil {
		select {
		case <-*c:
		case <-r.Context().Done():
			return
		}
	}
	if r.URL.Path == "/keys" {
		i.keySets.Add(1)
	}
	if i.down.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.URL, "jwks_uri": i.URL + "/keys", "introspection_endpoint": i.URL + "/introspect"})
	case "/other/.well-known/openid-configuration":
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.URL, "jwks_uri": i.URL + "/keys"})
	case "/keys":
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: i.keys})
	case "/introspect":
		i.questions.Add(1)
		id, pw, ok := r.BasicAuth()
		if !ok || id != "gate%2Fway" || pw != "s%3Acret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		body, _ := io.ReadAll(r.Body)
		name, _, _ := strings.Cut(strings.TrimPrefix(string(body), "token="), "&")
		if claims := i.tokens[name]; claims != nil {
			_ = json.NewEncoder(w).Encode(claims)
			return
		}
		_, _ = io.WriteString(w, `{"active":false}`)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// add publishes the public half of a new key and returns what signs with it.
func (i *issuer) add(t *testing.T, kid string, alg jose.SignatureAlgorithm) jose.SigningKey {
	t.Helper()
	k := newKey(t, alg)
	pub := jose.JSONWebKey{Key: k.Key.(crypto.Signer).Public(), KeyID: kid, Use: "sig", Algorithm: string(alg)}
	i.mu.Lock()
	i.keys = append(i.keys, pub)
	i.mu.Unlock()
	k.Key = jose.JSONWebKey{Key: k.Key, KeyID: kid}
	return k
}

func (i *issuer) removeAll() {
	i.mu.Lock()
	i.keys = nil
	i.mu.Unlock()
}

func (i *issuer) activate(name string, claims map[string]any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if claims != nil {
		claims["active"] = true
	}
	i.tokens[name] = claims
}

func newKey(t testing.TB, alg jose.SignatureAlgorithm) jose.SigningKey {
	t.Helper()
	var key any
	var err error
	switch alg {
	case jose.ES256:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.ES384:
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case jose.EdDSA:
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	return jose.SigningKey{Algorithm: alg, Key: key}
}

func mint(t testing.TB, k jose.SigningKey, claims map[string]any, headers ...string) string {
	t.Helper()
	o := &jose.SignerOptions{}
	for i := 0; i+1 < len(headers); i += 2 {
		o = o.WithHeader(jose.HeaderKey(headers[i]), headers[i+1])
	}
	s, err := jose.NewSigner(k, o)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := s.Sign(b)
	if err != nil {
		t.Fatal(err)
	}
	out, err := sig.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func claims(iss string, more ...any) map[string]any {
	m := map[string]any{"iss": iss, "sub": "u1", "aud": []string{"orders"}, "exp": time.Now().Add(time.Hour).Unix()}
	for i := 0; i+1 < len(more); i += 2 {
		if more[i+1] == nil {
			delete(m, more[i].(string))
		} else {
			m[more[i].(string)] = more[i+1]
		}
	}
	return m
}

// asksLocal lets the gateway ask this machine, with short times.
func asksLocal(t *testing.T) func(*Options) {
	t.Helper()
	n, err := outbound.ParseNetworks("all")
	if err != nil {
		t.Fatal(err)
	}
	c := outbound.New(outbound.Config{Allow: n})
	t.Cleanup(func() { _ = c.Close() })
	return func(o *Options) {
		o.Outbound = c
		o.Tokens = token.Limits{Again: time.Nanosecond}
	}
}

// answer is what a client got.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request in each lane and holds both answers to be of one status.
func (r *rig) ask(t *testing.T, method, path string, body string, headers ...string) answer {
	t.Helper()
	var out answer
	for lane, c := range clients(t) {
		var rd io.Reader
		if body != "" {
			rd = strings.NewReader(body)
		}
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+r.addr+path, rd)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(headers); i += 2 {
			req.Header.Add(headers[i], headers[i+1])
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatalf("%s: %v", lane, err)
		}
		b, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if out.status != 0 && out.status != resp.StatusCode {
			t.Errorf("%s: status %d %s, in the other lane %d %s", lane, resp.StatusCode, b, out.status, out.body)
		}
		out = answer{resp.StatusCode, resp.Header, string(b)}
	}
	return out
}

func field(name, value string) h1.Field {
	return h1.Field{Name: []byte(name), Value: []byte(value)}
}

// nth returns what was recorded of a request; that is done after its answer.
func (r *rig) nth(t *testing.T, n int) Exchange {
	t.Helper()
	for t.Context().Err() == nil {
		if list := r.recorded(); len(list) > n {
			return list[n]
		}
		runtime.Gosched()
	}
	return Exchange{}
}

// apps is a Keys and Applications for tests.
type apps struct {
	keyring
	byName  map[string]*Consumer
	signers map[string]*Signer
	plans   sync.Map // *Plan by workspace and name
}

func (a *apps) Application(workspace, name string) (*Consumer, bool) {
	return a.byName[workspace+" "+name], a.sure.Load()
}
func (a *apps) Signer(id string) (*Signer, bool) { return a.signers[id], a.sure.Load() }
func (a *apps) Plan(workspace, name string) *Plan {
	p, _ := a.plans.Load(named{workspace, name})
	plan, _ := p.(*Plan)
	return plan
}

type named struct{ workspace, name string }

// echoUpstream answers with the request's head and body, and counts.
func echoUpstream(t *testing.T, n *atomic.Int32) string {
	return upstreamServer(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if n != nil {
			n.Add(1)
		}
		_, _ = io.WriteString(w, r.Method+" "+r.RequestURI+"\n")
		_ = r.Header.Write(w)
		_, _ = w.Write(body)
	})
}
