package crash

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Kinds of acts that can be taken back.
const (
	actState = "error.state"
	actIssue = "error.issue"
)

// Change is what may change of a group.
type Change struct {
	State      string `json:"state" enum:"unresolved,resolved,ignored"`
	ResolvedIn string `json:"resolved_in,omitempty" maxLength:"200" doc:"Release that has the fix: only an event of it or a newer one reopens the error. Absent: any event from now on."`
}

// Changed is a group after an act, and how to take the act back.
type Changed struct {
	Error  *Group `json:"error"`
	UndoID string `json:"undo_id"`
}

// former is what it takes to go back.
type former struct {
	ID         string `json:"id"`
	State      string `json:"state"`
	ResolvedIn string `json:"resolved_in"`
	At         int64  `json:"at"`
	By         string `json:"by"`
	IssueID    string `json:"issue_id"`
}

func (g *Group) former() former {
	return former{ID: g.ID, State: g.State, ResolvedIn: g.ResolvedIn, At: micros(g.StateAt), By: g.StateBy, IssueID: g.issueID}
}

// Change resolves, ignores or reopens a group.
func (s *Service) Change(ctx context.Context, id string, c Change) (*Changed, error) {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return nil, err
	}
	c.ResolvedIn = strings.TrimSpace(c.ResolvedIn)
	switch {
	case c.State != Unresolved && c.State != Resolved && c.State != Ignored:
		return nil, errs.New(errs.Invalid, "%.40q is no state of an error; use unresolved, resolved or ignored.", c.State)
	case c.ResolvedIn != "" && c.State != Resolved:
		return nil, errs.New(errs.Invalid, "Only a resolved error has a release that it is resolved in.")
	}
	out := &Changed{}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		g, err := get(ctx, tx, a.Workspace, id)
		if err != nil {
			return err
		}
		f := former{ID: id, State: c.State, ResolvedIn: c.ResolvedIn, At: db.Micros(s.now()), By: a.Name}
		if out.UndoID, err = s.undo.Record(ctx, tx, a, actState, g.former()); err != nil {
			return err
		}
		if err := setState(ctx, tx, a.Workspace, f); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "error."+map[string]string{Unresolved: "reopen", Resolved: "resolve", Ignored: "ignore"}[c.State], "error", id, map[string]any{"title": g.Title, "resolved_in": c.ResolvedIn, "before": g.State})
	})
	if err != nil {
		return nil, err
	}
	return s.changed(ctx, a, id, out)
}

func (s *Service) changed(ctx context.Context, a workspace.Actor, id string, out *Changed) (_ *Changed, err error) {
	if out.Error, err = s.Get(ctx, id); err != nil {
		return nil, err
	}
	s.mu.Lock()
	delete(s.told, id) // people's acts are told of at once
	s.mu.Unlock()
	s.Tell(a.Workspace, out.Error.LaunchID, id)
	return out, nil
}

func setState(ctx context.Context, tx *db.Tx, ws workspace.ID, f former) error {
	_, err := tx.ExecContext(ctx, `UPDATE error_group SET state = $1, resolved_in = $2, state_at = $3, state_by = $4 WHERE workspace_id = $5 AND id = $6`, f.State, f.ResolvedIn, f.At, f.By, ws, f.ID)
	if err != nil {
		return fmt.Errorf("set state of error %s: %w", f.ID, err)
	}
	return nil
}

func (s *Service) undoState(ctx context.Context, tx *db.Tx, a workspace.Actor, detail json.RawMessage) (func(), error) {
	return s.takeBack(ctx, tx, a, detail, setState)
}

func (s *Service) undoIssue(ctx context.Context, tx *db.Tx, a workspace.Actor, detail json.RawMessage) (func(), error) {
	return s.takeBack(ctx, tx, a, detail, func(ctx context.Context, tx *db.Tx, ws workspace.ID, f former) error {
		return setIssue(ctx, tx, ws, f.ID, f.IssueID)
	})
}

