package email

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/audit"
	"github.com/hypercare/hypercare/internal/channel/email/mail"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/note"
	"github.com/hypercare/hypercare/internal/notice"
	"github.com/hypercare/hypercare/internal/workspace"
)

const (
	maxFiles     = 50
	maxThread    = 20_000 // characters of a message, as notice has them
	topicWindow  = 7 * 24 * time.Hour
	ackInterval  = time.Hour
	oldestDate   = 366 * 24 * time.Hour // a Date before that is a wrong clock
	maxAncestors = 50                   // of a thread that are looked for
)

// reading is one mail on its way to what it becomes.
type reading struct {
	s        *Service
	d        *feedback.Raw
	m        *mail.Message
	set      settings
	why      string // no person wrote it to us: why
	files    []feedback.StoredFile
	fresh    string
	quoted   string
	report   feedback.Input
	member   *workspace.Member // who wrote it, where that is one of the team
	reason   string
	messages []*notice.Message // changed
	note     *note.Note
	acked    bool
}

// handle reads one mail.
func (s *Service) handle(ctx context.Context, d *feedback.Raw) (feedback.Outcome, error) {
	r := &reading{s: s, d: d, m: mail.Read(d.Payload)}
	c, err := s.Channels.ByID(ctx, d.Workspace, d.ChannelID)
	if err == nil {
		r.set, err = settingsOf(c.Settings)
	}
	if err != nil && !errs.Is(err, errs.NotFound) { // a channel that is gone has no settings
		return feedback.Outcome{}, err
	}
	r.m.ID = shortID(r.m.ID)
	if r.why = r.loops(); r.why == "" {
		if err := r.prepare(ctx); err != nil {
			return feedback.Outcome{}, err
		}
	}
	return feedback.Outcome{Apply: r.apply, After: r.after, Reason: func() string { return r.reason }}, nil
}

// loops says why a mail must not become anything, "" when it may.
func (r *reading) loops() string {
	local, domain, _ := strings.Cut(r.m.From.Email, "@")
	local, _, _ = strings.Cut(local, "+")
	switch {
	case r.m.Head.Get(mark) == r.s.markValue(), r.s.isOurs(r.d.Workspace, r.m.ID):
		return "hypercare itself sent it"
	case r.set.Address != "" && local+"@"+domain == r.set.Address:
		return "it comes from the channel's own address"
	}
	return r.m.Machine(r.set.Lists)
}

// prepare makes of what a person wrote all that needs no transaction.
func (r *reading) prepare(ctx context.Context) error {
	cover, err := r.s.Privacy.Cover(ctx, r.d.Workspace, r.d.LaunchID)
	if err != nil {
		return err
	}
	members, err := r.s.Members.Members(ctx)
	if err != nil {
		return err
	}
	for i := range members {
		if strings.EqualFold(members[i].Email, r.m.From.Email) && members[i].DisabledAt == nil {
			r.member = &members[i]
		}
	}
	for _, f := range r.m.Files[:min(len(r.m.Files), maxFiles)] {
		if err := r.attach(f.Name, f.ContentType, f.Data); err != nil {
			return err
		}
	}
	r.fresh, r.quoted = mail.Split(r.m.Text)
	topic, reply := mail.Topic(r.m.Subject)
	text := r.fresh
	if text == "" || mail.Forwarded(r.m.Subject) || !reply && len(r.m.References)+len(r.m.InReplyTo) == 0 {
		text = mail.Unsigned(r.m.Text) // what is passed on is what it is about
	} else if len(r.quoted) > 200 { // a thread that began elsewhere
		if err := r.attach("quoted.txt", "text/plain; charset=utf-8", []byte(r.quoted)); err != nil {
			return err
		}
	}
	if len(text) > feedback.MaxText {
		if err := r.attach("text.txt", "text/plain; charset=utf-8", []byte(text)); err != nil {
			return err
		}
	}
	if r.fresh == "" && len(r.files) == 0 {
		r.fresh, r.quoted = r.quoted, ""
	}
	r.fresh, r.quoted = cover.Storage.Text(r.fresh), cover.Storage.Text(r.quoted)
	if topic == "" {
		topic = "(no subject)"
	}
	at := r.date()
	r.report = feedback.Input{Title: clip(cmp.Or(r.m.Subject, topic), feedback.MaxTitle), Text: clip(cmp.Or(text, "(no text)"), feedback.MaxText), Channel: Kind, ExternalID: r.m.ID,
		OccurredAt: &at, Language: r.m.Language}
	if r.m.From.Email != "" {
		r.report.Author = &feedback.Author{Name: clip(r.m.From.Name, 300), Email: r.m.From.Email}
	}
	valid := r.report
	return valid.Validate(r.s.now())
}

