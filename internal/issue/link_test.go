package issue

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
)

// made makes issues by hand and returns nothing: they are HC-1 and on.
func (b *bench) made(titles ...string) {
	b.t.Helper()
	for _, title := range titles {
		must(b.s.Create(b.Ctx, b.LaunchID, Input{Title: title}))(b.t)
	}
}

// said are the links of an issue in words, as it sees them.
func (b *bench) said(key string) (out []string) {
	b.t.Helper()
	for _, l := range b.get(key).Links {
		out = append(out, l.Kind+" "+l.Issue.Key)
	}
	return out
}

func (b *bench) wantLinks(what string, want map[string][]string) {
	b.t.Helper()
	for key, links := range want {
		if diff := cmp.Diff(links, b.said(key)); diff != "" {
			b.t.Errorf("%s: links of %s -want +got:\n%s", what, key, diff)
		}
	}
}

func TestLinksAreSeenFromBothEnds(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.made("one", "two", "three")
	first := must(b.s.Link(b.Ctx, "HC-1", "hc-2", "blocks"))(t)
	must(b.s.Link(b.Ctx, "HC-1", "HC-3", "caused_by"))(t)
	must(b.s.Link(b.Ctx, "HC-3", "HC-2", "relates_to"))(t)
	must(b.s.Link(b.Ctx, "HC-2", "HC-1", "duplicated_by"))(t)
	b.wantLinks("made", map[string][]string{
		"HC-1": {"blocks HC-2", "caused_by HC-3", "duplicates HC-2"},
		"HC-2": {"blocked_by HC-1", "duplicated_by HC-1", "relates_to HC-3"},
		"HC-3": {"causes HC-1", "relates_to HC-2"},
	})
	if l := first.Issue.Links[0]; l.ID != first.LinkID || l.Issue.Title != "two" || l.Issue.Stage != Intake || l.Issue.Severity != "sev3" || l.By != "Ada owner" {
		t.Errorf("link = %+v", l)
	}
	for _, want := range []struct{ key, to string }{{"HC-1", "duplicates HC-2"}, {"HC-2", "duplicated_by HC-1"}} {
		h := must(b.s.History(b.Ctx, want.key, Place{}, 1))(t)[0]
		if h.Field != "linked" || h.From != "" || h.To != want.to {
			t.Errorf("history of %s = %+v, want linked to %q", want.key, h, want.to)
		}
	}
	gone := must(b.s.Unlink(b.Ctx, "HC-2", first.LinkID))(t)
	b.wantLinks("taken away", map[string][]string{"HC-1": {"caused_by HC-3", "duplicates HC-2"}, "HC-2": {"duplicated_by HC-1", "relates_to HC-3"}})
	b.takeBack(gone.UndoID)
	b.takeBack(first.UndoID)
	b.wantLinks("undone", map[string][]string{"HC-1": {"caused_by HC-3", "duplicates HC-2"}})
}

func TestLinkRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.made("one", "two", "three", "four")
	must(b.s.Create(b.Ctx, b.Launch("Second"), Input{Title: "elsewhere"}))(t)
	must(b.s.Link(b.Ctx, "HC-1", "HC-2", "blocks"))(t)
	must(b.s.Link(b.Ctx, "HC-2", "HC-3", "blocks"))(t)
	must(b.s.Link(b.Ctx, "HC-2", "HC-1", "relates_to"))(t)
	must(b.s.Merge(b.Ctx, "HC-4", "HC-3"))(t)
	before := b.state(b.LaunchID)
	for _, tc := range []struct {
		from, kind, to string
		want           errs.Kind
		says           string
	}{
		{"HC-1", "blocks", "HC-1", errs.Invalid, "itself"},
		{"HC-1", "follows", "HC-2", errs.Invalid, "no kind"},
		{"HC-1", "blocks", " ", errs.Invalid, "Name the issue"},
		{"HC-1", "blocks", "HC-2", errs.Conflict, "HC-1 blocks HC-2 already"},
		{"HC-2", "blocked_by", "HC-1", errs.Conflict, "HC-1 blocks HC-2 already"},
		{"HC-1", "relates_to", "HC-2", errs.Conflict, "relates to"},
		{"HC-1", "blocks", "HC-99", errs.NotFound, "HC-99"},
		{"HC-1", "blocks", "HC-5", errs.Unprocessable, "another launch"},
		{"HC-2", "blocks", "HC-1", errs.Conflict, "circle"},
		{"HC-3", "blocks", "HC-1", errs.Conflict, "HC-1 blocks HC-2, which blocks HC-3, which blocks HC-1"},
		{"HC-4", "blocks", "HC-1", errs.Conflict, "circle"}, // HC-4 is HC-3 now
		{"HC-3", "relates_to", "HC-4", errs.Invalid, "itself"},
	} {
		_, err := b.s.Link(b.Ctx, tc.from, tc.to, tc.kind)
		if !errs.Is(err, tc.want) || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s %s %s = %v, want %s that says %q", tc.from, tc.kind, tc.to, err, tc.want, tc.says)
		}
	}
	if _, err := b.s.Unlink(b.Ctx, "HC-1", "nothing"); !errs.Is(err, errs.NotFound) {
		t.Errorf("taking away what is not there = %v, want not found", err)
	}
	if diff := cmp.Diff(before, b.state(b.LaunchID)); diff != "" {
		t.Errorf("refused, and yet -before +after:\n%s", diff)
	}
}

