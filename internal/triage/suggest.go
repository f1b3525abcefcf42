package triage

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/workspace"
)

// FieldSuggestion is a field of a new feedback as triage filled it, for a
// person to take, change or wave off.
type FieldSuggestion struct {
	Field      string  `json:"field" enum:"severity,category,area"`
	Value      string  `json:"value"`
	Confidence float64 `json:"confidence" minimum:"0" maximum:"1"`
	Reason     string  `json:"reason"`
}

// suggested are the fields that are suggested, in the order in which they are
// shown. Taking one means to confirm it.
var suggested = []string{FieldSeverity, FieldCategory, FieldArea}

// DismissIssue is what is waved off when a feedback shall not join an issue.
const DismissIssue = "issue"

// Dismissal is a suggestion that people do not want to see again on a
// feedback.
type Dismissal struct {
	What  string `json:"what" enum:"issue,severity,category,area"`
	Value string `json:"value,omitempty" maxLength:"200" doc:"The issue's id; of a field what triage said, which may be left out."`
}

const dismissKind = "feedback.dismiss"

// dismissed is what it takes to bring a suggestion back.
type dismissed struct {
	FeedbackID string `json:"feedback_id"`
	LaunchID   string `json:"launch_id"`
	Dismissal
}

// SuggestedFields returns the fields of a new feedback that triage filled and
// that nobody has confirmed, corrected or waved off.
func (l *Ledger) SuggestedFields(ctx context.Context, feedbackID string) ([]FieldSuggestion, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	f, err := l.feedback.Get(ctx, feedbackID)
	if err != nil {
		return nil, err
	}
	out := []FieldSuggestion{}
	if f.State != feedback.New || f.Reading == nil {
		return out, nil
	}
	live, err := liveCorrections(ctx, l.db, a.Workspace, []string{feedbackID})
	if err != nil {
		return nil, err
	}
	gone, err := dismissals(ctx, l.db, a.Workspace, feedbackID)
	if err != nil {
		return nil, err
	}
	for _, field := range suggested {
		s := FieldSuggestion{Field: field, Value: valueOf(f, field), Confidence: sureness(f, field)}
		by := func(c Correction) bool { return c.Field == field }
		if s.Value == "" || s.Confidence >= 1 || slices.ContainsFunc(live, by) || slices.Contains(gone, Dismissal{field, s.Value}) {
			continue
		}
		s.Reason = reasonOf(f, field)
		out = append(out, s)
	}
	return out, nil
}

// sureness is how sure whoever filled a field was; people and rules are.
func sureness(f *feedback.Feedback, field string) float64 {
	if field != FieldArea {
		return numberOf(f, field)
	}
	if f.Reading == nil || f.Reading.Area.Name != f.Area {
		return 1 // a person's word
	}
	return f.Reading.Area.Confidence
}

func reasonOf(f *feedback.Feedback, field string) string {
	switch field {
	case FieldSeverity:
		return f.Reading.Severity.Reason
	case FieldArea:
		return f.Reading.Area.Reason
	}
	for _, c := range f.Reading.Categories {
		if c.Name == f.Category {
			return c.Reason
		}
	}
	return ""
}

// Dismiss keeps a suggestion from being made for a feedback again. The
// feedback stays as it is. It returns the id to undo it by, "" when it was
// dismissed before.
func (l *Ledger) Dismiss(ctx context.Context, feedbackID string, d Dismissal) (undoID string, err error) {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return "", err
	}
	f, err := l.feedback.Get(ctx, feedbackID)
	if err != nil {
		return "", err
	}
	name := d.Value
	switch {
	case d.What == DismissIssue:
		ref, ok, err := l.feedback.Issue(ctx, a.Workspace, d.Value)
		if err != nil {
			return "", err
		} else if !ok {
			return "", errs.New(errs.NotFound, "There is no issue %.60s in this workspace; name it by its id.", d.Value)
		}
		d.Value, name = ref.ID, ref.Key
	case !slices.Contains(suggested, d.What):
		return "", oneOf("what", d.What, append([]string{DismissIssue}, suggested...))
	case d.Value == "":
		d.Value = valueOf(f, d.What)
		name = d.Value
	case d.Value != valueOf(f, d.What):
		return "", errs.New(errs.Conflict, "The %s is %s by now; look again, then decide.", d.What, valueOf(f, d.What))
	}
	if d.Value == "" {
		return "", errs.New(errs.Conflict, "Triage suggests no %s for it.", d.What)
	}
	err = l.db.Tx(ctx, func(tx *db.Tx) error {
		n, err := db.Affected(tx.ExecContext(ctx, `INSERT INTO dismissal (workspace_id, feedback_id, what, value, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
			a.Workspace, feedbackID, d.What, d.Value, db.Micros(l.now())))
		if err != nil {
			return fmt.Errorf("dismiss %s for %s: %w", d.What, feedbackID, err)
		}
		if n == 0 {
			return nil
		}
		if err := l.Human(ctx, tx, a, f.LaunchID, []string{feedbackID}, map[string]any{FieldDismissed: d.What, "value": name}, "Does not want "+d.What+" "+name); err != nil {
			return err
		}
		if err := a.Audit(ctx, tx, dismissKind, "feedback", feedbackID, map[string]any{"what": d.What, "value": name}); err != nil {
			return err
		}
		undoID, err = l.undo.Record(ctx, tx, a, dismissKind, dismissed{feedbackID, f.LaunchID, d})
		return err
	})
	if err != nil {
		return "", err
	}
	if undoID != "" {
		l.moved(ctx, a.Workspace, []feedback.Place{{ID: feedbackID, LaunchID: f.LaunchID}})
	}
	return undoID, nil
}

// undismiss is the undo.Handler of Dismiss.
func (l *Ledger) undismiss(ctx context.Context, tx *db.Tx, a workspace.Actor, detail json.RawMessage) (func(), error) {
	var d dismissed
	if err := json.Unmarshal(detail, &d); err != nil {
		return nil, fmt.Errorf("read what to undo: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM dismissal WHERE workspace_id = $1 AND feedback_id = $2 AND what = $3 AND value = $4`,
		a.Workspace, d.FeedbackID, d.What, d.Value); err != nil {
		return nil, fmt.Errorf("bring %s back for %s: %w", d.What, d.FeedbackID, err)
	}
	return func() { l.moved(ctx, a.Workspace, []feedback.Place{{ID: d.FeedbackID, LaunchID: d.LaunchID}}) }, nil
}

// DismissedIssues returns the ids of the issues that a feedback shall not be
// suggested to join.
func (l *Ledger) DismissedIssues(ctx context.Context, ws workspace.ID, feedbackID string) ([]string, error) {
	list, err := dismissals(ctx, l.db, ws, feedbackID)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, d := range list {
		if d.What == DismissIssue {
			ids = append(ids, d.Value)
		}
	}
	return ids, nil
}

func dismissals(ctx context.Context, q db.Queryer, ws workspace.ID, feedbackID string) ([]Dismissal, error) {
	list, err := db.All(ctx, q, func(s db.Scanner) (d Dismissal, err error) { return d, s.Scan(&d.What, &d.Value) },
		`SELECT what, value FROM dismissal WHERE workspace_id = $1 AND feedback_id = $2 ORDER BY at, what, value`, ws, feedbackID)
	if err != nil {
		return nil, fmt.Errorf("read what was dismissed for %s: %w", feedbackID, err)
	}
	return list, nil
}
