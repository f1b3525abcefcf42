package triage

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Accuracy is how often people left triage's word as it was.
//
// A field of a feedback counts as reviewed when a person corrected or
// confirmed this field (and did not take that back), or accepted the feedback into an issue with
// the field as it was. Ignoring a feedback, calling it spam or correcting
// another field says nothing of this one. What triage decided is the value
// that stood before the first correction; what is final, the value now.
type Accuracy struct {
	Fields []FieldAccuracy `json:"fields" nullable:"false"`
	Since  string          `json:"since" doc:"First day of the by-day figures, UTC."`
}

// FieldAccuracy is the accuracy of one field.
type FieldAccuracy struct {
	Field     string          `json:"field"`
	Decided   int             `json:"decided" doc:"Feedback that triage decided this field of: all of the launch."`
	Reviewed  int             `json:"reviewed" doc:"Of these, those a person looked at: corrected or confirmed in this field, or accepted."`
	Corrected int             `json:"corrected" doc:"Of the reviewed, those whose final value is another one."`
	Right     *float64        `json:"right,omitempty" doc:"Share of the reviewed that was right; absent when none was reviewed."`
	Classes   []ClassAccuracy `json:"classes" nullable:"false" doc:"By value; empty for area, which has any value, and spam, of which only the wrong ones are reviewed."`
	Days      []DayAccuracy   `json:"days" nullable:"false" doc:"By the day on which the feedback came in, the last 30 days; days without a review are left out."`
}

// ClassAccuracy is the accuracy of one value of a field.
type ClassAccuracy struct {
	Name      string   `json:"name"`
	N         int      `json:"n" doc:"Reviewed feedback whose final value is this."`
	Said      int      `json:"said" doc:"Reviewed feedback for which triage said this."`
	Hit       int      `json:"hit" doc:"Both."`
	Precision *float64 `json:"precision,omitempty" doc:"hit / said"`
	Recall    *float64 `json:"recall,omitempty" doc:"hit / n"`
}

// DayAccuracy is the accuracy of a field over the feedback of one day.
type DayAccuracy struct {
	Day       string  `json:"day" example:"2026-11-21" doc:"UTC"`
	Reviewed  int     `json:"reviewed"`
	Corrected int     `json:"corrected"`
	Right     float64 `json:"right"`
}

// accuracyDays is how far back the figures by day go.
const accuracyDays = 30

const dayMicros = int64(24 * time.Hour / time.Microsecond)

// Accuracy measures triage against what people made of it. Accepted feedback
// is counted in the database over partial indexes; only corrections are read
// one by one.
func (l *Ledger) Accuracy(ctx context.Context, launchID string) (*Accuracy, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	if _, err := l.launches.Get(ctx, launchID); err != nil {
		return nil, err
	}
	since := db.Micros(l.now())/dayMicros - accuracyDays + 1
	c, err := readCounts(ctx, l.db, a.Workspace, launchID, since*dayMicros)
	if err != nil {
		return nil, err
	}
	out := &Accuracy{Since: dayName(since), Fields: []FieldAccuracy{}}
	for _, field := range triaged {
		out.Fields = append(out.Fields, c.field(field, since))
	}
	return out, nil
}

func dayName(day int64) string { return db.Time(day * dayMicros).Format(time.DateOnly) }

// counts is what Accuracy is made of.
type counts struct {
	decided  int
	accepted int
	values   map[string]map[string]int // by field: accepted feedback by value
	byDay    map[int64]int             // accepted feedback by day
	changes  []changeCount
}

// changeCount is the net correction of one field of one feedback.
type changeCount struct {
	field, from, to string
	accepted        bool
	day             int64
}

// classed are the fields counted by value, in the order of the index.
var classed = []string{FieldCategory, FieldSeverity, FieldSentiment, FieldEmotion, FieldLanguage}

