package sentry_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/channel/sentry"
	"github.com/hypercare/hypercare/internal/crash"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/release"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/undo"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// rig is the channel with one project, on a socket.
type rig struct {
	*feedbacktest.Bench
	t        *testing.T
	crash    *crash.Service
	channels *channel.Service
	undo     *undo.Service
	c        *channel.Channel
	server   *httptest.Server
}

func newRig(t *testing.T, in channel.Input) *rig {
	t.Helper()
	b := feedbacktest.New(t)
	box, err := secret.NewBox(make([]byte, secret.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{Bench: b, t: t, undo: undo.NewService(b.DB)}
	r.channels = channel.NewService(channel.Deps{DB: b.DB, Bus: b.Bus, Log: slog.New(slog.DiscardHandler), Box: box, Feedback: b.Feedback, CheckLaunch: b.Launches.Check})
	issues := issue.NewService(issue.Deps{DB: b.DB, Bus: b.Bus, Feedback: b.Feedback, Launches: b.Launches, Undo: r.undo, Log: slog.New(slog.DiscardHandler)})
	dir := t.TempDir()
	r.crash = crash.NewService(crash.Deps{DB: b.DB, Bus: b.Bus, Log: slog.New(slog.DiscardHandler), Feedback: b.Feedback, Issues: issues, Undo: r.undo,
		Files: feedback.NewFiles(dir + "/files"), CheckLaunch: b.Launches.Check, Dir: dir + "/bundles"})
	s := sentry.New(sentry.Deps{Channels: r.channels, Crash: r.crash, Feedback: b.Feedback, Releases: release.NewService(b.DB, b.Bus, b.Launches.Check), Log: slog.New(slog.DiscardHandler)})
	in.Kind = sentry.Kind
	if r.c, err = r.channels.Create(b.Ctx, b.LaunchID, in); err != nil {
		t.Fatal(err)
	}
	// As the product has it: what stands below /api/0/ is signed in.
	signedIn := http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if strings.HasPrefix(q.URL.Path, "/api/0/") && q.Header.Get("Authorization") == "Bearer hc_test" {
			q = q.WithContext(workspace.As(q.Context(), workspace.Actor{Workspace: b.Workspace, Kind: "token", ID: "t", Name: "ci", Role: workspace.Intake}))
		}
		s.Handler().ServeHTTP(w, q)
	})
	r.server = httptest.NewServer(web.Base("")(signedIn))
	t.Cleanup(r.server.Close)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() { defer close(done); b.Feedback.Commit(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	return r
}

// post sends to an address of the project and returns the answer.
func (r *rig) post(path string, body []byte, header ...string) (*http.Response, string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.server.URL+path, bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := r.server.Client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res, string(answer)
}

func (r *rig) auth() string {
	return "Sentry sentry_version=7, sentry_client=test/1.0, sentry_key=" + r.c.Key
}

// send sends an envelope of items, each a type and a payload, and works it
// off.
func (r *rig) send(id string, items ...string) {
	r.t.Helper()
	res, answer := r.post(fmt.Sprintf("/api/%d/envelope/", r.c.Number), envelope(id, items...), "X-Sentry-Auth", r.auth())
	if res.StatusCode != http.StatusOK {
		r.t.Fatalf("%d %s", res.StatusCode, answer)
	}
	r.Process()
}

func envelope(id string, items ...string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"event_id":"%s","sent_at":"2026-11-27T00:00:00Z"}`+"\n", id)
	for i := 0; i < len(items); i += 2 {
		fmt.Fprintf(&b, `{"type":"%s","length":%d}`+"\n%s\n", items[i], len(items[i+1]), items[i+1])
	}
	return b.Bytes()
}

// eid is a event id.
func eid(n int) string { return fmt.Sprintf("%032x", n) }

// failure is an event of an exception in a function.
func failure(n int, kind, function, release, user string, more ...string) string {
	extra := strings.Join(more, "")
	return fmt.Sprintf(`{"event_id":"%s","timestamp":%d,"platform":"python","release":"%s","environment":"production","user":{"id":"%s","email":"%s@shop.example","ip_address":"203.0.113.77"},
		"contexts":{"trace":{"trace_id":"%032x","span_id":"00f067aa0ba902b7"}},"tags":[["shop","eu"]],"request":{"url":"https://shop.example/pay?card=4111111111111111","method":"POST","headers":[["Cookie","sid=abc"],["X-Request-Id","req-%d"]]},
		"exception":{"values":[{"type":"%s","value":"order %d of %s@shop.example failed","mechanism":{"type":"wsgi","handled":false},"stacktrace":{"frames":[
			{"function":"main","module":"wsgi","filename":"wsgi.py","lineno":10,"in_app":false},
			{"function":"%s","module":"shop.cart","filename":"shop/cart.py","lineno":%d,"in_app":true,"context_line":"    raise Broken(order)","vars":{"password":"hunter2","order":"%d"}}]}}]}%s}`,
		eid(n), time.Now().Unix(), release, user, user, n, n, kind, n, user, function, n, n, extra)
}

func (r *rig) errors() []*crash.Group {
	r.t.Helper()
	list, err := r.crash.List(r.Ctx, r.LaunchID, crash.Query{State: "all", Sort: "first", Limit: 100})
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

func (r *rig) reports() []*feedback.Feedback {
	r.t.Helper()
	l, err := r.Feedback.List(r.Ctx, r.LaunchID, feedback.ListQuery{Limit: 100})
	if err != nil {
		r.t.Fatal(err)
	}
	return l.Items
}

func TestEventsBecomeErrorsAndTheFirstAReport(t *testing.T) {
	t.Parallel()
	r := newRig(t, channel.Input{})
	for i := range 5 {
		r.send(eid(i+1), "event", failure(i+1, "Broken", "pay", "shop@1.0.0", fmt.Sprintf("u%d", i%2)))
	}
	r.send(eid(6), "event", failure(6, "KeyError", "total", "shop@1.0.0", "u1"))
	r.send(eid(6), "event", failure(6, "KeyError", "total", "shop@1.0.0", "u1")) // the SDK did not see the answer
	list := r.errors()
	if len(list) != 2 {
		t.Fatalf("%d errors", len(list))
	}
	g := list[len(list)-1]
	if list[0].Events == 5 {
		g = list[0]
	}
	if g.Events != 5 || g.Users != 2 || g.Kind != "Broken" || g.Culprit != "pay in shop.cart" || g.FirstRelease != "shop@1.0.0" || g.Hours[23] != 5 || strings.Contains(g.Title, "@shop.example") {
		t.Errorf("%+v", g)
	}
	events, _, err := r.crash.Events(r.Ctx, g.ID, 0, 10)
	if err != nil || len(events) != 5 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	e, err := r.crash.Event(r.Ctx, events[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if e.User.Email != "u0@shop.example" || e.User.IP != "203.0.113.0" || e.TraceID != eid(5) || e.RequestID != "req-5" || e.URL != "https://shop.example/pay?card=" || e.Environment != "production" {
		t.Errorf("%+v", e)
	}
	raw, err := json.Marshal(e.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"hunter2", "sid=abc", "4111111111111111", "u0@shop.example failed"} {
		if bytes.Contains(raw, []byte(secret)) {
			t.Errorf("%q is kept: %s", secret, raw)
		}
	}
	reports := r.reports()
	if len(reports) != 2 {
		t.Fatalf("%d reports of 6 events of 2 errors", len(reports))
	}
	f, err := r.Feedback.Get(r.Ctx, reports[0].ID)
	if err != nil || f.Attrs["error_id"] == "" || f.Attrs["trace_id"] == "" || f.Channel != "sentry" || f.AppVersion != "shop@1.0.0" || f.Category != "bug" {
		t.Errorf("%+v %v", f, err)
	}
	tied, err := crash.Tied(r.Ctx, r.DB, r.Workspace, r.LaunchID, crash.Tie{UserIDs: []string{"u1"}, Traces: []string{eid(1)}}, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), 10)
	if err != nil || len(tied) != 4 {
		t.Errorf("tied: %d %v", len(tied), err)
	}
}

func TestWhatIsResolvedComesBackAsRegression(t *testing.T) {
	t.Parallel()
	r := newRig(t, channel.Input{Settings: map[string]any{"report_users": 3.0, "report_minutes": 5.0}})
	r.send(eid(1), "event", failure(1, "Broken", "pay", "shop@1.0.0", "u1"))
	g := r.errors()[0]
	changed, err := r.crash.Change(r.Ctx, g.ID, crash.Change{State: crash.Resolved, ResolvedIn: "shop@1.1.0"})
	if err != nil || changed.Error.State != crash.Resolved || changed.Error.StateBy == "" {
		t.Fatalf("%+v %v", changed, err)
	}
	later := func(s string) string { // after it was resolved, whatever the second is
		return strings.Replace(s, fmt.Sprintf(`"timestamp":%d`, time.Now().Unix()), fmt.Sprintf(`"timestamp":"%s"`, time.Now().Add(time.Second).UTC().Format(time.RFC3339Nano)), 1)
	}
	r.send(eid(2), "event", later(failure(2, "Broken", "pay", "shop@1.0.9", "u2")))
	if got := r.errors()[0]; got.State != crash.Resolved || got.Events != 2 {
		t.Errorf("an old release reopens it: %+v", got)
	}
	r.send(eid(3), "event", later(failure(3, "Broken", "pay", "shop@1.1.0", "u2")))
	got := r.errors()[0]
	if got.State != crash.Unresolved || got.Regressions != 1 || got.ID != g.ID || got.LastRelease != "shop@1.1.0" {
		t.Errorf("%+v", got)
	}
	if n := len(r.reports()); n != 2 {
		t.Errorf("%d reports, want one of the new error and one of its return", n)
	}
	for i := range 4 {
		r.send(eid(10+i), "event", failure(10+i, "Broken", "pay", "shop@1.1.0", fmt.Sprintf("v%d", i)))
	}
	if n := len(r.reports()); n != 3 {
		t.Errorf("%d reports, want one more when more than 3 users met it", n)
	}
	reports, err := r.crash.Feedback(r.Ctx, g.ID)
	if err != nil || len(reports) != 3 {
		t.Errorf("%d reports of the error, %v", len(reports), err)
	}
	joined, err := r.crash.Join(r.Ctx, g.ID, "")
	if err != nil || joined.Error.Issue == nil || joined.Issue.Category != "bug" || joined.Issue.Reach.Feedback != 3 {
		t.Fatalf("%+v %v", joined, err)
	}
	if err := r.undo.Undo(r.Ctx, joined.UndoID); err != nil {
		t.Fatal(err)
	}
	if err := r.undo.Undo(r.Ctx, changed.UndoID); err != nil {
		t.Fatal(err)
	}
	if got := r.errors()[0]; got.Issue != nil || got.State != crash.Unresolved {
		t.Errorf("%+v", got)
	}
	if _, err := r.crash.Change(r.As(workspace.Viewer), g.ID, crash.Change{State: crash.Ignored}); err == nil {
		t.Error("a viewer changed the state")
	}
	if _, err := r.crash.Get(r.Other().Ctx, g.ID); err == nil {
		t.Error("another workspace reads it")
	}
}

func TestFeedbackIsJoinedToItsError(t *testing.T) {
	t.Parallel()
	r := newRig(t, channel.Input{Settings: map[string]any{"report_new": false}})
	said := func(message, about string) string {
		return fmt.Sprintf(`{"event_id":"%s","type":"feedback","timestamp":%d,"release":"shop@1.0.0","user":{"id":"u7"},"tags":{"page":"pay"},
			"contexts":{"feedback":{"message":"%s","contact_email":"ann@shop.example","name":"Ann","url":"https://shop.example/pay?x=1","associated_event_id":"%s"},"trace":{"trace_id":"%s"}}}`,
			eid(50), time.Now().Unix(), message, about, eid(9))
	}
	// It comes before the event that it is about.
	r.send(eid(50), "feedback", said("the pay button is dead", eid(7)), "attachment", "PNG...")
	r.send(eid(7), "event", failure(7, "Broken", "pay", "shop@1.0.0", "u7"))
	r.send(eid(8), "user_report", `{"event_id":"`+eid(7)+`","name":"Bob","email":"not an address","comments":"same for me"}`)
	r.send(eid(51), "feedback", strings.ReplaceAll(said("nothing happens", eid(7)), eid(50), eid(51)))
	g := r.errors()[0]
	list, err := r.crash.Feedback(r.Ctx, g.ID)
	if err != nil || len(list) != 3 {
		t.Fatalf("%d reports, %v", len(list), err)
	}
	first, err := r.Feedback.Get(r.Ctx, list[2].ID)
	if err != nil || first.Text != "the pay button is dead" || first.Author.Email != "ann@shop.example" || first.Author.Name != "Ann" || len(first.Attachments) != 1 || first.URL != "https://shop.example/pay?x=" || first.Attrs["trace_id"] != eid(9) {
		t.Errorf("%+v %v", first, err)
	}
	last, err := r.Feedback.Get(r.Ctx, list[0].ID)
	if err != nil || last.Attrs["error_id"] != g.ID {
		t.Errorf("%+v %v", last, err)
	}
	old, err := r.Feedback.Get(r.Ctx, list[1].ID)
	if err != nil || old.Text != "same for me" || old.Attrs["contact"] != "not an address" || old.AppVersion != "shop@1.0.0" {
		t.Errorf("%+v %v", old, err)
	}
	if id, err := r.crash.Of(r.Ctx, r.DB, r.Workspace, first.ID); err != nil || id != g.ID {
		t.Errorf("%q %v", id, err)
	}
}

func TestSessionsAreCountedOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, channel.Input{})
	now := time.Now().UTC()
	session := func(sid, status string, errors int, after time.Duration) string {
		return fmt.Sprintf(`{"sid":"%s","init":false,"did":"%s","started":"%s","timestamp":"%s","status":"%s","errors":%d,"attrs":{"release":"shop@1.0.0","environment":"production"}}`,
			sid, sid, now.Format(time.RFC3339), now.Add(after).Format(time.RFC3339Nano), status, errors)
	}
	for i := range 8 {
		r.send("", "session", session(fmt.Sprintf("s%d", i), "ok", 0, 0))
	}
	r.send("", "session", session("s0", "ok", 1, time.Second))
	r.send("", "session", session("s0", "crashed", 2, 2*time.Second), "session", session("s1", "exited", 1, time.Second))
	r.send("", "session", session("s0", "ok", 0, time.Millisecond)) // late
	r.send("", "sessions", fmt.Sprintf(`{"aggregates":[{"started":"%s","exited":10,"errored":1,"crashed":1}],"attrs":{"release":"shop@1.0.0","environment":"production"}}`, now.Format(time.RFC3339)),
		"client_report", `{"timestamp":1,"discarded_events":[{"reason":"ratelimit_backoff","category":"error","quantity":7}]}`, "check_in", `{}`)
	list, err := r.crash.HealthOf(r.Ctx, r.LaunchID, "", now.Add(-time.Hour))
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v %v", list, err)
	}
	h := list[0]
	if h.Sessions != 20 || h.Crashed != 2 || h.Errored != 2 || h.Users != 8 || h.CrashedUsers != 1 || *h.CrashFreeSessions != .9 || *h.CrashFreeUsers != 1-1.0/8 {
		t.Errorf("%+v", h)
	}
	dropped, err := r.crash.DroppedOf(r.Ctx, r.LaunchID, now.Add(-time.Hour))
	if err != nil || len(dropped) != 2 || dropped[0] != (crash.Dropped{Kind: "client", Category: "error", Reason: "ratelimit_backoff", Count: 7}) || dropped[1].Category != "check_in" {
		t.Errorf("%+v %v", dropped, err)
	}
}

func TestEveryWayInIsTakenAndBadOnesSayWhy(t *testing.T) {
	t.Parallel()
	r := newRig(t, channel.Input{Origins: []string{"https://shop.example"}})
	project := fmt.Sprintf("/api/%d", r.c.Number)
	pack := func(make func(io.Writer) io.WriteCloser, b []byte) []byte {
		var out bytes.Buffer
		z := make(&out)
		_, _ = z.Write(b)
		_ = z.Close()
		return out.Bytes()
	}
	body := func(n int) []byte { return envelope(eid(n), "event", failure(n, "Broken", "pay", "1", "u")) }
	withDSN := bytes.Replace(body(104), []byte(`{"event_id"`), []byte(`{"dsn":"http://`+r.c.Key+`@host/1","event_id"`), 1)
	store := failure(105, "Broken", "pay", "1", "u")
	dump := "--b\r\nContent-Disposition: form-data; name=\"upload_file_minidump\"; filename=\"x.dmp\"\r\n\r\nMDMP...\r\n--b\r\nContent-Disposition: form-data; name=\"sentry\"\r\n\r\n{\"release\":\"1\"}\r\n--b--\r\n"
	for _, c := range []struct {
		name, path string
		body       []byte
		header     []string
		code       int
		answer     string
	}{
		{"plain", "/envelope/", body(101), []string{"X-Sentry-Auth", r.auth()}, 200, `"id":"` + eid(101)},
		{"gzip, key in the query", "/envelope/?sentry_key=" + r.c.Key + "&sentry_version=7", pack(func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }, body(102)), []string{"Content-Encoding", "gzip"}, 200, eid(102)},
		{"deflate", "/envelope/", pack(func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }, body(103)), []string{"X-Sentry-Auth", r.auth(), "Content-Encoding", "deflate"}, 200, eid(103)},
		{"key in the envelope", "/envelope/", withDSN, nil, 200, eid(104)},
		{"store", "/store/", []byte(store), []string{"X-Sentry-Auth", r.auth()}, 200, eid(105)},
		{"minidump", "/minidump/?sentry_key=" + r.c.Key, []byte(dump), []string{"Content-Type", "multipart/form-data; boundary=b"}, 200, "{}"},
		{"csp", "/security/?sentry_key=" + r.c.Key, []byte(`{"csp-report":{"document-uri":"https://shop.example/x","effective-directive":"script-src","blocked-uri":"https://evil.example/x.js"}}`), []string{"Content-Type", "application/csp-report"}, 200, "{}"},
		{"no key", "/envelope/", body(1), nil, 401, "no key"},
		{"wrong key", "/envelope/?sentry_key=" + strings.Repeat("0", 32), body(1), nil, 403, "No channel has this key"},
		{"other page", "/envelope/", body(1), []string{"X-Sentry-Auth", r.auth(), "Origin", "https://else.example"}, 403, "https://else.example"},
		{"not packed", "/envelope/", body(1), []string{"X-Sentry-Auth", r.auth(), "Content-Encoding", "gzip"}, 400, "Content-Encoding"},
		{"no header", "/envelope/", []byte("hello"), []string{"X-Sentry-Auth", r.auth()}, 400, "header"},
		{"cut off", "/envelope/", body(1)[:300], []string{"X-Sentry-Auth", r.auth()}, 400, "cut off"},
		{"too large", "/store/", []byte(`{"event_id":"` + eid(1) + `","extra":"` + strings.Repeat("x", 3<<20) + `"}`), []string{"X-Sentry-Auth", r.auth()}, 413, "at most"},
	} {
		res, answer := r.post(project+c.path, c.body, c.header...)
		if res.StatusCode != c.code || !strings.Contains(answer, c.answer) {
			t.Errorf("%s: %d %s, want %d %s", c.name, res.StatusCode, answer, c.code, c.answer)
		}
		if res.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: no CORS", c.name)
		}
	}
	if res, _ := r.post("/api/99/envelope/", body(1), "X-Sentry-Auth", r.auth()); res.StatusCode != 403 {
		t.Errorf("another project: %d", res.StatusCode)
	}
	r.Process()
	kinds := map[string]int64{}
	for _, g := range r.errors() {
		kinds[g.Kind] = g.Events
	}
	if kinds["Broken"] != 5 || kinds["Minidump"] != 1 || kinds["CSP"] != 1 {
		t.Errorf("kinds = %v", kinds)
	}
	if c, err := r.channels.Get(r.Ctx, r.c.ID); err != nil || c.Dead != 0 {
		t.Errorf("%+v %v", c, err)
	}
	res, _ := r.post(project+"/envelope/", envelope("", "replay_event", "{}"), "X-Sentry-Auth", r.auth())
	if res.StatusCode != 200 || res.Header.Get("X-Sentry-Rate-Limits") != "3600:replay:organization:unsupported" {
		t.Errorf("unsupported: %d %q", res.StatusCode, res.Header.Get("X-Sentry-Rate-Limits"))
	}
}

func TestASendersStormIsSlowedDown(t *testing.T) {
	t.Parallel()
	r := newRig(t, channel.Input{Limit: 2})
	for n := range 6 {
		res, _ := r.post(fmt.Sprintf("/api/%d/envelope/", r.c.Number), envelope(eid(n+1), "event", failure(n+1, "Broken", "pay", "1", "u")), "X-Sentry-Auth", r.auth())
		if n < 4 {
			continue
		}
		if res.StatusCode != 429 || res.Header.Get("Retry-After") == "" || !strings.HasSuffix(res.Header.Get("X-Sentry-Rate-Limits"), "::organization:busy") {
			t.Errorf("%d: %d %v", n, res.StatusCode, res.Header)
		}
	}
	r.Process()
	if n := len(r.reports()); n != 1 {
		t.Errorf("%d reports of a storm of one error", n)
	}
}
