package gateway

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// scripted is an upstream that answers each path by its script, one entry a
// request and the last again and again, and counts.
type scripted struct {
	mu     sync.Mutex
	script map[string][]scriptLine
	asked  map[string][]*http.Request
}

type scriptLine struct {
	status int
	header string // "Name: value" by lines
	body   string // the number of the request when empty
	broken bool   // ends in the middle
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	lines := s.script[r.URL.Path]
	n := len(s.asked[r.URL.Path])
	s.asked[r.URL.Path] = append(s.asked[r.URL.Path], r)
	s.mu.Unlock()
	line := lines[min(n, len(lines)-1)]
	for l := range strings.SplitSeq(line.header, "\n") {
		if k, v, ok := strings.Cut(l, ": "); ok {
			w.Header().Add(strings.TrimSpace(k), v)
		}
	}
	body := line.body
	if body == "" {
		body = fmt.Sprint(n + 1)
	}
	if line.broken {
		w.Header().Set("Content-Length", "1000")
	}
	if line.status != 0 {
		w.WriteHeader(line.status)
	}
	if line.status != 304 && line.status != 204 {
		_, _ = io.WriteString(w, body)
	}
	if line.broken {
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

func (s *scripted) count(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked[path])
}

func (s *scripted) last(path string) *http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[path][len(s.asked[path])-1]
}

// cacheAsk is one request and what should come of it.
type cacheAsk struct {
	method string // GET when empty
	header string
	want   string // first word of the cache: hit, miss, stale, revalidated, bypass; "" does not matter
	body   string
	status int // 200 when 0
}

func httpDate(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }

