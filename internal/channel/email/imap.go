package email

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/outbound"
)

const (
	fetchTime  = 3 * time.Minute // for one mail
	lookAgain  = 5 * time.Minute // while the server should tell by itself
	fetchBatch = 100             // mails whose sizes are asked at once
)

// visit is one connection to a mailbox (RFC 9051, RFC 3501).
type visit struct {
	s      *Service
	c      *channel.Channel
	set    settings
	at     position
	conn   net.Conn
	client *imapclient.Client
	doing  string
	news   chan struct{}
	told   bool // that it works
}

// errLost ends a visit to a mailbox that another node has.
var errLost = errors.New("another node reads this mailbox")

func handshake(ctx context.Context, conn net.Conn, cfg *tls.Config) (net.Conn, error) {
	secure := tls.Client(conn, cfg)
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	return secure, secure.HandshakeContext(ctx)
}

// run reads the mailbox until the connection or ctx ends.
func (v *visit) run(ctx context.Context) error {
	v.news = make(chan struct{}, 1)
	if err := v.open(ctx); err != nil {
		return err
	}
	defer func() { _ = v.conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = v.conn.Close() })()
	for {
		v.doing = "read the folder " + v.set.Folder
		if err := v.take(ctx); err != nil {
			return err
		}
		if !v.told {
			v.told = true
			v.s.Channels.Trouble(ctx, v.c, "")
		}
		v.doing = "wait for mail"
		if err := v.wait(ctx); err != nil {
			return err
		}
	}
}

// open connects, signs in and selects the folder.
func (v *visit) open(ctx context.Context) (err error) {
	password, err := v.s.Channels.Secret(v.c, imapPassword)
	if err != nil {
		return err
	}
	v.doing = "connect"
	addr := net.JoinHostPort(strings.Trim(v.set.IMAPHost, "[]"), strconv.Itoa(int(v.set.IMAPPort)))
	if v.conn, err = v.s.Dial(ctx, "tcp", addr); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = v.conn.Close() })
	defer stop()
	raw := v.conn
	defer func() {
		if err != nil {
			_ = raw.Close()
		}
	}()
	opts := &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{Mailbox: func(d *imapclient.UnilateralDataMailbox) {
		if d.NumMessages != nil {
			poke(v.news)
		}
	}}}
	cfg := v.s.tlsFor(v.set.IMAPHost)
	v.doing = "connect with " + v.set.IMAPTLS
	return v.within(commandTime, func() error {
		switch v.set.IMAPTLS {
		case implicitTLS:
			if v.conn, err = handshake(ctx, raw, cfg); err != nil {
				return err
			}
			v.client = imapclient.New(v.conn, opts)
		case startTLS:
			opts.TLSConfig = cfg
			if v.client, err = imapclient.NewStartTLS(v.conn, opts); err != nil {
				return err
			}
		default:
			v.client = imapclient.New(v.conn, opts)
		}
		if err := v.client.WaitGreeting(); err != nil {
			return err
		}
		v.doing = "sign in as " + v.set.IMAPUser
		if err := v.client.Login(v.set.IMAPUser, password.Reveal()).Wait(); err != nil {
			return err
		}
		v.doing = "open the folder " + v.set.Folder
		box, err := v.client.Select(v.set.Folder, &imap.SelectOptions{ReadOnly: !v.set.Seen}).Wait()
		if err != nil {
			return err
		}
		v.resume(box.UIDValidity)
		return nil
	})
}

// within bounds commands: a server that says nothing loses the connection.
func (v *visit) within(d time.Duration, fn func() error) error {
	conn := v.conn
	t := time.AfterFunc(d, func() { _ = conn.Close() })
	err := fn()
	if !t.Stop() && err != nil {
		return fmt.Errorf("the server did not answer within %s", d)
	}
	return err
}

// resume goes on where the mailbox was left. With another UIDVALIDITY the UIDs
// are others: what came since the newest mail that was taken is read again,
// and known there by its Message-ID.
func (v *visit) resume(validity uint32) {
	sum := sha256.Sum256([]byte(strings.Join([]string{v.set.IMAPHost, strconv.Itoa(int(v.set.IMAPPort)), v.set.IMAPUser, v.set.Folder}, "\x00")))
	place := hex.EncodeToString(sum[:16])
	if v.at.place != place {
		v.at = position{place: place, since: db.Micros(v.c.CreatedAt.Add(-time.Duration(v.set.Days) * 24 * time.Hour))}
	}
	if v.at.validity != validity {
		v.at.validity, v.at.uid = validity, 0
	}
}

// clockSlack is how much a mail server's clock may be behind.
const clockSlack = 10 * time.Minute

// take puts all mail that is new into the ledger, in the order of its UIDs.
func (v *visit) take(ctx context.Context) error {
	criteria := &imap.SearchCriteria{}
	if v.at.uid > 0 {
		var after imap.UIDSet
		after.AddRange(imap.UID(v.at.uid)+1, 0)
		criteria.UID = []imap.UIDSet{after}
	} else {
		criteria.Since = db.Time(v.at.since).Add(-24 * time.Hour) // only the day counts, in the server's zone
	}
	var uids []imap.UID
	err := v.within(commandTime, func() error {
		found, err := v.client.UIDSearch(criteria, nil).Wait()
		if err == nil {
			uids = found.AllUIDs()
		}
		return err
	})
	if err != nil {
		return err
	}
	// n:* finds the last mail also where that is before n.
	uids = slices.DeleteFunc(uids, func(u imap.UID) bool { return uint32(u) <= v.at.uid })
	slices.Sort(uids)
	began := v.at.uid == 0
	from := db.Time(v.at.since).Add(-clockSlack)
	for part := range slices.Chunk(uids, fetchBatch) {
		list, err := v.sizes(part)
		if err != nil {
			return err
		}
		for _, m := range list {
			if !began || !m.InternalDate.Before(from) {
				if err := v.one(ctx, m); err != nil {
					return err
				}
			}
			v.at.uid = uint32(m.UID)
			if at := db.Micros(m.InternalDate); at > v.at.since {
				v.at.since = at
			}
			if err := v.note(ctx); err != nil {
				return err
			}
		}
	}
	return v.note(ctx)
}

