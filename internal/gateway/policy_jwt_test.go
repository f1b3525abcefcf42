package gateway

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

func TestTokensAreHeldAgainstTheirIssuer(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	k := map[jose.SignatureAlgorithm]jose.SigningKey{}
	for _, alg := range []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.ES384, jose.EdDSA} {
		k[alg] = i.add(t, string(alg), alg)
	}
	es := k[jose.ES256]
	stranger := newKey(t, jose.ES256)
	stranger.Key = jose.JSONWebKey{Key: stranger.Key, KeyID: "ES256"}
	// The public key taken for the secret of an HMAC: what a naive verifier takes.
	der, err := x509.MarshalPKIXPublicKey(publicOf(k[jose.RS256]))
	if err != nil {
		t.Fatal(err)
	}
	confused := jose.SigningKey{Algorithm: jose.HS256, Key: jose.JSONWebKey{Key: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), KeyID: "RS256"}}
	b64 := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	body, _ := json.Marshal(claims(i.URL))
	good := mint(t, es, claims(i.URL))
	now := time.Now()
	g := newRig(t, withPolicies(echoUpstream(t, nil), fmt.Sprintf("      jwt: {issuer: %q, audience: [orders, cart]}\n", i.URL)), asksLocal(t))
	for name, tc := range map[string]struct {
		token, want string
		status      int
	}{
		"ES256":                   {good, "", 200},
		"RS256":                   {mint(t, k[jose.RS256], claims(i.URL)), "", 200},
		"PS256":                   {mint(t, k[jose.PS256], claims(i.URL)), "", 200},
		"ES384":                   {mint(t, k[jose.ES384], claims(i.URL)), "", 200},
		"EdDSA":                   {mint(t, k[jose.EdDSA], claims(i.URL)), "", 200},
		"typ of access tokens":    {mint(t, es, claims(i.URL), "typ", "at+jwt"), "", 200},
		"one audience as text":    {mint(t, es, claims(i.URL, "aud", "cart")), "", 200},
		"a fraction of a second":  {mint(t, es, claims(i.URL, "exp", float64(now.Unix())+600.5)), "", 200},
		"within the leeway":       {mint(t, es, claims(i.URL, "exp", now.Add(-5*time.Second).Unix())), "", 200},
		"no token":                {"", `Bearer realm="all"`, 401},
		"garbage":                 {"a.b.c", "invalid_token", 401},
		"none":                    {b64(`{"alg":"none"}`) + "." + b64(string(body)) + ".", "invalid_token", 401},
		"None":                    {b64(`{"alg":"None"}`) + "." + b64(string(body)) + ".", "invalid_token", 401},
		"no algorithm":            {b64(`{}`) + "." + b64(string(body)) + ".AA", "invalid_token", 401},
		"HMAC with a public key":  {mint(t, confused, claims(i.URL)), "invalid_token", 401},
		"another's key":           {mint(t, stranger, claims(i.URL)), "signature is wrong", 401},
		"changed":                 {good[:len(good)-9] + "AAAAAAAAA", "invalid_token", 401},
		"expired":                 {mint(t, es, claims(i.URL, "exp", now.Add(-time.Minute).Unix())), "has expired", 401},
		"never expires":           {mint(t, es, claims(i.URL, "exp", nil)), "when it expires", 401},
		"exp as text":             {mint(t, es, claims(i.URL, "exp", "tomorrow")), "when it expires", 401},
		"not yet":                 {mint(t, es, claims(i.URL, "nbf", now.Add(time.Minute).Unix())), "not valid yet", 401},
		"another issuer":          {mint(t, es, claims("https://evil.example")), "another issuer", 401},
		"no issuer":               {mint(t, es, claims(i.URL, "iss", nil)), "another issuer", 401},
		"another audience":        {mint(t, es, claims(i.URL, "aud", []string{"billing"})), "another audience", 401},
		"no audience":             {mint(t, es, claims(i.URL, "aud", nil)), "another audience", 401},
		"typ of another purpose":  {mint(t, es, claims(i.URL), "typ", "logout+jwt"), "type", 401},
		"critical header":         {mint(t, es, claims(i.URL), "crit", "x"), "invalid_token", 401},
		"key of another kind":     {mint(t, withKid(newKey(t, jose.ES256), "RS256"), claims(i.URL)), "does not have", 401},
		"key that nobody has":     {mint(t, withKid(es, "other"), claims(i.URL)), "does not have", 401},
		"JSON instead of compact": {`{"payload":"` + b64(string(body)) + `","signatures":[]}`, "invalid_token", 401},
		"bound to a certificate":  {mint(t, es, claims(i.URL, "cnf", map[string]any{"x5t#S256": "abc"})), "client certificate", 401},
	} {
		var h []string
		if tc.token != "" {
			h = []string{"Authorization", "Bearer " + tc.token}
		}
		got := g.ask(t, "GET", "/", "", h...)
		if got.status != tc.status || !strings.Contains(got.header.Get("WWW-Authenticate")+got.body, tc.want) {
			t.Errorf("%s: %d %q %s, want %d with %q", name, got.status, got.header.Get("WWW-Authenticate"), got.body, tc.status, tc.want)
		}
		if got.status == 401 && !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer ") {
			t.Errorf("%s: a 401 without a challenge", name)
		}
		if got.status == 200 && strings.Contains(got.body, "Authorization") {
			t.Errorf("%s: the upstream got the token", name)
		}
	}
}

