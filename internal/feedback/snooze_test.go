package feedback_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/workspace"
)

// putOff puts feedback off, as the noun above does.
func putOff(t *testing.T, b *feedbacktest.Bench, until time.Time, ids ...string) {
	t.Helper()
	var places []feedback.Place
	err := b.DB.Tx(b.Ctx, func(tx *db.Tx) (err error) {
		if places, err = b.Feedback.Places(b.Ctx, tx, b.Workspace, ids); err != nil {
			return err
		}
		return b.Feedback.PutOff(b.Ctx, tx, b.Workspace, places, until)
	})
	if err == nil {
		err = b.Feedback.Moved(b.Ctx, b.Workspace, places)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestWakeComesBackByItself: what is put off is back when its time has come,
// before the job runs and after, in every workspace, and watchers are told.
func TestWakeComesBackByItself(t *testing.T) {
	t.Parallel()
	b := feedbacktest.New(t)
	o := b.Other()
	now := time.Now().UTC().Truncate(time.Second)
	b.Feedback.SetNow(func() time.Time { return now })
	mine, theirs := b.Add("one", "two", "three"), o.Add("four")
	putOff(t, b, now.Add(time.Minute), mine[0], mine[1])
	putOff(t, b, now.Add(time.Hour), mine[2])
	putOff(t, o, now.Add(time.Minute), theirs[0])
	count := func(x *feedbacktest.Bench) int {
		t.Helper()
		c, err := x.Feedback.Count(x.Ctx, x.Workspace, x.LaunchID)
		if err != nil {
			t.Fatal(err)
		}
		return c.New
	}
	wake := func(want int) {
		t.Helper()
		if n, err := b.Feedback.Wake(t.Context()); err != nil || n != want {
			t.Errorf("Wake = %d, %v; want %d", n, err, want)
		}
	}
	wake(0)
	if count(b) != 0 || count(o) != 0 {
		t.Errorf("to triage %d and %d, want none", count(b), count(o))
	}
	now = now.Add(time.Minute)
	if count(b) != 2 || count(o) != 1 {
		t.Errorf("before the job to triage %d and %d, want 2 and 1", count(b), count(o))
	}
	sub, _, _ := b.Bus.Subscribe(string(b.Workspace), "")
	defer sub.Close()
	wake(3)
	if e := <-sub.C; e.Type != "feedback.updated" || e.LaunchID != b.LaunchID || e.Count != 2 {
		t.Errorf("event = %+v", e)
	}
	wake(0)
	if f, err := b.Feedback.Get(b.Ctx, mine[0]); err != nil || f.SnoozedUntil != nil {
		t.Errorf("woken = %v, %v", f.SnoozedUntil, err)
	}
	if count(b) != 2 || count(o) != 1 {
		t.Errorf("to triage %d and %d, want 2 and 1", count(b), count(o))
	}
}

func TestPutOffRefusesWhatMovedMeanwhile(t *testing.T) {
	t.Parallel()
	b := feedbacktest.New(t)
	id := b.Add("one")[0]
	soon := time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	old, err := b.Feedback.Places(b.Ctx, b.DB, b.Workspace, []string{id})
	if err != nil {
		t.Fatal(err)
	}
	putOff(t, b, soon, id)
	for name, ws := range map[string]workspace.ID{"put off already": b.Workspace, "another workspace": b.Other().Workspace} {
		err = b.DB.Tx(b.Ctx, func(tx *db.Tx) error { return b.Feedback.PutOff(b.Ctx, tx, ws, old, soon.Add(time.Hour)) })
		if !errs.Is(err, errs.Conflict) {
			t.Errorf("%s: %v, want a conflict", name, err)
		}
	}
}

func TestTabsOverHTTP(t *testing.T) {
	t.Parallel()
	s := serve(t, workspace.Responder)
	ids := s.Add("one", "please add a two", "three", "four", "five")
	me, _ := workspace.ActorFrom(s.As(workspace.Responder))
	var list []*feedback.Feedback
	err := s.DB.Tx(s.Ctx, func(tx *db.Tx) (err error) {
		list, err = s.Feedback.Change(s.Ctx, tx, s.Workspace, ids[2:], func(f *feedback.Feedback) error {
			switch f.ID {
			case ids[2]:
				f.AssigneeID = me.ID
			case ids[3]:
				f.State = feedback.Ignored
			}
			return nil
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Feedback.Changed(s.Ctx, s.Workspace, list)
	putOff(t, s.Bench, time.Now().Add(time.Hour), ids[4])
	path := "/launches/" + s.LaunchID + "/feedback?facets=true"
	got := s.get(path)
	want := map[string]any{"triage": 3.0, "mine": 1.0, "later": 1.0, "ideas": 1.0, "done": 1.0, "all": 5.0}
	if diff := cmp.Diff(want, got["tabs"]); diff != "" {
		t.Errorf("tabs -want +got:\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"triaged": 1.0, "of": 4.0}, got["pace"]); diff != "" {
		t.Errorf("pace -want +got:\n%s", diff)
	}
	for tab, n := range want {
		one := s.get(path + "&tab=" + tab)
		if one["total"] != n || !cmp.Equal(one["tabs"], got["tabs"]) {
			t.Errorf("tab %s holds %v and counts %v, want %v", tab, one["total"], one["tabs"], n)
		}
	}
	// The other filters count into all tabs.
	if one := s.get(path + "&tab=done&category=feature_request"); one["total"] != 0.0 || one["tabs"].(map[string]any)["triage"] != 1.0 {
		t.Errorf("ideas = %v", one)
	}
	if ids := s.get("/launches/" + s.LaunchID + "/feedback/ids?tab=triage&sort=received"); ids["total"] != 3.0 || len(ids["ids"].([]any)) != 3 {
		t.Errorf("ids = %v", ids)
	}
	if one := s.get(path + "&waiting=1h"); one["total"] != 0.0 {
		t.Errorf("waiting for an hour: %v, want none", one["total"])
	}
	for _, bad := range []string{"tab=accepted", "waiting=long", "waiting=-1h", "rating_min=9"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprint(s.URL, "/api/v1", path, "&", bad), nil)
		if err != nil {
			t.Fatal(err)
		}
		if code, out := s.do(req); code != http.StatusUnprocessableEntity {
			t.Errorf("%s = %d %v, want it refused", bad, code, out)
		}
	}
}

func TestOnlyTheWholeHasWhatIsPersonal(t *testing.T) {
	t.Parallel()
	s := serve(t, workspace.Viewer)
	id := s.AddTo(s.LaunchID, feedback.Input{Title: "Refund to anna@example.de", Text: "Call +49 171 2345678 about card 4111 1111 1111 1111."})[0]
	row := s.get("/launches/" + s.LaunchID + "/feedback")["items"].([]any)[0].(map[string]any)
	if row["title"] != "Refund to •••" || row["snippet"] != "Call ••• about card [card]." || row["full_title"] != nil || row["summary"] != row["snippet"] {
		t.Errorf("row = %v", row)
	}
	whole := s.get("/feedback/" + id)
	if whole["title"] != "Refund to •••" || whole["full_title"] != "Refund to anna@example.de" || whole["text"] != "Call +49 171 2345678 about card [card]." {
		t.Errorf("whole = %v", whole)
	}
	// Words are still found by what is covered.
	if hits := s.get("/launches/" + s.LaunchID + "/feedback?q=anna"); hits["total"] != 1.0 {
		t.Errorf("search for what is covered found %v", hits["total"])
	}
}
