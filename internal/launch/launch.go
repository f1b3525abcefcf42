// Package launch is one go-live under hypercare: its scope, window, time zone
// and services. Feedback and issues belong to exactly one.
package launch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Launch is one go-live.
type Launch struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Scope    string    `json:"scope" doc:"What goes live, for whom, in a few sentences."`
	StartsAt time.Time `json:"starts_at"`
	EndsAt   time.Time `json:"ends_at" doc:"Planned end of hypercare."`
	TimeZone string    `json:"time_zone" doc:"IANA name; times are shown in it." example:"Europe/Berlin"`
	Services []string  `json:"services" nullable:"false"`
	// TriageTarget is what the command centre measures waiting against.
	TriageTarget int    `json:"triage_target_minutes" doc:"Within how many minutes a report is to be triaged."`
	State        string `json:"state" enum:"active,archived"`
	// WIPLimits bounds work in progress: going over one is said, not refused.
	WIPLimits map[string]int `json:"wip_limits" doc:"How many issues a stage should hold at most, by stage."`
	CreatedAt time.Time      `json:"created_at"`
	UpdatedAt time.Time      `json:"updated_at"`
}

// DefaultTriageTarget is for launches that set none, in minutes.
const DefaultTriageTarget = 240

const maxTriageTarget = 60 * 24 * 30

// The states of a launch.
const (
	Active   = "active"
	Archived = "archived"
)

// Input is a launch to be made.
type Input struct {
	Name     string    `json:"name" minLength:"1" maxLength:"120"`
	Scope    string    `json:"scope,omitempty" maxLength:"4000"`
	StartsAt time.Time `json:"starts_at,omitempty" doc:"Now when absent."`
	EndsAt   time.Time `json:"ends_at,omitempty" doc:"Four weeks after the start when absent."`
	TimeZone string    `json:"time_zone,omitempty" doc:"UTC when absent."`
	Services []string  `json:"services,omitempty" maxItems:"100"`

	TriageTarget int `json:"triage_target_minutes,omitempty" minimum:"0" maximum:"43200" doc:"Within how many minutes a report is to be triaged; 240 when absent."`
}

// Change is what may change; absent fields stay.
type Change struct {
	Name     *string    `json:"name,omitempty" minLength:"1" maxLength:"120"`
	Scope    *string    `json:"scope,omitempty" maxLength:"4000"`
	StartsAt *time.Time `json:"starts_at,omitempty"`
	EndsAt   *time.Time `json:"ends_at,omitempty"`
	TimeZone *string    `json:"time_zone,omitempty"`
	Services *[]string  `json:"services,omitempty" maxItems:"100"`

	TriageTarget *int `json:"triage_target_minutes,omitempty" minimum:"0" maximum:"43200" doc:"0: back to 240."`

	State *string `json:"state,omitempty" enum:"active,archived"`
	// WIPLimits changes the limits of the stages it names.
	WIPLimits map[string]int `json:"wip_limits,omitempty" doc:"How many issues a stage should hold at most, by stage; 0 takes a limit away, stages that are not named keep theirs."`
}

func (l *Launch) validate() error {
	l.Name, l.Scope = strings.TrimSpace(l.Name), strings.TrimSpace(l.Scope)
	if l.Name == "" {
		return errs.New(errs.Invalid, "A launch needs a name.")
	}
	if !l.EndsAt.After(l.StartsAt) {
		return errs.New(errs.Invalid, "The launch must end after it starts.")
	}
	if _, err := time.LoadLocation(l.TimeZone); err != nil || l.TimeZone == "Local" {
		return errs.New(errs.Invalid, "%q is not a time zone; use a name like Europe/Berlin.", l.TimeZone)
	}
	if l.TriageTarget < 0 || l.TriageTarget > maxTriageTarget {
		return errs.New(errs.Invalid, "The target for triage is between 1 minute and 30 days; send 0 for the usual 4 hours.")
	}
	if l.TriageTarget == 0 {
		l.TriageTarget = DefaultTriageTarget
	}
	services := []string{}
	for _, s := range l.Services {
		if s = strings.TrimSpace(s); s != "" && len(s) <= 100 {
			services = append(services, s)
		}
	}
	l.Services = services
	return nil
}

