package measure

import (
	"time"

	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/launch"
)

const (
	aDay       = 24 * time.Hour
	reopenedIn = 7 * aDay // that the figure looks back
	feelingIn  = 6 * time.Hour
	topIssues  = 8
)

// sources is what a pulse is made of.
type sources struct {
	launch   *launch.Launch
	zone     *time.Location
	at       time.Time
	live     bool
	span     string // of the chart
	flow     feedback.Flow
	turns    []issue.Turn
	critical *issue.Critical
	reopened []issue.Ref
	issues   []*issue.Issue
	oldestID string // of the report that has waited longest
}

// query is what is asked of the feedback: the windows of every figure.
func (s *sources) query() feedback.FlowQuery {
	from := gridFrom(s.launch.StartsAt, s.at, s.zone)
	q := feedback.FlowQuery{At: s.at.UnixMicro(), From: from.UnixMicro(), Start: s.launch.StartsAt.UnixMicro(), Last: s.at.Add(-aDay).UnixMicro()}
	for n := range bandDays + 1 {
		q.Same = append(q.Same, [2]int64{daysBack(s.at.Add(-time.Hour), n, s.zone).UnixMicro(), daysBack(s.at, n, s.zone).UnixMicro()})
	}
	q.Mix = s.mixFrom(from).UnixMicro()
	return q
}

// mixFrom is where the chart's range begins.
func (s *sources) mixFrom(from time.Time) time.Time {
	g := grid{zone: s.zone, starts: s.launch.StartsAt, at: s.at, from: from}
	if _, edges := g.edges(s.span); len(edges) > 0 {
		return edges[0]
	}
	return s.at
}

// pulse puts everything together. It is pure: the same sources give the same
// answer.
func (s *sources) pulse() *Pulse {
	l := s.launch
	g := newGrid(l.StartsAt, l.EndsAt, s.at, time.UnixMicro(s.flow.From).In(s.zone), s.zone, s.flow, s.turns)
	p := &Pulse{At: s.at.UTC(), Live: s.live, Day: dayOf(l.StartsAt, l.EndsAt, s.at, s.zone), Issues: s.issues,
		Totals: Totals{Reports: s.flow.Total, BeforeLaunch: s.flow.Earlier, IssuesOpen: g.ever.opened - g.ever.closed, IssuesClosed: g.ever.closed},
		Ruler:  g.ruler(), Chart: g.chart(s.span), Mix: []Mixed{}}
	if p.Issues == nil {
		p.Issues = []*issue.Issue{}
	}
	mixFrom := s.mixFrom(g.from)
	for _, c := range s.flow.Mix {
		m := Mixed{Category: c.Value, Count: c.Count}
		if c.Value != "" {
			m.Link = s.said(mixFrom, "category", c.Value)
		}
		p.Mix = append(p.Mix, m)
	}
	f := s.facts(g)
	p.Verdict = Judge(f)
	p.KPIs = []KPI{s.waiting(g, &f), s.oldest(&f), s.timeToTriage(g, &f), s.arrivals(g, &f), s.negative(g, &f), s.backlog(g, &f), s.reopenings()}
	return p
}