func (r *reading) attach(name, contentType string, data []byte) error {
	f, err := r.s.Feedback.PutFile(clip(name, 300), clip(contentType, 200), data)
	if err == nil {
		r.files = append(r.files, f)
	}
	return err
}

// date is when it was written: as it says, where that can be.
func (r *reading) date() time.Time {
	if at := r.m.Date; !at.IsZero() && at.Before(r.d.ReceivedAt) && at.After(r.d.ReceivedAt.Add(-oldestDate)) {
		return at.UTC()
	}
	return r.d.ReceivedAt
}

// apply writes what the mail becomes, in the transaction that marks it as
// processed.
func (r *reading) apply(ctx context.Context, tx *db.Tx) ([]feedback.Incoming, error) {
	r.reason, r.messages, r.note, r.acked = "", nil, nil, false
	if err := holdChannel(ctx, tx, r.d.Workspace, r.d.ChannelID); err != nil {
		return nil, err
	}
	topic, _ := mail.Topic(r.m.Subject)
	e := entry{messageID: r.m.ID, channelID: r.d.ChannelID, became: nothing, at: r.s.now(), sender: r.s.hash(r.d.Workspace, r.m.From.Email),
		topic: r.s.hash(r.d.Workspace, r.d.LaunchID, r.m.From.Email, strings.ToLower(topic))}
	out, err := r.become(ctx, tx, &e)
	if err != nil {
		return nil, err
	}
	return out, remember(ctx, tx, r.d.Workspace, r.d.LaunchID, e)
}

func (r *reading) become(ctx context.Context, tx *db.Tx, e *entry) ([]feedback.Incoming, error) {
	switch r.why {
	case "":
	case mail.WhyBounce:
		e.became = aBounce
		return nil, r.bounce(ctx, tx)
	default:
		r.reason = "No report was made of it: " + r.why + "."
		return nil, nil
	}
	id, err := r.thread(ctx, tx, e.topic)
	if err != nil {
		return nil, err
	}
	if e.feedbackID = id; id != "" {
		return nil, r.join(ctx, tx, e)
	}
	e.became = aReport
	if e.acked, err = r.promise(ctx, tx, e); err != nil {
		return nil, err
	}
	r.acked = e.acked
	return []feedback.Incoming{{NaturalKey: reportKey(r.m.ID), Input: r.report, Files: r.files}}, nil
}

// reportKey is what the report made of a mail is found by.
func reportKey(messageID string) string { return "mail:" + messageID }

