package channel

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Deps are what a Service needs.
type Deps struct {
	DB       *db.DB
	Bus      *event.Bus
	Log      *slog.Logger
	Box      *secret.Box
	Feedback *feedback.Service
	// CheckLaunch returns an error unless the launch takes feedback.
	CheckLaunch func(context.Context, workspace.ID, string) error
}

// Service is what the rest of the product may do with channels.
type Service struct {
	db       *db.DB
	bus      *event.Bus
	log      *slog.Logger
	box      *secret.Box
	feedback *feedback.Service
	check    func(context.Context, workspace.ID, string) error
	now      func() time.Time
	kinds    map[string]*Kind
	onChange []func()
	gate     gate
	hurry    chan struct{}
	mu       sync.Mutex
	counted  map[string]*health
}

// NewService returns the service; kinds are added to it before it is used.
func NewService(d Deps) *Service {
	return &Service{db: d.DB, bus: d.Bus, log: d.Log, box: d.Box, feedback: d.Feedback, check: d.CheckLaunch, now: time.Now, kinds: map[string]*Kind{},
		gate: gate{known: map[string]known{}, buckets: map[bucketKey]*bucket{}}, hurry: make(chan struct{}, 1), counted: map[string]*health{}}
}

// Add hands in a kind of channel.
func (s *Service) Add(k Kind) { s.kinds[k.Name] = &k }

// OnChange calls fn after channels were made, changed or removed on this
// node: those that connect by themselves look again.
func (s *Service) OnChange(fn func()) { s.onChange = append(s.onChange, fn) }

// Kinds lists the kinds by name.
func (s *Service) Kinds() []*Kind {
	return slices.SortedFunc(maps.Values(s.kinds), func(a, b *Kind) int { return strings.Compare(a.Name, b.Name) })
}

func (s *Service) kind(name string) (*Kind, error) {
	k := s.kinds[name]
	if k == nil {
		return nil, errs.New(errs.Invalid, "There is no kind of channel %.40q; use %s.", name, strings.Join(slices.Sorted(maps.Keys(s.kinds)), ", "))
	}
	return k, nil
}

// newKey returns a key: 32 hexadecimal digits, as Sentry and PagerDuty have
// them, behind the prefix of the kind.
func (k *Kind) newKey() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return k.Prefix + hex.EncodeToString(b[:])
}

// OfKind lists the channels of a kind that are on, in all workspaces, for a
// node that connects to them. It is for the program itself, not for people.
func (s *Service) OfKind(ctx context.Context, kind string) ([]*Channel, error) {
	list, err := ofKind(ctx, s.db, kind)
	return slices.DeleteFunc(list, func(c *Channel) bool { return !c.Enabled }), err
}

// OfLaunch lists the channels of a kind of a launch that are on, oldest first,
// for the program itself.
func (s *Service) OfLaunch(ctx context.Context, ws workspace.ID, launchID, kind string) ([]*Channel, error) {
	all, err := list(ctx, s.db, ws, launchID)
	return slices.DeleteFunc(all, func(c *Channel) bool { return c.Kind != kind || !c.Enabled }), err
}

// Secret returns a secret of a channel; "" when it is not set.
func (s *Service) Secret(c *Channel, name string) (secret.Text, error) {
	sealed, ok := c.secrets[name]
	if !ok {
		return "", nil
	}
	t, err := s.box.Open(sealed, c.place(name))
	if err != nil {
		return "", fmt.Errorf("open %s of channel %s: %w", name, c.ID, err)
	}
	return t, nil
}

// ByID returns a channel for the program itself: a handler of deliveries.
func (s *Service) ByID(ctx context.Context, ws workspace.ID, id string) (*Channel, error) {
	return get(ctx, s.db, ws, id)
}

// As returns a context that acts as a channel which connects by itself.
func (s *Service) As(ctx context.Context, c *Channel) context.Context { return c.as(ctx) }

// List returns the channels of a launch, oldest first.
func (s *Service) List(ctx context.Context, launchID string) ([]*Channel, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	return list(ctx, s.db, a.Workspace, launchID)
}

