package note

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/audit"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/undo"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Service is what the rest of the product may do with notes.
type Service struct {
	db       *db.DB
	bus      *event.Bus
	feedback *feedback.Service
	issues   *issue.Service
	members  *workspace.Service
	undo     *undo.Service
	now      func() time.Time
}

// Deps are what a Service needs.
type Deps struct {
	DB       *db.DB
	Bus      *event.Bus
	Feedback *feedback.Service
	Issues   *issue.Service
	Members  *workspace.Service
	Undo     *undo.Service
}

// NewService returns the service. Issues that somebody wrote on stay when
// their making is undone.
func NewService(d Deps) *Service {
	s := &Service{db: d.DB, bus: d.Bus, feedback: d.Feedback, issues: d.Issues, members: d.Members, undo: d.Undo, now: time.Now}
	s.handleUndo()
	d.Issues.OnUnmake(func(ctx context.Context, tx *db.Tx, ws workspace.ID, issueID string) (bool, error) {
		return onIssue(ctx, tx, ws, issueID)
	})
	return s
}

// micro is the present time as precise as it is stored.
func (s *Service) micro() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// Written is a note after an act, and how to take the act back.
type Written struct {
	Note   *Note
	UndoID string
}

// Add writes a note.
func (s *Service) Add(ctx context.Context, on Subject, in Input) (*Written, error) {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return nil, err
	}
	if err := in.valid(); err != nil {
		return nil, err
	}
	n := &Note{ID: db.NewID(), Text: in.Text, Author: audit.Actor{Kind: a.Kind, ID: a.ID, Name: a.Name}, CreatedAt: s.micro()}
	if n.Mentions, err = s.called(ctx, in.Mentions, nil); err != nil {
		return nil, err
	}
	return s.write(ctx, a, n, actCreate, func(tx *db.Tx) (any, error) {
		if err := s.place(ctx, tx, a.Workspace, n, on); err != nil {
			return nil, err
		}
		if err := insert(ctx, tx, a.Workspace, n); err != nil {
			return nil, err
		}
		return created{ID: n.ID}, call(ctx, tx, a.Workspace, n.ID, without(ids(n.Mentions), a.ID), n.CreatedAt)
	})
}

// place says where a note is written, and holds that.
func (s *Service) place(ctx context.Context, tx *db.Tx, ws workspace.ID, n *Note, on Subject) error {
	if on.FeedbackID != "" {
		list, err := s.feedback.Places(ctx, tx, ws, []string{on.FeedbackID})
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return errs.New(errs.NotFound, "There is no feedback %.60s in this workspace; it may still be on its way.", on.FeedbackID)
		}
		n.LaunchID, n.feedbackID, n.issueID = list[0].LaunchID, list[0].ID, ""
		return nil
	}
	i, err := s.issues.Hold(ctx, tx, ws, on.IssueID)
	if err != nil {
		return err
	}
	n.LaunchID, n.feedbackID, n.issueID = i.LaunchID, "", i.ID
	return nil
}

// called checks who is called on: active members, or those who are called on
// already.
func (s *Service) called(ctx context.Context, members []string, already []Mentioned) ([]Mentioned, error) {
	out := make([]Mentioned, 0, len(members))
	for _, id := range members {
		if i := slices.IndexFunc(already, func(m Mentioned) bool { return m.ID == id }); i >= 0 {
			out = append(out, already[i])
			continue
		}
		m, err := s.members.Member(ctx, id)
		switch {
		case errs.Is(err, errs.NotFound):
			return nil, errs.New(errs.Invalid, "There is no member %.60s in this workspace to call on.", id)
		case err != nil:
			return nil, err
		case m.DisabledAt != nil:
			return nil, errs.New(errs.Invalid, "%s can't sign in any more and would never see this; call on somebody else.", m.Name)
		}
		out = append(out, Mentioned{ID: m.ID, Name: m.Name})
	}
	return out, nil
}

