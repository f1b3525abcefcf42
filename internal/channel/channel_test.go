package channel_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// rig is a service with one kind of channel whose format is lines: each is a
// report, and a line of its own kind is no report at all.
type rig struct {
	*feedbacktest.Bench
	s      *channel.Service
	server *httptest.Server
}

func newRig(t *testing.T) *rig {
	t.Helper()
	b := feedbacktest.New(t)
	box, err := secret.NewBox(make([]byte, secret.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{Bench: b, s: channel.NewService(channel.Deps{DB: b.DB, Bus: b.Bus, Log: slog.New(slog.DiscardHandler), Box: box, Feedback: b.Feedback, CheckLaunch: b.Launches.Check})}
	r.s.Add(channel.Kind{Name: "lines", Label: "Lines", Limit: 60, Secrets: []string{"password"},
		Setup: func(c *channel.Channel, base string) []channel.Step {
			return []channel.Step{{Title: "Send", Language: "sh", Text: "curl " + base + "/in/lines/" + c.Key}}
		}})
	b.Feedback.Handle("lines", r.read)
	mux := http.NewServeMux()
	mux.Handle("POST /in/lines/{key}", channel.CORS(web.Handler(r.take)))
	r.server = httptest.NewServer(mux)
	t.Cleanup(r.server.Close)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() { defer close(done); b.Feedback.Commit(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	return r
}

func (r *rig) take(w http.ResponseWriter, req *http.Request) error {
	ctx, c, err := r.s.Enter(req, req.PathValue("key"), 1, "lines")
	if err != nil {
		return err
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return err
	}
	list, err := r.s.Accept(ctx, c, []feedback.Incoming{{Raw: body, Format: "lines", ContentType: "text/plain", NaturalKey: req.Header.Get("X-Key")}})
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusAccepted, list[0])
}

func (r *rig) read(_ context.Context, d *feedback.Raw) (feedback.Outcome, error) {
	text := string(d.Payload)
	if strings.HasPrefix(text, "bad") {
		return feedback.Outcome{}, errs.New(errs.Invalid, "A line must not begin with bad.")
	}
	file, err := r.Feedback.PutFile("all.txt", "text/plain", d.Payload)
	if err != nil {
		return feedback.Outcome{}, err
	}
	return feedback.Outcome{Apply: func(context.Context, *db.Tx) ([]feedback.Incoming, error) {
		var out []feedback.Incoming
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line != "" {
				out = append(out, feedback.Incoming{Input: feedback.Input{Text: line[:min(len(line), 100)]}, NaturalKey: "line:" + line[:min(len(line), 100)], Files: []feedback.StoredFile{file}})
			}
		}
		return out, nil
	}}, nil
}

func (r *rig) send(t *testing.T, key, body string, header ...string) (int, feedback.Receipt) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.server.URL+"/in/lines/"+key, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := r.server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var out feedback.Receipt
	if res.StatusCode < 300 {
		if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
			t.Fatal(err)
		}
	}
	return res.StatusCode, out
}