// TestSharedCache holds the cache against RFC 9111, RFC 5861 and what an
// operator may say besides. How old an answer is says the upstream by Age, so
// that no test waits.
func TestSharedCache(t *testing.T) {
	t.Parallel()
	const fresh = "Cache-Control: max-age=100\n"
	old, now := httpDate(-time.Hour), httpDate(0)
	cases := []struct {
		name   string
		script []scriptLine
		asks   []cacheAsk
	}{
		{"max-age", []scriptLine{{header: fresh}}, []cacheAsk{{want: "miss", body: "1"}, {want: "hit", body: "1"}}},
		{"max-age in capitals and quotes", []scriptLine{{header: `Cache-Control: Public , MAX-AGE="100"`}}, []cacheAsk{{want: "miss"}, {want: "hit", body: "1"}}},
		{"max-age is over", []scriptLine{{header: fresh + "Age: 101"}}, []cacheAsk{{want: "miss"}, {want: "miss", body: "2"}}},
		{"max-age=0", []scriptLine{{header: "Cache-Control: max-age=0"}}, []cacheAsk{{want: "miss"}, {want: "miss", body: "2"}}},
		{"max-age that is no number", []scriptLine{{header: "Cache-Control: max-age=1x"}}, []cacheAsk{{want: "miss"}, {want: "miss", body: "2"}}},
		{"max-age below zero", []scriptLine{{header: "Cache-Control: max-age=-1"}}, []cacheAsk{{want: "miss"}, {want: "miss", body: "2"}}},
		{"max-age twice and differently", []scriptLine{{header: "Cache-Control: max-age=100\nCache-Control: max-age=1"}}, []cacheAsk{{want: "miss"}, {want: "miss", body: "2"}}},
		{"max-age too large to count", []scriptLine{{header: "Cache-Control: max-age=99999999999999999999"}}, []cacheAsk{{want: "miss"}, {want: "hit", body: "1"}}},
		{"s-maxage goes before max-age", []scriptLine{{header: "Cache-Control: max-age=100, s-maxage=0"}}, []cacheAsk{{want: "miss"}, {want: "miss", body: "2"}}},
		{"s-maxage alone", []scriptLine{{header: "Cache-Control: max-age=0, s-maxage=100"}}, []cacheAsk{{want: "miss"}, {want: "hit", body: "1"}}},
		{"Expires", []scriptLine{{header: "Date: " + now + "\nExpires: " + httpDate(time.Hour)}}, []cacheAsk{{want: "miss"}, {want: "hit", body: "1"}}},
		{"Expires in the past", []scriptLine{{header: "Expires: " + old}}, []cacheAsk{{want: "miss"}, {want: "miss", body: "2"}}},
		{"Expires that is no date", []scriptLine{{header: "Expires: 0"}}, []cacheAsk{{want: "miss"}, {want: "miss", body: "2"}}},
		{"max-age goes before Expires", []scriptLine{{header: fresh + "Expires: " + old}}, []cacheAsk{{want: "miss"}, {want: "hit", body: "1"}}},
		{"an old Date makes an answer old", []scriptLine{{header: "Cache-Control: max-age=1800\nDate: " + old}}, []cacheAsk{{want: "miss"}, {want: "miss", body: "2"}}},
		{"says nothing", []scriptLine{{}}, []cacheAsk{{want: "miss"}, {want: "miss", body: "2"}}},
		{"an error with a lifetime", []scriptLine{{status: 404, header: fresh}}, []cacheAsk{{want: "miss", status: 404}, {want: "hit", status: 404, body: "1"}}},
		{"a status that nobody knows", []scriptLine{{status: 299, header: fresh}}, []cacheAsk{{want: "miss", status: 299}, {want: "hit", status: 299, body: "1"}}},

		{"no-store", []scriptLine{{header: "Cache-Control: no-store, max-age=100"}}, []cacheAsk{{want: "miss"}, {want: "miss", body: "2"}}},
		{"private", []scriptLine{{header: "Cache-Control: private, max-age=100"}}, []cacheAsk{{want: "miss"}, {want: "miss", body: "2"}}},
		{"private by fields", []scriptLine{{header: `Cache-Control: max-age=100, private="X-A, X-B"`}}, []cacheAsk{{want: "miss"}, {want: "miss", body: "2"}}},
		{"a cookie is set", []scriptLine{{header: "Cache-Control: public, max-age=100\nSet-Cookie: a=b"}}, []cacheAsk{{want: "miss"}, {want: "miss", body: "2"}}},
		{"Vary: *", []scriptLine{{header: fresh + "Vary: *"}}, []cacheAsk{{want: "miss"}, {want: "miss", body: "2"}}},
		{"a part", []scriptLine{{status: 206, header: fresh + "Content-Range: bytes 0-0/2"}}, []cacheAsk{{want: "miss", status: 206}, {want: "miss", status: 206, body: "2"}}},
		{"a quote hides a directive", []scriptLine{{header: `Cache-Control: x="no-store, private", max-age=100`}}, []cacheAsk{{want: "miss"}, {want: "hit", body: "1"}}},

		{"no-cache is validated", []scriptLine{{header: "Cache-Control: no-cache\nETag: \"a\"\nX-Old: 1\nX-New: 1"}, {status: 304, header: "Cache-Control: no-cache\nETag: \"a\"\nX-New: 2"}},
			[]cacheAsk{{want: "miss", body: "1"}, {want: "revalidated", body: "1"}}},
		{"no-cache without a validator", []scriptLine{{header: "Cache-Control: no-cache, max-age=100"}}, []cacheAsk{{want: "miss"}, {want: "miss", body: "2"}}},
		{"stale and validated, then fresh", []scriptLine{{header: fresh + "Age: 200\nETag: \"a\""}, {status: 304, header: fresh + "ETag: \"a\""}},
			[]cacheAsk{{want: "miss", body: "1"}, {want: "revalidated", body: "1"}, {want: "hit", body: "1"}}},
		{"validated by date", []scriptLine{{header: fresh + "Age: 200\nLast-Modified: " + old}, {status: 304, header: fresh}},
			[]cacheAsk{{want: "miss", body: "1"}, {want: "revalidated", body: "1"}, {want: "hit", body: "1"}}},
		{"stale and changed", []scriptLine{{header: fresh + "Age: 200\nETag: \"a\""}, {header: fresh + "ETag: \"b\""}},
			[]cacheAsk{{want: "miss", body: "1"}, {want: "miss", body: "2"}, {want: "hit", body: "2"}}},

		{"a client that has it", []scriptLine{{header: fresh + "ETag: W/\"a\""}},
			[]cacheAsk{{want: "miss", body: "1"}, {want: "hit", header: "If-None-Match: \"x\", \"a\"", status: 304}, {want: "hit", header: "If-None-Match: \"b\"", body: "1"}}},
		{"a client that has it, by date", []scriptLine{{header: fresh + "Last-Modified: " + old}},
			[]cacheAsk{{want: "miss", body: "1"}, {want: "hit", header: "If-Modified-Since: " + now, status: 304}, {want: "hit", header: "If-Modified-Since: " + httpDate(-2*time.Hour), body: "1"}}},
		{"a client that has what is not here yet", []scriptLine{{header: fresh + "ETag: \"a\""}},
			[]cacheAsk{{want: "miss", header: "If-None-Match: \"a\"", status: 304}, {want: "hit", body: "1"}}},
		{"tags with commas", []scriptLine{{header: fresh + "ETag: \"a,b\""}}, []cacheAsk{{want: "miss", body: "1"}, {want: "hit", header: "If-None-Match: \"a\", \"a,b\"", status: 304}, {want: "hit", header: "If-None-Match: \"a\"", body: "1"}}},

		{"Vary", []scriptLine{{header: fresh + "Vary: X-Lang, x-nothing"}},
			[]cacheAsk{{want: "miss", header: "X-Lang: de", body: "1"}, {want: "hit", header: "X-Lang: de", body: "1"}, {want: "miss", header: "X-Lang: en", body: "2"}, {want: "miss", body: "3"}, {want: "hit", header: "X-Lang: de", body: "1"}}},
		{"Vary, blanks mean nothing", []scriptLine{{header: fresh + "Vary: X-Lang"}}, []cacheAsk{{want: "miss", header: "X-Lang: a,b"}, {want: "hit", header: "X-Lang: a ,  b", body: "1"}}},

		{"credentials of the upstream's", []scriptLine{{header: fresh}}, []cacheAsk{{want: "miss", header: "Authorization: Basic x"}, {want: "miss", header: "Authorization: Basic x", body: "2"}}},
		{"credentials, but public", []scriptLine{{header: fresh + "Cache-Control: public"}}, []cacheAsk{{want: "miss", header: "Authorization: Basic x"}, {want: "hit", header: "Authorization: Basic y", body: "1"}}},
		{"credentials and must-revalidate", []scriptLine{{header: fresh + "Cache-Control: must-revalidate"}}, []cacheAsk{{want: "miss", header: "Authorization: Basic x"}, {want: "miss", header: "Authorization: Basic y", body: "2"}}},

		{"stale-if-error, 503", []scriptLine{{header: "Cache-Control: max-age=100, stale-if-error=500\nAge: 200"}, {status: 503}}, []cacheAsk{{want: "miss", body: "1"}, {want: "stale", body: "1"}}},
		{"stale-if-error is over", []scriptLine{{header: "Cache-Control: max-age=100, stale-if-error=50\nAge: 200\nETag: \"a\""}, {status: 503}}, []cacheAsk{{want: "miss", body: "1"}, {want: "miss", body: "2", status: 503}}},
		{"stale-if-error, the answer breaks off before it began", []scriptLine{{header: "Cache-Control: max-age=100, stale-if-error=500\nAge: 200"}, {status: 500, body: "x"}}, []cacheAsk{{want: "miss", body: "1"}, {want: "stale", body: "1"}}},
		{"stale-if-error does not excuse must-revalidate", []scriptLine{{header: "Cache-Control: max-age=100, stale-if-error=500, must-revalidate\nAge: 200\nETag: \"a\""}, {status: 503}}, []cacheAsk{{want: "miss", body: "1"}, {want: "miss", body: "2", status: 503}}},
		{"a 404 is an answer, not an error", []scriptLine{{header: "Cache-Control: max-age=100, stale-if-error=500\nAge: 200\nETag: \"a\""}, {status: 404}}, []cacheAsk{{want: "miss", body: "1"}, {want: "miss", body: "2", status: 404}}},

		{"request: no-store", []scriptLine{{header: fresh}}, []cacheAsk{{want: "bypass", header: "Cache-Control: no-store"}, {want: "miss", body: "2"}}},
		{"request: no-cache", []scriptLine{{header: fresh}}, []cacheAsk{{want: "miss"}, {want: "miss", header: "Cache-Control: no-cache", body: "2"}, {want: "hit", body: "2"}}},
		{"request: Pragma", []scriptLine{{header: fresh}}, []cacheAsk{{want: "miss"}, {want: "miss", header: "Pragma: no-cache", body: "2"}}},
		{"request: max-age", []scriptLine{{header: fresh + "Age: 50"}}, []cacheAsk{{want: "miss"}, {want: "hit", header: "Cache-Control: max-age=60", body: "1"}, {want: "miss", header: "Cache-Control: max-age=40", body: "2"}}},
		{"request: min-fresh", []scriptLine{{header: fresh + "Age: 50"}}, []cacheAsk{{want: "miss"}, {want: "hit", header: "Cache-Control: min-fresh=40", body: "1"}, {want: "miss", header: "Cache-Control: min-fresh=60", body: "2"}}},
		{"request: max-stale", []scriptLine{{header: fresh + "Age: 150\nETag: \"a\""}}, []cacheAsk{{want: "miss"}, {want: "stale", header: "Cache-Control: max-stale=60", body: "1"}, {want: "stale", header: "Cache-Control: max-stale", body: "1"}, {want: "miss", header: "Cache-Control: max-stale=40", body: "2"}}},
		{"request: max-stale and must-revalidate", []scriptLine{{header: fresh + "Cache-Control: must-revalidate\nAge: 150\nETag: \"a\""}}, []cacheAsk{{want: "miss"}, {want: "miss", header: "Cache-Control: max-stale=60", body: "2"}}},
		{"request: only-if-cached", []scriptLine{{header: fresh}}, []cacheAsk{{header: "Cache-Control: only-if-cached", status: 504, body: "~not kept"}, {want: "miss", body: "1"}, {want: "hit", header: "Cache-Control: only-if-cached", body: "1"}}},
		{"request: Range", []scriptLine{{header: fresh}}, []cacheAsk{{want: "bypass", header: "Range: bytes=0-0"}, {want: "miss"}}},

		{"HEAD has the head of GET", []scriptLine{{header: fresh}}, []cacheAsk{{want: "miss"}, {method: "HEAD", want: "hit", body: "-"}}},
		{"HEAD alone is not kept", []scriptLine{{header: fresh}}, []cacheAsk{{method: "HEAD", want: "miss", body: "-"}, {want: "miss", body: "2"}}},
		{"POST invalidates", []scriptLine{{header: fresh}}, []cacheAsk{{want: "miss"}, {method: "POST", want: "bypass"}, {want: "miss", body: "3"}}},
		{"a POST that failed does not", []scriptLine{{header: fresh}, {status: 409}}, []cacheAsk{{want: "miss"}, {method: "POST", want: "bypass", status: 409}, {want: "hit", body: "1"}}},
		{"what POST answers is not kept", []scriptLine{{header: fresh}}, []cacheAsk{{method: "POST", want: "bypass"}, {want: "miss", body: "2"}}},
		{"half an answer", []scriptLine{{header: fresh, broken: true}, {header: fresh}}, []cacheAsk{{want: "miss", body: "!"}, {want: "miss", body: "2"}}},
		{"204", []scriptLine{{status: 204, header: fresh}}, []cacheAsk{{want: "miss", status: 204, body: "-"}, {want: "hit", status: 204, body: "-"}}},
	}
	for lane, c := range plainClients(t) {
		up := &scripted{script: map[string][]scriptLine{}, asked: map[string][]*http.Request{}}
		g := newRig(t, withPolicies(upstreamServer(t, up.ServeHTTP), "      cache: {}\n"))
		for i, tc := range cases {
			path := fmt.Sprintf("/%d", i)
			up.mu.Lock()
			up.script[path] = tc.script
			up.mu.Unlock()
			for n, a := range tc.asks {
				g.checkAsk(t, c, fmt.Sprintf("%s: %s: request %d", lane, tc.name, n+1), path, a)
			}
		}
		counted := uint64(0)
		for _, s := range g.Stats() {
			for _, n := range s.Totals().Caches {
				counted += n
			}
		}
		if all := uint64(len(g.recorded())); counted != all-1 { // one was refused before: only-if-cached
			t.Errorf("%s: %d of %d outcomes are counted", lane, counted, all)
		}
		if st := g.Cache(); st.Entries == 0 || st.Bytes == 0 || st.Bytes > st.Most {
			t.Errorf("%s: the store has %+v", lane, st)
		}
	}
}

