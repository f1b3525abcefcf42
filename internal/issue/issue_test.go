package issue

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/nlp"
	"github.com/hypercare/hypercare/internal/workspace"
)

func TestAcceptMakesAnIssue(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.AddTo(b.LaunchID, feedbacktest.From("u1", "The app crashes\nwhen I pay by card", "tier=enterprise", "region=eu"))
	sub, _, _ := b.Bus.Subscribe(string(b.Workspace), "")
	defer sub.Close()

	got := b.accept(ids[0], "")
	i := got.Issue
	if i.Key != "HC-1" || i.Title != "The app crashes when I pay by card" || i.Stage != Intake || i.Severity != "sev1" || i.Category != "bug" || got.Joined {
		t.Errorf("issue = %s %q, %s, %s, %s, joined %v", i.Key, i.Title, i.Stage, i.Severity, i.Category, got.Joined)
	}
	if got.Feedback.State != feedback.Accepted || got.Feedback.Issue == nil || got.Feedback.Issue.Key != "HC-1" {
		t.Errorf("feedback = %s in %+v, want accepted in HC-1", got.Feedback.State, got.Feedback.Issue)
	}
	// 4 for one person, 1 for weighing more, times 5 for sev1.
	if i.Impact != 5 || i.Urgency != 5 || i.Priority != 25 {
		t.Errorf("impact %g x urgency %d = priority %g, want 5 x 5 = 25", i.Impact, i.Urgency, i.Priority)
	}
	if diff := cmp.Diff(Reach{Feedback: 1, People: 1, Segments: []Segment{{"tier=enterprise", 1}, {"region=eu", 1}}}, i.Reach); diff != "" {
		t.Errorf("reach -want +got:\n%s", diff)
	}
	if i.Sentiment.Negative != 1 || i.Trend[trendDays-1] != 1 || i.FirstReceivedAt == nil {
		t.Errorf("sentiment %+v, trend %v, first received %v", i.Sentiment, i.Trend, i.FirstReceivedAt)
	}
	types := map[string]event.Event{}
	for len(types) < 2 {
		e := <-sub.C
		types[e.Type] = e
	}
	if types["issue.created"].ID != i.ID || types["feedback.updated"].ID != ids[0] || types["issue.created"].LaunchID != b.LaunchID {
		t.Errorf("events = %+v", types)
	}
	for _, key := range []string{"HC-1", "hc-1", i.ID} {
		if got := b.get(key); got.ID != i.ID {
			t.Errorf("Get(%s) = %s, want %s", key, got.ID, i.ID)
		}
	}
	history := must(b.s.History(b.Ctx, "HC-1", Place{}, 10))(t)
	if len(history) != 1 || history[0].Field != "created" || history[0].Actor.Name != "Ada owner" || history[0].Reason != "From feedback 1" {
		t.Errorf("history = %+v", history)
	}
	if _, err := b.s.Accept(b.Ctx, ids[0], ""); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "HC-1") {
		t.Errorf("accepting again = %v, want a conflict that names HC-1", err)
	}
	list := must(b.Feedback.List(b.Ctx, b.LaunchID, feedback.ListQuery{Where: map[feedback.Field][]string{feedback.FieldIssue: {i.ID}}, Limit: 10}))(t)
	if list.Total != 1 {
		t.Errorf("the inbox finds %d feedback of the issue, want 1", list.Total)
	}

	b.takeBack(got.UndoID)
	if _, err := b.s.Get(b.Ctx, "HC-1"); !errs.Is(err, errs.NotFound) {
		t.Errorf("after undo Get = %v, want not found", err)
	}
	if f := must(b.Feedback.Get(b.Ctx, ids[0]))(t); f.State != feedback.New || f.IssueID != "" {
		t.Errorf("after undo the feedback is %s in %q", f.State, f.IssueID)
	}
	if again := b.accept(ids[0], ""); again.Issue.Key != "HC-2" {
		t.Errorf("the next issue is %s; a number is never used again, want HC-2", again.Issue.Key)
	}
}

