package gateway

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

var nothing = slog.New(slog.DiscardHandler)

// BenchmarkPolicies is what each kind costs a request that it lets pass.
func BenchmarkPolicies(b *testing.B) {
	key := newKey(b, jose.ES256)
	rs := newKey(b, jose.RS256)
	set := func(k jose.SigningKey) string {
		j, err := (&jose.JSONWebKey{Key: publicOf(k), KeyID: "1"}).MarshalJSON()
		if err != nil {
			b.Fatal(err)
		}
		return strings.ReplaceAll(string(j), `"`, `\"`)
	}
	tok := mint(b, withKid(key, "1"), claims("me", "scope", "a b c", "email", "ada@example.com"))
	rtok := mint(b, withKid(rs, "1"), claims("me", "scope", "a b c", "email", "ada@example.com"))
	a := newApps()
	a.key("hck_0123456789abcdef", Consumer{Application: "app", KeyID: "k1", Plan: "gold"})
	plan, err := CompilePlan("", "gold", PlanLimits{Limits: []PlanRate{{Rate: "1000000/s"}, {Rate: "1000000/m", Burst: 1000000}}})
	if err != nil {
		b.Fatal(err)
	}
	a.plans.Store(named{"", "gold"}, plan)
	keyField := field("X-API-Key", "hck_0123456789abcdef")
	for _, tc := range []struct {
		name, policies string
		fields         []h1.Field
	}{
		{"key", "key: {}", []h1.Field{keyField}},
		{"key and limit", "{key: {}, limit: {rate: 1000000/s}}", []h1.Field{keyField}},
		{"key and three limits", "{key: {}, limits: [{rate: 1000000/s}, {rate: 1000000/s, by: ip}, {rate: 1000000/s, by: route}]}", []h1.Field{keyField}},
		{"key and plan", "{key: {}, plan: {}}", []h1.Field{keyField}},
		{"key and quota", "{key: {}, quotas: [{count: 1000000000000, per: day}]}", []h1.Field{keyField}},
		{"key and concurrency", "{key: {}, concurrency: {at_once: 10}}", []h1.Field{keyField}},
		{"basic", "basic: {}", []h1.Field{field("Authorization", "Basic YXBwOmhja18wMTIzNDU2Nzg5YWJjZGVm")}},
		{"jwt ES256", `jwt: {keys: ["` + set(key) + `"], claims_to_headers: {X-Mail: email}}`, []h1.Field{field("Authorization", "Bearer "+tok)}},
		{"jwt RS256", `jwt: {keys: ["` + set(rs) + `"]}`, []h1.Field{field("Authorization", "Bearer "+rtok)}},
		{"jwt and scopes", `{jwt: {keys: ["` + set(key) + `"]}, require: {scopes: [a, c]}, identity: {user: {claim: email}}}`, []h1.Field{field("Authorization", "Bearer "+tok)}},
		{"identity", "identity: {user: {header: X-User}, session: {cookie: sid}}", []h1.Field{field("X-User", "ada"), field("Cookie", "a=b; sid=c")}},
	} {
		b.Run(tc.name, func(b *testing.B) {
			g := New(Options{Log: nothing, Keys: a, Counters: &memory{}})
			defer func() { _ = g.Shutdown(b.Context()) }()
			doc := strings.Replace(oneUpstream("http://127.0.0.1:1"), "    upstream: up\n", "    upstream: up\n    policies: "+wrapped(tc.policies)+"\n", 1)
			if err := g.Apply([]byte(doc)); err != nil {
				b.Fatal(err)
			}
			route := g.snap.Load().routes[0]
			x := &Exchange{}
			now := time.Now()
			b.ReportAllocs()
			for b.Loop() {
				extra, added := x.extra[:0], x.added[:0] // as a lane would keep them
				*x = Exchange{Fields: tc.fields, Route: route, Start: now, extra: extra, added: added}
				for i := range route.policies {
					if no := route.policies[i].check(x); no != nil {
						b.Fatal(no.reason)
					}
				}
				if x.shape != nil {
					x.shape.ended()
				}
			}
		})
	}
}
