package channel

import (
	"context"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
)

// healthEach is how long counts are gathered before they are written.
const healthEach = 2 * time.Second

// health is what was counted of a channel since it was written last.
type health struct {
	c                 *Channel
	received, refused int64
	last, lastRefused int64
	refusal           string
}

// Arrived counts what came by a channel and is on disk.
func (s *Service) Arrived(c *Channel, n int) {
	first := s.count(c, func(h *health) { h.received += int64(n); h.last = db.Micros(s.now()) })
	if first && (c.LastAt == nil || c.State != Receiving) {
		select { // it turns green at the first arrival: that is not left waiting
		case s.hurry <- struct{}{}:
		default:
		}
	}
}

// Refused counts what came by a channel and was not taken, and why.
func (s *Service) Refused(c *Channel, err error) {
	s.count(c, func(h *health) {
		h.refused++
		h.lastRefused, h.refusal = db.Micros(s.now()), errs.Message(err)
	})
}

func (s *Service) count(c *Channel, fn func(*health)) (first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.counted[c.ID]
	if h == nil {
		h, first = &health{c: c}, true
		s.counted[c.ID] = h
	}
	fn(h)
	return first
}

// Run writes the counts until ctx ends.
func (s *Service) Run(ctx context.Context) {
	t := time.NewTicker(healthEach)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			s.writeHealth(ctx)
			cancel()
			return
		case <-t.C:
		case <-s.hurry:
		}
		s.writeHealth(ctx)
	}
}

func (s *Service) writeHealth(ctx context.Context) {
	s.mu.Lock()
	counted := s.counted
	s.counted = map[string]*health{}
	s.mu.Unlock()
	if len(counted) == 0 {
		return
	}
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		for id, h := range counted {
			if err := noteHealth(ctx, tx, h.c.Workspace, id, h); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.log.WarnContext(ctx, "counts of channels could not be written", "channels", len(counted), "err", err)
		return
	}
	for id, h := range counted {
		if h.c.LastAt == nil || h.c.State != Receiving || h.refused > 0 {
			s.gate.forget() // its state changed
		}
		s.bus.Publish(event.Event{Workspace: string(h.c.Workspace), Type: "channel.updated", LaunchID: h.c.LaunchID, ID: id})
	}
}

// Trouble notes what keeps a channel from working ("" for nothing), for
// channels that ask by themselves.
func (s *Service) Trouble(ctx context.Context, c *Channel, trouble string) {
	changed := false
	err := s.db.Tx(ctx, func(tx *db.Tx) (err error) {
		changed, err = noteTrouble(ctx, tx, c.Workspace, c.ID, trouble, db.Micros(s.now()))
		return err
	})
	if err != nil {
		s.log.WarnContext(ctx, "trouble of a channel could not be written", "channel", c.ID, "trouble", trouble, "err", err)
		return
	}
	if changed {
		s.gate.forget()
		s.bus.Publish(event.Event{Workspace: string(c.Workspace), Type: "channel.updated", LaunchID: c.LaunchID, ID: c.ID})
	}
}
