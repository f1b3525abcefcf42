package demo

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// service is one part of the shop, as it is before anything happens.
type service struct {
	name      string
	release   string
	instances int
	secure    bool
	normal    time.Duration // how long an answer takes, in the middle
}

var services = []service{
	{"accounts", "2.4.1", 2, false, 9 * time.Millisecond},
	{"catalog", "5.2.0", 2, false, 6 * time.Millisecond},
	{"search", "1.19.3", 2, false, 14 * time.Millisecond},
	{"cart", "3.7.2", 2, false, 7 * time.Millisecond},
	{"checkout", "3.0.3", 2, false, 18 * time.Millisecond},
	{"payments", "4.1.0", 2, false, 30 * time.Millisecond},
	{"orders", "2.8.5", 2, false, 10 * time.Millisecond},
	{"inventory", "1.4.4", 1, false, 5 * time.Millisecond},
	{"shipping", "1.2.0", 1, true, 12 * time.Millisecond},
	{"addressify", "", 1, false, 20 * time.Millisecond}, // somebody else's: it names no release
	{"vouchers", "0.9.7", 2, false, 6 * time.Millisecond},
}

func serviceNamed(name string) service {
	for _, s := range services {
		if s.name == name {
			return s
		}
	}
	return service{}
}

// operation is what people do in the shop, and the route that it takes.
type operation struct {
	route, service, method string
	path                   string // as the gateway's document has it
	signed                 bool   // with a token of the person's (JWT); the others name the person in a header
}

var operations = []operation{
	{"login", "accounts", "POST", "/login", false},
	{"account", "accounts", "GET", "/account", false},
	{"category", "catalog", "GET", "/categories/{id}", false},
	{"product", "catalog", "GET", "/products/{id}", false},
	{"search", "search", "GET", "/search", false},
	{"cart", "cart", "GET", "/cart/{id}", false},
	{"add-to-cart", "cart", "POST", "/cart/{id}/items", false},
	{"stock", "inventory", "GET", "/stock/{sku}", false},
	{"voucher", "vouchers", "POST", "/vouchers/redeem", false},
	{"address", "addressify", "GET", "/addresses/suggest", false},
	{"shipping-quote", "shipping", "GET", "/shipping/quote", false},
	{"checkout", "checkout", "POST", "/checkout", false},
	{"pay", "payments", "POST", "/payments", false},
	{"orders", "orders", "GET", "/orders", true},
	{"order", "orders", "GET", "/orders/{id}", true},
}

func operationOf(route string) operation {
	for _, o := range operations {
		if o.route == route {
			return o
		}
	}
	return operation{}
}

// asked is what an instance sees of a call.
type asked struct {
	id       string // of the call at the gateway
	service  string
	instance int  // -1: the canary
	canary   bool // a new version that some of the people get
	region   string
	version  string // of the app
	device   string
	user     string
	route    string
	chance   float64 // of this call: 0 to 1
	again    float64 // of this person: the same at each try
}

// effect is what a fault does to a call; nil leaves it alone.
type effect func(a asked) *outcome

// outcome is how a call goes that a fault met.
type outcome struct {
	delay  time.Duration
	hang   bool // until who asks gives up
	status int  // 0: as usual
	body   string
	cause  string // what the program that failed says of it, for logs and crash reports
}

// Shop is the launched product: servers on loopback ports.
type Shop struct {
	instances map[string][]*instance
	effects   sync.Map // fault id -> effect
	blamed    sync.Map // id of a call -> id of the fault that met it
	tell      func(trace traced)

	issuer *issuer // of the certificates of secure services
}

// instance is one server of a service.
type instance struct {
	shop    *Shop
	service string
	number  int
	release atomic.Pointer[string]
	addr    string
	server  *http.Server
	cert    atomic.Pointer[tls.Certificate]
}

// canaryOf is the upstream of a service's new version.
func canaryOf(service string) string { return service + "-canary" }