func (s *Service) takeBack(ctx context.Context, tx *db.Tx, a workspace.Actor, detail json.RawMessage, set func(context.Context, *db.Tx, workspace.ID, former) error) (func(), error) {
	var f former
	if err := json.Unmarshal(detail, &f); err != nil {
		return nil, fmt.Errorf("read act: %w", err)
	}
	g, err := get(ctx, tx, a.Workspace, f.ID)
	if err != nil {
		return nil, err
	}
	return func() {
		s.mu.Lock()
		delete(s.told, f.ID)
		s.mu.Unlock()
		s.Tell(a.Workspace, g.LaunchID, f.ID)
	}, set(ctx, tx, a.Workspace, f)
}

func setIssue(ctx context.Context, tx *db.Tx, ws workspace.ID, id, issueID string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE error_group SET issue_id = $1 WHERE workspace_id = $2 AND id = $3`, issueID, ws, id); err != nil {
		return fmt.Errorf("join error %s to issue %s: %w", id, issueID, err)
	}
	return nil
}

// Joined is a group that is part of an issue now.
type Joined struct {
	Error  *Group       `json:"error"`
	Issue  *issue.Issue `json:"issue"`
	UndoID string       `json:"undo_id" doc:"Takes back that the error belongs to the issue; the issue and its feedback stay."`
}

// Join makes an issue of a group, or joins it to the one with an id or key:
// with the reports that people and rules made of it.
func (s *Service) Join(ctx context.Context, id, issueID string) (*Joined, error) {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return nil, err
	}
	g, err := get(ctx, s.db, a.Workspace, id)
	if err != nil {
		return nil, err
	}
	if issueID == "" && g.issueID != "" {
		return nil, errs.New(errs.Conflict, "Error %d is part of an issue already; name another to move it there.", g.Number)
	}
	reports, err := s.freeReports(ctx, a.Workspace, g)
	if err != nil {
		return nil, err
	}
	if issueID == "" {
		in := issue.Input{Title: cut(g.Title, 200), Description: describe(g), Category: "bug", FeedbackIDs: reports}
		if g.Level == "fatal" {
			in.Severity = "sev2"
		}
		c, err := s.issues.Create(ctx, g.LaunchID, in)
		if err != nil {
			return nil, err
		}
		issueID = c.Issue.ID
	} else {
		i, err := s.issues.Get(ctx, issueID)
		if err != nil {
			return nil, err
		}
		if i.LaunchID != g.LaunchID {
			return nil, errs.New(errs.Conflict, "%s belongs to another launch.", i.Key)
		}
		issueID = i.ID
		if len(reports) > 0 {
			if _, err := s.issues.AcceptMany(ctx, g.LaunchID, reports, false, issueID); err != nil {
				return nil, err
			}
		}
	}
	out := &Changed{}
	err = s.db.Tx(ctx, func(tx *db.Tx) (err error) {
		if out.UndoID, err = s.undo.Record(ctx, tx, a, actIssue, g.former()); err != nil {
			return err
		}
		if err := setIssue(ctx, tx, a.Workspace, id, issueID); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "error.join", "error", id, map[string]any{"title": g.Title, "issue": issueID})
	})
	if err != nil {
		return nil, err
	}
	if out, err = s.changed(ctx, a, id, out); err != nil {
		return nil, err
	}
	i, err := s.issues.Get(ctx, issueID)
	return &Joined{Error: out.Error, Issue: i, UndoID: out.UndoID}, err
}

// freeReports are the reports of a group that are in no issue yet.
func (s *Service) freeReports(ctx context.Context, ws workspace.ID, g *Group) ([]string, error) {
	ids, err := reportsOf(ctx, s.db, ws, g.ID, 500)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	places, err := s.feedback.Places(ctx, s.db, ws, ids)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, p := range places {
		if p.IssueID == "" {
			out = append(out, p.ID)
		}
	}
	return out, nil
}

func describe(g *Group) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", g.Title)
	if g.Culprit != "" {
		fmt.Fprintf(&b, "in %s\n", g.Culprit)
	}
	fmt.Fprintf(&b, "%d events, %d users, first %s", g.Events, g.Users, g.FirstAt.Format(time.RFC3339))
	if g.FirstRelease != "" {
		fmt.Fprintf(&b, " in release %s", g.FirstRelease)
	}
	return b.String()
}