func TestJoinCountsPeople(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.AddTo(b.LaunchID,
		feedbacktest.From("u1", "The list is slow"), feedbacktest.From("u1", "The list is still slow"), feedbacktest.From("u2", "It crashes"),
		feedbacktest.From("u3", "It crashes too"), feedback.Input{Text: "Slow, thank you"})
	first := b.accept(ids[0], "")
	for _, id := range ids[1:4] {
		if got := b.accept(id, "hc-1"); !got.Joined || got.Issue.ID != first.Issue.ID {
			t.Errorf("join = %+v", got)
		}
	}
	last := b.accept(ids[4], first.Issue.ID)
	i := last.Issue
	if i.Reach.Feedback != 5 || i.Reach.People != 3 || i.Reach.Unnamed != 1 {
		t.Errorf("reach = %+v, want 5 reports, 3 people, 1 unnamed", i.Reach)
	}
	if i.Severity != "sev3" {
		t.Errorf("severity = %s: joining must not raise it", i.Severity)
	}
	if s := i.SuggestedSeverity; s == nil || s.Level != "sev1" || s.Reason != "2 of 5 reports read as sev1" {
		t.Errorf("suggested severity = %+v, want sev1", s)
	}
	// 5 reports today and none in the week before raise the urgency.
	if i.Urgency != 3 || i.refreshAt == 0 {
		t.Errorf("urgency = %d, refresh %d; want 3 and a refresh", i.Urgency, i.refreshAt)
	}
	reporters := must(b.s.Reporters(b.Ctx, i.Key, "", 10))(t)
	got := map[string]int{}
	for _, r := range reporters {
		got[r.Name] = r.Reports
		if len(r.FeedbackIDs) != r.Reports {
			t.Errorf("reporter %s names %d of %d reports", r.Name, len(r.FeedbackIDs), r.Reports)
		}
	}
	if diff := cmp.Diff(map[string]int{"u1": 2, "u2": 1, "u3": 1}, got); diff != "" {
		t.Errorf("reporters -want +got:\n%s", diff)
	}
	page := must(b.s.Reporters(b.Ctx, i.Key, reporters[0].PersonID, 1))(t)
	if len(page) != 1 || page[0].PersonID != reporters[1].PersonID {
		t.Errorf("second page = %+v, want %s", page, reporters[1].Name)
	}
	list := must(b.s.Feedback(b.Ctx, "HC-1", 0, 3))(t)
	if len(list) != 3 || list[0].ID != ids[4] {
		t.Errorf("feedback of the issue = %d rows, first %s", len(list), list[0].ID)
	}
}

func TestJoinMoves(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.Add("one", "two")
	b.accept(ids[0], "")
	b.accept(ids[1], "")
	got := b.accept(ids[1], "HC-1")
	if from := b.get("HC-2"); got.Issue.Reach.Feedback != 2 || from.Reach.Feedback != 0 {
		t.Errorf("HC-1 has %d, HC-2 %d; want 2 and 0", got.Issue.Reach.Feedback, from.Reach.Feedback)
	}
	left := must(b.s.History(b.Ctx, "HC-2", Place{}, 1))(t)[0]
	if left.Field != "feedback" || left.From != "1" || left.To != "0" || left.Reason != "Feedback 2 left" {
		t.Errorf("history of HC-2 = %+v", left)
	}
	if _, err := b.s.Accept(b.Ctx, ids[1], "HC-1"); !errs.Is(err, errs.Conflict) {
		t.Errorf("joining where it is = %v, want a conflict", err)
	}
}

func TestLaunchesNeverMix(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	second := b.Launch("Second")
	here := b.Add("one", "two")
	there := b.AddTo(second, feedback.Input{Text: "three"})
	b.accept(here[0], "")
	b.accept(there[0], "")
	for name, err := range map[string]error{
		"join":  func() error { _, err := b.s.Accept(b.Ctx, here[1], "HC-2"); return err }(),
		"merge": func() error { _, err := b.s.Merge(b.Ctx, "HC-1", "HC-2"); return err }(),
		"accept many": func() error {
			_, err := b.s.AcceptMany(b.Ctx, b.LaunchID, []string{here[1], there[0]}, false, "")
			return err
		}(),
		"ignore many": func() error { _, err := b.s.Ignore(b.Ctx, second, here[1:], ""); return err }(),
		"create": func() error {
			_, err := b.s.Create(b.Ctx, second, Input{Title: "x", FeedbackIDs: here[1:]})
			return err
		}(),
	} {
		if !errs.Is(err, errs.Unprocessable) || !strings.Contains(err.Error(), "another launch") {
			t.Errorf("%s over launches = %v, want a refusal that says why", name, err)
		}
	}
}

