// Package release is what was changed and when: markers of deployments,
// hotfixes, rollbacks and changes of configuration. Evidence asks which of
// them stood before a fault, charts draw them.
package release

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Release is one marker.
type Release struct {
	ID        string    `json:"id"`
	LaunchID  string    `json:"launch_id"`
	Version   string    `json:"version" example:"3.0.4"`
	Service   string    `json:"service,omitempty" example:"checkout"`
	Kind      string    `json:"kind" enum:"deploy,hotfix,rollback,config"`
	Title     string    `json:"title,omitempty"`
	URL       string    `json:"url,omitempty"`
	Source    string    `json:"source" doc:"Who told of it: api, pagerduty, sentry, gateway, otlp."`
	At        time.Time `json:"at"`
	CreatedAt time.Time `json:"created_at"`
}

// Input is a marker to be made.
type Input struct {
	Version string    `json:"version,omitempty" maxLength:"200"`
	Service string    `json:"service,omitempty" maxLength:"200"`
	Kind    string    `json:"kind,omitempty" enum:"deploy,hotfix,rollback,config" doc:"deploy when absent."`
	Title   string    `json:"title,omitempty" maxLength:"500"`
	URL     string    `json:"url,omitempty" maxLength:"2000"`
	At      time.Time `json:"at,omitempty" doc:"Now when absent."`
	// Key makes a repeat harmless; what it says otherwise is version, service and kind.
	Key string `json:"key,omitempty" maxLength:"200" doc:"Your id of it: the same key twice is one marker. Version, service and kind when absent."`
}

// The kinds of a release.
const (
	Deploy   = "deploy"
	Hotfix   = "hotfix"
	Rollback = "rollback"
	Config   = "config"
)

const columns = `id, launch_id, version, service, kind, title, url, source, at, created_at`

func scan(s db.Scanner) (*Release, error) {
	var r Release
	var at, created int64
	err := s.Scan(&r.ID, &r.LaunchID, &r.Version, &r.Service, &r.Kind, &r.Title, &r.URL, &r.Source, &at, &created)
	r.At, r.CreatedAt = db.Time(at), db.Time(created)
	return &r, err
}

// Mark keeps a marker in tx, once for its key, and returns it and whether it
// is new. source says who told of it.
func Mark(ctx context.Context, tx *db.Tx, ws workspace.ID, launchID, source string, in Input, now time.Time) (*Release, bool, error) {
	r := &Release{ID: db.NewID(), LaunchID: launchID, Version: strings.TrimSpace(in.Version), Service: strings.TrimSpace(in.Service), Kind: cmp.Or(in.Kind, Deploy),
		Title: strings.TrimSpace(in.Title), URL: in.URL, Source: source, At: in.At.UTC().Truncate(time.Microsecond), CreatedAt: now.UTC().Truncate(time.Microsecond)}
	if in.At.IsZero() {
		r.At = r.CreatedAt
	}
	switch {
	case r.Version == "" && r.Title == "":
		return nil, false, errs.New(errs.Invalid, "A release needs a version or a title.")
	case r.At.After(now.Add(24 * time.Hour)):
		return nil, false, errs.New(errs.Invalid, "The release at %s lies in the future; mark it when it happens.", r.At.Format(time.RFC3339))
	case r.Kind != Deploy && r.Kind != Hotfix && r.Kind != Rollback && r.Kind != Config:
		return nil, false, errs.New(errs.Invalid, "%.40q is no kind of release; use deploy, hotfix, rollback or config.", r.Kind)
	}
	key := in.Key
	if key == "" {
		key = strings.Join([]string{"=", r.Version, r.Service, r.Kind, r.Title}, "\x1f")
		if r.Kind == Rollback || r.Kind == Config || r.Version == "" { // they may happen again
			key += "\x1f" + r.At.Format(time.RFC3339)
		}
	}
	n, err := db.Affected(tx.ExecContext(ctx, `INSERT INTO release_marker (workspace_id, id, launch_id, natural_key, version, service, kind, title, url, source, at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING`,
		ws, r.ID, launchID, key, r.Version, r.Service, r.Kind, r.Title, r.URL, r.Source, db.Micros(r.At), db.Micros(r.CreatedAt)))
	if err != nil {
		return nil, false, fmt.Errorf("mark release %s: %w", r.Version, err)
	}
	if n == 1 {
		return r, true, nil
	}
	r, err = scan(tx.QueryRowContext(ctx, `SELECT `+columns+` FROM release_marker WHERE workspace_id = $1 AND launch_id = $2 AND natural_key = $3`, ws, launchID, key))
	if err != nil {
		return nil, false, fmt.Errorf("find release %s: %w", in.Version, err)
	}
	return r, false, nil
}

