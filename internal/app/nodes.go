package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/workspace"
)

// nodes carries what happens on one process to the others that share its
// PostgreSQL: their lists and watchers follow at once. Nothing depends on a
// message arriving; where one may be lost, watchers are told to read again.
type nodes struct {
	app   *App
	log   *slog.Logger
	self  string // tells this node's own messages
	out   chan message
	lost  atomic.Bool   // a message did not fit into out
	hears chan struct{} // closed when this node hears the others
}

// message is what nodes tell each other: an event without its rows, which each
// node reads itself, or feedback that was deleted.
type message struct {
	Node string
	event.Event
	Workspace workspace.ID `json:"workspace"`
	Dropped   []string     `json:"dropped,omitempty"` // ids of feedback
	Nums      []int64      `json:"nums,omitempty"`    // their numbers, where they had some
	Lost      bool         `json:"lost,omitempty"`    // there was more to tell than could be told
}

const (
	nodeChannel = "hypercare_event"
	droppedEach = 150             // feedback of one message
	lostEach    = 2 * time.Second // nodes are told of what was lost, also when nothing else happens
)

func newNodes(a *App) *nodes {
	n := &nodes{app: a, log: a.log.With("component", "nodes"), self: db.NewID(), out: make(chan message, 4096), hears: make(chan struct{})}
	if a.db.Shared() {
		a.bus.Forward(func(e event.Event) {
			// Rows are read anew by each node; what else an event carries is small.
			if strings.HasPrefix(e.Type, "feedback.") || strings.HasPrefix(e.Type, "issue.") {
				e.Data = nil
			}
			n.send(message{Event: e, Workspace: workspace.ID(e.Workspace)})
		})
	}
	return n
}

// send puts a message into the queue; it never waits.
func (n *nodes) send(x message) {
	x.Node = n.self
	select {
	case n.out <- x:
	default:
		n.lost.Store(true)
	}
}

// dropped forgets deleted feedback on this node, and has the others do so.
func (n *nodes) dropped(ws workspace.ID, launchID string, ids []string, nums []int64) {
	n.app.triage.Forget(ws, launchID, ids)
	if !n.app.db.Shared() {
		return
	}
	for len(ids) > 0 || len(nums) > 0 {
		i, k := min(len(ids), droppedEach), min(len(nums), droppedEach)
		n.send(message{Workspace: ws, Event: event.Event{LaunchID: launchID}, Dropped: ids[:i], Nums: nums[:k]})
		ids, nums = ids[i:], nums[k:]
	}
}

// run tells and hears until ctx ends.
func (n *nodes) run(ctx context.Context) {
	if !n.app.db.Shared() {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { n.tell(ctx) })
	both.Go(func() { n.listen(ctx) })
	both.Wait()
}

func (n *nodes) tell(ctx context.Context) {
	again := time.NewTicker(lostEach)
	defer again.Stop()
	for {
		var x message
		select {
		case <-ctx.Done():
			return
		case x = <-n.out:
		case <-again.C:
			if !n.lost.Load() {
				continue
			}
		}
		if n.lost.CompareAndSwap(true, false) {
			x = message{Node: n.self, Lost: true}
		}
		if err := n.notify(ctx, x); err != nil && ctx.Err() == nil {
			n.log.WarnContext(ctx, "tell the other nodes", "err", err)
			n.lost.Store(true)
		}
	}
}

func (n *nodes) notify(ctx context.Context, x message) error {
	text, err := json.Marshal(x)
	switch {
	case err != nil:
		return err
	case len(text) > db.MaxNote:
		return fmt.Errorf("a message of %s is %d bytes long", x.Type, len(text))
	}
	return n.app.db.Notify(ctx, nodeChannel, string(text))
}

func (n *nodes) listen(ctx context.Context) {
	const first, most = time.Second, time.Minute
	wait, once := first, sync.OnceFunc(func() { close(n.hears) })
	for ctx.Err() == nil {
		err := n.app.db.Listen(ctx, nodeChannel, func() {
			n.missed() // what was said before, also since this node began
			wait = first
			once()
		}, func(text string) { n.hear(ctx, text) })
		if err == nil {
			return
		}
		n.log.WarnContext(ctx, "hear the other nodes", "err", err, "again_in", wait)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, most)
	}
}

// missed is for when messages may have been lost.
func (n *nodes) missed() {
	n.app.feedback.Reload()
	n.app.bus.Lost()
}

func (n *nodes) hear(ctx context.Context, text string) {
	var x message
	if err := json.Unmarshal([]byte(text), &x); err != nil {
		n.log.WarnContext(ctx, "read a message of another node", "err", err)
		return
	}
	if x.Node == n.self {
		return
	}
	e := x.Event
	e.Workspace, e.Foreign = string(x.Workspace), true
	var err error
	switch {
	case x.Lost:
		n.missed()
	case len(x.Dropped)+len(x.Nums) > 0:
		n.app.feedback.Dropped(x.Workspace, e.LaunchID, x.Nums)
		n.app.triage.Forget(x.Workspace, e.LaunchID, x.Dropped)
	case slices.Contains([]string{"feedback.created", "feedback.updated"}, e.Type):
		err = n.app.feedback.Elsewhere(ctx, e)
	case slices.Contains([]string{"issue.created", "issue.updated"}, e.Type):
		n.app.issues.Elsewhere(ctx, e)
	default:
		n.app.bus.Publish(e)
		if e.Type == "gateway.published" {
			n.app.publications.Wake()
		}
	}
	if err != nil && ctx.Err() == nil {
		n.log.WarnContext(ctx, "follow another node", "type", e.Type, "err", err)
	}
}
