package measure

import (
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/issue"
)

const (
	slot      = feedback.Slot
	gridDays  = bandDays + 1 // at least, for what is usual
	longest   = 400          // days that a grid holds
	rulerBars = 60 * 24      // hours; a longer launch has bars of several
)

// grid holds everything that is counted of a launch, by slots.
type grid struct {
	zone   *time.Location
	starts time.Time
	ends   time.Time
	at     time.Time
	from   time.Time // start of the first slot
	first  time.Time // start of the first slot with anything in it; what is usual is not known before

	flow   feedback.Flow
	said   []int32 // sums of flow.Said before each slot, one more than there are slots
	done   []int32
	rated  []int32
	bad    []int32
	opened [][]int32 // by severity, then sums before each slot
	closed [][]int32
	past   []int32 // open since before the first slot, by severity
	ever   struct{ opened, closed int }
}

// gridFrom is where the slots of a launch begin as of a time: early enough for
// its window and for what is usual, late enough to fit.
func gridFrom(starts, at time.Time, zone *time.Location) time.Time {
	from := midnight(starts, 0, zone)
	if t := hourFloor(daysBack(at, gridDays, zone), zone); t.Before(from) {
		from = t
	}
	if t := hourFloor(daysBack(at, longest, zone), zone); t.After(from) {
		from = t
	}
	return from.Truncate(slot)
}

func newGrid(starts, ends, at, from time.Time, zone *time.Location, flow feedback.Flow, turns []issue.Turn) *grid {
	g := &grid{zone: zone, starts: starts, ends: ends, at: at, from: from, flow: flow,
		said: sums(flow.Said), done: sums(flow.Done), rated: sums(flow.Rated), bad: sums(flow.Negative), past: make([]int32, len(issue.Severities))}
	n := len(flow.Said)
	for range issue.Severities {
		g.opened, g.closed = append(g.opened, make([]int32, n)), append(g.closed, make([]int32, n))
	}
	for _, t := range turns {
		s := slices.Index(issue.Severities, t.Severity)
		if s < 0 {
			s = len(issue.Severities) - 1
		}
		g.ever.opened += t.Opened
		g.ever.closed += t.Closed
		if k := (t.At - from.UnixMicro()) / slot.Microseconds(); t.At < from.UnixMicro() {
			g.past[s] += int32(t.Opened - t.Closed)
		} else if k < int64(n) {
			g.opened[s][k] += int32(t.Opened)
			g.closed[s][k] += int32(t.Closed)
		}
	}
	g.first = at
	if k := slices.IndexFunc(flow.Said, func(n int32) bool { return n > 0 }); k >= 0 {
		g.first = from.Add(time.Duration(k) * slot)
	}
	if g.starts.Before(g.first) {
		g.first = g.starts
	}
	for s := range issue.Severities {
		g.opened[s], g.closed[s] = sums(g.opened[s]), sums(g.closed[s])
	}
	return g
}

func sums(list []int32) []int32 {
	out := make([]int32, len(list)+1)
	for k, v := range list {
		out[k+1] = out[k] + v
	}
	return out
}

// place is the slot that begins at t, within the grid.
func (g *grid) place(t time.Time) int {
	k := int(t.Sub(g.from) / slot)
	if t.Before(g.from) {
		k = 0
	}
	return min(k, len(g.said)-1)
}

// count is how many of sums fell into [a, b), which begin with a slot; b may
// lie behind the grid, where nothing is yet.
func (g *grid) count(sums []int32, a, b time.Time) int {
	if !b.Before(g.at) {
		return int(sums[len(sums)-1] - sums[g.place(a)])
	}
	return int(sums[g.place(b)] - sums[g.place(a)])
}

// issues is how many issues of any severity were opened or closed.
func (g *grid) issues(bySeverity [][]int32, a, b time.Time) (n int) {
	for _, s := range bySeverity {
		n += g.count(s, a, b)
	}
	return n
}

// open is how many issues of a severity were open at the start of a slot.
func (g *grid) open(severity int, t time.Time) int {
	k := len(g.said) - 1
	if t.Before(g.at) {
		k = g.place(t)
	}
	return int(g.past[severity] + g.opened[severity][k] - g.closed[severity][k])
}

// backlog is how many issues were open at the start of a slot.
func (g *grid) backlog(t time.Time) (n int) {
	for s := range g.past {
		n += g.open(s, t)
	}
	return n
}

// waiting is how many reports waited at the start of a slot.
func (g *grid) waiting(t time.Time) int {
	k := g.place(t) - 1
	if !t.Before(g.at) {
		k = len(g.flow.Waiting) - 1
	}
	if k < 0 {
		return 0
	}
	return int(g.flow.Waiting[k])
}

// negative is the share of negative reports; nil when none was rated.
func (g *grid) negative(a, b time.Time) *float64 {
	n := g.count(g.rated, a, b)
	if n == 0 {
		return nil
	}
	v := float64(g.count(g.bad, a, b)) / float64(n)
	return &v
}