// sizes asks for what has to be known of mails before they are fetched.
func (v *visit) sizes(uids []imap.UID) (list []*imapclient.FetchMessageBuffer, err error) {
	err = v.within(commandTime, func() error {
		list, err = v.client.Fetch(imap.UIDSetNum(uids...), &imap.FetchOptions{UID: true, InternalDate: true, RFC822Size: true}).Collect()
		return err
	})
	list = slices.DeleteFunc(list, func(m *imapclient.FetchMessageBuffer) bool { return !slices.Contains(uids, m.UID) })
	slices.SortFunc(list, func(a, b *imapclient.FetchMessageBuffer) int { return int(int64(a.UID) - int64(b.UID)) })
	return list, err
}

// one fetches one mail and puts it into the ledger.
func (v *visit) one(ctx context.Context, m *imapclient.FetchMessageBuffer) error {
	if m.RFC822Size > maxMessage {
		v.s.Channels.Refused(v.c, errs.New(errs.TooLarge, "A mail of %d MB is in the mailbox; at most %d MB are taken.", m.RFC822Size>>20, maxMessage>>20))
		return nil
	}
	var raw []byte
	err := v.within(fetchTime, func() (err error) {
		raw, err = v.body(m.UID)
		return err
	})
	if err != nil || raw == nil { // nil: it was deleted meanwhile
		return err
	}
	if err := v.s.put(ctx, v.c, raw); err != nil {
		if errs.Is(err, errs.TooLarge) || errs.Is(err, errs.Invalid) {
			return nil // counted as refused: it would be tomorrow too
		}
		return err
	}
	if !v.set.Seen {
		return nil
	}
	return v.within(commandTime, func() error {
		return v.client.Store(imap.UIDSetNum(m.UID), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagSeen}}, nil).Close()
	})
}

func (v *visit) body(uid imap.UID) (raw []byte, err error) {
	cmd := v.client.Fetch(imap.UIDSetNum(uid), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}})
	for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
		for item := msg.Next(); item != nil; item = msg.Next() {
			body, ok := item.(imapclient.FetchItemDataBodySection)
			if !ok || body.Literal == nil || raw != nil {
				continue
			}
			if raw, err = io.ReadAll(io.LimitReader(body.Literal, maxMessage+1)); err != nil {
				return nil, errors.Join(err, cmd.Close())
			}
			if len(raw) > maxMessage {
				return nil, errors.New("a mail is larger than the server says")
			}
		}
	}
	return raw, cmd.Close()
}

// note keeps the position and the mailbox.
func (v *visit) note(ctx context.Context) error {
	ok := false
	err := v.s.DB.Tx(ctx, func(tx *db.Tx) (err error) {
		ok, err = advance(ctx, tx, v.c.Workspace, v.c.ID, v.s.node, v.at, v.s.now(), lease)
		return err
	})
	if err == nil && !ok {
		return errLost
	}
	return err
}

// wait returns when there may be mail: the server tells (IDLE, RFC 2177), or
// it is time to look.
func (v *visit) wait(ctx context.Context) error {
	tells := v.client.Caps().Has(imap.CapIdle)
	until := v.s.idle
	var idle *imapclient.IdleCommand
	if tells {
		until = lookAgain
		err := v.within(commandTime, func() (err error) {
			idle, err = v.client.Idle()
			return err
		})
		if err != nil {
			return err
		}
	}
	err := v.sleep(ctx, until)
	if err != nil {
		return err
	}
	if tells {
		return v.within(commandTime, func() error { return errors.Join(idle.Close(), idle.Wait()) })
	}
	return v.within(commandTime, func() error { return v.client.Noop().Wait() })
}

// sleep keeps the mailbox meanwhile.
func (v *visit) sleep(ctx context.Context, d time.Duration) error {
	end := time.NewTimer(d)
	defer end.Stop()
	renew := time.NewTicker(renewEach)
	defer renew.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-v.client.Closed():
			return errors.New("the server closed the connection")
		case <-v.news:
			return nil
		case <-end.C:
			return nil
		case <-renew.C:
			if err := v.note(ctx); err != nil {
				return err
			}
		}
	}
}

// trouble says in one sentence what is wrong.
func (v *visit) trouble(err error) string {
	if errors.Is(err, errLost) {
		return ""
	}
	why := ""
	refused, isRefused := errors.AsType[*outbound.Refused](err)
	said, isSaid := errors.AsType[*imap.Error](err)
	switch {
	case isRefused:
		why = refused.Error()
	case isSaid:
		why = said.Text
	case errs.KindOf(err) != errs.Internal:
		why = errs.Message(err)
	default:
		why = err.Error()
	}
	return fmt.Sprintf("The mailbox at %s can't be read: %s: %s.", v.set.IMAPHost, v.doing, strings.TrimRight(clip(oneLine(why), 300), "."))
}
