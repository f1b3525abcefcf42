package span

import (
	"context"
	"fmt"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/workspace"
)

// version is one version of a service that was seen.
type version struct {
	ws                                    workspace.ID
	launch, service, environment, release string
}

// Seen is a service as it told of itself.
type Seen struct {
	LaunchID    string    `json:"launch_id,omitempty"`
	Service     string    `json:"service"`
	Environment string    `json:"environment,omitempty"`
	Release     string    `json:"release,omitempty"`
	FirstAt     time.Time `json:"first_at"`
	LastAt      time.Time `json:"last_at"`
}

// seenEach is how long it is not noted again that a service is there.
const (
	seenEach = time.Minute
	maxSeen  = 10_000
)

// Note remembers the services of a batch, and returns those whose release is
// new beside an older one: something was deployed.
func (s *Service) Note(ctx context.Context, b *Batch) ([]Seen, error) {
	list := s.unnoted(b)
	if len(list) == 0 {
		return nil, nil
	}
	var deployed []Seen
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		deployed = nil
		for _, x := range list {
			isNew, err := note(ctx, tx, b.Workspace, x)
			if err != nil {
				return fmt.Errorf("note service %s: %w", x.Service, err)
			}
			if isNew {
				deployed = append(deployed, x)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen) > maxSeen {
		clear(s.seen)
	}
	for _, x := range list {
		s.seen[version{b.Workspace, x.LaunchID, x.Service, x.Environment, x.Release}] = now
	}
	return deployed, nil
}

// unnoted are the services of a batch that were not noted lately.
func (s *Service) unnoted(b *Batch) []Seen {
	now := s.now()
	at := map[version]int{}
	var list []Seen
	s.mu.Lock()
	defer s.mu.Unlock()
	look := func(launch, service, environment, release string, t time.Time) {
		v := version{b.Workspace, launch, service, environment, release}
		if i, ok := at[v]; ok {
			if t.Before(list[i].FirstAt) {
				list[i].FirstAt = t
			}
			return
		}
		if service == "" || now.Sub(s.seen[v]) < seenEach {
			return
		}
		at[v] = len(list)
		list = append(list, Seen{LaunchID: launch, Service: service, Environment: environment, Release: release, FirstAt: t, LastAt: now})
	}
	for _, x := range b.Spans {
		look(x.LaunchID, x.Service, x.Environment, x.Release, x.Start)
	}
	for _, x := range b.Logs {
		look(x.LaunchID, x.Service, x.Environment, x.Release, x.At)
	}
	return list
}

// note keeps that a service was seen, and reports whether its release is new
// and an older one is known.
func note(ctx context.Context, tx *db.Tx, ws workspace.ID, x Seen) (bool, error) {
	var known, others int
	err := tx.QueryRowContext(ctx, `SELECT COALESCE(SUM(CASE WHEN version = $5 THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN version <> $5 AND version <> '' THEN 1 ELSE 0 END), 0)
		FROM span_service WHERE workspace_id = $1 AND launch_id = $2 AND service = $3 AND environment = $4`, ws, x.LaunchID, x.Service, x.Environment, x.Release).Scan(&known, &others)
	if err != nil {
		return false, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO span_service (workspace_id, launch_id, service, environment, version, first_at, last_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (workspace_id, launch_id, service, environment, version) DO UPDATE SET last_at = excluded.last_at`,
		ws, x.LaunchID, x.Service, x.Environment, x.Release, db.Micros(x.FirstAt), db.Micros(x.LastAt))
	return x.Release != "" && known == 0 && others > 0, err
}

// Services lists what sends telemetry, for who may read.
func (s *Service) Services(ctx context.Context) ([]Seen, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	list, err := db.All(ctx, s.db, func(r db.Scanner) (x Seen, err error) {
		var first, last int64
		err = r.Scan(&x.LaunchID, &x.Service, &x.Environment, &x.Release, &first, &last)
		x.FirstAt, x.LastAt = db.Time(first), db.Time(last)
		return x, err
	}, `SELECT launch_id, service, environment, version, first_at, last_at FROM span_service WHERE workspace_id = $1 ORDER BY launch_id, service, environment, version LIMIT 2000`, a.Workspace)
	if err != nil {
		return nil, fmt.Errorf("list services: %w", err)
	}
	return list, nil
}
