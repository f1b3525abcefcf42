package feedback_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/nlp"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// server serves the bench's feedback as an actor, with the commit running.
type server struct {
	*feedbacktest.Bench
	*httptest.Server
	tb testing.TB
}

func serve(t testing.TB, role workspace.Role) *server {
	t.Helper()
	b := feedbacktest.New(t)
	mux := http.NewServeMux()
	b.Feedback.Routes(web.NewAPI(mux, "test"))
	as := b.As(role)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, _ := workspace.ActorFrom(as)
		mux.ServeHTTP(w, r.WithContext(workspace.As(r.Context(), a)))
	}))
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { b.Feedback.Commit(ctx) })
	t.Cleanup(func() {
		srv.Close()
		stop()
		wg.Wait()
	})
	return &server{b, srv, t}
}

// send posts a body to the bench's launch.
func (s *server) send(body string, header ...string) (int, map[string]any) {
	s.tb.Helper()
	req, err := http.NewRequestWithContext(s.tb.Context(), http.MethodPost, s.URL+"/api/v1/launches/"+s.LaunchID+"/feedback", strings.NewReader(body))
	if err != nil {
		s.tb.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return s.do(req)
}

func (s *server) do(req *http.Request) (int, map[string]any) {
	s.tb.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.tb.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.tb.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(b, &out); err != nil {
		s.tb.Fatalf("%s %s: %d, not JSON: %.200s", req.Method, req.URL, resp.StatusCode, b)
	}
	return resp.StatusCode, out
}

func (s *server) get(path string) map[string]any {
	s.tb.Helper()
	req, err := http.NewRequestWithContext(s.tb.Context(), http.MethodGet, s.URL+"/api/v1"+path, nil)
	if err != nil {
		s.tb.Fatal(err)
	}
	status, out := s.do(req)
	if status != http.StatusOK {
		s.tb.Fatalf("GET %s = %d %v", path, status, out)
	}
	return out
}

func TestAcceptedReportIsProcessedAndFound(t *testing.T) {
	t.Parallel()
	s := serve(t, workspace.Owner)
	status, first := s.send(`{"text":"The app crashes when I pay","external_id":"a1","rating":1,"author":{"email":"Ann@Example.com","name":"Ann"},"url":"https://shop.example/pay?token=secret","attrs":{"plan":"pro"}}`)
	if status != http.StatusAccepted || first["state"] != "accepted" {
		t.Fatalf("first = %d %v", status, first)
	}
	if status, again := s.send(`{"text":"The app crashes when I pay!!","external_id":"a1"}`); status != http.StatusAccepted || again["duplicate"] != true || again["id"] != first["id"] {
		t.Errorf("the same external id = %d %v, want the first one's answer", status, again)
	}
	s.Process()
	f := s.get("/feedback/" + first["id"].(string))
	if f["text"] != "The app crashes when I pay" || f["severity"] != "sev1" || f["url"] != "https://shop.example/pay?token=" {
		t.Errorf("feedback = %v", f)
	}
	if author := f["author"].(map[string]any); author["person_id"] == "" || author["email"] != "ann@example.com" {
		t.Errorf("author = %v", author)
	}
	list := s.get("/launches/" + s.LaunchID + "/feedback?q=crash&facets=true&severity=sev1,sev2")
	if list["total"].(float64) != 1 {
		t.Errorf("list = %v", list)
	}
	if d := s.get("/deliveries/" + first["id"].(string)); d["state"] != "processed" || !strings.Contains(d["payload"].(string), "ann@example.com") || strings.Contains(d["payload"].(string), "token=secret") {
		t.Errorf("delivery = %v, want the payload without the secret of its address", d)
	}
}

func TestBadInputIsRefusedAndNamed(t *testing.T) {
	t.Parallel()
	s := serve(t, workspace.Intake)
	long := strings.Repeat("x", feedback.MaxText+1)
	for _, tc := range []struct {
		name, body, detail string
		status             int
	}{
		{"not JSON", `nope`, "not the JSON expected", 422},
		{"empty", ``, "empty", 422},
		{"ends in the middle", `{"text":"x`, "JSON", 422},
		{"wrong type", `{"text":5}`, "must be a string", 422},
		{"unknown field", `{"txt":"x"}`, "unknown field", 422},
		{"no text", `{"rating":3}`, "text is empty", 422},
		{"only spaces", `{"text":" \n"}`, "text is empty", 422},
		{"too long", `{"text":"` + long + `"}`, "at most 65536", 422},
		{"ten megabytes", `{"text":"` + strings.Repeat("x", 10<<20) + `"}`, "larger than", 413},
		{"NUL", "{\"text\":\"a\\u0000b\"}", "NUL", 422},
		{"invalid UTF-8", "{\"text\":\"a\xff\xfeb\"}", "UTF-8", 422},
		{"rating", `{"text":"x","rating":11}`, "between 0 and 5", 422},
		{"future", `{"text":"x","occurred_at":"2999-01-01T00:00:00Z"}`, "future", 422},
		{"not a time", `{"text":"x","occurred_at":"yesterday"}`, "2026-11-21T08:00:00Z", 422},
		{"e-mail", `{"text":"x","author":{"email":"not an address"}}`, "e-mail", 422},
		{"channel", `{"text":"x","channel":"a b/../c"}`, "channel", 422},
		{"two values", `{"text":"x"}{"text":"y"}`, "more behind", 422},
		{"list", `[{"text":"x"}]`, "must be an object", 422},
		{"no items", `{"items":[]}`, "no items", 422},
		{"too many items", `{"items":[` + strings.TrimSuffix(strings.Repeat(`{"text":"x"},`, 1001), ",") + `]}`, "1001 items", 413},
	} {
		status, out := s.send(tc.body)
		detail, _ := out["detail"].(string)
		if status != tc.status || !strings.Contains(detail, tc.detail) {
			t.Errorf("%s: %d %q, want %d and a sentence with %q", tc.name, status, detail, tc.status, tc.detail)
		}
	}
	if n, err := s.Feedback.ProcessOnce(s.Ctx); n != 0 || err != nil {
		t.Errorf("something was kept of what was refused: %d, %v", n, err)
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/api/v1/launches/nosuch/feedback", strings.NewReader(`{"text":"x"}`))
	if status, out := s.do(req); status != 404 {
		t.Errorf("unknown launch = %d %v", status, out)
	}
}

func TestBatchKeepsGoodRows(t *testing.T) {
	t.Parallel()
	s := serve(t, workspace.Owner)
	var items []string
	for i := range 1000 {
		if i == 500 {
			items = append(items, `{"text":"<b>bold</b>'; DROP TABLE feedback;--","rating":99}`)
		} else {
			items = append(items, fmt.Sprintf(`{"text":"<script>alert(1)</script> '; DROP TABLE feedback;-- %d","external_id":"e%d"}`, i, i%998))
		}
	}
	status, out := s.send(`{"items":[` + strings.Join(items, ",") + `]}`)
	if status != http.StatusAccepted || out["accepted"].(float64) != 997 || out["rejected"].(float64) != 1 || out["duplicates"].(float64) != 2 {
		t.Fatalf("batch = %d accepted %v rejected %v duplicates %v", status, out["accepted"], out["rejected"], out["duplicates"])
	}
	bad := out["items"].([]any)[500].(map[string]any)
	if bad["status"].(float64) != 422 || !strings.Contains(bad["error"].(map[string]any)["detail"].(string), "rating") {
		t.Errorf("row 500 = %v", bad)
	}
	s.Process()
	if list := s.get("/launches/" + s.LaunchID + "/feedback?q=script"); list["total"].(float64) != 997 {
		t.Errorf("found %v, want 997", list["total"])
	}
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	s := serve(t, workspace.Owner)
	body := `{"items":[{"text":"one"},{"text":"two"}]}`
	_, first := s.send(body, "Idempotency-Key", "k1")
	_, again := s.send(body, "Idempotency-Key", "k1")
	if again["duplicates"].(float64) != 2 || again["accepted"].(float64) != 0 {
		t.Errorf("repeat = %v", again)
	}
	ids := func(m map[string]any) (out []any) {
		for _, it := range m["items"].([]any) {
			out = append(out, it.(map[string]any)["id"])
		}
		return out
	}
	if a, b := fmt.Sprint(ids(first)), fmt.Sprint(ids(again)); a != b {
		t.Errorf("repeat answers %s, want %s", b, a)
	}
	if status, out := s.send(`{"text":"other"}`, "Idempotency-Key", "k1"); status != 422 || !strings.Contains(out["detail"].(string), "another body") {
		t.Errorf("same key, other body = %d %v", status, out)
	}
	// Many at once with one key make one report.
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { s.send(`{"text":"storm"}`, "Idempotency-Key", "k2") })
	}
	wg.Wait()
	s.Process()
	if list := s.get("/launches/" + s.LaunchID + "/feedback?q=storm"); list["total"].(float64) != 1 {
		t.Errorf("storm made %v reports, want 1", list["total"])
	}
}

