package notice

import (
	"context"
	"fmt"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

const (
	sendEach    = time.Second
	sendTime    = time.Minute // for one message
	maxAttempts = 8           // then it has failed: about four hours
)

// Run sends what is due until ctx ends.
func (s *Service) Run(ctx context.Context) {
	t := time.NewTicker(sendEach)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-s.hurry:
		}
		for ctx.Err() == nil {
			n, err := s.SendDue(ctx)
			if err != nil && ctx.Err() == nil {
				s.log.WarnContext(ctx, "replies could not be sent", "err", err)
			}
			if n == 0 || err != nil {
				break
			}
		}
	}
}

// SendDue sends one batch of what is due and reports how many it was.
func (s *Service) SendDue(ctx context.Context) (int, error) {
	var list []due
	err := s.db.Tx(ctx, func(tx *db.Tx) (err error) {
		list, err = claimDue(ctx, tx, s.now(), 4) // few: each has its deadline within the lease
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("take replies to send: %w", err)
	}
	for _, d := range list {
		if err := s.send(ctx, d); err != nil {
			return len(list), err
		}
	}
	return len(list), nil
}

func (s *Service) send(ctx context.Context, d due) error {
	m, err := get(ctx, s.db, d.ws, d.ID)
	if err != nil {
		return err
	}
	external, err := s.carry(workspace.System(ctx, d.ws), d.ws, m)
	if ctx.Err() != nil {
		return ctx.Err() // the lease runs out, and it is tried again
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if err == nil {
			m.ExternalID, m.State = external, Sent
			return noteSent(ctx, tx, d.ws, m, s.now())
		}
		state := Queued
		switch errs.KindOf(err) {
		case errs.Invalid, errs.Unprocessable, errs.NotFound, errs.Denied, errs.TooLarge:
			state = Failed
		}
		if d.attempts >= maxAttempts {
			state = Failed
		}
		reason := errs.Message(err)
		if errs.KindOf(err) == errs.Internal {
			reason = err.Error()
		}
		s.log.WarnContext(ctx, "a reply was not sent", "workspace", d.ws, "message", m.ID, "via", m.Via, "attempt", d.attempts, "state", state, "err", err)
		return noteFailed(ctx, tx, d.ws, m.ID, state, reason, s.now().Add(time.Minute<<min(d.attempts-1, 7)))
	})
	if err != nil {
		return err
	}
	s.told(ctx, d.ws, m)
	return nil
}

func (s *Service) carry(ctx context.Context, ws workspace.ID, m *Message) (string, error) {
	c := s.carriers[m.Via]
	if c == nil {
		return "", errs.New(errs.Unprocessable, "Nothing here sends by %s any more.", m.Via)
	}
	f, err := s.feedback.Get(ctx, m.FeedbackID)
	if err != nil {
		return "", err
	}
	all, err := s.Messages(ctx, ws, m.FeedbackID)
	if err != nil {
		return "", err
	}
	out := &Outgoing{Message: m, Workspace: ws, Feedback: f}
	for _, x := range all {
		if x.ID == m.ID {
			m.Attachments = x.Attachments
			break
		}
		out.Before = append(out.Before, x)
	}
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	return c.Send(ctx, out)
}
