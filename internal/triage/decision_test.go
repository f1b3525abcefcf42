package triage

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/nlp"
	"github.com/hypercare/hypercare/internal/workspace"
)

func TestLedgerRecordsReadingsRulesAndPeople(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.rule(t, "loud", `text.contains("crash")`, Then{Severity: "sev2", Tag: []string{"loud"}})
	d.rule(t, "quiet", `false`, Then{Ignore: true})
	ids := d.Add("it crashes", "thank you")
	a, _ := workspace.ActorFrom(d.Ctx)
	err := d.DB.Tx(d.Ctx, func(tx *db.Tx) error {
		return d.ledger.Human(d.Ctx, tx, a, d.LaunchID, ids[:1], map[string]any{FieldState: feedback.Accepted, FieldIssue: "HC-1"}, "Made HC-1 of it")
	})
	if err != nil {
		t.Fatal(err)
	}
	list, err := d.ledger.DecisionsOf(d.Ctx, ids[0])
	if err != nil || len(list) != 3 {
		t.Fatalf("DecisionsOf = %+v, %v; want three", list, err)
	}
	person, rule, engine := list[0], list[1], list[2]
	if person.Engine != EnginePerson || person.Version != a.Name || person.Outcome[FieldIssue] != "HC-1" || person.Reason != "Made HC-1 of it" || person.Confidence != 1 {
		t.Errorf("the person's decision is %+v", person)
	}
	if rule.Engine != EngineRule || rule.RuleID != r.ID || rule.Version != r.version() || rule.Outcome[FieldSeverity] != "sev2" || rule.Reason != "Rule: loud" {
		t.Errorf("the rule's decision is %+v", rule)
	}
	want := map[string]any{"category": "bug", "severity": "sev1", "sentiment": "negative", "emotion": "", "language": "en", "area": "", "spam": false, "security": false}
	if diff := cmp.Diff(want, engine.Outcome); diff != "" {
		t.Errorf("the engine's outcome -want +got:\n%s", diff)
	}
	if engine.Engine != EngineOffline || engine.Version != "bench/first" || engine.Confidence != .9 || len(engine.Inputs) != 16 {
		t.Errorf("the engine's decision is %+v", engine)
	}
	f := d.get(t, ids[0])
	if engine.Feedback != (FeedbackRef{f.ID, f.Number, f.Title, f.Text}) {
		t.Errorf("it is about %+v, want %s", engine.Feedback, f.ID)
	}
}

