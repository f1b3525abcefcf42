package note

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hypercare/hypercare/internal/audit"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

func TestNotesOfAFeedback(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.Add("The app crashes")[0]
	sub, _, _ := b.Bus.Subscribe(string(b.Workspace), "")
	defer sub.Close()

	first := b.add(b.Ctx, Subject{FeedbackID: id}, "  Seen it too\r\non my phone ")
	n := first.Note
	if n.Text != "Seen it too\non my phone" || n.Author.Name != "Ada owner" || n.Feedback == nil || n.Feedback.Number != 1 || n.Issue != nil || n.LaunchID != b.LaunchID {
		t.Errorf("note = %+v on %+v", n, n.Feedback)
	}
	e := <-sub.C
	var data struct {
		Feedback string `json:"feedback_id"`
	}
	if err := json.Unmarshal(e.Data, &data); err != nil || e.Type != "note.created" || e.ID != n.ID || data.Feedback != id {
		t.Errorf("event = %+v %s, %v", e, e.Data, err)
	}
	b.add(b.Ctx, Subject{FeedbackID: id}, "Second")
	if got := texts(b.s.OfFeedback(b.Ctx, id, Place{}, 10)); got != "Second, Seen it too\non my phone" {
		t.Errorf("notes = %s", got)
	}

	edited, err := b.s.Edit(b.Ctx, n.ID, Input{Text: "Not on mine"})
	if err != nil || edited.Note.EditedAt == nil || edited.Note.Text != "Not on mine" {
		t.Fatalf("Edit = %+v, %v", edited, err)
	}
	if _, err := b.s.Edit(b.Ctx, n.ID, Input{Text: "Not on mine"}); !errs.Is(err, errs.Invalid) {
		t.Errorf("the same again = %v, want invalid", err)
	}
	if err := b.undo.Undo(b.Ctx, first.UndoID); !errs.Is(err, errs.Conflict) {
		t.Errorf("undo of what was edited since = %v, want a conflict", err)
	}
	b.takeBack(b.Ctx, edited.UndoID)
	list, err := b.s.OfFeedback(b.Ctx, id, Place{}, 10)
	if err != nil || list[1].EditedAt != nil || list[1].Text != n.Text {
		t.Errorf("after undo = %+v, %v", list[1], err)
	}
	b.takeBack(b.Ctx, first.UndoID)
	if got := texts(b.s.OfFeedback(b.Ctx, id, Place{}, 10)); got != "Second" {
		t.Errorf("after undo of writing: %s", got)
	}
}

func TestDeletedNoteLeavesItsPlace(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.Add("one")[0]
	bob, _ := b.member("Bob", workspace.Responder)
	w := b.add(b.Ctx, Subject{FeedbackID: id}, "My password is hunter2 @Bob", bob)
	gone, err := b.s.Delete(b.Ctx, w.Note.ID)
	if err != nil {
		t.Fatal(err)
	}
	list, err := b.s.OfFeedback(b.Ctx, id, Place{}, 10)
	if err != nil || len(list) != 1 || list[0].Text != "" || list[0].DeletedAt == nil || len(list[0].Mentions) != 0 {
		t.Errorf("deleted = %+v, %v; want its place without its text", list, err)
	}
	for name, verb := range map[string]func() error{
		"delete": func() error { _, err := b.s.Delete(b.Ctx, w.Note.ID); return err },
		"edit":   func() error { _, err := b.s.Edit(b.Ctx, w.Note.ID, Input{Text: "x"}); return err },
		"undo":   func() error { return b.undo.Undo(b.Ctx, w.UndoID) },
	} {
		if err := verb(); !errs.Is(err, errs.Conflict) {
			t.Errorf("%s of a deleted note = %v, want a conflict", name, err)
		}
	}
	b.takeBack(b.Ctx, gone.UndoID)
	if got := texts(b.s.OfFeedback(b.Ctx, id, Place{}, 10)); got != "My password is hunter2 @Bob" {
		t.Errorf("after undo: %s", got)
	}
}

