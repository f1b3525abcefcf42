// Package event carries what has just changed from where it was committed to
// whoever watches, inside one process. Nothing depends on an event arriving:
// it says "look again", the records are the truth. A short ring lets a
// watcher that lost its connection read what it missed.
package event

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// Event is one change. Type is noun.verb.
type Event struct {
	Seq       uint64          `json:"-"`
	Workspace string          `json:"-"`
	Type      string          `json:"type" example:"feedback.created"`
	LaunchID  string          `json:"launch_id,omitempty"`
	ID        string          `json:"id,omitempty" doc:"What changed; absent when several did."`
	Count     int             `json:"count,omitempty" doc:"How many changed, when several did."`
	Data      json.RawMessage `json:"data,omitempty"`
	At        time.Time       `json:"at"`
}

const ringSize = 4096

// Bus is the process's own; make one with New.
type Bus struct {
	epoch int64 // tells this process's sequence from an earlier one's
	mu    sync.Mutex
	seq   uint64
	ring  [ringSize]Event
	subs  map[*Subscription]struct{}
}

// Subscription receives the events of one workspace.
type Subscription struct {
	C         <-chan Event
	c         chan Event
	workspace string
	bus       *Bus
}

// New returns an empty bus.
func New() *Bus { return &Bus{epoch: time.Now().UnixMilli(), subs: map[*Subscription]struct{}{}} }

// Publish tells everyone who watches e.Workspace. It never waits: a watcher
// that is too slow loses its subscription and reads again.
func (b *Bus) Publish(e Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seq++
	e.Seq = b.seq
	if e.At.IsZero() {
		e.At = time.Now().UTC()
	}
	b.ring[b.seq%ringSize] = e
	for s := range b.subs {
		if s.workspace != e.Workspace {
			continue
		}
		select {
		case s.c <- e:
		default:
			delete(b.subs, s)
			close(s.c)
		}
	}
}

// Subscribe watches a workspace from now on, or from behind the event that
// lastID names. missed reports that events since then are lost, so that the
// watcher must read everything again.
func (b *Bus) Subscribe(workspace, lastID string) (sub *Subscription, replay []Event, missed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if lastID != "" {
		var epoch int64
		var seq uint64
		if _, err := fmt.Sscanf(lastID, "%d-%d", &epoch, &seq); err != nil || epoch != b.epoch || b.seq-seq >= ringSize || seq > b.seq {
			missed = true
		} else {
			for i := seq + 1; i <= b.seq; i++ {
				if e := b.ring[i%ringSize]; e.Workspace == workspace {
					replay = append(replay, e)
				}
			}
		}
	}
	c := make(chan Event, 256)
	sub = &Subscription{C: c, c: c, workspace: workspace, bus: b}
	b.subs[sub] = struct{}{}
	return sub, replay, missed
}

// ID names an event for Last-Event-ID.
func (b *Bus) ID(seq uint64) string { return fmt.Sprintf("%d-%d", b.epoch, seq) }

// Last is the ID of the newest event.
func (b *Bus) Last() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ID(b.seq)
}

// Close ends the subscription.
func (s *Subscription) Close() {
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	if _, ok := s.bus.subs[s]; ok {
		delete(s.bus.subs, s)
		close(s.c)
	}
}