// Edit writes a note anew.
func (s *Service) Edit(ctx context.Context, id string, in Input) (*Written, error) {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return nil, err
	}
	if err := in.valid(); err != nil {
		return nil, err
	}
	before, err := get(ctx, s.db, a.Workspace, id)
	if err != nil {
		return nil, err
	}
	mentions, err := s.called(ctx, in.Mentions, before.Mentions)
	if err != nil {
		return nil, err
	}
	n := &Note{}
	return s.write(ctx, a, n, actEdit, func(tx *db.Tx) (any, error) {
		now, err := s.open(ctx, tx, a, id)
		if err != nil {
			return nil, err
		}
		*n = *now
		back := edited{ID: id, From: n.body()}
		at := s.micro()
		n.Text, n.Mentions, n.EditedAt = in.Text, mentions, &at
		if back.To = n.body(); back.From.same(back.To) {
			return nil, errs.New(errs.Invalid, "Nothing of the note would change.")
		}
		return back, s.rewrite(ctx, tx, a, n, back.From, at)
	})
}

// rewrite saves a note whose text and mentions were before.
func (s *Service) rewrite(ctx context.Context, tx *db.Tx, a workspace.Actor, n *Note, before body, at time.Time) error {
	if err := save(ctx, tx, a.Workspace, n); err != nil {
		return err
	}
	was, is := ids(before.Mentions), ids(n.Mentions)
	if err := uncall(ctx, tx, a.Workspace, n.ID, without(was, is...)); err != nil {
		return err
	}
	return call(ctx, tx, a.Workspace, n.ID, without(without(is, was...), n.Author.ID), at)
}

// open returns a note that is there and that a may change.
func (s *Service) open(ctx context.Context, tx *db.Tx, a workspace.Actor, id string) (*Note, error) {
	n, err := held(ctx, tx, a.Workspace, id)
	if err != nil {
		return nil, err
	}
	if n.DeletedAt != nil {
		return nil, errs.New(errs.Conflict, "This note was deleted; undo that first.")
	}
	return n, n.changeable(a)
}

// Delete takes a note away; that somebody wrote there, and when, stays.
func (s *Service) Delete(ctx context.Context, id string) (*Written, error) {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return nil, err
	}
	n := &Note{}
	return s.write(ctx, a, n, actDelete, func(tx *db.Tx) (any, error) {
		now, err := s.open(ctx, tx, a, id)
		if err != nil {
			return nil, err
		}
		*n = *now
		at := s.micro()
		n.DeletedAt = &at
		return deleted{ID: id}, save(ctx, tx, a.Workspace, n)
	})
}

// write runs one act on a note: verb says what it takes to go back.
func (s *Service) write(ctx context.Context, a workspace.Actor, n *Note, kind string, verb func(*db.Tx) (any, error)) (*Written, error) {
	out := &Written{Note: n}
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		back, err := verb(tx)
		if err != nil {
			return err
		}
		if out.UndoID, err = s.undo.Record(ctx, tx, a, kind, back); err != nil {
			return err
		}
		return a.Audit(ctx, tx, kind, "note", n.ID, map[string]any{"feedback": n.feedbackID, "issue": n.issueID, "mentions": ids(n.Mentions)})
	})
	if err != nil {
		return nil, err
	}
	s.publish(a.Workspace, n, kind)
	return out, s.show(ctx, a.Workspace, n)
}

// publish tells watchers of a note, and those whom it calls on apart.
func (s *Service) publish(ws workspace.ID, n *Note, kind string) {
	typ := "note.updated"
	if kind == actCreate {
		typ = "note.created"
	}
	s.tell(ws, typ, n, Told{n.feedbackID, n.issueID})
	if len(n.Mentions) > 0 {
		s.tell(ws, "mention.updated", n, Called{ids(n.Mentions)})
	}
}

func (s *Service) tell(ws workspace.ID, typ string, n *Note, data any) {
	b, _ := json.Marshal(data) // texts only
	s.bus.Publish(event.Event{Workspace: string(ws), Type: typ, LaunchID: n.LaunchID, ID: n.ID, Data: b})
}

