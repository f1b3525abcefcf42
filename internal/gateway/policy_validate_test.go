package gateway

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hypercare/hypercare/internal/openapi"
)

const shopSpec = `
openapi: 3.0.3
info: {title: Shop, version: "1"}
paths:
  /orders/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: integer, minimum: 1}}
    get:
      operationId: getOrder
      parameters:
        - {name: fields, in: query, schema: {type: array, items: {type: string, enum: [a, b]}}, style: form, explode: false}
        - {name: X-Tenant, in: header, required: true, schema: {type: string, minLength: 2}}
      responses:
        "200":
          description: ok
          headers: {X-Total: {schema: {type: integer}, example: 3}}
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Order"}
              examples:
                small: {value: {amount: 1, currency: EUR}}
                zlarge: {value: {amount: 1000, currency: USD}}
        "404":
          description: none
          content: {application/json: {schema: {type: object, required: [title], properties: {title: {type: string}, code: {type: integer}}}}}
  /orders:
    post:
      operationId: makeOrder
      requestBody:
        required: true
        content:
          application/json: {schema: {$ref: "#/components/schemas/Order"}}
      responses:
        "201": {description: made, content: {application/json: {schema: {$ref: "#/components/schemas/Order"}}}}
components:
  schemas:
    Order:
      type: object
      required: [amount, currency]
      properties:
        amount: {type: number, minimum: 0, example: 12.5}
        currency: {type: string, enum: [EUR, USD]}
        lines:
          type: array
          items: {type: object, required: [sku], properties: {sku: {type: string}}}
`

func specDoc(t *testing.T, g *rig, upstream, version, policies, routes string) {
	t.Helper()
	spec := strings.Replace(shopSpec, "3.0.3", version, 1)
	id := openapi.ID([]byte(spec))
	doc := fmt.Sprintf("gateway: 1\nupstreams: [{name: up, targets: [{url: %q}]}]\napis:\n  - name: shop\n    upstream: up\n    base: /v1\n    openapi: %q\n    policies:\n%s    routes:\n%s", upstream, id, policies, routes)
	err := g.Load([]Document{{Text: []byte(doc), OpenAPI: func(want string) ([]byte, error) {
		if want != id {
			return nil, fmt.Errorf("no %s", want)
		}
		return []byte(spec), nil
	}}})
	if err != nil {
		t.Fatal(err)
	}
}

const (
	shopRoutes = "      - {name: getOrder, path: \"/orders/{id}\", methods: [GET]}\n      - {name: makeOrder, path: /orders, methods: [POST]}\n"
	shopPrefix = "      - {name: all, prefix: /}\n"
)