func TestRolesAndTenantsOfIntake(t *testing.T) {
	t.Parallel()
	b := feedbacktest.New(t)
	o := b.Other()
	id := b.Add("secret of the first workspace")[0]
	for name, try := range map[string]func(context.Context) error{
		"get":      func(ctx context.Context) error { _, err := b.Feedback.Get(ctx, id); return err },
		"delivery": func(ctx context.Context) error { _, err := b.Feedback.Delivery(ctx, id); return err },
		"replay":   func(ctx context.Context) error { _, err := b.Feedback.Replay(ctx, id, ""); return err },
		"send": func(ctx context.Context) error {
			_, err := b.Feedback.Accept(ctx, b.LaunchID, []feedback.Incoming{{Input: feedback.Input{Text: "x", Channel: "api"}}}, "", "")
			return err
		},
		"list": func(ctx context.Context) error {
			l, err := b.Feedback.List(ctx, b.LaunchID, feedback.ListQuery{Limit: 10, Text: "secret"})
			if err == nil && len(l.Items) == 0 {
				return fmt.Errorf("nothing listed")
			}
			return err
		},
		"deliveries": func(ctx context.Context) error {
			l, err := b.Feedback.Deliveries(ctx, feedback.DeliveryFilter{LaunchID: b.LaunchID, Limit: 10})
			if err == nil && len(l) == 0 {
				return fmt.Errorf("nothing listed")
			}
			return err
		},
	} {
		if err := try(o.Ctx); err == nil {
			t.Errorf("%s: another workspace's owner got through", name)
		}
		if err := try(t.Context()); err == nil {
			t.Errorf("%s: nobody got through", name)
		}
	}
	for role, may := range map[workspace.Role]bool{workspace.Viewer: false, workspace.Intake: true, workspace.Responder: true} {
		ctx, stop := context.WithTimeout(b.As(role), 50*time.Millisecond)
		_, err := b.Feedback.Accept(ctx, b.LaunchID, []feedback.Incoming{{Input: feedback.Input{Text: "x", Channel: "api"}}}, "", "")
		stop()
		// Nothing commits here: who may send waits until the deadline.
		if got := !errs.Is(err, errs.Denied); got != may {
			t.Errorf("%s may send = %v (%v), want %v", role, got, err, may)
		}
	}
	if _, err := b.Feedback.Get(b.As(workspace.Intake), id); err == nil {
		t.Error("an intake token reads feedback")
	}
}

