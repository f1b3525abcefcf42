package email

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/hypercare/hypercare/internal/channel"
	received "github.com/hypercare/hypercare/internal/channel/email/mail"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/notice"
	"github.com/hypercare/hypercare/internal/outbound"
	"github.com/hypercare/hypercare/internal/workspace"
)

// carrier sends answers as mail.
type carrier struct{ s *Service }

// Reach says by which channel the reporter is answered: the one that they
// wrote to, or the first of the launch that sends.
func (c carrier) Reach(ctx context.Context, ws workspace.ID, f *feedback.Feedback) (notice.Reach, bool, error) {
	if f.Author.Email == "" {
		return notice.Reach{}, false, nil
	}
	list, err := c.s.Channels.OfLaunch(ctx, ws, f.LaunchID, Kind)
	if err != nil {
		return notice.Reach{}, false, err
	}
	came := ""
	if f.Channel == Kind && f.ExternalID != "" {
		if came, err = channelOf(ctx, c.s.DB, ws, f.LaunchID, f.ExternalID); err != nil {
			return notice.Reach{}, false, err
		}
	}
	out := notice.Reach{To: f.Author.Email}
	for _, ch := range list {
		if set, err := settingsOf(ch.Settings); err == nil && set.SMTPHost != "" && set.Address != "" && (out.ChannelID == "" || ch.ID == came) {
			out.ChannelID = ch.ID
		}
	}
	return out, out.ChannelID != "", nil
}

// Send sends one answer and returns its Message-ID.
func (c carrier) Send(ctx context.Context, m *notice.Outgoing) (string, error) {
	s := c.s
	ch, set, err := s.sender(ctx, m.Workspace, m.ChannelID)
	if err != nil {
		return "", err
	}
	o := &outgoing{from: mail.Address{Name: cmp.Or(set.Sender, m.Author.Name), Address: set.Address}, to: mail.Address{Name: m.Feedback.Author.Name, Address: m.To},
		id: s.messageID(m.Workspace, m.ID, domainOf(set.Address)), subject: subjectOf(m.Feedback), date: s.now(), mark: s.markValue()}
	o.references = chainOf(m)
	if n := len(o.references); n > 0 {
		o.inReplyTo = o.references[n-1]
	}
	o.text = m.Text + quoteOf(m)
	for _, a := range m.Attachments {
		data, err := s.Feedback.ReadFile(a.SHA256)
		if err != nil {
			return "", err
		}
		o.files = append(o.files, file{a.Name, a.ContentType, data})
	}
	envelope := set.Address
	if set.plus() {
		token := s.token(m.Workspace, m.FeedbackID)
		err := s.DB.Tx(ctx, func(tx *db.Tx) error {
			return putToken(ctx, tx, token, replyTo{m.Workspace, m.LaunchID, ch.ID, m.FeedbackID}, s.now())
		})
		if err != nil {
			return "", err
		}
		envelope = withToken(set.Address, token)
		o.from.Address, o.replyTo = envelope, envelope
	}
	return o.id, s.deliver(ctx, ch, set, envelope, m.To, o.bytes("hc-"+db.NewID()))
}

// sender returns a channel that sends.
func (s *Service) sender(ctx context.Context, ws workspace.ID, id string) (*channel.Channel, settings, error) {
	ch, err := s.Channels.ByID(ctx, ws, id)
	if err != nil {
		return nil, settings{}, err
	}
	set, err := settingsOf(ch.Settings)
	if err == nil && (set.SMTPHost == "" || set.Address == "" || !ch.Enabled) {
		err = errs.New(errs.Unprocessable, "The channel %s sends no mail any more; set up its SMTP server.", ch.Name)
	}
	return ch, set, err
}

func subjectOf(f *feedback.Feedback) string {
	topic, _ := received.Topic(cmp.Or(f.FullTitle, f.Title))
	if topic == "" {
		topic = "your feedback"
	}
	return "Re: " + clip(topic, 300)
}

// chainOf is the thread by Message-IDs, oldest first, ending with what is
// answered.
func chainOf(m *notice.Outgoing) []string {
	var out []string
	last := -1 // of the reporter
	if m.Feedback.Channel == Kind && m.Feedback.ExternalID != "" {
		out, last = append(out, m.Feedback.ExternalID), 0
	}
	for _, x := range m.Before {
		if x.Via != Kind || x.ExternalID == "" || x.State != notice.Sent && x.State != notice.Received {
			continue
		}
		out = append(out, x.ExternalID)
		if x.Direction == notice.In {
			last = len(out) - 1
		}
	}
	if last >= 0 && last < len(out)-1 { // what is answered is the last of all
		id := out[last]
		out = append(append(out[:last:last], out[last+1:]...), id)
	}
	return out
}

// quoteOf is what the reporter wrote last.
func quoteOf(m *notice.Outgoing) string {
	for i := len(m.Before) - 1; i >= 0; i-- {
		if x := m.Before[i]; x.Direction == notice.In && x.Text != "" {
			return quote(x.Text, m.Feedback.Language, cmp.Or(x.Author.Name, m.To), x.CreatedAt)
		}
	}
	return quote(cmp.Or(m.Feedback.Text, m.Feedback.Title), m.Feedback.Language, cmp.Or(m.Feedback.Author.Name, m.To), m.Feedback.OccurredAt)
}