// maxWIP bounds a limit of work in progress.
const maxWIP = 9999

// limit puts limits of work in progress on top of those there are.
func (l *Launch) limit(change map[string]int, stages []string) error {
	for stage, n := range change {
		switch {
		case !slices.Contains(stages, stage):
			return errs.New(errs.Invalid, "There is no stage %.40q to limit; use %s.", stage, strings.Join(stages, ", "))
		case n < 0 || n > maxWIP:
			return errs.New(errs.Invalid, "A limit is a number from 1 to %d, or 0 for none.", maxWIP)
		case n == 0:
			delete(l.WIPLimits, stage)
		default:
			l.WIPLimits[stage] = n
		}
	}
	return nil
}

// Service is what the rest of the product may do with launches.
type Service struct {
	db     *db.DB
	bus    *event.Bus
	now    func() time.Time
	stages []string
}

// SetStages hands in the stages that issues walk (they lie above), so that
// each may have a limit.
func (s *Service) SetStages(list []string) { s.stages = list }

// Hold claims a launch for the rest of a transaction: what must not happen
// twice at once in one launch follows each other.
func Hold(ctx context.Context, tx *db.Tx, ws workspace.ID, id string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE launch SET updated_at = updated_at WHERE workspace_id = $1 AND id = $2`, ws, id); err != nil {
		return fmt.Errorf("hold launch %s: %w", id, err)
	}
	return nil
}

// NewService returns the service on d.
func NewService(d *db.DB, bus *event.Bus) *Service { return &Service{db: d, bus: bus, now: time.Now} }

// Create makes a launch.
func (s *Service) Create(ctx context.Context, in Input) (*Launch, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	now := s.now().UTC().Truncate(time.Microsecond)
	l := &Launch{ID: db.NewID(), Name: in.Name, Scope: in.Scope, StartsAt: in.StartsAt, EndsAt: in.EndsAt, TimeZone: in.TimeZone,
		Services: in.Services, TriageTarget: in.TriageTarget, State: Active, WIPLimits: map[string]int{}, CreatedAt: now, UpdatedAt: now}
	if l.StartsAt.IsZero() {
		l.StartsAt = now
	}
	if l.EndsAt.IsZero() {
		l.EndsAt = l.StartsAt.AddDate(0, 0, 28)
	}
	if l.TimeZone == "" {
		l.TimeZone = "UTC"
	}
	l.StartsAt, l.EndsAt = l.StartsAt.UTC().Truncate(time.Microsecond), l.EndsAt.UTC().Truncate(time.Microsecond)
	if err := l.validate(); err != nil {
		return nil, err
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if err := put(ctx, tx, a.Workspace, l); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "launch.create", "launch", l.ID, map[string]any{"name": l.Name})
	})
	if err != nil {
		return nil, err
	}
	s.bus.Publish(event.Event{Workspace: string(a.Workspace), Type: "launch.created", LaunchID: l.ID, ID: l.ID})
	return l, nil
}

// Get returns one launch.
func (s *Service) Get(ctx context.Context, id string) (*Launch, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	return get(ctx, s.db, a.Workspace, id)
}

// Check returns an error unless the launch exists in the workspace and takes
// feedback. It is what intake asks, whose keys may not read.
func (s *Service) Check(ctx context.Context, ws workspace.ID, id string) error {
	l, err := get(ctx, s.db, ws, id)
	if err != nil {
		return err
	}
	if l.State == Archived {
		return errs.New(errs.Conflict, "The launch %s is archived and takes no feedback; reopen it first.", l.Name)
	}
	return nil
}

// Find returns a launch. The caller has checked that its actor may read.
func Find(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (*Launch, error) {
	return get(ctx, q, ws, id)
}

// TimeZone returns the zone of a launch, for times that name none.
func (s *Service) TimeZone(ctx context.Context, ws workspace.ID, id string) (*time.Location, error) {
	l, err := get(ctx, s.db, ws, id)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(l.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("time zone of launch %s: %w", id, err)
	}
	return zone, nil
}

// List returns all launches, active ones first, newest first.
func (s *Service) List(ctx context.Context) ([]*Launch, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	return list(ctx, s.db, a.Workspace)
}

// Change changes a launch.
func (s *Service) Change(ctx context.Context, id string, c Change) (*Launch, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	var l *Launch
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if l, err = get(ctx, tx, a.Workspace, id); err != nil {
			return err
		}
		set(&l.Name, c.Name)
		set(&l.Scope, c.Scope)
		set(&l.StartsAt, c.StartsAt)
		set(&l.EndsAt, c.EndsAt)
		set(&l.TimeZone, c.TimeZone)
		set(&l.Services, c.Services)
		set(&l.TriageTarget, c.TriageTarget)
		set(&l.State, c.State)
		if err := l.limit(c.WIPLimits, s.stages); err != nil {
			return err
		}
		l.UpdatedAt = s.now().UTC().Truncate(time.Microsecond)
		if err := l.validate(); err != nil {
			return err
		}
		if err := put(ctx, tx, a.Workspace, l); err != nil {
			return err
		}
		b, err := json.Marshal(c)
		if err != nil {
			return err
		}
		return a.Audit(ctx, tx, "launch.change", "launch", id, map[string]any{"change": json.RawMessage(b)})
	})
	if err != nil {
		return nil, err
	}
	s.bus.Publish(event.Event{Workspace: string(a.Workspace), Type: "launch.updated", LaunchID: id, ID: id})
	return l, nil
}

func set[T any](dst *T, v *T) {
	if v != nil {
		*dst = *v
	}
}

const columns = `id, name, scope, starts_at, ends_at, time_zone, services, triage_target, state, wip_limits, created_at, updated_at`

func scan(s db.Scanner) (*Launch, error) {
	var l Launch
	var starts, ends, created, updated int64
	var services, limits string
	if err := s.Scan(&l.ID, &l.Name, &l.Scope, &starts, &ends, &l.TimeZone, &services, &l.TriageTarget, &l.State, &limits, &created, &updated); err != nil {
		return nil, err
	}
	if l.TriageTarget == 0 {
		l.TriageTarget = DefaultTriageTarget
	}
	l.StartsAt, l.EndsAt, l.CreatedAt, l.UpdatedAt = db.Time(starts), db.Time(ends), db.Time(created), db.Time(updated)
	var wrapped struct{ Items []string }
	err := errors.Join(json.Unmarshal([]byte(services), &wrapped), json.Unmarshal([]byte(limits), &l.WIPLimits))
	l.Services = append([]string{}, wrapped.Items...)
	return &l, err
}

func get(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (*Launch, error) {
	l, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM launch WHERE workspace_id = $1 AND id = $2`, ws, id))
	switch {
	case db.IsNoRows(err):
		return nil, errs.New(errs.NotFound, "There is no launch %s in this workspace.", id)
	case err != nil:
		return nil, fmt.Errorf("get launch %s: %w", id, err)
	}
	return l, nil
}

