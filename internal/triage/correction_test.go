package triage

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/nlp"
	"github.com/hypercare/hypercare/internal/workspace"
)

func ptr[T any](v T) *T { return &v }

func TestCorrectChangesFeedbackAndUndoPutsItBack(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.Bench.Read = func(*feedback.Feedback) *nlp.Result {
		return &nlp.Result{Version: "v1", Language: nlp.Language{Code: "en"}, Sentiment: nlp.Sentiment{Label: "negative", Score: -.3}, Emotion: nlp.Scored{Name: "none"},
			Categories: []nlp.Scored{{Name: "bug", Confidence: .4}}, Severity: nlp.Severity{Level: "sev3", Confidence: .6}, Area: nlp.Scored{Name: "export"}, Unsure: true, KeyPhrases: []string{}}
	}
	bob := d.member(t, "bob")
	id := d.Add("hmm")[0]
	before := d.get(t, id)
	e := Edit{Category: ptr("question"), Severity: ptr("sev1"), Sentiment: ptr("positive"), Emotion: ptr("joy"), Language: ptr("DE"), Area: ptr(" billing "), Spam: ptr(true),
		AssigneeID: &bob, Tags: &[]string{"B", "a", "b"}}
	out := d.correct(t, e, id)
	if out.Corrections != 7 || out.UndoID == "" {
		t.Errorf("Correct = %+v, want 7 corrections", out)
	}
	f := d.get(t, id)
	got := []any{f.Category, f.CategoryConfidence, f.Severity, f.SeverityConfidence, f.Sentiment, f.SentimentScore, f.Emotion, f.Language, f.Area, f.State, f.AssigneeID, f.Tags, f.Unsure}
	want := []any{"question", 1.0, "sev1", 1.0, "positive", .5, "joy", "de", "billing", feedback.Spam, bob, []string{"a", "b"}, false}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("corrected -want +got:\n%s", diff)
	}
	found, err := d.ledger.Corrections(d.Ctx, d.Workspace, []string{id})
	if err != nil || len(found[id]) != 7 {
		t.Errorf("Corrections = %+v, %v", found, err)
	}
	if again := d.correct(t, e, id); again.Corrections != 0 || again.UndoID != "" {
		t.Errorf("the same again = %+v, want no change", again)
	}
	if err := d.undo.Undo(d.Ctx, out.UndoID); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, d.get(t, id)); diff != "" {
		t.Errorf("after undo -want +got:\n%s", diff)
	}
	if found, err := d.ledger.Corrections(d.Ctx, d.Workspace, []string{id}); err != nil || len(found) != 0 {
		t.Errorf("Corrections after undo = %+v, %v", found, err)
	}
	if list, err := d.ledger.DecisionsOf(d.Ctx, id); err != nil || len(list) != 3 || len(list[2].Corrections) != 7 || list[2].Corrections[0].UndoneAt == nil ||
		list[0].Reason != "Undone" || list[0].Outcome[FieldAssignee] != "" {
		t.Errorf("DecisionsOf = %+v, %v; want the corrections, marked undone, and what was no correction put back", list, err)
	}
}

func TestUndoOfAnOlderCorrectionWaits(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ids := d.Add("one", "two")
	first := d.correct(t, Edit{Category: ptr("question")}, ids...)
	second := d.correct(t, Edit{Category: ptr("data")}, ids[0])
	// Of the two, one was changed again: only the other goes back.
	if err := d.undo.Undo(d.Ctx, first.UndoID); err != nil {
		t.Fatal(err)
	}
	if a, b := d.get(t, ids[0]).Category, d.get(t, ids[1]).Category; a != "data" || b != "bug" {
		t.Errorf("categories %s, %s; want data, bug", a, b)
	}
	third := d.correct(t, Edit{Category: ptr("praise")}, ids[0])
	if err := d.undo.Undo(d.Ctx, second.UndoID); !errs.Is(err, errs.Conflict) {
		t.Errorf("undo of what was changed again = %v, want a conflict", err)
	}
	if err := d.undo.Undo(d.Ctx, third.UndoID); err != nil {
		t.Fatal(err)
	}
	if err := d.undo.Undo(d.Ctx, second.UndoID); err != nil {
		t.Errorf("undo in order: %v", err)
	}
	if got := d.get(t, ids[0]).Category; got != "question" {
		t.Errorf("category %s, want what the first correction says", got)
	}
}

