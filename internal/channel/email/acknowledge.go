package email

import (
	"cmp"
	"context"
	"net/mail"
	"time"

	received "github.com/hypercare/hypercare/internal/channel/email/mail"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

const (
	ackEach     = 30 * time.Second
	ackLease    = 2 * time.Minute
	ackAttempts = 5
	ackTime     = time.Minute
	remembered  = 30 * 24 * time.Hour // what became of mail
)

// acknowledge sends what was promised, until ctx ends.
func (s *Service) acknowledge(ctx context.Context) {
	t := time.NewTicker(ackEach)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			err := s.DB.Tx(ctx, func(tx *db.Tx) error { return forget(ctx, tx, s.now().Add(-remembered)) })
			if err != nil && ctx.Err() == nil {
				s.Log.WarnContext(ctx, "old mail could not be forgotten", "err", err)
			}
		case <-s.acks:
		}
		for ctx.Err() == nil {
			n, err := s.acknowledgeDue(ctx)
			if err != nil && ctx.Err() == nil {
				s.Log.WarnContext(ctx, "acknowledgements could not be sent", "err", err)
			}
			if n == 0 || err != nil {
				break
			}
		}
	}
}

func (s *Service) acknowledgeDue(ctx context.Context) (int, error) {
	var list []ack
	err := s.DB.Tx(ctx, func(tx *db.Tx) (err error) {
		list, err = dueAcks(ctx, tx, s.now(), ackLease, 2)
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, a := range list {
		err := s.acknowledgeOne(workspace.System(ctx, a.ws), a)
		switch {
		case ctx.Err() != nil:
			return 0, ctx.Err()
		case err != nil && a.attempts < ackAttempts && (errs.Is(err, errs.Unavailable) || errs.Is(err, errs.Internal)):
			s.Log.WarnContext(ctx, "an acknowledgement was not sent", "workspace", a.ws, "channel", a.channelID, "attempt", a.attempts, "err", err)
			continue // it is due again when the lease ends
		case err != nil:
			s.Log.WarnContext(ctx, "an acknowledgement is given up", "workspace", a.ws, "channel", a.channelID, "err", err)
		}
		if err := s.DB.Tx(ctx, func(tx *db.Tx) error { return ackDone(ctx, tx, a) }); err != nil {
			return 0, err
		}
	}
	return len(list), nil
}

// acknowledgeOne tells a reporter that their mail arrived (RFC 3834).
func (s *Service) acknowledgeOne(ctx context.Context, a ack) error {
	ch, set, err := s.sender(ctx, a.ws, a.channelID)
	if err != nil || !set.Ack {
		return err
	}
	id, err := s.Feedback.ByNaturalKey(ctx, s.DB, a.ws, a.launchID, Kind, reportKey(a.messageID))
	if err != nil || id == "" {
		return err
	}
	f, err := s.Feedback.Get(ctx, id)
	if errs.Is(err, errs.NotFound) {
		return errs.New(errs.Unavailable, "The report is still on its way.")
	}
	if err != nil || f.Author.Email == "" {
		return err
	}
	o := &outgoing{from: mail.Address{Name: set.Sender, Address: set.Address}, to: mail.Address{Name: f.Author.Name, Address: f.Author.Email}, auto: true, date: s.now(), mark: s.markValue(),
		id: s.messageID(a.ws, "ack-"+id, domainOf(set.Address)), inReplyTo: a.messageID, references: []string{a.messageID}, text: cmp.Or(set.AckText, ackText(f.Language))}
	topic, _ := received.Topic(cmp.Or(f.FullTitle, f.Title))
	o.subject = "Auto: " + clip(cmp.Or(topic, "your mail"), 300)
	if set.plus() {
		token := s.token(a.ws, id)
		if err := s.DB.Tx(ctx, func(tx *db.Tx) error {
			return putToken(ctx, tx, token, replyTo{a.ws, a.launchID, ch.ID, id}, s.now())
		}); err != nil {
			return err
		}
		o.from.Address = withToken(set.Address, token)
		o.replyTo = o.from.Address
	}
	ctx, cancel := context.WithTimeout(ctx, ackTime)
	defer cancel()
	// The envelope has no sender: what comes back is nobody's business (RFC 3834 3.3).
	return s.deliver(ctx, ch, set, "", f.Author.Email, o.bytes("hc-"+db.NewID()))
}

func ackText(language string) string {
	if language == "de" {
		return "Danke, Ihre Nachricht ist angekommen. Jemand aus dem Team liest sie und antwortet Ihnen auf diesem Weg.\n\nDiese Mail wurde automatisch verschickt."
	}
	return "Thank you, your message has arrived. Somebody of the team reads it and answers you by mail.\n\nThis mail was sent automatically."
}
