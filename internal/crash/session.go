package crash

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Session is what is told of one session, or of several together: what
// happened in it so far. Told again with a higher Seq it replaces the former.
type Session struct {
	LaunchID    string
	ID          string // of the session, or of the place in a delivery that tells of several
	Seq         int64
	Release     string
	Environment string
	Who         string // the sender's distinct id of the user
	Started     time.Time
	Sessions    int64
	Errored     int64 // had an error that was handled
	Crashed     int64 // ended in one that was not
	Abnormal    int64
}

// KeepSession counts a session for its release, once however often it is
// told of.
func (s *Service) KeepSession(ctx context.Context, tx *db.Tx, ws workspace.ID, n Session) error {
	now := s.now()
	if n.Release == "" || n.Started.After(now.Add(maxAhead)) || n.Started.Before(now.Add(-maxBehind)) {
		return nil // it belongs to no release, or to no time
	}
	n.Release, n.Environment = cut(n.Release, maxShort), cut(n.Environment, maxShort)
	var before Session
	err := tx.QueryRowContext(ctx, `SELECT seq, sessions, errored, crashed, abnormal FROM crash_session WHERE workspace_id = $1 AND launch_id = $2 AND id = $3`, ws, n.LaunchID, n.ID).
		Scan(&before.Seq, &before.Sessions, &before.Errored, &before.Crashed, &before.Abnormal)
	if err != nil && !db.IsNoRows(err) {
		return fmt.Errorf("get session %s: %w", n.ID, err)
	}
	known := err == nil
	if known && n.Seq <= before.Seq {
		return nil
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO crash_session (workspace_id, launch_id, id, seq, sessions, errored, crashed, abnormal, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (workspace_id, launch_id, id) DO UPDATE SET seq = excluded.seq, sessions = excluded.sessions, errored = excluded.errored, crashed = excluded.crashed, abnormal = excluded.abnormal, at = excluded.at`,
		ws, n.LaunchID, n.ID, n.Seq, n.Sessions, n.Errored, n.Crashed, n.Abnormal, db.Micros(now))
	if err != nil {
		return fmt.Errorf("keep session %s: %w", n.ID, err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO crash_health (workspace_id, launch_id, release, environment, hour, sessions, errored, crashed, abnormal) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (workspace_id, launch_id, release, environment, hour) DO UPDATE SET sessions = crash_health.sessions + excluded.sessions, errored = crash_health.errored + excluded.errored,
			crashed = crash_health.crashed + excluded.crashed, abnormal = crash_health.abnormal + excluded.abnormal`,
		ws, n.LaunchID, n.Release, n.Environment, n.Started.Unix()/3600, n.Sessions-before.Sessions, n.Errored-before.Errored, n.Crashed-before.Crashed, n.Abnormal-before.Abnormal)
	if err != nil {
		return fmt.Errorf("count session %s: %w", n.ID, err)
	}
	if n.Who == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(string(ws) + "\x00" + n.Who)) // who it is does not matter here
	_, err = tx.ExecContext(ctx, `INSERT INTO crash_user (workspace_id, launch_id, release, environment, day, who, crashed) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (workspace_id, launch_id, release, environment, day, who) DO UPDATE SET crashed = crash_user.crashed OR excluded.crashed`,
		ws, n.LaunchID, n.Release, n.Environment, n.Started.Unix()/86400, hex.EncodeToString(sum[:12]), n.Crashed > 0)
	if err != nil {
		return fmt.Errorf("count user of session %s: %w", n.ID, err)
	}
	return nil
}

// Health is how a release does.
type Health struct {
	Release           string   `json:"release"`
	Environment       string   `json:"environment,omitempty"`
	Sessions          int64    `json:"sessions"`
	Errored           int64    `json:"errored"`
	Crashed           int64    `json:"crashed"`
	Abnormal          int64    `json:"abnormal"`
	Users             int64    `json:"users" doc:"Days on which a user was seen, added up over users."`
	CrashedUsers      int64    `json:"crashed_users"`
	CrashFreeSessions *float64 `json:"crash_free_sessions,omitempty" doc:"From 0 to 1."`
	CrashFreeUsers    *float64 `json:"crash_free_users,omitempty" doc:"From 0 to 1; a user counts once a day."`
	Adoption          float64  `json:"adoption" doc:"Its part of all sessions of the time, from 0 to 1."`
	NewErrors         int64    `json:"new_errors" doc:"Errors that were seen first in it."`
}

