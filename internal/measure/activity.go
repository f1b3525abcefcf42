package measure

import (
	"context"
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/audit"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/workspace"
)

// The kinds of what happened.
const (
	Arrived = "feedback.arrived"
	Ignored = "feedback.ignored"
	Changed = "issue.changed"
)

// Happening is one line of what happened in a launch: one thing, or several
// alike within a minute.
type Happening struct {
	ID       string         `json:"id" doc:"Stays the same while it is told the same way."`
	At       time.Time      `json:"at"`
	Kind     string         `json:"kind" enum:"feedback.arrived,feedback.ignored,issue.changed"`
	Count    int            `json:"count" doc:"How many; 1 for one."`
	Actor    *audit.Actor   `json:"actor,omitempty" doc:"Who did it; absent when something arrived."`
	Report   *Report        `json:"report,omitempty" doc:"The one report."`
	Channels []Channel      `json:"channels,omitempty" doc:"What reports came by, the commonest first."`
	Issues   []issue.Ref    `json:"issues,omitempty" doc:"The first few of the issues."`
	Change   *HistoryChange `json:"change,omitempty" doc:"What changed of the issue."`
}

// Report names a feedback in a line.
type Report struct {
	ID       string     `json:"id"`
	Number   int64      `json:"number"`
	Title    string     `json:"title"`
	Author   string     `json:"author,omitempty"`
	Severity string     `json:"severity"`
	Issue    *issue.Ref `json:"issue,omitempty"`
}

// Channel counts reports by what they came by.
type Channel struct {
	Channel string `json:"channel"`
	Count   int    `json:"count"`
}

// HistoryChange is one line of an issue's history.
type HistoryChange struct {
	Field  string `json:"field" example:"stage"`
	From   string `json:"from"`
	To     string `json:"to"`
	Reason string `json:"reason,omitempty"`
}

// Mark is how far a source has been told: everything behind it is older. What
// ID means is the source's own affair.
type Mark struct {
	At int64  `json:"at"` // microseconds
	ID string `json:"id,omitempty"`
	N  int64  `json:"n,omitempty"`
}

// Told is a line and where its source goes on behind it.
type Told struct {
	Happening
	Next Mark
}

// Source tells of one kind of thing that happens. Before returns up to limit
// lines behind a mark, newest first; whoever calls it has checked that its
// actor may read.
type Source struct {
	Name   string
	Before func(ctx context.Context, ws workspace.ID, launchID string, mark Mark, limit int) ([]Told, error)
}

// Cursor is where a page ended, source by source.
type Cursor map[string]Mark

// Activity returns a page of what happened in a launch up to a time (the
// present when it is zero), newest first, and where the next begins; nil
// when there is no more. only narrows it to one source.
func (s *Service) Activity(ctx context.Context, launchID string, at time.Time, only string, after Cursor, limit int) ([]Happening, Cursor, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, nil, err
	}
	if _, err := s.launches.Get(ctx, launchID); err != nil {
		return nil, nil, err
	}
	until, _, err := s.moment(at)
	if err != nil {
		return nil, nil, err
	}
	if only != "" && !slices.ContainsFunc(s.sources, func(x Source) bool { return x.Name == only }) {
		return nil, nil, errs.New(errs.Invalid, "There is no source %.40q; leave it out for everything.", only)
	}
	next := Cursor{}
	var all []Told
	from := map[int]string{}
	for _, src := range s.sources {
		if only != "" && src.Name != only {
			continue
		}
		mark, ok := after[src.Name]
		if !ok {
			mark = Mark{At: until.UnixMicro()}
		}
		next[src.Name] = mark
		// One more than is shown, to know whether there is more.
		list, err := src.Before(ctx, a.Workspace, launchID, mark, limit+1)
		if err != nil {
			return nil, nil, err
		}
		for _, t := range list {
			from[len(all)] = src.Name
			all = append(all, t)
		}
	}
	order := make([]int, len(all))
	for k := range order {
		order[k] = k
	}
	// Stable: within a source the order is its own.
	slices.SortStableFunc(order, func(x, y int) int { return all[y].At.Compare(all[x].At) })
	out := make([]Happening, 0, limit)
	for _, k := range order[:min(len(order), limit)] {
		out = append(out, all[k].Happening)
		next[from[k]] = all[k].Next
	}
	if len(all) <= limit {
		next = nil
	}
	return out, next, nil
}

// arrivals tells what was received.
func (s *Service) arrivals(ctx context.Context, ws workspace.ID, launchID string, mark Mark, limit int) ([]Told, error) {
	list, rows, err := s.feedback.Arrivals(ctx, ws, launchID, feedback.ReceiptMark{At: mark.At, Num: mark.N}, limit)
	if err != nil {
		return nil, err
	}
	out := make([]Told, 0, len(list))
	for _, a := range list {
		t := Told{Happening: Happening{At: time.UnixMicro(a.Received).UTC(), Kind: Arrived, Count: a.Count}, Next: Mark{At: a.Next.At, N: a.Next.Num}}
		for _, c := range a.Channels {
			t.Channels = append(t.Channels, Channel{c.Value, c.Count})
		}
		t.ID = "minute-" + t.At.Format("200601021504")
		if a.Count == 1 {
			f := rows[a.Num]
			if f == nil {
				continue // removed a moment ago
			}
			t.ID, t.Report = f.ID, ReportOf(f)
		}
		out = append(out, t)
	}
	return out, nil
}

// ReportOf names a feedback in a line.
func ReportOf(f *feedback.Feedback) *Report {
	if f == nil {
		return nil
	}
	r := &Report{ID: f.ID, Number: f.Number, Title: f.Title, Author: f.Author.Name, Severity: f.Severity, Issue: f.Issue}
	for _, text := range []string{f.Summary, f.Snippet} {
		if r.Title == "" {
			r.Title = text
		}
	}
	if r.Author == "" {
		r.Author = f.Author.Email
	}
	return r
}

// changes tells what people did to issues.
func (s *Service) changes(ctx context.Context, ws workspace.ID, launchID string, mark Mark, limit int) ([]Told, error) {
	list, err := s.issues.Happened(ctx, ws, launchID, issue.Place{At: mark.At, ID: mark.ID}, limit)
	if err != nil {
		return nil, err
	}
	out := make([]Told, len(list))
	for k, h := range list {
		out[k] = Told{Happening: Happening{ID: h.ID, At: h.At, Kind: Changed, Count: h.Count, Actor: &h.Actor, Issues: h.Issues,
			Change: &HistoryChange{Field: h.Field, From: h.From, To: h.To, Reason: h.Reason}}, Next: Mark{At: h.Next.At, ID: h.Next.ID}}
	}
	return out, nil
}