// facts are what the verdict is judged by.
func (s *sources) facts(g *grid) Facts {
	day := s.at.Add(-aDay)
	f := Facts{Running: !s.at.Before(s.launch.StartsAt), Reports: s.flow.Total, TriageTarget: float64(s.launch.TriageTarget) * 60,
		Arrived: s.flow.Same[0], Usual: bandOf(s.sameHour(g)),
		Rated: s.flow.Last.Rated, RatedSince: s.flow.Before.Rated, Negative: share(s.flow.Last), NegativeSince: share(s.flow.Before),
		Open: g.ever.opened - g.ever.closed, Opened: s.turned(day, func(t issue.Turn) int { return t.Opened }), Closed: s.turned(day, func(t issue.Turn) int { return t.Closed }),
		Sev1Open: g.open(0, s.at), Sev1Wait: s.flow.Critical, Waiting: g.waiting(s.at)}
	f.OldestWait, f.Sev1First = s.since(s.flow.Oldest), s.since(s.flow.First)
	if s.critical != nil {
		f.Sev1, f.Sev1Age, f.Sev1Hit = s.critical.Ref, s.at.Sub(s.critical.Since).Seconds(), s.critical.Hit
	} else {
		f.Sev1Open = 0 // closed between the two questions
	}
	f.ArrivalsLink = s.said(s.at.Add(-time.Hour))
	f.NegativeLink = s.said(day, "sentiment", "negative")
	if s.live {
		f.WaitingLink = &Link{To: "feedback", Search: map[string]string{"tab": "triage"}}
		f.Sev1WaitLink = &Link{To: "feedback", Search: map[string]string{"tab": "triage", "severity": "sev1"}}
		f.BacklogLink = &Link{To: "issues", Search: map[string]string{"show": "open"}}
		if s.oldestID != "" {
			f.OldestLink = &Link{To: "feedback", Search: map[string]string{"tab": "triage", "item": s.oldestID}}
		}
	}
	return f
}

// turned counts issues that were opened or closed in the slots since a time.
func (s *sources) turned(since time.Time, n func(issue.Turn) int) (sum int) {
	from := since.Truncate(slot).UnixMicro()
	for _, t := range s.turns {
		if t.At >= from {
			sum += n(t)
		}
	}
	return sum
}

// sameHour is what the last hour's time of day brought on earlier days.
func (s *sources) sameHour(g *grid) []int {
	n := 1
	for n < len(s.flow.Same) && !daysBack(s.at.Add(-time.Hour), n, s.zone).Before(g.first) {
		n++
	}
	return append([]int{}, s.flow.Same[1:n]...)
}

func (s *sources) since(o feedback.Oldest) float64 {
	if o.Received == 0 {
		return 0
	}
	return s.at.Sub(time.UnixMicro(o.Received)).Seconds()
}

func share(f feedback.Feeling) float64 {
	if f.Rated == 0 {
		return 0
	}
	return float64(f.Negative) / float64(f.Rated)
}

// said leads to the feedback that was said since a time, narrowed by a pair.
func (s *sources) said(since time.Time, pair ...string) *Link {
	l := &Link{To: "feedback", Search: map[string]string{"tab": "all", "from": since.UTC().Format(time.RFC3339Nano)}}
	if !s.live {
		l.Search["to"] = s.at.UTC().Format(time.RFC3339Nano)
	}
	if len(pair) == 2 {
		l.Search[pair[0]] = pair[1]
	}
	return l
}

// spark asks for a value at the end of each of the last 24 hours, the last one
// ending now.
func (s *sources) spark(value func(a, b time.Time) *float64) []*float64 {
	end := s.at.Truncate(slot)
	out := make([]*float64, 0, 24)
	for h := 24; h > 0; h-- {
		b := end.Add(-time.Duration(h-1) * time.Hour)
		if h == 1 {
			b = s.at
		}
		out = append(out, value(end.Add(-time.Duration(h)*time.Hour), b))
	}
	return out
}

func number[T int | int32 | int64 | float64](n T) *float64 {
	v := float64(n)
	return &v
}

func (s *sources) waiting(g *grid, f *Facts) KPI {
	k := KPI{ID: Waiting, Unit: Count, Value: number(f.Waiting), State: overdue(f), Link: f.WaitingLink,
		More:  map[string]float64{"sev1": float64(f.Sev1Wait)},
		Spark: s.spark(func(_, b time.Time) *float64 { return number(g.waiting(b)) })}
	return k
}

func (s *sources) oldest(f *Facts) KPI {
	k := KPI{ID: OldestWait, Unit: Seconds, State: overdue(f), Target: number(f.TriageTarget), More: map[string]float64{}, Spark: []*float64{}, Link: f.OldestLink}
	if f.Waiting > 0 {
		k.Value = number(f.OldestWait)
	} else {
		k.State = Idle
	}
	return k
}

