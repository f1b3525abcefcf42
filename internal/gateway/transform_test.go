package gateway

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// call is one request through both lanes and what came back.
type call struct {
	method, path, body string
	header             http.Header
	chunks             bool // the body comes without its length
}

func (c call) do(t *testing.T, client *http.Client, addr string) (*http.Response, string) {
	t.Helper()
	var body io.Reader
	if c.body != "" {
		if body = strings.NewReader(c.body); c.chunks {
			body = io.MultiReader(body)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), c.method, "http://"+addr+c.path, body)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range c.header {
		req.Header[k] = v
	}
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", c.method, c.path, err)
	}
	b, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		t.Fatalf("%s %s: %v", c.method, c.path, err)
	}
	return resp, string(b)
}

// plainClients are clients that ask for no compression by themselves.
func plainClients(t *testing.T) map[string]*http.Client {
	out := clients(t)
	for _, c := range out {
		c.Transport.(*http.Transport).DisableCompression = true
	}
	return out
}

// asSeen is a request as an upstream got it.
type asSeen struct {
	method, target, body string
	header               http.Header
}

// jsonEcho keeps what it got and answers what a function says.
func jsonEcho(t *testing.T, seen *atomic.Pointer[asSeen], answer http.HandlerFunc) string {
	return upstreamServer(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		seen.Store(&asSeen{r.Method, r.RequestURI, string(b), r.Header.Clone()})
		answer(w, r)
	})
}

func routeWith(url, path, policies string) string {
	return strings.Replace(withPolicies(url, policies), "prefix: /", "path: "+path, 1)
}

func TestRequestsAreTransformed(t *testing.T) {
	t.Parallel()
	var seen atomic.Pointer[asSeen]
	up := jsonEcho(t, &seen, func(http.ResponseWriter, *http.Request) {})
	g := newRig(t, routeWith(up, `"/orders/{id}/{part}"`, `
      transform:
        - request:
            path: /v2/{path.part}/of-{path.id}
            query: {set: {trace: "{request_id}", a: "x y"}, remove: [secret]}
            headers:
              rename: {X-Old: X-New}
              remove: [Cookie]
              set: {X-Who: "{client} {header.user-agent}", Accept: text/plain}
              add: {X-List: two}
        - when: method == "POST" && headers["x-kind"].startsWith("b") && query["z"] == "1" && params["id"] == "17"
          request:
            method: PUT
            json: {set: {/meta/source: "{path.id}", /n: 5}, remove: [/secret], max_body: 4kB}
`))
	for lane, c := range plainClients(t) {
		resp, _ := call{method: "GET", path: "/orders/17/items?a=1&secret=2&b=%20&a=3", header: http.Header{"X-Old": {"v"}, "Cookie": {"c"}, "X-List": {"one"}, "User-Agent": {"me"}}}.do(t, c, g.addr)
		s := seen.Load()
		id := resp.Header.Get("X-Request-Id")
		if want := "/v2/items/of-17?b=%20&a=x+y&trace=" + id; s.target != want || s.method != "GET" {
			t.Errorf("%s: upstream got %s %s, want %s", lane, s.method, s.target, want)
		}
		h := s.header
		if h.Get("X-Old") != "" || h.Get("X-New") != "v" || h.Get("Cookie") != "" || h.Get("X-Who") != "127.0.0.1 me" || h.Get("Accept") != "text/plain" || strings.Join(h["X-List"], ",") != "one,two" {
			t.Errorf("%s: upstream got %v", lane, h)
		}
		call{method: "GET", path: "/orders/1%2F7/a%20b?x=c%20d"}.do(t, c, g.addr)
		if s := seen.Load(); !strings.HasPrefix(s.target, "/v2/a%20b/of-1%2F7?x=c%20d&") {
			t.Errorf("%s: what was encoded is sent as %s", lane, s.target)
		}
		for _, chunks := range []bool{false, true} {
			call{method: "POST", path: "/orders/17/items?z=1", body: `{"secret":1, "keep":2.50}`, chunks: chunks, header: http.Header{"X-Kind": {"big"}, "Expect": {"100-continue"}}}.do(t, c, g.addr)
			if s := seen.Load(); s.method != "PUT" || s.body != `{"keep":2.50,"meta":{"source":"17"},"n":5}` || s.header.Get("Content-Length") != fmt.Sprint(len(s.body)) {
				t.Errorf("%s: upstream got %s %s %v", lane, s.method, s.body, s.header)
			}
		}
		call{method: "POST", path: "/orders/17/items", body: `{"secret":1}`}.do(t, c, g.addr)
		if s := seen.Load(); s.method != "POST" || s.body != `{"secret":1}` {
			t.Errorf("%s: the condition does not hold, upstream got %s %s", lane, s.method, s.body)
		}
		for body, want := range map[string]int{`{"secret":`: 400, `{"x":"` + strings.Repeat("x", 9_000) + `"}`: 413} {
			for _, chunks := range []bool{false, true} {
				resp, got := call{method: "POST", path: "/orders/17/items?z=1", body: body, chunks: chunks, header: http.Header{"X-Kind": {"big"}}}.do(t, c, g.addr)
				if resp.StatusCode != want {
					t.Errorf("%s: a body of %d bytes gets %d %s", lane, len(body), resp.StatusCode, got)
				}
			}
		}
	}
	for _, x := range g.recorded() {
		if x.Err != OK && x.Err != BadRequest {
			t.Errorf("recorded %v", x)
		}
	}
}

