package shadow

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

const (
	every  = 2 * time.Second     // counts are written
	keepIn = 30 * 24 * time.Hour // what a route's shadow did
)

// Service keeps comparisons.
type Service struct {
	Counter
	db   *db.DB
	log  *slog.Logger
	node string
	now  func() time.Time
}

// NewService returns the service; Run writes what Record was told.
func NewService(d *db.DB, log *slog.Logger) *Service {
	return &Service{db: d, log: log, node: db.NewID(), now: time.Now}
}

// Run writes counts until ctx ends, and what is left then.
func (s *Service) Run(ctx context.Context) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if err := s.Flush(last); err != nil {
				s.log.WarnContext(last, "write the last comparisons", "err", err)
			}
			return
		case <-t.C:
		}
		if err := s.Flush(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "write comparisons; they are kept and written later", "err", err)
		}
	}
}

type row struct {
	key
	since, at time.Time
	data      []byte
	written   bool
}

// Flush writes what has changed.
func (s *Service) Flush(ctx context.Context) error {
	now := s.now()
	var rows []row
	s.mu.Lock()
	for k, t := range s.list {
		if !t.changed {
			continue
		}
		data, err := json.Marshal(t)
		if err != nil {
			s.mu.Unlock()
			return fmt.Errorf("write comparison of %s: %w", k.route, err)
		}
		rows = append(rows, row{k, t.since, now, data, t.written})
		t.changed = false
	}
	s.mu.Unlock()
	if len(rows) == 0 {
		return nil
	}
	var reset []key
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		reset = nil
		for _, r := range rows {
			there, err := put(ctx, tx, s.node, r)
			if err != nil {
				return err
			}
			if !there {
				reset = append(reset, r.key)
			}
			if err := drop(ctx, tx, r.workspace, now.Add(-keepIn)); err != nil {
				return err
			}
		}
		return nil
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range rows {
		if t := s.list[r.key]; t != nil {
			t.changed = t.changed || err != nil
			t.written = t.written || err == nil
		}
	}
	if err == nil {
		for _, k := range reset {
			delete(s.list, k)
		}
	}
	return err
}

// put writes a row; there is false for one that was there and is gone.
func put(ctx context.Context, tx *db.Tx, node string, r row) (there bool, err error) {
	if r.written {
		n, err := db.Affected(tx.ExecContext(ctx, `UPDATE shadow_comparison SET since = $1, at = $2, data = $3 WHERE workspace_id = $4 AND api = $5 AND version = $6 AND route = $7 AND node = $8`,
			db.Micros(r.since), db.Micros(r.at), string(r.data), r.workspace, r.api, r.version, r.route, node))
		if err != nil {
			return false, fmt.Errorf("write comparison of %s: %w", r.route, err)
		}
		return n > 0, nil
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO shadow_comparison (workspace_id, api, version, route, node, since, at, data) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (workspace_id, api, version, route, node) DO UPDATE SET since = excluded.since, at = excluded.at, data = excluded.data`,
		r.workspace, r.api, r.version, r.route, node, db.Micros(r.since), db.Micros(r.at), string(r.data))
	if err != nil {
		return false, fmt.Errorf("write comparison of %s: %w", r.route, err)
	}
	return true, nil
}

func drop(ctx context.Context, tx *db.Tx, ws string, before time.Time) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM shadow_comparison WHERE workspace_id = $1 AND at < $2`, ws, db.Micros(before)); err != nil {
		return fmt.Errorf("forget old comparisons: %w", err)
	}
	return nil
}

// maxRows bounds what is read for one answer.
const maxRows = 5000

// List says how the shadows of all routes do, summed over nodes, by name.
func (s *Service) List(ctx context.Context) ([]*Comparison, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	if err := s.Flush(ctx); err != nil {
		return nil, err
	}
	type read struct {
		row
		tally *tally
	}
	rows, err := db.All(ctx, s.db, func(q db.Scanner) (r read, err error) {
		var since, at int64
		var data string
		if err = q.Scan(&r.api, &r.version, &r.route, &since, &at, &data); err != nil {
			return r, err
		}
		r.since, r.at, r.tally = db.Time(since), db.Time(at), newTally(db.Time(since))
		return r, json.Unmarshal([]byte(data), r.tally)
	}, `SELECT api, version, route, since, at, data FROM shadow_comparison WHERE workspace_id = $1 ORDER BY api, version, route, node LIMIT $2`, a.Workspace, maxRows)
	if err != nil {
		return nil, fmt.Errorf("list comparisons: %w", err)
	}
	sums := map[key]*tally{}
	last := map[key]time.Time{}
	for _, r := range rows {
		if sums[r.key] == nil {
			sums[r.key] = newTally(r.since)
		}
		sums[r.key].merge(r.tally)
		if r.at.After(last[r.key]) {
			last[r.key] = r.at
		}
	}
	out := make([]*Comparison, 0, len(sums))
	for k, t := range sums {
		out = append(out, t.comparison(k, last[k]))
	}
	slices.SortFunc(out, func(a, b *Comparison) int {
		return strings.Compare(a.API+"\x00"+a.Version+"\x00"+a.Route, b.API+"\x00"+b.Version+"\x00"+b.Route)
	})
	return out, nil
}

// Reset begins the comparison of a route anew: on this node at once, on others
// when they write the next time.
func (s *Service) Reset(ctx context.Context, api, version, route string) error {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return err
	}
	s.mu.Lock()
	delete(s.list, key{string(a.Workspace), api, version, route})
	s.mu.Unlock()
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM shadow_comparison WHERE workspace_id = $1 AND api = $2 AND version = $3 AND route = $4`, a.Workspace, api, version, route); err != nil {
			return fmt.Errorf("reset comparison of %s: %w", route, err)
		}
		return a.Audit(ctx, tx, "shadow.reset", "route", strings.TrimSpace(api+" "+version+" "+route), nil)
	})
}

// Place names a route.
type Place struct {
	API     string `json:"api" minLength:"1" maxLength:"100"`
	Version string `json:"version,omitempty" maxLength:"100"`
	Route   string `json:"route" minLength:"1" maxLength:"100"`
}

// Routes adds the operations of this package.
func (s *Service) Routes(api *web.API) {
	web.Route(api, "GET /gateway/shadows", "list-shadows", "How what mirrors answer compares with what callers got, by route", func(ctx context.Context, _ *struct{}) (*web.Body[web.Page[*Comparison]], error) {
		list, err := s.List(ctx)
		if err != nil {
			return nil, err
		}
		return &web.Body[web.Page[*Comparison]]{Body: web.NewPage(list, "")}, nil
	})
	web.Route(api, "POST /gateway/shadows/reset", "reset-shadow", "Begin the comparison of a route anew", func(ctx context.Context, in *web.Body[Place]) (*struct{}, error) {
		return &struct{}{}, s.Reset(ctx, in.Body.API, in.Body.Version, in.Body.Route)
	}, web.Status(204))
}
