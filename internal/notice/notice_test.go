package notice

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/audit"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/undo"
	"github.com/hypercare/hypercare/internal/workspace"
)

// pigeons carry to everybody with an address, as long as they are well.
type pigeons struct {
	err  error
	sent []*Outgoing
}

func (p *pigeons) Reach(_ context.Context, _ workspace.ID, f *feedback.Feedback) (Reach, bool, error) {
	return Reach{To: f.Author.Email}, f.Author.Email != "", nil
}

func (p *pigeons) Send(_ context.Context, m *Outgoing) (string, error) {
	if p.err != nil {
		return "", p.err
	}
	p.sent = append(p.sent, m)
	return "<" + m.ID + "@here>", nil
}

type bench struct {
	*feedbacktest.Bench
	s    *Service
	undo *undo.Service
	p    *pigeons
	now  time.Time
	is   *issue.Service
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{Bench: feedbacktest.New(t), p: &pigeons{}, now: time.Now()}
	b.undo = undo.NewService(b.DB)
	b.is = issue.NewService(issue.Deps{DB: b.DB, Bus: b.Bus, Feedback: b.Feedback, Launches: b.Launches, Undo: b.undo, Log: slog.New(slog.DiscardHandler)})
	b.Feedback.OnRecount(b.is.Recount)
	b.s = NewService(Deps{DB: b.DB, Bus: b.Bus, Log: slog.New(slog.DiscardHandler), Feedback: b.Feedback, Issues: b.is, Undo: b.undo})
	b.s.now = func() time.Time { return b.now }
	b.s.Carry("pigeon", b.p)
	return b
}

func (b *bench) from(email, text string) string {
	in := feedback.Input{Text: text}
	if email != "" {
		in.Author = &feedback.Author{Email: email, Name: "Ann"}
	}
	return b.AddTo(b.LaunchID, in)[0]
}