func publicOf(k jose.SigningKey) crypto.PublicKey {
	key := k.Key
	if j, ok := key.(jose.JSONWebKey); ok {
		key = j.Key
	}
	return key.(crypto.Signer).Public()
}

func withKid(k jose.SigningKey, kid string) jose.SigningKey {
	key := k.Key
	if j, ok := key.(jose.JSONWebKey); ok {
		key = j.Key
	}
	return jose.SigningKey{Algorithm: k.Algorithm, Key: jose.JSONWebKey{Key: key, KeyID: kid}}
}

func TestClaimsReachTheUpstreamAndOnlyThose(t *testing.T) {
	t.Parallel()
	key := newKey(t, jose.ES256)
	pub, err := x509.MarshalPKIXPublicKey(publicOf(key))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pub})), "\n", "\\n")
	g := newRig(t, withPolicies(echoUpstream(t, nil), `      jwt:
        keys: ["`+text+`"]
        forward: true
        cookie: token
        user_claim: email
        claims_to_headers: {X-User-Id: sub, x-roles: realm_access.roles, X-Odd: odd, X-Deep: "https://example.com/tier"}
`))
	tok := mint(t, key, claims("any", "email", "ada@example.com", "sid", "s1", "odd", "a\r\nX-Evil: yes", "realm_access", map[string]any{"roles": []string{"a", "b"}}, "https://example.com/tier", 7))
	got := g.ask(t, "GET", "/", "", "Authorization", "bearer "+tok, "X-User-Id", "root", "x_user_id", "root", "X-Roles", "admin")
	for _, want := range []string{"X-User-Id: u1\r\n", "X-Roles: a,b\r\n", "X-Deep: 7\r\n", "Authorization: bearer "} {
		if !strings.Contains(got.body, want) {
			t.Errorf("the upstream lacks %q in\n%s", want, got.body)
		}
	}
	for _, bad := range []string{"root", "admin", "X-Evil", "X-Odd"} {
		if strings.Contains(got.body, bad) {
			t.Errorf("the upstream got %q in\n%s", bad, got.body)
		}
	}
	if got := g.ask(t, "GET", "/", "", "Cookie", "a=b; token="+tok); got.status != 200 {
		t.Errorf("in a cookie: %d %s", got.status, got.body)
	}
	if got := g.ask(t, "GET", "/", "", "X-User-Id", "root"); got.status != 401 {
		t.Errorf("without a token: %d", got.status)
	}
	c := g.nth(t, 0)
	if c.User != "ada@example.com" || c.Session != "s1" || !c.Proven {
		t.Errorf("recorded user %q, session %q, proven %v", c.User, c.Session, c.Proven)
	}
}

