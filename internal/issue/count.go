package issue

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/workspace"
)

const (
	trendDays = 14
	day       = 24 * time.Hour
	// refreshEvery is how often a rising issue is looked at again: without
	// new reports nothing but time lowers its urgency.
	refreshEvery = time.Hour

	maxSegments = 12 // shown of an issue
	maxValues   = 20 // an attribute with more values (an account number) is no segment
)

func dayOf(t time.Time) int64 { return db.Micros(t) / day.Microseconds() }

// roll moves a trend that ended on day last to one that ends today.
func roll(days []int, last, today int64) []int {
	out := make([]int, trendDays)
	for k := range out {
		if at := today - int64(trendDays-1-k) - last + int64(len(days)) - 1; at >= 0 && at < int64(len(days)) {
			out[k] = days[at]
		}
	}
	return out
}

// counts is what the feedback of an issue adds up to.
type counts struct {
	reports, people, unnamed, weighty int
	first, last                       int64
	recent, before                    int
	sentiment                         Sentiments
	severities                        map[string]int
	segments                          []Segment
	days                              []int
}

func newCounts() counts { return counts{severities: map[string]int{}, days: make([]int, trendDays)} }

// recount brings what issues count up to date with their feedback, in the
// transaction that changed it. It reads one index (feedback_issue_facts) and
// the reporters, not the feedback.
func recount(ctx context.Context, tx *db.Tx, ws workspace.ID, now time.Time, list ...*Issue) error {
	for _, i := range list {
		c := newCounts()
		if err := c.read(ctx, tx, ofIssues(ws, i.ID), now); err != nil {
			return fmt.Errorf("count issue %s: %w", i.ID, err)
		}
		if err := i.apply(ctx, tx, ws, &c, now); err != nil {
			return fmt.Errorf("count issue %s: %w", i.ID, err)
		}
	}
	return nil
}

// span is the feedback that is counted, as the end of a statement.
type span struct {
	of   string
	args []any
}

// ofIssues spans the feedback of an issue, or of some together.
func ofIssues(ws workspace.ID, ids ...string) span {
	return span{` FROM feedback WHERE workspace_id = $1 AND issue_id IN (` + db.In(2, len(ids)) + `) AND issue_id <> ''`, append([]any{ws}, db.Args(ids)...)}
}

// part spans those of the feedback that have an id, or all others.
func (x span) part(ids []string, others bool) span {
	not := ""
	if others {
		not = "NOT "
	}
	return span{x.of + " AND id " + not + "IN (" + db.In(len(x.args)+1, len(ids)) + ")", append(slices.Clone(x.args), db.Args(ids)...)}
}