func TestCorrectRefuses(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id := d.Add("one")[0]
	accepted := d.Add("two")[0]
	d.accept(t, accepted)
	for _, tc := range []struct {
		id   string
		e    Edit
		kind errs.Kind
		want string
	}{
		{id, Edit{}, errs.Invalid, "nothing to change"},
		{id, Edit{Category: ptr("bugs")}, errs.Invalid, "use one of " + strings.Join(nlp.Categories, ", ")},
		{id, Edit{Severity: ptr("")}, errs.Invalid, "use one of sev1, sev2, sev3, sev4"},
		{id, Edit{Sentiment: ptr("bad")}, errs.Invalid, "use one of negative, neutral, positive"},
		{id, Edit{Emotion: ptr("rage")}, errs.Invalid, "use one of anger, fear"},
		{id, Edit{Language: ptr("xx")}, errs.Invalid, "ISO 639-1"},
		{id, Edit{Language: ptr("deu")}, errs.Invalid, "ISO 639-1"},
		{id, Edit{Area: ptr("a\nb")}, errs.Invalid, "one line"},
		{id, Edit{Tags: &[]string{"a,b"}}, errs.Invalid, "can't be a tag"},
		{id, Edit{AssigneeID: ptr("nobody")}, errs.Invalid, "no member"},
		{accepted, Edit{Spam: ptr(true)}, errs.Conflict, "belongs to an issue"},
		{"nothing", Edit{Category: ptr("bug")}, errs.NotFound, "no feedback nothing"},
	} {
		_, err := d.ledger.Correct(d.Ctx, "", []string{tc.id}, tc.e)
		if !errs.Is(err, tc.kind) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("Correct(%+v) = %v, want %s with %q", tc.e, err, tc.kind, tc.want)
		}
	}
	// One that is missing leaves the others as they were.
	if _, err := d.ledger.Correct(d.Ctx, "", []string{id, "nothing"}, Edit{Category: ptr("data")}); !errs.Is(err, errs.NotFound) || d.get(t, id).Category != "bug" {
		t.Errorf("Correct of a missing one = %v and category %s", err, d.get(t, id).Category)
	}
	if _, err := d.ledger.Correct(d.Ctx, d.Launch("other"), []string{id}, Edit{Category: ptr("data")}); !errs.Is(err, errs.NotFound) {
		t.Errorf("Correct through another launch = %v, want not found", err)
	}
	if _, err := d.ledger.Correct(d.Ctx, "", make([]string, 0), Edit{Category: ptr("data")}); !errs.Is(err, errs.Invalid) {
		t.Errorf("Correct of none = %v, want invalid", err)
	}
	for _, lang := range []string{"unknown", "sw", "pt"} {
		d.correct(t, Edit{Language: &lang}, id)
	}
}

