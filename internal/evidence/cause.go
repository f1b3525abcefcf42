package evidence

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Cause is what the reports of an issue have in common beyond chance.
type Cause struct {
	Label      string   `json:"label" enum:"launch,release,older,unknown" doc:"What brought it."`
	Release    string   `json:"release,omitempty" doc:"Which, when a release did."`
	Sentence   string   `json:"sentence"`
	Confidence float64  `json:"confidence" doc:"From 0 to 1."`
	Factors    []Factor `json:"factors" nullable:"false" doc:"What explains it, the most telling first; what it looked like last."`
	Reach      Reach    `json:"reach"`
}

// Factor is one thing that reports have in common.
type Factor struct {
	Field      string   `json:"field" example:"route"`
	Value      string   `json:"value"`
	In         int      `json:"in" doc:"Reports whose call has it, each person once."`
	Of         int      `json:"of" doc:"Reports whose call is known."`
	BaseIn     int64    `json:"base_in" doc:"All calls of the same time that have it."`
	BaseOf     int64    `json:"base_of"`
	Failing    int64    `json:"failing" doc:"Those of them that failed in the same way."`
	PValue     float64  `json:"p_value" doc:"The chance of that many by accident (hypergeometric, times the number of values looked at)."`
	Lift       float64  `json:"lift" doc:"How many times as frequent among the reports as among all calls."`
	Sentence   string   `json:"sentence"`
	Contradict []string `json:"contradicts" nullable:"false" doc:"Feedback whose call does not have it."`
}

// met is a report with the call that it is about.
type met struct {
	feedback *feedback.Feedback
	item     Item
	how      string
}

// The ways in which calls fail, as far as causes are told apart by them.
const (
	howFailed = "failed" // 5xx, or no answer
	howLeft   = "left"   // the client did not wait
	howSlow   = "slow"
	howOdd    = "odd"  // good, of an unusual size
	howFine   = "fine" // nothing was wrong with it
)

// usableScore is how likely a call must be to speak for a report.
const usableScore = .5

// howOf says how the call of an item failed; those of 4xx by their status.
func howOf(i *Item) string {
	switch st := i.Call.Status; {
	case st >= 500 || st == 0:
		return howFailed
	case st == 499:
		return howLeft
	case st >= 400:
		return itoa(st)
	}
	for _, p := range i.Parts {
		if p.Name != partAbnormal || p.Weight < .8 {
			continue
		}
		if strings.HasPrefix(p.Say, "took") {
			return howSlow
		}
		if strings.Contains(p.Say, oddSize) {
			return howOdd
		}
	}
	return howFine
}

// metOf picks the call of each report; of a person with several reports the
// likeliest.
func metOf(reports []*feedback.Feedback, best map[string][]Item) []met {
	byPerson := map[string]int{}
	var out []met
	for _, f := range reports {
		at := slices.IndexFunc(best[f.ID], func(i Item) bool { return i.Call != nil })
		if at < 0 || best[f.ID][at].Score < usableScore {
			continue
		}
		m := met{feedback: f, item: best[f.ID][at]}
		m.how = howOf(&m.item)
		if p := f.Author.PersonID; p != "" {
			if k, ok := byPerson[p]; ok {
				if m.item.Score > out[k].item.Score {
					out[k] = m
				}
				continue
			}
			byPerson[p] = len(out)
		}
		out = append(out, m)
	}
	return out
}

// analysis is the search for a cause.
type analysis struct {
	s       *Service
	ws      workspace.ID
	reports int
	met     []met
	hows    []string // that matter
	failing []call.Filter
	where   []call.Filter // beside failing: of odd answers
	windows []span

	all, bad tallies
	first    *Factor // that explains them best
}

// tallies are how many calls have each value, by dimension.
type tallies struct {
	total  int64
	values map[string]map[string]int64
	raw    map[string]map[string][]string // the raw values behind a value
}

// CauseOf says what the reports of an issue have in common, whether the launch
// or a release brought it, and how many people met it.
func (s *Service) CauseOf(ctx context.Context, id string) (*Cause, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	x, err := s.issues.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if s.calls == nil {
		return nil, errs.New(errs.Unavailable, "This node keeps no call log: it has no gateway, or runs with --call-log=false.")
	}
	reports, err := s.reportsOf(ctx, a.Workspace, x.ID)
	if err != nil {
		return nil, err
	}
	best, err := s.bestOf(ctx, a.Workspace, reports, ofEach)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, causeTime)
	defer cancel()
	n := analysis{s: s, ws: a.Workspace, reports: len(reports), met: metOf(reports, best)}
	out := &Cause{Label: "unknown", Factors: []Factor{}, Reach: Reach{Reported: peopleOf(reports)}}
	if len(n.met) < 2 || len(n.met)*5 < 2*len(reports) {
		out.Sentence = fmt.Sprintf("Of %s the call behind it is known of %d: too few to say what they have in common.", plural(len(reports), "report"), len(n.met))
		out.Reach.say()
		return out, nil
	}
	n.choose()
	if err := n.count(ctx); err != nil {
		return nil, err
	}
	if out.Factors, err = n.factors(ctx); err != nil {
		return nil, err
	}
	if len(out.Factors) > 0 {
		n.first = &out.Factors[0]
	} else if !n.alike() {
		out.Sentence = "The reports have nothing in common beyond chance."
		out.Reach.say()
		return out, nil
	}
	if err := n.label(ctx, x.LaunchID, out); err != nil {
		return nil, err
	}
	return out, n.reach(ctx, out)
}