// deliver hands a mail to the channel's server and notes whether that works.
func (s *Service) deliver(ctx context.Context, ch *channel.Channel, set settings, from, to string, raw []byte) error {
	err := s.submit(ctx, ch, set, from, to, raw)
	if ctx.Err() != nil && err != nil {
		err = errs.New(errs.Unavailable, "%s did not take the mail in time.", set.SMTPHost)
	}
	trouble, t := "", (*serverTrouble)(nil)
	switch {
	case errors.As(err, &t):
		trouble = t.Error()
		err = errs.New(errs.Unavailable, "%s", trouble)
	case err != nil:
		return err // of this mail, not of the channel
	}
	if strings.HasPrefix(ch.Trouble, "Answers") || trouble != "" {
		s.Channels.Trouble(context.WithoutCancel(ctx), ch, trouble)
	}
	return err
}

// serverTrouble is what keeps all mail of a channel from going out.
type serverTrouble struct{ why string }

func (t *serverTrouble) Error() string { return t.why }

func troubled(set settings, doing string, err error) error {
	why := strings.TrimRight(errText(err), ".")
	if r, ok := errors.AsType[*outbound.Refused](err); ok {
		why = strings.TrimRight(r.Error(), ".")
	}
	return &serverTrouble{"Answers can't be sent by " + set.SMTPHost + ": " + doing + ": " + why + "."}
}

func errText(err error) string {
	if e, ok := errors.AsType[*smtp.SMTPError](err); ok {
		return strconv.Itoa(e.Code) + " " + clip(oneLine(e.Message), 200)
	}
	return clip(oneLine(err.Error()), 300)
}

// submit sends one mail (RFC 5321, RFC 6409).
func (s *Service) submit(ctx context.Context, ch *channel.Channel, set settings, from, to string, raw []byte) error {
	user, password, err := s.login(ch, set)
	if err != nil {
		return err
	}
	conn, err := s.Dial(ctx, "tcp", net.JoinHostPort(strings.Trim(set.SMTPHost, "[]"), strconv.Itoa(int(set.SMTPPort))))
	if err != nil {
		return troubled(set, "connect", err)
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	c, err := s.greet(ctx, conn, set)
	if err != nil {
		_ = conn.Close()
		return troubled(set, "connect with "+set.SMTPTLS, err)
	}
	defer func() { _ = c.Close() }()
	if user != "" {
		if err := c.Auth(s.mechanism(c, user, password)); err != nil {
			return troubled(set, "sign in as "+user, err)
		}
	}
	opts := &smtp.MailOptions{Size: int64(len(raw))}
	if err := c.Mail(from, opts); err != nil {
		return refusedBy(set, to, "", err)
	}
	if err := c.Rcpt(to, nil); err != nil {
		return refusedBy(set, to, "", err)
	}
	w, err := c.Data()
	if err != nil {
		return refusedBy(set, to, "", err)
	}
	if _, err := w.Write(raw); err != nil {
		return troubled(set, "send", err)
	}
	if err := w.Close(); err != nil {
		return refusedBy(set, to, "the mail", err)
	}
	_ = c.Quit() // it was taken
	return nil
}

func (s *Service) login(ch *channel.Channel, set settings) (user, password string, err error) {
	if set.SMTPUser == "" {
		return "", "", nil
	}
	for _, name := range []string{smtpPassword, imapPassword} {
		t, err := s.Channels.Secret(ch, name)
		if err != nil {
			return "", "", err
		}
		if t != "" {
			return set.SMTPUser, t.Reveal(), nil
		}
	}
	return set.SMTPUser, "", nil
}

// commandTime bounds one command of a mail server.
const commandTime = 30 * time.Second

func (s *Service) greet(ctx context.Context, conn net.Conn, set settings) (c *smtp.Client, err error) {
	cfg := s.tlsFor(set.SMTPHost)
	switch set.SMTPTLS {
	case implicitTLS:
		secure, err := handshake(ctx, conn, cfg)
		if err != nil {
			return nil, err
		}
		c = smtp.NewClient(secure)
	case startTLS:
		if c, err = smtp.NewClientStartTLS(conn, cfg); err != nil {
			return nil, err
		}
	default:
		c = smtp.NewClient(conn)
	}
	c.CommandTimeout, c.SubmissionTimeout = commandTime, commandTime
	return c, c.Hello(domainOf(set.Address))
}

// mechanism picks a way to sign in that the server has.
func (s *Service) mechanism(c *smtp.Client, user, password string) sasl.Client {
	if !c.SupportsAuth(sasl.Plain) && c.SupportsAuth(sasl.Login) {
		return sasl.NewLoginClient(user, password)
	}
	return sasl.NewPlainClient("", user, password)
}

// refusedBy tells a recipient or mail that is refused for good from a server
// that can't at the moment.
func refusedBy(set settings, to, what string, err error) error {
	e, ok := errors.AsType[*smtp.SMTPError](err)
	switch {
	case !ok:
		return troubled(set, "send", err)
	case e.Code == 530 || e.Code == 535: // sign in first
		return troubled(set, "sign in", err)
	case e.Code >= 500:
		return errs.New(errs.Unprocessable, "%s refused %s: %s.", set.SMTPHost, cmp.Or(what, to), strings.TrimRight(errText(err), "."))
	}
	return errs.New(errs.Unavailable, "%s does not take it now: %s.", set.SMTPHost, strings.TrimRight(errText(err), "."))
}