func TestRequestsAreHeldAgainstTheDescription(t *testing.T) {
	t.Parallel()
	var seen atomic.Pointer[asSeen]
	up := jsonEcho(t, &seen, func(http.ResponseWriter, *http.Request) {})
	g := newRig(t, oneUpstream(up))
	tenant := http.Header{"X-Tenant": {"acme"}}
	jsonType := http.Header{"Content-Type": {"application/json"}}
	cases := []struct {
		name   string
		call   call
		status int
		at     string // of the first fault
	}{
		{"a good one", call{method: "GET", path: "/v1/orders/17?fields=a,b&else=1", header: tenant}, 200, ""},
		{"a parameter of the path", call{method: "GET", path: "/v1/orders/x", header: tenant}, 400, "path id"},
		{"below the minimum", call{method: "GET", path: "/v1/orders/0", header: tenant}, 400, "path id"},
		{"not one of the words", call{method: "GET", path: "/v1/orders/17?fields=a,c", header: tenant}, 400, "query fields /1"},
		{"a header is missing", call{method: "GET", path: "/v1/orders/17"}, 400, "header X-Tenant"},
		{"a header is too short", call{method: "GET", path: "/v1/orders/17", header: http.Header{"X-Tenant": {"a"}}}, 400, "header X-Tenant"},
		{"a good body", call{method: "POST", path: "/v1/orders", body: `{"amount": 2, "currency": "EUR", "lines": [{"sku": "s"}]}`, header: jsonType}, 200, ""},
		{"a good body in chunks", call{method: "POST", path: "/v1/orders", body: `{"amount": 2, "currency": "EUR"}`, header: jsonType, chunks: true}, 200, ""},
		{"no body", call{method: "POST", path: "/v1/orders", header: jsonType}, 400, "body"},
		{"no JSON", call{method: "POST", path: "/v1/orders", body: `{"amount": `, header: jsonType}, 400, "body"},
		{"another type", call{method: "POST", path: "/v1/orders", body: `a=b`, header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}}, 415, "body"},
		{"compressed", call{method: "POST", path: "/v1/orders", body: `xx`, header: http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}}}, 415, ""},
		{"a member is missing", call{method: "POST", path: "/v1/orders", body: `{"amount": 2}`, header: jsonType}, 422, "body /currency"},
		{"deep inside", call{method: "POST", path: "/v1/orders", body: `{"amount": 2, "currency": "EUR", "lines": [{"sku": "s"}, {"sku": 7}]}`, header: jsonType}, 422, "body /lines/1/sku"},
		{"too large", call{method: "POST", path: "/v1/orders", body: `{"amount": 2, "x":"` + strings.Repeat("x", 3000) + `"}`, header: jsonType}, 413, ""},
		{"too large, in chunks", call{method: "POST", path: "/v1/orders", body: `{"amount": 2, "x":"` + strings.Repeat("x", 3000) + `"}`, header: jsonType, chunks: true}, 413, ""},
	}
	for _, version := range []string{"3.0.3", "3.1.0"} {
		for _, routes := range []string{shopRoutes, shopPrefix} {
			specDoc(t, g, up, version, "      validate: {max_body: 2kB}\n", routes)
			for lane, c := range plainClients(t) {
				for _, tc := range cases {
					name := fmt.Sprintf("%s %s %.25s: %s", version, lane, routes, tc.name)
					seen.Store(nil)
					resp, body := tc.call.do(t, c, g.addr)
					if resp.StatusCode != tc.status {
						t.Errorf("%s: %d %s, want %d", name, resp.StatusCode, body, tc.status)
						continue
					}
					if (seen.Load() != nil) != (tc.status == 200) {
						t.Errorf("%s: the upstream was asked, or not, against the answer", name)
					}
					if tc.status == 200 && seen.Load().body != tc.call.body {
						t.Errorf("%s: the upstream got %q", name, seen.Load().body)
					}
					if tc.at == "" {
						continue
					}
					var p struct {
						Detail string
						Errors []detail
					}
					if err := json.Unmarshal([]byte(body), &p); err != nil || len(p.Errors) == 0 {
						t.Errorf("%s: %s", name, body)
						continue
					}
					e := p.Errors[0]
					if got := strings.TrimSpace(strings.Join(strings.Fields(e.In+" "+e.Name+" "+e.Pointer), " ")); got != tc.at || e.Reason == "" || !strings.Contains(p.Detail, e.Reason) {
						t.Errorf("%s: the fault is at %q: %s", name, got, body)
					}
				}
			}
		}
	}
	for _, x := range g.recorded() {
		if x.Status == 422 && (x.Policy != "validate" || x.Err != BadRequest) {
			t.Errorf("recorded %+v", x)
		}
	}
}

func TestValidationThatOnlyReports(t *testing.T) {
	t.Parallel()
	up := upstreamServer(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprint(w, len(b))
	})
	g := newRig(t, oneUpstream(up))
	specDoc(t, g, up, "3.0.3", "      validate: {mode: report, max_body: 2kB}\n", shopRoutes)
	large := strings.Repeat("x", 5000)
	for lane, c := range plainClients(t) {
		for body, found := range map[string]string{`{"amount": 2}`: "validate: body /currency: ", `{"amount": 2, "currency": "EUR"}`: "", large: ""} {
			for _, chunks := range []bool{false, true} {
				before := len(g.recorded())
				resp, got := call{method: "POST", path: "/v1/orders", body: body, chunks: chunks, header: http.Header{"Content-Type": {"application/json"}}}.do(t, c, g.addr)
				if resp.StatusCode != 200 || got != fmt.Sprint(len(body)) {
					t.Errorf("%s: %d %s", lane, resp.StatusCode, got)
				}
				for len(g.recorded()) == before && t.Context().Err() == nil {
				}
				if x := g.recorded()[before]; x.Policy != "" || !strings.HasPrefix(x.Found, found) || (x.Found == "") != (found == "") {
					t.Errorf("%s: recorded %q for %.20s", lane, x.Found, body)
				}
			}
		}
	}
}

