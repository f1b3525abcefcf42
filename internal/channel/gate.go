package channel

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

const (
	keyAge     = 5 * time.Second // how long what is known of a key holds
	maxKnown   = 20_000          // keys, also unknown ones
	maxSenders = 20_000          // client addresses that are counted
)

// gate knows which keys there are, and how much came by each.
type gate struct {
	mu      sync.Mutex
	known   map[string]known
	buckets map[bucketKey]*bucket
}

type known struct {
	c  *Channel // nil: there is none
	at time.Time
}

type bucketKey struct{ channel, client string }

// bucket is the generic cell rate algorithm: the time at which all that was
// taken is worked off.
type bucket struct{ full time.Time }

// take admits n at a rate a minute, with two minutes' worth at once, or says
// how long to wait.
func (b *bucket) take(now time.Time, n, perMinute int) (time.Duration, bool) {
	cost := time.Minute * time.Duration(n) / time.Duration(perMinute)
	full := b.full
	if full.Before(now) {
		full = now
	}
	if wait := full.Add(cost).Sub(now) - max(2*time.Minute, cost); wait > 0 {
		return wait, false
	}
	b.full = full.Add(cost)
	return 0, true
}

// Enter lets a request in that names a channel by its key: it must be one of
// the kinds, on, called from an allowed page, and within its limits. The
// context acts as the channel, which may send and nothing else. n is how much
// the request counts, at least 1.
func (s *Service) Enter(r *http.Request, key string, n int, kinds ...string) (context.Context, *Channel, error) {
	c, err := s.Find(r.Context(), key)
	if err != nil {
		return nil, nil, err
	}
	if !slices.Contains(kinds, c.Kind) {
		return nil, nil, errs.New(errs.NotFound, "This key belongs to a channel of kind %s; copy the address from that channel's page.", c.Kind)
	}
	if err := s.admit(c, r.Header.Get("Origin"), web.ClientIP(r), max(n, 1)); err != nil {
		s.Refused(c, err)
		return nil, nil, err
	}
	return c.as(r.Context()), c, nil
}

// Admit is Enter for what does not come by HTTP: c must be on and within its
// limits; client is who sends. A refusal is counted.
func (s *Service) Admit(c *Channel, client string, n int) error {
	err := s.admit(c, "", client, max(n, 1))
	if err != nil {
		s.Refused(c, err)
	}
	return err
}

// as returns a context that acts as the channel.
func (c *Channel) as(ctx context.Context) context.Context {
	return workspace.As(ctx, workspace.Actor{Workspace: c.Workspace, Kind: "channel", ID: c.ID, Name: c.Name, Role: workspace.Intake})
}

// Find returns the channel that has a key.
func (s *Service) Find(ctx context.Context, key string) (*Channel, error) {
	unknown := errs.New(errs.NotFound, "No channel has this key; copy it again from the channel's page.")
	if len(key) < 32 || len(key) > 64 {
		return nil, unknown
	}
	now := s.now()
	s.gate.mu.Lock()
	k, ok := s.gate.known[key]
	s.gate.mu.Unlock()
	if !ok || now.Sub(k.at) > keyAge {
		c, err := byKey(ctx, s.db, key)
		switch {
		case err == nil:
			k = known{c, now}
		case db.IsNoRows(err):
			k = known{nil, now}
		case ok:
			// The database is away: what was known goes on to be taken.
		default:
			return nil, errs.Wrap(errs.Unavailable, err, "The database does not answer; send the same again.")
		}
		s.gate.mu.Lock()
		if len(s.gate.known) >= maxKnown {
			clear(s.gate.known)
		}
		s.gate.known[key] = k
		s.gate.mu.Unlock()
	}
	c := k.c
	if c == nil || c.Key != key && (c.oldKey != key || c.OldKeyUntil == nil || c.OldKeyUntil.Before(now)) {
		return nil, unknown
	}
	return c, nil
}

func (s *Service) admit(c *Channel, origin, client string, n int) error {
	if !c.Enabled {
		return errs.New(errs.Denied, "The channel %s is switched off; switch it on in its settings.", c.Name)
	}
	if origin != "" && !c.allows(origin) {
		return errs.New(errs.Denied, "The channel %s takes nothing from pages of %.100s; add it to its origins.", c.Name, origin)
	}
	now := s.now()
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	kind := s.kinds[c.Kind]
	if kind.PerSender > 0 {
		if wait, ok := s.gate.bucket(bucketKey{c.ID, client}, now).take(now, n, kind.PerSender); !ok {
			return errs.TooBusy(wait, "This sender sends more than %d a minute; wait.", kind.PerSender)
		}
	}
	if wait, ok := s.gate.bucket(bucketKey{c.ID, ""}, now).take(now, n, c.Limit); !ok {
		return errs.TooBusy(wait, "The channel %s takes %d a minute; wait, or raise its limit.", c.Name, c.Limit)
	}
	return nil
}

func (g *gate) bucket(k bucketKey, now time.Time) *bucket {
	b := g.buckets[k]
	if b == nil {
		if len(g.buckets) >= maxSenders {
			for k, b := range g.buckets {
				if b.full.Before(now) {
					delete(g.buckets, k)
				}
			}
			if len(g.buckets) >= maxSenders {
				clear(g.buckets) // all of them busy: begin anew rather than grow
			}
		}
		b = &bucket{}
		g.buckets[k] = b
	}
	return b
}

// forget drops what is known of keys, after a change.
func (g *gate) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	clear(g.known)
}

// restart counts anew what comes by a channel: its limit may have changed.
func (g *gate) restart(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	maps.DeleteFunc(g.buckets, func(k bucketKey, _ *bucket) bool { return k.channel == id })
}

// Accept puts what came by a channel into the ledger and counts it; it
// returns when it is on disk. ctx comes from Enter.
func (s *Service) Accept(ctx context.Context, c *Channel, items []feedback.Incoming) ([]feedback.Receipt, error) {
	for i := range items {
		items[i].ChannelID = c.ID
		if items[i].Input.Channel == "" {
			items[i].Input.Channel = c.Kind
		}
	}
	list, err := s.feedback.Accept(ctx, c.LaunchID, items, "", "")
	if err != nil {
		s.Refused(c, err)
		return nil, err
	}
	s.Arrived(c, len(items))
	return list, nil
}

// CORS lets pages of other origins call a handler, without cookies. Which of
// them may is Enter's business.
func CORS(next http.Handler, headers ...string) http.Handler {
	allowed := strings.Join(append([]string{"Content-Type", "Content-Encoding"}, headers...), ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("Access-Control-Expose-Headers", "Retry-After, X-Sentry-Rate-Limits, X-Sentry-Error")
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			h.Set("Access-Control-Allow-Methods", "GET, POST, PUT")
			h.Set("Access-Control-Allow-Headers", allowed)
			h.Set("Access-Control-Max-Age", "86400")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}
