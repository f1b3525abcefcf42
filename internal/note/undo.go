package note

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// The kinds of act, as undo and the audit log know them.
const (
	actCreate = "note.create"
	actEdit   = "note.edit"
	actDelete = "note.delete"
)

type (
	created struct {
		ID string `json:"id"`
	}
	edited struct {
		ID   string `json:"id"`
		From body   `json:"from"`
		To   body   `json:"to"`
	}
	deleted struct {
		ID string `json:"id"`
	}
)

// body is what an edit changes.
type body struct {
	Text     string      `json:"text"`
	Mentions []Mentioned `json:"mentions"`
	EditedAt int64       `json:"edited_at"`
}

func (n *Note) body() body { return body{n.Text, n.Mentions, micros(n.EditedAt)} }

// same leaves out when it was edited.
func (b body) same(o body) bool { return b.Text == o.Text && slices.Equal(b.Mentions, o.Mentions) }

func (s *Service) handleUndo() {
	s.undo.Handle(actCreate, back(s, s.uncreate))
	s.undo.Handle(actEdit, back(s, s.unedit))
	s.undo.Handle(actDelete, back(s, s.undelete))
}

// back reads what an act kept and has verb go back behind it.
func back[T any](s *Service, verb func(context.Context, *db.Tx, workspace.Actor, T) (*Note, error)) func(context.Context, *db.Tx, workspace.Actor, json.RawMessage) (func(), error) {
	return func(ctx context.Context, tx *db.Tx, a workspace.Actor, detail json.RawMessage) (func(), error) {
		var d T
		if err := json.Unmarshal(detail, &d); err != nil {
			return nil, fmt.Errorf("read what to undo: %w", err)
		}
		n, err := verb(ctx, tx, a, d)
		if err != nil {
			return nil, err
		}
		return func() { s.publish(a.Workspace, n, actEdit) }, nil
	}
}

// uncreate takes a note away that nobody has touched since.
func (s *Service) uncreate(ctx context.Context, tx *db.Tx, a workspace.Actor, d created) (*Note, error) {
	n, err := s.open(ctx, tx, a, d.ID)
	if err != nil {
		return nil, err
	}
	if n.EditedAt != nil {
		return nil, errs.New(errs.Conflict, "The note was edited since; delete it instead.")
	}
	return n, remove(ctx, tx, a.Workspace, n.ID)
}

func (s *Service) unedit(ctx context.Context, tx *db.Tx, a workspace.Actor, d edited) (*Note, error) {
	n, err := s.open(ctx, tx, a, d.ID)
	if err != nil {
		return nil, err
	}
	now := n.body()
	if !now.same(d.To) {
		return nil, errs.New(errs.Conflict, "The note was edited again since; undo that first.")
	}
	n.Text, n.Mentions, n.EditedAt = d.From.Text, d.From.Mentions, timePtr(d.From.EditedAt)
	// People are told afterwards of whom the note calls on now and did before.
	told := &Note{ID: n.ID, LaunchID: n.LaunchID, feedbackID: n.feedbackID, issueID: n.issueID, Mentions: slices.Concat(n.Mentions, now.Mentions)}
	return told, s.rewrite(ctx, tx, a, n, now, s.micro())
}

func (s *Service) undelete(ctx context.Context, tx *db.Tx, a workspace.Actor, d deleted) (*Note, error) {
	n, err := held(ctx, tx, a.Workspace, d.ID)
	if err != nil {
		return nil, err
	}
	if err := n.changeable(a); err != nil {
		return nil, err
	}
	if n.DeletedAt == nil {
		return nil, errs.New(errs.Conflict, "The note is there already.")
	}
	// What it was written on may be gone since.
	if err := s.place(ctx, tx, a.Workspace, n, Subject{FeedbackID: n.feedbackID, IssueID: n.issueID}); err != nil {
		return nil, err
	}
	n.DeletedAt = nil
	return n, save(ctx, tx, a.Workspace, n)
}
