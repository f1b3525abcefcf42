package gateway

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/gateway/gatewaytest"
	"github.com/hypercare/hypercare/internal/gateway/signature"
)

func newApps() *apps {
	a := &apps{keyring: keyring{list: map[[32]byte]*Consumer{}}, byName: map[string]*Consumer{}, signers: map[string]*Signer{}}
	a.sure.Store(true)
	return a
}

func (a *apps) key(key string, c Consumer) *Consumer {
	if c.Used == nil {
		c.Used = &atomic.Int64{}
	}
	a.list[sha256.Sum256([]byte(key))] = &c
	a.byName[c.Workspace+" "+c.Application] = &c
	return &c
}

func TestBasicCredentials(t *testing.T) {
	t.Parallel()
	a := newApps()
	shop := a.key("hck_good", Consumer{Application: "app1", Name: "Web shop", KeyID: "k1"})
	a.key("hck_old", Consumer{Application: "app1", KeyID: "k2", Expires: time.Now().Add(-time.Second)})
	a.key("hck_narrow", Consumer{Application: "app2", KeyID: "k3", APIs: []string{"else"}})
	a.key("hck_far", Consumer{Workspace: "w2", Application: "app3", KeyID: "k4"})
	g := newRig(t, withPolicies(echoUpstream(t, nil), "      basic: {realm: 'the \"shop\"'}\n"), func(o *Options) { o.Keys = a })
	enc := func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }
	for name, tc := range map[string]struct {
		header string
		unsure bool
		want   int
	}{
		"by id":              {enc("app1:hck_good"), false, 200},
		"by name":            {enc("Web shop:hck_good"), false, 200},
		"scheme in capitals": {"BASIC " + enc("app1:hck_good")[6:], false, 200},
		"nothing":            {"", false, 401},
		"another scheme":     {"Bearer hck_good", false, 401},
		"no base64":          {"Basic %%%", false, 401},
		"no colon":           {enc("app1"), false, 401},
		"no name":            {enc(":hck_good"), false, 401},
		"another's name":     {enc("app2:hck_good"), false, 401},
		"wrong password":     {enc("app1:hck_bad"), false, 401},
		"expired":            {enc("app1:hck_old"), false, 401},
		"another workspace":  {enc("app3:hck_far"), false, 401},
		"no access":          {enc("app2:hck_narrow"), false, 403},
		"known, no records":  {enc("app1:hck_good"), true, 200},
		"new, no records":    {enc("app1:hck_new"), true, 503},
	} {
		a.sure.Store(!tc.unsure)
		var h []string
		if tc.header != "" {
			h = []string{"Authorization", tc.header}
		}
		got := g.ask(t, "GET", "/", "", h...)
		if got.status != tc.want {
			t.Errorf("%s: %d %s, want %d", name, got.status, got.body, tc.want)
		}
		if c := got.header.Get("WWW-Authenticate"); got.status == 401 && c != `Basic realm="the \"shop\"", charset="UTF-8"` {
			t.Errorf("%s: challenge %q", name, c)
		}
		if got.status == 200 && strings.Contains(got.body, "Authorization") {
			t.Errorf("%s: the upstream got the password", name)
		}
	}
	if now := time.Now().Unix(); now-shop.Used.Load() > 60 {
		t.Errorf("last used %d, now %d", shop.Used.Load(), now)
	}
}