// TestNotesComeAlong: an issue shows what was written on it, on its reports,
// and on what was merged into it, and no more once that is undone.
func TestNotesComeAlong(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.Add("one", "two", "three")
	one, two := b.accept(ids[0], "").Issue, b.accept(ids[1], "").Issue
	b.add(b.Ctx, Subject{FeedbackID: ids[0]}, "on report one")
	b.add(b.Ctx, Subject{FeedbackID: ids[2]}, "on report three")
	b.add(b.Ctx, Subject{IssueID: one.Key}, "on HC-1")
	onTwo := b.add(b.Ctx, Subject{IssueID: two.ID}, "on HC-2")
	if onTwo.Note.Issue == nil || onTwo.Note.Issue.Key != "HC-2" || onTwo.Note.Feedback != nil {
		t.Errorf("written on %+v", onTwo.Note.Issue)
	}
	show := func(id, want string) {
		t.Helper()
		if got := texts(b.s.OfIssue(b.Ctx, id, Place{}, 10)); got != want {
			t.Errorf("notes of %s = %s, want %s", id, got, want)
		}
	}
	show("HC-1", "on HC-1, on report one")
	show("HC-2", "on HC-2")
	merged, err := b.issues.Merge(b.Ctx, "HC-2", "HC-1")
	if err != nil {
		t.Fatal(err)
	}
	show("HC-1", "on HC-2, on HC-1, on report one")
	show("HC-2", "on HC-2")
	joined := b.accept(ids[2], "HC-1")
	show("HC-1", "on HC-2, on HC-1, on report three, on report one")
	if got := texts(b.s.OfFeedback(b.Ctx, ids[2], Place{}, 10)); got != "on report three" {
		t.Errorf("notes of the report = %s", got)
	}
	b.takeBack(b.Ctx, joined.UndoID)
	b.takeBack(b.Ctx, merged.UndoID)
	show("HC-1", "on HC-1, on report one")
}

// TestWrittenOnIssuesStay: undoing what made an issue must not take along
// what somebody wrote there.
func TestWrittenOnIssuesStay(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.Add("one", "two")
	one, two := b.accept(ids[0], ""), b.accept(ids[1], "")
	b.add(b.Ctx, Subject{IssueID: one.Issue.ID}, "keep me")
	lost := b.add(b.Ctx, Subject{IssueID: two.Issue.ID}, "nobody needs me")
	gone, err := b.s.Delete(b.Ctx, lost.Note.ID)
	if err != nil {
		t.Fatal(err)
	}
	b.takeBack(b.Ctx, one.UndoID)
	b.takeBack(b.Ctx, two.UndoID)
	if got := texts(b.s.OfIssue(b.Ctx, "HC-1", Place{}, 10)); got != "keep me" {
		t.Errorf("notes of HC-1 = %s", got)
	}
	if _, err := b.issues.Get(b.Ctx, "HC-2"); !errs.Is(err, errs.NotFound) {
		t.Errorf("an issue whose only note was deleted = %v, want not found", err)
	}
	if err := b.undo.Undo(b.Ctx, gone.UndoID); !errs.Is(err, errs.NotFound) {
		t.Errorf("bringing back a note of an issue that is gone = %v, want not found", err)
	}
}

