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
	IDs       []string        `json:"ids,omitempty" nullable:"false" doc:"Everything that changed, when that is not too much to name."`
	Count     int             `json:"count,omitempty" doc:"How many changed, when several did."`
	By        *Actor          `json:"by,omitempty" doc:"Who did it; absent when the program itself did."`
	Data      json.RawMessage `json:"data,omitempty"`
	At        time.Time       `json:"at"`
	// Foreign says that another node did it, and told the others itself.
	Foreign bool `json:"-"`
}

// Actor is who caused a change.
type Actor struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

const ringSize = 4096

// Bounds of what an event brings along.
const (
	MaxRows  = 25       // that are named, and brought when somebody watches
	maxBytes = 32 << 10 // of the rows; larger ones are named only
	// linger is how long a workspace counts as watched when its last watcher
	// has gone: one who comes back from a cut line is replayed whole events.
	linger = time.Minute
)

// Bus is the process's own; make one with New.
type Bus struct {
	epoch int64 // tells this process's sequence from an earlier one's
	mu    sync.Mutex
	seq   uint64
	ring  [ringSize]Event
	subs  map[*Subscription]struct{}
	left  map[string]time.Time // workspace -> when a watcher went
	tell  func(Event)
}

// Subscription receives the events of one workspace.
type Subscription struct {
	C <-chan Event
	// From is the ID that its events, the replayed ones first, come behind.
	From      string
	c         chan Event
	workspace string
	bus       *Bus
}

// New returns an empty bus.
func New() *Bus {
	return &Bus{epoch: time.Now().UnixMilli(), subs: map[*Subscription]struct{}{}, left: map[string]time.Time{}}
}

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
	if b.tell != nil && !e.Foreign {
		b.tell(e)
	}
	for s := range b.subs {
		if s.workspace != e.Workspace {
			continue
		}
		select {
		case s.c <- e:
		default:
			b.end(s)
		}
	}
}

// PublishRows is Publish for a change of the things with these ids. When they
// are few they are named, and while somebody watches, rows is asked for them as
// lists show them, so that watchers need not ask. An error of rows is returned
// for the log; the event is published without them.
func PublishRows[T any](b *Bus, e Event, ids []string, rows func(ids []string) ([]T, error)) error {
	e.Count = len(ids)
	var err error
	switch {
	case len(ids) == 0:
		return nil
	case len(ids) == 1:
		e.ID = ids[0]
		fallthrough
	case len(ids) <= MaxRows:
		e.IDs = ids
		if b.Watched(e.Workspace) {
			e.Data, err = pack(ids, rows)
		}
	}
	b.Publish(e)
	return err
}

// Rows is the data of an event that brings what changed along.
type Rows[T any] struct {
	Items []T `json:"items" nullable:"false" doc:"What changed, as lists show it; what is gone is missing."`
}

func pack[T any](ids []string, rows func([]string) ([]T, error)) (json.RawMessage, error) {
	items, err := rows(ids)
	if err != nil {
		return nil, err
	}
	if items == nil {
		items = []T{}
	}
	data, err := json.Marshal(Rows[T]{items})
	if len(data) > maxBytes {
		return nil, err
	}
	return data, err
}

// Forward hands in who tells other nodes. fn gets every event of this node, in
// order; it must not wait.
func (b *Bus) Forward(fn func(Event)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tell = fn
}

// Lost says that events of other nodes may have been missed: whoever watches
// comes back, is told so, and reads everything again.
func (b *Bus) Lost() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.epoch = max(b.epoch+1, time.Now().UnixMilli())
	for s := range b.subs {
		b.end(s)
	}
}

// Watched reports whether anyone watches a workspace, or did so just now.
func (b *Bus) Watched(workspace string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.subs {
		if s.workspace == workspace {
			return true
		}
	}
	left, ok := b.left[workspace]
	return ok && time.Since(left) < linger
}

// end takes a subscription away; b.mu is held.
func (b *Bus) end(s *Subscription) {
	delete(b.subs, s)
	close(s.c)
	now := time.Now()
	for ws, at := range b.left { // only those of the last minute are there
		if now.Sub(at) >= linger {
			delete(b.left, ws)
		}
	}
	b.left[s.workspace] = now
}

// Subscribe watches a workspace from now on, or from behind the event that
// lastID names. missed reports that events since then are lost, so that the
// watcher must read everything again.
func (b *Bus) Subscribe(workspace, lastID string) (sub *Subscription, replay []Event, missed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	from := b.ID(b.seq)
	if lastID != "" {
		var epoch int64
		var seq uint64
		if _, err := fmt.Sscanf(lastID, "%d-%d", &epoch, &seq); err != nil || epoch != b.epoch || b.seq-seq >= ringSize || seq > b.seq {
			missed = true
		} else {
			from = b.ID(seq)
			for i := seq + 1; i <= b.seq; i++ {
				if e := b.ring[i%ringSize]; e.Workspace == workspace {
					replay = append(replay, e)
				}
			}
		}
	}
	c := make(chan Event, 256)
	sub = &Subscription{C: c, From: from, c: c, workspace: workspace, bus: b}
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
		s.bus.end(s)
	}
}
