package notice

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
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

// Deps are what a Service needs.
type Deps struct {
	DB       *db.DB
	Bus      *event.Bus
	Log      *slog.Logger
	Feedback *feedback.Service
	Issues   *issue.Service
	Undo     *undo.Service
}

// Service is what the rest of the product may do with threads.
type Service struct {
	db       *db.DB
	bus      *event.Bus
	log      *slog.Logger
	feedback *feedback.Service
	issues   *issue.Service
	undo     *undo.Service
	carriers map[string]Carrier
	order    []string // of carriers: the first that reaches is taken
	now      func() time.Time
	hurry    chan struct{}
}

// undoKind is how sending a reply is known to undo.
const undoKind = "message.send"

type sending struct {
	IDs []string `json:"ids"`
}

// NewService returns the service; carriers are added before it is used.
func NewService(d Deps) *Service {
	s := &Service{db: d.DB, bus: d.Bus, log: d.Log, feedback: d.Feedback, issues: d.Issues, undo: d.Undo, carriers: map[string]Carrier{}, now: time.Now, hurry: make(chan struct{}, 1)}
	d.Undo.Handle(undoKind, s.takeBack)
	return s
}

// Carry hands in a carrier; those handed in first are preferred. Another by
// the same name takes its place.
func (s *Service) Carry(via string, c Carrier) {
	if s.carriers[via] == nil {
		s.order = append(s.order, via)
	}
	s.carriers[via] = c
}

func (s *Service) micro() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// Thread returns the messages of a report and how its reporter is reached.
func (s *Service) Thread(ctx context.Context, feedbackID string) (*Thread, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	f, err := s.feedback.Get(ctx, feedbackID)
	if err != nil {
		return nil, err
	}
	t := &Thread{Reach: []Reach{}}
	if t.Items, err = s.Messages(ctx, a.Workspace, feedbackID); err != nil {
		return nil, err
	}
	if t.Reach, err = s.reach(ctx, a.Workspace, f); err != nil {
		return nil, err
	}
	if t.Items == nil {
		t.Items = []*Message{}
	}
	t.Unanswered = true
	for _, m := range t.Items {
		switch {
		case m.Direction == In:
			t.Unanswered = true
		case m.State == Queued || m.State == Sent:
			t.Unanswered = false
		}
	}
	return t, nil
}

// Messages returns the thread of a report with attachments, oldest first. The
// caller has checked that its actor may read it.
func (s *Service) Messages(ctx context.Context, ws workspace.ID, feedbackID string) ([]*Message, error) {
	list, err := ofFeedback(ctx, s.db, ws, feedbackID)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(list))
	for i, m := range list {
		ids[i] = m.ID
	}
	files, err := s.feedback.AttachmentsOf(ctx, ws, ids)
	if err != nil {
		return nil, err
	}
	for _, m := range list {
		m.Attachments = files[m.ID]
	}
	return list, nil
}

func (s *Service) reach(ctx context.Context, ws workspace.ID, f *feedback.Feedback) ([]Reach, error) {
	out := []Reach{}
	for _, via := range s.order {
		r, ok, err := s.carriers[via].Reach(ctx, ws, f)
		if err != nil {
			return nil, err
		}
		if ok {
			r.Via = via
			out = append(out, r)
		}
	}
	return out, nil
}

// SentReply is what became of a reply.
type SentReply struct {
	Messages    []*Message `json:"items" nullable:"false"`
	Unreachable int        `json:"unreachable" doc:"Reporters whom no way reaches."`
	UndoID      string     `json:"undo_id" doc:"Takes it back, while it has not gone out."`
}

// Reply answers the reporter of one report, half a minute from now.
func (s *Service) Reply(ctx context.Context, feedbackID string, in Input) (*SentReply, error) {
	if _, err := workspace.Need(ctx, workspace.WorkFeedback); err != nil {
		return nil, err
	}
	f, err := s.feedback.Get(ctx, feedbackID)
	if err != nil {
		return nil, err
	}
	return s.reply(ctx, []*feedback.Feedback{f}, in)
}

// maxReplies bounds the reports that are answered at once.
const maxReplies = 1000

// ReplyIssue answers everybody who reported an issue, each in their own
// thread, and each person once: where they reported last.
func (s *Service) ReplyIssue(ctx context.Context, issueID string, in Input) (*SentReply, error) {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return nil, err
	}
	i, err := s.issues.Get(ctx, issueID)
	if err != nil {
		return nil, err
	}
	list, err := s.feedback.OfIssue(ctx, a.Workspace, i.ID, 0, maxReplies)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	list = slices.DeleteFunc(list, func(f *feedback.Feedback) bool {
		who := f.Author.PersonID
		if who == "" {
			return false
		}
		was := seen[who]
		seen[who] = true
		return was
	})
	if len(list) == 0 {
		return nil, errs.New(errs.Unprocessable, "This issue has no reports to answer.")
	}
	return s.reply(ctx, list, in)
}

