package crash

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Query selects groups of a launch.
type Query struct {
	State       string // "": all
	Release     string
	Environment string
	Text        string // in title or culprit
	User        string // id, e-mail or name of who met them
	Sort        string // last, first, events, users
	BeforeValue int64  // where the last page ended
	BeforeID    string
	Limit       int
}

// value is what a page is sorted by.
func (g *Group) value(sort string) int64 {
	switch sort {
	case "first":
		return db.Micros(g.FirstAt)
	case "events":
		return g.Events
	case "users":
		return g.Users
	}
	return db.Micros(g.LastAt)
}

var sortColumns = map[string]string{"": "last_at", "last": "last_at", "first": "first_at", "events": "events", "users": "users"}

// List returns a page of groups, greatest first.
func (s *Service) List(ctx context.Context, launchID string, q Query) ([]*Group, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	column := sortColumns[q.Sort]
	if column == "" {
		return nil, errs.New(errs.Invalid, "Errors can't be sorted by %.40q; use last, first, events or users.", q.Sort)
	}
	if q.BeforeID == "" {
		q.BeforeValue = 1 << 62
	}
	where := `workspace_id = $1 AND launch_id = $2 AND (` + column + `, id) < ($3, $4)`
	args := []any{a.Workspace, launchID, q.BeforeValue, q.BeforeID}
	add := func(text string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			text = strings.Replace(text, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		where += " AND " + text
	}
	if q.State != "" && q.State != "all" {
		add(`state = ?`, q.State)
	}
	for name, v := range map[string]string{"release": q.Release, "environment": q.Environment} {
		if v != "" {
			add(`EXISTS (SELECT 1 FROM error_tag t WHERE t.workspace_id = error_group.workspace_id AND t.group_id = error_group.id AND t.name = ? AND t.value = ?)`, name, v)
		}
	}
	for _, word := range strings.Fields(strings.ToLower(q.Text)) {
		like := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(word) + "%"
		add(`(lower(title) LIKE ? ESCAPE '\' OR lower(culprit) LIKE ? ESCAPE '\')`, like, like)
	}
	if u := strings.TrimSpace(q.User); u != "" {
		add(`id IN (SELECT group_id FROM error_user u WHERE u.workspace_id = $1 AND u.launch_id = $2 AND u.who IN (?, ?, ?))`, "id:"+u, "email:"+strings.ToLower(u), "name:"+u)
	}
	args = append(args, q.Limit)
	list, err := db.All(ctx, s.db, scanGroup, `SELECT `+groupColumns+` FROM error_group WHERE `+where+fmt.Sprintf(` ORDER BY %s DESC, id DESC LIMIT $%d`, column, len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("list errors: %w", err)
	}
	return list, s.dress(ctx, a.Workspace, list...)
}

// Get returns one group.
func (s *Service) Get(ctx context.Context, id string) (*Group, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	g, err := get(ctx, s.db, a.Workspace, id)
	if err != nil {
		return nil, err
	}
	return g, s.dress(ctx, a.Workspace, g)
}

// hours is how long the line beside a group is.
const hours = 24

// dress adds the events of the last hours and the issue.
func (s *Service) dress(ctx context.Context, ws workspace.ID, list ...*Group) error {
	if len(list) == 0 {
		return nil
	}
	by := make(map[string]*Group, len(list))
	var ids, issueIDs []string
	now := s.now().Unix() / 3600
	for _, g := range list {
		by[g.ID], g.Hours = g, make([]int64, hours)
		ids = append(ids, g.ID)
		if g.issueID != "" {
			issueIDs = append(issueIDs, g.issueID)
		}
	}
	rows, err := s.db.QueryContext(ctx, `SELECT group_id, hour, events FROM error_hour WHERE workspace_id = $1 AND hour > $2 AND group_id IN (`+db.In(3, len(ids))+`)`, append([]any{ws, now - hours}, db.Args(ids)...)...)
	if err != nil {
		return fmt.Errorf("read hours of errors: %w", err)
	}
	defer func() { _ = rows.Close() }() // Err tells
	for rows.Next() {
		var id string
		var hour, n int64
		if err := rows.Scan(&id, &hour, &n); err != nil {
			return err
		}
		if i := hour - (now - hours) - 1; i >= 0 && i < hours {
			by[id].Hours[i] = n
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read hours of errors: %w", err)
	}
	if len(issueIDs) == 0 || s.issues == nil {
		return nil
	}
	refs, err := s.issues.Refs(ctx, ws, issueIDs)
	if err != nil {
		return err
	}
	for _, g := range list {
		if r, ok := refs[g.issueID]; ok {
			g.Issue = &r
		}
	}
	return nil
}

// Counts is how many groups of a launch are in each state.
type Counts struct {
	Unresolved int `json:"unresolved"`
	Resolved   int `json:"resolved"`
	Ignored    int `json:"ignored"`
}

// Count counts the groups of a launch.
func (s *Service) Count(ctx context.Context, launchID string) (c Counts, err error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return c, err
	}
	for state, n := range map[string]*int{Unresolved: &c.Unresolved, Resolved: &c.Resolved, Ignored: &c.Ignored} {
		err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT id FROM error_group WHERE workspace_id = $1 AND launch_id = $2 AND state = $3 LIMIT 100000) AS t`, a.Workspace, launchID, state).Scan(n)
		if err != nil {
			return c, fmt.Errorf("count errors: %w", err)
		}
	}
	return c, nil
}

// Value is one value of a tag.
type Value struct {
	Value  string    `json:"value"`
	Events int64     `json:"events"`
	LastAt time.Time `json:"last_at"`
}

// Tag is one tag of the events of a group, commonest values first.
type Tag struct {
	Name   string  `json:"name"`
	Values []Value `json:"values" nullable:"false"`
}

// tags are the tags of a group.
func (s *Service) tags(ctx context.Context, ws workspace.ID, id string) ([]Tag, error) {
	var out []Tag
	rows, err := s.db.QueryContext(ctx, `SELECT name, value, events, last_at FROM error_tag WHERE workspace_id = $1 AND group_id = $2 ORDER BY name, events DESC, value LIMIT 2000`, ws, id)
	if err != nil {
		return nil, fmt.Errorf("read tags of error %s: %w", id, err)
	}
	defer func() { _ = rows.Close() }() // Err tells
	for rows.Next() {
		var name string
		var v Value
		var last int64
		if err := rows.Scan(&name, &v.Value, &v.Events, &last); err != nil {
			return nil, err
		}
		v.LastAt = db.Time(last)
		if len(out) == 0 || out[len(out)-1].Name != name {
			out = append(out, Tag{Name: name})
		}
		if t := &out[len(out)-1]; len(t.Values) < 10 {
			t.Values = append(t.Values, v)
		}
	}
	return out, rows.Err()
}

// Affected is one who met a group.
type Affected struct {
	Who     string    `json:"who" doc:"id:…, email:…, name:… or ip:…"`
	Label   string    `json:"label"`
	Events  int64     `json:"events"`
	FirstAt time.Time `json:"first_at"`
	LastAt  time.Time `json:"last_at"`
}

// Users returns a page of who met a group, latest first, behind the place
// where the last page ended.
func (s *Service) Users(ctx context.Context, id string, before int64, beforeWho string, limit int) ([]Affected, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	if before == 0 {
		before = 1 << 62
	}
	list, err := db.All(ctx, s.db, func(r db.Scanner) (u Affected, err error) {
		var first, last int64
		err = r.Scan(&u.Who, &u.Label, &u.Events, &first, &last)
		u.FirstAt, u.LastAt = db.Time(first), db.Time(last)
		return u, err
	}, `SELECT who, label, events, first_at, last_at FROM error_user WHERE workspace_id = $1 AND group_id = $2 AND (last_at < $3 OR last_at = $3 AND who > $4) ORDER BY last_at DESC, who LIMIT $5`, a.Workspace, id, before, beforeWho, limit)
	if err != nil {
		return nil, fmt.Errorf("list users of error %s: %w", id, err)
	}
	return list, nil
}

// Events returns a page of the events that are kept of a group, newest
// first, before the one with a place (0: the first page). next is where the
// page ended, 0 on the last.
func (s *Service) Events(ctx context.Context, id string, before int64, limit int) (list []*Event, next int64, err error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, 0, err
	}
	if before == 0 {
		before = 1 << 62
	}
	list, err = db.All(ctx, s.db, scanEvent, `SELECT `+eventColumns+` FROM error_event WHERE workspace_id = $1 AND group_id = $2 AND seq < $3 ORDER BY seq DESC LIMIT $4`, a.Workspace, id, before, limit+1)
	if err != nil {
		return nil, 0, fmt.Errorf("list events of error %s: %w", id, err)
	}
	if len(list) > limit {
		list = list[:limit]
		next = list[limit-1].seq
	}
	return list, next, nil
}

// Event returns one event with all that is kept of it, by our id or by the
// sender's.
func (s *Service) Event(ctx context.Context, id string) (*Event, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	e, err := scanEvent(s.db.QueryRowContext(ctx, `SELECT `+eventColumns+` FROM error_event WHERE workspace_id = $1 AND id = $2`, a.Workspace, id))
	if db.IsNoRows(err) {
		return nil, errs.New(errs.NotFound, "There is no event %.60s any more; of each error the newest and a sample of the others are kept.", id)
	} else if err != nil {
		return nil, fmt.Errorf("get event %s: %w", id, err)
	}
	return e, s.fill(ctx, a.Workspace, e)
}

func (s *Service) fill(ctx context.Context, ws workspace.ID, e *Event) error {
	var body []byte
	err := s.db.QueryRowContext(ctx, `SELECT body FROM error_event WHERE workspace_id = $1 AND id = $2`, ws, e.ID).Scan(&body)
	if err == nil {
		e.Body, err = unpack(body)
	}
	if err != nil {
		return fmt.Errorf("read event %s: %w", e.ID, err)
	}
	return nil
}
