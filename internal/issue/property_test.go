package issue

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hypercare/hypercare/internal/db"
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
	for _, l := range b.ties(launchID) {
		out = append(out, fmt.Sprintf("%+v", l))
	}
	return append(out, must(db.All(b.Ctx, b.DB, func(r db.Scanner) (s string, err error) { return s, r.Scan(&s) },
		`SELECT o.feedback_id || ' came from ' || o.from_id || ' into ' || o.into_id FROM issue_origin AS o JOIN feedback AS f ON f.workspace_id = o.workspace_id AND f.id = o.feedback_id
		WHERE o.workspace_id = $1 AND f.launch_id = $2 AND o.into_id = f.issue_id ORDER BY f.num`, b.Workspace, launchID))(b.t)...)
}

// ties returns all links of a launch as they are in the records.
func (b *bench) ties(launchID string) []tie {
	b.t.Helper()
	return must(db.All(b.Ctx, b.DB, scanTie, `SELECT `+tieColumns+` FROM issue_link WHERE workspace_id = $1 AND launch_id = $2 ORDER BY id`, b.Workspace, launchID))(b.t)
}

// tied checks what must hold of links after any act.
func (b *bench) tied(t rapid.TB, launchID string) {
	open := map[string]bool{}
	for _, i := range b.issues(launchID) {
		open[i.ID] = i.mergedInto == ""
	}
	seen := map[string]bool{}
	next := map[string][]string{}
	var nodes []string
	for _, l := range b.ties(launchID) {
		said := l.From + l.Kind + l.To
		switch {
		case !open[l.From] || !open[l.To]:
			t.Fatalf("%+v ends at an issue that is merged or gone", l)
		case l.From == l.To:
			t.Fatalf("%+v ties an issue to itself", l)
		case seen[said] || l.Kind == relatesTo && l.From > l.To:
			t.Fatalf("%+v is there twice", l)
		}
		seen[said] = true
		if l.Kind == blocks {
			next[l.From] = append(next[l.From], l.To)
			nodes = append(nodes, l.From)
		}
	}
	if c := circleIn(nodes, next); c != nil {
		t.Fatalf("a circle of blocks: %v", c)
	}
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
	b.tied(t, launchID)
}

// TestLinksStayConsistent links, merges and undoes in any order, with more
// issues than TestUndoRestores has, so that circles and doubles come about.
func TestLinksStayConsistent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		launchID := b.Launch(fmt.Sprint("run ", run))
		var ids []string
		for k := range 5 {
			ids = append(ids, must(b.s.Create(b.Ctx, launchID, Input{Title: fmt.Sprint("Issue ", k)}))(b.t).Issue.ID)
		}
		one := func(name string) string { return rapid.SampledFrom(ids).Draw(t, name) }
		var acts []string
		for range rapid.IntRange(1, 20).Draw(t, "acts") {
			before := b.state(launchID)
			var undoID string
			var err error
			switch rapid.SampledFrom([]string{"link", "link", "link", "unlink", "merge", "undo"}).Draw(t, "act") {
			case "link":
				undoID, err = b.anyLink(t, one("from"), one("to"))
			case "unlink":
				undoID, err = b.anyUnlink(t, launchID)
			case "merge":
				r, e := b.s.MergeMany(b.Ctx, launchID, []string{one("merged"), one("merged too")}, one("into"))
				undoID, err = undoOf(e, func() string { return r.UndoID })
			case "undo":
				if len(acts) > 0 {
					k := rapid.IntRange(0, len(acts)-1).Draw(t, "which")
					if err = b.undo.Undo(b.Ctx, acts[k]); err == nil {
						acts = slices.Delete(acts, k, k+1)
					}
				}
			}
			b.tied(t, launchID)
			if err != nil {
				if errs.KindOf(err) == errs.Internal {
					t.Fatal(err)
				}
				if diff := cmp.Diff(before, b.state(launchID)); diff != "" {
					t.Fatalf("refused with %v, and yet -before +after:\n%s", err, diff)
				}
			} else if undoID != "" {
				acts = append(acts, undoID)
			}
		}
	})
}

func (b *bench) anyLink(t *rapid.T, from, to string) (string, error) {
	kind := rapid.SampledFrom([]string{blocks, blocks, "blocked_by", relatesTo, duplicates, "duplicated_by", "caused_by"}).Draw(t, "kind")
	r, err := b.s.Link(b.Ctx, from, to, kind)
	return undoOf(err, func() string { return r.UndoID })
}

func (b *bench) anyUnlink(t *rapid.T, launchID string) (string, error) {
	list := b.ties(launchID)
	if len(list) == 0 {
		return "", errs.New(errs.NotFound, "There is no link.")
	}
	l := rapid.SampledFrom(list).Draw(t, "link")
	r, err := b.s.Unlink(b.Ctx, rapid.SampledFrom([]string{l.From, l.To}).Draw(t, "end"), l.ID)
	return undoOf(err, func() string { return r.UndoID })
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
	switch rapid.SampledFrom([]string{"accept", "accept", "join", "join", "many", "group", "ignore", "merge", "merge", "merge many", "split", "change", "change many", "create", "link", "link", "unlink"}).Draw(t, "act") {
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
	case "merge many":
		r, err := b.s.MergeMany(ctx, launchID, []string{an("from"), an("from too")}, an("into"))
		return undoOf(err, func() string { return r.UndoID })
	case "change many":
		severity := rapid.SampledFrom(Severities).Draw(t, "severity")
		r, err := b.s.ChangeMany(ctx, launchID, []string{an("one"), an("other")}, BulkChange{Severity: &severity, AddTags: []string{"b"}})
		return undoOf(err, func() string { return r.UndoID })
	case "link":
		return b.anyLink(t, an("from"), an("to"))
	case "unlink":
		return b.anyUnlink(t, launchID)
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