func TestMentions(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.Add("one", "two")
	bob, asBob := b.member("Bob Rivera", workspace.Responder)
	eve, asEve := b.member("Eve", workspace.Viewer)
	b.accept(ids[1], "")
	sub, _, _ := b.Bus.Subscribe(string(b.Workspace), "")
	defer sub.Close()

	w := b.add(b.Ctx, Subject{FeedbackID: ids[0]}, "@Bob Rivera and @Eve, look", eve, bob, bob)
	if got := w.Note.Mentions; len(got) != 2 || !slices.Contains(got, Mentioned{bob, "Bob Rivera"}) {
		t.Errorf("mentions = %+v", got)
	}
	<-sub.C
	if e := <-sub.C; e.Type != "mention.updated" || !strings.Contains(string(e.Data), bob) {
		t.Errorf("event = %+v %s", e, e.Data)
	}
	b.add(b.Ctx, Subject{IssueID: "HC-1"}, "@Bob Rivera again", bob)
	see := func(ctx context.Context, want string, wantUnread int) []*Mention {
		t.Helper()
		list, unread, err := b.s.Mentions(ctx, Place{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range list {
			where := ""
			if m.Feedback != nil {
				where = fmt.Sprint(m.Feedback.Number)
			} else if m.Issue != nil {
				where = m.Issue.Key
			}
			got = append(got, where+" "+m.Snippet)
		}
		if s := strings.Join(got, "; "); s != want || unread != wantUnread {
			t.Errorf("mentions = %s, %d unread; want %s, %d", s, unread, want, wantUnread)
		}
		return list
	}
	list := see(asBob, "HC-1 @Bob Rivera again; 1 @Bob Rivera and @Eve, look", 2)
	if list[0].By.Name != "Ada owner" || list[0].LaunchID != b.LaunchID || list[0].ReadAt != nil {
		t.Errorf("mention = %+v", list[0])
	}
	if unread, err := b.s.ReadMentions(asBob, []string{list[0].ID}, false); err != nil || unread != 1 {
		t.Errorf("ReadMentions = %d, %v", unread, err)
	}
	// Called on no more, then again: news. Called on still: read stays read.
	second, err := b.s.Edit(b.Ctx, list[0].ID, Input{Text: "@Bob Rivera and @Eve again", Mentions: []string{bob, eve}})
	if err != nil {
		t.Fatal(err)
	}
	see(asBob, "HC-1 @Bob Rivera and @Eve again; 1 @Bob Rivera and @Eve, look", 1)
	see(asEve, "HC-1 @Bob Rivera and @Eve again; 1 @Bob Rivera and @Eve, look", 2)
	b.takeBack(b.Ctx, second.UndoID)
	see(asEve, "1 @Bob Rivera and @Eve, look", 1)
	if unread, err := b.s.ReadMentions(asEve, nil, true); err != nil || unread != 0 {
		t.Errorf("ReadMentions(all) = %d, %v", unread, err)
	}
	see(asBob, "HC-1 @Bob Rivera again; 1 @Bob Rivera and @Eve, look", 1)
	gone, err := b.s.Delete(b.Ctx, w.Note.ID)
	if err != nil {
		t.Fatal(err)
	}
	see(asBob, "HC-1 @Bob Rivera again", 0)
	b.takeBack(b.Ctx, gone.UndoID)
	see(asBob, "HC-1 @Bob Rivera again; 1 @Bob Rivera and @Eve, look", 1)
	b.takeBack(b.Ctx, w.UndoID)
	see(asBob, "HC-1 @Bob Rivera again", 0)
	// Who calls on themselves needs no telling.
	b.add(asBob, Subject{FeedbackID: ids[0]}, "@Bob Rivera, remember this", bob)
	see(asBob, "HC-1 @Bob Rivera again", 0)
}

func TestWhoMayWrite(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.Add("one")[0]
	b.accept(id, "")
	_, asBob := b.member("Bob", workspace.Responder)
	_, asEve := b.member("Eve", workspace.Lead)
	w := b.add(asBob, Subject{FeedbackID: id}, "Bob's")
	reads := map[string]func(context.Context) error{
		"OfFeedback": func(ctx context.Context) error { _, err := b.s.OfFeedback(ctx, id, Place{}, 10); return err },
		"OfIssue":    func(ctx context.Context) error { _, err := b.s.OfIssue(ctx, "HC-1", Place{}, 10); return err },
		"Mentions":   func(ctx context.Context) error { _, _, err := b.s.Mentions(ctx, Place{}, 10); return err },
		"ReadMentions": func(ctx context.Context) error {
			_, err := b.s.ReadMentions(ctx, nil, true)
			return err
		},
	}
	writes := map[string]func(context.Context) error{
		"Add": func(ctx context.Context) error {
			_, err := b.s.Add(ctx, Subject{FeedbackID: id}, Input{Text: "x"})
			return err
		},
		"AddToIssue": func(ctx context.Context) error {
			_, err := b.s.Add(ctx, Subject{IssueID: "HC-1"}, Input{Text: "x"})
			return err
		},
		"Edit":   func(ctx context.Context) error { _, err := b.s.Edit(ctx, w.Note.ID, Input{Text: "x"}); return err },
		"Delete": func(ctx context.Context) error { _, err := b.s.Delete(ctx, w.Note.ID); return err },
	}
	for name, verb := range reads {
		if err := verb(b.As(workspace.Viewer)); err != nil {
			t.Errorf("%s as viewer = %v", name, err)
		}
		if err := verb(b.As(workspace.Intake)); !errs.Is(err, errs.Denied) {
			t.Errorf("%s as intake = %v, want denied", name, err)
		}
	}
	for name, verb := range writes {
		if err := verb(b.As(workspace.Viewer)); !errs.Is(err, errs.Denied) {
			t.Errorf("%s as viewer = %v, want denied", name, err)
		}
		if err := verb(t.Context()); !errs.Is(err, errs.Unauthenticated) {
			t.Errorf("%s as nobody = %v, want unauthenticated", name, err)
		}
	}
	// Another who may write still may not change Bob's, an admin may.
	for _, name := range []string{"Edit", "Delete"} {
		if err := writes[name](asEve); !errs.Is(err, errs.Denied) || !strings.Contains(err.Error(), "Bob") {
			t.Errorf("%s by another = %v, want denied, naming Bob", name, err)
		}
	}
	if err := b.undo.Undo(asEve, w.UndoID); !errs.Is(err, errs.Denied) {
		t.Errorf("undo by another = %v, want denied", err)
	}
	if err := writes["Edit"](b.As(workspace.Admin)); err != nil {
		t.Errorf("Edit by an admin = %v", err)
	}
	entries, err := audit.List(t.Context(), b.DB, string(b.Workspace), "", 10)
	if err != nil || entries[0].Action != actEdit || entries[0].Subject.ID != w.Note.ID || entries[0].Detail["feedback"] != id {
		t.Errorf("audit = %+v, %v", entries[0], err)
	}
}

func TestTenantsAreApart(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.Add("one")[0]
	made := b.accept(id, "")
	w := b.add(b.Ctx, Subject{IssueID: made.Issue.ID}, "ours")
	o := *b
	o.Bench = b.Bench.Other()
	bob, _ := o.member("Bob", workspace.Responder)
	for name, err := range map[string]error{
		"OfFeedback": second(o.s.OfFeedback(o.Ctx, id, Place{}, 10)),
		"OfIssue":    second(o.s.OfIssue(o.Ctx, made.Issue.ID, Place{}, 10)),
		"Add":        second(o.s.Add(o.Ctx, Subject{FeedbackID: id}, Input{Text: "x"})),
		"AddToIssue": second(o.s.Add(o.Ctx, Subject{IssueID: made.Issue.ID}, Input{Text: "x"})),
		"Edit":       second(o.s.Edit(o.Ctx, w.Note.ID, Input{Text: "x"})),
		"Delete":     second(o.s.Delete(o.Ctx, w.Note.ID)),
		"Undo":       o.undo.Undo(o.Ctx, w.UndoID),
	} {
		if !errs.Is(err, errs.NotFound) {
			t.Errorf("%s across tenants = %v, want not found", name, err)
		}
	}
	if _, err := b.s.Add(b.Ctx, Subject{FeedbackID: id}, Input{Text: "@Bob", Mentions: []string{bob}}); !errs.Is(err, errs.Invalid) {
		t.Errorf("calling on another tenant's member = %v, want invalid", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestImportTakesItsNotesAlong(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	bob, asBob := b.member("Bob", workspace.Responder)
	id := b.Add("one")[0]
	b.add(b.Ctx, Subject{FeedbackID: id}, "@Bob", bob)
	b.removeAsImport(id)
	if list, unread, err := b.s.Mentions(asBob, Place{}, 10); err != nil || len(list) != 0 || unread != 0 {
		t.Errorf("mentions = %+v, %d, %v; want none", list, unread, err)
	}
}

// TestPagesAreTheWholeList: whatever the size of a page, pages give every
// note once, newest first.
func TestPagesAreTheWholeList(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.Add("one", "two", "three")
	for i, id := range ids {
		b.accept(id, map[bool]string{true: "HC-1"}[i > 0])
	}
	rapid.Check(t, func(t *rapid.T) {
		on := rapid.SampledFrom([]Subject{{FeedbackID: ids[0]}, {FeedbackID: ids[1]}, {FeedbackID: ids[2]}, {IssueID: "HC-1"}}).Draw(t, "on")
		b.add(b.Ctx, on, rapid.StringMatching(`[a-z]{1,5}`).Draw(t, "text"))
		whole, err := b.s.OfIssue(b.Ctx, "HC-1", Place{}, 1000)
		if err != nil {
			t.Fatal(err)
		}
		size := rapid.IntRange(1, 7).Draw(t, "size")
		var got []string
		for after := (Place{}); ; {
			part, err := b.s.OfIssue(b.Ctx, "HC-1", after, size)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range part {
				got = append(got, n.ID)
				after = Place{n.CreatedAt.UnixMicro(), n.ID}
			}
			if len(part) < size {
				break
			}
		}
		want := make([]string, len(whole))
		for i, n := range whole {
			want[i] = n.ID
		}
		if !slices.Equal(got, want) {
			t.Fatalf("pages of %d give %d notes, the whole has %d", size, len(got), len(want))
		}
	})
}
