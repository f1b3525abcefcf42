package issue

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Turn is how many issues of a severity were made and closed in one slot of
// feedback.Slot; At is its start in microseconds.
type Turn struct {
	At       int64
	Severity string
	Opened   int
	Closed   int
}

// Turns returns how issues of a launch came and went before a time, in any
// order. Severity is that of today, a reopened issue was never closed, and
// one that was merged is not there. The caller has checked that its actor may
// read.
func (s *Service) Turns(ctx context.Context, ws workspace.ID, launchID string, before int64) ([]Turn, error) {
	turn := func(closed bool) func(db.Scanner) (Turn, error) {
		return func(r db.Scanner) (t Turn, err error) {
			n := &t.Opened
			if closed {
				n = &t.Closed
			}
			err = r.Scan(&t.At, &t.Severity, n)
			t.At *= feedback.Slot.Microseconds()
			return t, err
		}
	}
	opened, err := db.All(ctx, s.db, turn(false), `SELECT created_at / 900000000, severity, COUNT(*) FROM issue
		WHERE workspace_id = $1 AND launch_id = $2 AND merged_into = '' AND created_at < $3 GROUP BY created_at / 900000000, severity`, ws, launchID, before)
	if err != nil {
		return nil, fmt.Errorf("count issues made in launch %s: %w", launchID, err)
	}
	closed, err := db.All(ctx, s.db, turn(true), `SELECT closed_at / 900000000, severity, COUNT(*) FROM issue
		WHERE workspace_id = $1 AND launch_id = $2 AND merged_into = '' AND created_at < $3 AND closed_at <> 0 AND closed_at < $3 GROUP BY closed_at / 900000000, severity`, ws, launchID, before)
	if err != nil {
		return nil, fmt.Errorf("count issues closed in launch %s: %w", launchID, err)
	}
	return append(opened, closed...), nil
}

// OpenAt returns the issues that were open at a time, highest priority (of
// today) first. The caller has checked that its actor may read.
func (s *Service) OpenAt(ctx context.Context, ws workspace.ID, launchID string, at int64, limit int) ([]*Issue, error) {
	list, err := db.All(ctx, s.db, scan, `SELECT `+allColumns+` FROM issue WHERE workspace_id = $1 AND launch_id = $2 AND merged_into = '' AND created_at < $3
		AND (closed_at = 0 OR closed_at >= $3) ORDER BY priority DESC, num DESC LIMIT $4`, ws, launchID, at, limit)
	if err != nil {
		return nil, fmt.Errorf("list open issues of launch %s: %w", launchID, err)
	}
	return list, dress(ctx, s.db, ws, s.now(), list...)
}

// Critical is an open issue of severity sev1.
type Critical struct {
	Ref
	Since time.Time // when it became one
	Hit   int       // people who had reported it, or reports when none named anybody
}