// alike reports whether most of the calls failed on one route in one way: too
// few may be known to say why, and still they are one failure.
func (n *analysis) alike() bool {
	count := map[string]int{}
	most := 0
	for _, m := range n.met {
		if m.how != howFine {
			k := m.item.Call.Route + " " + m.how
			count[k]++
			most = max(most, count[k])
		}
	}
	return most >= 2 && float64(most) >= .6*float64(len(n.met))
}

const causeTime = 15 * time.Second

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return itoa(int64(n)) + " " + one + "s"
}

// peopleOf counts who reported, unnamed reports each as one.
func peopleOf(reports []*feedback.Feedback) int {
	seen := map[string]bool{}
	n := 0
	for _, f := range reports {
		if f.Author.PersonID == "" || !seen[f.Author.PersonID] {
			n++
		}
		seen[f.Author.PersonID] = true
	}
	return n
}

// Bounds of the time that is looked at.
const (
	causeAgo   = time.Hour // the time before it began is what tells what changed
	causeLater = 5 * time.Minute
	causeSpan  = 6 * time.Hour // as one piece
	mostSpans  = 8
)

// choose settles how such calls fail, and which time is looked at.
func (n *analysis) choose() {
	count := map[string]int{}
	for _, m := range n.met {
		count[m.how]++
	}
	for how, k := range count {
		if how != howFine && (k >= 2 && k*4 >= len(n.met) || k*2 >= len(n.met)) {
			n.hows = append(n.hows, how)
		}
	}
	slices.Sort(n.hows)
	var w Window
	for _, m := range n.met {
		w.add(m.item.At.Add(-causeAgo), m.item.At.Add(causeLater))
	}
	n.windows = w.parts
	if from, to := w.From, w.To; to.Sub(from) <= causeSpan {
		n.windows = []span{{from, to}}
	}
	if len(n.windows) > mostSpans {
		n.windows = n.windows[len(n.windows)-mostSpans:]
	}
	n.filter()
}

// filter makes the conditions by which calls have failed in the same way.
func (n *analysis) filter() {
	if n.mostly(howOdd) {
		n.filterOdd()
		return
	}
	var least int64 = math.MaxInt64
	for _, m := range n.met {
		if m.how == howSlow {
			least = min(least, m.item.Call.Latency)
		}
	}
	for _, how := range n.hows {
		switch how {
		case howFailed:
			n.failing = append(n.failing, call.Filter{Field: call.Status, Values: []string{"5xx", "0"}})
		case howLeft:
			n.failing = append(n.failing, call.Filter{Field: call.Status, Values: []string{"499"}})
		case howSlow:
			n.failing = append(n.failing, call.Filter{Field: call.Latency, Op: call.AtLeast, Values: []string{itoa(max(least*7/10, 200_000))}})
		case howOdd: // few: what most met explains them better
		default:
			n.failing = append(n.failing, call.Filter{Field: call.Status, Values: []string{how}})
		}
	}
}

// mostly reports whether more calls failed in one way than in any other.
func (n *analysis) mostly(how string) bool {
	count := map[string]int{}
	for _, m := range n.met {
		if slices.Contains(n.hows, m.how) {
			count[m.how]++
		}
	}
	for h, k := range count {
		if h != how && k >= count[how] {
			return false
		}
	}
	return count[how] > 0
}

// filterOdd makes the conditions for good answers that are shorter, or longer,
// than those of their routes usually are.
func (n *analysis) filterOdd() {
	routes := map[string]bool{}
	var short, long []int64
	for _, m := range n.met {
		if m.how != howOdd {
			continue
		}
		routes[m.item.Call.Route] = true
		if slices.ContainsFunc(m.item.Parts, func(p Part) bool { return p.Name == partAbnormal && strings.Contains(p.Say, "shorter") }) {
			short = append(short, m.item.Call.BytesOut)
		} else {
			long = append(long, m.item.Call.BytesOut)
		}
	}
	f := call.Filter{Field: call.BytesOut, Op: call.AtMost}
	if slices.Sort(short); len(short) >= len(long) {
		f.Values = []string{itoa(short[len(short)/2]*5/4 + 8)} // of half of them, and such as are alike: a few are of other kinds
	} else {
		slices.Sort(long)
		f.Op, f.Values = call.AtLeast, []string{itoa(long[len(long)/2] * 4 / 5)}
	}
	n.failing = []call.Filter{f}
	n.where = []call.Filter{{Field: call.Status, Values: []string{"2xx"}}, {Field: call.Route, Values: sorted(routes)}}
}