func TestAnswersAreTransformed(t *testing.T) {
	t.Parallel()
	var seen atomic.Pointer[asSeen]
	up := jsonEcho(t, &seen, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Up", "1")
		w.Header().Set("ETag", `"v1"`)
		switch r.URL.Path {
		case "/json":
			w.Header().Set("Content-Type", "application/vnd.shop+json; charset=utf-8")
			_, _ = io.WriteString(w, `{"secret":1,`)
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, `"a":"é"}`)
		case "/broken":
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"secret":`)
		case "/cut":
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"secret":`)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		case "/coded":
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, "xx")
		case "/large":
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"a":"`+strings.Repeat("x", 5000)+`"}`)
		case "/none":
			w.WriteHeader(204)
		case "/gone":
			w.WriteHeader(404)
			_, _ = io.WriteString(w, "not here")
		default:
			_, _ = io.WriteString(w, "secret text")
		}
	})
	g := newRig(t, withPolicies(up, `
      transform:
        - response:
            status: {204: 200, 404: 204}
            headers: {rename: {X-Up: X-Down}, set: {X-Asked: "{path}", Server: us}}
            json: {remove: [/secret], set: {/by: "{method}"}, max_body: 4kB}
`))
	for lane, c := range plainClients(t) {
		for _, tc := range []struct {
			method, path string
			status       int
			body         string
		}{
			{"GET", "/json", 200, `{"a":"é","by":"GET"}`},
			{"HEAD", "/json", 200, ""},
			{"GET", "/text", 200, "secret text"},
			{"GET", "/none", 200, ""},
			{"GET", "/gone", 204, ""},
			{"GET", "/broken", 502, "~can't be changed"},
			{"GET", "/cut", 502, "~ended the connection"},
			{"GET", "/coded", 502, "~compressed"},
			{"GET", "/large", 502, "~larger"},
		} {
			name := lane + " " + tc.method + " " + tc.path
			resp, body := call{method: tc.method, path: tc.path, header: http.Header{"Accept-Encoding": {"gzip"}, "Range": {"bytes=0-3"}}}.do(t, c, g.addr)
			if part, like := strings.CutPrefix(tc.body, "~"); resp.StatusCode != tc.status || !like && body != tc.body || like && !strings.Contains(body, part) {
				t.Errorf("%s: %d %q, want %d %q", name, resp.StatusCode, body, tc.status, tc.body)
			}
			if h := seen.Load().header; h.Get("Accept-Encoding") != "" || h.Get("Range") != "" {
				t.Errorf("%s: the upstream was asked for what can't be changed: %v", name, h)
			}
			h := resp.Header
			if tc.status < 300 && (h.Get("X-Up") != "" || h.Get("X-Down") != "1" || h.Get("X-Asked") != tc.path || h.Get("Server") != "us") {
				t.Errorf("%s: answer has %v", name, h)
			}
			if tc.path == "/json" && tc.method == "GET" && h.Get("ETag") != `W/"v1"` {
				t.Errorf("%s: ETag %s", name, h.Get("ETag"))
			}
			if strings.Contains(body, `"secret":`) {
				t.Errorf("%s: what was to be cut out went through: %s", name, body)
			}
		}
	}
	for _, x := range g.recorded() {
		if x.Status == 200 && x.Err != OK || x.Status == 502 && x.Err == OK {
			t.Errorf("recorded %d %v", x.Status, x.Err)
		}
	}
}

func TestBadTransformsAreRefusedWithTheirLine(t *testing.T) {
	t.Parallel()
	for policies, want := range map[string]string{
		"transform: [{request: {path: \"v2\"}}]":                            "it begins with /",
		"transform: [{request: {path: \"/{nope}\"}}]":                       "{nope} is not known",
		"transform: [{request: {method: head}}]":                            "new method",
		"transform: [{request: {headers: {set: {Content-Length: \"1\"}}}}]": "can't be set here",
		"transform: [{response: {headers: {remove: [X-Request-Id]}}}]":      "can't be removed here",
		"transform: [{response: {status: {404: 99}}}]":                      "from 200 to 599",
		"transform: [{request: {json: {remove: [a]}}}]":                     "JSON Pointer",
		"transform: [{when: \"method ==\", request: {path: /}}]":            "this condition can't be used",
		"transform: [{when: \"method\", request: {path: /}}]":               "must answer true or false",
		"transform: [{when: \"path.matches(method)\", request: {path: /}}]": "written out in quotes",
		"transform: [{when: \"true\"}]":                                     "changes nothing",
		"transform: [{request: {json: {remove: [/a], max_body: 1GB}}}]":     "at most 16 MB",
	} {
		_, err := Parse([]byte(withPolicies("http://127.0.0.1:1", "      "+policies+"\n")))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "line 9") {
			t.Errorf("%s: %v, want %q", policies, err, want)
		}
	}
}