func readCounts(ctx context.Context, q db.Queryer, ws workspace.ID, launchID string, since int64) (*counts, error) {
	c := &counts{values: map[string]map[string]int{}, byDay: map[int64]int{}}
	for _, f := range classed {
		c.values[f] = map[string]int{}
	}
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM feedback WHERE workspace_id = $1 AND launch_id = $2`, ws, launchID).Scan(&c.decided); err != nil {
		return nil, fmt.Errorf("count feedback of launch %s: %w", launchID, err)
	}
	type group struct {
		v [5]string
		n int
	}
	groups, err := db.All(ctx, q, func(s db.Scanner) (g group, err error) {
		return g, s.Scan(&g.v[0], &g.v[1], &g.v[2], &g.v[3], &g.v[4], &g.n)
	}, `SELECT category, severity, sentiment, emotion, language, COUNT(*) FROM feedback WHERE workspace_id = $1 AND launch_id = $2 AND state = 'accepted'
		GROUP BY category, severity, sentiment, emotion, language`, ws, launchID)
	if err != nil {
		return nil, fmt.Errorf("count accepted feedback of launch %s: %w", launchID, err)
	}
	for _, g := range groups {
		c.accepted += g.n
		for i, f := range classed {
			c.values[f][g.v[i]] += g.n
		}
	}
	days, err := db.All(ctx, q, func(s db.Scanner) (d [2]int64, err error) { return d, s.Scan(&d[0], &d[1]) },
		`SELECT received_at / 86400000000, COUNT(*) FROM feedback WHERE workspace_id = $1 AND launch_id = $2 AND state = 'accepted' AND received_at >= $3 GROUP BY 1`, ws, launchID, since)
	if err != nil {
		return nil, fmt.Errorf("count accepted feedback of launch %s by day: %w", launchID, err)
	}
	for _, d := range days {
		c.byDay[d[0]] = int(d[1])
	}
	c.changes, err = readChanges(ctx, q, ws, launchID)
	return c, err
}

// readChanges reads the net corrections, and which of the corrected feedback
// are accepted: two plain look-ups, since a join of the two is
// planned badly while a database has no statistics yet.
func readChanges(ctx context.Context, q db.Queryer, ws workspace.ID, launchID string) ([]changeCount, error) {
	nets, err := netCorrections(ctx, q, ws, launchID)
	if err != nil {
		return nil, err
	}
	ids := make(map[string]bool, len(nets))
	for _, x := range nets {
		ids[x.FeedbackID] = true
	}
	accepted := map[string]bool{}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(ids)), 250) {
		states, err := db.All(ctx, q, func(s db.Scanner) (r [2]string, err error) { return r, s.Scan(&r[0], &r[1]) },
			`SELECT id, state FROM feedback WHERE workspace_id = $1 AND id IN (`+db.In(2, len(part))+`)`, append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("find accepted feedback of launch %s: %w", launchID, err)
		}
		for _, r := range states {
			accepted[r[0]] = r[1] == feedback.Accepted
		}
	}
	out := make([]changeCount, len(nets))
	for i, x := range nets {
		out[i] = changeCount{field: x.Field, from: x.From, to: x.To, accepted: accepted[x.FeedbackID], day: x.day}
	}
	return out, nil
}

// netCorrection is what people made, all in all, of a field of one feedback.
type netCorrection struct {
	Correction
	day int64 // on which the feedback came in
}

// netCorrections returns those of a launch that hold, each with the decision
// that was corrected first.
func netCorrections(ctx context.Context, q db.Queryer, ws workspace.ID, launchID string) ([]netCorrection, error) {
	type row struct {
		Correction
		at, day int64
	}
	rows, err := db.All(ctx, q, func(s db.Scanner) (r row, err error) {
		return r, s.Scan(&r.at, &r.DecisionID, &r.FeedbackID, &r.Field, &r.From, &r.To, &r.day)
	}, `SELECT at, decision_id, feedback_id, field, was, becomes, received_at / 86400000000 FROM correction WHERE workspace_id = $1 AND launch_id = $2 AND undone_at = 0`, ws, launchID)
	if err != nil {
		return nil, fmt.Errorf("read corrections of launch %s: %w", launchID, err)
	}
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(a.at, b.at) })
	list := make([]Correction, len(rows))
	days := make(map[string]int64, len(rows))
	for i, r := range rows {
		list[i], days[r.FeedbackID] = r.Correction, r.day
	}
	nets := net(list)
	out := make([]netCorrection, len(nets))
	for i, x := range nets {
		out[i] = netCorrection{x, days[x.FeedbackID]}
	}
	return out, nil
}

// field works one field's figures out. Accepted feedback counts as said and
// final under the value it has now; a correction of one of them takes it out
// of there and counts it as said and final on its own.
func (c *counts) field(field string, since int64) FieldAccuracy {
	out := FieldAccuracy{Field: field, Decided: c.decided, Reviewed: c.accepted, Classes: []ClassAccuracy{}, Days: []DayAccuracy{}}
	hit := maps.Clone(c.values[field])
	said, final := maps.Clone(hit), maps.Clone(hit)
	days := map[int64]*DayAccuracy{}
	dayOf := func(d int64) *DayAccuracy {
		if days[d] == nil {
			days[d] = &DayAccuracy{Day: dayName(d)}
		}
		return days[d]
	}
	for d, n := range c.byDay {
		dayOf(d).Reviewed += n
	}
	for _, x := range c.changes {
		if x.field != field {
			continue
		}
		wrong := 0
		if x.from != x.to {
			wrong = 1
		}
		out.Corrected += wrong
		if !x.accepted {
			out.Reviewed++
		}
		if x.day >= since {
			d := dayOf(x.day)
			d.Corrected += wrong
			if !x.accepted {
				d.Reviewed++
			}
		}
		if hit == nil {
			continue // a field without classes
		}
		if x.accepted {
			hit[x.to]--
			said[x.to]--
			final[x.to]--
		}
		hit[x.to] += 1 - wrong
		said[x.from]++
		final[x.to]++
	}
	out.Right = share(out.Reviewed-out.Corrected, out.Reviewed)
	names := maps.Clone(said)
	maps.Copy(names, final)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if said[name] == 0 && final[name] == 0 {
			continue
		}
		out.Classes = append(out.Classes, ClassAccuracy{Name: name, N: final[name], Said: said[name], Hit: hit[name],
			Precision: share(hit[name], said[name]), Recall: share(hit[name], final[name])})
	}
	for _, d := range slices.Sorted(maps.Keys(days)) {
		x := days[d]
		x.Right = float64(x.Reviewed-x.Corrected) / float64(x.Reviewed)
		out.Days = append(out.Days, *x)
	}
	return out
}

func share(n, of int) *float64 {
	if of == 0 {
		return nil
	}
	v := float64(n) / float64(of)
	return &v
}
