package triage

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/nlp"
	"github.com/hypercare/hypercare/internal/workspace"
)

// guessing is a desk whose engine is sure of nothing.
func guessing(t *testing.T) *desk {
	d := newDesk(t)
	d.Bench.Read = func(*feedback.Feedback) *nlp.Result {
		return &nlp.Result{Version: "v1", Language: nlp.Language{Code: "en"}, Sentiment: nlp.Sentiment{Label: "negative", Score: -.3}, Emotion: nlp.Scored{Name: "none"},
			Categories: []nlp.Scored{{Name: "bug", Confidence: .6, Reason: "says crash"}, {Name: "data", Confidence: .2}}, Severity: nlp.Severity{Level: "sev2", Confidence: .7, Reason: "many can't pay"},
			Area: nlp.Scored{Name: "payment", Confidence: .5, Reason: "names payment"}, KeyPhrases: []string{}}
	}
	return d
}

func (d *desk) suggests(t *testing.T, id string) (fields []string) {
	t.Helper()
	list, err := d.ledger.SuggestedFields(d.Ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		fields = append(fields, s.Field+" "+s.Value)
	}
	return fields
}

func want(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s -want +got:\n%s", what, diff)
	}
}

func TestTakingASuggestionConfirmsIt(t *testing.T) {
	t.Parallel()
	d := guessing(t)
	id := d.Add("I can't pay")[0]
	before := d.get(t, id)
	list, err := d.ledger.SuggestedFields(d.Ctx, id)
	if diff := cmp.Diff([]FieldSuggestion{{"severity", "sev2", .7, "many can't pay"}, {"category", "bug", .6, "says crash"}, {"area", "payment", .5, "names payment"}}, list); err != nil || diff != "" {
		t.Fatalf("suggested -want +got:\n%s, %v", diff, err)
	}
	var told []Lesson
	forgot := 0
	d.ledger.OnCorrection(func(_ workspace.ID, l Lesson) { told = append(told, l) })
	d.ledger.OnTakenBack(func(workspace.ID) { forgot++ })
	out := d.correct(t, Edit{Severity: ptr("sev2"), Area: ptr("payment"), Category: ptr("question")}, id)
	if out.Corrections != 1 || out.Confirmed != 2 || out.UndoID == "" {
		t.Errorf("taken = %+v, want one corrected and two confirmed", out)
	}
	f := d.get(t, id)
	if f.SeverityConfidence != 1 || f.Severity != "sev2" || f.Area != "payment" || f.Category != "question" {
		t.Errorf("taken: %s (%v), %s, %s", f.Severity, f.SeverityConfidence, f.Area, f.Category)
	}
	want(t, "suggested after all was taken", d.suggests(t, id))
	if again := d.correct(t, Edit{Severity: ptr("sev2"), Area: ptr("payment")}, id); again.UndoID != "" || again.Confirmed != 0 {
		t.Errorf("the same again = %+v, want no change", again)
	}
	// What was right teaches nothing and is no mistake; it counts as reviewed.
	if len(told) != 1 || told[0].Field != FieldCategory {
		t.Errorf("told %+v, want the category alone", told)
	}
	if lessons, err := d.ledger.Lessons(d.Ctx, d.Workspace); err != nil || len(lessons) != 1 {
		t.Errorf("Lessons = %+v, %v; want the category alone", lessons, err)
	}
	d.reviewed(t, FieldSeverity, 1, 0)
	d.reviewed(t, FieldArea, 1, 0)
	d.reviewed(t, FieldCategory, 1, 1)
	yes := true
	if found, err := d.ledger.Decisions(d.Ctx, d.LaunchID, DecisionFilter{Field: FieldSeverity, Corrected: &yes, Limit: 9}); err != nil || len(found) != 0 {
		t.Errorf("%d decisions were wrong in severity, %v; want none", len(found), err)
	}
	if err := d.undo.Undo(d.Ctx, out.UndoID); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, d.get(t, id)); diff != "" || forgot != 1 {
		t.Errorf("after undo, forgot %d -want +got:\n%s", forgot, diff)
	}
	d.reviewed(t, FieldSeverity, 0, 0)
	want(t, "suggested after undo", d.suggests(t, id), "severity sev2", "category bug", "area payment")
}

// reviewed checks how many were looked at and how many of them were wrong.
func (d *desk) reviewed(t *testing.T, field string, reviewed, corrected int) {
	t.Helper()
	acc, err := d.ledger.Accuracy(d.Ctx, d.LaunchID)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range acc.Fields {
		if f.Field == field && (f.Reviewed != reviewed || f.Corrected != corrected) {
			t.Errorf("%s: %d reviewed, %d wrong; want %d and %d", field, f.Reviewed, f.Corrected, reviewed, corrected)
		}
	}
}

