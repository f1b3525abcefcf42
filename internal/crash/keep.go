package crash

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/release"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Rule says which events of errors become feedback: never each of them.
type Rule struct {
	New        bool   // the first event of a group
	Regression bool   // an event after the group was resolved
	Users      int    // more than so many users ...
	Minutes    int    // ... within so many minutes; 0 users: off
	Level      string // what is less grave makes none; error when empty
	Channel    string // kind of channel that the reports come by; sentry when empty
}

// gravity orders levels.
var gravity = map[string]int{"debug": 0, "info": 1, "warning": 2, "error": 3, "fatal": 4}

func (r Rule) grave(level string) bool {
	least, ok := gravity[r.Level]
	if !ok {
		least = gravity["error"]
	}
	return gravity[level] >= least
}

const (
	keepNewest = 100 // events of a group
	keepSample = 100 // of those that are older, evenly spread
	pruneEach  = 32
	maxValues  = 50 // of one tag of a group
)

// Kept is what became of an event.
type Kept struct {
	GroupID   string
	Duplicate bool // it was here already
	Reports   []feedback.Incoming
}

// Keep writes an event in tx: into its group, which it may make or reopen.
// What it returns as reports is what rule asks for. The same event again
// changes nothing.
func (s *Service) Keep(ctx context.Context, tx *db.Tx, ws workspace.ID, p *Prepared, rule Rule) (*Kept, error) {
	e := p.Event
	var groupID string
	err := tx.QueryRowContext(ctx, `SELECT group_id FROM error_event WHERE workspace_id = $1 AND launch_id = $2 AND event_id = $3`, ws, e.LaunchID, e.EventID).Scan(&groupID)
	if err == nil {
		return &Kept{GroupID: groupID, Duplicate: true}, nil
	} else if !db.IsNoRows(err) {
		return nil, fmt.Errorf("look for event %s: %w", e.EventID, err)
	}
	g, fresh, err := s.groupFor(ctx, tx, ws, p)
	if err != nil {
		return nil, err
	}
	regressed := false
	if !fresh {
		if regressed, err = count(ctx, tx, ws, g, e); err != nil {
			return nil, err
		}
	}
	if err := surround(ctx, tx, ws, g, e); err != nil {
		return nil, err
	}
	e.ID, e.GroupID, e.seq = db.NewID(), g.ID, g.Events
	if err := linkReports(ctx, tx, ws, e); err != nil {
		return nil, err
	}
	if err := insertEvent(ctx, tx, ws, e, p.body); err != nil {
		return nil, err
	}
	if g.Events%pruneEach == 0 {
		if err := prune(ctx, tx, ws, g); err != nil {
			return nil, err
		}
	}
	k := &Kept{GroupID: g.ID}
	k.Reports, err = s.report(ctx, tx, ws, g, e, rule, fresh, regressed)
	return k, err
}