// OpenShop starts every instance. tell gets what each of them did, for
// telemetry; it must not wait.
func OpenShop(tell func(traced)) (_ *Shop, err error) {
	s := &Shop{instances: map[string][]*instance{}, tell: tell}
	if s.issuer, err = newIssuer(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	for _, sv := range services {
		for i := range sv.instances {
			if err := s.open(sv, sv.name, i); err != nil {
				return nil, err
			}
		}
		if err := s.open(sv, canaryOf(sv.name), -1); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *Shop) open(sv service, upstream string, number int) error {
	in := &instance{shop: s, service: sv.name, number: number}
	in.release.Store(&sv.release)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("open %s of the shop: %w", upstream, err)
	}
	in.addr = ln.Addr().String()
	in.server = &http.Server{Handler: in, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	if sv.secure {
		valid, err := s.issuer.certificate(time.Now().Add(24 * time.Hour))
		if err != nil {
			return errors.Join(err, ln.Close())
		}
		in.cert.Store(valid)
		in.server.SetKeepAlivesEnabled(false) // so that a new certificate is seen
		ln = tls.NewListener(ln, &tls.Config{MinVersion: tls.VersionTLS12, SessionTicketsDisabled: true, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return in.cert.Load(), nil }})
	}
	s.instances[upstream] = append(s.instances[upstream], in)
	go func() { _ = in.server.Serve(ln) }() // ends with Close
	return nil
}

// Close ends every instance, and what is under way.
func (s *Shop) Close() error {
	var list []error
	for _, of := range s.instances {
		for _, in := range of {
			list = append(list, in.server.Close())
		}
	}
	return errors.Join(list...)
}

// Release puts another version on the instances of an upstream.
func (s *Shop) Release(upstream, release string) {
	for _, in := range s.instances[upstream] {
		in.release.Store(&release)
	}
}

// blame takes who is to blame for a call: the id of a fault, "" for none.
func (s *Shop) blame(call string) string {
	f, ok := s.blamed.LoadAndDelete(call)
	if !ok {
		return ""
	}
	return f.(string)
}

func (in *instance) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 1<<20))
	host, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Host"), ".")
	a := asked{id: r.Header.Get("X-Request-Id"), service: in.service, instance: in.number, canary: in.number < 0, region: host, version: r.Header.Get("X-Client-Version"),
		device: r.Header.Get("X-Client"), user: r.Header.Get("X-Shop-User"), route: routeOf(r), chance: rand.Float64()} //nolint:gosec // an accident, not a secret
	a.again = share(a.user + in.service)
	out, fault := in.met(a)
	if fault != "" {
		in.shop.blamed.Store(a.id, fault)
	} else {
		out = in.usual(r, a)
	}
	var query time.Duration
	if !in.wait(r.Context(), out, &query) {
		in.told(r, a, out, began, query, 499)
		return // nobody listens any more
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if v := *in.release.Load(); v != "" {
		h.Set("X-Release", v)
	}
	status, body := out.status, out.body
	if status == 0 {
		status = http.StatusOK
	}
	if body == "" {
		body = answer(a, r.URL.Path)
	}
	in.told(r, a, out, began, query, status)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// met asks the faults that are on.
func (in *instance) met(a asked) (out *outcome, fault string) {
	in.shop.effects.Range(func(id, e any) bool {
		if o := e.(effect)(a); o != nil {
			out, fault = o, id.(string)
			return false
		}
		return true
	})
	return out, fault
}

// usual is how a call goes without a fault: now and then it fails or is slow
// all the same.
func (in *instance) usual(r *http.Request, a asked) *outcome {
	out := &outcome{delay: time.Duration(float64(serviceNamed(in.service).normal) * math.Exp(rand.NormFloat64()*0.5))} //nolint:gosec // as above
	switch {
	case strings.Contains(r.URL.Path, "/p9"):
		out.status, out.body = 404, `{"error":"there is no such product"}`
	case r.Header.Get("X-Voucher") == "used":
		out.status, out.body = 422, `{"error":"this voucher was used before"}`
	case r.Header.Get("X-Remember") == "expired":
		out.status, out.body = 401, `{"error":"the session has expired, sign in again"}`
	case a.chance < 0.002:
		out.status, out.body = 500, `{"error":"internal error"}`
	case a.chance < 0.012:
		out.delay += time.Duration(200+600*rand.Float64()) * time.Millisecond //nolint:gosec // as above
	}
	return out
}

// wait takes as long as an outcome says; false when who asked has gone.
func (in *instance) wait(ctx context.Context, out *outcome, query *time.Duration) bool {
	d := out.delay
	if out.hang {
		d = 8 * time.Second
	}
	*query = d * 8 / 10
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// routeOf finds the operation of a request by its path.
func routeOf(r *http.Request) string {
	have := strings.Split(r.URL.Path, "/")
	for _, o := range operations {
		want := strings.Split(o.path, "/")
		if o.method != r.Method || len(want) != len(have) {
			continue
		}
		fits := true
		for i, w := range want {
			fits = fits && (strings.HasPrefix(w, "{") || w == have[i])
		}
		if fits {
			return o.route
		}
	}
	return ""
}

// answer is what an operation says when all is well.
func answer(a asked, path string) string {
	item := func(i int) map[string]any {
		return map[string]any{"sku": fmt.Sprintf("p%d", 1000+i), "name": goods[i%len(goods)], "price": 4.9 + float64(i), "currency": "EUR"}
	}
	n := 3 + int(share(a.user+path)*9)
	items := make([]map[string]any, n)
	for i := range items {
		items[i] = item(i + n)
	}
	var v map[string]any
	switch a.route {
	case "login":
		v = map[string]any{"user": a.user, "welcome": true}
	case "orders", "category", "search", "cart":
		v = map[string]any{"items": items, "total": n}
	default:
		v = map[string]any{"ok": true, "item": item(n), "of": path}
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "{}"
	}
	return string(b)
}

var goods = strings.Split("desk lamp,linen shirt,garden chair,tea kettle,wool blanket,running shoes,bread knife,picture frame,bicycle bell,rain jacket", ",")

// share is a number from 0 to 1 that is always the same for a text.
func share(s string) float64 {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	h ^= h >> 32
	return float64(h>>11) / (1 << 53)
}
