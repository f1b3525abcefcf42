package email

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/channel/email/mail"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/note"
	"github.com/hypercare/hypercare/internal/notice"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/undo"
	"github.com/hypercare/hypercare/internal/workspace"
)

// rig is the service with its listener, and a server that answers go to.
type rig struct {
	*feedbacktest.Bench
	t        *testing.T
	s        *Service
	channels *channel.Service
	notices  *notice.Service
	notes    *note.Service
	addr     string // of the listener
	mta      *mta
}

func newRig(t *testing.T) *rig {
	t.Helper()
	b := feedbacktest.New(t)
	log := slog.New(slog.DiscardHandler)
	box, err := secret.NewBox(make([]byte, secret.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	u := undo.NewService(b.DB)
	members := workspace.NewService(b.DB, b.Bus)
	issues := issue.NewService(issue.Deps{DB: b.DB, Bus: b.Bus, Feedback: b.Feedback, Launches: b.Launches, Undo: u, Log: log})
	r := &rig{Bench: b, t: t, channels: channel.NewService(channel.Deps{DB: b.DB, Bus: b.Bus, Log: log, Box: box, Feedback: b.Feedback, CheckLaunch: b.Launches.Check}),
		notices: notice.NewService(notice.Deps{DB: b.DB, Bus: b.Bus, Log: log, Feedback: b.Feedback, Issues: issues, Undo: u}),
		notes:   note.NewService(note.Deps{DB: b.DB, Bus: b.Bus, Feedback: b.Feedback, Issues: issues, Members: members, Undo: u})}
	r.s = NewService(Deps{DB: b.DB, Log: log, Box: box, Channels: r.channels, Feedback: b.Feedback, Notices: r.notices, Notes: r.notes, Members: members, Privacy: b.Privacy,
		Dial: (&net.Dialer{}).DialContext, Domain: "care.example"})
	l, err := r.s.NewListener("")
	if err != nil {
		t.Fatal(err)
	}
	r.addr = serveSMTP(t, l.Serve, func() { _ = l.Shutdown(context.WithoutCancel(t.Context())) })
	r.mta = newMTA(t)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() { defer close(done); b.Feedback.Commit(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	return r
}

func serveSMTP(t *testing.T, serve func(net.Listener) error, stop func()) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- serve(ln) }()
	t.Cleanup(func() {
		stop()
		_ = ln.Close()
		if err := <-done; err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, smtp.ErrServerClosed) {
			t.Error(err)
		}
	})
	return ln.Addr().String()
}

// mta is a mail server that takes everything, or says why not.
type mta struct {
	addr string
	mu   sync.Mutex
	got  []taken
	no   *smtp.SMTPError // to recipients
}

type taken struct {
	from string
	to   []string
	raw  []byte
}

type mtaSession struct {
	m  *mta
	at taken
}

func newMTA(t *testing.T) *mta {
	m := &mta{}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &mtaSession{m: m}, nil }))
	server.Domain = "mta.example"
	m.addr = serveSMTP(t, server.Serve, func() { _ = server.Close() })
	return m
}

func (s *mtaSession) Reset()        { s.at = taken{} }
func (s *mtaSession) Logout() error { return nil }
func (s *mtaSession) Mail(from string, _ *smtp.MailOptions) error {
	s.at = taken{from: from}
	return nil
}

func (s *mtaSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if s.m.no != nil {
		return s.m.no
	}
	s.at.to = append(s.at.to, to)
	return nil
}

func (s *mtaSession) Data(r io.Reader) (err error) {
	if s.at.raw, err = io.ReadAll(r); err != nil {
		return err
	}
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.m.got = append(s.m.got, s.at)
	return nil
}

func (m *mta) refuse(e *smtp.SMTPError) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.no = e
}

func (m *mta) all() []taken {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]taken(nil), m.got...)
}