// Get returns one channel.
func (s *Service) Get(ctx context.Context, id string) (*Channel, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	c, err := get(ctx, s.db, a.Workspace, id)
	if err != nil {
		return nil, err
	}
	err = s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT id FROM delivery WHERE workspace_id = $1 AND channel_id = $2 AND channel_id <> '' AND state = 'dead' LIMIT 1000) AS t`,
		a.Workspace, id).Scan(&c.Dead)
	if err != nil {
		return nil, fmt.Errorf("count dead deliveries of channel %s: %w", id, err)
	}
	return c, nil
}

// Create makes a channel of a launch.
func (s *Service) Create(ctx context.Context, launchID string, in Input) (*Channel, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	if err := s.check(ctx, a.Workspace, launchID); err != nil {
		return nil, err
	}
	k, err := s.kind(in.Kind)
	if err != nil {
		return nil, err
	}
	c := &Channel{ID: db.NewID(), LaunchID: launchID, Kind: k.Name, Name: in.Name, Key: k.newKey(), Settings: in.Settings, Origins: in.Origins, Limit: in.Limit,
		Enabled: true, CreatedAt: s.now().UTC().Truncate(time.Microsecond), Workspace: a.Workspace, secrets: map[string]string{}}
	if err := c.check(k); err != nil {
		return nil, err
	}
	if err := c.seal(k, s.box, in.Secrets); err != nil {
		return nil, err
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM channel WHERE workspace_id = $1 AND launch_id = $2`, a.Workspace, launchID).Scan(&n); err != nil {
			return fmt.Errorf("count channels: %w", err)
		}
		if n >= maxChannels {
			return errs.New(errs.Conflict, "This launch has %d channels already; remove some first.", n)
		}
		if c.Number, err = workspace.Next(ctx, tx, a.Workspace, "channel", 1); err != nil {
			return err
		}
		if err := put(ctx, tx, c, a.ID); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "channel.create", "channel", c.ID, map[string]any{"kind": c.Kind, "name": c.Name, "launch": launchID})
	})
	if err != nil {
		return nil, err
	}
	s.changed(ctx, a, c)
	return c, nil
}

// Change changes a channel.
func (s *Service) Change(ctx context.Context, id string, ch Change) (*Channel, error) {
	return s.edit(ctx, id, "channel.change", func(c *Channel, k *Kind) error {
		set(&c.Name, ch.Name)
		set(&c.Origins, ch.Origins)
		set(&c.Limit, ch.Limit)
		set(&c.Enabled, ch.Enabled)
		if ch.Settings != nil {
			c.Settings = ch.Settings
		}
		if err := c.check(k); err != nil {
			return err
		}
		return c.seal(k, s.box, ch.Secrets)
	})
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// Rotate gives a channel a new key; the one before is taken for so long.
func (s *Service) Rotate(ctx context.Context, id string, overlap time.Duration) (*Channel, error) {
	return s.edit(ctx, id, "channel.rotate", func(c *Channel, k *Kind) error {
		c.oldKey, c.Key, c.OldKeyUntil = "", k.newKey(), nil
		if overlap > 0 {
			until := s.now().Add(overlap).UTC().Truncate(time.Microsecond)
			c.OldKeyUntil = &until
		}
		return nil
	})
}

func (s *Service) edit(ctx context.Context, id, action string, fn func(*Channel, *Kind) error) (*Channel, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	var c *Channel
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if c, err = get(ctx, tx, a.Workspace, id); err != nil {
			return err
		}
		k, err := s.kind(c.Kind)
		if err != nil {
			return err
		}
		key := c.Key
		if err := fn(c, k); err != nil {
			return err
		}
		if c.Key != key && c.OldKeyUntil != nil {
			c.oldKey = key
		}
		if err := put(ctx, tx, c, a.ID); err != nil {
			return err
		}
		return a.Audit(ctx, tx, action, "channel", c.ID, map[string]any{"name": c.Name, "enabled": c.Enabled})
	})
	if err != nil {
		return nil, err
	}
	c.finish()
	s.changed(ctx, a, c)
	return c, nil
}

// Delete removes a channel; what came by it stays.
func (s *Service) Delete(ctx context.Context, id string) error {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return err
	}
	var c *Channel
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if c, err = get(ctx, tx, a.Workspace, id); err != nil {
			return err
		}
		if err := remove(ctx, tx, a.Workspace, id); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "channel.delete", "channel", id, map[string]any{"kind": c.Kind, "name": c.Name})
	})
	if err != nil {
		return err
	}
	s.changed(ctx, a, c)
	return nil
}

func (s *Service) changed(ctx context.Context, a workspace.Actor, c *Channel) {
	c.finish()
	s.gate.forget()
	s.gate.restart(c.ID)
	for _, fn := range s.onChange {
		fn()
	}
	s.bus.Publish(event.Event{Workspace: string(a.Workspace), Type: "channel.updated", LaunchID: c.LaunchID, ID: c.ID, By: workspace.By(ctx)})
}