// join adds the mail to the thread of a report. What one of the team writes
// there is a note: a sender is easily forged, so nothing goes out by it.
func (r *reading) join(ctx context.Context, tx *db.Tx, e *entry) error {
	text := clipRunes(r.fresh, maxThread)
	if r.member != nil {
		own, err := r.authored(ctx, e.feedbackID)
		if err != nil {
			return err
		}
		if !own {
			e.became = aNote
			r.reason = "One of the team wrote it: it is a note on the report."
			if was, err := known(ctx, tx, r.d.Workspace, r.d.LaunchID, r.m.ID); err != nil || was == aNote {
				return err
			}
			author := audit.Actor{Kind: "system", ID: Kind, Name: r.member.Name + ", by e-mail"}
			r.note, err = r.s.Notes.Heard(ctx, tx, r.d.Workspace, e.feedbackID, author, cmp.Or(text, "(no text)"), r.s.now())
			return err
		}
	}
	e.became = aMessage
	r.reason = "It is a message in the thread of a report."
	m, err := r.s.Notices.Receive(ctx, tx, r.d.Workspace, notice.Incoming{FeedbackID: e.feedbackID, LaunchID: r.d.LaunchID,
		Author: audit.Actor{Kind: "reporter", Name: clip(cmp.Or(r.m.From.Name, r.m.From.Email), 300)}, Text: text, Quoted: clip(r.quoted, feedback.MaxText),
		Via: Kind, ChannelID: r.d.ChannelID, ExternalID: r.m.ID, Files: r.files, At: r.s.now()})
	if m != nil {
		r.messages = append(r.messages, m)
	}
	return err
}

// authored reports whether the report is the sender's own.
func (r *reading) authored(ctx context.Context, feedbackID string) (bool, error) {
	f, err := r.s.Feedback.Get(ctx, feedbackID)
	if errs.Is(err, errs.NotFound) {
		return true, nil // still on its way: then it is a message
	}
	if err != nil {
		return false, err
	}
	return strings.EqualFold(f.Author.Email, r.m.From.Email), nil
}

// thread finds the report that a mail belongs to: by the chain of what it
// answers (RFC 5322 3.6.4), nearest first; by the token in an address; by
// sender and subject, where it says that it is a reply.
func (r *reading) thread(ctx context.Context, tx *db.Tx, topic string) (string, error) {
	chain := r.chain()
	if id, err := r.byMessages(ctx, tx, chain); err != nil || id != "" {
		return id, err
	}
	for _, to := range r.m.To {
		token := tokenIn(to)
		if token == "" {
			continue
		}
		at, ok, err := byToken(ctx, tx, token)
		if err != nil {
			return "", err
		}
		if ok && at.ws == r.d.Workspace && at.launchID == r.d.LaunchID {
			return at.feedbackID, nil
		}
	}
	subject, reply := mail.Topic(r.m.Subject)
	if subject == "" || r.m.From.Email == "" || !reply && len(chain) == 0 {
		return "", nil
	}
	messageID, id, err := ofTopic(ctx, tx, r.d.Workspace, r.d.LaunchID, topic, r.s.now().Add(-topicWindow))
	if err != nil || id != "" || messageID == "" || messageID == r.m.ID {
		return id, err
	}
	return r.s.Feedback.ByNaturalKey(ctx, tx, r.d.Workspace, r.d.LaunchID, Kind, reportKey(messageID))
}

// chain is what a mail answers, nearest first.
func (r *reading) chain() []string {
	var out []string
	seen := map[string]bool{r.m.ID: true}
	add := func(id string) {
		if id = shortID(id); !seen[id] && len(out) < maxAncestors {
			seen[id] = true
			out = append(out, id)
		}
	}
	for _, id := range r.m.InReplyTo {
		add(id)
	}
	for i := len(r.m.References) - 1; i >= 0; i-- {
		add(r.m.References[i])
	}
	return out
}

func (r *reading) byMessages(ctx context.Context, tx *db.Tx, chain []string) (string, error) {
	found, err := r.s.Notices.ByExternal(ctx, tx, r.d.Workspace, r.d.LaunchID, chain)
	if err != nil {
		return "", err
	}
	of := make(map[string]string, len(found))
	for _, m := range found {
		of[m.ExternalID] = m.FeedbackID
	}
	for _, id := range chain {
		if of[id] != "" {
			return of[id], nil
		}
		report, err := r.s.Feedback.ByNaturalKey(ctx, tx, r.d.Workspace, r.d.LaunchID, Kind, reportKey(id))
		if err != nil || report != "" {
			return report, err
		}
	}
	return "", nil
}

