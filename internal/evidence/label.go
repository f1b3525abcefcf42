package evidence

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/launch"
	"github.com/hypercare/hypercare/internal/release"
)

// What brought a failure.
const (
	labelLaunch  = "launch"
	labelRelease = "release"
	labelOlder   = "older"
	labelUnknown = "unknown"
)

// Bounds of the look back.
const (
	historyAgo = 14 * 24 * time.Hour
	besideFor  = 30 * time.Minute // before and after a marker, for rates
	startsFor  = 30 * time.Minute // a failure that begins so soon after a marker began with it
	mostRate   = 60 * time.Minute // parts of the log that are counted at once
)

// signature are the conditions of calls that fail as those of the reports: of
// the upstream or policy that explains them, else on the same routes, and of
// the application, client or region that does.
func (n *analysis) signature() (where, any []call.Filter) {
	where = slices.Clone(n.where)
	if len(where) > 0 {
		return where, n.failing
	}
	if f := n.first; f != nil && f.PValue < .001 && float64(f.In) >= .7*float64(f.Of) {
		if raw := n.all.raw[f.Field][f.Value]; len(raw) > 0 {
			at := slices.IndexFunc(dimensions, func(d dimension) bool { return d.name == f.Field })
			only := call.Filter{Field: dimensions[at].field, Values: raw}
			switch f.Field {
			case "upstream", "policy", "limit":
				return []call.Filter{only}, n.failing
			case "application", "client_version", "region", "host":
				where = append(where, only)
			}
		}
	}
	routes := map[string]bool{}
	for _, m := range n.met {
		if m.item.Call.Route != "" && (m.how != howFine || len(n.hows) == 0) {
			routes[m.item.Call.Route] = true
		}
	}
	if len(routes) > 0 {
		where = append(where, call.Filter{Field: call.Route, Values: sorted(routes)})
	}
	return where, n.failing
}

// label says whether the launch, a release, or neither brought it, by when it
// first happened and how often before and after.
func (n *analysis) label(ctx context.Context, launchID string, out *Cause) error {
	l, err := launch.Find(ctx, n.s.db, n.ws, launchID)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	last := n.windows[len(n.windows)-1].to
	if now := n.s.now(); last.After(now) {
		last = now
	}
	marks, err := release.Between(ctx, n.s.db, n.ws, launchID, last.Add(-historyAgo), last, 200)
	if err != nil {
		return err
	}
	first, err := n.firstSeen(ctx, last)
	if err != nil {
		return err
	}
	if !first.IsZero() {
		out.Reach.Since = &first
	}
	out.Label = labelUnknown
	switch {
	case n.byRelease(out, marks):
	case first.IsZero():
		out.Sentence = "What these reports met left no trace by which its beginning could be told."
	default:
		if err := n.byTime(ctx, out, l, marks, first, last); err != nil {
			return err
		}
	}
	out.lead()
	return nil
}

// firstSeen is when a call first failed so, in what is kept of two weeks.
func (n *analysis) firstSeen(ctx context.Context, last time.Time) (time.Time, error) {
	where, any := n.signature()
	if len(any) == 0 {
		return time.Time{}, nil
	}
	page, err := n.s.calls.Find(ctx, n.ws, call.Query{From: last.Add(-historyAgo), To: last, Where: where, Any: any, Oldest: true, Limit: 1, Fields: []call.Field{call.Route}})
	if err != nil || len(page.Calls) == 0 {
		return time.Time{}, err
	}
	return page.Calls[0].At(), nil
}

// byRelease reports whether a release is what the reports have in common.
func (n *analysis) byRelease(out *Cause, marks []*release.Release) bool {
	for i, f := range out.Factors {
		if f.Field != "release" || i > 1 || float64(f.In) < .7*float64(f.Of) {
			continue
		}
		// Its calls fail more often than those of others: not only was it there.
		own, others := f.Failing, n.bad.total-f.Failing
		if len(n.failing) > 0 && (rateOf(own, f.BaseIn) < 2*rateOf(others, f.BaseOf-f.BaseIn) || differs(own, f.BaseIn, others, f.BaseOf-f.BaseIn) > .01) {
			continue
		}
		out.Label, out.Release = labelRelease, f.Value
		out.Confidence = confidence(f)
		out.Sentence = fmt.Sprintf("Release %s brought it: %d of %d reports were served by it, and %s of its calls failed so, of all others %s.", f.Value, f.In, f.Of, percent(own, f.BaseIn), percent(others, f.BaseOf-f.BaseIn))
		if at := slices.IndexFunc(marks, func(m *release.Release) bool { return m.Version == f.Value }); at >= 0 {
			out.Sentence += fmt.Sprintf(" It was marked at %s.", marks[at].At.Format("2006-01-02 15:04 UTC"))
		}
		return true
	}
	return false
}

