package application

import (
	"context"
	"fmt"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Usage is what an application has used of one quota in one period.
type Usage struct {
	Quota    string    `json:"quota" doc:"Its name."`
	Subject  string    `json:"subject" doc:"application, or key and its id, for quotas that count by key."`
	StartsAt time.Time `json:"starts_at"`
	EndsAt   time.Time `json:"ends_at"`
	Used     int64     `json:"used" doc:"To about a second; calls that a node has claimed in advance are in it."`
}

// maxUsage bounds the answer.
const maxUsage = 500

// Usage returns what an application uses of its quotas in the periods that are
// under way.
func (s *Service) Usage(ctx context.Context, id string) ([]Usage, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	app, err := get(ctx, s.db, a.Workspace, id)
	if err != nil {
		return nil, err
	}
	subjects := map[string]string{"application " + app.ID: "application"}
	args := []any{a.Workspace, s.now().Unix(), maxUsage, "application " + app.ID}
	for _, k := range app.Keys {
		subjects["key "+k.ID] = "key " + k.ID
		args = append(args, "key "+k.ID)
	}
	out, err := db.All(ctx, s.db, func(q db.Scanner) (u Usage, err error) {
		var subject string
		var starts, ends int64
		err = q.Scan(&u.Quota, &subject, &starts, &ends, &u.Used)
		u.Subject, u.StartsAt, u.EndsAt = subjects[subject], time.Unix(starts, 0).UTC(), time.Unix(ends, 0).UTC()
		return u, err
	}, `SELECT scope, subject, starts_at, ends_at, used FROM quota_use
		WHERE workspace_id = $1 AND ends_at > $2 AND subject IN (`+db.In(4, len(subjects))+`) ORDER BY scope, subject, starts_at LIMIT $3`, args...)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, fmt.Errorf("read usage of %s: %w", id, err), "The usage could not be read; try again.")
	}
	return out, nil
}