func TestASharedSecret(t *testing.T) {
	t.Parallel()
	secret := strings.Repeat("0123456789", 4)
	g := newRig(t, withPolicies(echoUpstream(t, nil), "      jwt: {secret: \""+secret+"\", issuer: me, without_expiry: true}\n"))
	sign := func(key string, alg jose.SignatureAlgorithm) string {
		return mint(t, jose.SigningKey{Algorithm: alg, Key: []byte(key)}, claims("me", "exp", nil))
	}
	for name, tc := range map[string]struct {
		token string
		want  int
	}{
		"right":             {sign(secret, jose.HS256), 200},
		"wrong":             {sign(strings.Repeat("x", 40), jose.HS256), 401},
		"another algorithm": {sign(secret+secret, jose.HS512), 401},
	} {
		if got := g.ask(t, "GET", "/", "", "Authorization", "Bearer "+tc.token); got.status != tc.want {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
}

func TestScopesAndClaimsAreRequired(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	k := i.add(t, "1", jose.ES256)
	doc := fmt.Sprintf(`gateway: 1
upstreams:
  - {name: up, targets: [{url: %q}]}
apis:
  - name: orders
    upstream: up
    policies: {jwt: {jwks_url: %q}}
    routes:
      - {name: read, path: /orders, methods: [GET], policies: {require: {scopes: ["orders:read"]}}}
      - {name: write, path: /orders, methods: [POST], policies: {require: {scopes: ["orders:read", "orders:write"], claims: {tenant.tier: [gold, silver], email: []}}}}
      - {name: health, path: /health, policies: {authentication: none}}
`, echoUpstream(t, nil), i.URL+"/keys")
	g := newRig(t, doc, asksLocal(t))
	tok := func(more ...any) string { return "Bearer " + mint(t, k, claims("", more...)) }
	gold := map[string]any{"tier": "gold"}
	for name, tc := range map[string]struct {
		method, path, auth string
		status             int
		want               string
	}{
		"reads":               {"GET", "/orders", tok("scope", "x orders:read"), 200, ""},
		"reads by scp":        {"GET", "/orders", tok("scp", []string{"orders:read"}), 200, ""},
		"no scope":            {"GET", "/orders", tok(), 403, `error="insufficient_scope", scope="orders:read"`},
		"part of a scope":     {"GET", "/orders", tok("scope", "orders:readers"), 403, "insufficient_scope"},
		"writes":              {"POST", "/orders", tok("scope", "orders:read orders:write", "tenant", gold, "email", "a@b.c"), 200, ""},
		"writes without mail": {"POST", "/orders", tok("scope", "orders:read orders:write", "tenant", gold), 403, "claim email"},
		"writes, bronze":      {"POST", "/orders", tok("scope", "orders:read orders:write", "tenant", map[string]any{"tier": "bronze"}, "email", "a@b.c"), 403, "claim tenant.tier"},
		"health":              {"GET", "/health", "", 200, ""},
		"nobody":              {"GET", "/orders", "", 401, "Bearer"},
	} {
		var h []string
		if tc.auth != "" {
			h = []string{"Authorization", tc.auth}
		}
		got := g.ask(t, tc.method, tc.path, "", h...)
		if got.status != tc.status || !strings.Contains(got.header.Get("WWW-Authenticate")+got.body, tc.want) {
			t.Errorf("%s: %d %q %s, want %d with %q", name, got.status, got.header.Get("WWW-Authenticate"), got.body, tc.status, tc.want)
		}
	}
}

func TestKeysRotateAndOutliveTheirIssuer(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	first := i.add(t, "1", jose.ES256)
	doc := withPolicies(echoUpstream(t, nil), fmt.Sprintf("      jwt: {issuer: %q}\n", i.URL))
	g := newRig(t, doc, asksLocal(t))
	ask := func(tok string) answer { return g.ask(t, "GET", "/", "", "Authorization", "Bearer "+tok) }
	old := mint(t, first, claims(i.URL))
	if got := ask(old); got.status != 200 {
		t.Fatalf("the first key: %d %s", got.status, got.body)
	}
	second := i.add(t, "2", jose.ES256)
	if got := ask(mint(t, second, claims(i.URL))); got.status != 200 {
		t.Errorf("a key that came later: %d %s", got.status, got.body)
	}
	// While the issuer is away known keys go on; of others nothing can be said.
	i.down.Store(true)
	if got := ask(mint(t, second, claims(i.URL, "jti", "x"))); got.status != 200 {
		t.Errorf("a known key while the issuer is away: %d %s", got.status, got.body)
	}
	third := i.add(t, "3", jose.ES256)
	if got := ask(mint(t, third, claims(i.URL))); got.status != 503 || got.header.Get("Retry-After") == "" {
		t.Errorf("an unknown key while the issuer is away: %d %s", got.status, got.body)
	}
	// A new publication knows what the one before knew.
	if err := g.Apply([]byte(strings.Replace(doc, "name: all\n", "name: all\n    version: v2\n", 1))); err != nil {
		t.Fatal(err)
	}
	if got := ask(old); got.status != 200 {
		t.Errorf("after a publication: %d %s", got.status, got.body)
	}
	i.down.Store(false)
	// A key that the issuer took back opens nothing, not even for tokens that
	// were verified before.
	i.removeAll()
	i.add(t, "4", jose.ES256)
	if got := ask(mint(t, third, claims(i.URL))); got.status != 401 {
		t.Errorf("a key that is gone: %d %s", got.status, got.body)
	}
	if got := ask(old); got.status != 401 {
		t.Errorf("a token of a key that is gone: %d %s", got.status, got.body)
	}
}

func TestInventedKeysDoNotAskTheIssuerEachTime(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	k := i.add(t, "1", jose.ES256)
	g := newRig(t, withPolicies(echoUpstream(t, nil), fmt.Sprintf("      jwt: {jwks_url: %q}\n", i.URL+"/keys")), asksLocal(t), func(o *Options) { o.Tokens.Again = time.Hour })
	if got := g.ask(t, "GET", "/", "", "Authorization", "Bearer "+mint(t, k, claims(""))); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	for n := range 20 {
		tok := mint(t, withKid(k, fmt.Sprint("invented", n)), claims(""))
		if got := g.ask(t, "GET", "/", "", "Authorization", "Bearer "+tok); got.status != 401 {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	if n := i.keySets.Load(); n != 1 {
		t.Errorf("the issuer was asked %d times, want once", n)
	}
}

// A look-up of an issuer that hangs holds up who needs it, for a bounded time,
// and nobody else.
func TestASlowIssuerHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	k := i.add(t, "1", jose.ES256)
	g := newRig(t, withPolicies(echoUpstream(t, nil), fmt.Sprintf("      jwt: {jwks_url: %q}\n", i.URL+"/keys")), asksLocal(t), func(o *Options) {
		o.Tokens.Wait, o.Tokens.Fetch = 300*time.Millisecond, 10*time.Second
	})
	known := mint(t, k, claims(""))
	if got := g.ask(t, "GET", "/", "", "Authorization", "Bearer "+known); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	gate := make(chan struct{})
	i.slow.Store(&gate)
	before := i.keySets.Load()
	var wg sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	for n := range 10 {
		wg.Go(func() {
			tok := mint(t, withKid(k, fmt.Sprint("new", n)), claims(""))
			resp, err := http.DefaultClient.Do(request(t, g, tok))
			if err != nil {
				t.Error(err)
				return
			}
			_ = resp.Body.Close()
			mu.Lock()
			statuses[resp.StatusCode]++
			mu.Unlock()
		})
	}
	for range 10 {
		if got := g.ask(t, "GET", "/", "", "Authorization", "Bearer "+known); got.status != 200 {
			t.Errorf("a known token beside it: %d", got.status)
		}
	}
	wg.Wait()
	if statuses[503] != 10 {
		t.Errorf("unknown keys of a slow issuer: %v, want ten times 503", statuses)
	}
	close(gate)
	if n := i.keySets.Load() - before; n > 1 {
		t.Errorf("%d fetches at once, want one", n)
	}
}

func request(t *testing.T, g *rig, tok string) *http.Request {
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+g.addr+"/", nil)
	if err != nil {
		t.Error(err)
	}
	req.Header.Set("Authorization", "Bearer "+tok)
	return req
}

func TestTokenPoliciesAreChecked(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("s", 32)
	for doc, want := range map[string]string{
		`jwt: {}`:                                                        "where the keys are",
		`jwt: {issuer: "not a url"}`:                                     "is no URL",
		`jwt: {jwks_url: "ftp://x/y"}`:                                   "no URL of http",
		`jwt: {jwks_url: "https://u:p@x/y"}`:                             "user name",
		`jwt: {jwks_url: "https://x/y", secret: ` + long + `}`:           "one of",
		`jwt: {secret: short}`:                                           "at least 32",
		`jwt: {jwks_url: "https://x/y", algorithms: [none]}`:             `no algorithm "none"`,
		`jwt: {jwks_url: "https://x/y", algorithms: [HS256]}`:            "does not go with",
		`jwt: {secret: ` + long + `, algorithms: [RS256]}`:               "does not go with",
		`jwt: {keys: ["-----BEGIN"]}`:                                    "neither PEM",
		`jwt: {jwks_url: "https://x/y", leeway: 1h}`:                     "at most",
		`jwt: {jwks_url: "https://x/y", claims_to_headers: {Host: sub}}`: "can't be set",
		`jwt: {jwks_url: "https://x/y", claims_to_headers: {X: ""}}`:     "name the claim",
		`introspection: {client_id: x}`:                                  "whom to ask",
		`introspection: {endpoint: "https://x", client_secret: y}`:       "of a client_id",
		`{authentication: some}`:                                         "no way to authenticate",
		`{authentication: any}`:                                          "any of nothing",
		`{authentication: none}`:                                         "for routes",
		`{require: {scopes: ["a b"]}}`:                                   "is no scope",
		`{require: {}}`:                                                  "name scopes",
		`{mtls: {fingerprints: [12]}}`:                                   "SHA-256",
		`{mtls: {subjects: ["[a"]}}`:                                     "can't be read",
		`{mtls: {user: eye}}`:                                            "nothing of a certificate",
		`{identity: {}}`:                                                 "where user or session",
		`{identity: {user: {header: X, claim: sub}}}`:                    "exactly one",
		`{identity: {user: {header: Host}}}`:                             "can't carry",
		`{identity: {user: {header: X-U}, trust: me}}`:                   "can't be trusted",
		`{signature: {window: 2h}}`:                                      "at most",
		`{signature: {components: [Date]}}`:                              "lower case",
		`{quotas: [{count: 1, per: week}]}`:                              "per day or per month",
		`{quotas: [{count: 1, per: day, zone: Mars/Base}]}`:              "no time zone",
		`{quotas: [{count: -1, per: day}]}`:                              "from 0",
		`{limits: [{rate: 1/s, name: a}, {rate: 2/s, name: a}]}`:         "two with the name",
		`{limits: [{rate: 1/s, by: moon}]}`:                              "to count by",
		`{concurrency: {at_once: 0}}`:                                    "at least one",
		`{priority: top}`:                                                "no priority",
		`{plan: {default: "a b"}}`:                                       "no name of a plan",
		`{jwt: {jwks_url: "https://x/y"}, limits: [], unknown: 1}`:       "unknown",
		`{limit: {rate: 1/s}, limits: [{rate: 5/m}], identity: {user: {cookie: a}}, priority: low}`: "",
	} {
		if !strings.HasPrefix(doc, "{") {
			doc = "{" + doc + "}"
		}
		_, err := Parse([]byte("gateway: 1\nupstreams: [{name: up, targets: [{url: \"http://127.0.0.1:1\"}]}]\napis:\n  - name: a\n    upstream: up\n    policies: " + doc + "\n    routes: [{name: r, path: /}]\n"))
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", doc, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", doc, err, want)
		}
	}
}
