package measure

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/issue"
	"github.com/hypercare/hypercare/internal/launch"
)

// report and problem are rows as a person would write them down.
type report struct {
	said, received, done, snoozed time.Time
	feeling, severity, category   string
}

type problem struct {
	opened, closed time.Time
	severity       string
}

// world is a launch with generated rows, measured by hand.
type world struct {
	starts, ends, at time.Time
	zone             *time.Location
	reports          []report
	problems         []problem
}

func drawWorld(t *rapid.T) *world {
	zone, err := time.LoadLocation(rapid.SampledFrom([]string{"Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "UTC"}).Draw(t, "zone"))
	if err != nil {
		t.Fatal(err)
	}
	// Around both changes of the clock.
	base := time.Date(2026, rapid.SampledFrom([]time.Month{3, 10, 7}).Draw(t, "month"), 20, 0, 0, 0, 0, zone)
	quarters := func(name string, from, to int) time.Duration {
		return time.Duration(rapid.IntRange(from, to).Draw(t, name)) * 15 * time.Minute
	}
	w := &world{zone: zone, starts: base.Add(quarters("start", 0, 90)), at: base.Add(quarters("at", -100, 2400))}
	w.ends = w.starts.Add(quarters("length", 4, 2000))
	if rapid.Bool().Draw(t, "crooked") {
		w.at = w.at.Add(7 * time.Minute)
	}
	span := w.at.Sub(w.starts.AddDate(0, 0, -3))
	moment := func(name string) time.Time {
		return w.starts.AddDate(0, 0, -3).Add(time.Duration(rapid.Float64Range(0, 1.1).Draw(t, name) * float64(span))).Truncate(time.Second)
	}
	for range rapid.IntRange(0, 30).Draw(t, "reports") {
		r := report{said: moment("said"), feeling: rapid.SampledFrom([]string{"negative", "neutral", ""}).Draw(t, "feeling"),
			severity: rapid.SampledFrom([]string{"sev1", "sev3"}).Draw(t, "severity"), category: rapid.SampledFrom([]string{"bug", "praise"}).Draw(t, "category")}
		r.received = r.said.Add(quarters("late", 0, 40))
		if rapid.Bool().Draw(t, "done?") {
			r.done = r.received.Add(quarters("took", 0, 60))
		}
		if rapid.IntRange(0, 4).Draw(t, "snoozed?") == 0 {
			r.snoozed = r.received.Add(quarters("snooze", 0, 60))
		}
		w.reports = append(w.reports, r)
	}
	for range rapid.IntRange(0, 12).Draw(t, "issues") {
		p := problem{opened: moment("opened"), severity: rapid.SampledFrom(issue.Severities).Draw(t, "severity")}
		if rapid.Bool().Draw(t, "closed?") {
			p.closed = p.opened.Add(quarters("open", 0, 400))
		}
		w.problems = append(w.problems, p)
	}
	return w
}

// sources hands the rows to the product's own columns.
func (w *world) sources(span string) *sources {
	s := &sources{launch: &launch.Launch{StartsAt: w.starts, EndsAt: w.ends, TriageTarget: 240}, zone: w.zone, at: w.at, live: true, span: span}
	var c feedback.Columns
	micros := func(t time.Time) int64 {
		if t.IsZero() {
			return 0
		}
		return t.UnixMicro()
	}
	for k, r := range w.reports {
		row := feedback.Row{Num: int64(k + 1), Occurred: micros(r.said), Received: micros(r.received), Triaged: micros(r.done), Snoozed: micros(r.snoozed)}
		row.Values[feedback.FieldSentiment], row.Values[feedback.FieldSeverity], row.Values[feedback.FieldCategory] = r.feeling, r.severity, r.category
		c.Put(row)
	}
	s.flow = c.Flow(s.query())
	for _, p := range w.problems {
		if p.opened.Before(w.at) {
			s.turns = append(s.turns, issue.Turn{At: p.opened.Truncate(slot).UnixMicro(), Severity: p.severity, Opened: 1})
			if !p.closed.IsZero() && p.closed.Before(w.at) {
				s.turns = append(s.turns, issue.Turn{At: p.closed.Truncate(slot).UnixMicro(), Severity: p.severity, Closed: 1})
			} else if p.severity == "sev1" {
				s.critical = &issue.Critical{Since: p.opened}
			}
		}
	}
	return s
}

func in(t, a, b time.Time) bool { return !t.IsZero() && !t.Before(a) && t.Before(b) }

func (r *report) waits(at time.Time) bool {
	return r.received.Before(at) && r.snoozed.Before(at) && (r.done.IsZero() || !r.done.Before(at))
}

func (w *world) count(hit func(report) bool) (n int) {
	for _, r := range w.reports {
		if hit(r) {
			n++
		}
	}
	return n
}

func (w *world) said(a, b time.Time) int {
	return w.count(func(r report) bool { return in(r.said, a, earlier(b, w.at)) })
}

func (w *world) waiting(at time.Time) int {
	return w.count(func(r report) bool { return r.waits(earlier(at, w.at)) })
}

func (w *world) negative(a, b time.Time) *float64 {
	hit := func(feelings ...string) int {
		return w.count(func(r report) bool { return in(r.said, a, earlier(b, w.at)) && slices.Contains(feelings, r.feeling) })
	}
	rated := hit("negative", "neutral")
	if rated == 0 {
		return nil
	}
	v := float64(hit("negative")) / float64(rated)
	return &v
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func (w *world) issues(hit func(problem) bool) (n int) {
	for _, p := range w.problems {
		if hit(p) {
			n++
		}
	}
	return n
}

func (p *problem) open(a, b time.Time) bool {
	return p.opened.Before(b) && (p.closed.IsZero() || !p.closed.Before(a))
}

// usual is what earlier days had at the same time on the wall, written
// without sums or slots.
func (w *world) usual(a, b time.Time) *Band {
	first := w.at
	for _, r := range w.reports {
		if from := gridFrom(w.starts, w.at, w.zone); r.said.Before(first) && !r.said.Before(from) {
			first = r.said.Truncate(slot)
		}
	}
	first = earlier(first, w.starts)
	var samples []int
	for n := 1; n <= 14; n++ {
		x, y := a.In(w.zone).AddDate(0, 0, -n), b.In(w.zone).AddDate(0, 0, -n)
		if x.Before(first) || x.Before(gridFrom(w.starts, w.at, w.zone)) {
			break
		}
		samples = append(samples, w.said(x, y))
	}
	return bandOf(samples)
}

// TestPulseIsWhatTheRowsSay measures generated launches of several zones,
// over changes of the clock, and compares every figure with the rows.
func TestPulseIsWhatTheRowsSay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		p := w.sources(rapid.SampledFrom(ranges).Draw(t, "range")).pulse()
		same := func(what string, got, want any) {
			t.Helper()
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s -want +got\n%s", what, diff)
			}
		}
		w.checkChart(p, same)
		w.checkRuler(p, same)
		w.checkFigures(p, same)
	})
}

