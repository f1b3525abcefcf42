package gateway

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/hypercare/hypercare/internal/gateway/h1"
)

// upload sends the rest of a request's body while the answer is awaited: an
// upstream may answer before it has read all of it, and would not read on
// while nobody reads from it.
type upload struct {
	wg     sync.WaitGroup
	clock  uploadClock
	all    atomic.Bool // the client has sent everything
	mu     sync.Mutex
	ended  bool
	client error // reading from the client failed
}

func (u *upload) wait() { u.wg.Wait() }

func (u *upload) done() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.ended && u.client == nil
}

func (f *forwarding) upload(c *upConn) *upload {
	u := &upload{}
	u.wg.Go(func() {
		var out []byte
		for {
			u.clock.set(f.x.Route.timeouts.silence())
			b, _, last, err := f.x.lane.more()
			u.clock.set(f.x.Route.timeouts.try)
			if err != nil {
				u.mu.Lock()
				u.client = err
				u.mu.Unlock()
				_ = c.Close() // half a request must not look like a whole one
				return
			}
			u.all.Store(last)
			_ = c.SetWriteDeadline(time.Now().Add(f.x.Route.timeouts.idle))
			if out = f.appendBody(out[:0], b, last); len(out) > 0 {
				if _, err := c.Write(out); err != nil {
					return
				}
				u.clock.set(f.x.Route.timeouts.try)
			}
			if last {
				u.mu.Lock()
				u.ended = true
				u.mu.Unlock()
				return
			}
		}
	})
	return u
}

// appendBody adds a piece of the request's body as the upstream gets it.
func (f *forwarding) appendBody(out, b []byte, last bool) []byte {
	if !f.x.Body || f.x.Length >= 0 {
		return append(out, b...)
	}
	if f.framed {
		out = append(out, b...)
	} else if out = h1.AppendChunk(out, b); last {
		out = append(out, h1.LastSize...)
	}
	if !last {
		return out
	}
	for _, t := range f.x.lane.trailers() {
		if !f.x.dropped(t.Name) && (f.x.changes == nil || !f.x.changes.touches(t.Name)) {
			out = h1.AppendField(out, t.Name, t.Value)
		}
	}
	return append(out, '\r', '\n')
}

// uploadClock says until when the upstream may be silent while the request's
// body is on its way.
type uploadClock struct{ until atomic.Int64 }

func (u *uploadClock) set(d time.Duration) { u.until.Store(time.Now().Add(d).UnixNano()) }

func (u *uploadClock) deadline(otherwise time.Time) time.Time {
	if until := u.until.Load(); until != 0 {
		return time.Unix(0, until)
	}
	return otherwise
}

// silence is how long an answer may take to begin while the client has yet to
// send more: that is not the upstream's fault, and streams are silent for long.
func (t *timeouts) silence() time.Duration { return max(t.try, t.idle) }