func TestAcceptManyGroups(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.Add("one", "two", "three", "four", "five")
	b.accept(ids[4], "")
	// The grouper forgets one, repeats one and makes one up.
	b.s.SetGrouper(fakeGrouper{{ids[0], ids[1]}, {ids[1], ids[2], "made-up"}})
	got := must(b.s.AcceptMany(b.Ctx, b.LaunchID, ids, true, ""))(t)
	var reports []int
	for _, i := range got.Issues {
		reports = append(reports, i.Reach.Feedback)
	}
	if diff := cmp.Diff([]int{2, 1, 1}, reports); diff != "" || got.Accepted != 4 {
		t.Errorf("accepted %d (want 4), reports by issue -want +got:\n%s", got.Accepted, diff)
	}
	if _, err := b.s.AcceptMany(b.Ctx, b.LaunchID, ids, true, ""); !errs.Is(err, errs.Conflict) {
		t.Errorf("again = %v, want a conflict", err)
	}
	all := must(b.s.AcceptMany(b.Ctx, b.LaunchID, ids, false, "HC-1"))(t)
	if all.Accepted != 4 || len(all.Issues) != 1 || all.Issues[0].Reach.Feedback != 5 {
		t.Errorf("joining all to HC-1 = %d accepted, issues %+v", all.Accepted, all.Issues)
	}
	b.takeBack(all.UndoID)
	b.takeBack(got.UndoID)
	if list := b.issues(b.LaunchID); len(list) != 1 || list[0].Reach.Feedback != 1 {
		t.Errorf("after undo there are %d issues", len(list))
	}
	for name, ids := range map[string][]string{"none": nil, "unknown": {"nothing"}, "too many": make([]string, maxIDs+1)} {
		if _, err := b.s.AcceptMany(b.Ctx, b.LaunchID, ids, false, ""); err == nil || errs.KindOf(err) == errs.Internal {
			t.Errorf("accepting %s = %v, want a refusal", name, err)
		}
	}
}

func TestIgnore(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.Add("one", "two", "three")
	b.accept(ids[0], "")
	got := must(b.s.Ignore(b.Ctx, "", ids[:2], "A test"))(t)
	if got.Ignored != 2 {
		t.Errorf("ignored %d, want 2", got.Ignored)
	}
	if i := b.get("HC-1"); i.Reach.Feedback != 0 {
		t.Errorf("the issue has %d reports, what is ignored must leave it", i.Reach.Feedback)
	}
	if _, err := b.s.Ignore(b.Ctx, "", ids[:2], ""); !errs.Is(err, errs.Conflict) {
		t.Errorf("ignoring again = %v, want a conflict", err)
	}
	b.takeBack(got.UndoID)
	var states []string
	for _, p := range b.places(b.LaunchID) {
		states = append(states, p.State)
	}
	if diff := cmp.Diff([]string{"accepted", "new", "new"}, states); diff != "" {
		t.Errorf("after undo -want +got:\n%s", diff)
	}
	if err := b.undo.Undo(b.Ctx, got.UndoID); !errs.Is(err, errs.Conflict) {
		t.Errorf("undo twice = %v, want a conflict", err)
	}
}