func (r *rig) channel(more map[string]any) *channel.Channel {
	r.t.Helper()
	host, port, _ := net.SplitHostPort(r.mta.addr)
	set := map[string]any{"address": "feedback@care.example", "smtp_host": host, "smtp_port": port, "smtp_tls": "none"}
	for k, v := range more {
		set[k] = v
	}
	c, err := r.channels.Create(r.Ctx, r.LaunchID, channel.Input{Kind: Kind, Settings: set})
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// send hands a mail to the listener and has it processed.
func (r *rig) send(to, from, raw string) error {
	r.t.Helper()
	c, err := smtp.Dial(r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	err = c.SendMail(from, strings.Split(to, ","), strings.NewReader(strings.ReplaceAll(strings.TrimPrefix(raw, "\n"), "\n", "\r\n")))
	r.Process()
	return err
}

func (r *rig) must(to, from, raw string) {
	r.t.Helper()
	if err := r.send(to, from, raw); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) reports() []*feedback.Feedback {
	r.t.Helper()
	var out []*feedback.Feedback
	if err := r.Feedback.Each(r.Ctx, r.Workspace, r.LaunchID, func(list []*feedback.Feedback) error {
		for _, f := range list {
			f, err := r.Feedback.Get(r.Ctx, f.ID)
			if err != nil {
				return err
			}
			out = append(out, f)
		}
		return nil
	}); err != nil {
		r.t.Fatal(err)
	}
	return out
}

func (r *rig) thread(id string) []*notice.Message {
	r.t.Helper()
	list, err := r.notices.Messages(r.Ctx, r.Workspace, id)
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

// reasons are those of deliveries that became no report.
func (r *rig) reasons() []string {
	r.t.Helper()
	list, err := db.All(r.Ctx, r.DB, func(s db.Scanner) (x string, err error) { return x, s.Scan(&x) },
		`SELECT reason FROM delivery WHERE workspace_id = $1 AND reason <> '' AND state = 'processed' ORDER BY id`, r.Workspace)
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

// reply answers a report and has the answer sent at once.
func (r *rig) reply(id, text string, files ...feedback.AttachmentInput) *notice.Message {
	r.t.Helper()
	out, err := r.notices.Reply(r.Ctx, id, notice.Input{Text: text, Files: files})
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.DB.Tx(r.Ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(r.Ctx, `UPDATE message SET due_at = 1 WHERE workspace_id = $1 AND state = 'queued'`, r.Workspace)
		return err
	}); err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.notices.SendDue(r.Ctx); err != nil {
		r.t.Fatal(err)
	}
	for _, m := range r.thread(id) {
		if m.ID == out.Messages[0].ID {
			return m
		}
	}
	r.t.Fatal("the reply is gone")
	return nil
}

const first1 = `
From: Ann Lee <ann@x.example>
To: feedback@care.example
Subject: Checkout fails
Message-ID: <1@x.example>
Date: Fri, 27 Nov 2020 08:00:00 +0000

It says 502.
--` + " " + `
Ann
`

func TestAMailBecomesAReportAndIsAnswered(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.channel(map[string]any{"sender": "Care team"})
	key := c.Key + "@care.example"
	r.must(key, "ann@x.example", first1)
	r.must(key+","+c.Key+"+more@elsewhere.example", "ann@x.example", first1) // again, to two addresses that are one
	list := r.reports()
	if len(list) != 1 || list[0].Title != "Checkout fails" || list[0].Text != "It says 502." || list[0].Author.Email != "ann@x.example" || list[0].Author.Name != "Ann Lee" || list[0].Channel != Kind {
		t.Fatalf("%+v", list)
	}
	if time.Since(list[0].OccurredAt) > time.Hour {
		t.Errorf("a date of years ago is taken: %v", list[0].OccurredAt)
	}
	f := list[0]
	sent := r.reply(f.ID, "We fixed it — try again.", feedback.AttachmentInput{Name: "übersicht.txt", ContentType: "text/plain", Data: []byte("hello")})
	got := r.mta.all()
	if sent.State != notice.Sent || len(got) != 1 || got[0].to[0] != "ann@x.example" {
		t.Fatalf("%+v %+v", sent, got)
	}
	m := mail.Read(got[0].raw)
	if m.Subject != "Re: Checkout fails" || m.From.Name != "Care team" || tokenIn(m.From.Email) == "" || m.From.Email != got[0].from || m.Head.Get("Reply-To") != m.From.Email ||
		fmt.Sprint(m.InReplyTo, m.References) != "[<1@x.example>] [<1@x.example>]" || m.ID != sent.ExternalID || !strings.HasPrefix(m.Text, "We fixed it — try again.") ||
		!strings.Contains(m.Text, "Ann Lee wrote:\n> It says 502.") {
		t.Errorf("%s", got[0].raw)
	}
	if len(m.Files) != 1 || m.Files[0].Name != "übersicht.txt" || string(m.Files[0].Data) != "hello" {
		t.Errorf("files %+v", m.Files)
	}
	// They answer: by References; by the token only; by subject only.
	r.must(key, "ann@x.example", "From: ann@x.example\nSubject: AW: Checkout fails\nMessage-ID: <2@x.example>\nReferences: <1@x.example> "+m.ID+"\n\nStill broken.\n\nOn Fri, 27 Nov 2026, Care team <feedback@care.example> wrote:\n> We fixed it\n")
	r.must(m.From.Email, "ann@home.example", "From: ann@home.example\nSubject: my cart\nMessage-ID: <3@home.example>\n\nNow it works.\n")
	r.must(key, "ann@x.example", "From: Ann <ANN@x.example>\nSubject: Re: checkout FAILS\nMessage-ID: <4@x.example>\n\nThanks.\n")
	th := r.thread(f.ID)
	if len(th) != 4 || len(r.reports()) != 1 {
		t.Fatalf("%d messages, %d reports, reasons %v", len(th), len(r.reports()), r.reasons())
	}
	if th[1].Text != "Still broken." || !strings.Contains(th[1].Quoted, "> We fixed it") || th[1].Direction != notice.In || th[1].Via != Kind || th[2].Text != "Now it works." || th[3].Text != "Thanks." {
		t.Errorf("%+v %+v %+v", th[1], th[2], th[3])
	}
	// The next answer names the whole chain and what it answers.
	r.reply(f.ID, "Good.")
	m = mail.Read(r.mta.all()[1].raw)
	if fmt.Sprint(m.InReplyTo) != "[<4@x.example>]" || fmt.Sprint(m.References) != "[<1@x.example> "+sent.ExternalID+" <2@x.example> <3@home.example> <4@x.example>]" {
		t.Errorf("%v %v", m.InReplyTo, m.References)
	}
	// A new matter of the same person is a report of its own.
	r.must(key, "ann@x.example", "From: ann@x.example\nSubject: Login\nMessage-ID: <5@x.example>\n\nNo way in.\n")
	if n := len(r.reports()); n != 2 {
		t.Errorf("%d reports", n)
	}
}

func TestMachinesMakeNoReports(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.channel(nil)
	key := c.Key + "@care.example"
	r.must(key, "ann@x.example", first1)
	f := r.reports()[0]
	sent := r.reply(f.ID, "Hello")
	token := r.mta.all()[0].from
	for i, head := range []string{
		"From: ann@x.example\nSubject: Automatic reply: Checkout fails\nIn-Reply-To: " + sent.ExternalID,
		"From: ann@x.example\nSubject: Re: Checkout fails\nAuto-Submitted: auto-replied",
		"From: l@x.example\nSubject: News\nList-Id: <news.x.example>",
		"From: feedback@care.example\nSubject: Re: Checkout fails",
		"From: cron@x.example\nSubject: done\nAuto-Submitted: auto-generated",
	} {
		r.must(key, "ann@x.example", fmt.Sprintf("%s\nMessage-ID: <m%d@x.example>\n\nx\n", head, i))
	}
	r.must(token, "x@y.example", string(r.mta.all()[0].raw)) // what was sent comes back
	if n := len(r.reports()); n != 1 || len(r.thread(f.ID)) != 1 {
		t.Errorf("%d reports, %d messages", n, len(r.thread(f.ID)))
	}
	reasons := r.reasons()
	if len(reasons) != 6 || !strings.Contains(reasons[0], mail.WhyVacation) || !strings.Contains(reasons[3], "own address") || !strings.Contains(reasons[5], "hypercare itself") {
		t.Errorf("%q", reasons)
	}
	// A bounce marks the answer, found by its id or by the token.
	dsn := "From: MAILER-DAEMON@mx.example\nSubject: Undelivered\nMessage-ID: <b%d@mx>\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; ann@x.example\nAction: %s\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 no such user\n%s\n--b--\n"
	r.must(token, "", fmt.Sprintf(dsn, 1, "delayed", ""))
	if th := r.thread(f.ID); th[0].State != notice.Sent {
		t.Errorf("delayed: %+v", th[0])
	}
	r.must(token, "", fmt.Sprintf(dsn, 2, "failed", ""))
	if th := r.thread(f.ID); th[0].State != notice.Failed || th[0].Reason != "The mail did not arrive at ann@x.example: 550 no such user." {
		t.Errorf("failed: %+v", th[0])
	}
	again := r.reply(f.ID, "Once more")
	r.must(key, "", fmt.Sprintf(dsn, 3, "failed", "--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: "+again.ExternalID+"\n"))
	if th := r.thread(f.ID); th[1].State != notice.Failed {
		t.Errorf("failed by id: %+v", th[1])
	}
}

func TestReplaysChangeNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.channel(map[string]any{"acknowledge": true})
	if _, err := r.s.Members.AddMember(r.Ctx, workspace.NewMember{Name: "Tom", Email: "tom@care.example", Password: "correct horse battery", Role: workspace.Responder}); err != nil {
		t.Fatal(err)
	}
	key := c.Key + "@care.example"
	r.must(key, "ann@x.example", first1)
	f := r.reports()[0]
	r.must(key, "ann@x.example", "From: ann@x.example\nSubject: Re: Checkout fails\nMessage-ID: <2@x.example>\nIn-Reply-To: <1@x.example>\n\nMore.\n")
	r.must(key, "tom@care.example", "From: tom@care.example\nSubject: Re: Checkout fails\nMessage-ID: <3@care.example>\nIn-Reply-To: <1@x.example>\n\nI know this one.\n")
	look := func() string {
		notes, err := r.notes.OfFeedback(r.Ctx, f.ID, note.Place{At: 1 << 62}, 10)
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, n := range notes {
			text += n.Author.Name + ": " + n.Text
		}
		return fmt.Sprint(len(r.reports()), len(r.thread(f.ID)), " ", text)
	}
	before := look()
	if before != "1 1 Tom, by e-mail: I know this one." {
		t.Errorf("%s; reasons %v", before, r.reasons())
	}
	ids, err := db.All(r.Ctx, r.DB, func(s db.Scanner) (x string, err error) { return x, s.Scan(&x) }, `SELECT id FROM delivery WHERE workspace_id = $1 AND format = $2`, r.Workspace, Kind)
	if err != nil || len(ids) != 3 {
		t.Fatal(ids, err)
	}
	if err := r.DB.Tx(r.Ctx, func(tx *db.Tx) error { // as a replay does
		_, err := tx.ExecContext(r.Ctx, `UPDATE delivery SET state = 'accepted', due_at = 0 WHERE workspace_id = $1 AND format = $2`, r.Workspace, Kind)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	r.Process()
	if after := look(); after != before {
		t.Errorf("after: %s, before: %s", after, before)
	}
	if n, err := r.s.acknowledgeDue(r.Ctx); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if n, err := r.s.acknowledgeDue(r.Ctx); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	got := r.mta.all()
	if len(got) != 1 || got[0].from != "" {
		t.Fatalf("%+v", got)
	}
	m := mail.Read(got[0].raw)
	if m.Head.Get("Auto-Submitted") != "auto-replied" || m.InReplyTo[0] != "<1@x.example>" || m.Machine(false) == "" {
		t.Errorf("%s", got[0].raw)
	}
	// Not again within the hour.
	r.must(key, "ann@x.example", "From: ann@x.example\nSubject: Login\nMessage-ID: <9@x.example>\n\nNo way in.\n")
	if n, err := r.s.acknowledgeDue(r.Ctx); n != 0 || err != nil {
		t.Error(n, err)
	}
}

func TestAnswersThatCanNotGoOutSayWhy(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.channel(nil)
	r.must(c.Key+"@care.example", "ann@x.example", first1)
	f := r.reports()[0]
	r.mta.refuse(&smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"})
	if m := r.reply(f.ID, "Hello"); m.State != notice.Failed || !strings.Contains(m.Reason, "refused ann@x.example: 550 no such user.") {
		t.Errorf("%+v", m)
	}
	r.mta.refuse(&smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 2, 0}, Message: "grey"})
	if m := r.reply(f.ID, "Hello"); m.State != notice.Queued || !strings.Contains(m.Reason, "451 grey") {
		t.Errorf("%+v", m)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	_ = ln.Close()
	set := c.Settings
	set["smtp_port"] = port
	if _, err := r.channels.Change(r.Ctx, c.ID, channel.Change{Settings: set}); err != nil {
		t.Fatal(err)
	}
	if m := r.reply(f.ID, "Hello"); m.State != notice.Queued {
		t.Errorf("%+v", m)
	}
	if c, err = r.channels.Get(r.Ctx, c.ID); err != nil || !strings.Contains(c.Trouble, "Answers can't be sent by 127.0.0.1: connect:") {
		t.Errorf("trouble %q %v", c.Trouble, err)
	}
}

func TestTheListenerTakesOnlyWhatIsOurs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.channel(nil)
	for _, to := range []string{"nobody@care.example", "x+0123456789abcdef0123456789@care.example", strings.Repeat("0", 32) + "@care.example"} {
		err := r.send(to, "ann@x.example", first1)
		e, ok := errors.AsType[*smtp.SMTPError](err)
		if !ok || e.Code != 550 {
			t.Errorf("%s: %v", to, err)
		}
	}
	big := strings.Repeat(strings.Repeat("x", 70)+"\n", maxMessage/70)
	if e, ok := errors.AsType[*smtp.SMTPError](r.send(c.Key+"@a", "ann@x.example", "From: ann@x.example\n\n"+big)); !ok || e.Code != 552 {
		t.Errorf("too large: %v", e)
	}
	loop := strings.Repeat("Received: from a by b\n", maxHops+1)
	if e, ok := errors.AsType[*smtp.SMTPError](r.send(c.Key+"@a", "ann@x.example", loop+"From: ann@x.example\n\nx\n")); !ok || e.Code != 554 {
		t.Errorf("loop: %v", e)
	}
	off := false
	if _, err := r.channels.Change(r.Ctx, c.ID, channel.Change{Enabled: &off}); err != nil {
		t.Fatal(err)
	}
	if e, ok := errors.AsType[*smtp.SMTPError](r.send(c.Key+"@a", "ann@x.example", first1)); !ok || e.Code != 550 {
		t.Errorf("off: %v", e)
	}
	if n := len(r.reports()); n != 0 {
		t.Errorf("%d reports", n)
	}
}

func TestSettingsThatCanNotWorkAreRefused(t *testing.T) {
	t.Parallel()
	for _, set := range []map[string]any{
		{"address": "no address"},
		{"smtp_host": "smtp.x.example"},
		{"address": "a@x.example", "smtp_host": "smtp.x.example:25"},
		{"address": "a@x.example", "smtp_host": "smtp.x.example", "smtp_tls": "none", "smtp_user": "a"},
		{"imap_host": "imap.x.example"},
		{"imap_host": "imap.x.example", "imap_user": "a", "imap_port": "99999"},
		{"imap_host": "imap.x.example", "imap_user": "a", "imap_tls": "maybe"},
		{"acknowledge": true},
		{"imap_days": -1},
		{"imap_port": "x"},
	} {
		if err := check(set); !errs.Is(err, errs.Invalid) {
			t.Errorf("%v: %v", set, err)
		}
	}
	if err := check(map[string]any{"address": "a@x.example", "smtp_host": "smtp.x.example", "smtp_port": 587.0, "imap_host": "imap.x.example", "imap_user": "a", "imap_port": ""}); err != nil {
		t.Error(err)
	}
}
