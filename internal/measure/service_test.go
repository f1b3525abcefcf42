package measure

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/launch"
	"github.com/hypercare/hypercare/internal/undo"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

type bench struct {
	*feedbacktest.Bench
	t      testing.TB
	s      *Service
	issues *issue.Service
	undo   *undo.Service
}

func newBench(t testing.TB) *bench {
	b := &bench{Bench: feedbacktest.New(t), t: t}
	b.undo = undo.NewService(b.DB)
	b.issues = issue.NewService(issue.Deps{DB: b.DB, Bus: b.Bus, Feedback: b.Feedback, Launches: b.Launches, Undo: b.undo, Log: slog.New(slog.DiscardHandler)})
	b.Feedback.NameIssues(b.issues.Refs)
	b.s = NewService(Deps{Feedback: b.Feedback, Issues: b.issues, Launches: b.Launches})
	return b
}

// later lets the service look from a later time.
func (b *bench) later(d time.Duration) {
	b.s.now = func() time.Time { return time.Now().Add(d) }
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (b *bench) pulse(at time.Time, span string) *Pulse {
	b.t.Helper()
	return must(b.s.Pulse(b.Ctx, b.LaunchID, at, span))(b.t)
}

func (p *Pulse) kpi(id string) KPI {
	return p.KPIs[slices.IndexFunc(p.KPIs, func(k KPI) bool { return k.ID == id })]
}

// rows counts what a link leads to.
func (b *bench) rows(l *Link) int {
	b.t.Helper()
	when := func(name string) time.Time {
		at, err := time.Parse(time.RFC3339Nano, l.Search[name])
		if err != nil && l.Search[name] != "" {
			b.t.Fatal(err)
		}
		return at
	}
	if l.To == "issues" {
		open := true
		q := issue.Query{Open: &open, Limit: 1, Where: map[string][]string{}}
		if s := l.Search["severity"]; s != "" {
			q.Where["severity"] = []string{s}
		}
		return must(b.issues.List(b.Ctx, b.LaunchID, q))(b.t).Total
	}
	q := feedback.ListQuery{From: when("from"), To: when("to"), TriagedFrom: when("triaged_from"), TriagedTo: when("triaged_to"), Limit: 1, Where: map[feedback.Field][]string{}}
	if l.Search["tab"] == "triage" {
		q.Where[feedback.FieldState] = []string{feedback.New}
	}
	for name, f := range map[string]feedback.Field{"sentiment": feedback.FieldSentiment, "category": feedback.FieldCategory, "severity": feedback.FieldSeverity} {
		if v := l.Search[name]; v != "" {
			q.Where[f] = []string{v}
		}
	}
	return must(b.Feedback.List(b.Ctx, b.LaunchID, q))(b.t).Total
}

func TestPulseOfADay(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	empty := b.pulse(time.Time{}, "")
	if empty.Verdict.Code != "nothing_yet" || empty.Verdict.State != Idle || !empty.Live || empty.Day != (Day{"running", 1, 28}) || len(empty.Chart.Points) == 0 {
		t.Errorf("an empty launch: %+v, day %+v, %d points", empty.Verdict, empty.Day, len(empty.Chart.Points))
	}

	hourAgo := time.Now().Add(-90 * time.Minute)
	ids := b.AddTo(b.LaunchID, feedbacktest.From("u1", "It crashes"), feedbacktest.From("u2", "It crashes again"), feedbacktest.From("u3", "Please add a button"),
		feedback.Input{Text: "Thank you", OccurredAt: &hourAgo}, feedback.Input{Text: "The list is slow"})
	accepted := must(b.issues.Accept(b.Ctx, ids[0], ""))(t)
	must(b.issues.Accept(b.Ctx, ids[1], accepted.Issue.ID))(t)
	must(b.issues.Ignore(b.Ctx, "", ids[3:4], ""))(t)

	p := b.pulse(time.Time{}, "24h")
	if p.Verdict.Code != "sev1_open" || p.Verdict.State != Critical || p.Verdict.Issue == nil || p.Verdict.Issue.Key != "HC-1" || p.Verdict.Values["people"] != 2 {
		t.Errorf("verdict = %+v, want HC-1 open and critical, 2 people hit", p.Verdict)
	}
	if diff := cmp.Diff(Totals{Reports: 5, BeforeLaunch: 1, IssuesOpen: 1}, p.Totals); diff != "" {
		t.Errorf("totals -want +got\n%s", diff)
	}
	for id, want := range map[string]float64{Waiting: 2, Arrivals: 4, Negative: .4, Backlog: 1, Reopened: 0} {
		if v := p.kpi(id).Value; v == nil || *v != want {
			t.Errorf("%s = %v, want %g", id, v, want)
		}
	}
	if k := p.kpi(TimeToTriage); k.Value == nil || k.More["count"] != 3 || *k.Target != launch.DefaultTriageTarget*60 {
		t.Errorf("time to triage = %+v", k)
	}
	if len(p.Issues) != 1 || p.Issues[0].Key != "HC-1" || p.Issues[0].Reach.Feedback != 2 {
		t.Errorf("issues = %+v", p.Issues)
	}
	b.checkLinks(p)

	// Closing it, and opening it again, is told.
	for _, stage := range []string{issue.Closure, issue.Analysis} {
		must(b.issues.Change(b.Ctx, "HC-1", issue.Change{Stage: &stage}))(t)
		if p := b.pulse(time.Time{}, ""); (p.Totals.IssuesClosed == 1) != (stage == issue.Closure) {
			t.Errorf("in %s the totals are %+v", stage, p.Totals)
		}
	}
	if k := b.pulse(time.Time{}, "").kpi(Reopened); *k.Value != 1 || len(k.Issues) != 1 || k.Issues[0].Key != "HC-1" || k.State != Watch {
		t.Errorf("reopened = %+v", k)
	}
}

// checkLinks follows every link of a pulse: as many rows are there as it
// counts.
func (b *bench) checkLinks(p *Pulse) {
	b.t.Helper()
	for _, k := range p.KPIs {
		if k.Link == nil {
			continue
		}
		want := *k.Value
		switch k.ID {
		case OldestWait:
			if f := must(b.Feedback.Get(b.Ctx, k.Link.Search["item"]))(b.t); f.State != feedback.New {
				b.t.Errorf("the report that waited longest is %s", f.State)
			}
			continue
		case TimeToTriage:
			want = k.More["count"]
		case Negative:
			want = *k.Value * k.More["count"]
		}
		if got := b.rows(k.Link); float64(got) != want {
			b.t.Errorf("%s leads to %d rows, counts %g", k.ID, got, want)
		}
	}
	for _, m := range p.Mix {
		if got := b.rows(m.Link); got != m.Count {
			b.t.Errorf("category %s leads to %d rows, counts %d", m.Category, got, m.Count)
		}
	}
}

func TestPulseOfThePast(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.Add("The list is slow", "It crashes", "Thank you")
	must(b.issues.Accept(b.Ctx, ids[1], ""))(t)
	b.later(5 * time.Hour)

	now := b.pulse(time.Time{}, "6h")
	if now.Verdict.Code != "sev1_open" || len(now.Verdict.Also) != 1 || now.Verdict.Also[0].Code != "oldest_over" || now.kpi(OldestWait).State != Watch {
		t.Errorf("after five hours: %+v", now.Verdict)
	}
	before := b.pulse(time.Now().Add(-time.Hour), "6h")
	if before.Live || before.Totals.Reports != 0 || len(before.Issues) != 0 || before.Verdict.State != Idle || *before.kpi(Waiting).Value != 0 {
		t.Errorf("before anything came: live %v, %+v, %s", before.Live, before.Totals, before.Verdict.Code)
	}
	then := b.pulse(time.Now().Add(2*time.Hour), "6h")
	if then.Totals.Reports != 3 || *then.kpi(Waiting).Value != 2 || then.Verdict.Code != "sev1_open" || len(then.Verdict.Also) != 0 {
		t.Errorf("two hours later: %+v, %s", then.Totals, then.Verdict.Code)
	}
	if then.kpi(Waiting).Link != nil || then.kpi(Backlog).Link != nil {
		t.Error("no list can show what waited in the past, yet a link leads there")
	}
	b.checkLinks(then)

	minutes := 6 * 60
	if _, err := b.Launches.Change(b.Ctx, b.LaunchID, launch.Change{TriageTarget: &minutes}); err != nil {
		t.Fatal(err)
	}
	if p := b.pulse(time.Time{}, "6h"); len(p.Verdict.Also) != 0 || *p.kpi(OldestWait).Target != 6*3600 {
		t.Errorf("with the launch's own target of six hours: %+v", p.Verdict)
	}
}

func TestWhoMayMeasure(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.Add("The list is slow")
	other := b.Other()
	for _, x := range []struct {
		name string
		ctx  context.Context
		want errs.Kind
	}{
		{"a viewer", b.As(workspace.Viewer), ""},
		{"an intake token", b.As(workspace.Intake), errs.Denied},
		{"another workspace", other.Ctx, errs.NotFound},
		{"nobody", t.Context(), errs.Unauthenticated},
	} {
		_, err := b.s.Pulse(x.ctx, b.LaunchID, time.Time{}, "")
		_, _, err2 := b.s.Activity(x.ctx, b.LaunchID, time.Time{}, "", nil, 10)
		for _, err := range []error{err, err2} {
			if x.want == "" && err != nil || x.want != "" && !errs.Is(err, x.want) {
				t.Errorf("%s: %v, want %q", x.name, err, x.want)
			}
		}
	}
	if _, err := b.s.Pulse(b.Ctx, b.LaunchID, time.Now().Add(time.Hour), ""); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "future") {
		t.Errorf("the future: %v", err)
	}
	if _, err := b.s.Pulse(b.Ctx, b.LaunchID, time.Time{}, "fortnight"); !errs.Is(err, errs.Invalid) {
		t.Errorf("an unknown range: %v", err)
	}
	if _, _, err := b.s.Activity(b.Ctx, b.LaunchID, time.Time{}, "rumour", nil, 10); !errs.Is(err, errs.Invalid) {
		t.Errorf("an unknown source: %v", err)
	}
	list, _, err := b.s.Activity(b.Ctx, other.LaunchID, time.Time{}, "", nil, 10)
	if !errs.Is(err, errs.NotFound) {
		t.Errorf("activity of another workspace's launch: %v, %v", list, err)
	}
}

