package timeline

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

	"pgregory.net/rapid"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/note"
	"github.com/hypercare/hypercare/internal/notice"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/triage"
	"github.com/hypercare/hypercare/internal/undo"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// bench is a launch wired as app wires it, as far as timelines reach.
type bench struct {
	*feedbacktest.Bench
	s       *Service
	issues  *issue.Service
	notes   *note.Service
	ledger  *triage.Ledger
	members *workspace.Service
	undo    *undo.Service
	t       testing.TB
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{Bench: feedbacktest.New(t), t: t}
	log := slog.New(slog.DiscardHandler)
	b.undo, b.members = undo.NewService(b.DB), workspace.NewService(b.DB, b.Bus)
	b.issues = issue.NewService(issue.Deps{DB: b.DB, Bus: b.Bus, Feedback: b.Feedback, Launches: b.Launches, Undo: b.undo, Log: log})
	b.Feedback.NameIssues(b.issues.Refs)
	b.Feedback.OnRecount(b.issues.Recount)
	b.ledger = triage.NewLedger(triage.LedgerDeps{DB: b.DB, Bus: b.Bus, Log: log, Feedback: b.Feedback, Launches: b.Launches, Members: b.members, Undo: b.undo})
	b.issues.OnDecided(func(ctx context.Context, tx *db.Tx, a workspace.Actor, d issue.Decided) error {
		outcome := map[string]any{}
		if d.Moved {
			outcome[triage.FieldIssue] = d.Issue
		}
		if d.State != "" {
			outcome[triage.FieldState] = d.State
		}
		reason := d.Reason
		if d.Undone {
			reason = "Undone"
		}
		return b.ledger.Human(ctx, tx, a, d.LaunchID, d.FeedbackIDs, outcome, reason)
	})
	b.notes = note.NewService(note.Deps{DB: b.DB, Bus: b.Bus, Feedback: b.Feedback, Issues: b.issues, Members: b.members, Undo: b.undo})
	b.s = NewService(Deps{DB: b.DB, Feedback: b.Feedback, Ledger: b.ledger, Issues: b.issues, Notes: b.notes,
		Notices: notice.NewService(notice.Deps{DB: b.DB, Bus: b.Bus, Log: log, Feedback: b.Feedback, Issues: b.issues, Undo: b.undo})})
	b.Feedback.SetReader(reader{b})
	return b
}

// reader reads and applies one rule to whatever says "refund".
type reader struct{ b *bench }

func (r reader) Read(_ context.Context, ws workspace.ID, launchID string, list []*feedback.Feedback) (feedback.Record, error) {
	var applied []triage.Applied
	for _, f := range list {
		f.ApplyReading(r.b.Bench.Read(f))
		if strings.Contains(f.Text, "refund") {
			applied = append(applied, triage.Applied{FeedbackID: f.ID, RuleID: "r1", Name: "Money first", Version: "v1", Matched: true, Actions: triage.Then{Severity: "sev2", Tag: []string{"money"}}})
		}
	}
	return func(ctx context.Context, tx *db.Tx, added []*feedback.Feedback) error {
		return r.b.ledger.Record(ctx, tx, ws, launchID, added, applied)
	}, nil
}

func (b *bench) member(name string) string {
	b.t.Helper()
	m, err := b.members.AddMember(b.Ctx, workspace.NewMember{Name: name, Email: name + "." + string(b.Workspace) + "@example.com", Password: secret.Text("correct horse " + name), Role: workspace.Responder})
	if err != nil {
		b.t.Fatal(err)
	}
	return m.ID
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

// lines writes a page oldest first, an entry a line.
func lines(p *Page) string {
	var out []string
	for _, e := range slices.Backward(p.Items) {
		s := e.Kind + " by " + e.Actor.Name
		switch {
		case e.Note != nil:
			s += ": " + e.Note.Text
			if e.Note.Feedback != nil {
				s += fmt.Sprintf(" (on %d)", e.Note.Feedback.Number)
			}
		case e.Field != "":
			s += fmt.Sprintf(": %s %s > %s", e.Field, e.From, e.To)
			for _, f := range e.Feedback {
				s += fmt.Sprintf(" #%d", f.Number)
			}
			if e.UndoneAt != nil {
				s += " (undone)"
			}
		case e.Kind != Read && e.Outcome != nil:
			b, _ := json.Marshal(e.Outcome)
			s += ": " + string(b)
			if e.Reason != "" {
				s += " " + e.Reason
			}
		}
		out = append(out, s)
	}
	return strings.Join(out, "\n")
}

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n%s\nwant:\n%s", what, got, want)
	}
}

func TestFeedbackTellsEverythingOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	bob := b.member("Bob")
	id := b.AddTo(b.LaunchID, feedback.Input{Text: "I want a refund", Author: &feedback.Author{Name: "Priya"}, Channel: "widget"}, feedback.Input{Text: "other"})[0]
	ptr := func(s string) *string { return &s }
	corrected := must(b.ledger.Correct(b.Ctx, "", []string{id}, triage.Edit{Category: ptr("question"), AssigneeID: &bob, Tags: &[]string{"vip"}}))(t)
	must(b.notes.Add(b.Ctx, note.Subject{FeedbackID: id}, note.Input{Text: "Called her"}))(t)
	if err := b.undo.Undo(b.Ctx, corrected.UndoID); err != nil {
		t.Fatal(err)
	}
	accepted := must(b.issues.Accept(b.Ctx, id, ""))(t)
	must(b.notes.Add(b.Ctx, note.Subject{IssueID: "HC-1"}, note.Input{Text: "on the issue only"}))(t)
	if err := b.undo.Undo(b.Ctx, accepted.UndoID); err != nil {
		t.Fatal(err)
	}
	must(b.issues.Ignore(b.Ctx, "", []string{id}, "not ours"))(t)
	p := must(b.s.OfFeedback(b.Ctx, id, Query{Limit: 100}))(t)
	same(t, "timeline", lines(p), `arrived by Priya
read by hypercare
rule by Money first: {"severity":"sev2","tags":["money"]}
corrected by Ada owner: category bug > question (undone)
decided by Ada owner: {"assignee":"Bob","tags":["vip"]}
note by Ada owner: Called her (on 1)
decided by Ada owner: {"assignee":"","tags":[]} Undone
decided by Ada owner: {"issue":"HC-1","state":"accepted"}
decided by Ada owner: {"issue":"","state":"new"} Undone
decided by Ada owner: {"state":"ignored"} not ours`)
	if e := p.Items[len(p.Items)-1]; e.Channel != "widget" || e.Actor.Kind != "reporter" {
		t.Errorf("arrival = %+v", e)
	}
	same(t, "notes", lines(must(b.s.OfFeedback(b.Ctx, id, Query{Show: Notes, Limit: 100}))(t)), "note by Ada owner: Called her (on 1)")
	if got := must(b.s.OfFeedback(b.Ctx, id, Query{Show: Changes, Limit: 100}))(t); len(got.Items) != len(p.Items)-1 {
		t.Errorf("changes = %d, want all but the note", len(got.Items))
	}
}

func TestIssueTellsEverythingOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.Add("one", "two", "three", "four")
	must(b.issues.Accept(b.Ctx, ids[0], ""))(t)
	must(b.issues.AcceptMany(b.Ctx, b.LaunchID, ids[1:3], false, "HC-1"))(t)
	must(b.notes.Add(b.Ctx, note.Subject{FeedbackID: ids[1]}, note.Input{Text: "on report two"}))(t)
	must(b.issues.Accept(b.Ctx, ids[3], ""))(t)
	must(b.notes.Add(b.Ctx, note.Subject{IssueID: "HC-2"}, note.Input{Text: "on HC-2"}))(t)
	merged := must(b.issues.Merge(b.Ctx, "HC-2", "HC-1"))(t)
	title := "A better title"
	must(b.issues.Change(b.Ctx, "HC-1", issue.Change{Title: &title, Reason: "clearer"}))(t)
	same(t, "timeline", lines(must(b.s.OfIssue(b.Ctx, "HC-1", Query{Limit: 100}))(t)), `changed by Ada owner: created  > one #1
changed by Ada owner: feedback 1 > 3 #2 #3
note by Ada owner: on report two (on 2)
note by Ada owner: on HC-2
changed by Ada owner: merged  > HC-2 #4
changed by Ada owner: title one > A better title`)
	// The report that came along says so too.
	same(t, "the report", lines(must(b.s.OfFeedback(b.Ctx, ids[3], Query{Show: Changes, Limit: 2}))(t)), `decided by Ada owner: {"issue":"HC-2","state":"accepted"}
decided by Ada owner: {"issue":"HC-1"}`)
	if err := b.undo.Undo(b.Ctx, merged.UndoID); err != nil {
		t.Fatal(err)
	}
	last := must(b.s.OfFeedback(b.Ctx, ids[3], Query{Limit: 1}))(t)
	same(t, "parted again", lines(last), `decided by Ada owner: {"issue":"HC-2"} Undone`)
	split := must(b.issues.Split(b.Ctx, "HC-1", ids[2:3], ""))(t)
	same(t, "split off", lines(must(b.s.OfIssue(b.Ctx, split.NewIssue.ID, Query{Limit: 9}))(t)), `changed by Ada owner: created  > three #3
changed by Ada owner: split HC-1 > `)
}