func sorted(set map[string]bool) []string {
	var list []string
	for v := range set {
		list = append(list, v)
	}
	slices.Sort(list)
	return list
}

// count tallies all calls of the time, and those that failed so.
func (n *analysis) count(ctx context.Context) (err error) {
	if n.all, err = n.tally(ctx, nil, nil); err != nil || len(n.failing) == 0 {
		return err
	}
	n.bad, err = n.tally(ctx, n.where, n.failing)
	return err
}

func (n *analysis) tally(ctx context.Context, where, any []call.Filter) (tallies, error) {
	t := tallies{values: map[string]map[string]int64{}, raw: map[string]map[string][]string{}}
	for _, d := range dimensions {
		t.values[d.name], t.raw[d.name] = map[string]int64{}, map[string][]string{}
	}
	for _, w := range n.windows {
		f, err := n.s.calls.Facets(ctx, n.ws, call.Query{From: w.from, To: w.to, Where: where, Any: any}, fieldsAsked, 1000)
		if err != nil {
			return t, err
		}
		t.total += f.All.Count
		for i, facet := range f.Facets {
			for k := range dimensions {
				d := &dimensions[k]
				if d.field != fieldsAsked[i] {
					continue
				}
				for _, s := range facet.Shares {
					for _, v := range d.of(s.Value) {
						t.values[d.name][v] += s.Count
						if list := t.raw[d.name][v]; len(list) < 500 && !slices.Contains(list, s.Value) {
							t.raw[d.name][v] = append(list, s.Value)
						}
					}
				}
			}
		}
	}
	return t, nil
}

// value is a value that reports have in common, with what explains it.
type value struct {
	d       *dimension
	v       string
	in      int
	all     int64
	bad     int64
	p       float64
	score   float64
	without []string
}

// shared tallies the values of some reports' calls against all calls.
func shared(list []met, all, bad tallies, explained bool) []value {
	var out []value
	tested := 0
	for k := range dimensions {
		d := &dimensions[k]
		count := map[string]int{}
		for _, m := range list {
			for _, v := range d.of(rawOf(m.item.Call, d.field)) {
				count[v]++
			}
		}
		tested += len(count)
		for v, in := range count {
			if in < 2 || in*2 < len(list) {
				continue
			}
			x := value{d: d, v: v, in: in, all: all.values[d.name][v], bad: bad.values[d.name][v]}
			x.p = tail(all.total, x.all, len(list), in)
			for _, m := range list {
				if !slices.Contains(d.of(rawOf(m.item.Call, d.field)), v) {
					x.without = append(x.without, m.feedback.ID)
				}
			}
			x.score = x.explains(len(list), all.total, bad.total, explained)
			out = append(out, x)
		}
	}
	for i := range out {
		out[i].p = math.Min(1, out[i].p*float64(max(tested, 1)))
	}
	slices.SortStableFunc(out, func(a, b value) int {
		return cmp.Or(cmp.Compare(b.score, a.score), strings.Compare(a.d.name, b.d.name), cmp.Compare(len(a.v), len(b.v)), strings.Compare(a.v, b.v))
	})
	return out
}

// explains says how well a value explains the reports: how many have it, how
// much likelier calls with it fail in the same way than calls at large, and
// how much more frequent it is among the reports.
func (x *value) explains(reports int, all, bad int64, explained bool) float64 {
	cover := float64(x.in) / float64(reports)
	lift := math.Log2(math.Max(cover*float64(max(all, 1))/float64(max(x.all, 1)), 1))
	gain := lift
	if explained {
		gain = math.Log2(math.Max((float64(x.bad)+.3)/(float64(x.all)+1)/((float64(bad)+.3)/(float64(all)+1)), 1e-3))
		gain = gain + .15*math.Min(lift, 6)
	}
	return cover * cover * gain * x.d.weight
}

// same reports whether two values are of the same calls.
func (x *value) same(o *value) bool {
	near := func(a, b int64) bool { return math.Abs(float64(a-b)) <= .04*float64(max(a, b))+1 }
	return near(x.all, o.all) && near(x.bad, o.bad) && x.in == o.in
}