func TestDecisionsAreFilteredAndPaged(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.rule(t, "crash", `text.contains("crash")`, Then{Tag: []string{"loud"}})
	ids := d.Add("it crashes", "one", "two", "three", "thank you")
	d.Launch("empty")
	cat, sev := "question", "sev4"
	d.correct(t, Edit{Category: &cat}, ids[1])
	undone := d.correct(t, Edit{Severity: &sev}, ids[2])
	if err := d.undo.Undo(d.Ctx, undone.UndoID); err != nil {
		t.Fatal(err)
	}
	yes, no := true, false
	for _, tc := range []struct {
		name string
		f    DecisionFilter
		want int
	}{
		{"all", DecisionFilter{}, 6},
		{"engine offline", DecisionFilter{Engine: EngineOffline}, 5},
		{"engine rule", DecisionFilter{Engine: EngineRule}, 1},
		{"engine person", DecisionFilter{Engine: EnginePerson}, 0},
		{"tags", DecisionFilter{Field: FieldTags}, 1},
		{"category", DecisionFilter{Field: FieldCategory}, 5},
		{"assignee", DecisionFilter{Field: FieldAssignee}, 0},
		{"corrected", DecisionFilter{Corrected: &yes}, 1},
		{"corrected in category", DecisionFilter{Corrected: &yes, Field: FieldCategory}, 1},
		{"corrected in severity", DecisionFilter{Corrected: &yes, Field: FieldSeverity}, 0},
		{"corrected by an engine", DecisionFilter{Corrected: &yes, Engine: EngineOffline}, 1},
		{"corrected rules", DecisionFilter{Corrected: &yes, Engine: EngineRule}, 0},
		{"not corrected", DecisionFilter{Corrected: &no}, 5},
		{"wrong", DecisionFilter{Wrong: true}, 1},
		{"wrong in category", DecisionFilter{Wrong: true, Field: FieldCategory}, 1},
		{"wrong in severity", DecisionFilter{Wrong: true, Field: FieldSeverity}, 0},
		{"from bug", DecisionFilter{Field: FieldCategory, From: "bug"}, 1},
		{"from praise", DecisionFilter{Field: FieldCategory, From: "praise"}, 0},
		{"from bug to question", DecisionFilter{Field: FieldCategory, From: "bug", To: "question"}, 1},
		{"to bug", DecisionFilter{Field: FieldCategory, To: "bug"}, 0},
		{"wrong rules", DecisionFilter{Wrong: true, Engine: EngineRule}, 0},
		{"wrong by the engine", DecisionFilter{Wrong: true, Engine: EngineOffline}, 1},
	} {
		seen, before := 0, ""
		for {
			tc.f.Before, tc.f.Limit = before, 2
			list, err := d.ledger.Decisions(d.Ctx, d.LaunchID, tc.f)
			if err != nil {
				t.Fatalf("%s: %v", tc.name, err)
			}
			for _, x := range list {
				if before != "" && x.ID >= before {
					t.Errorf("%s: %s comes behind %s", tc.name, x.ID, before)
				}
				before = x.ID
			}
			if seen += len(list); len(list) < 2 {
				break
			}
		}
		if seen != tc.want {
			t.Errorf("%s: %d decisions, want %d", tc.name, seen, tc.want)
		}
	}
	list, err := d.ledger.Decisions(d.Ctx, d.LaunchID, DecisionFilter{Corrected: &yes, Limit: 10})
	if err != nil || len(list) != 1 || len(list[0].Corrections) != 1 {
		t.Fatalf("corrected decisions = %+v, %v", list, err)
	}
	if c := list[0].Corrections[0]; c.Field != "category" || c.From != "bug" || c.To != "question" || c.By != "Ada owner" || c.UndoneAt != nil {
		t.Errorf("its correction is %+v", c)
	}
	if _, err := d.ledger.Decisions(d.Ctx, d.LaunchID, DecisionFilter{Field: "mood", Limit: 1}); !errs.Is(err, errs.Invalid) {
		t.Errorf("an unknown field = %v, want invalid", err)
	}
	if _, err := d.ledger.Decisions(d.Ctx, d.LaunchID, DecisionFilter{From: "bug", Limit: 1}); !errs.Is(err, errs.Invalid) {
		t.Errorf("from without a field = %v, want invalid", err)
	}
	other := workspace.As(t.Context(), workspace.Actor{Workspace: "elsewhere", Kind: "member", ID: "m", Role: workspace.Owner})
	if _, err := d.ledger.Decisions(other, d.LaunchID, DecisionFilter{Wrong: true, Limit: 1}); !errs.Is(err, errs.NotFound) {
		t.Errorf("wrong decisions across tenants = %v, want not found", err)
	}
}

// BenchmarkRecord prints what the ledger adds to each imported feedback.
func BenchmarkRecord(b *testing.B) {
	d := newDesk(b)
	const size = 128
	list := make([]*feedback.Feedback, size)
	rows := 0
	for b.Loop() {
		b.StopTimer()
		for i := range list {
			f := &feedback.Feedback{ID: db.NewID(), Title: "Export fails", Text: fmt.Sprintf("I tried to export invoice %d to a file but nothing happens when I press the button, please help.", i)}
			r := *d.Bench.Read(f)
			r.Pass, r.Reason = nlp.First, "bug: “nothing happens”, “fails” (0.83); severity sev3: one person, a function does not work"
			f.ApplyReading(&r)
			list[i] = f
		}
		b.StartTimer()
		err := d.DB.Tx(d.Ctx, func(tx *db.Tx) error { return d.ledger.Record(d.Ctx, tx, d.Workspace, d.LaunchID, list, nil) })
		if err != nil {
			b.Fatal(err)
		}
		rows += size
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(rows), "us/row")
}