// CriticalAt returns the sev1 issue that had been open longest at a time, nil
// when there was none. The caller has checked that its actor may read.
func (s *Service) CriticalAt(ctx context.Context, ws workspace.ID, launchID string, at int64) (*Critical, error) {
	c := &Critical{}
	var num, since int64
	err := s.db.QueryRowContext(ctx, `SELECT id, num, title, created_at FROM issue WHERE workspace_id = $1 AND launch_id = $2 AND merged_into = '' AND severity = 'sev1'
		AND created_at < $3 AND (closed_at = 0 OR closed_at >= $3) ORDER BY created_at, num LIMIT 1`, ws, launchID, at).Scan(&c.ID, &num, &c.Title, &since)
	switch {
	case db.IsNoRows(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("find the critical issue of launch %s: %w", launchID, err)
	}
	c.Key = keyOf(num)
	var raised int64
	var people, unnamed int
	err = s.db.QueryRowContext(ctx, `SELECT
		(SELECT COALESCE(MAX(at), 0) FROM issue_history WHERE workspace_id = $1 AND issue_id = $2 AND field = 'severity' AND becomes = 'sev1' AND at < $3),
		(SELECT COUNT(DISTINCT person_id) FROM feedback WHERE workspace_id = $1 AND issue_id = $2 AND issue_id <> '' AND person_id <> '' AND received_at < $3),
		(SELECT COUNT(*) FROM feedback WHERE workspace_id = $1 AND issue_id = $2 AND issue_id <> '' AND person_id = '' AND received_at < $3)`, ws, c.ID, at).Scan(&raised, &people, &unnamed)
	if err != nil {
		return nil, fmt.Errorf("measure issue %s: %w", c.Key, err)
	}
	c.Since, c.Hit = db.Time(max(since, raised)), people
	if people == 0 {
		c.Hit = unnamed
	}
	return c, nil
}

// ReopenedIn returns the issues that left closure in [from, to), other than
// by undoing their closing, newest first. The caller has checked that its
// actor may read.
func (s *Service) ReopenedIn(ctx context.Context, ws workspace.ID, launchID string, from, to int64) ([]Ref, error) {
	list, err := db.All(ctx, s.db, scanRef, `SELECT i.id, i.num, i.title FROM (
			SELECT issue_id, MAX(at) AS last FROM issue_history WHERE workspace_id = $1 AND launch_id = $2 AND at >= $3 AND at < $4
				AND field = 'stage' AND was = 'closure' AND reason <> '`+undone+`' GROUP BY issue_id) AS h
		JOIN issue i ON i.workspace_id = $1 AND i.id = h.issue_id ORDER BY h.last DESC, i.num DESC LIMIT 100`, ws, launchID, from, to)
	if err != nil {
		return nil, fmt.Errorf("find reopened issues of launch %s: %w", launchID, err)
	}
	return list, nil
}

// Happening is a change of an issue, or several of one kind that somebody
// made in the same minute.
type Happening struct {
	HistoryEntry
	Count  int   // how many; 1 for one
	Issues []Ref // the first few
	Next   Place // everything behind this is older
}

const (
	fewChanges  = 3   // of one kind are told one by one
	mostChanges = 500 // are looked at for one page
)

// Happened returns what was changed in a launch's issues before a place,
// newest first. Of a merger one side tells. The caller has checked that its
// actor may read.
func (s *Service) Happened(ctx context.Context, ws workspace.ID, launchID string, before Place, limit int) ([]Happening, error) {
	type line struct {
		HistoryEntry
		issueID string
	}
	list, err := db.All(ctx, s.db, func(r db.Scanner) (l line, err error) {
		var at int64
		err = r.Scan(&l.ID, &at, &l.Actor.Kind, &l.Actor.ID, &l.Actor.Name, &l.Field, &l.From, &l.To, &l.Reason, &l.issueID)
		l.At = db.Time(at)
		return l, err
	}, `SELECT id, at, actor_kind, actor_id, actor_name, field, was, becomes, reason, issue_id FROM issue_history WHERE workspace_id = $1 AND launch_id = $2 AND (at, id) < ($3, $4)
		AND field <> 'merged' AND field <> 'split' ORDER BY at DESC, id DESC LIMIT $5`, ws, launchID, before.At, before.ID, mostChanges)
	if err != nil {
		return nil, fmt.Errorf("list what happened in launch %s: %w", launchID, err)
	}
	same := func(a, b line) bool {
		return a.Field == b.Field && a.Actor == b.Actor && a.At.Truncate(time.Minute).Equal(b.At.Truncate(time.Minute))
	}
	var out []Happening
	var ids []string
	var members [][]string
	for k := 0; k < len(list) && len(out) < limit; {
		run := 1
		for k+run < len(list) && same(list[k], list[k+run]) {
			run++
		}
		if run <= fewChanges {
			run = 1
		}
		last := list[k+run-1]
		h := Happening{HistoryEntry: list[k].HistoryEntry, Count: run, Next: Place{last.At.UnixMicro(), last.ID}}
		var of []string
		for _, l := range list[k : k+run] {
			if !slices.Contains(of, l.issueID) && len(of) < fewChanges {
				of = append(of, l.issueID)
			}
		}
		out, members, ids = append(out, h), append(members, of), append(ids, of...)
		k += run
	}
	slices.Sort(ids)
	names, err := refs(ctx, s.db, ws, slices.Compact(ids))
	if err != nil {
		return nil, err
	}
	for k, of := range members {
		out[k].Issues = []Ref{}
		for _, id := range of {
			if r, ok := names[id]; ok {
				out[k].Issues = append(out[k].Issues, r)
			}
		}
	}
	return out, nil
}
