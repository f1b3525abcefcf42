package triage

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/workspace"
)

const correctionColumns = `id, feedback_id, decision_id, field, was, becomes, by_name, by_id, at, undone_at`

func scanCorrection(s db.Scanner) (c Correction, err error) {
	var at, undone int64
	err = s.Scan(&c.ID, &c.FeedbackID, &c.DecisionID, &c.Field, &c.From, &c.To, &c.By, &c.ByID, &at, &undone)
	c.At = db.Time(at)
	if undone != 0 {
		t := db.Time(undone)
		c.UndoneAt = &t
	}
	return c, err
}

// correctionsOf returns the corrections of feedback, also those taken back,
// oldest first.
func correctionsOf(ctx context.Context, q db.Queryer, ws workspace.ID, ids []string) ([]Correction, error) {
	var out []Correction
	for part := range slices.Chunk(ids, 500) {
		list, err := db.All(ctx, q, scanCorrection, `SELECT `+correctionColumns+` FROM correction WHERE workspace_id = $1 AND feedback_id IN (`+db.In(2, len(part))+`) ORDER BY at, id`,
			append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("list corrections of %d feedback: %w", len(ids), err)
		}
		out = append(out, list...)
	}
	return out, nil
}

// liveCorrections are those that hold.
func liveCorrections(ctx context.Context, q db.Queryer, ws workspace.ID, ids []string) ([]Correction, error) {
	list, err := correctionsOf(ctx, q, ws, ids)
	return slices.DeleteFunc(list, func(c Correction) bool { return c.UndoneAt != nil }), err
}

func markUndone(ctx context.Context, tx *db.Tx, ws workspace.ID, ids []string, now time.Time) error {
	for part := range slices.Chunk(ids, 500) {
		if _, err := tx.ExecContext(ctx, `UPDATE correction SET undone_at = $1 WHERE workspace_id = $2 AND id IN (`+db.In(3, len(part))+`)`,
			append([]any{db.Micros(now), ws}, db.Args(part)...)...); err != nil {
			return fmt.Errorf("mark %d corrections undone: %w", len(ids), err)
		}
	}
	return nil
}

// Corrections returns what people corrected of some feedback, by its id,
// oldest first, without what they took back.
func (l *Ledger) Corrections(ctx context.Context, ws workspace.ID, ids []string) (map[string][]Correction, error) {
	list, err := liveCorrections(ctx, l.db, ws, ids)
	if err != nil {
		return nil, err
	}
	out := map[string][]Correction{}
	for _, c := range list {
		out[c.FeedbackID] = append(out[c.FeedbackID], c)
	}
	return out, nil
}

// Keep puts what rules and people decided over a fresh reading: the severity
// that a rule set when the feedback arrived, then every correction that
// holds, the latest last.
func (l *Ledger) Keep(ctx context.Context, q db.Queryer, ws workspace.ID, list []*feedback.Feedback) error {
	ids := make([]string, len(list))
	byID := make(map[string]*feedback.Feedback, len(list))
	for i, f := range list {
		ids[i] = f.ID
		byID[f.ID] = f
	}
	hands, err := byHand(ctx, q, ws, ids)
	if err != nil {
		return err
	}
	for _, h := range hands {
		if h.Engine != EngineRule || !h.fields.has(FieldSeverity) {
			continue
		}
		var o struct{ Severity string }
		if err := json.Unmarshal([]byte(h.outcome), &o); err != nil {
			return fmt.Errorf("read outcome of decision %s: %w", h.ID, err)
		}
		decide(byID[h.FeedbackID], FieldSeverity, o.Severity)
	}
	corrections, err := liveCorrections(ctx, q, ws, ids)
	if err != nil {
		return err
	}
	for _, c := range corrections {
		f := byID[c.FeedbackID]
		if c.Field == FieldSpam && c.To == "true" && f.State != feedback.New {
			continue // what people did with it later stands
		}
		decide(f, c.Field, c.To)
	}
	return nil
}

