package triage

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/workspace"
)

// on returns the texts on a tab and how many the launch's badge counts.
func (d *desk) on(t *testing.T, tab feedback.Tab) (texts []string) {
	t.Helper()
	l, err := d.Feedback.List(d.Ctx, d.LaunchID, feedback.ListQuery{Tab: tab, Sort: feedback.SortOldest, Limit: 50, Facets: true})
	if err != nil {
		t.Fatal(err)
	}
	if l.Total != l.Tabs[tab] {
		t.Errorf("tab %s lists %d and counts %d", tab, l.Total, l.Tabs[tab])
	}
	for _, f := range l.Items {
		texts = append(texts, f.Snippet)
	}
	return texts
}

func (d *desk) toTriage(t *testing.T) int {
	t.Helper()
	c, err := d.Feedback.Count(d.Ctx, d.Workspace, d.LaunchID)
	if err != nil {
		t.Fatal(err)
	}
	return c.New
}

func TestSnoozePutsOffAndUndoBringsBack(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ids := d.Add("one", "two", "three")
	sub, _, _ := d.Bus.Subscribe(string(d.Workspace), "")
	defer sub.Close()
	soon := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	later := soon.Add(24 * time.Hour)
	first, err := d.ledger.Snooze(d.Ctx, d.LaunchID, ids[:2], &soon)
	if err != nil || first.Changed != 2 || first.UndoID == "" {
		t.Fatalf("Snooze = %+v, %v", first, err)
	}
	if e := <-sub.C; e.Type != "feedback.updated" || e.Count != 2 || e.LaunchID != d.LaunchID {
		t.Errorf("event = %+v", e)
	}
	if diff := cmp.Diff([][]string{{"three"}, {"one", "two"}}, [][]string{d.on(t, feedback.TabTriage), d.on(t, feedback.TabLater)}); diff != "" || d.toTriage(t) != 1 {
		t.Errorf("to triage and later -want +got:\n%s\nbadge %d, want 1", diff, d.toTriage(t))
	}
	if f := d.get(t, ids[0]); f.SnoozedUntil == nil || !f.SnoozedUntil.Equal(soon) || f.State != feedback.New {
		t.Errorf("snoozed = %v, %s", f.SnoozedUntil, f.State)
	}
	if again, err := d.ledger.Snooze(d.Ctx, "", ids[:2], &soon); err != nil || again.Changed != 0 || again.UndoID != "" {
		t.Errorf("the same again = %+v, %v; want no change", again, err)
	}
	// One of the two is put off further: undoing the first leaves it alone.
	second, err := d.ledger.Snooze(d.Ctx, "", ids[:1], &later)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.undo.Undo(d.Ctx, first.UndoID); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"one"}, d.on(t, feedback.TabLater)); diff != "" {
		t.Errorf("later after the first undo -want +got:\n%s", diff)
	}
	if err := d.undo.Undo(d.Ctx, second.UndoID); err != nil {
		t.Fatal(err)
	}
	if f := d.get(t, ids[0]); f.SnoozedUntil == nil || !f.SnoozedUntil.Equal(soon) {
		t.Errorf("undo of the second = %v, want the first time again", f.SnoozedUntil)
	}
	if woken, err := d.ledger.Snooze(d.Ctx, "", ids[:1], nil); err != nil || woken.Changed != 1 || d.toTriage(t) != 3 {
		t.Errorf("wake = %+v, %v, badge %d", woken, err, d.toTriage(t))
	}
	list, err := d.ledger.DecisionsOf(d.Ctx, ids[0])
	if err != nil || len(list) < 3 || list[0].Reason != "Back to triage" || list[0].Outcome["snoozed_until"] != nil || list[1].Outcome["snoozed_until"] != later.Format(time.RFC3339) {
		t.Errorf("decisions = %+v, %v", list, err)
	}
	found, err := d.ledger.Decisions(d.Ctx, d.LaunchID, DecisionFilter{Field: FieldSnoozedUntil, Limit: 10})
	if err != nil || len(found) != 4 {
		t.Errorf("%d decisions put off or brought back, %v; want 4", len(found), err)
	}
}

func TestSnoozeHoldsOverDecisions(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ids := d.Add("one", "two")
	soon := time.Now().Add(time.Hour)
	act, err := d.ledger.Snooze(d.Ctx, "", ids[:1], &soon)
	if err != nil {
		t.Fatal(err)
	}
	spam := d.correct(t, Edit{Spam: ptr(true)}, ids[0])
	if got := d.on(t, feedback.TabLater); len(got) != 0 {
		t.Errorf("later holds %v, which is done with", got)
	}
	if err := d.undo.Undo(d.Ctx, act.UndoID); !errs.Is(err, errs.Conflict) {
		t.Errorf("undo of putting off what is done with = %v, want a conflict", err)
	}
	if err := d.undo.Undo(d.Ctx, spam.UndoID); err != nil {
		t.Fatal(err)
	}
	if got := d.on(t, feedback.TabLater); len(got) != 1 {
		t.Errorf("later holds %v, want it back where it was", got)
	}
	d.accept(t, ids[0])
	if some, err := d.ledger.Snooze(d.Ctx, "", ids, &soon); err != nil || some.Changed != 1 {
		t.Errorf("one of two is accepted: %+v, %v; want the other put off", some, err)
	}
	if _, err := d.ledger.Snooze(d.Ctx, "", ids[:1], &soon); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "is accepted already") {
		t.Errorf("putting off what is accepted = %v", err)
	}
}

