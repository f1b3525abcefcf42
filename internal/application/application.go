// Package application is who calls what is published: applications, the keys
// they call with, and the ring of all valid keys that the gateway asks.
package application

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Application is a consumer of APIs.
type Application struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Contact    string     `json:"contact,omitempty" doc:"Whom to ask."`
	Plan       string     `json:"plan,omitempty" doc:"Name of the plan whose limits hold."`
	APIs       []string   `json:"apis" nullable:"false" doc:"What it may call: names of APIs, or of one route as api/route; empty: all."`
	Keys       []Key      `json:"keys" nullable:"false"`
	Expiring   int        `json:"expiring" doc:"Keys that end within 14 days."`
	CreatedAt  time.Time  `json:"created_at"`
	DisabledAt *time.Time `json:"disabled_at,omitempty"`
}

// Key is a secret that an application calls with. The secret itself is shown
// once. Of a key only its hash is stored; what requests are signed with has to
// be read again, and is sealed under the master key.
type Key struct {
	ID        string     `json:"id"`
	Name      string     `json:"name,omitempty"`
	Kind      string     `json:"kind" enum:"key,signature" doc:"key: sent with each request; signature: requests are signed with it, under its id."`
	Prefix    string     `json:"prefix" doc:"First characters, to recognise it by."`
	State     string     `json:"state" enum:"active,expiring,expired,revoked" doc:"expiring: it ends within 14 days."`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
	UsedAt    *time.Time `json:"used_at,omitempty" doc:"When it was last used, to about a minute; absent: never."`
}

// The kinds of keys.
const (
	KindKey       = "key"
	KindSignature = "signature"
)

// The states of keys.
const (
	Active   = "active"
	Expiring = "expiring"
	Expired  = "expired"
	Revoked  = "revoked"
)

// warnBefore is how long before its end a key is said to expire.
const warnBefore = 14 * 24 * time.Hour

func (k *Key) stateAt(now time.Time) string {
	switch {
	case k.RevokedAt != nil:
		return Revoked
	case k.ExpiresAt == nil:
		return Active
	case !k.ExpiresAt.After(now):
		return Expired
	case k.ExpiresAt.Before(now.Add(warnBefore)):
		return Expiring
	}
	return Active
}

// at fills in what follows from the time.
func (a *Application) at(now time.Time) *Application {
	a.Expiring = 0
	for i := range a.Keys {
		k := &a.Keys[i]
		if k.State = k.stateAt(now); k.State == Expiring {
			a.Expiring++
		}
	}
	return a
}

// Input is an application to be made.
type Input struct {
	Name    string   `json:"name" minLength:"1" maxLength:"100"`
	Contact string   `json:"contact,omitempty" maxLength:"200"`
	Plan    string   `json:"plan,omitempty" maxLength:"100"`
	APIs    []string `json:"apis,omitempty" maxItems:"200"`
}

// Change is what may change; absent fields stay.
type Change struct {
	Name     *string   `json:"name,omitempty" minLength:"1" maxLength:"100"`
	Contact  *string   `json:"contact,omitempty" maxLength:"200"`
	Plan     *string   `json:"plan,omitempty" maxLength:"100"`
	APIs     *[]string `json:"apis,omitempty" maxItems:"200"`
	Disabled *bool     `json:"disabled,omitempty" doc:"Its keys open nothing any more, at once."`
}

// NewKey is a key to be made.
type NewKey struct {
	Name      string     `json:"name,omitempty" maxLength:"100"`
	Kind      string     `json:"kind,omitempty" enum:"key,signature" doc:"key when absent."`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	Replaces  string     `json:"replaces,omitempty" doc:"Id of a key that this one takes over from: that one ends when overlap is over."`
	Overlap   string     `json:"overlap,omitempty" doc:"How long both work, such as 24h (default) or 0s." example:"24h"`
}

// Service keeps applications.
type Service struct {
	db   *db.DB
	bus  *event.Bus
	log  *slog.Logger
	box  *secret.Box
	ring *Ring
	now  func() time.Time
}

// NewService returns the service on d. box seals what requests are signed
// with; nil: there is nothing of that kind.
func NewService(d *db.DB, bus *event.Bus, log *slog.Logger, box *secret.Box) *Service {
	return &Service{db: d, bus: bus, log: log, box: box, ring: newRing(), now: time.Now}
}

