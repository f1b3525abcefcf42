// Package application is who calls what is published: applications, the keys
// they call with, and the ring of all valid keys that the gateway asks.
package application

import (
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
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Application is a consumer of APIs.
type Application struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Contact    string     `json:"contact,omitempty" doc:"Whom to ask."`
	Plan       string     `json:"plan,omitempty" doc:"Name that limits are chosen by."`
	APIs       []string   `json:"apis" nullable:"false" doc:"APIs it may call; empty: all that ask for a key."`
	Keys       []Key      `json:"keys" nullable:"false"`
	CreatedAt  time.Time  `json:"created_at"`
	DisabledAt *time.Time `json:"disabled_at,omitempty"`
}

// Key is a secret that an application calls with. The secret itself is shown
// once and never stored.
type Key struct {
	ID        string     `json:"id"`
	Name      string     `json:"name,omitempty"`
	Prefix    string     `json:"prefix" doc:"First characters, to recognise it by."`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
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
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	Replaces  string     `json:"replaces,omitempty" doc:"Id of a key that this one takes over from: that one ends when overlap is over."`
	Overlap   string     `json:"overlap,omitempty" doc:"How long both work, such as 24h (default) or 0s." example:"24h"`
}

// Service keeps applications.
type Service struct {
	db   *db.DB
	bus  *event.Bus
	log  *slog.Logger
	ring *Ring
	now  func() time.Time
}

// NewService returns the service on d.
func NewService(d *db.DB, bus *event.Bus, log *slog.Logger) *Service {
	return &Service{db: d, bus: bus, log: log, ring: &Ring{}, now: time.Now}
}

// Ring is what the gateway asks.
func (s *Service) Ring() *Ring { return s.ring }

var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

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
		if n = strings.TrimSpace(n); !nameForm.MatchString(n) {
			return errs.New(errs.Invalid, "%q is no name of an API.", n)
		}
		list = append(list, n)
	}
	slices.Sort(list)
	a.APIs = slices.Compact(list)
	return nil
}

// List returns the workspace's applications with their keys, by name.
func (s *Service) List(ctx context.Context) ([]*Application, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	return list(ctx, s.db, a.Workspace)
}

// Get returns one.
func (s *Service) Get(ctx context.Context, id string) (*Application, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	return get(ctx, s.db, a.Workspace, id)
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
		if err := put(ctx, tx, a.Workspace, app, s.micro()); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "application.create", "application", app.ID, map[string]any{"name": app.Name})
	})
	if err != nil {
		return nil, err
	}
	s.tell(a.Workspace, app.ID)
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
		if err := put(ctx, tx, a.Workspace, app, s.micro()); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "application.change", "application", id, map[string]any{"change": c})
	})
	if err != nil {
		return nil, err
	}
	return app, s.changed(ctx, a.Workspace, id)
}

func set[T any](dst, v *T) {
	if v != nil {
		*dst = *v
	}
}

// maxKeys bounds the keys of one application that are valid at once.
const maxKeys = 50

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
	text := secret.New("hck_")
	k := Key{ID: db.NewID(), Name: strings.TrimSpace(in.Name), Prefix: text.Reveal()[:10], CreatedAt: now, ExpiresAt: in.ExpiresAt}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		app, err := held(ctx, tx, a.Workspace, id)
		if err != nil {
			return err
		}
		valid := 0
		for _, o := range app.Keys {
			if o.RevokedAt == nil && (o.ExpiresAt == nil || o.ExpiresAt.After(now)) {
				valid++
			}
		}
		if valid >= maxKeys {
			return errs.New(errs.Conflict, "The application has %d valid keys, the most it may have; revoke some first.", maxKeys)
		}
		if in.Replaces != "" {
			if err := endKey(ctx, tx, a.Workspace, id, in.Replaces, now.Add(overlap)); err != nil {
				return err
			}
		}
		if err := insertKey(ctx, tx, a.Workspace, id, k, text.Hash()); err != nil {
			return err
		}
		if err := touch(ctx, tx, a.Workspace, id, now); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "key.create", "application", id, map[string]any{"key": k.ID, "replaces": in.Replaces})
	})
	if err != nil {
		return Key{}, "", err
	}
	return k, text, s.changed(ctx, a.Workspace, id)
}

// RevokeKey ends a key at once.
func (s *Service) RevokeKey(ctx context.Context, id, keyID string) error {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return err
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		now := s.micro()
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
	return s.changed(ctx, a.Workspace, id)
}

func (s *Service) micro() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// changed brings this node's ring up to date before the change is answered.
func (s *Service) changed(ctx context.Context, ws workspace.ID, id string) error {
	if err := s.Refresh(context.WithoutCancel(ctx)); err != nil {
		s.log.WarnContext(ctx, "follow keys", "err", err)
	}
	s.tell(ws, id)
	return nil
}

func (s *Service) tell(ws workspace.ID, id string) {
	s.bus.Publish(event.Event{Workspace: string(ws), Type: "application.updated", ID: id})
}