func TestConfirmedHoldsOverALaterReading(t *testing.T) {
	t.Parallel()
	d := guessing(t)
	ids := d.Add("one", "two")
	taken := d.correct(t, Edit{Severity: ptr("sev2")}, ids[0])
	d.correct(t, Edit{Severity: ptr("sev1")}, ids[0]) // a change of mind
	d.reviewed(t, FieldSeverity, 1, 1)
	if err := d.undo.Undo(d.Ctx, taken.UndoID); !errs.Is(err, errs.Conflict) {
		t.Errorf("undo of what was changed since = %v, want a conflict", err)
	}
	d.correct(t, Edit{Severity: ptr("sev2")}, ids[1])
	err := d.DB.Tx(d.Ctx, func(tx *db.Tx) error {
		_, err := d.Feedback.ChangeAll(d.Ctx, tx, d.Workspace, ids, func(list []*feedback.Feedback) error {
			for _, f := range list {
				f.ApplyReading(&nlp.Result{Version: "v2", Pass: nlp.Full, Severity: nlp.Severity{Level: "sev4", Confidence: .9}})
			}
			return d.ledger.Keep(d.Ctx, tx, d.Workspace, list)
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := d.get(t, ids[0]), d.get(t, ids[1]); a.Severity != "sev1" || b.Severity != "sev2" || b.SeverityConfidence != 1 {
		t.Errorf("after the second reading: %s, %s (%v); want sev1 and the confirmed sev2", a.Severity, b.Severity, b.SeverityConfidence)
	}
}

func TestNothingIsConfirmedThatNobodyGuessed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.rule(t, "loud", `text.contains("crash")`, Then{Severity: "sev2"})
	id := d.Add("it crashes")[0]
	// A rule was sure; sentiment and spam are not suggested; there is no area.
	out := d.correct(t, Edit{Severity: ptr("sev2"), Sentiment: ptr("negative"), Spam: ptr(false), Area: ptr("")}, id)
	if out.UndoID != "" || out.Confirmed+out.Corrections != 0 {
		t.Errorf("said again = %+v, want no change", out)
	}
	want(t, "suggested", d.suggests(t, id), "category bug")
	d.accept(t, id)
	want(t, "suggested of what is accepted", d.suggests(t, id))
}

func TestDismissedIsNotSuggestedAgain(t *testing.T) {
	t.Parallel()
	d := guessing(t)
	d.Feedback.NameIssues(func(_ context.Context, _ workspace.ID, ids []string) (map[string]feedback.IssueRef, error) {
		out := map[string]feedback.IssueRef{}
		for _, id := range ids {
			if id == "i1" {
				out[id] = feedback.IssueRef{ID: "i1", Key: "HC-1"}
			}
		}
		return out, nil
	})
	ids := d.Add("one", "two")
	before := d.get(t, ids[0])
	dismiss := func(x Dismissal) string {
		t.Helper()
		undo, err := d.ledger.Dismiss(d.Ctx, ids[0], x)
		if err != nil {
			t.Fatalf("Dismiss(%+v): %v", x, err)
		}
		return undo
	}
	back := dismiss(Dismissal{What: FieldSeverity})
	dismiss(Dismissal{What: FieldArea, Value: "payment"})
	issue := dismiss(Dismissal{What: DismissIssue, Value: "i1"})
	want(t, "left", d.suggests(t, ids[0]), "category bug")
	want(t, "left of the other", d.suggests(t, ids[1]), "severity sev2", "category bug", "area payment")
	if diff := cmp.Diff(before, d.get(t, ids[0])); diff != "" {
		t.Errorf("the feedback itself changed:\n%s", diff)
	}
	if again := dismiss(Dismissal{What: FieldSeverity}); again != "" {
		t.Errorf("dismissed again can be undone by %s", again)
	}
	if gone, err := d.ledger.DismissedIssues(d.Ctx, d.Workspace, ids[0]); err != nil || len(gone) != 1 || gone[0] != "i1" {
		t.Errorf("dismissed issues = %v, %v", gone, err)
	}
	list, err := d.ledger.DecisionsOf(d.Ctx, ids[0])
	if err != nil || len(list) != 4 || list[0].Outcome["dismissed"] != "issue" || list[0].Outcome["value"] != "HC-1" || list[0].Engine != EnginePerson {
		t.Errorf("decisions = %+v, %v; want the three dismissals in the ledger", list, err)
	}
	for _, id := range []string{back, issue} {
		if err := d.undo.Undo(d.Ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	want(t, "left after undo", d.suggests(t, ids[0]), "severity sev2", "category bug")
	if gone, err := d.ledger.DismissedIssues(d.Ctx, d.Workspace, ids[0]); err != nil || len(gone) != 0 {
		t.Errorf("dismissed issues after undo = %v, %v", gone, err)
	}
	// Another value is another suggestion.
	dismiss(Dismissal{What: FieldCategory})
	err = d.DB.Tx(d.Ctx, func(tx *db.Tx) error {
		_, err := d.Feedback.Change(d.Ctx, tx, d.Workspace, ids[:1], func(f *feedback.Feedback) error {
			f.Category, f.CategoryConfidence = "data", .9
			return nil
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "after another reading", d.suggests(t, ids[0]), "severity sev2", "category data")
	// A dismissal is no review.
	d.reviewed(t, FieldCategory, 0, 0)
}

func TestTagsAreAddedToThoseThereAre(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ids := d.Add("one", "two")
	d.correct(t, Edit{Tags: &[]string{"b"}}, ids[0])
	out := d.correct(t, Edit{AddTags: &[]string{"C", "a"}}, ids...)
	want(t, "first", d.get(t, ids[0]).Tags, "a", "b", "c")
	want(t, "second", d.get(t, ids[1]).Tags, "a", "c")
	if again := d.correct(t, Edit{AddTags: &[]string{"a"}}, ids...); again.UndoID != "" {
		t.Errorf("added again = %+v, want no change", again)
	}
	if err := d.undo.Undo(d.Ctx, out.UndoID); err != nil {
		t.Fatal(err)
	}
	want(t, "after undo", d.get(t, ids[0]).Tags, "b")
	if _, err := d.ledger.Correct(d.Ctx, "", ids, Edit{Tags: &[]string{"a"}, AddTags: &[]string{"b"}}); !errs.Is(err, errs.Invalid) {
		t.Errorf("all and more at once = %v, want invalid", err)
	}
}