func rateOf(n, of int64) float64 { return (float64(n) + .5) / (float64(of) + 1) }

func confidence(f Factor) float64 {
	v := float64(f.In) / float64(max(f.Of, 1)) * (1 - math.Min(1, f.PValue))
	return math.Round(math.Min(.98, v)*100) / 100
}

// byTime tells by when it began: with a marker, with the launch, or before.
func (n *analysis) byTime(ctx context.Context, out *Cause, l *launch.Launch, marks []*release.Release, first, last time.Time) error {
	for _, m := range marks { // the newest first
		if m.At.After(first.Add(time.Second)) && !n.rareBefore(ctx, m.At) || first.Sub(m.At) > startsFor {
			continue
		}
		before, after, err := n.around(ctx, m.At, last)
		if err != nil {
			return err
		}
		if before.of < 20 || after.rate() < 2*before.rate() || differs(before.bad, before.of, after.bad, after.of) > .001 || !n.concerns(m) {
			continue
		}
		out.Label, out.Release, out.Confidence = labelRelease, m.Version, .7
		out.Sentence = fmt.Sprintf("It began with %s: in the half hour before %s of these calls failed so, after it %s.", releaseFound(m).Title, percent(before.bad, before.of), percent(after.bad, after.of))
		return nil
	}
	if l == nil {
		return nil
	}
	before, after, err := n.around(ctx, l.StartsAt, last)
	if err != nil {
		return err
	}
	switch {
	case before.bad > 0 && first.Before(l.StartsAt) && (after.rate() < 2*before.rate() || differs(before.bad, before.of, after.bad, after.of) > .01):
		out.Label, out.Confidence = labelOlder, .7
		out.Sentence = fmt.Sprintf("It is older than the launch: first seen %s, and %s of these calls failed so before it, %s since.", first.Format("2006-01-02 15:04 UTC"), percent(before.bad, before.of), percent(after.bad, after.of))
	case before.of >= 50 && after.rate() >= 2*before.rate() && differs(before.bad, before.of, after.bad, after.of) <= .001:
		out.Label, out.Confidence = labelLaunch, .75
		out.Sentence = fmt.Sprintf("The launch brought it: before it %s of these calls failed so, since then %s.", percent(before.bad, before.of), percent(after.bad, after.of))
	default:
		out.Sentence = fmt.Sprintf("It began at %s; neither the launch nor a release that was marked stands right before it.", first.Format("2006-01-02 15:04 UTC"))
	}
	return nil
}

// rareBefore reports whether hardly any such call failed before a marker: a
// few that always do must not hide what began with it.
func (n *analysis) rareBefore(ctx context.Context, at time.Time) bool {
	before, after, err := n.around(ctx, at, at.Add(besideFor))
	return err == nil && before.of >= 20 && before.rate()*4 < after.rate()
}

// concerns reports whether a marker is of a service that most of the calls
// name; one that names no service may be of any.
func (n *analysis) concerns(m *release.Release) bool {
	if m.Service == "" {
		return true
	}
	own := segments(m.Service)
	named := 0
	for _, x := range n.met {
		c := x.item.Call
		words := segments(c.Route, c.Path, c.API, c.Upstream, c.Operation)
		if c.Release != "" && c.Release == m.Version || strings.Contains(strings.ToLower(c.Upstream), strings.ToLower(m.Service)) ||
			slices.ContainsFunc(words, func(w string) bool { return slices.Contains(own, w) }) {
			named++
		}
	}
	return float64(named) >= .6*float64(len(n.met))
}

// tried are the conditions of all calls that could have failed so.
func tried(where []call.Filter) []call.Filter {
	return slices.DeleteFunc(slices.Clone(where), func(f call.Filter) bool {
		return f.Field != call.Route && f.Field != call.Upstream && f.Field != call.Application && f.Field != call.Agent && f.Field != call.Host
	})
}

// share is how many calls of some failed.
type share struct{ bad, of int64 }

func (s share) rate() float64 { return rateOf(s.bad, s.of) }

// around counts those of the same routes in the time before and after a moment.
func (n *analysis) around(ctx context.Context, at, last time.Time) (before, after share, err error) {
	where, any := n.signature()
	base := tried(where)
	count := func(from, to time.Time) (s share, err error) {
		if !to.After(from) {
			return s, nil
		}
		if s.of, err = n.s.calls.Count(ctx, n.ws, call.Query{From: from, To: to, Where: base}); err != nil || len(any) == 0 {
			return s, err
		}
		s.bad, err = n.s.calls.Count(ctx, n.ws, call.Query{From: from, To: to, Where: where, Any: any})
		return s, err
	}
	if before, err = count(at.Add(-besideFor), at); err != nil {
		return before, after, err
	}
	to := at.Add(mostRate)
	if to.After(last) {
		to = last
	}
	after, err = count(at, to)
	return before, after, err
}