func TestAttachmentsAreNeverRendered(t *testing.T) {
	t.Parallel()
	s := serve(t, workspace.Owner)
	_, rec := s.send(`{"text":"see the file","attachments":[{"name":"evil.html","content_type":"text/html","data":"PHNjcmlwdD4="}]}`)
	s.Process()
	f := s.get("/feedback/" + rec["id"].(string))
	att := f["attachments"].([]any)[0].(map[string]any)
	resp, err := http.Get(s.URL + att["url"].(string))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, _ := io.ReadAll(resp.Body)
	if !bytes.Equal(b, []byte("<script>")) || resp.Header.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(resp.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("attachment = %q %v", b, resp.Header)
	}
}

func TestReplayMakesNoSecondFeedback(t *testing.T) {
	t.Parallel()
	b := feedbacktest.New(t)
	id := b.Add("once")[0]
	if n, err := b.Feedback.Replay(b.Ctx, id, ""); n != 1 || err != nil {
		t.Fatalf("Replay = %d, %v", n, err)
	}
	b.Process()
	l, err := b.Feedback.List(b.Ctx, b.LaunchID, feedback.ListQuery{Limit: 10})
	if err != nil || l.Total != 1 {
		t.Errorf("after a replay there are %d feedback, %v; want 1", l.Total, err)
	}
}