func TestKeysOfOneRouteOnly(t *testing.T) {
	t.Parallel()
	a := newApps()
	a.key("hck_route", Consumer{Application: "1", KeyID: "k1", APIs: []string{"all/all"}})
	a.key("hck_other", Consumer{Application: "2", KeyID: "k2", APIs: []string{"all/other"}})
	a.key("hck_prefix", Consumer{Application: "3", KeyID: "k3", APIs: []string{"al"}})
	g := newRig(t, withPolicies(echoUpstream(t, nil), "      key: {query: key}\n"), func(o *Options) { o.Keys = a })
	for key, want := range map[string]int{"hck_route": 200, "hck_other": 403, "hck_prefix": 403, "hck_none": 401} {
		got := g.ask(t, "GET", "/", "", "X-API-Key", key)
		if got.status != want {
			t.Errorf("%s: %d %s", key, got.status, got.body)
		}
		if c := got.header.Get("WWW-Authenticate"); want == 401 && c != `ApiKey realm="all", header="x-api-key"` {
			t.Errorf("challenge %q", c)
		}
	}
	// A key in the query is a secret that the upstream does not see.
	got := g.ask(t, "GET", "/a?x=1&key=hck_route&y=2", "")
	if got.status != 200 || !strings.HasPrefix(got.body, "GET /a?x=1&y=2\n") {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := g.ask(t, "GET", "/a?key=hck_route", ""); !strings.HasPrefix(got.body, "GET /a\n") {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestAnyKindIsEnough(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	k := i.add(t, "1", "ES256")
	i.activate("opaque", claims(i.URL))
	a := newApps()
	a.key("hck_good", Consumer{Application: "app1", KeyID: "k1"})
	g := newRig(t, withPolicies(echoUpstream(t, nil), fmt.Sprintf(`      authentication: any
      key: {header: Authorization}
      basic: {}
      jwt: {issuer: %q}
      introspection: {issuer: %q, client_id: gate/way, client_secret: "s:cret"}
`, i.URL, i.URL)), asksLocal(t), func(o *Options) { o.Keys = a })
	for auth, want := range map[string]int{
		"Bearer hck_good": 200,
		"Bearer hck_bad":  401,
		"Basic " + base64.StdEncoding.EncodeToString([]byte("app1:hck_good")): 200,
		"Basic " + base64.StdEncoding.EncodeToString([]byte("app1:hck_bad")):  401,
		"Bearer " + mint(t, k, claims(i.URL)):                                 200,
		"Bearer " + mint(t, k, claims("https://evil.example")):                401,
		"Bearer opaque": 200,
		"Bearer closed": 401,
		"Digest x":      401,
		"":              401,
	} {
		var h []string
		if auth != "" {
			h = []string{"Authorization", auth}
		}
		got := g.ask(t, "GET", "/", "", h...)
		if got.status != want {
			t.Errorf("%.20s: %d %s, want %d", auth, got.status, got.body, want)
		}
		if list := got.header.Values("WWW-Authenticate"); auth == "" && len(list) != 4 {
			t.Errorf("challenges %q, want one of each kind", list)
		}
	}
}

// sign makes the headers of a signed request.
func sign(t *testing.T, addr, method, target, body, secret string, s signature.Signature, components ...string) []string {
	t.Helper()
	h := http.Header{}
	if body != "" {
		h.Set("Content-Digest", signature.WriteDigest([]byte(body)))
	}
	m := &signature.Message{Method: method, Scheme: "http", Authority: addr, Target: target, Field: func(l string) []string { return h.Values(l) }}
	s.Label = "sig1"
	in, sig, err := signature.Sign(m, s, components, []byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	out := []string{"Signature-Input", in, "Signature", sig}
	if d := h.Get("Content-Digest"); d != "" {
		out = append(out, "Content-Digest", d)
	}
	return out
}

func TestSignedRequests(t *testing.T) {
	t.Parallel()
	a := newApps()
	a.signers["k1"] = &Signer{Consumer: Consumer{Application: "app1", KeyID: "k1"}, Secret: []byte("secret")}
	a.signers["far"] = &Signer{Consumer: Consumer{Workspace: "w2", Application: "app2", KeyID: "far"}, Secret: []byte("secret")}
	a.signers["old"] = &Signer{Consumer: Consumer{Application: "app1", KeyID: "old", Expires: time.Now().Add(-time.Minute)}, Secret: []byte("secret")}
	var reached atomic.Int32
	up := echoUpstream(t, &reached)
	g := newRig(t, withPolicies(up, "      signature: {}\n"), func(o *Options) { o.Keys = a })
	now := time.Now()
	all := []string{"@method", "@target-uri"}
	withBody := append(all, "content-digest")
	fresh := func() signature.Signature { return signature.Signature{KeyID: "k1", Created: now, Nonce: rand.Text()} }
	type tc struct {
		method, path, body string
		headers            []string
		unsure             bool
		status             int
		want               string
	}
	long := strings.Repeat("0123456789", 10_000)
	signed := func(method, path, body string, s signature.Signature, c ...string) []string {
		return sign(t, g.addr, method, path, body, "secret", s, c...)
	}
	change := func(s signature.Signature, f func(*signature.Signature)) signature.Signature { f(&s); return s }
	swap := func(h []string, name, value string) []string {
		for i := 0; i < len(h); i += 2 {
			if h[i] == name {
				h[i+1] = value
			}
		}
		return h
	}
	for name, tc := range map[string]tc{
		"whole address":               {"GET", "/a?b=c", "", signed("GET", "/a?b=c", "", fresh(), all...), false, 200, ""},
		"address in parts":            {"GET", "/a?b=c", "", signed("GET", "/a?b=c", "", fresh(), "@method", "@authority", "@path", "@query"), false, 200, ""},
		"body":                        {"POST", "/a", "hello", signed("POST", "/a", "hello", fresh(), withBody...), false, 200, "hello"},
		"long body":                   {"POST", "/a", long, signed("POST", "/a", long, fresh(), withBody...), false, 200, long},
		"nothing":                     {"GET", "/a", "", nil, false, 401, "asks for a signature"},
		"query left out":              {"GET", "/a?b=c", "", signed("GET", "/a?b=c", "", fresh(), "@method", "@authority", "@path"), false, 401, "@target-uri"},
		"method left out":             {"GET", "/a", "", signed("GET", "/a", "", fresh(), "@target-uri"), false, 401, "@method"},
		"body left out":               {"POST", "/a", "hello", signed("POST", "/a", "hello", fresh(), all...), false, 401, "content-digest"},
		"another address":             {"GET", "/b", "", signed("GET", "/a", "", fresh(), all...), false, 401, "wrong"},
		"another method":              {"DELETE", "/a", "", signed("GET", "/a", "", fresh(), all...), false, 401, "wrong"},
		"another body":                {"POST", "/a", "hellO", signed("POST", "/a", "hello", fresh(), withBody...), false, 400, "not what was signed"},
		"another long body":           {"POST", "/a", long[:len(long)-1] + "x", signed("POST", "/a", long, fresh(), withBody...), false, 400, "not what was signed"},
		"another digest":              {"POST", "/a", "hellO", swap(signed("POST", "/a", "hello", fresh(), withBody...), "Content-Digest", signature.WriteDigest([]byte("hellO"))), false, 401, "wrong"},
		"weak digest":                 {"POST", "/a", "hello", swap(signed("POST", "/a", "hello", fresh(), withBody...), "Content-Digest", "md5=:AAAA:"), false, 401, "wrong"},
		"old":                         {"GET", "/a", "", signed("GET", "/a", "", change(fresh(), func(s *signature.Signature) { s.Created = now.Add(-6 * time.Minute) }), all...), false, 401, "too old"},
		"from the future":             {"GET", "/a", "", signed("GET", "/a", "", change(fresh(), func(s *signature.Signature) { s.Created = now.Add(2 * time.Minute) }), all...), false, 401, "too old"},
		"expired":                     {"GET", "/a", "", signed("GET", "/a", "", change(fresh(), func(s *signature.Signature) { s.Expires = now.Add(-time.Second) }), all...), false, 401, "too old"},
		"no nonce":                    {"GET", "/a", "", signed("GET", "/a", "", change(fresh(), func(s *signature.Signature) { s.Nonce = "" }), all...), false, 401, "nonce"},
		"no time":                     {"GET", "/a", "", signed("GET", "/a", "", change(fresh(), func(s *signature.Signature) { s.Created = time.Time{} }), all...), false, 401, "created"},
		"unknown key":                 {"GET", "/a", "", signed("GET", "/a", "", change(fresh(), func(s *signature.Signature) { s.KeyID = "k9" }), all...), false, 401, "keyid"},
		"another workspace's":         {"GET", "/a", "", signed("GET", "/a", "", change(fresh(), func(s *signature.Signature) { s.KeyID = "far" }), all...), false, 401, "keyid"},
		"a key that ended":            {"GET", "/a", "", signed("GET", "/a", "", change(fresh(), func(s *signature.Signature) { s.KeyID = "old" }), all...), false, 401, "keyid"},
		"another secret":              {"GET", "/a", "", sign(t, g.addr, "GET", "/a", "", "guess", fresh(), all...), false, 401, "wrong"},
		"known key, no records":       {"GET", "/a", "", signed("GET", "/a", "", fresh(), all...), true, 200, ""},
		"unknown key, no records":     {"GET", "/a", "", signed("GET", "/a", "", change(fresh(), func(s *signature.Signature) { s.KeyID = "k9" }), all...), true, 503, ""},
		"another algorithm":           {"GET", "/a", "", []string{"Signature-Input", `sig1=("@method");alg="rsa-v1_5-sha256";keyid="k1"`, "Signature", "sig1=:AAAA:"}, false, 401, "algorithm"},
		"input without signature":     {"GET", "/a", "", []string{"Signature-Input", `sig1=("@method")`, "Signature", "sig2=:AAAA:"}, false, 401, "no signature sig1"},
		"a parameter of a field":      {"GET", "/a", "", []string{"Signature-Input", `sig1=("@method";req);created=1;keyid="k1";nonce="n"`, "Signature", "sig1=:AAAA:"}, false, 401, ""},
		"no structured field":         {"GET", "/a", "", []string{"Signature-Input", `sig1=(@method)`, "Signature", "sig1=:AAAA:"}, false, 401, "can't be read"},
		"a label that is there twice": {"GET", "/a", "", []string{"Signature-Input", `a=("@method"), a=("@path")`, "Signature", "a=:AAAA:"}, false, 401, "can't be read"},
	} {
		a.sure.Store(!tc.unsure)
		before := reached.Load()
		// One lane, since a nonce serves once.
		req, err := http.NewRequestWithContext(t.Context(), tc.method, "http://"+g.addr+tc.path, strings.NewReader(tc.body))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(tc.headers); i += 2 {
			req.Header.Set(tc.headers[i], tc.headers[i+1])
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != tc.status || !strings.Contains(string(body), tc.want) {
			t.Errorf("%s: %d %.300s, want %d with %.30q", name, resp.StatusCode, body, tc.status, tc.want)
		}
		if resp.StatusCode == 401 && (resp.Header.Get("WWW-Authenticate") != `Signature realm="all"` || !strings.HasPrefix(resp.Header.Get("Accept-Signature"), `sig=("@method" "@target-uri"`)) {
			t.Errorf("%s: challenge %q, %q", name, resp.Header.Get("WWW-Authenticate"), resp.Header.Get("Accept-Signature"))
		}
		if tc.status != 200 && reached.Load() != before {
			t.Errorf("%s: a whole request reached the upstream", name)
		}
	}
	// The other lane holds back the end of what is not right, too.
	a.sure.Store(true)
	for name, body := range map[string]string{"another body": "hellO", "another long body": long[:len(long)-1] + "x"} {
		before := reached.Load()
		c := call{method: "POST", path: "/a", body: body, header: http.Header{}}
		right := map[bool]string{true: "hello", false: long}[len(body) == 5]
		h := signed("POST", "/a", right, fresh(), withBody...)
		for i := 0; i+1 < len(h); i += 2 {
			c.header.Set(h[i], h[i+1])
		}
		resp, got := c.do(t, plainClients(t)["h2"], g.addr)
		if resp.StatusCode != 400 || !strings.Contains(got, "not what was signed") {
			t.Errorf("h2 %s: %d %.300s", name, resp.StatusCode, got)
		}
		if reached.Load() != before {
			t.Errorf("h2 %s: a whole request reached the upstream", name)
		}
	}
	// The same request again, in the other lane too.
	a.sure.Store(true)
	h := signed("GET", "/again", "", fresh(), all...)
	for n, want := range []int{200, 401, 401} {
		c := clients(t)["h1"]
		if n == 2 {
			c = clients(t)["h2"]
		}
		req, _ := http.NewRequestWithContext(t.Context(), "GET", "http://"+g.addr+"/again", nil)
		for i := 0; i+1 < len(h); i += 2 {
			req.Header.Set(h[i], h[i+1])
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("time %d: %d, want %d", n+1, resp.StatusCode, want)
		}
	}
}

func TestNoncesAreBounded(t *testing.T) {
	t.Parallel()
	var n nonces
	now := time.Now()
	until := now.Add(time.Minute)
	for i := range noncesEach {
		if fresh, full := n.take("k", fmt.Sprint(i), now, until); !fresh || full {
			t.Fatalf("nonce %d: fresh %v, full %v", i, fresh, full)
		}
	}
	if fresh, _ := n.take("k", "7", now, until); fresh {
		t.Error("a nonce serves twice")
	}
	if _, full := n.take("k", "one more", now, until); !full {
		t.Error("more are taken than may be")
	}
	later := now.Add(2 * time.Minute)
	if fresh, full := n.take("k", "one more", later, later.Add(time.Minute)); !fresh || full {
		t.Error("after the window there is no room again")
	}
}

// certificate makes one of an authority, which is made when ca is nil.
func certificate(t *testing.T, ca *tls.Certificate, tmpl *x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl.SerialNumber = big.NewInt(time.Now().UnixNano())
	tmpl.NotBefore, tmpl.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := tmpl, any(key)
	if ca != nil {
		parent, signer = ca.Leaf, ca.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// writePair writes a certificate and its key into files.
func writePair(t *testing.T, c tls.Certificate) CertificateFiles {
	t.Helper()
	f := filepath.Join(t.TempDir(), "server")
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	gatewaytest.Write(t, f+".pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}))
	gatewaytest.Write(t, f+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	return CertificateFiles{Cert: f + ".pem", Key: f + ".key"}
}

func TestClientCertificates(t *testing.T) {
	t.Parallel()
	ca := certificate(t, nil, &x509.Certificate{Subject: pkix.Name{CommonName: "ca"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	pool := x509.NewCertPool()
	pool.AddCert(ca.Leaf)
	server := certificate(t, &ca, &x509.Certificate{Subject: pkix.Name{CommonName: "server"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	files, caFile := writePair(t, server), filepath.Join(t.TempDir(), "ca.pem")
	gatewaytest.Write(t, caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Certificate[0]}))
	spiffe, _ := url.Parse("spiffe://example.com/shop")
	shop := certificate(t, &ca, &x509.Certificate{Subject: pkix.Name{CommonName: "shop", Organization: []string{"Example"}}, DNSNames: []string{"Shop.example.com"}, URIs: []*url.URL{spiffe}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	print := sha256.Sum256(shop.Certificate[0])
	i := newIssuer(t)
	k := i.add(t, "1", "ES256")
	bound := mint(t, k, claims(i.URL, "cnf", map[string]any{"x5t#S256": base64.RawURLEncoding.EncodeToString(print[:])}))
	a := newApps()
	a.key("x", Consumer{Application: "shop", KeyID: "k1"})
	for name, tc := range map[string]struct {
		policies string
		with     *tls.Certificate
		bearer   string
		want     int
	}{
		"any that the listener knows": {"mtls: {}", &shop, "", 200},
		"none":                        {"mtls: {}", nil, "", 403},
		"subject":                     {`mtls: {subjects: ["CN=shop,O=Example"]}`, &shop, "", 200},
		"subject with a star":         {`mtls: {subjects: ["CN=*,O=Example"]}`, &shop, "", 200},
		"a star is one part":          {`mtls: {subjects: ["CN=*"]}`, &shop, "", 403},
		"another subject":             {`mtls: {subjects: ["CN=shop,O=Evil"]}`, &shop, "", 403},
		"name":                        {`mtls: {names: ["*.example.com"]}`, &shop, "", 200},
		"a deeper name":               {`mtls: {names: ["*.com"]}`, &shop, "", 403},
		"URI":                         {`mtls: {names: ["spiffe://example.com/*"]}`, &shop, "", 200},
		"fingerprint":                 {`mtls: {fingerprints: ["` + hex.EncodeToString(print[:]) + `"]}`, &shop, "", 200},
		"another fingerprint":         {`mtls: {fingerprints: ["` + strings.Repeat("00:", 31) + `00"]}`, &shop, "", 403},
		"its application":             {`mtls: {application: cn, user: name}`, &shop, "", 200},
		"no such application":         {`mtls: {application: name}`, &shop, "", 403},
		"certificate or key":          {`{authentication: any, mtls: {}, key: {}}`, &shop, "", 200},
		"neither":                     {`{authentication: any, mtls: {}, key: {}}`, nil, "", 401},
		"bound token":                 {fmt.Sprintf(`jwt: {issuer: %q}`, i.URL), &shop, bound, 200},
		"bound token, no certificate": {fmt.Sprintf(`jwt: {issuer: %q}`, i.URL), nil, bound, 401},
	} {
		doc := strings.Replace(oneUpstream(echoUpstream(t, nil)), "    upstream: up\n", "    upstream: up\n    policies: "+wrapped(tc.policies)+"\n", 1)
		g := newRig(t, doc, asksLocal(t), func(o *Options) { o.Keys = a })
		addr := g.newSecure(t, TLS{Certificates: []CertificateFiles{files}, ClientCA: caFile})
		cfg := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
		if tc.with != nil {
			cfg.Certificates = []tls.Certificate{*tc.with}
		}
		tr := &http.Transport{TLSClientConfig: cfg}
		t.Cleanup(tr.CloseIdleConnections)
		req, _ := http.NewRequestWithContext(t.Context(), "GET", "https://"+addr+"/", nil)
		if tc.bearer != "" {
			req.Header.Set("Authorization", "Bearer "+tc.bearer)
		}
		resp, err := (&http.Client{Transport: tr}).Do(req)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != tc.want {
			t.Errorf("%s: %d %s, want %d", name, resp.StatusCode, body, tc.want)
		}
		if name == "its application" {
			if c := g.nth(t, 0); c.User != "Shop.example.com" || !c.Proven || c.Consumer == nil || c.Consumer.Application != "shop" {
				t.Errorf("recorded %q, proven %v, %+v", c.User, c.Proven, c.Consumer)
			}
		}
	}
}

func wrapped(policies string) string {
	if strings.HasPrefix(policies, "{") {
		return policies
	}
	return "{" + policies + "}"
}

func TestWhoTheUserIs(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	k := i.add(t, "1", "ES256")
	tok := "Bearer " + mint(t, k, claims(i.URL, "email", "ada@example.com"))
	sum := sha256.Sum256([]byte("s3cret"))
	hashed := hex.EncodeToString(sum[:16])
	for name, tc := range map[string]struct {
		trusted, policies string
		headers           []string
		user, session     string
		proven            bool
		upstream, not     string
	}{
		"header of anyone": {"", "identity: {user: {header: X-User}, session: {header: X-Session}}",
			[]string{"X-User", "ada", "X-Session", "s1"}, "ada", "s1", false, "X-User: ada\r\n", ""},
		"header of a stranger": {"192.0.2.1", "identity: {user: {header: X-User}, trust: proxies}",
			[]string{"X-User", "root"}, "", "", false, "", "root"},
		"header with another dash": {"192.0.2.1", "identity: {user: {header: X-User}, trust: proxies}",
			[]string{"X_User", "root"}, "", "", false, "", "root"},
		"header of a proxy": {"127.0.0.1", "identity: {user: {header: X-User}, trust: proxies}",
			[]string{"X-User", "ada"}, "ada", "", false, "X-User: ada\r\n", ""},
		"cookie": {"", "identity: {session: {cookie: sid}, user: {cookie: uid, plain: true}}",
			[]string{"Cookie", "a=1; sid=s3cret; uid=ada"}, "ada", hashed, false, "Cookie: ", ""},
		"sent on": {"", "identity: {session: {cookie: sid, send: X-Sess}}",
			[]string{"Cookie", "sid=s3cret", "X-Sess", "forged"}, "", hashed, false, "X-Sess: " + hashed, "forged"},
		"claim": {"", fmt.Sprintf("{jwt: {issuer: %q}, identity: {user: {claim: email, send: X-User}, session: {header: X-Session}}}", i.URL),
			[]string{"Authorization", tok, "X-User", "root", "X-Session", "s2"}, "ada@example.com", "s2", true, "X-User: ada@example.com\r\n", "root"},
		"a header does not become proven by a token": {"", fmt.Sprintf("{jwt: {issuer: %q}, identity: {user: {header: X-User}}}", i.URL),
			[]string{"Authorization", tok, "X-User", "root"}, "root", "", false, "", ""},
		"too long":       {"", "identity: {user: {header: X-User}}", []string{"X-User", strings.Repeat("a", 201)}, "", "", false, "", ""},
		"not UTF-8":      {"", "identity: {user: {header: X-User}}", []string{"X-User", "a\xffb"}, "", "", false, "", ""},
		"nothing at all": {"", "identity: {user: {header: X-User}}", nil, "", "", false, "", ""},
	} {
		doc := strings.Replace(oneUpstream(echoUpstream(t, nil)), "    upstream: up\n", "    upstream: up\n    policies: "+wrapped(tc.policies)+"\n", 1)
		if tc.trusted != "" {
			doc = strings.Replace(doc, "gateway: 1\n", "gateway: 1\ntrusted_proxies: ["+tc.trusted+"]\n", 1)
		}
		g := newRig(t, doc, asksLocal(t))
		got := g.ask(t, "GET", "/", "", tc.headers...)
		if got.status != 200 || !strings.Contains(got.body, tc.upstream) || tc.not != "" && strings.Contains(got.body, tc.not) {
			t.Errorf("%s: %d, the upstream got\n%s", name, got.status, got.body)
		}
		for n := range 2 {
			if c := g.nth(t, n); c.User != tc.user || c.Session != tc.session || c.Proven != tc.proven {
				t.Errorf("%s: recorded %q, %q, proven %v; want %q, %q, %v", name, c.User, c.Session, c.Proven, tc.user, tc.session, tc.proven)
			}
		}
	}
}

// FuzzCredentials: whatever stands in these fields, nobody is let in by it and
// nothing breaks.
func FuzzCredentials(f *testing.F) {
	f.Add("Basic YTpi", "a=b; sid=c", "x=1&key=2")
	f.Add("Bearer a.b.c", "sid=\"q\"", "key")
	f.Add("basic Og==", ";;=;", "&&key=&")
	f.Fuzz(func(t *testing.T, auth, cookie, query string) {
		if user, pw, is := basicOf([]byte(auth)); is && (len(user) == 0 || len(pw) == 0) {
			t.Errorf("empty credentials are credentials: %q", auth)
		}
		x := &Exchange{Target: []byte("/p?" + query), Path: []byte("/p"), Query: []byte(query)}
		x.Fields = append(x.Fields, field("Authorization", auth), field("Cookie", cookie))
		x.cookie("sid")
		x.cutParameter("key")
		if _, ok := parameter(x.Query, "key"); ok || !strings.HasPrefix(string(x.Target), "/p") || string(x.Path) != "/p" {
			t.Errorf("%q: target %q", query, x.Target)
		}
		oneLine(auth)
	})
}

// What the cache keeps for one who asks is never sent to another, however the
// gateway knows them.
func TestCachesKnowWhoIsWho(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	k := i.add(t, "1", "ES256")
	tok := func(more ...any) string { return "Bearer " + mint(t, k, claims(i.URL, more...)) }
	ca := func(policies string) *rig {
		up := upstreamServer(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", r.URL.Query().Get("says"))
			_, _ = io.WriteString(w, r.Header.Get("X-Who"))
		})
		return newRig(t, strings.Replace(oneUpstream(up), "    upstream: up\n", "    upstream: up\n    policies: "+policies+"\n", 1), asksLocal(t))
	}
	issuerURL := fmt.Sprintf("%q", i.URL)
	for name, tc := range map[string]struct {
		policies string
		first    []string // headers of one who asks
		second   []string // and of another
		shared   bool     // the second gets the first's answer
	}{
		"users of tokens":                {"{jwt: {issuer: " + issuerURL + "}, cache: {}}", []string{"Authorization", tok("sub", "a")}, []string{"Authorization", tok("sub", "b")}, false},
		"tokens of one user":             {"{jwt: {issuer: " + issuerURL + "}, cache: {}}", []string{"Authorization", tok("sub", "a")}, []string{"Authorization", tok("sub", "a", "jti", "2")}, true},
		"one user in two tenants":        {"{jwt: {issuer: " + issuerURL + ", claims_to_headers: {X-Tenant: tenant}}, cache: {}}", []string{"Authorization", tok("tenant", "x")}, []string{"Authorization", tok("tenant", "y")}, false},
		"tokens without a user":          {"{jwt: {issuer: " + issuerURL + ", header: X-Token}, cache: {}}", []string{"X-Token", tok("sub", nil)}, []string{"X-Token", tok("sub", nil, "jti", "2")}, false},
		"a user who only says so":        {"{identity: {user: {header: X-User}}, cache: {}}", []string{"X-User", "a", "Cookie", "sid=1"}, []string{"X-User", "a", "Cookie", "sid=2"}, false},
		"a user who says so by a cookie": {"{identity: {user: {cookie: uid, plain: true}}, cache: {}}", []string{"Cookie", "uid=a; sid=1"}, []string{"Cookie", "uid=a"}, false},
	} {
		g := ca(tc.policies)
		first := g.ask(t, "GET", "/?says=max-age=100", "", append(tc.first, "X-Who", "first")...)
		second := g.ask(t, "GET", "/?says=max-age=100", "", append(tc.second, "X-Who", "second")...)
		if first.body != "first" || (second.body == "first") != tc.shared {
			t.Errorf("%s: the first got %q, the second %q", name, first.body, second.body)
		}
	}
	// What is renewed beside has the headers that the gateway adds.
	var seen atomic.Int32
	up := upstreamServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-User") != "u1" {
			t.Errorf("the upstream was asked for the user %q", r.Header.Get("X-User"))
		}
		w.Header().Set("Cache-Control", "max-age=1, stale-while-revalidate=1000")
		if seen.Add(1) == 1 {
			w.Header().Set("Age", "100")
		}
		_, _ = io.WriteString(w, "x")
	})
	g := newRig(t, withPolicies(up, fmt.Sprintf("      jwt: {issuer: %q, claims_to_headers: {X-User: sub}}\n      cache: {}\n", i.URL)), asksLocal(t))
	for seen.Load() < 2 && t.Context().Err() == nil {
		if got := g.ask(t, "GET", "/", "", "Authorization", tok()); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
}
