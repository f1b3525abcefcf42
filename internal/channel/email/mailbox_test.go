package email

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/db"
)

// box is a mailbox on a server.
type box struct {
	t    *testing.T
	user *imapmemserver.User
	addr string
}

const folder = "Support"

func newBox(t *testing.T) *box {
	t.Helper()
	b := &box{t: t, user: imapmemserver.NewUser("care", "secret")}
	all := imapmemserver.New()
	all.AddUser(b.user)
	b.create()
	server := imapserver.New(&imapserver.Options{NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
		return all.NewSession(), nil, nil
	},
		Caps: imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapIdle: {}}, InsecureAuth: true})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(ln) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	b.addr = ln.Addr().String()
	return b
}

func (b *box) create() {
	if err := b.user.Create(folder, nil); err != nil {
		b.t.Fatal(err)
	}
}

type literal struct{ *strings.Reader }

func (l literal) Size() int64 { return l.Reader.Size() }

// add puts the mail with a number into the folder.
func (b *box) add(n int, at time.Time) {
	b.t.Helper()
	raw := fmt.Sprintf("From: ann@x.example\r\nSubject: Number %d\r\nMessage-ID: <%d@x.example>\r\n\r\nIt is broken.\r\n", n, n)
	if _, err := b.user.Append(folder, literal{strings.NewReader(raw)}, &imap.AppendOptions{Time: at}); err != nil {
		b.t.Fatal(err)
	}
}

// run reads mailboxes until stop is called.
func (r *rig) run(s *Service) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.t.Context()))
	done := make(chan struct{})
	go func() { defer close(done); s.mailboxes(ctx) }()
	once := false
	stop = func() {
		if !once {
			once = true
			cancel()
			<-done
		}
	}
	r.t.Cleanup(stop)
	return stop
}

// until waits for a condition.
func (r *rig) until(what string, ok func() bool) {
	r.t.Helper()
	end := time.After(30 * time.Second)
	for !ok() {
		select {
		case <-end:
			r.t.Fatalf("timed out: %s", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (r *rig) untilReports(n int) {
	r.t.Helper()
	r.until(fmt.Sprintf("%d reports", n), func() bool {
		r.Process()
		return len(r.reports()) >= n
	})
	if got := len(r.reports()); got != n {
		r.t.Fatalf("%d reports, want %d", got, n)
	}
}

func (r *rig) mailbox(b *box, more map[string]any) *channel.Channel {
	r.t.Helper()
	host, port, _ := net.SplitHostPort(b.addr)
	set := map[string]any{"imap_host": host, "imap_port": port, "imap_tls": "none", "imap_user": "care", "imap_folder": folder}
	for k, v := range more {
		set[k] = v
	}
	c, err := r.channels.Create(r.Ctx, r.LaunchID, channel.Input{Kind: Kind, Settings: set, Secrets: map[string]string{imapPassword: "secret"}})
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

func (r *rig) raw() (n int) {
	r.t.Helper()
	if err := r.DB.QueryRowContext(r.Ctx, `SELECT COUNT(*) FROM delivery WHERE workspace_id = $1 AND format = $2`, r.Workspace, Kind).Scan(&n); err != nil {
		r.t.Fatal(err)
	}
	return n
}

func TestAMailboxIsReadOnceAndResumed(t *testing.T) {
	t.Parallel()
	r, b := newRig(t), newBox(t)
	now := time.Now()
	b.add(0, now.Add(-48*time.Hour)) // before the channel was there
	b.add(1, now)
	b.add(2, now)
	c := r.mailbox(b, nil)
	stop := r.run(r.s)
	r.untilReports(2)
	b.add(3, time.Now()) // the server tells
	r.untilReports(3)
	if at, ok, err := r.s.holdMailbox(r.Ctx, c); err != nil || !ok || at.uid != 4 {
		t.Errorf("position %+v %v %v", at, ok, err)
	}
	other := *r.s
	other.node = "other"
	if _, ok, err := other.holdMailbox(r.Ctx, c); ok || err != nil {
		t.Errorf("another node holds it too: %v", err)
	}
	stop()
	b.add(4, time.Now())
	stop = r.run(&other) // another node goes on at once
	r.untilReports(4)
	stop()
	if n := r.raw(); n != 4 {
		t.Errorf("%d deliveries", n)
	}
	// The folder is made anew: other UIDs, the same mail and one more.
	if err := b.user.Delete(folder); err != nil {
		t.Fatal(err)
	}
	b.create()
	for n := range 6 {
		b.add(n, time.Now())
	}
	r.run(r.s)
	r.untilReports(6)
	if n := r.raw(); n != 6 {
		t.Errorf("%d deliveries", n)
	}
	if got, err := r.channels.Get(r.Ctx, c.ID); err != nil || got.Trouble != "" {
		t.Errorf("trouble %q %v", got.Trouble, err)
	}
}

func TestMailBeforeIsTakenWhenWanted(t *testing.T) {
	t.Parallel()
	r, b := newRig(t), newBox(t)
	b.add(1, time.Now().Add(-10*24*time.Hour))
	b.add(2, time.Now().Add(-2*24*time.Hour))
	r.mailbox(b, map[string]any{"imap_days": "3", "imap_seen": true})
	r.run(r.s)
	r.untilReports(1)
	r.until("it is marked as read", func() bool {
		data, err := b.user.Status(folder, &imap.StatusOptions{NumUnseen: true})
		return err == nil && *data.NumUnseen == 1
	})
}

func TestAMailboxThatCanNotBeReadSaysWhy(t *testing.T) {
	t.Parallel()
	r, b := newRig(t), newBox(t)
	c := r.mailbox(b, nil)
	if _, err := r.channels.Change(r.Ctx, c.ID, channel.Change{Secrets: map[string]string{imapPassword: "wrong"}}); err != nil {
		t.Fatal(err)
	}
	r.run(r.s)
	trouble := func() string {
		c, err := r.channels.Get(r.Ctx, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		return c.Trouble
	}
	r.until("trouble", func() bool { return trouble() != "" })
	if got := trouble(); !strings.HasPrefix(got, "The mailbox at 127.0.0.1 can't be read: sign in as care: ") {
		t.Errorf("%q", got)
	}
	// With the right password it goes on by itself.
	if _, err := r.channels.Change(r.Ctx, c.ID, channel.Change{Secrets: map[string]string{imapPassword: "secret"}}); err != nil {
		t.Fatal(err)
	}
	r.until("no trouble", func() bool { return trouble() == "" })
	b.add(1, time.Now())
	r.untilReports(1)
}

func TestALeaseRunsOut(t *testing.T) {
	t.Parallel()
	r, b := newRig(t), newBox(t)
	c := r.mailbox(b, nil)
	dead, now := *r.s, time.Now()
	dead.node = "dead"
	if _, ok, err := dead.holdMailbox(r.Ctx, c); !ok || err != nil {
		t.Fatal(ok, err)
	}
	take := func(at time.Time) (ok bool) {
		err := r.DB.Tx(r.Ctx, func(tx *db.Tx) (err error) {
			_, ok, err = hold(r.Ctx, tx, c.Workspace, c.ID, r.s.node, at, lease)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	if take(now.Add(lease/2)) || !take(now.Add(2*lease)) {
		t.Error("a lease is taken too early, or never")
	}
	if err := r.DB.Tx(r.Ctx, func(tx *db.Tx) error {
		ok, err := advance(r.Ctx, tx, c.Workspace, c.ID, "dead", position{}, now, lease)
		if ok {
			t.Error("the dead node goes on")
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}