// checkAsk asks, and holds what came back and what was recorded against what
// should.
func (r *rig) checkAsk(t *testing.T, c *http.Client, name, path string, a cacheAsk) {
	t.Helper()
	method := a.method
	if method == "" {
		method = "GET"
	}
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+r.addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for l := range strings.SplitSeq(a.header, "\n") {
		if k, v, ok := strings.Cut(l, ": "); ok {
			req.Header.Add(k, v)
		}
	}
	before := len(r.recorded())
	resp, err := c.Do(req)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	b, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	until(t, func() bool { return len(r.recorded()) > before })
	status := a.status
	if status == 0 {
		status = 200
	}
	body := string(b)
	switch {
	case a.body == "!":
		if err == nil {
			t.Errorf("%s: half an answer was read without an error", name)
		}
	case resp.StatusCode != status:
		t.Errorf("%s: status %d %q, want %d", name, resp.StatusCode, body, status)
	case strings.HasPrefix(a.body, "~"):
		if !strings.Contains(body, a.body[1:]) {
			t.Errorf("%s: %q", name, body)
		}
	case (status == 304 || a.body == "-") && body != "", a.body != "" && a.body != "-" && body != a.body:
		t.Errorf("%s: body %q, want %q", name, body, a.body)
	}
	if a.want == "" {
		return
	}
	if got := r.recorded()[before]; got.Cache != a.want || got.Status != status && a.body != "!" {
		t.Errorf("%s: recorded %q %d, want %q", name, got.Cache, got.Status, a.want)
	}
	said := resp.Header.Get("Cache-Status")
	wantHit := a.want == "hit" || a.want == "stale" && !strings.Contains(said, "fwd-status")
	if !strings.HasPrefix(said, "hypercare; ") || strings.Contains(said, "; hit") != wantHit {
		t.Errorf("%s: Cache-Status is %q", name, said)
	}
	if (a.want == "hit" || a.want == "stale" || a.want == "revalidated") != (resp.Header.Get("Age") != "") && !strings.Contains(a.header, "max-age=60") && a.want != "miss" && a.want != "bypass" {
		t.Errorf("%s: Age is %q", name, resp.Header.Get("Age"))
	}
}

