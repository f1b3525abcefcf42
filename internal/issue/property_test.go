package issue

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
)

// state is everything that acts may change in a launch, except when.
func (b *bench) state(launchID string) []string {
	b.t.Helper()
	var out []string
	for _, p := range b.places(launchID) {
		out = append(out, fmt.Sprintf("%+v", p))
	}
	for _, i := range b.issues(launchID) {
		i.UpdatedAt = i.CreatedAt
		text := must(json.Marshal(i))(b.t)
		facts := must(json.Marshal(i.facts))(b.t)
		fields := must(json.Marshal(i.fields()))(b.t)
		out = append(out, fmt.Sprintf("%s merged %q refresh %d\n%s\n%s", text, i.mergedInto, i.refreshAt, facts, fields))
	}
	return out
}

// sound checks what must hold after any act.
func (b *bench) sound(t rapid.TB, launchID string, reports int) {
	places := b.places(launchID)
	if len(places) != reports {
		t.Fatalf("%d feedback, want %d", len(places), reports)
	}
	of := map[string]int{}
	for _, p := range places {
		if (p.State == feedback.Accepted) != (p.IssueID != "") {
			t.Fatalf("feedback %d is %s in issue %q", p.Num, p.State, p.IssueID)
		}
		of[p.IssueID]++
	}
	open := 0
	for _, i := range b.issues(launchID) {
		if i.Reach.Feedback != of[i.ID] {
			t.Fatalf("%s says %d reports, has %d", i.Key, i.Reach.Feedback, of[i.ID])
		}
		if i.mergedInto != "" && of[i.ID] > 0 {
			t.Fatalf("%s is merged and has %d feedback", i.Key, of[i.ID])
		}
		if i.mergedInto == "" && i.Stage != Closure {
			open++
		}
		delete(of, i.ID)
	}
	delete(of, "")
	if len(of) > 0 {
		t.Fatalf("feedback in issues that are not there: %v", of)
	}
	if n := must(b.s.CountOpen(b.Ctx, b.Workspace, launchID))(b.t); n != open {
		t.Fatalf("CountOpen = %d, want %d", n, open)
	}
}

// TestUndoRestores makes any sequence of acts and takes them back in reverse:
// after each step the records are what they were, and never is a feedback
// lost or in an issue that is not there.
func TestUndoRestores(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		launchID := b.Launch(fmt.Sprint("run ", run))
		ids := b.AddMany(launchID,
			feedbacktest.From("u1", "The app crashes", "tier=enterprise"), feedbacktest.From("u1", "It is down again"),
			feedbacktest.From("u2", "Please add a dark theme", "region=eu"), feedbacktest.From("u3", "Thank you"),
			feedback.Input{Text: "The list is slow"}, feedback.Input{Text: "It crashes"})
		type done struct {
			undo   string
			before []string
		}
		var acts []done
		for range rapid.IntRange(1, 8).Draw(t, "acts") {
			before := b.state(launchID)
			undoID, err := b.anyAct(t, launchID, ids)
			b.sound(t, launchID, len(ids))
			if err != nil {
				if k := errs.KindOf(err); k == errs.Internal {
					t.Fatal(err)
				}
				if diff := cmp.Diff(before, b.state(launchID)); diff != "" {
					t.Fatalf("refused with %v, and yet -before +after:\n%s", err, diff)
				}
				continue
			}
			acts = append(acts, done{undoID, before})
		}
		slices.Reverse(acts)
		for _, a := range acts {
			if err := b.undo.Undo(b.Ctx, a.undo); err != nil {
				t.Fatalf("undo in reverse: %v", err)
			}
			if diff := cmp.Diff(a.before, b.state(launchID)); diff != "" {
				t.Fatalf("undone -before +after:\n%s", diff)
			}
			b.sound(t, launchID, len(ids))
		}
	})
}

// TestUndoInAnyOrder takes acts back in any order: it may be refused, but
// nothing gets lost.
func TestUndoInAnyOrder(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		launchID := b.Launch(fmt.Sprint("run ", run))
		ids := b.AddMany(launchID, feedback.Input{Text: "one"}, feedback.Input{Text: "two"}, feedback.Input{Text: "three"}, feedback.Input{Text: "four"})
		var acts []string
		for range rapid.IntRange(1, 6).Draw(t, "acts") {
			if undoID, err := b.anyAct(t, launchID, ids); err == nil {
				acts = append(acts, undoID)
			}
		}
		for _, id := range rapid.Permutation(acts).Draw(t, "order") {
			before := b.state(launchID)
			if err := b.undo.Undo(b.Ctx, id); err != nil {
				if !errs.Is(err, errs.Conflict) {
					t.Fatal(err)
				}
				if diff := cmp.Diff(before, b.state(launchID)); diff != "" {
					t.Fatalf("refused, and yet -before +after:\n%s", diff)
				}
			}
			b.sound(t, launchID, len(ids))
		}
	})
}

// anyAct does something that a person may do.
func (b *bench) anyAct(t *rapid.T, launchID string, ids []string) (undoID string, err error) {
	var issues []string
	for _, i := range b.issues(launchID) {
		issues = append(issues, i.ID)
	}
	some := func() []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(ids), 1, 3, rapid.ID).Draw(t, "feedback")
	}
	an := func(name string) string {
		if len(issues) == 0 {
			return "HC-1"
		}
		return rapid.SampledFrom(issues).Draw(t, name)
	}
	ctx := b.Ctx
	switch rapid.SampledFrom([]string{"accept", "accept", "join", "join", "many", "group", "ignore", "merge", "merge", "split", "change", "create"}).Draw(t, "act") {
	case "accept":
		r, err := b.s.Accept(ctx, some()[0], "")
		return undoOf(err, func() string { return r.UndoID })
	case "join":
		r, err := b.s.Accept(ctx, some()[0], an("into"))
		return undoOf(err, func() string { return r.UndoID })
	case "many":
		r, err := b.s.AcceptMany(ctx, launchID, some(), false, an("into"))
		return undoOf(err, func() string { return r.UndoID })
	case "group":
		b.s.SetGrouper(fakeGrouper{ids[:2], ids[1:]})
		r, err := b.s.AcceptMany(ctx, launchID, some(), true, "")
		return undoOf(err, func() string { return r.UndoID })
	case "ignore":
		r, err := b.s.Ignore(ctx, launchID, some(), "not ours")
		return undoOf(err, func() string { return r.UndoID })
	case "merge":
		r, err := b.s.Merge(ctx, an("from"), an("into"))
		return undoOf(err, func() string { return r.UndoID })
	case "split":
		r, err := b.s.Split(ctx, an("from"), some(), "")
		return undoOf(err, func() string { return r.UndoID })
	case "create":
		r, err := b.s.Create(ctx, launchID, Input{Title: "By hand", Urgency: 3, FeedbackIDs: some()})
		return undoOf(err, func() string { return r.UndoID })
	}
	stage := rapid.SampledFrom(Stages).Draw(t, "stage")
	urgency := rapid.IntRange(0, 5).Draw(t, "urgency")
	tags := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 3).Draw(t, "tags")
	r, err := b.s.Change(ctx, an("changed"), Change{Stage: &stage, Urgency: &urgency, Tags: &tags})
	return undoOf(err, func() string { return r.UndoID })
}

func undoOf(err error, id func() string) (string, error) {
	if err != nil {
		return "", err
	}
	return id(), nil
}