func (s *Service) reply(ctx context.Context, list []*feedback.Feedback, in Input) (*SentReply, error) {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return nil, err
	}
	if err := in.valid(); err != nil {
		return nil, err
	}
	files := make([]feedback.StoredFile, len(in.Files))
	for i, f := range in.Files {
		if files[i], err = s.feedback.PutFile(f.Name, f.ContentType, f.Data); err != nil {
			return nil, err
		}
	}
	out := &SentReply{}
	now := s.micro()
	goes := now.Add(sendDelay)
	for _, f := range list {
		ways, err := s.reach(ctx, a.Workspace, f)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(ways, func(r Reach) bool { return in.Via == "" || r.Via == in.Via })
		if i < 0 {
			out.Unreachable++
			continue
		}
		out.Messages = append(out.Messages, &Message{ID: db.NewID(), FeedbackID: f.ID, LaunchID: f.LaunchID, Direction: Out, Author: audit.Actor{Kind: a.Kind, ID: a.ID, Name: a.Name},
			Text: in.Text, Via: ways[i].Via, To: ways[i].To, ChannelID: ways[i].ChannelID, State: Queued, CreatedAt: now, DueAt: &goes})
	}
	if len(out.Messages) == 0 {
		return nil, errs.New(errs.Unprocessable, "Nobody can be answered: there is no e-mail address and no page to follow up on. Set up a channel that answers, or ask for an address.")
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		var ids []string
		for _, m := range out.Messages {
			if _, err := insert(ctx, tx, a.Workspace, m); err != nil {
				return err
			}
			if err := s.feedback.Attach(ctx, tx, a.Workspace, m.ID, files); err != nil {
				return err
			}
			ids = append(ids, m.ID)
		}
		if out.UndoID, err = s.undo.Record(ctx, tx, a, undoKind, sending{ids}); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "message.send", "feedback", out.Messages[0].FeedbackID, map[string]any{"count": len(ids), "via": out.Messages[0].Via})
	})
	if err != nil {
		return nil, err
	}
	s.told(ctx, a.Workspace, out.Messages...)
	return out, nil
}

// takeBack cancels replies that have not gone out.
func (s *Service) takeBack(ctx context.Context, tx *db.Tx, a workspace.Actor, detail json.RawMessage) (func(), error) {
	var act sending
	if err := json.Unmarshal(detail, &act); err != nil {
		return nil, fmt.Errorf("read act: %w", err)
	}
	var back []*Message
	for _, id := range act.IDs {
		ok, err := cancel(ctx, tx, a.Workspace, id)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		m, err := get(ctx, tx, a.Workspace, id)
		if err != nil {
			return nil, err
		}
		back = append(back, m)
	}
	if len(back) == 0 {
		return nil, errs.New(errs.Conflict, "The reply has gone out already; write another.")
	}
	return func() { s.told(ctx, a.Workspace, back...) }, nil
}

// Receive puts what a reporter wrote into a thread, in tx, and returns the
// message, nil when it was there already. Told must follow the commit.
func (s *Service) Receive(ctx context.Context, tx *db.Tx, ws workspace.ID, in Incoming) (*Message, error) {
	m := &Message{ID: db.NewID(), FeedbackID: in.FeedbackID, LaunchID: in.LaunchID, Direction: In, Author: in.Author, Text: in.Text, Quoted: in.Quoted, Via: in.Via,
		ChannelID: in.ChannelID, ExternalID: in.ExternalID, State: Received, CreatedAt: in.At.UTC().Truncate(time.Microsecond)}
	m.Author.Kind = "reporter"
	fresh, err := insert(ctx, tx, ws, m)
	if err != nil || !fresh {
		return nil, err
	}
	return m, s.feedback.Attach(ctx, tx, ws, m.ID, in.Files)
}

// Told tells watchers of messages that were kept or changed.
func (s *Service) Told(ctx context.Context, ws workspace.ID, list ...*Message) {
	s.told(ctx, ws, list...)
}

func (s *Service) told(ctx context.Context, ws workspace.ID, list ...*Message) {
	byLaunch := map[string][]string{}
	for _, m := range list {
		byLaunch[m.LaunchID] = append(byLaunch[m.LaunchID], m.FeedbackID)
	}
	for _, launchID := range slices.Sorted(maps.Keys(byLaunch)) {
		ids := byLaunch[launchID]
		slices.Sort(ids)
		ids = slices.Compact(ids)
		e := event.Event{Workspace: string(ws), Type: "message.updated", LaunchID: launchID, Count: len(ids), By: workspace.By(ctx)}
		if len(ids) <= event.MaxRows {
			e.IDs = ids
		}
		if len(ids) == 1 {
			e.ID = ids[0]
		}
		s.bus.Publish(e)
	}
}

// ByExternal finds messages of a launch by what they are known by outside,
// newest first: a mail's References find the report that it answers.
func (s *Service) ByExternal(ctx context.Context, q db.Queryer, ws workspace.ID, launchID string, ids []string) ([]*Message, error) {
	return byExternal(ctx, q, ws, launchID, ids)
}

// Bounced notes in tx that a message that had gone out did not arrive.
func (s *Service) Bounced(ctx context.Context, tx *db.Tx, ws workspace.ID, id, reason string) error {
	return noteFailed(ctx, tx, ws, id, Failed, reason, s.now())
}