func TestValidationIsForwardedAndHeadersAreRenewed(t *testing.T) {
	t.Parallel()
	up := &scripted{asked: map[string][]*http.Request{}, script: map[string][]scriptLine{"/": {
		{header: "Cache-Control: no-cache\nETag: \"a\"\nLast-Modified: " + httpDate(-time.Hour) + "\nX-Old: 1\nX-New: 1\nContent-Type: text/a"},
		{status: 304, header: "Cache-Control: no-cache\nETag: \"a\"\nX-New: 2\nContent-Type: text/b"},
	}}}
	g := newRig(t, withPolicies(upstreamServer(t, up.ServeHTTP), "      cache: {}\n"))
	c := plainClients(t)["h1"]
	call{method: "GET", path: "/"}.do(t, c, g.addr)
	resp, body := call{method: "GET", path: "/", header: http.Header{"If-None-Match": {`"mine"`}}}.do(t, c, g.addr)
	h := resp.Header
	if resp.StatusCode != 200 || body != "1" || h.Get("X-New") != "2" || h.Get("X-Old") != "1" || h.Get("Content-Type") != "text/a" {
		t.Errorf("answer %d %q %v", resp.StatusCode, body, h)
	}
	if s := h.Get("Cache-Status"); !strings.Contains(s, "fwd=stale") && !strings.Contains(s, "fwd=request") || !strings.Contains(s, "fwd-status=304") {
		t.Errorf("Cache-Status %q", s)
	}
	if r := up.last("/"); r.Header.Get("If-None-Match") != `"a"` || r.Header.Get("If-Modified-Since") == "" {
		t.Errorf("the upstream was asked with %v", r.Header)
	}
}