func (c *counts) read(ctx context.Context, q db.Queryer, x span, now time.Time) error {
	type mix struct {
		sentiment, severity string
		n                   int
		first, last         int64
	}
	mixes, err := db.All(ctx, q, func(s db.Scanner) (m mix, err error) {
		return m, s.Scan(&m.sentiment, &m.severity, &m.n, &m.first, &m.last)
	}, `SELECT sentiment, severity, COUNT(*), MIN(received_at), MAX(received_at)`+x.of+` GROUP BY sentiment, severity`, x.args...)
	if err != nil {
		return err
	}
	for _, m := range mixes {
		c.reports += m.n
		if m.severity != "" {
			c.severities[m.severity] += m.n
		}
		switch m.sentiment {
		case "negative":
			c.sentiment.Negative += m.n
		case "neutral":
			c.sentiment.Neutral += m.n
		case "positive":
			c.sentiment.Positive += m.n
		}
		if c.first == 0 || m.first < c.first {
			c.first = m.first
		}
		c.last = max(c.last, m.last)
	}
	if c.reports == 0 {
		return nil
	}
	if err := c.readDays(ctx, q, x, now); err != nil {
		return err
	}
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*)`+x.of+` AND person_id = ''`, x.args...).Scan(&c.unnamed); err != nil {
		return err
	}
	return c.readPeople(ctx, q, x)
}

func (c *counts) readDays(ctx context.Context, q db.Queryer, x span, now time.Time) error {
	today := dayOf(now)
	// Whole hours, for the trend by day and for the last day and week as well.
	type hour struct {
		at int64
		n  int
	}
	hours, err := db.All(ctx, q, func(s db.Scanner) (h hour, err error) { return h, s.Scan(&h.at, &h.n) },
		`SELECT occurred_at / 3600000000, COUNT(*)`+x.of+` AND occurred_at >= `+db.In(len(x.args)+1, 1)+` GROUP BY occurred_at / 3600000000`,
		append(slices.Clone(x.args), (today-trendDays+1)*day.Microseconds())...)
	if err != nil {
		return err
	}
	thisHour := db.Micros(now) / time.Hour.Microseconds()
	for _, h := range hours {
		at := min(h.at, thisHour) // a sender's clock may be ahead
		c.days[trendDays-1-int(today-at/24)] += h.n
		switch ago := thisHour - at; {
		case ago < 24:
			c.recent += h.n
		case ago < 24*8:
			c.before += h.n
		}
	}
	return nil
}

// readPeople counts the reporters and their segments, by the attributes that
// people share.
func (c *counts) readPeople(ctx context.Context, q db.Queryer, x span) error {
	if c.unnamed == c.reports {
		return nil
	}
	type group struct {
		attrs, org string
		n          int
	}
	groups, err := db.All(ctx, q, func(s db.Scanner) (g group, err error) { return g, s.Scan(&g.attrs, &g.org, &g.n) },
		`SELECT p.attrs, COALESCE(o.attrs, '{}'), COUNT(*) FROM (SELECT DISTINCT person_id`+x.of+` AND person_id <> '') AS f
		JOIN person p ON p.workspace_id = $1 AND p.id = f.person_id
		LEFT JOIN organisation o ON o.workspace_id = $1 AND o.id = p.organisation_id GROUP BY p.attrs, o.attrs`, x.args...)
	if err != nil {
		return err
	}
	byKey := map[string]map[string]int{}
	for _, g := range groups {
		c.people += g.n
		if g.attrs == "{}" && g.org == "{}" {
			continue
		}
		var attrs map[string]string
		for _, text := range []string{g.org, g.attrs} { // a person's own win
			if err := json.Unmarshal([]byte(text), &attrs); err != nil {
				return fmt.Errorf("read attributes of persons: %w", err)
			}
		}
		heavy := false
		for k, v := range attrs {
			if byKey[k] == nil {
				byKey[k] = map[string]int{}
			}
			byKey[k][v] += g.n
			heavy = heavy || weighty(k, v)
		}
		if heavy {
			c.weighty += g.n
		}
	}
	c.segments = segments(byKey)
	return nil
}

// segments picks what is shown of the attributes: those that weigh more
// first, then the largest.
func segments(byKey map[string]map[string]int) []Segment {
	var list []Segment
	heavy := map[string]bool{}
	for key, values := range byKey {
		if len(values) > maxValues {
			maps.DeleteFunc(values, func(v string, _ int) bool { return !weighty(key, v) })
		}
		for v, n := range values {
			name := key + "=" + v
			heavy[name] = weighty(key, v)
			list = append(list, Segment{name, n})
		}
	}
	slices.SortFunc(list, func(a, b Segment) int {
		switch {
		case heavy[a.Name] != heavy[b.Name]:
			if heavy[a.Name] {
				return -1
			}
			return 1
		case a.Count != b.Count:
			return b.Count - a.Count
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list[:min(len(list), maxSegments)]
}

// score says how important an issue with these counts is.
func (c *counts) score(i *Issue) Scored {
	return Score(Facts{Reports: c.reports, People: c.people, Unnamed: c.unnamed, Met: i.facts.Met, Weighty: c.weighty, Segments: c.segments, Severity: i.Severity,
		Recent: c.recent, Before: c.before, Urgency: i.urgencySet, SetBy: i.UrgencySetBy})
}

// apply scores the counts and writes them to the issue's row.
func (i *Issue) apply(ctx context.Context, tx *db.Tx, ws workspace.ID, c *counts, now time.Time) error {
	s := c.score(i)
	i.Reach = Reach{Feedback: c.reports, People: c.people, Unnamed: c.unnamed, Met: i.facts.Met, Segments: append([]Segment{}, c.segments...)}
	i.reach, i.Impact, i.Urgency, i.UrgencySuggested, i.Priority, i.PriorityReason = s.Reach, s.Impact, s.Urgency, s.Suggested, s.Priority, s.Lines
	i.Sentiment, i.FirstReceivedAt, i.LastReceivedAt = c.sentiment, timePtr(c.first), timePtr(c.last)
	i.SuggestedSeverity = suggestSeverity(i.Severity, i.DismissedSeverity, c.severities)
	i.refreshAt = 0
	if s.Rising {
		i.refreshAt = db.Micros(now.Add(refreshEvery))
	}
	i.facts = facts{Unnamed: c.unnamed, Met: i.facts.Met, Segments: c.segments, Sentiment: c.sentiment, Severities: c.severities, Day: dayOf(now), Days: c.days, Suggested: s.Suggested, Lines: s.Lines}
	text, err := json.Marshal(i.facts)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE issue SET reports = $3, people = $4, reach = $5, impact = $6, urgency = $7, priority = $8, first_received_at = $9, last_received_at = $10,
		refresh_at = $11, facts = $12 WHERE workspace_id = $1 AND id = $2`, ws, i.ID, c.reports, c.people, s.Reach, s.Impact, s.Urgency, s.Priority, c.first, c.last, i.refreshAt, string(text))
	return err
}

