package main

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/workspace"
)

// callGen makes calls of a shop: few routes, many users, some of them very
// busy, latencies by route.
type callGen struct {
	r        *rand.Rand
	at, step float64 // microseconds
	routes   []callRoute
	which    *rand.Zipf
	who      *rand.Zipf
	agents   []string
	payload  bool
	ws       workspace.ID // benchSpace when empty
	captured int64
	buf      []byte
}

type callRoute struct {
	name, op, method, path string
	upstream               string
	withID                 bool
	base                   float64
}

func newCallGen(begin time.Time, span time.Duration, n int, payload bool) *callGen {
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same data each time
	g := &callGen{r: r, at: float64(begin.UnixMicro()), step: float64(span.Microseconds()) / float64(n), payload: payload,
		which: rand.NewZipf(r, 1.3, 3, 59), who: rand.NewZipf(r, 1.1, 200, 199_999)}
	nouns := []string{"orders", "customers", "invoices", "carts", "products", "payments", "stock", "returns", "coupons", "sessions"}
	for i := range 60 {
		noun := nouns[i%len(nouns)]
		verb := []string{"list", "get", "create", "update", "remove", "search"}[i/len(nouns)]
		g.routes = append(g.routes, callRoute{name: noun + "." + verb, op: verb + strings.ToUpper(noun[:1]) + noun[1:],
			method: []string{"GET", "GET", "POST", "PUT", "DELETE", "POST"}[i/len(nouns)], path: "/v2/" + noun, withID: slices.Contains([]string{"get", "update", "remove"}, verb),
			upstream: fmt.Sprintf("10.0.%d.%d:8080", i%4, 10+i%3), base: 2000 * float64(1+i%9)})
	}
	for i := range 40 {
		g.agents = append(g.agents, fmt.Sprintf("Mozilla/5.0 (X11; Linux x86_64) Shop/%d.%d", 3+i/10, i%10))
	}
	return g
}

func (g *callGen) fill(b []byte) {
	for len(b) > 0 {
		v := g.r.Uint64()
		n := min(8, len(b))
		for i := range n {
			b[i] = byte(v >> (8 * i))
		}
		b = b[n:]
	}
}

// next makes the next call. Its texts hold until the one after it.
func (g *callGen) next(r *call.Record) {
	*r = call.Record{Workspace: cmp.Or(g.ws, benchSpace), API: "shop", Version: "v2", Host: "api.shop.example", Protocol: "HTTP/1.1", Attempts: 1,
		Cache: "miss", Limit: "ok", Policy: "key", Node: "n1", Release: "2026.11.3", Query: ""}
	g.at += g.step * (0.5 + g.r.Float64())
	r.Time = int64(g.at)
	ms := r.Time / 1000
	g.fill(r.ID[6:])
	for i := range 6 {
		r.ID[i] = byte(ms >> (40 - 8*i))
	}
	g.fill(r.Span[:])
	if r.Trace = r.ID; g.r.IntN(4) > 0 { // the client is in a trace already
		g.fill(r.Trace[:])
		g.fill(r.Parent[:])
	}
	rt := &g.routes[g.which.Uint64()]
	user := g.who.Uint64()
	b := append(g.buf[:0], rt.path...)
	if rt.withID {
		b = fmt.Appendf(b, "/%d", 100_000_000+g.r.Uint32N(800_000_000))
	} else if rt.method == "GET" {
		r.Query = []string{"page", "page&size", "q"}[g.r.IntN(3)]
	}
	path := len(b)
	b = fmt.Appendf(b, "u_%08d", user*7919%100_000_000)
	who := len(b)
	b = fmt.Appendf(b, "s_%016x", (user*4+uint64(ms/(6*3600*1000)))*0x9E3779B97F4A7C15)
	session := len(b)
	b = fmt.Appendf(b, "%d.%d.%d.%d", 20+user%60, user/60%250, user%241, user%7)
	client := len(b)
	g.buf = b
	text := string(b)
	r.Path, r.User, r.Session, r.Client = text[:path], text[path:who], text[who:session], text[session:client]
	r.Route, r.Operation, r.Method, r.Upstream = rt.name, rt.op, rt.method, rt.upstream
	r.Application = []string{"web", "ios", "android", "partner"}[user%4]
	r.Key = []string{"hk_7d1a", "hk_91bc", "hk_a0e2", "hk_c41f"}[user%4]
	r.Agent = g.agents[user%uint64(len(g.agents))]
	r.Status = 200
	switch n := g.r.IntN(1000); {
	case n < 4:
		r.Status, r.Error, r.Attempts = 502, "upstream_reset", 2
		r.Tries = rt.upstream + " upstream_reset 1200"
	case n < 8:
		r.Status = 500
	case n < 40:
		r.Status = 404
	case n < 60:
		r.Status, r.Policy, r.Error = 401, "key refused", "refused"
	case rt.method == "POST":
		r.Status = 201
	}
	latency := rt.base * (0.4 + g.r.ExpFloat64())
	r.Latency = int64(latency)
	r.UpstreamLatency = r.Latency - 60 - int64(g.r.IntN(80))
	r.FirstByte = max(0, r.UpstreamLatency-int64(g.r.IntN(300)))
	r.BytesOut = int64(200 + g.r.ExpFloat64()*2500)
	if rt.method == "POST" || rt.method == "PUT" {
		r.BytesIn = int64(100 + g.r.ExpFloat64()*600)
	}
	if g.payload {
		g.message(r)
	}
}

// message adds about 1 kB of payload, some of it found nowhere else.
func (g *callGen) message(r *call.Record) {
	first := []string{"Ada", "Grace", "Alan", "Edsger", "Barbara"}[g.r.IntN(5)]
	last := []string{"Lovelace", "Hopper", "Turing", "Dijkstra", "Liskov"}[g.r.IntN(5)]
	var b strings.Builder
	fmt.Fprintf(&b, `{"reference":"%016x","customer":{"name":"%s %s","mail":"%s.%s%d@example.com"},"items":[`, g.r.Uint64(), first, last, first, last, g.r.IntN(100_000))
	for i := range 4 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"sku":"A-%05d","title":"%s","quantity":%d,"price":%d.%02d}`, g.r.IntN(20_000),
			[]string{"Desk lamp, brass", "Office chair", "Notebook, squared", "Fountain pen", "Paper clips"}[g.r.IntN(5)], 1+g.r.IntN(9), g.r.IntN(300), g.r.IntN(100))
	}
	b.WriteString(`],"note":"please ring the bell twice"}`)
	r.Request = call.Payload{Capture: call.Whole, Type: "application/json", Head: "Accept: application/json\r\nContent-Type: application/json\r\n", Body: b.String()}
	r.Response = call.Payload{Capture: call.Whole, Type: "application/json", Head: "Content-Type: application/json\r\nCache-Control: no-store\r\n",
		Body: fmt.Sprintf(`{"status":"accepted","order":{"number":%d,"total":%d.%02d,"currency":"EUR","delivery":{"by":"courier","on":"2026-12-%02d"}},"links":{"self":"/v2/orders/%d"}}`,
			g.r.IntN(1_000_000_000), g.r.IntN(2000), g.r.IntN(100), 1+g.r.IntN(30), g.r.IntN(1_000_000_000))}
	g.captured += int64(len(r.Request.Head) + len(r.Request.Body) + len(r.Response.Head) + len(r.Response.Body))
}