func TestChange(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.Add("The list is slow")
	made := b.accept(ids[0], "")
	owner := b.member("grace")
	entered := made.Issue.StageEnteredAt
	noon := b.s.now().Add(time.Hour)
	b.s.now = func() time.Time { return noon }
	str := func(s string) *string { return &s }
	urgency, tags := 5, []string{"Mobile", "checkout", "mobile"}
	got := must(b.s.Change(b.Ctx, "HC-1", Change{Title: str(" The list takes 20 s "), Stage: str(Closure), Severity: str("sev2"), OwnerID: &owner, Urgency: &urgency, Tags: &tags, Reason: "Agreed in the daily"}))(t)
	i := got.Issue
	if i.Title != "The list takes 20 s" || i.Severity != "sev2" || i.Owner == nil || i.Owner.Name != "grace" || i.Urgency != 5 || i.UrgencySetBy != "Ada owner" {
		t.Errorf("issue = %+v", i)
	}
	if diff := cmp.Diff([]string{"checkout", "mobile"}, i.Tags); diff != "" {
		t.Errorf("tags -want +got:\n%s", diff)
	}
	if i.ClosedAt == nil || !i.StageEnteredAt.Equal(*i.ClosedAt) || !i.StageEnteredAt.After(entered) {
		t.Errorf("closed at %v, stage entered at %v", i.ClosedAt, i.StageEnteredAt)
	}
	fields := map[string]string{}
	for _, h := range must(b.s.History(b.Ctx, "HC-1", Place{}, 50))(t) {
		fields[h.Field] = h.From + " > " + h.To + " (" + h.Reason + ")"
	}
	want := map[string]string{"created": " > The list is slow (From feedback 1)", "title": "The list is slow > The list takes 20 s (Agreed in the daily)", "stage": "intake > closure (Agreed in the daily)",
		"severity": "sev3 > sev2 (Agreed in the daily)", "owner": " > grace (Agreed in the daily)", "urgency": "0 > 5 (Agreed in the daily)", "tags": " > checkout,mobile (Agreed in the daily)"}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Errorf("history -want +got:\n%s", diff)
	}
	if n := must(b.s.CountOpen(b.Ctx, b.Workspace, b.LaunchID))(t); n != 0 {
		t.Errorf("open issues = %d, want 0", n)
	}
	reopened := must(b.s.Change(b.Ctx, "HC-1", Change{Stage: str(Analysis)}))(t)
	if reopened.Issue.ClosedAt != nil {
		t.Errorf("reopened, and closed at %v", reopened.Issue.ClosedAt)
	}
	if err := b.undo.Undo(b.Ctx, got.UndoID); !errs.Is(err, errs.Conflict) {
		t.Errorf("undo of the first change = %v, want a conflict: the stage was changed again", err)
	}
	b.takeBack(reopened.UndoID)
	b.takeBack(got.UndoID)
	i = b.get("HC-1")
	if i.Title != "The list is slow" || i.Owner != nil || i.ClosedAt != nil || i.Urgency == 5 || len(i.Tags) != 0 || !i.StageEnteredAt.Equal(entered) {
		t.Errorf("after undo the issue is %+v", i)
	}
}

func TestChangeRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.accept(b.Add("The list is slow")[0], "")
	str := func(s string) *string { return &s }
	seven := 7
	many := strings.Split(strings.Repeat("x,", 31)+"x", ",")
	for name, c := range map[string]Change{
		"nothing": {}, "the same": {Title: str("The list is slow")}, "no title": {Title: str("  ")}, "a long title": {Title: str(strings.Repeat("ä", 201))},
		"a stage": {Stage: str("done")}, "a severity": {Severity: str("sev0")}, "a category": {Category: str("worst")}, "an urgency": {Urgency: &seven},
		"a stranger": {OwnerID: str("nobody")}, "an area": {Area: str("a,b")}, "NUL": {Description: str("a\x00b")}, "tags": {Tags: &many}, "a tag": {Tags: &[]string{"a,b"}},
		"a long reason": {Area: str("x"), Reason: strings.Repeat("x", 1001)},
	} {
		if _, err := b.s.Change(b.Ctx, "HC-1", c); !errs.Is(err, errs.Invalid) {
			t.Errorf("changing %s = %v, want invalid", name, err)
		}
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.AddTo(b.LaunchID, feedbacktest.From("u1", "first"), feedbacktest.From("u2", "second"), feedbacktest.From("u3", "third"))
	b.accept(ids[0], "")
	b.accept(ids[1], "")
	b.accept(ids[2], "HC-2")
	oldest := b.get("HC-1")

	got := must(b.s.Merge(b.Ctx, "HC-1", "HC-2"))(t)
	i := got.Issue
	if i.Key != "HC-2" || i.Reach.People != 3 || !i.FirstReceivedAt.Equal(*oldest.FirstReceivedAt) || i.Title != "second" {
		t.Errorf("merged = %s %q, %+v, first received %v; want 3 people and %v", i.Key, i.Title, i.Reach, i.FirstReceivedAt, oldest.FirstReceivedAt)
	}
	if len(i.Merged) != 1 || i.Merged[0].Key != "HC-1" {
		t.Errorf("HC-2 has merged %+v", i.Merged)
	}
	gone := b.get("HC-1")
	if gone.MergedInto == nil || gone.MergedInto.Key != "HC-2" || gone.Reach.Feedback != 0 {
		t.Errorf("HC-1 = merged into %+v with %d reports", gone.MergedInto, gone.Reach.Feedback)
	}
	// The key leads to where the feedback is.
	if list := must(b.s.Feedback(b.Ctx, "HC-1", 0, 10))(t); len(list) != 3 {
		t.Errorf("feedback by the old key = %d, want 3", len(list))
	}
	more := b.Add("fourth")
	if r := b.accept(more[0], "HC-1"); r.Issue.Key != "HC-2" {
		t.Errorf("joining HC-1 joined %s, want HC-2", r.Issue.Key)
	}
	title := "All of them"
	if c := must(b.s.Change(b.Ctx, "HC-1", Change{Title: &title}))(t); c.Issue.Key != "HC-2" {
		t.Errorf("changing HC-1 changed %s, want HC-2", c.Issue.Key)
	}
	if l := must(b.s.List(b.Ctx, b.LaunchID, Query{Limit: 10}))(t); len(l.Items) != 1 || l.Total != 1 {
		t.Errorf("the list has %d of %d issues, want 1 of 1", len(l.Items), l.Total)
	}
	for name, pair := range map[string][2]string{"itself": {"HC-2", "HC-2"}, "a circle": {"HC-2", "HC-1"}, "again": {"HC-1", "HC-2"}, "nothing": {"HC-2", "HC-9"}, "an empty name": {"HC-2", " "}} {
		if _, err := b.s.Merge(b.Ctx, pair[0], pair[1]); err == nil || errs.KindOf(err) == errs.Internal {
			t.Errorf("merging into %s = %v, want a refusal", name, err)
		}
	}

	b.takeBack(got.UndoID)
	one, two := b.get("HC-1"), b.get("HC-2")
	if one.MergedInto != nil || one.Reach.People != 1 || two.Reach.Feedback != 3 || len(two.Merged) != 0 {
		t.Errorf("after undo HC-1 has %+v, HC-2 %+v; want 1 person back and 3 reports left", one.Reach, two.Reach)
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.AddTo(b.LaunchID, feedbacktest.From("u1", "The list is slow"), feedbacktest.From("u2", "It crashes"), feedbacktest.From("u3", "Crashes again"))
	b.accept(ids[0], "")
	must(b.s.AcceptMany(b.Ctx, b.LaunchID, ids[1:], false, "HC-1"))(t)
	other := b.accept(b.Add("Something else")[0], "")

	got := must(b.s.Split(b.Ctx, "HC-1", ids[1:], ""))(t)
	if got.Issue.Reach.People != 1 || got.NewIssue.Reach.People != 2 || got.NewIssue.Key != "HC-3" || got.NewIssue.Severity != "sev1" || got.NewIssue.Title != "It crashes" {
		t.Errorf("left %+v, made %s %q %s %+v", got.Issue.Reach, got.NewIssue.Key, got.NewIssue.Title, got.NewIssue.Severity, got.NewIssue.Reach)
	}
	for name, ids := range map[string][]string{"all of it": ids[:1], "another's": {other.Feedback.ID}, "nothing": nil} {
		if _, err := b.s.Split(b.Ctx, "HC-1", ids, ""); err == nil || errs.KindOf(err) == errs.Internal {
			t.Errorf("splitting off %s = %v, want a refusal", name, err)
		}
	}
	b.takeBack(got.UndoID)
	if i := b.get("HC-1"); i.Reach.People != 3 {
		t.Errorf("after undo HC-1 has %+v", i.Reach)
	}
	if _, err := b.s.Get(b.Ctx, "HC-3"); !errs.Is(err, errs.NotFound) {
		t.Errorf("after undo HC-3 = %v, want not found", err)
	}
}

func TestUndoKeepsWhatPeopleMade(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.Add("one", "two")
	first := b.accept(ids[0], "")
	joined := b.accept(ids[1], "HC-1")
	title := "My words"
	must(b.s.Change(b.Ctx, "HC-1", Change{Title: &title}))(t)
	b.takeBack(first.UndoID)
	if i := b.get("HC-1"); i.Reach.Feedback != 1 {
		t.Errorf("after undoing the first of two HC-1 has %d reports, want 1", i.Reach.Feedback)
	}
	b.takeBack(joined.UndoID)
	if i := b.get("HC-1"); i.Title != title || i.Reach.Feedback != 0 {
		t.Errorf("an issue that somebody changed must stay; got %+v", i)
	}
	third := b.accept(ids[0], "")
	must(b.s.Merge(b.Ctx, third.Issue.Key, "HC-1"))(t)
	if err := b.undo.Undo(b.Ctx, third.UndoID); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "HC-1") {
		t.Errorf("undo behind a merger = %v, want a conflict that says where it is", err)
	}
}