type equal func(what string, got, want any)

func (w *world) checkChart(p *Pulse, same equal) {
	points := p.Chart.Points
	if p.Chart.Running != nil {
		points = append(slices.Clone(points), *p.Chart.Running)
	}
	for k, x := range points {
		b := x.At.Add(slot)
		switch {
		case k+1 < len(points):
			b = points[k+1].At
		case p.Chart.Step == "hour":
			b = x.At.Add(time.Hour)
		case p.Chart.Step == "day":
			b = midnight(x.At, 1, w.zone)
		}
		name := fmt.Sprint("step ", x.At.In(w.zone), " ")
		same(name+"arrived", x.Arrived, w.said(x.At, b))
		same(name+"triaged", x.Triaged, w.count(func(r report) bool { return in(r.done, x.At, earlier(b, w.at)) }))
		same(name+"waiting", x.Waiting, w.waiting(b))
		same(name+"opened", x.Opened, w.issues(func(q problem) bool { return in(q.opened, x.At, earlier(b, w.at)) }))
		same(name+"closed", x.Closed, w.issues(func(q problem) bool { return in(q.closed, x.At, earlier(b, w.at)) }))
		same(name+"usual", x.Usual, w.usual(x.At, b))
		over := 24 * time.Hour
		if p.Chart.Range == "6h" || p.Chart.Range == "24h" {
			over = 6 * time.Hour
		}
		same(name+"negative", x.Negative, w.negative(earlier(x.At, b.Add(-over)), b))
		same(name+"whole", !b.After(w.at), p.Chart.Running == nil || k+1 < len(points))
	}
}

