package triage

import (
	"context"
	"fmt"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/workspace"
)

// SetAside is feedback that somebody ignored: one, or several in the same
// minute.
type SetAside struct {
	ID    string // of the newest decision
	At    time.Time
	By    string // a member's name
	Count int
	Row   *feedback.Feedback // when it is one
	Next  string             // everything behind this decision is older
}

const (
	fewAside  = 3   // are told one by one
	mostAside = 500 // are looked at for one page
)

// SetAside returns what people ignored in a launch before a decision's id
// ("" for none) and a time, newest first. What became of an issue is told by
// the issue. The caller has checked that its actor may read.
func (l *Ledger) SetAside(ctx context.Context, ws workspace.ID, launchID, before string, at int64, limit int) ([]SetAside, error) {
	if before == "" {
		before = "zz" // sorts behind every id
	}
	type row struct {
		id, by, feedbackID string
		at                 int64
	}
	list, err := db.All(ctx, l.db, func(r db.Scanner) (x row, err error) { return x, r.Scan(&x.id, &x.at, &x.by, &x.feedbackID) },
		`SELECT id, at, version, feedback_id FROM decision WHERE workspace_id = $1 AND launch_id = $2 AND id < $3 AND at < $4 AND engine <> 'offline' AND engine = $5
			AND (fields & $6) <> 0 AND outcome ->> 'state' = $7 ORDER BY id DESC LIMIT $8`,
		ws, launchID, before, at, EnginePerson, int64(fieldsOf(FieldState)), feedback.Ignored, mostAside)
	if err != nil {
		return nil, fmt.Errorf("list what was ignored in launch %s: %w", launchID, err)
	}
	minute := time.Minute.Microseconds()
	var out []SetAside
	var ids []string
	alone := map[int]string{}
	for k := 0; k < len(list) && len(out) < limit; {
		run := 1
		for k+run < len(list) && list[k].by == list[k+run].by && list[k].at/minute == list[k+run].at/minute {
			run++
		}
		if run <= fewAside {
			run = 1
			alone[len(out)] = list[k].feedbackID
			ids = append(ids, list[k].feedbackID)
		}
		out = append(out, SetAside{ID: list[k].id, At: db.Time(list[k].at), By: list[k].by, Count: run, Next: list[k+run-1].id})
		k += run
	}
	rows, err := l.feedback.Rows(ctx, ws, ids)
	if err != nil {
		return nil, err
	}
	for k, id := range alone {
		out[k].Row = rows[id]
	}
	return out, nil
}