// told is a line in short.
func told(h Happening) string {
	who, what := "", ""
	if h.Actor != nil {
		who = h.Actor.Name + " "
	}
	if h.Change != nil {
		what = " " + h.Change.Field + " " + h.Change.To
	}
	for _, i := range h.Issues {
		what += " " + i.Key
	}
	if h.Report != nil {
		what += " " + h.Report.Title
	}
	for _, c := range h.Channels {
		what += fmt.Sprintf(" %s:%d", c.Channel, c.Count)
	}
	return fmt.Sprintf("%s%s x%d%s", who, h.Kind, h.Count, what)
}

func TestActivity(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	// Told as of a minute that is over, whichever minute the test began in.
	ids := b.AddTo(b.LaunchID, feedback.Input{Title: "The app crashes", Text: "when I pay"}, feedback.Input{Text: "Please add a button"})
	must(b.issues.Accept(b.Ctx, ids[0], ""))(t)
	sev := "sev2"
	must(b.issues.Change(b.Ctx, "HC-1", issue.Change{Severity: &sev, Reason: "one shop"}))(t)
	must(b.issues.Accept(b.Ctx, ids[1], ""))(t)
	must(b.issues.Merge(b.Ctx, "HC-2", "HC-1"))(t)
	b.later(time.Minute)
	var got []string
	list, next, err := b.s.Activity(b.Ctx, b.LaunchID, time.Time{}, "", nil, 50)
	if err != nil || next != nil {
		t.Fatalf("next %v, %v", next, err)
	}
	for _, h := range list {
		got = append(got, told(h))
	}
	want := []string{
		"Ada owner issue.changed x1 merged_into HC-1 HC-2",
		"Ada owner issue.changed x1 created Please add a button HC-2",
		"Ada owner issue.changed x1 severity sev2 HC-1",
		"Ada owner issue.changed x1 created The app crashes HC-1",
		"feedback.arrived x1 Please add a button api:1",
		"feedback.arrived x1 The app crashes api:1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("activity -want +got\n%s", diff)
	}
	if r := list[5].Report; r.Issue == nil || r.Issue.Key != "HC-1" {
		t.Errorf("the report says that it is in %+v, want HC-1", r.Issue)
	}
	if list, _, _ := b.s.Activity(b.Ctx, b.LaunchID, time.Time{}, "feedback", nil, 50); len(list) != 2 {
		t.Errorf("only feedback: %d lines, want 2", len(list))
	}
	if list, _, _ := b.s.Activity(b.Ctx, b.LaunchID, time.Now().Add(-time.Hour), "", nil, 50); len(list) != 0 {
		t.Errorf("an hour ago: %v", list)
	}
}