// Lesson is a correction with the feedback it was made on, to learn from.
type Lesson struct {
	FeedbackID string
	Field      string
	From       string // what triage said
	To         string // what a person said
	Title      string
	Text       string
	Static     []int8
	Sentence   []int8
	At         time.Time
}

// maxLessons bounds what is learnt from: the newest corrections.
const maxLessons = 5000

// Lessons returns what people taught triage in a workspace, oldest first: for
// each feedback and field the first value and the last one, if they differ.
func (l *Ledger) Lessons(ctx context.Context, ws workspace.ID) ([]Lesson, error) {
	list, err := db.All(ctx, l.db, scanCorrection, `SELECT `+correctionColumns+` FROM correction WHERE workspace_id = $1 AND undone_at = 0 ORDER BY id DESC LIMIT $2`, ws, maxLessons)
	if err != nil {
		return nil, fmt.Errorf("read lessons: %w", err)
	}
	slices.Reverse(list)
	nets := net(list)
	ids := make([]string, 0, len(nets))
	for _, c := range nets {
		ids = append(ids, c.FeedbackID)
	}
	rows, err := l.feedback.GetMany(ctx, l.db, ws, unique(ids))
	if err != nil {
		return nil, err
	}
	byID := make(map[string]*feedback.Feedback, len(rows))
	for _, f := range rows {
		byID[f.ID] = f
	}
	out := make([]Lesson, 0, len(nets))
	for _, c := range nets {
		if f := byID[c.FeedbackID]; f != nil && c.From != c.To {
			out = append(out, lessonOf(f, c.Field, c.From, c.To, c.At))
		}
	}
	return out, nil
}

// net joins the corrections of each field of a feedback, oldest first, into
// one from the first value to the last.
func net(list []Correction) []Correction {
	type key struct{ feedbackID, field string }
	at := map[key]int{}
	var out []Correction
	for _, c := range list {
		k := key{c.FeedbackID, c.Field}
		if i, ok := at[k]; ok {
			out[i].To, out[i].At = c.To, c.At
			continue
		}
		at[k] = len(out)
		out = append(out, c)
	}
	return out
}

func lessonOf(f *feedback.Feedback, field, from, to string, at time.Time) Lesson {
	return Lesson{FeedbackID: f.ID, Field: field, From: from, To: to, Title: f.Title, Text: f.Text, Static: f.StaticVector, Sentence: f.SentenceVector, At: at}
}

// lessons are what a Correct taught: a field that was right teaches nothing
// that triage does not do already.
func (w *correcting) lessons() []Lesson {
	byID := make(map[string]*feedback.Feedback, len(w.changed))
	for _, f := range w.changed {
		byID[f.ID] = f
	}
	var out []Lesson
	for _, i := range w.items {
		if i.CorrectionID != "" && i.Was != i.Becomes {
			out = append(out, lessonOf(byID[i.FeedbackID], i.Field, i.Was, i.Becomes, w.now))
		}
	}
	return out
}

// OnCorrection calls fn with each correction after its commit.
func (l *Ledger) OnCorrection(fn func(workspace.ID, Lesson)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tells = append(l.tells, fn)
}

// OnTakenBack calls fn after corrections of a workspace were undone: what was
// learnt from them must be forgotten, by reading Lessons again.
func (l *Ledger) OnTakenBack(fn func(workspace.ID)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forgets = append(l.forgets, fn)
}

func (l *Ledger) tell(ws workspace.ID, lessons []Lesson) {
	l.mu.Lock()
	tells := slices.Clone(l.tells)
	l.mu.Unlock()
	for _, fn := range tells {
		for _, x := range lessons {
			fn(ws, x)
		}
	}
}

func (l *Ledger) unlearn(ws workspace.ID) {
	l.mu.Lock()
	forgets := slices.Clone(l.forgets)
	l.mu.Unlock()
	for _, fn := range forgets {
		fn(ws)
	}
}