// Ring is what the gateway asks.
func (s *Service) Ring() *Ring { return s.ring }

var (
	nameForm   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)
	accessForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}(/[A-Za-z0-9][A-Za-z0-9._-]{0,99})?$`)
)

func (a *Application) validate() error {
	a.Name, a.Contact, a.Plan = strings.TrimSpace(a.Name), strings.TrimSpace(a.Contact), strings.TrimSpace(a.Plan)
	if a.Name == "" || strings.ContainsFunc(a.Name+a.Contact, func(r rune) bool { return r < ' ' }) {
		return errs.New(errs.Invalid, "An application needs a name in one line.")
	}
	if a.Plan != "" && !nameForm.MatchString(a.Plan) {
		return errs.New(errs.Invalid, "%q can't be a plan; use letters, digits, dots, dashes and underscores.", a.Plan)
	}
	list := []string{}
	for _, n := range a.APIs {
		if n = strings.TrimSpace(n); !accessForm.MatchString(n) {
			return errs.New(errs.Invalid, "%q is no name of an API, nor of a route as api/route.", n)
		}
		list = append(list, n)
	}
	slices.Sort(list)
	a.APIs = slices.Compact(list)
	return nil
}

// Filter says which applications a list has.
type Filter struct {
	After  string // a name: the page behind it
	Search string // part of the name
	Plan   string
	Limit  int
}

// List returns a page of the workspace's applications with their keys, by
// name.
func (s *Service) List(ctx context.Context, f Filter) ([]*Application, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	apps, err := list(ctx, s.db, a.Workspace, f)
	for _, app := range apps {
		app.at(s.now())
	}
	return apps, err
}

// Get returns one.
func (s *Service) Get(ctx context.Context, id string) (*Application, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	app, err := get(ctx, s.db, a.Workspace, id)
	if err != nil {
		return nil, err
	}
	return app.at(s.now()), nil
}

// Create makes an application.
func (s *Service) Create(ctx context.Context, in Input) (*Application, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	app := &Application{ID: db.NewID(), Name: in.Name, Contact: in.Contact, Plan: in.Plan, APIs: in.APIs, Keys: []Key{}, CreatedAt: s.micro()}
	if err := app.validate(); err != nil {
		return nil, err
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		now, err := tick(ctx, tx, s.now())
		if err != nil {
			return err
		}
		if err := room(ctx, tx, a.Workspace); err != nil {
			return err
		}
		if err := put(ctx, tx, a.Workspace, app, now); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "application.create", "application", app.ID, map[string]any{"name": app.Name})
	})
	if err != nil {
		return nil, err
	}
	s.changed(ctx, a.Workspace, app.ID) // tokens and certificates may name it
	return app, nil
}

// Change changes an application; one that is disabled can call nothing.
func (s *Service) Change(ctx context.Context, id string, c Change) (*Application, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	var app *Application
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		now, err := tick(ctx, tx, s.now())
		if err != nil {
			return err
		}
		if app, err = held(ctx, tx, a.Workspace, id); err != nil {
			return err
		}
		set(&app.Name, c.Name)
		set(&app.Contact, c.Contact)
		set(&app.Plan, c.Plan)
		set(&app.APIs, c.APIs)
		if c.Disabled != nil {
			app.DisabledAt = nil
			if *c.Disabled {
				now := s.micro()
				app.DisabledAt = &now
			}
		}
		if err := app.validate(); err != nil {
			return err
		}
		if err := put(ctx, tx, a.Workspace, app, now); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "application.change", "application", id, map[string]any{"change": c})
	})
	if err != nil {
		return nil, err
	}
	s.changed(ctx, a.Workspace, id)
	return app.at(s.now()), nil
}

func set[T any](dst, v *T) {
	if v != nil {
		*dst = *v
	}
}

// Bounds of the keys of one application: valid at once, and with those that
// have ended.
const (
	maxKeys     = 50
	maxKeysEver = 1000
)

// CreateKey makes a key and returns its secret, the only time.
func (s *Service) CreateKey(ctx context.Context, id string, in NewKey) (Key, secret.Text, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return Key{}, "", err
	}
	now := s.micro()
	if in.ExpiresAt != nil && in.ExpiresAt.Before(now) {
		return Key{}, "", errs.New(errs.Invalid, "The key would expire in the past; give a later time or none.")
	}
	overlap := 24 * time.Hour
	if in.Overlap != "" {
		if overlap, err = time.ParseDuration(in.Overlap); err != nil || overlap < 0 || overlap > 366*24*time.Hour {
			return Key{}, "", errs.New(errs.Invalid, "%q is no overlap; write it as 24h or 0s, at most a year.", in.Overlap)
		}
	}
	k := Key{ID: db.NewID(), Name: strings.TrimSpace(in.Name), Kind: cmp.Or(in.Kind, KindKey), CreatedAt: now, ExpiresAt: in.ExpiresAt}
	text, sealed := secret.New(gateway.KeyPrefix), ""
	if k.Kind == KindSignature {
		if s.box == nil {
			return Key{}, "", errs.New(errs.Unavailable, "This node has no master key to keep such a secret with.")
		}
		text = secret.New("hcs_")
		sealed = s.box.Seal(text, place(a.Workspace, k.ID))
	}
	k.Prefix = text.Reveal()[:10]
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		changed, err := tick(ctx, tx, s.now())
		if err != nil {
			return err
		}
		app, err := held(ctx, tx, a.Workspace, id)
		if err != nil {
			return err
		}
		if err := app.roomForKey(now); err != nil {
			return err
		}
		if in.Replaces != "" {
			if err := endKey(ctx, tx, a.Workspace, id, in.Replaces, now.Add(overlap)); err != nil {
				return err
			}
		}
		if err := insertKey(ctx, tx, a.Workspace, id, k, text.Hash(), sealed); err != nil {
			return err
		}
		if err := touch(ctx, tx, a.Workspace, id, changed); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "key.create", "application", id, map[string]any{"key": k.ID, "kind": k.Kind, "replaces": in.Replaces})
	})
	if err != nil {
		return Key{}, "", err
	}
	s.changed(ctx, a.Workspace, id)
	k.State = k.stateAt(now)
	return k, text, nil
}

// place names the row that a sealed secret is kept in.
func place(ws workspace.ID, keyID string) string {
	return "application_key " + string(ws) + " " + keyID
}

// roomForKey refuses a key beyond those that may be valid at once, or that are
// kept at all.
func (a *Application) roomForKey(now time.Time) error {
	valid := 0
	for i := range a.Keys {
		if s := a.Keys[i].stateAt(now); s == Active || s == Expiring {
			valid++
		}
	}
	if valid >= maxKeys {
		return errs.New(errs.Conflict, "The application has %d valid keys, the most it may have; revoke some first.", maxKeys)
	}
	if len(a.Keys) >= maxKeysEver {
		return errs.New(errs.Conflict, "The application has had %d keys, the most that are kept; make another application.", maxKeysEver)
	}
	return nil
}

// RevokeKey ends a key at once.
func (s *Service) RevokeKey(ctx context.Context, id, keyID string) error {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return err
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		now, err := tick(ctx, tx, s.now())
		if err != nil {
			return err
		}
		n, err := db.Affected(tx.ExecContext(ctx, `UPDATE application_key SET revoked_at = $1 WHERE workspace_id = $2 AND application_id = $3 AND id = $4 AND revoked_at = 0`,
			db.Micros(now), a.Workspace, id, keyID))
		if err != nil {
			return fmt.Errorf("revoke key %s: %w", keyID, err)
		}
		if n == 0 {
			return errs.New(errs.NotFound, "There is no valid key %s of this application.", keyID)
		}
		if err := touch(ctx, tx, a.Workspace, id, now); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "key.revoke", "application", id, map[string]any{"key": keyID})
	})
	if err != nil {
		return err
	}
	s.changed(ctx, a.Workspace, id)
	return nil
}

func (s *Service) micro() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// changed brings this node's ring up to date before the change is answered.
func (s *Service) changed(ctx context.Context, ws workspace.ID, id string) {
	s.follow(ctx)
	s.bus.Publish(event.Event{Workspace: string(ws), Type: "application.updated", ID: id})
}

// follow brings the ring up to date after a change that is committed; where
// that fails, Follow does it a moment later.
func (s *Service) follow(ctx context.Context) {
	if err := s.Refresh(context.WithoutCancel(ctx)); err != nil {
		s.log.WarnContext(ctx, "follow keys", "err", err)
	}
}