// TestActivityPages tells many things page by page, with a third source, and
// nothing twice.
func TestActivityPages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.s.sources = append(b.s.sources, Source{Name: "decision", Before: func(_ context.Context, _ workspace.ID, _ string, m Mark, limit int) (out []Told, _ error) {
		n := m.N
		if m.ID == "" {
			n = 7
		}
		for ; n > 0 && len(out) < limit; n-- {
			out = append(out, Told{Happening{ID: fmt.Sprint("d", n), At: time.Now().Add(-time.Hour + time.Duration(n)*time.Second), Kind: Ignored, Count: 1}, Mark{ID: "on", N: n - 1}})
		}
		return out, nil
	}})
	many := make([]feedback.Input, 40)
	for k := range many {
		many[k] = feedback.Input{Text: fmt.Sprint("Report ", k)}
	}
	ids := b.AddMany(b.LaunchID, many...)
	for _, id := range ids[:6] {
		must(b.issues.Accept(b.Ctx, id, ""))(t)
	}
	must(b.issues.AcceptMany(b.Ctx, b.LaunchID, ids[6:30], false, ""))(t)
	b.later(time.Minute)
	var cursor Cursor
	seen, reports, made, pages := map[string]bool{}, 0, 0, 0
	last := time.Now().Add(time.Hour)
	for {
		list, next, err := b.s.Activity(b.Ctx, b.LaunchID, time.Time{}, "", cursor, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range list {
			if seen[h.ID] || h.At.After(last) {
				t.Errorf("%s is told twice, or late", told(h))
			}
			seen[h.ID], last = true, h.At
			switch {
			case h.Kind == Arrived:
				reports += h.Count
			case h.Kind == Changed && h.Change.Field == "created":
				made += h.Count
			}
		}
		if pages++; next == nil || pages > 60 {
			break
		}
		cursor = next
	}
	if reports != 40 || made != 30 || !seen["d1"] || !seen["d7"] || pages > 30 {
		t.Errorf("%d reports, %d issues, %d pages; want 40, 30 and few", reports, made, pages)
	}
}