// Bounds of what is claimed.
const (
	claimed   = .05 // most that p may be
	leastGain = .35
	within    = .4 // gain that a second must add inside the first, in doublings
)

// factors names what explains the reports, in order: the best; what explains
// within that; then the rest.
func (n *analysis) factors(ctx context.Context) ([]Factor, error) {
	telling := func(x value) bool { return x.p > claimed || x.score < leastGain }
	list := slices.DeleteFunc(shared(n.met, n.all, n.bad, len(n.failing) > 0), telling)
	if len(list) == 0 {
		list = slices.DeleteFunc(shared(n.met, n.all, n.bad, false), telling)
	}
	causes := slices.Clone(list)
	causes = slices.DeleteFunc(causes, func(x value) bool { return x.d.effect })
	out := []Factor{}
	if len(causes) == 0 {
		return out, nil
	}
	chosen := []value{causes[0]}
	second, err := n.inside(ctx, &causes[0])
	if err != nil {
		return nil, err
	}
	if second != nil {
		chosen = append(chosen, *second)
	}
	var doubles []value
	for _, x := range causes[1:] {
		if slices.ContainsFunc(chosen, func(o value) bool { return o.d.name == x.d.name && o.v == x.v }) {
			continue
		}
		if slices.ContainsFunc(chosen, func(o value) bool { return x.same(&o) }) {
			doubles = append(doubles, x)
			continue
		}
		chosen = append(chosen, x)
	}
	chosen = append(chosen, doubles...)
	for _, x := range list {
		if x.d.effect {
			chosen = append(chosen, x)
		}
	}
	for _, x := range chosen[:min(len(chosen), mostFactors)] {
		out = append(out, n.factor(&x))
	}
	return out, nil
}

const mostFactors = 8

func (n *analysis) factor(x *value) Factor {
	f := Factor{Field: x.d.name, Value: x.v, In: x.in, Of: len(n.met), BaseIn: x.all, BaseOf: n.all.total, Failing: x.bad, PValue: x.p, Contradict: append([]string{}, x.without...)}
	if x.all > 0 {
		f.Lift = math.Round(float64(x.in)/float64(len(n.met))*float64(n.all.total)/float64(x.all)*10) / 10
	}
	f.Sentence = fmt.Sprintf("%d of %d reports "+x.d.say+"; %s of all calls do.", x.in, len(n.met), x.v, percent(x.all, n.all.total))
	f.Sentence = strings.Replace(f.Sentence, "all calls do", "all calls did", 1)
	return f
}

func percent(n, of int64) string {
	if of == 0 {
		return "none"
	}
	v := 100 * float64(n) / float64(of)
	switch {
	case v >= 10:
		return fmt.Sprintf("%.0f %%", v)
	case v >= .1:
		return fmt.Sprintf("%.1f %%", v)
	}
	return "under 0.1 %"
}

// inside looks for what explains the reports within what all of them have in
// common: of the calls of one route those of one release, of one region.
func (n *analysis) inside(ctx context.Context, first *value) (*value, error) {
	raw := n.all.raw[first.d.name][first.v]
	if len(raw) == 0 || len(n.failing) == 0 {
		return nil, nil
	}
	only := []call.Filter{{Field: first.d.field, Values: raw}}
	all, err := n.tally(ctx, only, nil)
	if err != nil {
		return nil, err
	}
	bad, err := n.tally(ctx, slices.Concat(only, n.where), n.failing)
	if err != nil {
		return nil, err
	}
	var list []met
	for _, m := range n.met {
		if slices.Contains(first.d.of(rawOf(m.item.Call, first.d.field)), first.v) {
			list = append(list, m)
		}
	}
	for _, x := range shared(list, all, bad, true) {
		if x.d.effect || x.d.name == first.d.name && !strings.HasPrefix(x.v, first.v+"/") || x.d.field == call.Host && first.d.field == call.Host {
			continue
		}
		gain := math.Log2((float64(x.bad) + .3) / (float64(x.all) + 1) / ((float64(bad.total) + .3) / (float64(all.total) + 1)))
		if gain < within || x.all >= all.total*97/100 {
			continue
		}
		if tail(all.total, x.all, len(list), x.in) > .2 && differs(x.bad, x.all, bad.total-x.bad, all.total-x.all) > .001 {
			continue
		}
		// As it stands among all calls.
		x.all, x.bad = n.all.values[x.d.name][x.v], n.bad.values[x.d.name][x.v]
		x.in, x.without = 0, nil
		for _, m := range n.met {
			if slices.Contains(x.d.of(rawOf(m.item.Call, x.d.field)), x.v) {
				x.in++
			} else {
				x.without = append(x.without, m.feedback.ID)
			}
		}
		return &x, nil
	}
	return nil, nil
}