func TestCachesOfTheOperator(t *testing.T) {
	t.Parallel()
	up := &scripted{script: map[string][]scriptLine{}, asked: map[string][]*http.Request{}}
	url := upstreamServer(t, up.ServeHTTP)
	g := newRig(t, withPolicies(url, "      cache: {}\n"))
	all := plainClients(t)
	for name, tc := range map[string]struct {
		policy string
		script []scriptLine
		asks   []cacheAsk
	}{
		"ttl":                    {"{ttl: 1m}", []scriptLine{{}}, []cacheAsk{{want: "miss"}, {want: "hit", body: "1"}}},
		"ttl and a cookie":       {"{ttl: 1m}", []scriptLine{{}}, []cacheAsk{{want: "miss", header: "Cookie: a"}, {want: "miss", header: "Cookie: a", body: "2"}}},
		"ttl is for successes":   {"{ttl: 1m}", []scriptLine{{status: 404}}, []cacheAsk{{want: "miss", status: 404}, {want: "miss", status: 404, body: "2"}}},
		"ttl does not overrule":  {"{ttl: 1m}", []scriptLine{{header: "Cache-Control: max-age=0"}}, []cacheAsk{{want: "miss"}, {want: "miss", body: "2"}}},
		"errors":                 {"{stale_if_error: 1h}", []scriptLine{{header: "Cache-Control: max-age=100\nAge: 200\nETag: \"a\""}, {status: 502}}, []cacheAsk{{want: "miss"}, {want: "stale", body: "1"}}},
		"clients are ignored":    {"{ttl: 1m, clients: ignored}", []scriptLine{{}}, []cacheAsk{{want: "miss"}, {want: "hit", header: "Cache-Control: no-cache", body: "1"}}},
		"larger than it keeps":   {"{ttl: 1m, max_answer: 10B}", []scriptLine{{body: "12345678901"}}, []cacheAsk{{want: "miss"}, {want: "miss"}}},
		"as large as it keeps":   {"{ttl: 1m, max_answer: 11B}", []scriptLine{{body: "12345678901"}}, []cacheAsk{{want: "miss"}, {want: "hit"}}},
		"condition":              {"{ttl: 1m, when: \"query['c'] == '1'\"}", []scriptLine{{}}, []cacheAsk{{want: "bypass"}, {want: "bypass", body: "2"}}},
		"compressed and cached":  {"{ttl: 1m}\n      compress: {min_size: 1B}", []scriptLine{{header: "Content-Type: text/plain"}}, []cacheAsk{{want: "miss", body: "1"}, {want: "hit", header: "Accept-Encoding: gzip"}, {want: "hit", body: "1"}}},
		"transformed and cached": {"{ttl: 1m}\n      transform: [{response: {headers: {set: {X-A: b}}}}]", []scriptLine{{}}, []cacheAsk{{want: "miss", body: "1"}, {want: "hit", body: "1"}}},
	} {
		for lane, c := range all {
			path := "/" + lane + "/" + strings.ReplaceAll(name, " ", "-")
			if strings.Contains(tc.policy, "query") {
				path += "?c=0"
			}
			up.mu.Lock()
			up.script[strings.TrimSuffix(path, "?c=0")] = tc.script
			up.mu.Unlock()
			if err := g.Apply([]byte(withPolicies(url, "      cache: "+tc.policy+"\n"))); err != nil {
				t.Fatal(err)
			}
			for n, a := range tc.asks {
				g.checkAsk(t, c, fmt.Sprintf("%s: %s: request %d", lane, name, n+1), path, a)
			}
		}
	}
}

