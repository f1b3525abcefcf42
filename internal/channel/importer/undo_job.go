package importer

import (
	"context"
	"fmt"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/job"
	"github.com/hypercare/hypercare/internal/workspace"
)

// undoArgs asks to take away what an import brought in.
type undoArgs struct {
	Workspace workspace.ID `json:"workspace"`
	ImportID  string       `json:"import_id"`
}

// Kind implements job.Args.
func (undoArgs) Kind() string { return "import.undo" }

// undo removes an import's reports part by part; what is left says where to
// go on.
func (s *Service) undo(ctx context.Context, args undoArgs) error {
	ws := args.Workspace
	ctx = workspace.System(ctx, ws)
	i, err := get(ctx, s.deps.DB, ws, args.ImportID)
	if err != nil {
		return job.Cancel(err)
	}
	for until := s.now().Add(slice); i.State == Undoing; {
		if err := ctx.Err(); err != nil {
			return err
		}
		var removed *feedback.Removed
		err := s.deps.DB.Tx(ctx, func(tx *db.Tx) error {
			if removed, err = s.deps.Feedback.RemoveImport(ctx, tx, ws, i.LaunchID, i.ID, s.chunk); err != nil {
				return err
			}
			if removed.Len() == 0 {
				_, err := setState(ctx, tx, ws, i.ID, Undone, []State{Undoing}, s.now())
				return err
			}
			if s.deps.IssuesChanged != nil && len(removed.IssueIDs) > 0 {
				if err := s.deps.IssuesChanged(ctx, tx, ws, removed.IssueIDs); err != nil {
					return err
				}
			}
			return addRemoved(ctx, tx, ws, i.ID, removed.Len())
		})
		if err != nil {
			return fmt.Errorf("undo import %s: %w", i.ID, err)
		}
		s.deps.Feedback.Forget(ctx, removed)
		if i, err = get(ctx, s.deps.DB, ws, i.ID); err != nil {
			return err
		}
		s.tell(ctx, ws, i, i.State != Undoing)
		if i.State == Undone {
			return s.discard(i.ID)
		}
		if s.now().After(until) {
			return job.ErrAgain
		}
	}
	return nil
}