// lead puts what explains the reports before what brought it.
func (c *Cause) lead() {
	if len(c.Factors) == 0 {
		if c.Sentence == "" {
			c.Sentence = "The reports have nothing in common beyond chance."
		} else {
			c.Sentence = "The reports have nothing in common beyond chance. " + c.Sentence
		}
		return
	}
	if c.Confidence == 0 {
		c.Confidence = math.Round(confidence(c.Factors[0])*50) / 100
	}
	say := c.Factors[0].Sentence
	if c.Label == labelRelease && c.Factors[0].Field == "release" {
		say = ""
	}
	c.Sentence = strings.TrimSpace(say + " " + c.Sentence)
}

// Reach is how many met a failure, whoever of them reported it.
type Reach struct {
	People   int64      `json:"people" doc:"Distinct people whose calls failed so: known persons once, sessions where no user is known."`
	Calls    int64      `json:"calls" doc:"Calls that failed so."`
	OfPeople int64      `json:"of_people" doc:"Distinct people who made such calls at all in that time."`
	Since    *time.Time `json:"since,omitempty" doc:"The first call that failed so, or from when on was looked."`
	Reported int        `json:"reported" doc:"Of them, those who said so."`
	Sentence string     `json:"sentence"`
}

const reachAgo = 7 * 24 * time.Hour

// reach counts who met the same failure.
func (n *analysis) reach(ctx context.Context, out *Cause) error {
	where, any := n.signature()
	r := &out.Reach
	defer r.say()
	if len(any) == 0 {
		return nil
	}
	now := n.s.now()
	from := now.Add(-reachAgo)
	if r.Since != nil && r.Since.After(from) {
		from = *r.Since
	}
	r.Since = &from
	if out.Label == labelRelease && slices.ContainsFunc(out.Factors[:min(2, len(out.Factors))], func(f Factor) bool { return f.Field == "release" && f.Value == out.Release }) {
		where = append(where, call.Filter{Field: call.Release, Values: []string{out.Release}})
	}
	q := call.Query{From: from, To: now.Add(time.Second), Where: where, Any: any}
	var err error
	if r.People, r.Calls, err = n.people(ctx, q); err != nil {
		return err
	}
	q.Where, q.Any = tried(where), nil
	r.OfPeople, _, err = n.people(ctx, q)
	r.OfPeople = max(r.OfPeople, r.People)
	return err
}

// people counts distinct people behind calls: users, those of one person once,
// and the sessions of which no user is known.
func (n *analysis) people(ctx context.Context, q call.Query) (people, calls int64, err error) {
	users, err := n.s.calls.Facets(ctx, n.ws, q, []call.Field{call.User}, 1000)
	if err != nil {
		return 0, 0, err
	}
	facet := users.Facets[0]
	people = int64(facet.Values)
	var ids []string
	nobody := false
	for _, s := range facet.Shares {
		if s.Value == "" {
			nobody = true
			continue
		}
		ids = append(ids, s.Value)
	}
	doubles, err := n.samePersons(ctx, ids)
	if err != nil {
		return 0, 0, err
	}
	people -= doubles
	if nobody {
		people--
		q.Where = append(slices.Clone(q.Where), call.Filter{Field: call.User, Values: []string{""}})
		sessions, err := n.s.calls.Facets(ctx, n.ws, q, []call.Field{call.Session}, 1000)
		if err != nil {
			return 0, 0, err
		}
		people += int64(sessions.Facets[0].Values)
		if slices.ContainsFunc(sessions.Facets[0].Shares, func(s call.Share) bool { return s.Value == "" }) {
			people--
		}
	}
	return people, users.All.Count, nil
}

// samePersons counts the user ids that belong to a person who has another of
// them.
func (n *analysis) samePersons(ctx context.Context, users []string) (doubles int64, err error) {
	seen := map[string]bool{}
	for part := range slices.Chunk(users, 500) {
		list, err := db.All(ctx, n.s.db, func(r db.Scanner) (id string, err error) { return id, r.Scan(&id) },
			`SELECT person_id FROM person_identity WHERE workspace_id = $1 AND kind IN ('user_id', 'external_id', 'email') AND value IN (`+db.In(2, len(part))+`)`, append([]any{n.ws}, db.Args(part)...)...)
		if err != nil {
			return 0, fmt.Errorf("find persons of users: %w", err)
		}
		for _, id := range list {
			if seen[id] {
				doubles++
			}
			seen[id] = true
		}
	}
	return doubles, nil
}

// say puts the reach into a sentence.
func (r *Reach) say() {
	switch {
	case r.People == 0:
		r.Sentence = fmt.Sprintf("%s reported it; who else met it can't be told from calls.", plural(r.Reported, "person"))
	default:
		r.Sentence = fmt.Sprintf("%d of %d people who tried met it, in %d calls; %d of them reported it.", r.People, r.OfPeople, r.Calls, r.Reported)
	}
}