func TestLinksAreBounded(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.made("hub")
	for k := range maxLinks + 1 {
		b.made(fmt.Sprint("spoke ", k))
		_, err := b.s.Link(b.Ctx, fmt.Sprint("HC-", k+2), "HC-1", "relates_to")
		if full := k == maxLinks; full != errs.Is(err, errs.Unprocessable) || err != nil && !full {
			t.Fatalf("link %d = %v", k+1, err)
		}
	}
}

func TestMergeMovesLinks(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.made("one", "two", "three", "four")
	for _, l := range [][3]string{{"HC-1", "blocks", "HC-2"}, {"HC-1", "relates_to", "HC-3"}, {"HC-2", "relates_to", "HC-3"}, {"HC-4", "blocks", "HC-1"}} {
		must(b.s.Link(b.Ctx, l[0], l[2], l[1]))(t)
	}
	before := b.state(b.LaunchID)
	p := must(b.s.PreviewMerge(b.Ctx, b.LaunchID, []string{"HC-1"}, "HC-2"))(t)
	if p.LinksMoved != 1 || p.LinksDropped != 2 {
		t.Errorf("preview moves %d links and drops %d, want 1 and 2", p.LinksMoved, p.LinksDropped)
	}
	merged := must(b.s.Merge(b.Ctx, "HC-1", "HC-2"))(t)
	// The link between the two went, the double one as well.
	b.wantLinks("merged", map[string][]string{"HC-1": nil, "HC-2": {"blocked_by HC-4", "relates_to HC-3"}, "HC-3": {"relates_to HC-2"}, "HC-4": {"blocks HC-2"}})
	h := must(b.s.History(b.Ctx, "HC-4", Place{}, 1))(t)[0]
	if h.Field != "linked" || h.From != "blocks HC-1" || h.To != "blocks HC-2" || h.Reason != "HC-1 was merged into HC-2" {
		t.Errorf("history of the neighbour = %+v", h)
	}
	b.takeBack(merged.UndoID)
	if diff := cmp.Diff(before, b.state(b.LaunchID)); diff != "" {
		t.Errorf("undone -before +after:\n%s", diff)
	}

	// HC-1 blocks HC-2: merged with what that blocks it would block itself.
	must(b.s.Link(b.Ctx, "HC-2", "HC-3", "blocks"))(t)
	before = b.state(b.LaunchID)
	if _, err := b.s.Merge(b.Ctx, "HC-3", "HC-1"); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "circle") {
		t.Errorf("a merger that closes a circle = %v", err)
	}
	if diff := cmp.Diff(before, b.state(b.LaunchID)); diff != "" {
		t.Errorf("refused, and yet -before +after:\n%s", diff)
	}
}

func TestUndoOfLinksKeepsOrder(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.made("one", "two", "three")
	link := must(b.s.Link(b.Ctx, "HC-1", "HC-2", "blocks"))(t)
	gone := must(b.s.Unlink(b.Ctx, "HC-1", link.LinkID))(t)
	back := must(b.s.Link(b.Ctx, "HC-2", "HC-1", "blocks"))(t)
	if err := b.undo.Undo(b.Ctx, gone.UndoID); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "circle") {
		t.Errorf("undo that closes a circle = %v, want a conflict", err)
	}
	merged := must(b.s.Merge(b.Ctx, "HC-2", "HC-3"))(t)
	if err := b.undo.Undo(b.Ctx, back.UndoID); !errs.Is(err, errs.Conflict) {
		t.Errorf("undo of a link that a merger moved = %v, want a conflict", err)
	}
	b.takeBack(merged.UndoID)
	b.takeBack(back.UndoID)
	b.takeBack(gone.UndoID)
	again := must(b.s.Unlink(b.Ctx, "HC-1", link.LinkID))(t)
	must(b.s.Link(b.Ctx, "HC-1", "HC-2", "blocks"))(t)
	if err := b.undo.Undo(b.Ctx, again.UndoID); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "linked again") {
		t.Errorf("undo of what was done again = %v, want a conflict", err)
	}
}

func TestLinkHTTP(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.made("one", "two")
	c := b.client()
	code, out := c.call("POST /issues/HC-1/links", `{"to":"HC-2","kind":"blocks"}`)
	if code != 201 || at(out, "issue", "links", 0, "issue", "key") != "HC-2" || at(out, "undo_id") == nil {
		t.Fatalf("link = %d %v", code, out)
	}
	code, out = c.call("DELETE /issues/HC-2/links/"+at(out, "link_id").(string), "")
	if code != 200 || at(out, "key") != "HC-2" || at(out, "links") != nil || at(out, "undo_id") == nil {
		t.Errorf("unlink = %d %v", code, out)
	}
	for body, want := range map[string]int{`{"to":"HC-2"}`: 422, `{"to":"HC-2","kind":"likes"}`: 422, `{"to":"","kind":"blocks"}`: 422, `{"to":"HC-9","kind":"blocks"}`: 404, `{"to":"\u0000","kind":"blocks"}`: 404} {
		if code, out := c.call("POST /issues/HC-1/links", body); code != want || at(out, "detail") == nil {
			t.Errorf("%s = %d %v, want %d with a sentence", body, code, out, want)
		}
	}
	if code, _ := c.call("DELETE /issues/HC-1/links/%00", ""); code != 404 {
		t.Errorf("an impossible id = %d, want 404", code)
	}
}

