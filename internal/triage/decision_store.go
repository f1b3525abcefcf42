package triage

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/workspace"
)

const decisionColumns = `id, at, engine, version, rule_id, feedback_id, inputs, outcome, confidence, reason`

func scanDecision(s db.Scanner) (d Decision, err error) {
	var at int64
	var outcome string
	if err = s.Scan(&d.ID, &at, &d.Engine, &d.Version, &d.RuleID, &d.Feedback.ID, &d.Inputs, &outcome, &d.Confidence, &d.Reason); err != nil {
		return d, err
	}
	d.At = db.Time(at)
	if err = json.Unmarshal([]byte(outcome), &d.Outcome); err != nil {
		return d, fmt.Errorf("read outcome of decision %s: %w", d.ID, err)
	}
	return d, nil
}

// insertDecisions writes rows whose id (the second value) is still to be
// given: ids rise in the order of rows, so that what was decided first sorts
// first even within a millisecond.
func insertDecisions(ctx context.Context, tx *db.Tx, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	ids := make([]string, len(rows))
	for i := range ids {
		ids[i] = db.NewID()
	}
	slices.Sort(ids)
	for i, r := range rows {
		r[1] = ids[i]
	}
	return db.Insert(ctx, tx, `INSERT INTO decision (workspace_id, id, launch_id, feedback_id, at, engine, version, rule_id, inputs, fields, outcome, confidence, reason)`, "", rows)
}

// listDecisions returns a page, newest first, without what Ledger.complete
// adds.
func listDecisions(ctx context.Context, q db.Queryer, ws workspace.ID, launchID string, f DecisionFilter) ([]Decision, error) {
	if f.Before == "" {
		f.Before = "zz" // sorts behind every id
	}
	if f.Wrong {
		return listWrong(ctx, q, ws, launchID, f)
	}
	if f.Corrected != nil && *f.Corrected {
		return listCorrected(ctx, q, ws, launchID, f)
	}
	w := where{args: []any{ws, launchID, f.Before, f.Limit}}
	byHand := f.Engine == EngineRule || f.Engine == EnginePerson
	if f.Field != "" {
		mask := fieldsOf(f.Field)
		w.and(`(fields & ` + w.param(int64(mask)) + `) <> 0`)
		// What the engine never decides is looked for among the few others.
		byHand = byHand || mask&(read|fieldsOf(FieldDuplicateOf)) == 0
	}
	if byHand {
		w.and(`engine <> 'offline'`) // names decision_by_hand
	}
	if f.Engine != "" {
		w.and(`engine = ` + w.param(f.Engine))
	}
	if f.Corrected != nil {
		in := `id NOT IN (SELECT decision_id FROM correction WHERE workspace_id = $1 AND launch_id = $2 AND undone_at = 0 AND was <> becomes`
		if f.Field != "" {
			in += ` AND field = ` + w.param(f.Field)
		}
		w.and(in + `)`)
	}
	list, err := db.All(ctx, q, scanDecision, `SELECT `+decisionColumns+` FROM decision WHERE workspace_id = $1 AND launch_id = $2 AND id < $3`+w.text+` ORDER BY id DESC LIMIT $4`, w.args...)
	if err != nil {
		return nil, fmt.Errorf("list decisions of launch %s: %w", launchID, err)
	}
	return list, nil
}

// where collects conditions and their parameters.
type where struct {
	text string
	args []any
}

func (w *where) and(condition string) { w.text += ` AND ` + condition }

func (w *where) param(v any) string {
	w.args = append(w.args, v)
	return fmt.Sprintf("$%d", len(w.args))
}

// listCorrected pages through corrections, which are few, not decisions.
func listCorrected(ctx context.Context, q db.Queryer, ws workspace.ID, launchID string, f DecisionFilter) ([]Decision, error) {
	var out []Decision
	for len(out) < f.Limit {
		w := where{args: []any{ws, launchID, f.Before, f.Limit}}
		if f.Field != "" {
			w.and(`field = ` + w.param(f.Field))
		}
		ids, err := db.All(ctx, q, func(s db.Scanner) (id string, err error) { return id, s.Scan(&id) },
			`SELECT DISTINCT decision_id FROM correction WHERE workspace_id = $1 AND launch_id = $2 AND undone_at = 0 AND was <> becomes AND decision_id < $3 AND decision_id <> ''`+w.text+` ORDER BY decision_id DESC LIMIT $4`, w.args...)
		if err != nil {
			return nil, fmt.Errorf("list corrected decisions of launch %s: %w", launchID, err)
		}
		if len(ids) == 0 {
			break
		}
		f.Before = ids[len(ids)-1]
		list, err := decisionsByID(ctx, q, ws, ids)
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			if (f.Engine == "" || d.Engine == f.Engine) && len(out) < f.Limit {
				out = append(out, d)
			}
		}
	}
	return out, nil
}

