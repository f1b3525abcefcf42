package email

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"time"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/db"
)

const (
	lookEach   = 10 * time.Second // for channels that changed on another node
	lease      = 90 * time.Second // of a mailbox; it is renewed in a fraction of it
	renewEach  = 20 * time.Second
	firstPause = 2 * time.Second // after a connection that failed; doubles
	lastPause  = 5 * time.Minute
)

// reader is a mailbox that this node has a goroutine for.
type reader struct {
	shape string // of the settings it was started with
	stop  context.CancelFunc
	done  chan struct{}
}

// mailboxes keeps a goroutine for each mailbox until ctx ends: one that is
// held by another node waits.
func (s *Service) mailboxes(ctx context.Context) {
	running := map[string]*reader{}
	defer func() {
		for _, r := range running {
			r.stop()
		}
		for _, r := range running {
			<-r.done
		}
	}()
	t := time.NewTicker(lookEach)
	defer t.Stop()
	for {
		if list, err := s.Channels.OfKind(ctx, Kind); err == nil {
			s.arrange(ctx, running, list)
		} else if ctx.Err() == nil {
			s.Log.WarnContext(ctx, "mailboxes could not be listed", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-s.wake:
		}
	}
}

// arrange starts and stops readers, so that they are those of the list.
func (s *Service) arrange(ctx context.Context, running map[string]*reader, list []*channel.Channel) {
	wanted := map[string]bool{}
	for _, c := range list {
		set, err := settingsOf(c.Settings)
		if err != nil || set.IMAPHost == "" {
			continue
		}
		wanted[c.ID] = true
		shape := s.shape(c)
		if r := running[c.ID]; r != nil {
			if r.shape == shape {
				continue
			}
			r.stop()
			<-r.done
		}
		own, stop := context.WithCancel(ctx)
		r := &reader{shape: shape, stop: stop, done: make(chan struct{})}
		running[c.ID] = r
		go func() {
			defer close(r.done)
			s.read(own, c, set)
		}()
	}
	for id, r := range running {
		if !wanted[id] {
			r.stop()
			<-r.done
			delete(running, id)
		}
	}
}

// shape changes with what a connection depends on.
func (s *Service) shape(c *channel.Channel) string {
	b, _ := json.Marshal(c.Settings) // it came from JSON
	password, err := s.Channels.Secret(c, imapPassword)
	sum := sha256.Sum256([]byte(string(b) + "\x00" + c.LaunchID + "\x00" + password.Reveal() + "\x00" + errString(err)))
	return hex.EncodeToString(sum[:])
}

func errString(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// read reads a mailbox, connection after connection, until ctx ends.
func (s *Service) read(ctx context.Context, c *channel.Channel, set settings) {
	pause := firstPause
	for ctx.Err() == nil {
		at, ok, err := s.holdMailbox(ctx, c)
		switch {
		case err != nil:
			if ctx.Err() == nil {
				s.Log.WarnContext(ctx, "a mailbox could not be held", "channel", c.ID, "err", err)
			}
		case ok:
			began := s.now()
			v := &visit{s: s, c: c, set: set, at: at}
			err = v.run(ctx)
			s.releaseMailbox(ctx, c)
			if ctx.Err() != nil {
				return
			}
			if s.now().Sub(began) > lastPause {
				pause = firstPause
			}
			if err != nil {
				s.Log.WarnContext(ctx, "a mailbox can't be read", "workspace", c.Workspace, "channel", c.ID, "host", set.IMAPHost, "again_in", pause, "err", err)
				s.Channels.Trouble(ctx, c, v.trouble(err))
			}
		default:
			pause = firstPause
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause/2 + rand.N(pause)):
		}
		if ok || err != nil {
			pause = min(2*pause, lastPause)
		}
	}
}

func (s *Service) holdMailbox(ctx context.Context, c *channel.Channel) (p position, ok bool, err error) {
	err = s.DB.Tx(ctx, func(tx *db.Tx) error {
		p, ok, err = hold(ctx, tx, c.Workspace, c.ID, s.node, s.now(), lease)
		return err
	})
	return p, ok, err
}

func (s *Service) releaseMailbox(ctx context.Context, c *channel.Channel) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := s.DB.Tx(ctx, func(tx *db.Tx) error { return release(ctx, tx, c.Workspace, c.ID, s.node) }); err != nil {
		s.Log.WarnContext(ctx, "a mailbox could not be released; another node takes it when the lease ends", "channel", c.ID, "err", err)
	}
}
