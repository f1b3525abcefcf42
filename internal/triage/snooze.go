package triage

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/workspace"
)

const snoozeKind = "feedback.snooze"

// Snoozed is what became of putting feedback off.
type Snoozed struct {
	Changed int
	UndoID  string // "" when nothing changed
}

// snoozing is what it takes to go back behind a Snooze: feedback that was put
// off until the same time before.
type snoozing struct {
	Was     *time.Time `json:"was,omitempty"`
	Becomes *time.Time `json:"becomes,omitempty"`
	IDs     []string   `json:"ids"`
}

// Snooze puts feedback that is to be triaged off until a time, at most a year
// ahead; nil brings it back at once. Of several, those that are done with
// already stay as they are. launchID bounds what may be named; "" for any.
func (l *Ledger) Snooze(ctx context.Context, launchID string, ids []string, until *time.Time) (*Snoozed, error) {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return nil, err
	}
	ids = unique(ids)
	if len(ids) == 0 || len(ids) > MaxEdit {
		return nil, errs.New(errs.Invalid, "Name between 1 and %d feedback to put off.", MaxEdit)
	}
	var to time.Time
	if until != nil {
		if to, err = snoozeTime(*until, l.now()); err != nil {
			return nil, err
		}
	}
	out := &Snoozed{}
	var moved []feedback.Place
	err = l.db.Tx(ctx, func(tx *db.Tx) error {
		if moved, err = l.snoozable(ctx, tx, a.Workspace, launchID, ids, to); err != nil || len(moved) == 0 {
			return err
		}
		if err := l.feedback.PutOff(ctx, tx, a.Workspace, moved, to); err != nil {
			return err
		}
		out.UndoID, err = l.keepSnooze(ctx, tx, a, moved, to)
		return err
	})
	if err != nil {
		return nil, err
	}
	out.Changed = len(moved)
	l.moved(ctx, a.Workspace, moved)
	return out, nil
}

// moved brings lists up to date after a commit. Committed is committed,
// whoever still waits.
func (l *Ledger) moved(ctx context.Context, ws workspace.ID, list []feedback.Place) {
	if err := l.feedback.Moved(context.WithoutCancel(ctx), ws, list); err != nil {
		l.log.ErrorContext(ctx, "bring lists up to date", "workspace", ws, "err", err)
	}
}

func snoozeTime(until, now time.Time) (time.Time, error) {
	until = until.UTC().Truncate(time.Microsecond)
	if !until.After(now) {
		return until, refused("until", "The time must lie ahead; %s has passed.", until.Format(time.RFC3339))
	}
	if until.After(now.AddDate(1, 0, 0)) {
		return until, refused("until", "Put it off for a year at most; %s is too far ahead.", until.Format(time.RFC3339))
	}
	return until, nil
}

// snoozable returns, of the feedback with ids, what waits for triage and is
// not put off until that time already.
func (l *Ledger) snoozable(ctx context.Context, tx *db.Tx, ws workspace.ID, launchID string, ids []string, to time.Time) ([]feedback.Place, error) {
	places, err := l.feedback.Places(ctx, tx, ws, ids)
	if err != nil {
		return nil, err
	}
	known := make(map[string]bool, len(places))
	var list []feedback.Place
	waiting := 0
	for _, p := range places {
		if known[p.ID] = launchID == "" || p.LaunchID == launchID; p.State == feedback.New {
			if waiting++; !p.SnoozedUntil.Equal(to) {
				list = append(list, p)
			}
		}
	}
	for _, id := range ids {
		if !known[id] {
			return nil, errs.New(errs.NotFound, "There is no feedback %.60s here.", id)
		}
	}
	if waiting == 0 {
		return nil, errs.New(errs.Conflict, "Feedback %d is %s already; only what waits for triage can be put off.", places[0].Num, places[0].State)
	}
	return list, nil
}

// keepSnooze writes what follows from putting feedback off: decisions, undo,
// audit.
func (l *Ledger) keepSnooze(ctx context.Context, tx *db.Tx, a workspace.Actor, moved []feedback.Place, to time.Time) (string, error) {
	var becomes *time.Time
	reason := "Back to triage"
	if !to.IsZero() {
		becomes, reason = &to, "Put off until "+to.Format("2006-01-02 15:04")+" UTC"
	}
	has, outcome, err := encodeOutcome(map[string]any{FieldSnoozedUntil: becomes})
	if err != nil {
		return "", fmt.Errorf("record snooze: %w", err)
	}
	rows := make([][]any, len(moved))
	var back []snoozing
	at := map[time.Time]int{}
	for i, p := range moved {
		rows[i] = []any{a.Workspace, "", p.LaunchID, p.ID, db.Micros(l.now()), EnginePerson, a.Name, "", "", int64(has), outcome, 1.0, reason}
		k, ok := at[p.SnoozedUntil]
		if !ok {
			k = len(back)
			at[p.SnoozedUntil] = k
			s := snoozing{Becomes: becomes}
			if was := p.SnoozedUntil; !was.IsZero() {
				s.Was = &was
			}
			back = append(back, s)
		}
		back[k].IDs = append(back[k].IDs, p.ID)
	}
	if err := insertDecisions(ctx, tx, rows); err != nil {
		return "", err
	}
	kind, id := "feedback", moved[0].ID
	if len(moved) > 1 {
		kind, id = "launch", moved[0].LaunchID
	}
	if err := a.Audit(ctx, tx, snoozeKind, kind, id, map[string]any{"until": becomes, "feedback": len(moved)}); err != nil {
		return "", err
	}
	return l.undo.Record(ctx, tx, a, snoozeKind, back)
}

// unsnooze is the undo.Handler of Snooze. What was decided or put off again
// since stays as it is now.
func (l *Ledger) unsnooze(ctx context.Context, tx *db.Tx, a workspace.Actor, detail json.RawMessage) (func(), error) {
	var back []snoozing
	if err := json.Unmarshal(detail, &back); err != nil {
		return nil, fmt.Errorf("read what to undo: %w", err)
	}
	var moved []feedback.Place
	for _, s := range back {
		places, err := l.feedback.Places(ctx, tx, a.Workspace, s.IDs)
		if err != nil {
			return nil, err
		}
		var mine []feedback.Place
		for _, p := range places {
			if p.State == feedback.New && p.SnoozedUntil.Equal(timeOr(s.Becomes)) {
				mine = append(mine, p)
			}
		}
		if err := l.feedback.PutOff(ctx, tx, a.Workspace, mine, timeOr(s.Was)); err != nil {
			return nil, err
		}
		moved = append(moved, mine...)
	}
	if len(moved) == 0 {
		return nil, errs.New(errs.Conflict, "This was worked on since, or its time has come; there is nothing to undo any more.")
	}
	return func() { l.moved(ctx, a.Workspace, moved) }, nil
}

func timeOr(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