// TestPagesAreTheWholeTimeline: acts in any order, pages of any size: each
// entry comes once, newest first.
func TestPagesAreTheWholeTimeline(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.Add("refund one", "two")
	must(b.issues.Accept(b.Ctx, ids[1], ""))(t)
	rapid.Check(t, func(t *rapid.T) {
		for range rapid.IntRange(0, 3).Draw(t, "acts") {
			sev := rapid.SampledFrom(triage.Severities).Draw(t, "severity")
			switch rapid.SampledFrom([]string{"note", "correct", "issue note", "change"}).Draw(t, "act") {
			case "note":
				_, _ = b.notes.Add(b.Ctx, note.Subject{FeedbackID: ids[0]}, note.Input{Text: "x"})
			case "correct":
				_, _ = b.ledger.Correct(b.Ctx, "", ids, triage.Edit{Severity: &sev})
			case "issue note":
				_, _ = b.notes.Add(b.Ctx, note.Subject{IssueID: "HC-1"}, note.Input{Text: "y"})
			case "change":
				_, _ = b.issues.Change(b.Ctx, "HC-1", issue.Change{Severity: &sev})
			}
		}
		of, id := b.s.OfFeedback, ids[0]
		if rapid.Bool().Draw(t, "issue") {
			of, id = b.s.OfIssue, "HC-1"
		}
		show := rapid.SampledFrom([]string{All, Notes, Changes}).Draw(t, "show")
		whole, err := of(b.Ctx, id, Query{Show: show, Limit: 10_000})
		if err != nil || whole.More {
			t.Fatal(err, whole.More)
		}
		size := rapid.IntRange(1, 5).Draw(t, "size")
		var got []Entry
		for after := (Place{}); ; {
			p, err := of(b.Ctx, id, Query{Show: show, After: after, Limit: size})
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, p.Items...)
			if !p.More {
				break
			}
			after = p.Last
		}
		if len(got) != len(whole.Items) {
			t.Fatalf("pages of %d give %d entries, the whole has %d", size, len(got), len(whole.Items))
		}
		for i, e := range got {
			if e.ID != whole.Items[i].ID {
				t.Fatalf("entry %d is %s, want %s", i, e.ID, whole.Items[i].ID)
			}
			if i > 0 && e.At.After(got[i-1].At) {
				t.Fatalf("entry %d is newer than the one before", i)
			}
		}
	})
}

func TestWhoMayRead(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.Add("one")[0]
	must(b.issues.Accept(b.Ctx, id, ""))(t)
	other := b.Bench.Other()
	for _, tc := range []struct {
		ctx  context.Context
		want errs.Kind
	}{{b.As(workspace.Viewer), ""}, {b.As(workspace.Intake), errs.Denied}, {t.Context(), errs.Unauthenticated}, {other.Ctx, errs.NotFound}} {
		_, one := b.s.OfFeedback(tc.ctx, id, Query{Limit: 1})
		_, two := b.s.OfIssue(tc.ctx, "HC-1", Query{Limit: 1})
		for _, err := range []error{one, two} {
			if tc.want == "" && err != nil || tc.want != "" && !errs.Is(err, tc.want) {
				t.Errorf("%v, want %q", err, tc.want)
			}
		}
	}
}

func TestHTTP(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.Add("one")[0]
	must(b.issues.Accept(b.Ctx, id, ""))(t)
	mux := http.NewServeMux()
	b.s.Routes(web.NewAPI(mux, "test"))
	call := func(path string, want int) map[string]any {
		t.Helper()
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, web.Prefix+path, nil).WithContext(b.Ctx))
		out := map[string]any{}
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != want {
			t.Fatalf("%s = %d %s, want %d", path, w.Code, w.Body, want)
		}
		return out
	}
	first := call("/feedback/"+id+"/timeline?limit=2", 200)
	if n := len(first["items"].([]any)); n != 2 {
		t.Errorf("first page has %d", n)
	}
	if next := call("/feedback/"+id+"/timeline?limit=2&cursor="+first["next_cursor"].(string), 200); len(next["items"].([]any)) != 1 || next["next_cursor"] != nil {
		t.Errorf("second page = %v", next)
	}
	if got := call("/issues/HC-1/timeline?show=notes", 200); len(got["items"].([]any)) != 0 {
		t.Errorf("notes = %v", got)
	}
	for path, want := range map[string]int{"/feedback/nothing/timeline": 404, "/issues/HC-9/timeline": 404, "/issues/HC-1/timeline?show=all%20of%20it": 422, "/issues/HC-1/timeline?cursor=%21": 422} {
		if out := call(path, want); out["detail"] == "" {
			t.Errorf("%s says nothing", path)
		}
	}
}
