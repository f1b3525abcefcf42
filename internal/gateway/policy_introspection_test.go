package gateway

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func introspects(t *testing.T, i *issuer, more string, change ...func(*Options)) *rig {
	doc := withPolicies(echoUpstream(t, nil), fmt.Sprintf("      introspection: {issuer: %q, client_id: gate/way, client_secret: \"s:cret\", audience: [orders], claims_to_headers: {X-User: sub}%s}\n", i.URL, more))
	return newRig(t, doc, append([]func(*Options){asksLocal(t)}, change...)...)
}

func TestIssuersAreAskedAboutTokens(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	i.activate("good", claims(i.URL, "sid", "s7", "scope", "a b"))
	i.activate("no-issuer", claims(i.URL, "iss", nil))
	i.activate("forever", claims(i.URL, "exp", nil))
	i.activate("other-issuer", claims("https://evil.example"))
	i.activate("other-audience", claims(i.URL, "aud", "billing"))
	i.activate("over", claims(i.URL, "exp", time.Now().Add(-time.Minute).Unix()))
	g := introspects(t, i, "")
	for tok, want := range map[string]int{"good": 200, "no-issuer": 200, "forever": 200, "other-issuer": 401, "other-audience": 401, "over": 401, "unknown": 401} {
		if got := g.ask(t, "GET", "/", "", "Authorization", "Bearer "+tok); got.status != want {
			t.Errorf("%s: %d %s, want %d", tok, got.status, got.body, want)
		} else if want == 401 && !strings.Contains(got.header.Get("WWW-Authenticate"), "invalid_token") {
			t.Errorf("%s: challenge %q", tok, got.header.Get("WWW-Authenticate"))
		}
	}
	got := g.ask(t, "GET", "/", "", "Authorization", "Bearer good", "X-User", "root")
	if !strings.Contains(got.body, "X-User: u1\r\n") || strings.Contains(got.body, "root") || strings.Contains(got.body, "good") {
		t.Errorf("the upstream got\n%s", got.body)
	}
	// Each token was asked about once, though each was sent in both lanes.
	if n := i.questions.Load(); n != 7 {
		t.Errorf("the issuer was asked %d times, want 7", n)
	}
}

func TestKnownTokensOutliveTheirIssuer(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	soon := time.Now().Add(time.Hour)
	i.activate("known", claims(i.URL, "exp", soon.Unix()))
	i.activate("forever", claims(i.URL, "exp", nil))
	// Every answer is too old at once, so each request asks again.
	g := introspects(t, i, ", cache: 1ns, cache_inactive: 1ns, stale: 1h")
	ask := func(tok string) answer { return g.ask(t, "GET", "/", "", "Authorization", "Bearer "+tok) }
	for _, tok := range []string{"known", "forever"} {
		if got := ask(tok); got.status != 200 {
			t.Fatalf("%s: %d %s", tok, got.status, got.body)
		}
	}
	i.down.Store(true)
	for _, tok := range []string{"known", "forever"} {
		if got := ask(tok); got.status != 200 {
			t.Errorf("%s while the issuer is away: %d %s", tok, got.status, got.body)
		}
	}
	if got := ask("new"); got.status != 503 || got.header.Get("Retry-After") == "" {
		t.Errorf("an unknown token while the issuer is away: %d %s", got.status, got.body)
	}
	// It was revoked meanwhile: seen as soon as the issuer answers.
	i.activate("known", nil)
	i.down.Store(false)
	for t.Context().Err() == nil {
		if got := ask("known"); got.status == 401 {
			break
		} else if got.status != 200 {
			t.Fatalf("a revoked token: %d %s", got.status, got.body)
		}
	}
}

func TestAYesIsBelievedForAWhile(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	i.activate("tok", claims(i.URL))
	g := introspects(t, i, ", cache: 1h, cache_inactive: 1h")
	for range 5 {
		if got := g.ask(t, "GET", "/", "", "Authorization", "Bearer tok"); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.body)
		}
		if got := g.ask(t, "GET", "/", "", "Authorization", "Bearer no"); got.status != 401 {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	if n := i.questions.Load(); n != 2 {
		t.Errorf("the issuer was asked %d times, want twice", n)
	}
}

func TestASlowIssuerOfOpaqueTokens(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	i.activate("tok", claims(i.URL))
	g := introspects(t, i, ", cache: 1h", func(o *Options) { o.Tokens.Wait = 100 * time.Millisecond })
	if got := g.ask(t, "GET", "/", "", "Authorization", "Bearer tok"); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	gate := make(chan struct{})
	i.slow.Store(&gate)
	if got := g.ask(t, "GET", "/", "", "Authorization", "Bearer other"); got.status != 503 {
		t.Errorf("an unknown token: %d %s", got.status, got.body)
	}
	if got := g.ask(t, "GET", "/", "", "Authorization", "Bearer tok"); got.status != 200 {
		t.Errorf("a known token: %d %s", got.status, got.body)
	}
	close(gate)
}

func TestDiscoveryMustNameItself(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	k := i.add(t, "1", "ES256")
	g := newRig(t, withPolicies(echoUpstream(t, nil), fmt.Sprintf("      jwt: {issuer: %q}\n", i.URL+"/other")), asksLocal(t))
	if got := g.ask(t, "GET", "/", "", "Authorization", "Bearer "+mint(t, k, claims(i.URL+"/other"))); got.status != 503 {
		t.Errorf("an issuer that calls itself another: %d %s", got.status, got.body)
	}
}

// Without leave, a document can't have the gateway ask this machine.
func TestIssuersInPrivateNetworksAreNotAsked(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	k := i.add(t, "1", "ES256")
	g := newRig(t, withPolicies(echoUpstream(t, nil), fmt.Sprintf("      jwt: {jwks_url: %q}\n", i.URL+"/keys")))
	if got := g.ask(t, "GET", "/", "", "Authorization", "Bearer "+mint(t, k, claims(""))); got.status != 503 {
		t.Errorf("%d %s", got.status, got.body)
	}
	if n := i.keySets.Load(); n != 0 {
		t.Errorf("the issuer was asked %d times", n)
	}
}