// listWrong pages through decisions with a field that has another value now.
// They are worked out of the same net corrections as Accuracy, so that its
// numbers and these rows are the same.
func listWrong(ctx context.Context, q db.Queryer, ws workspace.ID, launchID string, f DecisionFilter) ([]Decision, error) {
	nets, err := netCorrections(ctx, q, ws, launchID)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, c := range nets {
		if c.From != c.To && c.DecisionID != "" && c.DecisionID < f.Before && slices.Contains(triaged, c.Field) &&
			(f.Field == "" || f.Field == c.Field) && (f.From == "" || f.From == c.From) && (f.To == "" || f.To == c.To) {
			ids = append(ids, c.DecisionID)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	slices.Reverse(ids)
	var out []Decision
	for part := range slices.Chunk(ids, max(f.Limit, 50)) {
		list, err := decisionsByID(ctx, q, ws, part)
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			if f.Engine == "" || d.Engine == f.Engine {
				out = append(out, d)
			}
			if len(out) == f.Limit {
				return out, nil
			}
		}
	}
	return out, nil
}

// decisionsByID returns some decisions, newest first.
func decisionsByID(ctx context.Context, q db.Queryer, ws workspace.ID, ids []string) ([]Decision, error) {
	list, err := db.All(ctx, q, scanDecision, `SELECT `+decisionColumns+` FROM decision WHERE workspace_id = $1 AND id IN (`+db.In(2, len(ids))+`) ORDER BY id DESC`, append([]any{ws}, db.Args(ids)...)...)
	if err != nil {
		return nil, fmt.Errorf("look up %d decisions: %w", len(ids), err)
	}
	return list, nil
}

// maxOfOne bounds the decisions shown of one feedback.
const maxOfOne = 500

func decisionsOf(ctx context.Context, q db.Queryer, ws workspace.ID, feedbackID string) ([]Decision, error) {
	list, err := db.All(ctx, q, scanDecision, `SELECT `+decisionColumns+` FROM decision WHERE workspace_id = $1 AND feedback_id = $2 ORDER BY id DESC LIMIT $3`, ws, feedbackID, maxOfOne)
	if err != nil {
		return nil, fmt.Errorf("list decisions on %s: %w", feedbackID, err)
	}
	return list, nil
}

func feedbackRefs(ctx context.Context, q db.Queryer, ws workspace.ID, ids []string) (map[string]FeedbackRef, error) {
	out := map[string]FeedbackRef{}
	for part := range slices.Chunk(ids, 500) {
		list, err := db.All(ctx, q, func(s db.Scanner) (r FeedbackRef, err error) {
			var title, text string
			err = s.Scan(&r.ID, &r.Number, &title, &text)
			r.Title, r.Snippet = feedback.Cover(title, text)
			return r, err
		},
			`SELECT id, num, title, substr(text, 1, 400) FROM feedback WHERE workspace_id = $1 AND id IN (`+db.In(2, len(part))+`)`, append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("look up feedback of decisions: %w", err)
		}
		for _, r := range list {
			out[r.ID] = r
		}
	}
	return out, nil
}

// ruling is the short form of a decision.
type ruling struct {
	ID, FeedbackID, Engine, RuleID string
	fields                         fields
	outcome                        string
}

func scanRuling(s db.Scanner) (r ruling, err error) {
	return r, s.Scan(&r.ID, &r.FeedbackID, &r.Engine, &r.RuleID, &r.fields, &r.outcome)
}

// byHand returns what rules and people decided of feedback, oldest first.
func byHand(ctx context.Context, q db.Queryer, ws workspace.ID, ids []string) ([]ruling, error) {
	var out []ruling
	for part := range slices.Chunk(ids, 500) {
		list, err := db.All(ctx, q, scanRuling, `SELECT id, feedback_id, engine, rule_id, fields, outcome FROM decision
			WHERE workspace_id = $1 AND feedback_id IN (`+db.In(2, len(part))+`) AND engine <> 'offline' ORDER BY id`, append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("look up what was decided of %d feedback: %w", len(ids), err)
		}
		out = append(out, list...)
	}
	return out, nil
}

// deciders returns, for each feedback and field, the decision that holds:
// the newest one of the engine or a rule.
func deciders(ctx context.Context, q db.Queryer, ws workspace.ID, ids []string) (func(feedbackID, field string) string, error) {
	byFeedback := map[string][]ruling{} // newest first
	for part := range slices.Chunk(ids, 500) {
		list, err := db.All(ctx, q, scanRuling, `SELECT id, feedback_id, engine, rule_id, fields, '' FROM decision
			WHERE workspace_id = $1 AND feedback_id IN (`+db.In(2, len(part))+`) AND engine <> 'person' ORDER BY id DESC`, append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("look up decisions on %d feedback: %w", len(ids), err)
		}
		for _, r := range list {
			byFeedback[r.FeedbackID] = append(byFeedback[r.FeedbackID], r)
		}
	}
	return func(feedbackID, field string) string {
		for _, r := range byFeedback[feedbackID] {
			// A rule's severity outlives a later reading of the engine: Keep.
			if r.Engine == EngineRule && r.fields.has(field) {
				return r.ID
			}
		}
		for _, r := range byFeedback[feedbackID] {
			if r.fields.has(field) {
				return r.ID
			}
		}
		return ""
	}, nil
}