// usual is what the same time brought on earlier days: [a, b) moved back a
// date at a time.
func (g *grid) usual(a, b time.Time) *Band {
	samples := make([]int, 0, bandDays)
	for n := 1; n <= bandDays; n++ {
		x := daysBack(a, n, g.zone)
		if x.Before(g.first) || x.Before(g.from) {
			break
		}
		samples = append(samples, g.count(g.said, x, daysBack(b, n, g.zone)))
	}
	return bandOf(samples)
}

// worst is the worst severity of an issue that was open at any time in [a, b).
func (g *grid) worst(a, b time.Time) string {
	for s, name := range issue.Severities {
		if g.open(s, a) > 0 || g.count(g.opened[s], a, b) > 0 {
			return name
		}
	}
	return ""
}

// ruler counts the launch's window hour by hour.
func (g *grid) ruler() Ruler {
	from, end := hourFloor(g.starts, g.zone), g.ends
	if g.at.After(end) {
		end = g.at
	}
	if from.Before(g.from) {
		from = g.from
	}
	step := time.Hour
	if n := int(end.Sub(from)/time.Hour) + 1; n > rulerBars {
		step *= time.Duration((n + rulerBars - 1) / rulerBars)
	}
	to := from.Add((end.Sub(from) + step - 1) / step * step)
	r := Ruler{From: from.UTC(), To: to.UTC(), Step: int(step / time.Second), Hours: []Hour{}, Days: []time.Time{}}
	for a := from; a.Before(g.at) && a.Before(to); a = a.Add(step) {
		b := a.Add(step)
		h := Hour{Arrived: g.count(g.said, a, b), Triaged: g.count(g.done, a, b), Opened: g.issues(g.opened, a, b), Closed: g.issues(g.closed, a, b), Worst: g.worst(a, b), State: OK}
		switch usual := g.usual(a, b); {
		case h.Worst == "sev1":
			h.State = Critical
		case h.Worst == "sev2":
			h.State = Degraded
		case usual != nil && float64(h.Arrived) > usual.High && h.Arrived >= floodLeast/2:
			h.State = Watch
		}
		r.Hours = append(r.Hours, h)
	}
	for n := 0; ; n++ {
		m := midnight(from, n, g.zone)
		if !m.Before(to) {
			return r
		}
		if !m.Before(from) {
			r.Days = append(r.Days, m.UTC())
		}
	}
}

// ranges are how far back a chart looks.
var ranges = []string{"6h", "24h", "7d", "launch"}

const shortLaunch = 4 // days; a longer one is shown by day

// edges are the starts of a chart's steps, oldest first, and the start of the
// step under way.
func (g *grid) edges(span string) (step string, edges []time.Time) {
	var width time.Duration
	var from time.Time
	hour := hourFloor(g.at, g.zone)
	switch span {
	case "6h":
		step, width, from = "15m", slot, g.at.Truncate(slot).Add(-6*time.Hour)
	case "24h":
		step, width, from = "hour", time.Hour, hour.Add(-24*time.Hour)
	case "7d":
		step, width, from = "hour", time.Hour, hour.Add(-7*24*time.Hour)
	default:
		from = g.starts
		if from.After(g.at) {
			from = g.at
		}
		if dates(from.In(g.zone), g.at.In(g.zone)) >= shortLaunch {
			for n := 0; ; n++ {
				m := midnight(from, n, g.zone)
				if !m.Before(g.at) {
					return "day", edges
				}
				if !m.Before(g.from) || n == 0 {
					edges = append(edges, m)
				}
			}
		}
		step, width, from = "hour", time.Hour, hourFloor(from, g.zone)
	}
	for t := from; t.Before(g.at); t = t.Add(width) {
		edges = append(edges, t)
	}
	return step, edges
}

// feelingOver is how far back a point of the chart looks for the share of
// negative reports: an hour alone brings too few.
var feelingOver = map[string]time.Duration{"6h": feelingIn, "24h": feelingIn, "7d": aDay, "launch": aDay}

// chart counts a range step by step.
func (g *grid) chart(span string) Chart {
	step, edges := g.edges(span)
	c := Chart{Range: span, Step: step, Points: []Point{}}
	for k, a := range edges {
		b := g.stepEnd(step, a)
		if k+1 < len(edges) {
			b = edges[k+1]
		}
		p := Point{At: a.UTC(), Arrived: g.count(g.said, a, b), Triaged: g.count(g.done, a, b), Waiting: g.waiting(b),
			Opened: g.issues(g.opened, a, b), Closed: g.issues(g.closed, a, b), Negative: g.negative(earliest(a, b.Add(-feelingOver[span])), b), Usual: g.usual(a, b)}
		if b.After(g.at) {
			c.Running = &p
			break
		}
		c.Points = append(c.Points, p)
	}
	return c
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func (g *grid) stepEnd(step string, a time.Time) time.Time {
	switch step {
	case "15m":
		return a.Add(slot)
	case "hour":
		return a.Add(time.Hour)
	}
	return midnight(a, 1, g.zone)
}
