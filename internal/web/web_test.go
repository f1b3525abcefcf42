package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/web"
)

type echo struct {
	Name string `json:"name" minLength:"2"`
}

func api(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	a := web.NewAPI(mux, "test")
	fail := map[string]error{
		"missing": errs.New(errs.NotFound, "There is no such thing."),
		"busy":    errs.TooBusy(3*time.Second, "Come back later."),
		"inside":  context.Canceled,
	}
	web.Route(a, "POST /echo", "echo", "Echo", func(_ context.Context, in *web.Body[echo]) (*web.Body[echo], error) {
		if err := fail[in.Body.Name]; err != nil {
			return nil, err
		}
		if in.Body.Name == "panic" {
			panic("on purpose")
		}
		return &web.Body[echo]{Body: in.Body}, nil
	})
	copies := func(next http.Handler) http.Handler { // as authentication does
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r.WithContext(r.Context())) })
	}
	seen := func(route, _ string, status int, _ time.Duration) {
		if route != "POST /api/v1/echo" && status != http.StatusForbidden {
			t.Errorf("the access log says route %q", route)
		}
	}
	h := web.Chain(web.Routes(mux), web.Access(slog.New(slog.DiscardHandler), seen), copies, web.Protect)
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv
}

func post(t *testing.T, url, body string, header ...string) (*http.Response, web.Problem) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var p web.Problem
	_ = json.NewDecoder(resp.Body).Decode(&p)
	return resp, p
}

func TestErrorsAreProblems(t *testing.T) {
	t.Parallel()
	srv := api(t)
	for _, tc := range []struct {
		body, detail, code string
		status             int
	}{
		{`{"name":"missing"}`, "There is no such thing.", "not_found", 404},
		{`{"name":"busy"}`, "Come back later.", "busy", 429},
		{`{"name":"inside"}`, "on our side", "internal", 500},
		{`{"name":"panic"}`, "on our side", "internal", 500},
		{`{"name":"x"}`, "name", "invalid", 422},
		{`{"nam":"xx"}`, "", "invalid", 422},
		{`nope`, "", "invalid", 400},
		{`{"name":"` + strings.Repeat("x", 2<<20) + `"}`, "larger", "too_large", 413},
	} {
		resp, p := post(t, srv.URL+"/api/v1/echo", tc.body)
		if resp.StatusCode != tc.status || p.Code != tc.code || !strings.Contains(p.Detail, tc.detail) || !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/problem+json") {
			t.Errorf("%.40s = %d %+v %s, want %d %s %q", tc.body, resp.StatusCode, p, resp.Header.Get("Content-Type"), tc.status, tc.code, tc.detail)
		}
		if tc.status == 429 && resp.Header.Get("Retry-After") != "3" {
			t.Errorf("Retry-After = %q", resp.Header.Get("Retry-After"))
		}
	}
}

func TestOtherSitesCannotWrite(t *testing.T) {
	t.Parallel()
	srv := api(t)
	for _, tc := range []struct {
		header []string
		status int
	}{
		{nil, 200}, // a program
		{[]string{"Origin", srv.URL}, 200},
		{[]string{"Sec-Fetch-Site", "same-origin"}, 200},
		{[]string{"Origin", "https://evil.example"}, 403},
		{[]string{"Origin", "null"}, 403},
		{[]string{"Sec-Fetch-Site", "cross-site"}, 403},
	} {
		resp, _ := post(t, srv.URL+"/api/v1/echo", `{"name":"ok"}`, tc.header...)
		if resp.StatusCode != tc.status {
			t.Errorf("%v = %d, want %d", tc.header, resp.StatusCode, tc.status)
		}
		if resp.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(resp.Header.Get("Content-Security-Policy"), "script-src 'self'") {
			t.Errorf("headers = %v", resp.Header)
		}
	}
}

// TestThePolicyAllowsOwnFilesOnly: no script from elsewhere or in the page, no
// frame around it, no form that leads away.
func TestThePolicyAllowsOwnFilesOnly(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	web.Protect(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://hc.test/inbox", nil))
	got := map[string]string{}
	for _, d := range strings.Split(w.Header().Get("Content-Security-Policy"), ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(d), " ")
		got[name] = value
	}
	for name, want := range map[string]string{"default-src": "'self'", "script-src": "'self'", "style-src": "'self' 'unsafe-inline'", "img-src": "'self' data: blob:",
		"connect-src": "'self'", "font-src": "'self'", "worker-src": "'self'", "object-src": "'none'", "base-uri": "'none'", "form-action": "'self'", "frame-ancestors": "'none'"} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
		delete(got, name)
	}
	if len(got) > 0 {
		t.Errorf("the policy allows more: %v", got)
	}
	for name, want := range map[string]string{"X-Frame-Options": "DENY", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "X-Content-Type-Options": "nosniff"} {
		if w.Header().Get(name) != want {
			t.Errorf("%s is %q, want %q", name, w.Header().Get(name), want)
		}
	}
}

func TestDrain(t *testing.T) {
	t.Parallel()
	var stopping atomic.Bool
	h := web.Drain(&stopping)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }))
	for _, want := range []int{204, 503} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if w.Code != want {
			t.Errorf("status = %d, want %d", w.Code, want)
		}
		stopping.Store(true)
	}
}

func TestStreamReplays(t *testing.T) {
	t.Parallel()
	bus := event.New()
	done := make(chan struct{})
	srv := httptest.NewServer(web.Handler(func(w http.ResponseWriter, r *http.Request) error { return web.Stream(w, r, bus, "w1", done) }))
	defer srv.Close()
	last := bus.Last()
	bus.Publish(event.Event{Workspace: "w1", Type: "issue.created", ID: "missed"})
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
	req.Header.Set("Last-Event-ID", last)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var got []string
	for sc := bufio.NewScanner(resp.Body); sc.Scan(); {
		if data, ok := strings.CutPrefix(sc.Text(), "data: "); ok {
			got = append(got, data)
		}
		switch len(got) {
		case 2:
			bus.Publish(event.Event{Workspace: "w1", Type: "issue.updated", ID: "live"})
			got = append(got, "published")
		case 4:
			close(done)
			got = append(got, "done")
		}
	}
	all := strings.Join(got, "\n")
	if !strings.Contains(all, `"missed"`) || !strings.Contains(all, `"live"`) {
		t.Errorf("stream = %s", all)
	}
}

func TestLimiter(t *testing.T) {
	t.Parallel()
	l := web.NewLimiter(3, time.Minute)
	now := time.Unix(1000, 0)
	for i := range 3 {
		if _, ok := l.Allow("a", now); !ok {
			t.Fatalf("try %d refused", i)
		}
	}
	wait, ok := l.Allow("a", now)
	if ok || wait <= 0 || wait > 20*time.Second {
		t.Errorf("fourth try: wait %s, %v", wait, ok)
	}
	if _, ok := l.Allow("b", now); !ok {
		t.Error("another key is refused")
	}
	if _, ok := l.Allow("a", now.Add(wait)); !ok {
		t.Error("refused after the wait")
	}
	for range 10 {
		if _, ok := l.Allow("c", now); !ok {
			t.Fatal("a try that was given back counts")
		}
		l.Refund("c")
	}
}
