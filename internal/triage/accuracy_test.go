package triage

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
)

// TestAccuracyByHand checks every figure against an example counted by hand:
//
//	     triage said  person             accepted
//	0    bug          -                  yes        reviewed, right
//	1    bug          question           yes        reviewed, wrong
//	2    bug          question           no         reviewed, wrong
//	3    bug          question -> bug    no         reviewed, right after all
//	4    bug          data, taken back   no         not reviewed
//	5    praise       -                  yes        reviewed, right
//	6    praise       bug                yes        reviewed, wrong
//	7    praise       -                  no         not reviewed
func TestAccuracyByHand(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ids := d.Add("a", "b", "c", "d", "e", "thanks f", "thanks g", "thanks h")
	d.AddTo(d.Launch("another"), feedback.Input{Text: "not counted here"})
	d.correct(t, Edit{Category: ptr("question")}, ids[1], ids[2], ids[3])
	d.correct(t, Edit{Category: ptr("bug")}, ids[3], ids[6])
	back := d.correct(t, Edit{Category: ptr("data")}, ids[4])
	if err := d.undo.Undo(d.Ctx, back.UndoID); err != nil {
		t.Fatal(err)
	}
	d.correct(t, Edit{Area: ptr("export")}, ids[7])
	d.accept(t, ids[0], ids[1], ids[5], ids[6])
	acc, err := d.ledger.Accuracy(d.Ctx, d.LaunchID)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]FieldAccuracy{}
	for _, f := range acc.Fields {
		byName[f.Field] = f
	}
	today := time.Now().UTC().Format(time.DateOnly)
	third, half := 1/3.0, 0.5
	want := FieldAccuracy{Field: "category", Decided: 8, Reviewed: 6, Corrected: 3, Right: ptr(0.5),
		Classes: []ClassAccuracy{
			{Name: "bug", N: 3, Said: 4, Hit: 2, Precision: &half, Recall: ptr(2 / 3.0)},
			{Name: "praise", N: 1, Said: 2, Hit: 1, Precision: &half, Recall: ptr(1.0)},
			{Name: "question", N: 2, Said: 0, Hit: 0, Recall: ptr(0.0)},
		},
		Days: []DayAccuracy{{Day: today, Reviewed: 6, Corrected: 3, Right: .5}}}
	if diff := cmp.Diff(want, byName["category"], cmpopts.EquateApprox(0, 1e-9)); diff != "" {
		t.Errorf("category -want +got:\n%s", diff)
	}
	d.checkRows(t, byName)
	severity := byName["severity"]
	if severity.Reviewed != 4 || severity.Corrected != 0 || *severity.Right != 1 || len(severity.Classes) != 1 || severity.Classes[0].N != 4 {
		t.Errorf("severity = %+v, want the four accepted, all right", severity)
	}
	area := byName["area"]
	if area.Reviewed != 5 || area.Corrected != 1 || len(area.Classes) != 0 {
		t.Errorf("area = %+v, want the four accepted and the corrected one", area)
	}
	if got := *byName["area"].Right; got != .8 {
		t.Errorf("area right %v, want 0.8 (not %v)", got, third)
	}
	d.ledger.now = func() time.Time { return time.Now().AddDate(0, 0, accuracyDays) }
	if acc, err = d.ledger.Accuracy(d.Ctx, d.LaunchID); err != nil || len(acc.Fields[0].Days) != 0 || acc.Fields[0].Reviewed != 6 {
		t.Errorf("a month later = %+v, %v; want the totals without days", acc, err)
	}
}

// checkRows holds that each number of wrong decisions has exactly its rows.
func (d *desk) checkRows(t *testing.T, byName map[string]FieldAccuracy) {
	t.Helper()
	for name, f := range byName {
		rows := func(from, to string) int {
			t.Helper()
			list, err := d.ledger.Decisions(d.Ctx, d.LaunchID, DecisionFilter{Field: name, Wrong: true, From: from, To: to, Limit: 100})
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range list {
				if len(x.Corrections) == 0 {
					t.Errorf("%s: a wrong decision without a correction: %+v", name, x)
				}
			}
			return len(list)
		}
		if got := rows("", ""); got != f.Corrected {
			t.Errorf("%s: %d wrong rows, accuracy says %d", name, got, f.Corrected)
		}
		for _, c := range f.Classes {
			if got := rows(c.Name, ""); got != c.Said-c.Hit {
				t.Errorf("%s %s: %d rows that said so wrongly, accuracy says %d", name, c.Name, got, c.Said-c.Hit)
			}
			if got := rows("", c.Name); got != c.N-c.Hit {
				t.Errorf("%s %s: %d rows that missed it, accuracy says %d", name, c.Name, got, c.N-c.Hit)
			}
		}
	}
}

func TestAccuracyOfNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.Add("one")
	acc, err := d.ledger.Accuracy(d.Ctx, d.LaunchID)
	if err != nil || len(acc.Fields) != len(triaged) {
		t.Fatalf("Accuracy = %+v, %v", acc, err)
	}
	for _, f := range acc.Fields {
		if f.Decided != 1 || f.Reviewed != 0 || f.Right != nil || len(f.Classes) != 0 || len(f.Days) != 0 {
			t.Errorf("%s = %+v, want nothing reviewed", f.Field, f)
		}
	}
}

// BenchmarkLedger times accuracy and the lists over 100,000 decisions, of which 20,000 are
// accepted and 5,000 corrected.
func BenchmarkLedger(b *testing.B) {
	d := newDesk(b)
	fill(b, d, 100_000)
	yes := true
	b.Run("accuracy", func(b *testing.B) {
		for b.Loop() {
			if _, err := d.ledger.Accuracy(d.Ctx, d.LaunchID); err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, f := range map[string]DecisionFilter{"newest": {}, "category": {Field: FieldCategory}, "assignee": {Field: FieldAssignee}, "corrected": {Corrected: &yes},
		"corrected_area": {Corrected: &yes, Field: FieldArea}, "not_corrected": {Corrected: ptr(false)}, "rule": {Engine: EngineRule}} {
		f.Limit = 50
		b.Run("list_"+name, func(b *testing.B) {
			for b.Loop() {
				if _, err := d.ledger.Decisions(d.Ctx, d.LaunchID, f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// fill writes feedback, decisions and corrections straight into the tables.
func fill(tb testing.TB, d *desk, n int) {
	tb.Helper()
	vector := make([]byte, 512)
	cats := []string{"bug", "question", "performance", "praise", "other"}
	langs := []string{"en", "de", "fr", "ja"}
	now := time.Now()
	err := d.DB.Tx(d.Ctx, func(tx *db.Tx) error {
		var rows, decisions, corrections [][]any
		for i := range n {
			id, state, at := db.NewID(), feedback.New, db.Micros(now.Add(-time.Duration(i)*time.Minute))
			if i%5 == 0 {
				state = feedback.Accepted
			}
			rows = append(rows, []any{d.Workspace, id, i + 1, d.LaunchID, "api", "", fmt.Sprint("Report ", i, " about something that does not work as it should"), at, at, state, langs[i%4], cats[i%5], "neutral", "none", "sev3", `{"version":"v"}`, vector, at})
			decisions = append(decisions, []any{d.Workspace, "", d.LaunchID, id, at, EngineOffline, "v/first", "", "0123456789abcdef", int64(read), `{"category":"bug"}`, .7, "because of words"})
			if i%20 == 0 {
				corrections = append(corrections, []any{d.Workspace, db.NewID(), d.LaunchID, id, "", "category", "bug", cats[i%5], "u", "U", at, at})
			}
		}
		if err := db.Insert(d.Ctx, tx, `INSERT INTO feedback (workspace_id, id, num, launch_id, channel, title, text, occurred_at, received_at, state, language, category, sentiment, emotion, severity, reading, static_vector, changed_at)`, "", rows); err != nil {
			return err
		}
		if err := insertDecisions(d.Ctx, tx, decisions); err != nil {
			return err
		}
		for i := range corrections {
			corrections[i][4] = decisions[i*20][1]
		}
		if err := db.Insert(d.Ctx, tx, `INSERT INTO correction (workspace_id, id, launch_id, feedback_id, decision_id, field, was, becomes, by_id, by_name, at, received_at)`, "", corrections); err != nil || !d.DB.Shared() {
			return err
		}
		_, err := tx.ExecContext(d.Ctx, `ANALYZE`) // what autovacuum has done a minute later
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
}