// bounce marks the message that did not arrive.
func (r *reading) bounce(ctx context.Context, tx *db.Tx) error {
	r.reason = "No report was made of it: " + r.why + "."
	var failed mail.Delivery
	if r.m.Report != nil {
		d, ok := r.m.Report.Failed()
		if !ok {
			return nil // delayed, or delivered
		}
		failed = d
	}
	m, err := r.bounced(ctx, tx, failed.To)
	if err != nil || m == nil || m.Direction != notice.Out {
		return err
	}
	why := failed.Why()
	if r.m.Report == nil {
		why = "The mail did not arrive: " + clip(cmp.Or(r.m.Subject, "a mail server sent it back"), 200) + "."
	}
	if err := r.s.Notices.Bounced(ctx, tx, r.d.Workspace, m.ID, why); err != nil {
		return err
	}
	r.messages = append(r.messages, m)
	r.reason = "It says that an answer did not arrive; that answer is marked as failed."
	return nil
}

// bounced finds the message that a bounce is about: by its Message-ID, or as
// the last one to that address in the thread whose token is in the address
// that the bounce came to.
func (r *reading) bounced(ctx context.Context, tx *db.Tx, to string) (*notice.Message, error) {
	var about []string
	if r.m.Report != nil && r.m.Report.OriginalID != "" {
		about = append(about, shortID(r.m.Report.OriginalID))
	}
	for _, id := range append(about, r.chain()...) {
		if !r.s.isOurs(r.d.Workspace, id) {
			continue
		}
		found, err := r.s.Notices.ByExternal(ctx, tx, r.d.Workspace, r.d.LaunchID, []string{id})
		if err != nil || len(found) > 0 {
			return first(found), err
		}
	}
	for _, a := range r.m.To {
		token := tokenIn(a)
		if token == "" {
			continue
		}
		at, ok, err := byToken(ctx, tx, token)
		if err != nil {
			return nil, err
		}
		if !ok || at.ws != r.d.Workspace || at.launchID != r.d.LaunchID {
			continue
		}
		list, err := r.s.Notices.Messages(ctx, r.d.Workspace, at.feedbackID)
		if err != nil {
			return nil, err
		}
		for i := len(list) - 1; i >= 0; i-- {
			if m := list[i]; m.Direction == notice.Out && m.Via == Kind && m.State == notice.Sent && (to == "" || strings.EqualFold(m.To, to)) {
				return m, nil
			}
		}
	}
	return nil, nil
}

func first(list []*notice.Message) *notice.Message {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// promise says whether a receipt of a new report is acknowledged.
func (r *reading) promise(ctx context.Context, tx *db.Tx, e *entry) (bool, error) {
	local, _, _ := strings.Cut(strings.ReplaceAll(strings.ReplaceAll(r.m.From.Email, "-", ""), "_", ""), "@")
	switch {
	case !r.set.Ack || r.m.From.Email == "" || r.m.NoSender,
		strings.Contains(local, "noreply"), strings.Contains(local, "donotreply"), strings.Contains(local, "mailerdaemon"):
		return false, nil
	}
	if was, err := known(ctx, tx, r.d.Workspace, r.d.LaunchID, r.m.ID); err != nil || was != "" {
		return false, err // a replay
	}
	done, err := ackedSince(ctx, tx, r.d.Workspace, e.sender, r.s.now().Add(-ackInterval))
	return !done && err == nil, err
}

// after tells those who watch.
func (r *reading) after() {
	ctx := workspace.System(context.Background(), r.d.Workspace)
	if len(r.messages) > 0 {
		r.s.Notices.Told(ctx, r.d.Workspace, r.messages...)
	}
	if r.note != nil {
		r.s.Notes.Tell(r.d.Workspace, r.note)
	}
	if r.acked {
		poke(r.s.acks)
	}
}

// clip brings a text to at most n bytes.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

func clipRunes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	if r := []rune(s); len(r) > n {
		return fmt.Sprintf("%s…", string(r[:n-1]))
	}
	return s
}
