package widget_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/channel/widget"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/notice"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/undo"
	"github.com/hypercare/hypercare/internal/workspace"
)

const key = "a secret of the shop's server"

// rig is the widget's server with everything that it stands on.
type rig struct {
	*feedbacktest.Bench
	channels *channel.Service
	issues   *issue.Service
	notices  *notice.Service
	widget   *widget.Service
	deps     widget.Deps
	server   *httptest.Server
	c        *channel.Channel
}

func zipped(s string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.Bytes()
}

func build(version string) fstest.MapFS {
	return fstest.MapFS{"w.js": {Data: []byte("core " + version)}, "w.js.gz": {Data: zipped("core " + version)}, "de.js": {Data: []byte("de")}, "de.js.gz": {Data: zipped("de")}}
}

func newRig(t *testing.T) *rig {
	t.Helper()
	b := feedbacktest.New(t)
	box, err := secret.NewBox(make([]byte, secret.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	un := undo.NewService(b.DB)
	r := &rig{Bench: b}
	r.channels = channel.NewService(channel.Deps{DB: b.DB, Bus: b.Bus, Log: log, Box: box, Feedback: b.Feedback, CheckLaunch: b.Launches.Check})
	r.issues = issue.NewService(issue.Deps{DB: b.DB, Bus: b.Bus, Log: log, Feedback: b.Feedback, Launches: b.Launches, Undo: un})
	r.notices = notice.NewService(notice.Deps{DB: b.DB, Bus: b.Bus, Log: log, Feedback: b.Feedback, Issues: r.issues, Undo: un})
	b.Feedback.NameIssues(func(ctx context.Context, _ workspace.ID, ids []string) (map[string]feedback.IssueRef, error) {
		out := map[string]feedback.IssueRef{}
		for _, id := range ids {
			i, err := r.issues.Get(ctx, id)
			if err != nil {
				return nil, err
			}
			out[id] = feedback.IssueRef{ID: i.ID, Key: i.Key, Title: i.Title}
		}
		return out, nil
	})
	r.deps = widget.Deps{DB: b.DB, Log: log, Channels: r.channels, Feedback: b.Feedback, Issues: r.issues, Notices: r.notices,
		Files: build("one"), Version: "0123456789ab", Tokens: ":root{--fg:#161a17}"}
	r.widget = widget.NewService(r.deps)
	if err := r.widget.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	r.widget.Mount(mux)
	r.server = httptest.NewServer(mux)
	t.Cleanup(r.server.Close)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() { defer close(done); b.Feedback.Commit(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	if r.c, err = r.channels.Create(r.Ctx, r.LaunchID, channel.Input{Kind: "widget", Secrets: map[string]string{"signing": key}}); err != nil {
		t.Fatal(err)
	}
	return r
}

// form is a body as the script sends it: parts by name, files by file name.
func form(t *testing.T, values map[string]string, files map[string]string) (contentType string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for k, v := range values {
		if err := w.WriteField(k, v); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range files {
		p, err := w.CreateFormFile("file", name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(p, data)
	}
	_ = w.Close()
	return w.FormDataContentType(), b.Bytes()
}

func (r *rig) do(t *testing.T, method, path, contentType string, body []byte, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.server.URL+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := *r.server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}

type sent struct{ Ref, Follow string }

// send sends a report; more is merged into it.
func (r *rig) send(t *testing.T, id string, more map[string]any, files map[string]string, header ...string) (int, sent) {
	t.Helper()
	rep := map[string]any{"id": id, "kind": "problem", "text": "The pay button does nothing", "language": "de", "page": map[string]string{"url": "/checkout?cart&step", "title": "Checkout"}}
	for k, v := range more {
		rep[k] = v
	}
	b, err := json.Marshal(rep)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{"report": string(b)}
	if at, ok := more["sent"].(string); ok {
		values["sent"] = at
	}
	ct, body := form(t, values, files)
	res, text := r.do(t, http.MethodPost, "/in/widget/"+r.c.Key, ct, body, header...)
	var out sent
	if res.StatusCode == http.StatusAccepted {
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			t.Fatal(err)
		}
	}
	return res.StatusCode, out
}

// only returns the one report that was made of what came, read.
func (r *rig) only(t *testing.T) *feedback.Feedback {
	t.Helper()
	list := r.all(t)
	if len(list) != 1 {
		t.Fatalf("%d reports", len(list))
	}
	return list[0]
}

func (r *rig) all(t *testing.T) []*feedback.Feedback {
	t.Helper()
	r.Process()
	l, err := r.Feedback.List(r.Ctx, r.LaunchID, feedback.ListQuery{Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	var out []*feedback.Feedback
	for _, row := range l.Items {
		f, err := r.Feedback.Get(r.Ctx, row.ID)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, f)
	}
	return out
}

const id1 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1"

func TestAReportIsKeptWithWhatJoinsItToCalls(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	// A clock that is an hour fast: what counts is how long before the sending it was.
	clock := time.Now().Add(time.Hour).UTC()
	trace := strings.Repeat("4b", 16)
	more := map[string]any{"at": clock.Add(-90 * time.Second).Format(time.RFC3339Nano), "sent": clock.Format(time.RFC3339Nano), "release": "3.0.4", "details": true,
		"session": strings.Repeat("0f", 16), "email": "ana@shop.example",
		"env": map[string]string{"agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36", "locale": "de-DE", "zone": "Europe/Berlin", "viewport": "1440x900@2"},
		"crumbs": []map[string]any{
			{"t": clock.Add(-100 * time.Second).UnixMilli(), "kind": "http", "method": "GET", "url": "/cart", "status": 200, "request_id": "call-of-the-cart"},
			{"t": clock.Add(-95 * time.Second).UnixMilli(), "kind": "http", "method": "POST", "url": "/pay", "status": 504, "ms": 8004, "request_id": "call-of-the-pay", "traceparent": "00-" + trace + "-00f067aa0ba902b7-01"},
			{"t": clock.Add(-94 * time.Second).UnixMilli(), "kind": "http", "method": "GET", "url": "/x", "status": 200, "request_id": "<script>alert(1)"},
			{"t": clock.Add(-93 * time.Second).UnixMilli(), "kind": "error", "message": "TypeError: total is undefined"},
			{"t": clock.Add(-92 * time.Second).UnixMilli(), "kind": "event", "name": "cart"},
			{"t": clock.Add(-91 * time.Second).UnixMilli(), "kind": "event", "name": "pay"},
		}}
	status, first := r.send(t, id1, more, map[string]string{"screenshot.webp": "RIFF....WEBP"})
	if status != http.StatusAccepted || !regexp.MustCompile(`^W-[0-9A-Z]{8}$`).MatchString(first.Ref) || !regexp.MustCompile(`^f/[\w-]{43}$`).MatchString(first.Follow) {
		t.Fatalf("%d %+v", status, first)
	}
	_, again := r.send(t, id1, more, nil)
	if again.Ref != first.Ref || again.Follow == first.Follow {
		t.Errorf("a repeat is told %+v, first %+v", again, first)
	}
	f := r.only(t)
	got, _ := json.Marshal(f.Attrs)
	want := map[string]string{"kind": "problem", "session": strings.Repeat("0f", 16), "request_ids": "call-of-the-pay call-of-the-cart", "trace_ids": trace, "failed_calls": "POST /pay 504",
		"last_error": "TypeError: total is undefined", "journey": "cart > pay", "browser": "Chrome 131", "os": "Linux", "viewport": "1440x900@2", "time_zone": "Europe/Berlin", "details": "yes", "page_title": "Checkout"}
	for k, v := range want {
		if f.Attrs[k] != v {
			t.Errorf("attribute %s is %q, not %q, of %s", k, f.Attrs[k], v, got)
		}
	}
	if f.Channel != "widget" || f.ExternalID != first.Ref || f.AppVersion != "3.0.4" || f.Author.Email != "ana@shop.example" || strings.Contains(string(got), "script") {
		t.Errorf("%+v %s", f, got)
	}
	if ago := f.ReceivedAt.Sub(f.OccurredAt).Round(time.Second); ago < 89*time.Second || ago > 95*time.Second {
		t.Errorf("it happened %v before it came", ago)
	}
	names := []string{}
	for _, a := range f.Attachments {
		names = append(names, a.Name)
	}
	if !slices.Equal(names, []string{"breadcrumbs.json", "screenshot.webp"}) {
		t.Fatalf("files %v", names)
	}
	file, err := r.Feedback.OpenFile(f.Attachments[0].SHA256)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	var steps struct {
		Session string
		Crumbs  []struct {
			At     time.Time
			Kind   string
			Status int
		}
	}
	if err := json.NewDecoder(file).Decode(&steps); err != nil || len(steps.Crumbs) != 6 || steps.Crumbs[1].Status != 504 || f.ReceivedAt.Sub(steps.Crumbs[1].At) > 2*time.Minute || f.ReceivedAt.Before(steps.Crumbs[1].At) {
		t.Errorf("steps %+v %v", steps, err)
	}
}

func TestWithoutConsentNothingTechnicalIsKept(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.send(t, id1, map[string]any{"details": false, "session": strings.Repeat("0f", 16), "env": map[string]string{"agent": "Firefox/1.0"}, "crumbs": []map[string]any{{"kind": "error", "message": "x"}}}, nil)
	f := r.only(t)
	if len(f.Attachments) != 0 || f.Attrs["session"] != "" || f.Attrs["browser"] != "" || f.Attrs["last_error"] != "" || f.Attrs["details"] != "no" || f.Author.PersonID != "" {
		t.Errorf("%+v", f)
	}
}

func token(id, until string) string {
	mac := hmac.New(sha256.New, []byte(key))
	text := id
	if until != "" {
		text += "\n" + until
	}
	mac.Write([]byte(text))
	sum := hex.EncodeToString(mac.Sum(nil))
	if until != "" {
		return until + "." + sum
	}
	return sum
}

func TestOnlyASignedUserIsOne(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	later, before := fmt.Sprint(time.Now().Add(time.Hour).Unix()), fmt.Sprint(time.Now().Add(-time.Hour).Unix())
	for i, tt := range []struct{ id, token, want string }{
		{"u1", token("u1", ""), "signed"},
		{"u1", token("u1", later), "signed"},
		{"u1", token("u1", before), "expired"},
		{"u1", token("u2", later), "forged"},
		{"u1", "", "claimed"},
		{"u1", "zzzz", "forged"},
		{"u1\n" + later, token("u1\n"+later, ""), "claimed"}, // would sign u1 with an expiry of its own choice
		{"u1", later + "." + token("u1", ""), "forged"},
		{"u1", token("u1", later)[:40], "forged"},
	} {
		status, _ := r.send(t, fmt.Sprintf("bbbbbbbbbbbbbbbb%d", i), map[string]any{"user": map[string]any{"id": tt.id, "name": "Ana", "email": "ana@shop.example", "token": tt.token, "attrs": map[string]string{"tier": "gold"}}}, nil)
		if status != http.StatusAccepted {
			t.Fatalf("%d: %d", i, status)
		}
		f := r.all(t)[0] // newest first
		if f.Attrs["identity"] != tt.want {
			t.Errorf("%d: identity is %q, not %q", i, f.Attrs["identity"], tt.want)
		}
		if is := f.Author.PersonID != ""; is != (tt.want == "signed") {
			t.Errorf("%d: %s has person %q", i, tt.want, f.Author.PersonID)
		}
		if tt.want != "signed" && f.Attrs["claimed_email"] != "ana@shop.example" {
			t.Errorf("%d: claims %v", i, f.Attrs)
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	origins := []string{"https://shop.example"}
	c, err := r.channels.Change(r.Ctx, r.c.ID, channel.Change{Origins: &origins})
	if err != nil {
		t.Fatal(err)
	}
	r.c = c
	if status, _ := r.send(t, id1, nil, nil, "Origin", "https://other.example"); status != http.StatusForbidden {
		t.Errorf("foreign page: %d", status)
	}
	for name, tt := range map[string]struct {
		more   map[string]any
		files  map[string]string
		status int
	}{
		"no id":       {map[string]any{"id": "x"}, nil, 422},
		"no text":     {map[string]any{"text": "  "}, nil, 422},
		"NUL":         {map[string]any{"text": "a\x00b"}, nil, 422},
		"large file":  {nil, map[string]string{"a.bin": strings.Repeat("x", 5<<20+1)}, 413},
		"many files":  {nil, map[string]string{"a": "1", "b": "1", "c": "1", "d": "1", "e": "1"}, 413},
		"large steps": {map[string]any{"release": strings.Repeat("x", 300<<10)}, nil, 413},
	} {
		if status, _ := r.send(t, id1, tt.more, tt.files, "Origin", "https://shop.example"); status != tt.status {
			t.Errorf("%s: %d, not %d", name, status, tt.status)
		}
	}
	if res, _ := r.do(t, http.MethodPost, "/in/widget/"+r.c.Key, "application/json", []byte("{}")); res.StatusCode != 422 {
		t.Errorf("no form: %d", res.StatusCode)
	}
	if res, _ := r.do(t, http.MethodOptions, "/in/widget/"+r.c.Key, "", nil, "Access-Control-Request-Method", "POST"); res.StatusCode != 204 || res.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("preflight: %d", res.StatusCode)
	}
	if n := len(r.all(t)); n != 0 {
		t.Errorf("%d reports were made", n)
	}
}

func TestSettingsAreCheckedAndTold(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, bad := range []map[string]any{{"accent": "blue"}, {"theme": "pink"}, {"kinds": "problem, hope"}, {"languages": "xx"}, {"trace": "api.shop.example"}, {"position": "middle"}, {"screenshot": "yes"}, {"label": strings.Repeat("x", 201)}} {
		if _, err := r.channels.Change(r.Ctx, r.c.ID, channel.Change{Settings: bad}); !errs.Is(err, errs.Invalid) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	_, err := r.channels.Change(r.Ctx, r.c.ID, channel.Change{Settings: map[string]any{"accent": "#ffd400", "kinds": "idea, praise", "languages": []string{"de"}, "trace": "self https://api.shop.example/", "screenshot": false}})
	if err != nil {
		t.Fatal(err)
	}
	res, text := r.do(t, http.MethodGet, "/in/widget/"+r.c.Key, "", nil)
	var got widget.Settings
	if err := json.Unmarshal([]byte(text), &got); err != nil || res.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Fatal(err, res.Header)
	}
	if got.Accent != "#ffd400" || !slices.Equal(got.Kinds, []string{"idea", "praise"}) || !slices.Equal(got.Trace, []string{"self", "https://api.shop.example"}) || got.Screenshot || !got.Details || !strings.Contains(text, `"enabled":true`) {
		t.Errorf("%s", text)
	}
	if strings.Contains(text, "secret") {
		t.Errorf("tells secrets: %s", text)
	}
}

func TestScriptsMoveOrStay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	res, text := r.do(t, http.MethodGet, "/w/w.js", "", nil, "Accept-Encoding", "identity")
	if text != "core one" || res.Header.Get("Cache-Control") != "public, max-age=300" || res.Header.Get("Cross-Origin-Resource-Policy") != "cross-origin" {
		t.Errorf("%s %v", text, res.Header)
	}
	if res, _ := r.do(t, http.MethodGet, "/w/w.js", "", nil, "If-None-Match", res.Header.Get("ETag")); res.StatusCode != http.StatusNotModified {
		t.Errorf("the same: %d", res.StatusCode)
	}
	for path, status := range map[string]int{"/w/v0123456789ab/de.js": 200, "/w/v0123456789ab/de.js.gz": 404, "/w/v0123456789ab/fr.js": 404, "/w/vffffffffffff/w.js": 404, "/w/shot.js": 404, "/w/version": 404} {
		if res, _ := r.do(t, http.MethodGet, path, "", nil); res.StatusCode != status {
			t.Errorf("%s: %d, not %d", path, res.StatusCode, status)
		}
	}
	// A newer program goes on to serve what this one did.
	d := r.deps
	d.Files, d.Version = build("two"), "ba9876543210"
	newer := widget.NewService(d)
	if err := newer.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	newer.Mount(mux)
	for _, accept := range []string{"gzip", "identity"} {
		w := httptest.NewRecorder()
		req := httptest.NewRequest(http.MethodGet, "/w/v0123456789ab/w.js", nil)
		req.Header.Set("Accept-Encoding", accept)
		mux.ServeHTTP(w, req)
		body := w.Body.Bytes()
		if accept == "gzip" {
			z, err := gzip.NewReader(bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			body, _ = io.ReadAll(z)
		}
		if string(body) != "core one" || w.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s: %s %v", accept, body, w.Header())
		}
	}
}