func list(ctx context.Context, q db.Queryer, ws workspace.ID) ([]*Launch, error) {
	return db.All(ctx, q, scan, `SELECT `+columns+` FROM launch WHERE workspace_id = $1 ORDER BY state, created_at DESC, id DESC LIMIT 1000`, ws)
}

func put(ctx context.Context, tx *db.Tx, ws workspace.ID, l *Launch) error {
	services, err := json.Marshal(map[string]any{"items": l.Services})
	if err != nil {
		return err
	}
	limits, err := json.Marshal(l.WIPLimits)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO launch (workspace_id, `+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (workspace_id, id) DO UPDATE SET name = excluded.name, scope = excluded.scope, starts_at = excluded.starts_at, ends_at = excluded.ends_at,
		time_zone = excluded.time_zone, services = excluded.services, triage_target = excluded.triage_target, state = excluded.state, wip_limits = excluded.wip_limits, updated_at = excluded.updated_at`,
		ws, l.ID, l.Name, l.Scope, db.Micros(l.StartsAt), db.Micros(l.EndsAt), l.TimeZone, string(services), l.TriageTarget, l.State, string(limits), db.Micros(l.CreatedAt), db.Micros(l.UpdatedAt))
	if err != nil {
		return fmt.Errorf("put launch %s: %w", l.ID, err)
	}
	return nil
}