// HealthOf returns how the releases of a launch did since a time, those with
// the most sessions first, at most 50. environment "" is all of them.
func (s *Service) HealthOf(ctx context.Context, launchID, environment string, since time.Time) ([]Health, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	list, err := db.All(ctx, s.db, func(r db.Scanner) (h Health, err error) {
		return h, r.Scan(&h.Release, &h.Sessions, &h.Errored, &h.Crashed, &h.Abnormal)
	}, `SELECT release, SUM(sessions), SUM(errored), SUM(crashed), SUM(abnormal) FROM crash_health
		WHERE workspace_id = $1 AND launch_id = $2 AND hour >= $3 AND ($4 = '' OR environment = $4) GROUP BY release ORDER BY SUM(sessions) DESC, release LIMIT 50`,
		a.Workspace, launchID, since.Unix()/3600, environment)
	if err != nil {
		return nil, fmt.Errorf("read health of releases: %w", err)
	}
	type people struct {
		release    string
		n, crashed int64
	}
	users, err := db.All(ctx, s.db, func(r db.Scanner) (p people, err error) { return p, r.Scan(&p.release, &p.n, &p.crashed) },
		`SELECT release, COUNT(*), COUNT(*) FILTER (WHERE crashed) FROM crash_user WHERE workspace_id = $1 AND launch_id = $2 AND day >= $3 AND ($4 = '' OR environment = $4) GROUP BY release`,
		a.Workspace, launchID, since.Unix()/86400, environment)
	if err != nil {
		return nil, fmt.Errorf("read users of releases: %w", err)
	}
	fresh, err := db.All(ctx, s.db, func(r db.Scanner) (p people, err error) { return p, r.Scan(&p.release, &p.n) },
		`SELECT first_release, COUNT(*) FROM error_group WHERE workspace_id = $1 AND launch_id = $2 AND first_at >= $3 AND first_release <> '' GROUP BY first_release`, a.Workspace, launchID, db.Micros(since))
	if err != nil {
		return nil, fmt.Errorf("read new errors of releases: %w", err)
	}
	total := int64(0)
	for _, h := range list {
		total += h.Sessions
	}
	for i := range list {
		h := &list[i]
		for _, p := range users {
			if p.release == h.Release {
				h.Users, h.CrashedUsers = p.n, p.crashed
			}
		}
		for _, p := range fresh {
			if p.release == h.Release {
				h.NewErrors = p.n
			}
		}
		h.CrashFreeSessions, h.CrashFreeUsers = free(h.Crashed, h.Sessions), free(h.CrashedUsers, h.Users)
		if total > 0 {
			h.Adoption = float64(h.Sessions) / float64(total)
		}
	}
	return list, nil
}

func free(bad, all int64) *float64 {
	if all <= 0 {
		return nil
	}
	f := max(0, 1-float64(bad)/float64(all))
	return &f
}

// Dropped is what a sender says it dropped itself (client), or what came and
// is not kept here (skipped).
type Dropped struct {
	Kind     string `json:"kind" enum:"client,skipped"`
	Category string `json:"category" example:"error"`
	Reason   string `json:"reason,omitempty" example:"ratelimit_backoff"`
	Count    int64  `json:"count"`
}

// NoteDropped counts what was dropped.
func (s *Service) NoteDropped(ctx context.Context, tx *db.Tx, ws workspace.ID, launchID string, list []Dropped) error {
	day := s.now().Unix() / 86400
	for _, d := range list {
		_, err := tx.ExecContext(ctx, `INSERT INTO crash_dropped (workspace_id, launch_id, day, kind, category, reason, n) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (workspace_id, launch_id, day, kind, category, reason) DO UPDATE SET n = crash_dropped.n + excluded.n`,
			ws, launchID, day, d.Kind, cut(d.Category, 60), cut(d.Reason, 60), d.Count)
		if err != nil {
			return fmt.Errorf("count what was dropped: %w", err)
		}
	}
	return nil
}

// DroppedOf returns what was dropped since a time.
func (s *Service) DroppedOf(ctx context.Context, launchID string, since time.Time) ([]Dropped, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	list, err := db.All(ctx, s.db, func(r db.Scanner) (d Dropped, err error) { return d, r.Scan(&d.Kind, &d.Category, &d.Reason, &d.Count) },
		`SELECT kind, category, reason, SUM(n) FROM crash_dropped WHERE workspace_id = $1 AND launch_id = $2 AND day >= $3 GROUP BY kind, category, reason ORDER BY SUM(n) DESC LIMIT 100`,
		a.Workspace, launchID, since.Unix()/86400)
	if err != nil {
		return nil, fmt.Errorf("read what was dropped: %w", err)
	}
	return list, nil
}