func TestHTTP(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.Add("The list is slow")
	mux := http.NewServeMux()
	b.s.Routes(web.NewAPI(mux, "test"))
	call := func(path string) (int, map[string]any) {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("GET", web.Prefix+"/launches/"+b.LaunchID+path, nil).WithContext(b.Ctx))
		out := map[string]any{}
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			t.Fatalf("%s: %v in %s", path, err, w.Body)
		}
		return w.Code, out
	}
	for path, want := range map[string]int{
		"/pulse": 200, "/pulse?range=launch": 200, "/pulse?range=year": 422, "/pulse?at=yesterday": 422, "/pulse?at=2999-01-01T00:00:00Z": 422, "/pulse?at=0001-01-01T00:00:01Z": 422,
		"/activity": 200, "/activity?limit=1": 200, "/activity?limit=-1": 422, "/activity?cursor=nonsense": 422, "/activity?source=rumour": 422,
		"/activity?cursor=" + web.Cursor(Cursor{"issue": {At: 1, ID: "a\x00"}}): 422, "/activity?cursor=" + web.Cursor(Cursor{"nosuch": {At: 1}}): 200,
	} {
		if code, body := call(path); code != want {
			t.Errorf("%s = %d %v, want %d", path, code, body, want)
		}
	}
	_, body := call("/pulse")
	if v, _ := body["verdict"].(map[string]any); v["code"] != "steady" || v["state"] != "ok" {
		t.Errorf("verdict = %v", v)
	}
}