func TestKeepHoldsOverALaterReading(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.rule(t, "loud", `text.contains("crash")`, Then{Severity: "sev2"})
	ids := d.Add("it crashes", "it crashes too", "thank you")
	d.correct(t, Edit{Category: ptr("question")}, ids[0])
	d.correct(t, Edit{Category: ptr("data"), Severity: ptr("sev4"), Sentiment: ptr("neutral")}, ids[0])
	taken := d.correct(t, Edit{Category: ptr("other")}, ids[1])
	if err := d.undo.Undo(d.Ctx, taken.UndoID); err != nil {
		t.Fatal(err)
	}
	read := func(f *feedback.Feedback) {
		f.ApplyReading(&nlp.Result{Version: "v2", Pass: nlp.Full, Language: nlp.Language{Code: "fr"}, Sentiment: nlp.Sentiment{Label: "positive", Score: .9},
			Categories: []nlp.Scored{{Name: "performance", Confidence: .7}}, Severity: nlp.Severity{Level: "sev3", Confidence: .5}})
	}
	var changed []*feedback.Feedback
	err := d.DB.Tx(d.Ctx, func(tx *db.Tx) (err error) {
		changed, err = d.Feedback.ChangeAll(d.Ctx, tx, d.Workspace, ids, func(list []*feedback.Feedback) error {
			for _, f := range list {
				read(f)
			}
			return d.ledger.Keep(d.Ctx, tx, d.Workspace, list)
		})
		if err != nil {
			return err
		}
		return d.ledger.Record(d.Ctx, tx, d.Workspace, d.LaunchID, changed, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	got := [][]string{}
	for _, id := range ids {
		f := d.get(t, id)
		got = append(got, []string{f.Category, f.Severity, f.Sentiment, f.Language})
	}
	want := [][]string{{"data", "sev4", "neutral", "fr"}, {"performance", "sev2", "positive", "fr"}, {"performance", "sev3", "positive", "fr"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after the second reading -want +got:\n%s", diff)
	}
	if list, err := d.ledger.DecisionsOf(d.Ctx, ids[0]); err != nil || len(list) != 3 || list[0].Version != "v2/full" || list[0].Outcome["category"] != "performance" {
		t.Errorf("DecisionsOf = %+v, %v; want the second reading as it was read", list, err)
	}
}

func TestUndoGoesBackToTheNewestReading(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id := d.Add("hello")[0]
	out := d.correct(t, Edit{Category: ptr("question")}, id)
	err := d.DB.Tx(d.Ctx, func(tx *db.Tx) error {
		_, err := d.Feedback.ChangeAll(d.Ctx, tx, d.Workspace, []string{id}, func(list []*feedback.Feedback) error {
			list[0].ApplyReading(&nlp.Result{Version: "v2", Pass: nlp.Full, Categories: []nlp.Scored{{Name: "performance", Confidence: .7}}})
			return d.ledger.Keep(d.Ctx, tx, d.Workspace, list)
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.undo.Undo(d.Ctx, out.UndoID); err != nil {
		t.Fatal(err)
	}
	if f := d.get(t, id); f.Category != "performance" || f.CategoryConfidence != .7 {
		t.Errorf("category %s (%v), want what the second reading says", f.Category, f.CategoryConfidence)
	}
}

func TestLessons(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ids := d.Add("one", "two", "three", "four")
	var told []Lesson
	forgot := 0
	d.ledger.OnCorrection(func(ws workspace.ID, l Lesson) {
		if ws == d.Workspace {
			told = append(told, l)
		}
	})
	d.ledger.OnTakenBack(func(workspace.ID) { forgot++ })
	d.correct(t, Edit{Category: ptr("question")}, ids[0], ids[1])
	d.correct(t, Edit{Category: ptr("data"), Severity: ptr("sev1")}, ids[0])
	back := d.correct(t, Edit{Category: ptr("other")}, ids[2])
	if err := d.undo.Undo(d.Ctx, back.UndoID); err != nil {
		t.Fatal(err)
	}
	d.correct(t, Edit{Category: ptr("other")}, ids[3])
	d.correct(t, Edit{Category: ptr("bug")}, ids[3]) // a change of mind teaches nothing
	d.correct(t, Edit{Tags: &[]string{"x"}}, ids[3])
	if len(told) != 7 || forgot != 1 || told[0].Text != "one" || told[0].From != "bug" || told[0].To != "question" {
		t.Errorf("told %d lessons %+v, forgot %d times; want 7 and 1", len(told), told, forgot)
	}
	list, err := d.ledger.Lessons(d.Ctx, d.Workspace)
	if err != nil {
		t.Fatal(err)
	}
	got := map[[2]string][2]string{}
	for _, l := range list {
		got[[2]string{l.Text, l.Field}] = [2]string{l.From, l.To}
	}
	want := map[[2]string][2]string{{"one", "category"}: {"bug", "data"}, {"one", "severity"}: {"sev3", "sev1"}, {"two", "category"}: {"bug", "question"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Lessons -want +got:\n%s", diff)
	}
	if list, err := d.ledger.Lessons(d.Ctx, d.other().Workspace); err != nil || len(list) != 0 {
		t.Errorf("Lessons of another workspace = %v, %v", list, err)
	}
}

func TestLedgerKeepsRolesAndTenantsApart(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id := d.Add("mine")[0]
	undo := d.correct(t, Edit{Category: ptr("data")}, id).UndoID
	o := d.other()
	o.Add("theirs")
	verbs := map[string]struct {
		need workspace.Permission
		call func(*desk, workspace.Role) error
	}{
		"correct": {workspace.WorkFeedback, func(x *desk, r workspace.Role) error {
			_, err := x.ledger.Correct(x.As(r), "", []string{id}, Edit{Category: ptr("data")})
			return err
		}},
		"correct in launch": {workspace.WorkFeedback, func(x *desk, r workspace.Role) error {
			_, err := x.ledger.Correct(x.As(r), d.LaunchID, []string{id}, Edit{Category: ptr("data")})
			return err
		}},
		"decisions": {workspace.Read, func(x *desk, r workspace.Role) error {
			_, err := x.ledger.Decisions(x.As(r), d.LaunchID, DecisionFilter{Limit: 5})
			return err
		}},
		"decisions of": {workspace.Read, func(x *desk, r workspace.Role) error { _, err := x.ledger.DecisionsOf(x.As(r), id); return err }},
		"accuracy":     {workspace.Read, func(x *desk, r workspace.Role) error { _, err := x.ledger.Accuracy(x.As(r), d.LaunchID); return err }},
	}
	for verb, v := range verbs {
		if err := v.call(o, workspace.Owner); !errs.Is(err, errs.NotFound) {
			t.Errorf("%s from another workspace = %v, want not found", verb, err)
		}
		for _, role := range []workspace.Role{workspace.Responder, workspace.Viewer, workspace.Intake} {
			err := v.call(d, role)
			if may := (workspace.Actor{Role: role}).Can(v.need); may && err != nil || !may && !errs.Is(err, errs.Denied) {
				t.Errorf("%s as %s = %v", verb, role, err)
			}
		}
	}
	if err := d.undo.Undo(o.Ctx, undo); !errs.Is(err, errs.NotFound) {
		t.Errorf("undo from another workspace = %v, want not found", err)
	}
	if found, err := d.ledger.Corrections(o.Ctx, o.Workspace, []string{id}); err != nil || len(found) != 0 {
		t.Errorf("Corrections from another workspace = %v, %v", found, err)
	}
	mine := d.get(t, id)
	mine.Category = "bug"
	if err := d.ledger.Keep(o.Ctx, d.DB, o.Workspace, []*feedback.Feedback{mine}); err != nil || mine.Category != "bug" {
		t.Errorf("Keep with another workspace's corrections made it %s, %v", mine.Category, err)
	}
}
