package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/hypercare/hypercare/internal/gateway/signature"
)

// TestWhoMayCallTheRealBinary: a plan whose quota outlives kill -9, a signed
// request, and a token whose issuer is on this machine, which is asked only
// when the process is started so.
func TestWhoMayCallTheRealBinary(t *testing.T) {
	t.Parallel()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s user=%s", body, r.Header.Get("X-User"))
	}))
	defer up.Close()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "1"}}})
	}))
	defer issuer.Close()
	w := newWorld(t)
	post := func(path string, in, out any) {
		t.Helper()
		if err := w.Call(t.Context(), w.token, "POST", "/api/v1"+path, in, out); err != nil {
			t.Fatal(err)
		}
	}
	post("/gateway/publications", map[string]any{"document": fmt.Sprintf(`gateway: 1
upstreams: [{name: up, targets: [{url: %q}]}]
apis:
  - name: shop
    upstream: up
    routes:
      - {name: keyed, path: /keyed, policies: {key: {}, plan: {}}}
      - {name: signed, path: /signed, policies: {signature: {}}}
      - {name: token, path: /token, policies: {jwt: {jwks_url: %q, issuer: me}, identity: {user: {claim: sub, send: X-User}}}}
`, up.URL, issuer.URL)}, nil)
	post("/plans", map[string]any{"name": "small", "limits": []any{}, "quotas": []any{map[string]any{"count": 20, "per": "month"}}}, nil)
	var app struct {
		ID string `json:"id"`
	}
	post("/applications", map[string]any{"name": "web", "plan": "small"}, &app)
	type created struct {
		ID     string `json:"id"`
		Secret string `json:"secret"`
	}
	var plain, signer created
	post("/applications/"+app.ID+"/keys", map[string]any{}, &plain)
	post("/applications/"+app.ID+"/keys", map[string]any{"kind": "signature"}, &signer)
	var gateway string
	find := func(of world) {
		var state struct {
			URL string `json:"url"`
		}
		of.get(t, "/api/v1/gateway/state", &state)
		gateway = state.URL
	}
	find(w)
	ask := func(method, path, body string, headers map[string]string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, gateway+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range headers {
			req.Header.Set(k, v)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b)
	}

	// Signed, and the same again.
	sign := func() map[string]string {
		digest := signature.WriteDigest([]byte("hello"))
		m := &signature.Message{Method: "POST", Scheme: "http", Authority: strings.TrimPrefix(gateway, "http://"), Target: "/signed?a=b", Field: func(l string) []string {
			if l == "content-digest" {
				return []string{digest}
			}
			return nil
		}}
		input, sig, err := signature.Sign(m, signature.Signature{Label: "sig1", KeyID: signer.ID, Nonce: rand.Text(), Created: time.Now()}, []string{"@method", "@target-uri", "content-digest"}, []byte(signer.Secret))
		if err != nil {
			t.Fatal(err)
		}
		return map[string]string{"Signature-Input": input, "Signature": sig, "Content-Digest": digest}
	}
	for i, headers := 0, sign(); i < 2; i++ {
		want := []int{200, 401}[i]
		if status, body := ask("POST", "/signed?a=b", "hello", headers); status != want {
			t.Errorf("signed, time %d: %d %s", i+1, status, body)
		}
	}

	// The quota, before and after kill -9.
	passed := 0
	call := func() int {
		status, _ := ask("GET", "/keyed", "", map[string]string{"X-API-Key": plain.Secret})
		if status == 200 {
			passed++
		}
		return status
	}
	for range 12 {
		call()
	}
	if passed != 12 {
		t.Fatalf("%d of 12 calls passed", passed)
	}
	waitFor(t, 10*time.Second, "the calls to be counted", func() (bool, string) {
		var page struct {
			Items []struct {
				Quota string `json:"quota"`
				Used  int64  `json:"used"`
			} `json:"items"`
		}
		w.get(t, "/api/v1/applications/"+app.ID+"/usage", &page)
		return len(page.Items) == 1 && page.Items[0].Used >= 12, fmt.Sprintf("%+v", page)
	})
	w.Kill()
	<-w.Done()
	cfg := w.Config
	cfg.Args = append(cfg.Args, "--allow-private-networks")
	again := world{Server: start(t, cfg), token: w.token}
	find(again)
	for range 20 {
		call()
	}
	if status := call(); status != 429 || passed > 20 || passed < 16 {
		t.Errorf("after kill -9: status %d, %d calls of 20 passed in all", status, passed)
	}
	// What signed before signs after, so the master key stayed.
	if status, body := ask("POST", "/signed?a=b", "hello", sign()); status != 200 {
		t.Errorf("signed after a start: %d %s", status, body)
	}

	signing, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "1"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signing.Sign(fmt.Appendf(nil, `{"iss":"me","sub":"ada","exp":%d}`, time.Now().Add(time.Hour).Unix()))
	if err != nil {
		t.Fatal(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	auth := map[string]string{"Authorization": "Bearer " + token, "X-User": "root"}
	if status, body := ask("GET", "/token", "", auth); status != 200 || body != " user=ada" {
		t.Errorf("a token: %d %q", status, body)
	}
	if err := again.Stop(); err != nil {
		t.Fatal(err)
	}
	shut := world{Server: start(t, w.Config), token: w.token}
	find(shut)
	if status, body := ask("GET", "/token", "", auth); status != 503 {
		t.Errorf("a token whose issuer may not be asked: %d %q", status, body)
	}
}