// groupFor finds the group of an event, or makes one.
func (s *Service) groupFor(ctx context.Context, tx *db.Tx, ws workspace.ID, p *Prepared) (*Group, bool, error) {
	e := p.Event
	values := make([]string, len(p.hashes))
	for i, h := range p.hashes {
		values[i] = h.value
	}
	find := func() (string, map[string]string, error) {
		type known struct{ hash, group string }
		list, err := db.All(ctx, tx, func(r db.Scanner) (k known, err error) { return k, r.Scan(&k.hash, &k.group) },
			`SELECT hash, group_id FROM error_hash WHERE workspace_id = $1 AND launch_id = $2 AND hash IN (`+db.In(3, len(values))+`)`, append([]any{ws, e.LaunchID}, db.Args(values)...)...)
		if err != nil {
			return "", nil, fmt.Errorf("find group: %w", err)
		}
		by := map[string]string{}
		for _, k := range list {
			by[k.hash] = k.group
		}
		for _, v := range values {
			if by[v] != "" {
				return by[v], by, nil
			}
		}
		return "", by, nil
	}
	id, known, err := find()
	if err != nil {
		return nil, false, err
	}
	made := id == ""
	if made {
		id = db.NewID()
	}
	for i, h := range p.hashes {
		if known[h.value] != "" {
			continue
		}
		n, err := db.Affected(tx.ExecContext(ctx, `INSERT INTO error_hash (workspace_id, launch_id, hash, grouping, group_id) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
			ws, e.LaunchID, h.value, h.version, id))
		if err != nil {
			return nil, false, fmt.Errorf("note hash: %w", err)
		}
		if n == 0 && i == 0 && made { // another writer made the group just now
			made = false
			if id, _, err = find(); err != nil {
				return nil, false, err
			}
		}
	}
	if !made {
		g, err := get(ctx, tx, ws, id)
		return g, false, err
	}
	num, err := workspace.Next(ctx, tx, ws, "error", 1)
	if err != nil {
		return nil, false, err
	}
	g := &Group{ID: id, Number: num, LaunchID: e.LaunchID, Title: e.Title, Kind: kindOf(e), Message: cut(messageOf(e), 2000), Culprit: e.Body.Culprit, Level: e.Level, Platform: e.Body.Platform,
		State: Unresolved, FirstAt: e.At, LastAt: e.At, Events: 1, FirstRelease: e.Release, LastRelease: e.Release, Grouping: p.hashes[0].version}
	return g, true, insertGroup(ctx, tx, ws, g)
}

// count adds an event to a group that was there, and reports whether that
// reopened it.
func count(ctx context.Context, tx *db.Tx, ws workspace.ID, g *Group, e *Event) (regressed bool, err error) {
	if g.State == Resolved {
		if regressed, err = regresses(ctx, tx, ws, g, e); err != nil {
			return false, err
		}
	}
	n := 0
	if regressed {
		n = 1
		g.State, g.RegressedAt = Unresolved, &e.At
	}
	err = tx.QueryRowContext(ctx, `UPDATE error_group SET events = events + 1,
			first_at = CASE WHEN first_at > $1 THEN $1 ELSE first_at END,
			last_release = CASE WHEN last_at <= $1 AND $2 <> '' THEN $2 ELSE last_release END,
			level = CASE WHEN last_at <= $1 THEN $3 ELSE level END,
			last_at = CASE WHEN last_at < $1 THEN $1 ELSE last_at END,
			state = $4, regressions = regressions + $5,
			regressed_at = CASE WHEN $5 > 0 THEN $1 ELSE regressed_at END,
			state_at = CASE WHEN $5 > 0 THEN $1 ELSE state_at END,
			state_by = CASE WHEN $5 > 0 THEN '' ELSE state_by END
		WHERE workspace_id = $6 AND id = $7 RETURNING events, regressions`, db.Micros(e.At), e.Release, e.Level, g.State, n, ws, g.ID).Scan(&g.Events, &g.Regressions)
	if err != nil {
		return false, fmt.Errorf("count event of error %s: %w", g.ID, err)
	}
	return regressed, nil
}

// regresses reports whether an event shows that a resolved error is back: it
// came afterwards, and not from a release that was before the fix.
func regresses(ctx context.Context, q db.Queryer, ws workspace.ID, g *Group, e *Event) (bool, error) {
	if g.StateAt == nil || !e.At.After(*g.StateAt) {
		return false, nil
	}
	if g.ResolvedIn == "" || e.Release == "" {
		return true, nil
	}
	if before, known := older(e.Release, g.ResolvedIn); known {
		return !before, nil
	}
	// Their names tell no order: the one that was marked first is the older.
	a, err := release.FirstAt(ctx, q, ws, g.LaunchID, e.Release)
	if err != nil {
		return false, err
	}
	b, err := release.FirstAt(ctx, q, ws, g.LaunchID, g.ResolvedIn)
	if err != nil {
		return false, err
	}
	return !a.IsZero() && !b.IsZero() && !a.Before(b), nil
}

// surround counts who met it, when, and with which tags.
func surround(ctx context.Context, tx *db.Tx, ws workspace.ID, g *Group, e *Event) error {
	if who, label := e.User.who(); who != "" {
		var n int64
		err := tx.QueryRowContext(ctx, `INSERT INTO error_user (workspace_id, group_id, who, launch_id, label, events, first_at, last_at) VALUES ($1, $2, $3, $4, $5, 1, $6, $6)
			ON CONFLICT (workspace_id, group_id, who) DO UPDATE SET events = error_user.events + 1, last_at = CASE WHEN error_user.last_at < $6 THEN $6 ELSE error_user.last_at END
			RETURNING events`, ws, g.ID, who, g.LaunchID, label, db.Micros(e.At)).Scan(&n)
		if err != nil {
			return fmt.Errorf("count user of error %s: %w", g.ID, err)
		}
		if n == 1 {
			if err := tx.QueryRowContext(ctx, `UPDATE error_group SET users = users + 1 WHERE workspace_id = $1 AND id = $2 RETURNING users`, ws, g.ID).Scan(&g.Users); err != nil {
				return fmt.Errorf("count users of error %s: %w", g.ID, err)
			}
		}
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO error_hour (workspace_id, group_id, hour, events) VALUES ($1, $2, $3, 1)
		ON CONFLICT (workspace_id, group_id, hour) DO UPDATE SET events = error_hour.events + 1`, ws, g.ID, e.At.Unix()/3600)
	if err != nil {
		return fmt.Errorf("count hour of error %s: %w", g.ID, err)
	}
	rows := [][]any{}
	tags := tagsOf(e)
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		rows = append(rows, []any{ws, g.ID, name, tags[name], int64(1), db.Micros(e.At)})
	}
	return db.Insert(ctx, tx, `INSERT INTO error_tag (workspace_id, group_id, name, value, events, last_at)`,
		`ON CONFLICT (workspace_id, group_id, name, value) DO UPDATE SET events = error_tag.events + 1, last_at = excluded.last_at`, rows)
}

// tagsOf are an event's own tags and those that everybody filters by.
func tagsOf(e *Event) map[string]string {
	out := maps.Clone(e.Body.Tags)
	if out == nil {
		out = map[string]string{}
	}
	for name, v := range map[string]string{"release": e.Release, "environment": e.Environment, "transaction": e.Transaction, "level": e.Level, "server": e.Body.Server,
		"browser": contextName(e.Body.Contexts["browser"]), "os": contextName(e.Body.Contexts["os"]), "runtime": contextName(e.Body.Contexts["runtime"]), "url": e.URL} {
		if v != "" {
			out[name] = cut(v, maxTagValue)
		}
	}
	for _, unique := range []string{"request_id", "x-request-id", "trace_id", "session_id"} { // tell one event, no kind of them
		delete(out, unique)
	}
	return out
}

// prune keeps the newest events of a group, an even sample of those before,
// what somebody reported, and the commonest values of each tag.
func prune(ctx context.Context, tx *db.Tx, ws workspace.ID, g *Group) error {
	step := int64(1)
	for g.Events/step > keepSample {
		step *= 2
	}
	if step > 1 {
		_, err := tx.ExecContext(ctx, `DELETE FROM error_event WHERE workspace_id = $1 AND group_id = $2 AND seq <= $3 AND seq % $4 <> 0 AND seq > 1 AND NOT pinned`, ws, g.ID, g.Events-keepNewest, step)
		if err != nil {
			return fmt.Errorf("drop events of error %s: %w", g.ID, err)
		}
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM error_tag WHERE workspace_id = $1 AND group_id = $2 AND (name, value) IN (
		SELECT name, value FROM (SELECT name, value, ROW_NUMBER() OVER (PARTITION BY name ORDER BY events DESC, last_at DESC) AS place
			FROM error_tag WHERE workspace_id = $1 AND group_id = $2) AS t WHERE place > $3)`, ws, g.ID, maxValues)
	if err != nil {
		return fmt.Errorf("drop tags of error %s: %w", g.ID, err)
	}
	return nil
}

// report is the feedback that a rule makes of an event: of the first of a
// group, of one that reopens it, of one with which many have met it.
func (s *Service) report(ctx context.Context, tx *db.Tx, ws workspace.ID, g *Group, e *Event, rule Rule, fresh, regressed bool) ([]feedback.Incoming, error) {
	if !rule.grave(e.Level) {
		return nil, nil
	}
	key, text := "", ""
	switch {
	case fresh && rule.New:
		key, text = fmt.Sprintf("error:%s:%d", g.ID, 0), "A new error"
	case regressed && rule.Regression:
		key, text = fmt.Sprintf("error:%s:%d", g.ID, g.Regressions), "An error that was resolved is back"
	case rule.Users > 0 && rule.Minutes > 0 && g.State == Unresolved:
		window := time.Duration(rule.Minutes) * time.Minute
		if g.burstAt != 0 && e.At.Sub(db.Time(g.burstAt)) < 24*time.Hour || g.Users <= int64(rule.Users) {
			return nil, nil
		}
		var n int
		err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT who FROM error_user WHERE workspace_id = $1 AND group_id = $2 AND last_at > $3 LIMIT $4) AS t`,
			ws, g.ID, db.Micros(e.At.Add(-window)), rule.Users+1).Scan(&n)
		if err != nil {
			return nil, fmt.Errorf("count who met error %s: %w", g.ID, err)
		}
		if n <= rule.Users {
			return nil, nil
		}
		if _, err := tx.ExecContext(ctx, `UPDATE error_group SET burst_at = $1 WHERE workspace_id = $2 AND id = $3`, db.Micros(e.At), ws, g.ID); err != nil {
			return nil, fmt.Errorf("note burst of error %s: %w", g.ID, err)
		}
		key, text = fmt.Sprintf("error:%s:b%d", g.ID, db.Micros(e.At)), fmt.Sprintf("More than %d users met an error within %d minutes", rule.Users, rule.Minutes)
	}
	if key == "" {
		return nil, nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", text, e.Title)
	if e.Body.Culprit != "" {
		fmt.Fprintf(&b, "\nin %s", e.Body.Culprit)
	}
	if e.Release != "" {
		fmt.Fprintf(&b, "\nrelease %s", e.Release)
		if e.Environment != "" {
			fmt.Fprintf(&b, ", %s", e.Environment)
		}
	}
	if e.Transaction != "" && e.Transaction != e.Body.Culprit {
		fmt.Fprintf(&b, "\nat %s", e.Transaction)
	}
	at := e.At
	in := feedback.Input{Title: e.Title, Text: b.String(), OccurredAt: &at, AppVersion: e.Release, URL: e.URL, Attrs: attrs(e, map[string]string{"error_id": g.ID, "implicit": "error"})}
	err := putReport(ctx, tx, ws, Report{LaunchID: g.LaunchID, NaturalKey: key, Channel: cmp.Or(rule.Channel, "sentry"), GroupID: g.ID, TraceID: e.TraceID, At: e.At})
	return []feedback.Incoming{{Input: in, NaturalKey: key}}, err
}

// attrs tells evidence what a report belongs to.
func attrs(e *Event, out map[string]string) map[string]string {
	for name, v := range map[string]string{"error_event_id": e.EventID, "trace_id": e.TraceID, "environment": e.Environment, "transaction": e.Transaction, "request_id": e.RequestID} {
		if v != "" {
			out[name] = v
		}
	}
	return out
}