// overdue is the state of waiting: by the target for triage.
func overdue(f *Facts) State {
	switch {
	case f.Waiting == 0 || f.OldestWait < f.TriageTarget:
		return OK
	case f.OldestWait < oldestDegraded*f.TriageTarget:
		return Watch
	}
	return Degraded
}

func (s *sources) timeToTriage(_ *grid, f *Facts) KPI {
	k := KPI{ID: TimeToTriage, Unit: Seconds, State: Idle, Target: number(f.TriageTarget), More: map[string]float64{}, Spark: make([]*float64, 0, 24)}
	var all []int64
	for _, hour := range s.flow.Took {
		all = append(all, hour...)
		if len(hour) == 0 {
			k.Spark = append(k.Spark, nil)
			continue
		}
		k.Spark = append(k.Spark, number(seconds(percentile(hour, .5))))
	}
	k.More["count"] = float64(len(all))
	if len(all) == 0 {
		return k
	}
	median := seconds(percentile(all, .5))
	k.Value, k.More["p90"], k.State = number(median), seconds(percentile(all, .9)), OK
	if median > f.TriageTarget {
		k.State = Watch
	}
	since := s.at.Add(-aDay).UTC().Format(time.RFC3339Nano)
	k.Link = &Link{To: "feedback", Search: map[string]string{"tab": "all", "triaged_from": since}}
	if !s.live {
		k.Link.Search["triaged_to"] = s.at.UTC().Format(time.RFC3339Nano)
	}
	return k
}

func seconds(us int64) float64 { return float64(us) / 1e6 }

func (s *sources) arrivals(g *grid, f *Facts) KPI {
	k := KPI{ID: Arrivals, Unit: Count, Value: number(f.Arrived), State: OK, More: map[string]float64{}, Link: f.ArrivalsLink,
		Spark: s.spark(func(a, b time.Time) *float64 { return number(g.count(g.said, a, b)) })}
	if u := f.Usual; u != nil {
		k.More["low"], k.More["usual"], k.More["high"] = u.Low, u.Mid, u.High
		switch {
		case flood(f.Arrived, u):
			k.State = Degraded
		case float64(f.Arrived) > u.High && f.Arrived >= floodLeast/2:
			k.State = Watch
		}
	}
	return k
}

func (s *sources) negative(g *grid, f *Facts) KPI {
	k := KPI{ID: Negative, Unit: Share, State: Idle, More: map[string]float64{"count": float64(f.Rated)}, Link: f.NegativeLink,
		Spark: s.spark(func(_, b time.Time) *float64 { return g.negative(b.Add(-feelingIn).Truncate(slot), b) })}
	if f.RatedSince > 0 {
		k.More["before"] = f.NegativeSince
	}
	if f.Rated > 0 {
		k.Value, k.State = number(f.Negative), OK
	}
	if jumped(f) {
		k.State = Watch
	}
	return k
}

func (s *sources) backlog(g *grid, f *Facts) KPI {
	k := KPI{ID: Backlog, Unit: Count, Value: number(f.Open), State: OK, Link: f.BacklogLink,
		More:  map[string]float64{"opened": float64(f.Opened), "closed": float64(f.Closed), "net": float64(f.Opened - f.Closed)},
		Spark: s.spark(func(_, b time.Time) *float64 { return number(g.backlog(b)) })}
	if growing(f) {
		k.State = Watch
	}
	return k
}

func (s *sources) reopenings() KPI {
	k := KPI{ID: Reopened, Unit: Count, Value: number(len(s.reopened)), State: OK, More: map[string]float64{"days": reopenedIn.Hours() / 24}, Spark: []*float64{}}
	k.Issues = s.reopened
	if len(s.reopened) > 0 {
		k.State = Watch
	}
	return k
}
