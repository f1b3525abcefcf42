package evidence

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/undo"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// rig is a launch whose calls are in a log on disk.
type rig struct {
	*feedbacktest.Bench
	s      *Service
	issues *issue.Service
	log    *call.Log
	t      testing.TB
	at     time.Time // when reports are received
	n      int

	issueID string // of the last that was blamed
}

func newRig(t testing.TB, sources ...Source) *rig {
	t.Helper()
	b := feedbacktest.New(t)
	l, err := call.Open(call.Config{Dir: t.TempDir(), MinFree: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	r := &rig{Bench: b, log: l, t: t, at: time.Now().UTC().Truncate(time.Second)}
	r.issues = issue.NewService(issue.Deps{DB: b.DB, Bus: b.Bus, Feedback: b.Feedback, Launches: b.Launches, Undo: undo.NewService(b.DB), Log: slog.New(slog.DiscardHandler)})
	b.Feedback.NameIssues(r.issues.Refs)
	r.s, err = NewService(Deps{DB: b.DB, Bus: b.Bus, Log: slog.New(slog.DiscardHandler), Feedback: b.Feedback, Issues: r.issues, Launches: b.Launches, Calls: l, Sources: sources})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// call logs one, so long before the reports; change makes it what it is.
func (r *rig) call(ago time.Duration, change func(*call.Record)) call.ID {
	r.t.Helper()
	r.n++
	x := call.Record{Time: r.at.Add(-ago).UnixMicro(), Workspace: r.Workspace, API: "shop", Version: "v1", Method: "GET", Host: "api.shop.example", Status: 200, Latency: 40_000, BytesOut: 2000, Release: "3.0.3"}
	binary.BigEndian.PutUint64(x.ID[8:], uint64(r.n))
	binary.BigEndian.PutUint64(x.Trace[:], uint64(r.n))
	x.Trace[15] = 7
	change(&x)
	if x.Route == "" {
		x.Route = strings.ReplaceAll(strings.Trim(x.Path, "/"), "/", ".")
	}
	if !r.log.Append(&x) {
		r.t.Fatal("the log took no call")
	}
	return x.ID
}

// traffic is what goes on all the time: so many good calls of others on each
// path over the hour before.
func (r *rig) traffic(each int, paths ...string) {
	r.t.Helper()
	for i := range each {
		for k, p := range paths {
			r.call(time.Duration(i)*time.Hour/time.Duration(each)+time.Duration(k)*time.Second, func(x *call.Record) {
				x.Path, x.User, x.Session = p, fmt.Sprintf("other-%d", i%17), fmt.Sprintf("os-%d", i%17)
				x.Latency, x.BytesOut = int64(30_000+1000*(i%20)), int64(1800+20*(i%20))
			})
		}
	}
	r.sync()
}

func (r *rig) sync() {
	r.t.Helper()
	if err := r.log.Sync(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// by makes calls somebody's.
func by(user, session, path string, status int64, latency time.Duration) func(*call.Record) {
	return func(x *call.Record) {
		x.User, x.Session, x.Path, x.Status, x.Latency = user, session, path, status, latency.Microseconds()
	}
}

// report sends one that is received at r.at.
func (r *rig) report(in feedback.Input) string {
	r.t.Helper()
	id := r.AddTo(r.LaunchID, in)[0]
	r.receivedAt(id, r.at, in.OccurredAt == nil)
	return id
}

func (r *rig) of(id string) *Evidence {
	r.t.Helper()
	r.sync()
	e, err := r.s.Of(r.Ctx, id)
	if err != nil {
		r.t.Fatal(err)
	}
	return e
}

// show is an answer in short, for messages of tests.
func show(e *Evidence) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s to %s (%s), %d calls by %s\n", e.Window.From.Format(time.TimeOnly), e.Window.To.Format(time.TimeOnly), e.Window.Why, e.CallsTotal, e.TiedBy)
	for i, x := range e.Items {
		if i < 6 {
			fmt.Fprintf(&b, "  %.3f %-6s %-10s %s | %s %v\n", x.Score, x.Strength, x.Join, x.Title, x.Reason, x.Parts)
		}
	}
	return b.String()
}

// send calls the API as ctx acts.
func (r *rig) send(role workspace.Role, route, text string) (int, map[string]any) {
	r.t.Helper()
	mux := http.NewServeMux()
	r.s.Routes(web.NewAPI(mux, "test"))
	method, path, _ := strings.Cut(route, " ")
	q := httptest.NewRequest(method, web.Prefix+path, strings.NewReader(text)).WithContext(r.As(role))
	if text != "" {
		q.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, q)
	out := map[string]any{}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			r.t.Fatalf("%s: %v in %s", route, err, w.Body)
		}
	}
	return w.Code, out
}