func (r *rig) make(t *testing.T, in channel.Input) *channel.Channel {
	t.Helper()
	in.Kind = "lines"
	c, err := r.s.Create(r.Ctx, r.LaunchID, in)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWhatComesIsKeptRawAndBecomesReports(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.make(t, channel.Input{})
	if c.Name != "Lines" || c.State != channel.Waiting || c.Number != 1 || len(c.Key) != 32 {
		t.Errorf("made %+v", c)
	}
	code, first := r.send(t, c.Key, "the door is stuck\nthe light is out", "X-Key", "n1")
	if code != http.StatusAccepted || first.Duplicate {
		t.Fatalf("%d %+v", code, first)
	}
	if _, again := r.send(t, c.Key, "the door is stuck\nthe light is out", "X-Key", "n1"); !again.Duplicate || again.ID != first.ID {
		t.Errorf("again: %+v", again)
	}
	_, bad := r.send(t, c.Key, "bad line")
	large := "long " + strings.Repeat("x", 200<<10)
	_, big := r.send(t, c.Key, large)
	r.Process()
	d, err := r.Feedback.Delivery(r.Ctx, first.ID)
	if err != nil || d.State != feedback.DeliveryProcessed || d.Payload != "the door is stuck\nthe light is out" || len(d.Made) != 2 || d.FeedbackID != "" || d.ChannelID != c.ID || d.Format != "lines" {
		t.Fatalf("%+v %v", d, err)
	}
	f, err := r.Feedback.Get(r.Ctx, d.Made[0])
	if err != nil || f.Channel != "lines" || f.Text != "the door is stuck" || len(f.Attachments) != 1 || f.Attachments[0].Size != int64(len(d.Payload)) {
		t.Errorf("%+v %v", f, err)
	}
	if d, err := r.Feedback.Delivery(r.Ctx, bad.ID); err != nil || d.State != feedback.DeliveryDead || d.Reason != "A line must not begin with bad." {
		t.Errorf("bad: %+v %v", d, err)
	}
	if d, err := r.Feedback.Delivery(r.Ctx, big.ID); err != nil || d.Payload != large || len(d.Made) != 1 || d.Size != len(large) {
		t.Errorf("large: %d of %d, %v %v", len(d.Payload), d.Size, d.Made, err)
	}
	// A replay makes nothing twice.
	if n, err := r.Feedback.Replay(r.Ctx, first.ID, r.LaunchID); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	r.Process()
	if d, err = r.Feedback.Delivery(r.Ctx, first.ID); err != nil || len(d.Made) != 2 || d.State != feedback.DeliveryProcessed {
		t.Errorf("replayed: %+v %v", d, err)
	}
	list, err := r.Feedback.Deliveries(r.Ctx, feedback.DeliveryFilter{ChannelID: c.ID, Limit: 50})
	if err != nil || len(list) != 6 { // three that came, three that were made
		t.Errorf("%d deliveries, %v", len(list), err)
	}
	if got, err := r.s.Get(r.Ctx, c.ID); err != nil || got.Dead != 1 {
		t.Errorf("%+v %v", got, err)
	}
}

func TestHealthIsCounted(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.make(t, channel.Input{Origins: []string{"https://shop.example", "https://*.care.example/"}})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.s.Run(ctx) }()
	r.send(t, c.Key, "hello", "Origin", "https://a.care.example")
	for got := c; got.State != channel.Receiving; {
		var err error
		if got, err = r.s.Get(r.Ctx, c.ID); err != nil {
			t.Fatal(err)
		}
	}
	if code, _ := r.send(t, c.Key, "hello", "Origin", "https://care.example"); code != http.StatusForbidden {
		t.Errorf("foreign page: %d", code)
	}
	stop()
	<-done // writes what it counted
	got, err := r.s.Get(r.Ctx, c.ID)
	if err != nil || got.Received != 1 || got.Refused != 1 || got.State != channel.Failing || got.FirstAt == nil || !strings.Contains(got.LastRefusal, "https://care.example") {
		t.Errorf("%+v %v", got, err)
	}
	if n := len(must(r.s.List(r.Ctx, r.LaunchID))); n != 1 {
		t.Errorf("%d channels", n)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestLimitsAndKeys(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.make(t, channel.Input{Limit: 1})
	codes := []int{}
	for range 4 {
		code, _ := r.send(t, c.Key, "x")
		codes = append(codes, code)
	}
	if codes[0] != 202 || codes[1] != 202 || codes[3] != http.StatusTooManyRequests {
		t.Errorf("codes = %v", codes)
	}
	if code, _ := r.send(t, strings.Repeat("0", 32), "x"); code != http.StatusNotFound {
		t.Errorf("unknown key: %d", code)
	}
	limit := 1000
	old := c.Key
	if _, err := r.s.Change(r.Ctx, c.ID, channel.Change{Limit: &limit}); err != nil {
		t.Fatal(err)
	}
	c, err := r.s.Rotate(r.Ctx, c.ID, time.Hour)
	if err != nil || c.Key == old || c.OldKeyUntil == nil {
		t.Fatalf("%+v %v", c, err)
	}
	for _, key := range []string{old, c.Key} {
		if code, _ := r.send(t, key, "y"); code != http.StatusAccepted {
			t.Errorf("key of two: %d", code)
		}
	}
	if c, err = r.s.Rotate(r.Ctx, c.ID, 0); err != nil {
		t.Fatal(err)
	}
	if code, _ := r.send(t, old, "y"); code != http.StatusNotFound {
		t.Errorf("old key: %d", code)
	}
	off := false
	if c, err = r.s.Change(r.Ctx, c.ID, channel.Change{Enabled: &off}); err != nil || c.State != channel.Off {
		t.Fatalf("%+v %v", c, err)
	}
	if code, _ := r.send(t, c.Key, "y"); code != http.StatusForbidden {
		t.Errorf("switched off: %d", code)
	}
	if err := r.s.Delete(r.Ctx, c.ID); err != nil {
		t.Fatal(err)
	}
	if code, _ := r.send(t, c.Key, "y"); code != http.StatusNotFound {
		t.Errorf("removed: %d", code)
	}
}

func TestChannelsAreOfTheirWorkspaceAndRole(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.make(t, channel.Input{Secrets: map[string]string{"password": "open sesame"}})
	if len(c.Secrets) != 1 {
		t.Errorf("secrets: %v", c.Secrets)
	}
	if b, err := json.Marshal(c); err != nil || bytes.Contains(b, []byte("sesame")) {
		t.Errorf("shown: %s %v", b, err)
	}
	if v, err := r.s.Secret(must(r.s.ByID(r.Ctx, r.Workspace, c.ID)), "password"); v.Reveal() != "open sesame" || err != nil {
		t.Errorf("secret: %v %v", v, err)
	}
	other := r.Other()
	if _, err := r.s.Get(other.Ctx, c.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("another workspace: %v", err)
	}
	if err := r.s.Delete(other.Ctx, c.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("another workspace: %v", err)
	}
	if _, err := r.s.Create(other.Ctx, r.LaunchID, channel.Input{Kind: "lines"}); err == nil {
		t.Error("a channel of another workspace's launch was made")
	}
	for _, role := range []workspace.Role{workspace.Viewer, workspace.Responder} {
		if _, err := r.s.Rotate(r.As(role), c.ID, 0); !errs.Is(err, errs.Denied) {
			t.Errorf("%s: %v", role, err)
		}
	}
	for _, in := range []channel.Input{{Kind: "smoke"}, {Kind: "lines", Origins: []string{"shop.example"}}, {Kind: "lines", Secrets: map[string]string{"pin": "1"}}} {
		if _, err := r.s.Create(r.Ctx, r.LaunchID, in); !errs.Is(err, errs.Invalid) {
			t.Errorf("%+v: %v", in, err)
		}
	}
}