// Between returns the markers of a launch in a time, newest first, at most
// limit. The caller has checked that its actor may read.
func Between(ctx context.Context, q db.Queryer, ws workspace.ID, launchID string, from, to time.Time, limit int) ([]*Release, error) {
	list, err := db.All(ctx, q, scan, `SELECT `+columns+` FROM release_marker WHERE workspace_id = $1 AND launch_id = $2 AND at >= $3 AND at < $4 ORDER BY at DESC, id DESC LIMIT $5`,
		ws, launchID, db.Micros(from), db.Micros(to), limit)
	if err != nil {
		return nil, fmt.Errorf("list releases: %w", err)
	}
	return list, nil
}

// Get returns one marker. The caller has checked that its actor may read.
func Get(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (*Release, error) {
	r, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM release_marker WHERE workspace_id = $1 AND id = $2`, ws, id))
	if db.IsNoRows(err) {
		return nil, errs.New(errs.NotFound, "There is no release %.60s in this workspace.", id)
	} else if err != nil {
		return nil, fmt.Errorf("get release %s: %w", id, err)
	}
	return r, nil
}

// Service is what people may do with releases.
type Service struct {
	db    *db.DB
	bus   *event.Bus
	check func(context.Context, workspace.ID, string) error
	now   func() time.Time
}

// NewService returns the service on d; check returns an error unless a launch
// is there and active.
func NewService(d *db.DB, bus *event.Bus, check func(context.Context, workspace.ID, string) error) *Service {
	return &Service{db: d, bus: bus, check: check, now: time.Now}
}

// Mark keeps a marker that a person or their pipeline sends. Whoever may send
// feedback may: pipelines have such tokens.
func (s *Service) Mark(ctx context.Context, launchID string, in Input) (*Release, error) {
	return s.MarkAs(ctx, launchID, "api", in)
}

// MarkAs is Mark for what a tool of others tells; source is its name.
func (s *Service) MarkAs(ctx context.Context, launchID, source string, in Input) (*Release, error) {
	a, err := workspace.Need(ctx, workspace.SendFeedback)
	if err != nil {
		return nil, err
	}
	if err := s.check(ctx, a.Workspace, launchID); err != nil {
		return nil, err
	}
	var r *Release
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		var fresh bool
		if r, fresh, err = Mark(ctx, tx, a.Workspace, launchID, source, in, s.now()); err != nil || !fresh {
			return err
		}
		return a.Audit(ctx, tx, "release.mark", "release", r.ID, map[string]any{"version": r.Version, "service": r.Service})
	})
	if err != nil {
		return nil, err
	}
	s.Told(ctx, a.Workspace, launchID, r.ID)
	return r, nil
}

// Told tells watchers of a marker that was kept.
func (s *Service) Told(ctx context.Context, ws workspace.ID, launchID, id string) {
	s.bus.Publish(event.Event{Workspace: string(ws), Type: "release.updated", LaunchID: launchID, ID: id, By: workspace.By(ctx)})
}

// List returns a page of a launch's markers, newest first, before the marker
// that ended the last page.
func (s *Service) List(ctx context.Context, launchID string, beforeAt int64, beforeID string, limit int) ([]*Release, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	if beforeAt == 0 {
		beforeAt = 1 << 62
	}
	list, err := db.All(ctx, s.db, scan, `SELECT `+columns+` FROM release_marker WHERE workspace_id = $1 AND launch_id = $2 AND (at, id) < ($3, $4) ORDER BY at DESC, id DESC LIMIT $5`,
		a.Workspace, launchID, beforeAt, beforeID, limit)
	if err != nil {
		return nil, fmt.Errorf("list releases: %w", err)
	}
	return list, nil
}

// Delete removes a marker that was a mistake.
func (s *Service) Delete(ctx context.Context, id string) error {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return err
	}
	var r *Release
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		r, err = scan(tx.QueryRowContext(ctx, `DELETE FROM release_marker WHERE workspace_id = $1 AND id = $2 RETURNING `+columns, a.Workspace, id))
		if db.IsNoRows(err) {
			return errs.New(errs.NotFound, "There is no release %s in this workspace.", id)
		} else if err != nil {
			return fmt.Errorf("remove release %s: %w", id, err)
		}
		return a.Audit(ctx, tx, "release.delete", "release", id, map[string]any{"version": r.Version, "service": r.Service})
	})
	if err == nil {
		s.Told(ctx, a.Workspace, r.LaunchID, id)
	}
	return err
}

// FirstAt is when a version was marked first in a launch; the zero time when
// it was not. The caller has checked that its actor may read.
func FirstAt(ctx context.Context, q db.Queryer, ws workspace.ID, launchID, version string) (time.Time, error) {
	var at int64
	err := q.QueryRowContext(ctx, `SELECT COALESCE(MIN(at), 0) FROM release_marker WHERE workspace_id = $1 AND launch_id = $2 AND version = $3`, ws, launchID, version).Scan(&at)
	if err != nil {
		return time.Time{}, fmt.Errorf("look for release %s: %w", version, err)
	}
	return db.Time(at), nil
}