func TestStaleAnswersAreRenewedBeside(t *testing.T) {
	t.Parallel()
	for lane, c := range plainClients(t) {
		up := &scripted{asked: map[string][]*http.Request{}, script: map[string][]scriptLine{"/": {
			{header: "Cache-Control: max-age=100, stale-while-revalidate=1000\nAge: 200"}, {header: "Cache-Control: max-age=100"},
		}}}
		g := newRig(t, withPolicies(upstreamServer(t, up.ServeHTTP), "      cache: {}\n"))
		g.checkAsk(t, c, lane, "/", cacheAsk{want: "miss", body: "1"})
		g.checkAsk(t, c, lane, "/", cacheAsk{want: "stale", body: "1"})
		for {
			if t.Context().Err() != nil {
				t.Fatal("it was not renewed")
			}
			if _, body := (call{method: "GET", path: "/"}).do(t, c, g.addr); body == "2" {
				break
			}
		}
		if n := up.count("/"); n != 2 {
			t.Errorf("%s: the upstream was asked %d times", lane, n)
		}
	}
}

func TestAnUpstreamThatIsGoneLeavesStaleAnswers(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	up := upstreamServer(t, func(w http.ResponseWriter, _ *http.Request) {
		if down.Load() {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Cache-Control", "max-age=1, stale-if-error=1000")
		w.Header().Set("Age", "10")
		_, _ = io.WriteString(w, "kept")
	})
	g := newRig(t, withPolicies(up, "      cache: {}\n"))
	for lane, c := range plainClients(t) {
		down.Store(false)
		g.checkAsk(t, c, lane, "/"+lane, cacheAsk{want: "miss", body: "kept"})
		down.Store(true)
		g.checkAsk(t, c, lane, "/"+lane, cacheAsk{want: "stale", body: "kept"})
	}
}

func TestCachesNeverMixWhoAsks(t *testing.T) {
	t.Parallel()
	up := upstreamServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", r.URL.Query().Get("says"))
		_, _ = io.WriteString(w, r.Header.Get("X-Who"))
	})
	ring := &keyring{list: map[[32]byte]*Consumer{}}
	ring.sure.Store(true)
	for i := range 3 {
		ring.list[sha256.Sum256(fmt.Appendf(nil, "k%d", i))] = &Consumer{Application: fmt.Sprint("app", i/2), KeyID: fmt.Sprint(i)}
	}
	g := newRig(t, withPolicies(up, "      key: {}\n      cache: {}\n"), func(o *Options) { o.Keys = ring })
	for lane, c := range plainClients(t) {
		get := func(says, key, who string) string {
			_, body := call{method: "GET", path: "/" + lane + "?says=" + says, header: http.Header{"X-Api-Key": {key}, "X-Who": {who}}}.do(t, c, g.addr)
			return body
		}
		for _, tc := range []struct{ says, key, want string }{
			{"max-age=100", "k0", "0"}, {"max-age=100", "k1", "0"}, // another key of the same application
			{"max-age=100", "k2", "2"}, {"max-age=100", "k0", "0"},
			{"public,max-age=100", "k0", "0"}, {"public,max-age=100", "k2", "0"},
			{"s-maxage=100", "k2", "2"}, {"s-maxage=100", "k0", "2"},
			{"private,max-age=100", "k0", "0"}, {"private,max-age=100", "k2", "2"},
		} {
			if got := get(tc.says, tc.key, tc.key[1:]); got != tc.want {
				t.Errorf("%s: %s by %s gets what was for %q, want %q", lane, tc.says, tc.key, got, tc.want)
			}
		}
	}
}