// show makes notes ready to be answered: it names where they were written,
// and says nothing of what was deleted but that it was.
func (s *Service) show(ctx context.Context, ws workspace.ID, list ...*Note) error {
	var reports, issues []string
	for _, n := range list {
		if n.feedbackID != "" {
			reports = append(reports, n.feedbackID)
		} else {
			issues = append(issues, n.issueID)
		}
	}
	named, err := feedback.Refs(ctx, s.db, ws, compact(reports))
	if err != nil {
		return err
	}
	keys, err := s.issues.Refs(ctx, ws, compact(issues))
	if err != nil {
		return err
	}
	for _, n := range list {
		if r, ok := named[n.feedbackID]; ok {
			n.Feedback = &r
		}
		if r, ok := keys[n.issueID]; ok {
			n.Issue = &r
		}
		if n.DeletedAt != nil {
			n.Text, n.Mentions = "", []Mentioned{}
		}
	}
	return nil
}

func compact(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

func without(list []string, gone ...string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(id string) bool { return slices.Contains(gone, id) })
}

// OfFeedback returns a page of the notes written on a feedback, newest first,
// deleted ones without their text.
func (s *Service) OfFeedback(ctx context.Context, feedbackID string, after Place, limit int) ([]*Note, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	if _, err := s.feedback.Get(ctx, feedbackID); err != nil {
		return nil, err
	}
	list, err := ofFeedback(ctx, s.db, a.Workspace, feedbackID, after, limit)
	if err != nil {
		return nil, err
	}
	return list, s.show(ctx, a.Workspace, list...)
}

// OfIssue returns a page of the notes on an issue, newest first: also those
// written on its feedback and on issues that were merged into it.
func (s *Service) OfIssue(ctx context.Context, issueID string, after Place, limit int) ([]*Note, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	i, err := s.issues.Get(ctx, issueID)
	if err != nil {
		return nil, err
	}
	family, err := s.issues.Family(ctx, a.Workspace, i.ID)
	if err != nil {
		return nil, err
	}
	list, err := ofIssue(ctx, s.db, a.Workspace, i.ID, family, after, limit)
	if err != nil {
		return nil, err
	}
	return list, s.show(ctx, a.Workspace, list...)
}

// Mentions returns a page of what calls on whoever asks, newest first, and
// how much of all of it they have not read.
func (s *Service) Mentions(ctx context.Context, after Place, limit int) (list []*Mention, unread int, err error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, 0, err
	}
	list, notes, err := mentionsOf(ctx, s.db, a.Workspace, a.ID, after, limit)
	if err != nil {
		return nil, 0, err
	}
	if err := s.show(ctx, a.Workspace, notes...); err != nil {
		return nil, 0, err
	}
	for i, n := range notes {
		list[i].Feedback, list[i].Issue = n.Feedback, n.Issue
	}
	unread, err = countUnread(ctx, s.db, a.Workspace, a.ID)
	return list, unread, err
}

// ReadMentions marks what calls on whoever asks as read: the notes with some
// ids, or all. It returns how many are left.
func (s *Service) ReadMentions(ctx context.Context, noteIDs []string, all bool) (unread int, err error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return 0, err
	}
	switch {
	case all == (len(noteIDs) > 0):
		return 0, errs.New(errs.Invalid, "Name the notes that were read by their ids, or say all.")
	case len(noteIDs) > 200:
		return 0, errs.New(errs.TooLarge, "%d notes are too many at once; name at most 200, or say all.", len(noteIDs))
	case all:
		noteIDs = nil
	}
	if err := s.db.Tx(ctx, func(tx *db.Tx) error { return markRead(ctx, tx, a.Workspace, a.ID, noteIDs, s.now()) }); err != nil {
		return 0, err
	}
	// The member's other pages count anew.
	s.tell(a.Workspace, "mention.updated", &Note{}, Called{[]string{a.ID}})
	return countUnread(ctx, s.db, a.Workspace, a.ID)
}
