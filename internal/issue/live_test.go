package issue

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/workspace"
)

// told are the events of a type that a subscription has got.
func told(sub *event.Subscription, typ string) []event.Event {
	var out []event.Event
	for len(sub.C) > 0 {
		if e := <-sub.C; e.Type == typ {
			out = append(out, e)
		}
	}
	return out
}

// TestWatchersGetTheRows: what an event brings is what a list asked for at
// that moment would show, and who did it.
func TestWatchersGetTheRows(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.Add("The app crashes", "Nothing works", "Thank you")
	sub, _, _ := b.Bus.Subscribe(string(b.Workspace), "")
	defer sub.Close()
	sam := b.As(workspace.Responder)

	done, err := b.s.Accept(sam, ids[0], "")
	if err != nil {
		t.Fatal(err)
	}
	events := told(sub, "feedback.updated")
	if len(events) != 1 || events[0].ID != ids[0] || events[0].By == nil || events[0].By.Name != "Ada responder" {
		t.Fatalf("events = %+v", events)
	}
	list, err := b.Feedback.List(b.Ctx, b.LaunchID, feedback.ListQuery{Where: map[feedback.Field][]string{feedback.FieldState: {feedback.Accepted}}, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, "feedback row", events[0].Data, event.Rows[*feedback.Feedback]{Items: list.Items})

	if _, err := b.s.Change(sam, done.Issue.ID, Change{Title: ptr("It crashes")}); err != nil {
		t.Fatal(err)
	}
	events = told(sub, "issue.updated")
	issues, err := b.s.List(b.Ctx, b.LaunchID, Query{Limit: 10})
	if err != nil || len(events) != 1 {
		t.Fatalf("events = %+v, %v", events, err)
	}
	sameJSON(t, "issue row", events[0].Data, event.Rows[*Issue]{Items: issues.Items})

	// What an undo takes away is named, and is in no row.
	again, err := b.s.Accept(sam, ids[1], "")
	if err != nil {
		t.Fatal(err)
	}
	told(sub, "")
	if err := b.undo.Undo(sam, again.UndoID); err != nil {
		t.Fatal(err)
	}
	events = told(sub, "issue.updated")
	if len(events) != 1 || events[0].ID != again.Issue.ID || string(events[0].Data) != `{"items":[]}` {
		t.Errorf("after undo: %+v %s", events, events[0].Data)
	}
}

func ptr[T any](v T) *T { return &v }

func sameJSON(t *testing.T, what string, got json.RawMessage, want any) {
	t.Helper()
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var a, b any
	if err := json.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(got, &b); err != nil {
		t.Fatalf("%s: %v in %s", what, err, got)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("%s -listed +told:\n%s", what, diff)
	}
}

// TestNobodyWatchesNothingIsRead: without a watcher an event is only what it
// must be.
func TestNobodyWatchesNothingIsRead(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := b.Add("The app crashes")
	last := b.Bus.Last()
	if _, err := b.s.Accept(b.Ctx, ids[0], ""); err != nil {
		t.Fatal(err)
	}
	sub, replay, missed := b.Bus.Subscribe(string(b.Workspace), last)
	defer sub.Close()
	if missed || len(replay) != 2 {
		t.Fatalf("replay = %+v, missed %v", replay, missed)
	}
	for _, e := range replay {
		if e.Data != nil || e.ID == "" {
			t.Errorf("event = %+v %s", e, e.Data)
		}
	}
}

// TestManyAreCounted: beyond what fits an event they are counted, not named.
func TestManyAreCounted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var texts []string
	for range event.MaxRows + 1 {
		texts = append(texts, "The app crashes")
	}
	ids := b.Add(texts...)
	sub, _, _ := b.Bus.Subscribe(string(b.Workspace), "")
	defer sub.Close()
	if _, err := b.s.Ignore(b.Ctx, b.LaunchID, ids, ""); err != nil {
		t.Fatal(err)
	}
	if e := told(sub, "feedback.updated"); len(e) != 1 || e[0].Count != len(ids) || e[0].IDs != nil || e[0].Data != nil || e[0].By == nil {
		t.Errorf("events = %+v", e)
	}
}

// TestCorrectionsReachTheIssue: what is put right in a report changes the
// counts of its issue, and who watches the issue is told.
func TestCorrectionsReachTheIssue(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.Feedback.OnRecount(b.s.Recount)
	b.Feedback.OnRecounted(b.s.Recounted)
	ids := b.Add("The app crashes")
	done, err := b.s.Accept(b.Ctx, ids[0], "")
	if err != nil {
		t.Fatal(err)
	}
	sub, _, _ := b.Bus.Subscribe(string(b.Workspace), "")
	defer sub.Close()
	var changed []*feedback.Feedback
	err = b.DB.Tx(b.Ctx, func(tx *db.Tx) error {
		changed, err = b.Feedback.Change(b.Ctx, tx, b.Workspace, ids, func(f *feedback.Feedback) error {
			f.Sentiment = "positive"
			return nil
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Feedback.Changed(b.Ctx, b.Workspace, changed)
	e := told(sub, "issue.updated")
	if len(e) != 1 || e[0].ID != done.Issue.ID {
		t.Fatalf("events = %+v", e)
	}
	var rows event.Rows[*Issue]
	if err := json.Unmarshal(e[0].Data, &rows); err != nil || len(rows.Items) != 1 || rows.Items[0].Sentiment != (Sentiments{Positive: 1}) {
		t.Errorf("row = %s, %v", e[0].Data, err)
	}
}