func (w *world) checkRuler(p *Pulse, same equal) {
	step := time.Duration(p.Ruler.Step) * time.Second
	if from := p.Ruler.From.In(w.zone); from.Minute() != 0 || from.After(w.starts) {
		same("ruler begins at a full hour before the start", from, w.starts)
	}
	if p.Ruler.To.Before(w.ends) {
		same("ruler reaches the end", p.Ruler.To, w.ends)
	}
	for k, h := range p.Ruler.Hours {
		a := p.Ruler.From.Add(time.Duration(k) * step)
		b := a.Add(step)
		name := fmt.Sprint("hour ", a.In(w.zone), " ")
		same(name+"arrived", h.Arrived, w.said(a, b))
		// Within a slot nothing is told apart: a time counts as its slot.
		worst := ""
		for _, s := range issue.Severities {
			if worst == "" && w.issues(func(q problem) bool {
				made := q.opened.Before(w.at)
				q.opened = q.opened.Truncate(slot)
				if !q.closed.IsZero() && q.closed.Before(w.at) {
					q.closed = q.closed.Truncate(slot)
				} else {
					q.closed = time.Time{}
				}
				return made && q.severity == s && q.open(a, b)
			}) > 0 {
				worst = s
			}
		}
		same(name+"worst", h.Worst, worst)
		if (h.State == Critical) != (worst == "sev1") || (h.State == Degraded) != (worst == "sev2") {
			same(name+"state", h.State, worst)
		}
	}
	days := 0
	for m := midnight(p.Ruler.From, 0, w.zone); m.Before(p.Ruler.To); m = m.AddDate(0, 0, 1) {
		if !m.Before(p.Ruler.From) {
			days++
		}
	}
	same("midnights", len(p.Ruler.Days), days)
}

func (w *world) checkFigures(p *Pulse, same equal) {
	day := w.at.Add(-24 * time.Hour)
	kpi := func(id string) KPI {
		return p.KPIs[slices.IndexFunc(p.KPIs, func(k KPI) bool { return k.ID == id })]
	}
	value := func(id string) any {
		if v := kpi(id).Value; v != nil {
			return *v
		}
		return nil
	}
	same("reports", p.Totals.Reports, w.count(func(r report) bool { return r.said.Before(w.at) }))
	same("before the launch", p.Totals.BeforeLaunch, w.count(func(r report) bool { return r.said.Before(earlier(w.starts, w.at)) }))
	same("open", p.Totals.IssuesOpen, w.issues(func(q problem) bool { return q.opened.Before(w.at) && q.open(w.at, w.at) }))
	same("waiting", value(Waiting), float64(w.waiting(w.at)))
	same("last spark of waiting", *kpi(Waiting).Spark[23], float64(w.waiting(w.at)))
	same("arrivals", value(Arrivals), float64(w.said(w.at.Add(-time.Hour), w.at)))
	var oldest any
	var took []int64
	rated, negative := 0, 0
	for _, r := range w.reports {
		if age := w.at.Sub(r.received).Seconds(); r.waits(w.at) && (oldest == nil || age > oldest.(float64)) {
			oldest = age
		}
		if in(r.done, day, w.at) {
			took = append(took, r.done.Sub(r.received).Microseconds())
		}
		if in(r.said, day, w.at) && r.feeling != "" {
			rated++
			if r.feeling == "negative" {
				negative++
			}
		}
	}
	same("oldest", value(OldestWait), oldest)
	slices.Sort(took)
	var median any
	if n := len(took); n > 0 {
		median = float64(took[(n+1)/2-1]) / 1e6
	}
	same("time to triage", value(TimeToTriage), median)
	var share any
	if rated > 0 {
		share = float64(negative) / float64(rated)
	}
	same("negative", value(Negative), share)
	same("backlog", value(Backlog), float64(p.Totals.IssuesOpen))
}

func TestLongLaunchHasBarsOfSeveralHours(t *testing.T) {
	t.Parallel()
	w := &world{zone: time.UTC, starts: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), ends: time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC), at: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)}
	r := w.sources("launch").pulse().Ruler
	if r.Step != 7*3600 || len(r.Hours) > rulerBars {
		t.Errorf("bars of %d s, %d of them", r.Step, len(r.Hours))
	}
}

func BenchmarkPulse(b *testing.B) {
	w := &world{zone: time.UTC, starts: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
	w.ends, w.at = w.starts.AddDate(0, 0, 60), w.starts.AddDate(0, 0, 55)
	s := w.sources("7d")
	for b.Loop() {
		s.pulse()
	}
}