func TestCachesOfWorkspacesAndRoutesAreApart(t *testing.T) {
	t.Parallel()
	answer := func(name string) string {
		return upstreamServer(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "public, max-age=100")
			_, _ = io.WriteString(w, name)
		})
	}
	doc := func(url, host string) []byte {
		return []byte(strings.Replace(withPolicies(url, "      cache: {}\n"), "  - name: all\n", "  - name: all\n    hosts: ["+host+"]\n", 1))
	}
	g := newRig(t, "gateway: 1\nupstreams: []\napis: []\n")
	one, two, three := answer("one"), answer("two"), answer("three")
	if err := g.Load([]Document{{Workspace: "w1", Text: doc(one, "one.example")}, {Workspace: "w2", Text: doc(two, "two.example")}}); err != nil {
		t.Fatal(err)
	}
	get := func(host string) string {
		got := g.raw(t, "GET /x HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n")
		return got[strings.LastIndex(got, "\n")+1:]
	}
	for range 2 {
		if a, b := get("one.example"), get("two.example"); a != "one" || b != "two" {
			t.Errorf("got %q and %q", a, b)
		}
	}
	// What leads elsewhere since is not answered from before.
	if err := g.Load([]Document{{Workspace: "w1", Text: doc(three, "one.example")}}); err != nil {
		t.Fatal(err)
	}
	if a := get("one.example"); a != "three" {
		t.Errorf("after a new document: %q", a)
	}
	// A change by another route of the API is seen.
	doc2 := fmt.Sprintf("gateway: 1\nupstreams: [{name: up, targets: [{url: %q}]}]\napis:\n  - name: all\n    upstream: up\n    policies: {cache: {}}\n    routes:\n      - {name: read, path: /x, methods: [GET]}\n      - {name: write, path: /x, methods: [PUT]}\n", three)
	if err := g.Apply([]byte(doc2)); err != nil {
		t.Fatal(err)
	}
	c := plainClients(t)["h1"]
	for n, a := range []cacheAsk{{want: "miss"}, {want: "hit"}, {method: "PUT", want: "bypass"}, {want: "miss"}} {
		g.checkAsk(t, c, fmt.Sprint("request ", n+1), "/x", a)
	}
}