func (b *bench) drain(t *testing.T) {
	t.Helper()
	for {
		n, err := b.s.SendDue(b.Ctx)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

func (b *bench) thread(t *testing.T, id string) *Thread {
	t.Helper()
	th, err := b.s.Thread(b.Ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return th
}

func TestAReplyWaitsAndGoesOut(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.from("ann@x.example", "the door is stuck")
	if th := b.thread(t, id); th.Items == nil || !th.Unanswered || len(th.Reach) != 1 || th.Reach[0] != (Reach{Via: "pigeon", To: "ann@x.example"}) {
		t.Errorf("before: %+v", th)
	}
	r, err := b.s.Reply(b.Ctx, id, Input{Text: " We oil it.\r\n", Files: []feedback.AttachmentInput{{Name: "oil.txt", ContentType: "text/plain", Data: []byte("oil")}}})
	if err != nil || len(r.Messages) != 1 || r.Messages[0].Text != "We oil it." {
		t.Fatalf("%+v %v", r, err)
	}
	b.drain(t)
	if len(b.p.sent) != 0 {
		t.Error("it went out at once")
	}
	b.now = b.now.Add(sendDelay)
	b.drain(t)
	if len(b.p.sent) != 1 || len(b.p.sent[0].Attachments) != 1 || b.p.sent[0].Feedback.ID != id {
		t.Fatalf("sent %+v", b.p.sent)
	}
	th := b.thread(t, id)
	if th.Unanswered || th.Items[0].State != Sent || th.Items[0].SentAt == nil || len(th.Items[0].Attachments) != 1 {
		t.Errorf("after: %+v", th.Items[0])
	}
	if err := b.undo.Undo(b.Ctx, r.UndoID); !errs.Is(err, errs.Conflict) {
		t.Errorf("taken back too late: %v", err)
	}
	// The reporter answers: found by what the reply is known by, and kept once.
	found, err := b.s.ByExternal(b.Ctx, b.DB, b.Workspace, b.LaunchID, []string{"<nothing>", "<" + r.Messages[0].ID + "@here>"})
	if err != nil || len(found) != 1 || found[0].FeedbackID != id {
		t.Fatalf("%+v %v", found, err)
	}
	for range 2 {
		err := b.DB.Tx(b.Ctx, func(tx *db.Tx) error {
			_, err := b.s.Receive(b.Ctx, tx, b.Workspace, Incoming{FeedbackID: id, LaunchID: b.LaunchID, Author: audit.Actor{Name: "Ann"}, Text: "thank you", Via: "pigeon", ExternalID: "<re>", At: b.now})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if th = b.thread(t, id); !th.Unanswered || len(th.Items) != 2 || th.Items[1].State != Received || th.Items[1].Author.Kind != "reporter" {
		t.Errorf("answered: %+v", th)
	}
}

func TestAReplyCanBeTakenBack(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.from("ann@x.example", "the door is stuck")
	r, err := b.s.Reply(b.Ctx, id, Input{Text: "No."})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.undo.Undo(b.Ctx, r.UndoID); err != nil {
		t.Fatal(err)
	}
	b.now = b.now.Add(time.Hour)
	b.drain(t)
	if th := b.thread(t, id); len(b.p.sent) != 0 || th.Items[0].State != Cancelled || !th.Unanswered {
		t.Errorf("sent %d, %+v", len(b.p.sent), th)
	}
}

func TestWhatFailsIsTriedAgainOrSaysWhy(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.from("ann@x.example", "the door is stuck")
	if _, err := b.s.Reply(b.Ctx, id, Input{Text: "Hello"}); err != nil {
		t.Fatal(err)
	}
	b.p.err = errs.New(errs.Unavailable, "It rains.")
	b.now = b.now.Add(sendDelay)
	b.drain(t)
	if m := b.thread(t, id).Items[0]; m.State != Queued || m.Reason != "It rains." || !m.DueAt.After(b.now) {
		t.Errorf("after rain: %+v", m)
	}
	b.p.err = nil
	b.now = b.now.Add(2 * time.Minute)
	b.drain(t)
	if m := b.thread(t, id).Items[0]; m.State != Sent || m.Reason != "" {
		t.Errorf("after the rain: %+v", m)
	}
	b.p.err = errs.New(errs.Invalid, "There is no such address.")
	if _, err := b.s.Reply(b.Ctx, id, Input{Text: "Hello again"}); err != nil {
		t.Fatal(err)
	}
	b.now = b.now.Add(sendDelay)
	b.drain(t)
	if th := b.thread(t, id); th.Items[1].State != Failed || th.Unanswered {
		t.Errorf("no address: %+v", th)
	}
	if _, err := b.s.Reply(b.Ctx, b.from("", "who am I"), Input{Text: "Hello"}); !errs.Is(err, errs.Unprocessable) {
		t.Errorf("nobody: %v", err)
	}
}

func TestEverybodyOfAnIssueIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := []string{b.from("ann@x.example", "the door is stuck"), b.from("ann@x.example", "still stuck"), b.from("bob@x.example", "stuck"), b.from("", "door")}
	issueID := ""
	for _, id := range ids {
		done, err := b.is.Accept(b.Ctx, id, issueID)
		if err != nil {
			t.Fatal(err)
		}
		issueID = done.Issue.ID
	}
	r, err := b.s.ReplyIssue(b.Ctx, issueID, Input{Text: "Fixed."})
	if err != nil || len(r.Messages) != 2 || r.Unreachable != 1 {
		t.Fatalf("%+v %v", r, err)
	}
}

func TestThreadsAreOfTheirWorkspaceAndRole(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.from("ann@x.example", "the door is stuck")
	if _, err := b.s.Reply(b.As(workspace.Viewer), id, Input{Text: "x"}); !errs.Is(err, errs.Denied) {
		t.Errorf("viewer: %v", err)
	}
	if _, err := b.s.Thread(b.Other().Ctx, id); !errs.Is(err, errs.NotFound) {
		t.Errorf("another workspace: %v", err)
	}
	for _, in := range []Input{{}, {Text: "a\x00"}, {Text: "x", Files: []feedback.AttachmentInput{{Name: "x"}}}} {
		if _, err := b.s.Reply(b.Ctx, id, in); !errs.Is(err, errs.Invalid) {
			t.Errorf("%+v: %v", in, err)
		}
	}
}