func TestUndoPassesOverWhatIsGone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.Add("one", "two")
	got := must(b.s.AcceptMany(b.Ctx, b.LaunchID, ids, false, ""))(t)
	err := b.DB.Tx(b.Ctx, func(tx *db.Tx) error {
		if _, err := tx.ExecContext(b.Ctx, `DELETE FROM feedback WHERE workspace_id = $1 AND id = $2`, b.Workspace, ids[0]); err != nil {
			return err
		}
		return b.s.Recount(b.Ctx, tx, b.Workspace, got.Issues[0].ID, "unknown", got.Issues[0].ID)
	})
	if err != nil {
		t.Fatal(err)
	}
	if i := b.get("HC-1"); i.Reach.Feedback != 0 || i.FirstReceivedAt != nil {
		t.Errorf("counted anew HC-1 has %+v since %v", i.Reach, i.FirstReceivedAt)
	}
	b.takeBack(got.UndoID)
	if list := b.issues(b.LaunchID); len(list) != 0 {
		t.Errorf("after undo there are %d issues, want none", len(list))
	}
}

func TestRefreshLowersUrgency(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.Add("one", "two", "three")
	b.accept(ids[0], "")
	must(b.s.AcceptMany(b.Ctx, b.LaunchID, ids[1:], false, "HC-1"))(t)
	if i := b.get("HC-1"); i.Urgency != 3 {
		t.Fatalf("urgency = %d, want 3 by the trend", i.Urgency)
	}
	if n := must(b.s.Refresh(b.Ctx))(t); n != 0 {
		t.Errorf("refreshed %d at once, want 0", n)
	}
	start := b.s.now()
	b.s.now = func() time.Time { return start.Add(2 * time.Hour) }
	if n := must(b.s.Refresh(b.Ctx))(t); n != 1 || b.get("HC-1").Urgency != 3 {
		t.Errorf("after two hours refreshed %d to urgency %d, want 1 and 3", n, b.get("HC-1").Urgency)
	}
	b.s.now = func() time.Time { return start.Add(25 * time.Hour) }
	if n := must(b.s.Refresh(b.Ctx))(t); n != 1 {
		t.Errorf("refreshed %d, want 1", n)
	}
	i := b.get("HC-1")
	if i.Urgency != 2 || i.refreshAt != 0 {
		t.Errorf("a day later urgency = %d, refresh %d; want 2 and none", i.Urgency, i.refreshAt)
	}
	sum := 0
	for _, n := range i.Trend[:trendDays-1] {
		sum += n
	}
	if sum != 3 {
		t.Errorf("trend = %v, want the three in the days before today", i.Trend)
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	second := b.Launch("Second")
	ids := b.Add("new", "a1", "a2", "b1", "loose", "c1")
	there := b.AddTo(second, feedback.Input{Text: "other"})
	b.accept(ids[1], "")
	b.accept(ids[2], "HC-1")
	b.accept(ids[3], "")
	b.accept(there[0], "")
	b.accept(ids[5], "")
	b.s.SetFinder(fakeFinder{
		ids[0]: {{ids[3], .9, "same error"}, {ids[1], .7, "same words"}, {ids[4], .6, "alike"}, {ids[2], .5, "a little"}, {there[0], .99, "elsewhere"}, {ids[0], 1, "itself"}},
		ids[1]: {{ids[3], .8, "same stack"}, {ids[2], .8, "ours"}},
		ids[2]: {{ids[5], .4, "a word"}, {ids[3], .3, "a word"}},
	})
	show := func(list []Suggestion) (out []string) {
		for _, s := range list {
			out = append(out, fmt.Sprintf("%s %.1f %s", s.Issue.Key, s.Confidence, s.Reason))
		}
		return out
	}
	if diff := cmp.Diff([]string{"HC-2 0.9 same error", "HC-1 0.7 same words; 2 of its reports are alike"}, show(must(b.s.Suggest(b.Ctx, ids[0]))(t))); diff != "" {
		t.Errorf("Suggest -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"HC-2 0.8 1 report is like ours; the closest: same stack", "HC-4 0.4 1 report is like ours; the closest: a word"}, show(must(b.s.Similar(b.Ctx, "HC-1"))(t))); diff != "" {
		t.Errorf("Similar -want +got:\n%s", diff)
	}
	b.s.OnSuggest(func(_ context.Context, ws workspace.ID, feedbackID string) ([]string, error) {
		if ws != b.Workspace || feedbackID != ids[0] {
			t.Errorf("asked what was waved off for %s in %s", feedbackID, ws)
		}
		return []string{must(b.s.Get(b.Ctx, "HC-2"))(t).ID, "gone"}, nil
	})
	if diff := cmp.Diff([]string{"HC-1 0.7 same words; 2 of its reports are alike"}, show(must(b.s.Suggest(b.Ctx, ids[0]))(t))); diff != "" {
		t.Errorf("Suggest without what was waved off -want +got:\n%s", diff)
	}
	b.s.OnSuggest(nil)
	if list := must(b.s.Suggest(b.Ctx, ids[3]))(t); len(list) != 0 {
		t.Errorf("with nothing alike Suggest = %v", list)
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.Add("It crashes", "one")
	got := must(b.s.Create(b.Ctx, b.LaunchID, Input{Title: "By hand", Description: "words", Tags: []string{"B", "a"}, Urgency: 4}))(t)
	if i := got.Issue; i.Key != "HC-1" || i.Severity != "sev3" || i.Category != "other" || i.Impact != 2 || i.Urgency != 4 || i.Priority != 8 || i.FirstReceivedAt != nil {
		t.Errorf("made %+v", i)
	}
	with := must(b.s.Create(b.Ctx, b.LaunchID, Input{Title: "Gathered", FeedbackIDs: ids[:1]}))(t)
	if i := with.Issue; i.Title != "Gathered" || i.Severity != "sev1" || i.Reach.Feedback != 1 {
		t.Errorf("gathered %+v", i)
	}
	if _, err := b.s.Create(b.Ctx, b.LaunchID, Input{Title: "Gathered", FeedbackIDs: ids}); !errs.Is(err, errs.Conflict) {
		t.Errorf("gathering what is gathered = %v, want a conflict", err)
	}
	b.takeBack(got.UndoID)
	if _, err := b.s.Get(b.Ctx, "HC-1"); !errs.Is(err, errs.NotFound) {
		t.Errorf("after undo %v, want not found", err)
	}
}

func TestHistoryPages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.accept(b.Add("one")[0], "")
	for k := range 5 {
		area := fmt.Sprint("area ", k)
		noon := b.s.now().Add(time.Minute)
		b.s.now = func() time.Time { return noon }
		must(b.s.Change(b.Ctx, "HC-1", Change{Area: &area}))(t)
	}
	var got []string
	var after Place
	for {
		page := must(b.s.History(b.Ctx, "HC-1", after, 2))(t)
		for _, h := range page {
			got = append(got, h.To)
			after = Place{h.At.UnixMicro(), h.ID}
		}
		if len(page) < 2 {
			break
		}
	}
	if diff := cmp.Diff([]string{"area 4", "area 3", "area 2", "area 1", "area 0", "one"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestTitleFrom(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("word ", 60)
	for _, tc := range []struct {
		f    feedback.Feedback
		want string
	}{
		{feedback.Feedback{Title: "Login fails on Android", Summary: "s"}, "Login fails on Android"},
		{feedback.Feedback{Title: "Bad", Summary: "The app\n crashes."}, "The app crashes."},
		{feedback.Feedback{Title: "Bad"}, "Bad"},
		{feedback.Feedback{Title: "Refund to anna@example.de please"}, "Refund to ••• please"},
		{feedback.Feedback{Snippet: "Just words"}, "Just words"},
		{feedback.Feedback{Number: 7, Text: "\t\n"}, "Feedback 7"},
		{feedback.Feedback{Summary: long}, strings.TrimSpace(long[:119]) + "…"},
		{feedback.Feedback{Summary: strings.Repeat("界", 200)}, strings.Repeat("界", 119) + "…"},
	} {
		got := titleFrom(&tc.f)
		if got != tc.want || len([]rune(got)) > autoTitle {
			t.Errorf("titleFrom(%+v) = %q (%d), want %q", tc.f, got, len([]rune(got)), tc.want)
		}
	}
}

// TestActsAtOnce lets several people work on the same few reports: whoever
// comes second is told so, and the counts are right afterwards.
func TestActsAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var list []feedback.Input
	for k := range 24 {
		list = append(list, feedbacktest.From(fmt.Sprint("u", k%10), "The list is slow"))
	}
	ids := b.AddTo(b.LaunchID, list...)
	b.accept(ids[0], "")
	b.accept(ids[1], "")
	rest := ids[2:]
	for n := range rest {
		b.atOnce(func(k int) error {
			// Two and two on the same report, and four on the same issue.
			id := rest[(n+k/2*5)%len(rest)]
			var err error
			switch k {
			case 0, 2, 3, 4:
				_, err = b.s.Accept(b.Ctx, id, "HC-1")
			case 1:
				_, err = b.s.Accept(b.Ctx, id, "HC-2")
			case 5:
				_, err = b.s.Accept(b.Ctx, id, "")
			case 6:
				_, err = b.s.Ignore(b.Ctx, "", []string{id}, "")
			case 7:
				_, err = b.s.Merge(b.Ctx, fmt.Sprint("HC-", 2+n), "HC-1")
			}
			return err
		})
		// Each time: a later act would put a wrong count right again.
		b.sound(t, b.LaunchID, len(ids))
	}
	for _, i := range b.issues(b.LaunchID) {
		before := *i
		err := b.DB.Tx(b.Ctx, func(tx *db.Tx) error { return recount(b.Ctx, tx, b.Workspace, b.s.now(), i) })
		if err != nil {
			t.Fatal(err)
		}
		if i.Reach.People != before.Reach.People || i.Priority != before.Priority {
			t.Errorf("%s had %d people and priority %g, counted anew %d and %g", i.Key, before.Reach.People, before.Priority, i.Reach.People, i.Priority)
		}
	}
}

// atOnce has eight people do something at the same time; they may be told
// that somebody else was faster.
func (b *bench) atOnce(fn func(k int) error) {
	b.t.Helper()
	var errors [8]error
	start := make(chan struct{})
	var wg sync.WaitGroup
	for k := range errors {
		wg.Go(func() {
			<-start
			errors[k] = fn(k)
		})
	}
	close(start)
	wg.Wait()
	for _, err := range errors {
		if k := errs.KindOf(err); err != nil && k != errs.Conflict && k != errs.NotFound && k != errs.Invalid {
			b.t.Errorf("%s: %v", k, err)
		}
	}
}

// TestOddReadings accepts what an engine of another version may say.
func TestOddReadings(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.Read = func(f *feedback.Feedback) *nlp.Result {
		r := feedbacktest.Reading(f)
		r.Severity.Level, r.Categories[0].Name, r.Area.Name = "sev9", "novel", strings.Repeat("long, ", 50)
		return r
	}
	i := b.accept(b.Add("<script>alert(1)</script>; DROP TABLE issue")[0], "").Issue
	if i.Severity != "sev3" || i.Category != "other" || i.Area != "" || i.Title != "<script>alert(1)</script>; DROP TABLE issue" {
		t.Errorf("issue = %s, %s, %q, %q", i.Severity, i.Category, i.Area, i.Title)
	}
}