func TestUnknownOperations(t *testing.T) {
	t.Parallel()
	up := upstreamServer(t, func(http.ResponseWriter, *http.Request) {})
	g := newRig(t, oneUpstream(up))
	for unknown, want := range map[string]int{"pass": 200, "refuse": 404} {
		specDoc(t, g, up, "3.0.3", "      validate: {unknown: "+unknown+"}\n", shopPrefix)
		for lane, c := range plainClients(t) {
			if resp, body := (call{method: "DELETE", path: "/v1/orders/1"}).do(t, c, g.addr); resp.StatusCode != want {
				t.Errorf("%s: %d %s, want %d", lane, resp.StatusCode, body, want)
			}
		}
	}
}

func TestMocksFromExamples(t *testing.T) {
	t.Parallel()
	g := newRig(t, "gateway: 1\nupstreams: []\napis: []\n")
	for _, routes := range []string{shopRoutes, shopPrefix} {
		specDoc(t, g, "http://127.0.0.1:1", "3.0.3", "      mock: {openapi: true}\n", routes)
		for lane, c := range plainClients(t) {
			for _, tc := range []struct {
				method, path, prefer string
				status               int
				body                 string
			}{
				{"GET", "/v1/orders/1", "", 200, `{"amount":1,"currency":"EUR"}`},
				{"GET", "/v1/orders/1", "example=zlarge", 200, `{"amount":1000,"currency":"USD"}`},
				{"GET", "/v1/orders/1", "code=404", 404, `{"code":1,"title":"text"}`},
				{"GET", "/v1/orders/1", "code=500", 501, ""},
				{"GET", "/v1/orders/1", "example=nope", 501, ""},
				{"POST", "/v1/orders", "", 201, `{"amount":12.5,"currency":"EUR","lines":[{"sku":"text"}]}`},
			} {
				header := http.Header{}
				if tc.prefer != "" {
					header.Set("Prefer", tc.prefer)
				}
				resp, body := call{method: tc.method, path: tc.path, header: header}.do(t, c, g.addr)
				if resp.StatusCode != tc.status || tc.body != "" && body != tc.body {
					t.Errorf("%s %s %s %s: %d %s", lane, tc.method, tc.path, tc.prefer, resp.StatusCode, body)
				}
				if tc.status == 200 && resp.Header.Get("X-Total") != "3" {
					t.Errorf("%s: headers %v", lane, resp.Header)
				}
			}
		}
	}
}

func TestValidationNeedsADocument(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"validate: {}", "mock: {openapi: true}"} {
		if _, err := Parse([]byte(withPolicies("http://127.0.0.1:1", "      "+p+"\n"))); err == nil || !strings.Contains(err.Error(), "name the API's document as openapi") {
			t.Errorf("%s: %v", p, err)
		}
	}
}

// FuzzValidate: whatever comes, a request is judged without a crash, and one
// with faults has a status that says so.
func FuzzValidate(f *testing.F) {
	d, err := openapi.Read([]byte(shopSpec))
	if err != nil {
		f.Fatal(err)
	}
	m := d.Matcher()
	f.Add("GET", "/orders/1", "fields=a", "acme", "application/json", []byte(nil))
	f.Add("POST", "/orders", "", "", "application/json; charset=utf-8", []byte(`{"amount":1,"currency":"EUR","lines":[]}`))
	f.Add("POST", "/orders", "a=%", "", "multipart/form-data; boundary=x", []byte("--x\r\n\r\n--x--"))
	f.Fuzz(func(t *testing.T, method, path, query, tenant, kind string, body []byte) {
		op, params := m.Find(method, path)
		if op == nil {
			return
		}
		h := http.Header{"X-Tenant": {tenant}, "Content-Type": {kind}}
		faults := openapi.Faults(d.Check(op, openapi.Request{Params: params, Query: query, Header: h, Body: body}))
		for _, x := range faults {
			if x.Status < 400 || x.Status > 422 || x.In == "" || x.Reason == "" {
				t.Fatalf("%+v", x)
			}
		}
		if len(faults) == 0 && method == "GET" {
			if _, err := url.ParseQuery(query); err != nil {
				t.Fatalf("%q passed", query)
			}
		}
	})
}
