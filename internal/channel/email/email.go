// Package email is mail both ways: mailboxes that are read by IMAP, a listener
// that takes mail by SMTP, and answers that go out by SMTP. What comes goes
// raw into the ledger; read, it is a report, a message of a report's thread,
// or nothing, and then the delivery says why. What a message holds is the
// business of the package mail below.
package email

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/channel/email/mail"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/note"
	"github.com/hypercare/hypercare/internal/notice"
	"github.com/hypercare/hypercare/internal/outbound"
	"github.com/hypercare/hypercare/internal/privacy"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Kind is the kind of channel, the format of its deliveries, and how answers
// go.
const Kind = "email"

const contentType = "message/rfc822"

// maxMessage bounds a mail: 25 MB of files as base64 (4/3, and line ends),
// with a MB for the rest.
const maxMessage = 36 << 20

// Deps are what a Service needs.
type Deps struct {
	DB       *db.DB
	Log      *slog.Logger
	Box      *secret.Box
	Channels *channel.Service
	Feedback *feedback.Service
	Notices  *notice.Service
	Notes    *note.Service
	Members  *workspace.Service
	Privacy  *privacy.Service
	// Dial connects to mail servers, by the rules of outgoing requests.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Outbound is Dial's usual owner; it is used where Dial is nil.
	Outbound *outbound.Client
	// TLS of mail servers; nil: the machine's authorities.
	TLS *tls.Config
	// Domain stands behind the @ in addresses of the listener; "" when it
	// listens to nothing.
	Domain string
}

// Service takes mail in and sends answers.
type Service struct {
	Deps
	now  func() time.Time
	node string        // who holds mailboxes here
	wake chan struct{} // channels changed
	acks chan struct{} // there may be one to send
	idle time.Duration // between looks into a mailbox that does not tell
}

// NewService returns the service and hands in its kind of channel, who reads
// its deliveries, and the carrier of answers.
func NewService(d Deps) *Service {
	s := &Service{Deps: d, now: time.Now, node: db.NewID(), wake: make(chan struct{}, 1), acks: make(chan struct{}, 1), idle: 30 * time.Second}
	if s.Dial == nil {
		s.Dial = d.Outbound.DialContext
	}
	d.Channels.Add(s.kind())
	d.Channels.OnChange(func() { poke(s.wake) })
	d.Feedback.Handle(Kind, s.handle)
	d.Notices.Carry(Kind, carrier{s})
	return s
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run reads mailboxes and sends acknowledgements until ctx ends.
func (s *Service) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { s.mailboxes(ctx) })
	wg.Go(func() { s.acknowledge(ctx) })
	wg.Wait()
}

// put takes a mail into the ledger and returns when it is on disk. The same
// mail, whichever way it came, is one.
func (s *Service) put(ctx context.Context, c *channel.Channel, raw []byte) error {
	_, err := s.Channels.Accept(s.Channels.As(ctx, c), c, []feedback.Incoming{{Raw: raw, Format: Kind, ContentType: contentType, NaturalKey: "raw:" + shortID(mail.ID(raw))}})
	return err
}

// hash is what a sender is recognised by, without being named.
func (s *Service) hash(ws workspace.ID, parts ...string) string {
	all := string(ws)
	for _, p := range parts {
		all += "\x00" + p
	}
	return s.Box.Mac("mail", all)[:40]
}