func TestSnoozeRefuses(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id := d.Add("one")[0]
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	d.ledger.now = func() time.Time { return now }
	for want, at := range map[string]time.Time{"must lie ahead": now, "has passed": now.Add(-time.Hour), "a year at most": now.AddDate(1, 0, 0).Add(time.Second)} {
		if _, err := d.ledger.Snooze(d.Ctx, "", []string{id}, &at); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("until %s = %v, want %q", at, err, want)
		}
	}
	year := now.AddDate(1, 0, 0)
	if _, err := d.ledger.Snooze(d.Ctx, "", []string{id}, &year); err != nil {
		t.Errorf("a year ahead = %v", err)
	}
	if _, err := d.ledger.Snooze(d.Ctx, "", nil, &year); !errs.Is(err, errs.Invalid) {
		t.Errorf("none = %v", err)
	}
	if _, err := d.ledger.Snooze(d.Ctx, "", []string{id, "nothing"}, nil); !errs.Is(err, errs.NotFound) || d.get(t, id).SnoozedUntil == nil {
		t.Errorf("one that is not there = %v; the other must stay as it was", err)
	}
	if _, err := d.ledger.Snooze(d.Ctx, d.Launch("other"), []string{id}, nil); !errs.Is(err, errs.NotFound) {
		t.Errorf("through another launch = %v", err)
	}
}

func TestDeskKeepsRolesAndTenantsApart(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id := d.Add("mine")[0]
	soon := time.Now().Add(time.Hour)
	act, err := d.ledger.Snooze(d.Ctx, "", []string{id}, &soon)
	if err != nil {
		t.Fatal(err)
	}
	o := d.other()
	for verb, call := range map[string]func(*desk, workspace.Role) error{
		"snooze": func(x *desk, r workspace.Role) error {
			_, err := x.ledger.Snooze(x.As(r), "", []string{id}, nil)
			return err
		},
		"dismiss": func(x *desk, r workspace.Role) error {
			_, err := x.ledger.Dismiss(x.As(r), id, Dismissal{What: FieldSeverity})
			return err
		},
		"suggest": func(x *desk, r workspace.Role) error { _, err := x.ledger.SuggestedFields(x.As(r), id); return err },
	} {
		if err := call(o, workspace.Owner); !errs.Is(err, errs.NotFound) {
			t.Errorf("%s from another workspace = %v, want not found", verb, err)
		}
		for _, role := range []workspace.Role{workspace.Viewer, workspace.Intake} {
			if err := call(d, role); !errs.Is(err, errs.Denied) && (verb != "suggest" || role == workspace.Intake) {
				t.Errorf("%s as %s = %v, want denied", verb, role, err)
			}
		}
		if err := call(d, workspace.Responder); err != nil {
			t.Errorf("%s as a responder = %v", verb, err)
		}
	}
	if err := d.undo.Undo(o.Ctx, act.UndoID); !errs.Is(err, errs.NotFound) {
		t.Errorf("undo from another workspace = %v", err)
	}
	if gone, err := dismissals(d.Ctx, d.DB, o.Workspace, id); err != nil || len(gone) != 0 {
		t.Errorf("another workspace reads dismissals %v, %v", gone, err)
	}
}

func TestDeskOverHTTP(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ids := d.Add("one", "two", "three")
	call := d.serve(t, workspace.Responder)
	soon := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	var one struct {
		Feedback struct {
			SnoozedUntil *string `json:"snoozed_until"`
		}
		UndoID string `json:"undo_id"`
	}
	if code := call("POST", "/feedback/"+ids[0]+"/snooze", `{"until":"`+soon+`"}`, &one); code != 200 || one.UndoID == "" || one.Feedback.SnoozedUntil == nil || *one.Feedback.SnoozedUntil != soon {
		t.Errorf("snooze = %d %+v", code, one)
	}
	for _, body := range []string{`{"until":null}`, `{}`} {
		if code := call("POST", "/feedback/"+ids[0]+"/snooze", body, nil); code != 200 || d.get(t, ids[0]).SnoozedUntil != nil {
			t.Errorf("snooze %s = %d", body, code)
		}
	}
	var why string
	if code := call("POST", "/feedback/"+ids[0]+"/snooze", `{"until":"2020-01-01T00:00:00Z"}`, &why); code != 422 || !strings.Contains(why, "body.until") {
		t.Errorf("snooze into the past = %d %s", code, why)
	}
	many, err := json.Marshal(map[string]any{"ids": ids, "until": soon})
	if err != nil {
		t.Fatal(err)
	}
	var out snoozedMany
	if code := call("POST", "/launches/"+d.LaunchID+"/feedback/snooze", string(many), &out); code != 200 || out.Changed != 3 {
		t.Errorf("snooze many = %d %+v", code, out)
	}
	if code := call("POST", "/undo/"+out.UndoID, "", nil); code != 204 || d.toTriage(t) != 3 {
		t.Errorf("undo = %d, badge %d", code, d.toTriage(t))
	}
	var gone undoable
	if code := call("POST", "/feedback/"+ids[0]+"/dismiss", `{"what":"severity"}`, &gone); code != 200 || gone.UndoID == "" {
		t.Errorf("dismiss = %d %+v", code, gone)
	}
	for body, want := range map[string]int{`{"what":"mood"}`: 422, `{}`: 422, `{"what":"issue","value":"nothing"}`: 404, `{"what":"category","value":"data"}`: 409} {
		if code := call("POST", "/feedback/"+ids[0]+"/dismiss", body, nil); code != want {
			t.Errorf("dismiss %s = %d, want %d", body, code, want)
		}
	}
}