// TestOneAsksForMany: requests that come while the same is asked for already
// wait for its answer; where that can't be kept they all go on at once.
func TestOneAsksForMany(t *testing.T) {
	t.Parallel()
	for lane, c := range plainClients(t) {
		var asked atomic.Int64
		release := make(chan struct{})
		up := upstreamServer(t, func(w http.ResponseWriter, r *http.Request) {
			n := asked.Add(1)
			if r.URL.Path == "/kept" {
				<-release
				w.Header().Set("Cache-Control", "max-age=100")
			}
			_, _ = fmt.Fprint(w, n)
		})
		g := newRig(t, withPolicies(up, "      cache: {}\n"))
		const many = 20
		all := func(path string, while func()) map[string]int {
			var wg sync.WaitGroup
			var mu sync.Mutex
			got := map[string]int{}
			for range many {
				wg.Go(func() {
					_, body := call{method: "GET", path: path}.do(t, c, g.addr)
					mu.Lock()
					got[body]++
					mu.Unlock()
				})
			}
			while()
			wg.Wait()
			return got
		}
		got := all("/kept", func() {
			until(t, func() bool { return asked.Load() > 0 })
			close(release)
		})
		if len(got) != 1 || got["1"] != many || asked.Load() != 1 {
			t.Errorf("%s: answers %v, the upstream was asked %d times", lane, got, asked.Load())
		}
		asked.Store(0)
		if got := all("/not-kept", func() {}); len(got) != many {
			t.Errorf("%s: answers %v: what can't be kept was sent to another", lane, got)
		}
	}
}

// TestWhoComesLateToAFlightLooksAgain: one that looked before another's answer
// was kept, and leads after that one has landed, does not ask a second time.
func TestWhoComesLateToAFlightLooksAgain(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	release := make(chan struct{})
	up := upstreamServer(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		<-release
		w.Header().Set("Cache-Control", "max-age=100")
	})
	g := newRig(t, withPolicies(up, "      cache: {}\n"))
	c := plainClients(t)["h1"]
	var wg sync.WaitGroup
	ask := func() { wg.Go(func() { call{method: "GET", path: "/"}.do(t, c, g.addr) }) }
	ask()
	until(t, func() bool { return asked.Load() == 1 })
	flights := &g.caches.flights
	flights.mu.Lock()
	ask() // it looks, finds nothing, and gets no further
	until(t, func() bool {
		stacks := make([]byte, 4<<20)
		return strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "(*flights).join(")
	})
	close(release)
	until(t, func() bool { return g.Cache().Entries == 1 })
	for key, f := range flights.list { // the first lands
		delete(flights.list, key)
		close(f.done)
	}
	flights.mu.Unlock()
	wg.Wait()
	if n := asked.Load(); n != 1 {
		t.Errorf("the upstream was asked %d times", n)
	}
}