// FuzzDecodeInput: what is refused is refused with a sentence, what is taken
// can be written out and read again.
func FuzzDecodeInput(f *testing.F) {
	for _, s := range []string{`{"text":"x"}`, `{"title":"t","rating":4.5,"author":{"email":"a@b.c"},"occurred_at":"2026-01-02T03:04:05Z"}`, `{"text":"\ud800"}`, `null`, `{"attrs":{"":""},"text":"x"}`, "{\"text\":\"\xff\"}"} {
		f.Add([]byte(s))
	}
	now := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, raw []byte) {
		in, err := feedback.DecodeInput(raw, now)
		if err != nil {
			if err.Error() == "" {
				t.Error("refused without a sentence")
			}
			return
		}
		b, err := json.Marshal(in)
		if err != nil {
			t.Fatalf("taken but not writable: %v", err)
		}
		if _, err := feedback.DecodeInput(b, now); err != nil {
			t.Fatalf("written out as %s and refused: %v", b, err)
		}
	})
}

// TestPoisonDoesNotHoldUpOthers: a report that trips its reader is tried a
// few times and is then dead, with the reason; its neighbours are feedback.
func TestPoisonDoesNotHoldUpOthers(t *testing.T) {
	t.Parallel()
	b := feedbacktest.New(t)
	now := time.Now()
	b.Feedback.SetNow(func() time.Time { return now })
	b.Read = func(f *feedback.Feedback) *nlp.Result {
		if f.Text == "poison" {
			panic("on purpose")
		}
		return feedbacktest.Reading(f)
	}
	ids := b.Add("fine", "poison", "fine too")
	for range 10 {
		now = now.Add(time.Hour) // beyond every back-off
		b.Process()
	}
	for i, want := range []string{"processed", "dead", "processed"} {
		d, err := b.Feedback.Delivery(b.Ctx, ids[i])
		if err != nil || d.State != want {
			t.Errorf("delivery %d = %s (%s), %v; want %s", i, d.State, d.Reason, err, want)
		}
		if want == "dead" && (!strings.Contains(d.Reason, "on purpose") || d.Attempts < 3) {
			t.Errorf("dead after %d attempts because %q", d.Attempts, d.Reason)
		}
	}
	if _, backlog, _ := b.Feedback.Stats(); backlog != 0 {
		t.Errorf("backlog = %d, want 0", backlog)
	}
	b.Read = feedbacktest.Reading
	if n, err := b.Feedback.Replay(b.Ctx, "", b.LaunchID); n != 1 || err != nil {
		t.Fatalf("Replay = %d, %v", n, err)
	}
	b.Process()
	if f, err := b.Feedback.Get(b.Ctx, ids[1]); err != nil || f.Text != "poison" {
		t.Errorf("after the replay: %+v, %v", f, err)
	}
}

// TestStopGivesClaimsBack: what a process that stops had claimed and did not
// get to is there for the next one at once, and that try does not count.
func TestStopGivesClaimsBack(t *testing.T) {
	t.Parallel()
	b := feedbacktest.New(t)
	now := time.Now()
	b.Feedback.SetNow(func() time.Time { return now })
	ctx, stop := context.WithCancel(b.Ctx)
	defer stop()
	var ids []string
	launches := []string{b.LaunchID, b.Launch("second")}
	err := b.DB.Tx(b.Ctx, func(tx *db.Tx) error {
		ids = ids[:0]
		for _, launch := range launches {
			receipts, err := b.Feedback.AcceptIn(b.Ctx, tx, b.Workspace, launch, []feedback.Incoming{{Input: feedback.Input{Channel: "api", Text: "The export fails"}}})
			if err != nil {
				return err
			}
			ids = append(ids, receipts[0].ID)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Read = func(f *feedback.Feedback) *nlp.Result {
		stop() // in the middle of the batch
		return feedbacktest.Reading(f)
	}
	if n, err := b.Feedback.ProcessOnce(ctx); n != 2 || err == nil {
		t.Fatalf("ProcessOnce of a stopping process = %d, %v; want 2 and an error", n, err)
	}
	b.Read = feedbacktest.Reading
	b.Process() // at the same moment: no claim runs out meanwhile
	for _, id := range ids {
		if d, err := b.Feedback.Delivery(b.Ctx, id); err != nil || d.State != "processed" || d.Attempts != 1 {
			t.Errorf("delivery = %s after %d attempts, %v; want processed after 1", d.State, d.Attempts, err)
		}
	}
}