func TestStagesOfAnIssue(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.made("one")
	move := func(stage string) *Changed { return must(b.s.Change(b.Ctx, "HC-1", Change{Stage: &stage}))(t) }
	move(Analysis)
	wrong := move(Resolution)
	b.takeBack(wrong.UndoID)
	move(Planning)
	i := move(Analysis).Issue // back again, later than the first time
	var got []string
	for _, e := range i.Stages {
		got = append(got, e.Stage)
		if e.By.Name != "Ada owner" || e.EnteredAt.IsZero() {
			t.Errorf("%s entered %v by %+v", e.Stage, e.EnteredAt, e.By)
		}
	}
	// What was undone did not happen.
	if diff := cmp.Diff([]string{Intake, Analysis, Planning}, got); diff != "" {
		t.Errorf("stages -want +got:\n%s", diff)
	}
	if made := must(b.s.Create(b.Ctx, b.LaunchID, Input{Title: "two", Stage: Closure}))(t).Issue; len(made.Stages) != 1 || made.Stages[0].Stage != Closure || made.ClosedAt == nil {
		t.Errorf("made closed = %s, closed at %v, stages %+v", made.Stage, made.ClosedAt, made.Stages)
	}
	if !i.Stages[1].EnteredAt.Equal(i.StageEnteredAt) {
		t.Errorf("analysis was entered %v, the issue says %v", i.Stages[1].EnteredAt, i.StageEnteredAt)
	}
}

func TestDismissedSeverity(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.Add("slow", "It crashes", "It crashes too")
	i := b.accept(ids[0], "").Issue
	b.accept(ids[1], "HC-1")
	if s := b.accept(ids[2], "HC-1").Issue.SuggestedSeverity; s == nil || s.Level != "sev1" || i.Severity == "sev1" {
		t.Fatalf("suggested = %+v", s)
	}
	level := "sev1"
	c := must(b.s.Change(b.Ctx, "HC-1", Change{Dismissed: &level}))(t)
	if c.Issue.SuggestedSeverity != nil || c.Issue.DismissedSeverity != "sev1" || c.Issue.Severity != i.Severity {
		t.Errorf("dismissed, and yet suggests %+v", c.Issue.SuggestedSeverity)
	}
	b.takeBack(c.UndoID)
	if s := b.get("HC-1").SuggestedSeverity; s == nil {
		t.Error("after undo it is not suggested")
	}
	bad := "sev4"
	if _, err := b.s.Change(b.Ctx, "HC-1", Change{Dismissed: &bad}); !errs.Is(err, errs.Invalid) {
		t.Errorf("dismissing what is never suggested = %v", err)
	}
}

func TestReportersSayWhereTheyCameFrom(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.AddTo(b.LaunchID, feedbacktest.From("u1", "one"), feedbacktest.From("u2", "two"), feedbacktest.From("u2", "two again"), feedbacktest.From("u3", "three"), feedback.Input{Text: "nobody"})
	b.accept(ids[0], "")
	for _, id := range ids[1:3] {
		b.accept(id, map[bool]string{true: "", false: "HC-2"}[id == ids[1]])
	}
	b.accept(ids[3], "")
	b.accept(ids[4], "HC-3")
	came := func() map[string]string {
		out := map[string]string{}
		for _, r := range must(b.s.Reporters(b.Ctx, "HC-1", "", 10))(t) {
			for _, from := range r.MergedFrom {
				out[r.Name] += from.Key
			}
		}
		return out
	}
	must(b.s.Merge(b.Ctx, "HC-3", "HC-2"))(t)
	second := must(b.s.Merge(b.Ctx, "HC-2", "HC-1"))(t)
	// By two mergers: the first home counts.
	if diff := cmp.Diff(map[string]string{"u2": "HC-2", "u3": "HC-3"}, came()); diff != "" {
		t.Errorf("came from -want +got:\n%s", diff)
	}
	b.takeBack(second.UndoID)
	if diff := cmp.Diff(map[string]string{}, came()); diff != "" {
		t.Errorf("after undo -want +got:\n%s", diff)
	}
	must(b.s.Merge(b.Ctx, "HC-2", "HC-1"))(t)
	more := b.AddTo(b.LaunchID, feedbacktest.From("u2", "two by another way"))
	b.accept(more[0], "HC-1")
	if diff := cmp.Diff(map[string]string{"u3": "HC-3"}, came()); diff != "" {
		t.Errorf("with a report of its own -want +got:\n%s", diff)
	}
}