// suggestSeverity speaks up when at least two, and a third, of the reports
// read as more severe than the issue says, and worse than what was dismissed.
func suggestSeverity(severity, dismissed string, reports map[string]int) *SeveritySuggestion {
	total := 0
	for _, n := range reports {
		total += n
	}
	above := 0
	for _, level := range Severities {
		if level >= severity || dismissed != "" && level >= dismissed {
			return nil
		}
		above += reports[level]
		if above >= 2 && above*3 >= total {
			how := "as " + level
			if level != Severities[0] {
				how = "as " + level + " or worse"
			}
			return &SeveritySuggestion{level, fmt.Sprintf("%d of %d reports read %s", above, total, how)}
		}
	}
	return nil
}

// Recount brings issues up to date whose feedback another noun changed (a
// corrected sentiment, an import taken back), in its transaction. After the
// commit the caller must call Recounted.
func (s *Service) Recount(ctx context.Context, tx *db.Tx, ws workspace.ID, ids ...string) error {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	list, err := lock(ctx, tx, ws, ids, 0)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if i := list[id]; i != nil {
			if err := recount(ctx, tx, ws, s.now(), i); err != nil {
				return err
			}
		}
	}
	return nil
}

// Recounted tells watchers of issues of a launch that were counted anew.
func (s *Service) Recounted(ctx context.Context, ws workspace.ID, launchID string, ids ...string) {
	s.tell(context.WithoutCancel(ctx), ws, "issue.updated", launchID, ids)
}

// Refresh looks again at issues whose urgency a trend raised some time ago,
// in all workspaces, and returns how many. It is called every few minutes;
// nodes that do so at the same time do no harm.
func (s *Service) Refresh(ctx context.Context) (int, error) {
	type ref struct {
		ws           workspace.ID
		id, launchID string
	}
	total := 0
	for {
		// All workspaces: this is the node's own work list.
		list, err := db.All(ctx, s.db, func(r db.Scanner) (x ref, err error) { return x, r.Scan(&x.ws, &x.id, &x.launchID) },
			`SELECT workspace_id, id, launch_id FROM issue WHERE refresh_at <> 0 AND refresh_at <= $1 ORDER BY refresh_at LIMIT 50`, db.Micros(s.now()))
		if err != nil {
			return total, fmt.Errorf("find issues to refresh: %w", err)
		}
		if len(list) == 0 {
			return total, nil
		}
		// Locked in the order in which every act locks.
		slices.SortFunc(list, func(a, b ref) int { return strings.Compare(a.id, b.id) })
		err = s.db.Tx(ctx, func(tx *db.Tx) error {
			for _, x := range list {
				if err := s.Recount(ctx, tx, x.ws, x.id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return total, err
		}
		for _, x := range list {
			s.Recounted(ctx, x.ws, x.launchID, x.id)
		}
		total += len(list)
	}
}
