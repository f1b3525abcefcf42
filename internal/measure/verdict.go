package measure

import (
	"cmp"
	"slices"

	"github.com/hypercare/hypercare/internal/issue"
)

// Finding is one thing that holds, as a code and values, so that whoever
// shows it says it in their language.
type Finding struct {
	State  State              `json:"state" enum:"ok,watch,degraded,critical,idle"`
	Code   string             `json:"code" enum:"sev1_open,sev1_waiting,arrivals_high,oldest_over,negative_jump,backlog_growing,not_started,nothing_yet,clear,steady"`
	Values map[string]float64 `json:"values" doc:"By name; see docs/reference/measures.md."`
	Issue  *issue.Ref         `json:"issue,omitempty"`
	Links  []Link             `json:"links" nullable:"false" doc:"Two at most."`
}

// Verdict is how a launch is: the worst finding, and what else holds.
type Verdict struct {
	Finding
	Also []Finding `json:"also" nullable:"false" doc:"Worst first."`
}

// Facts are what a verdict is judged by.
type Facts struct {
	Running bool // the launch has started
	Reports int

	Waiting      int
	OldestWait   float64 // seconds
	TriageTarget float64 // seconds

	Sev1Open  int
	Sev1      issue.Ref // the one that has been open longest
	Sev1Age   float64   // seconds since it became one
	Sev1Hit   int
	Sev1Wait  int     // waiting reports that read as sev1
	Sev1First float64 // seconds that the first of them has waited

	Arrived int   // in the last hour
	Usual   *Band // nil: not known yet

	Negative      float64 // share of the last day
	Rated         int
	NegativeSince float64 // share of the launch before
	RatedSince    int

	Open   int // issues
	Opened int // in the last day
	Closed int

	// Where the rows are; nil links are left out.
	WaitingLink, OldestLink, Sev1WaitLink, ArrivalsLink, NegativeLink, BacklogLink *Link
}

// The thresholds of the rules.
const (
	sev1Patience   = 15 * 60 // seconds that a report read as sev1 may wait untouched
	floodFactor    = 2.0     // times the usual high
	floodLeast     = 10      // reports an hour
	jumpPoints     = .15     // of the share of negative reports
	jumpReports    = 20      // rated in the last day, and before it
	growthLeast    = 3       // issues a day
	growthShare    = .2      // of the backlog of the day before
	oldestDegraded = 2.0     // times the target
)

// rules are all that a verdict knows, in the order in which they are told
// when they are equally bad. The last ones hold when none above does.
var rules = []struct {
	code string
	when func(*Facts) (State, map[string]float64)
	link func(*Facts) []*Link
}{
	{"sev1_open", func(f *Facts) (State, map[string]float64) {
		return either(f.Sev1Open > 0, Critical), map[string]float64{"count": float64(f.Sev1Open), "seconds": f.Sev1Age, "people": float64(f.Sev1Hit)}
	}, func(f *Facts) []*Link {
		links := []*Link{{To: "issue", ID: f.Sev1.Key}}
		if f.Sev1Open > 1 {
			links = append(links, &Link{To: "issues", Search: map[string]string{"severity": "sev1"}})
		}
		return links
	}},
	{"sev1_waiting", func(f *Facts) (State, map[string]float64) {
		return either(f.Sev1Wait > 0 && f.Sev1First >= sev1Patience, Degraded), map[string]float64{"count": float64(f.Sev1Wait), "seconds": f.Sev1First}
	}, func(f *Facts) []*Link { return []*Link{f.Sev1WaitLink} }},
	{"arrivals_high", func(f *Facts) (State, map[string]float64) {
		v := map[string]float64{"count": float64(f.Arrived)}
		if f.Usual == nil {
			return "", v
		}
		v["usual"], v["high"] = f.Usual.Mid, f.Usual.High
		return either(flood(f.Arrived, f.Usual), Degraded), v
	}, func(f *Facts) []*Link { return []*Link{f.ArrivalsLink} }},
	{"oldest_over", func(f *Facts) (State, map[string]float64) {
		s := either(f.Waiting > 0 && f.OldestWait >= f.TriageTarget, Watch)
		if s == Watch && f.OldestWait >= oldestDegraded*f.TriageTarget {
			s = Degraded
		}
		return s, map[string]float64{"count": float64(f.Waiting), "seconds": f.OldestWait, "target": f.TriageTarget}
	}, func(f *Facts) []*Link { return []*Link{f.OldestLink, f.WaitingLink} }},
	{"negative_jump", func(f *Facts) (State, map[string]float64) {
		return either(jumped(f), Watch), map[string]float64{"share": f.Negative, "before": f.NegativeSince}
	}, func(f *Facts) []*Link { return []*Link{f.NegativeLink} }},
	{"backlog_growing", func(f *Facts) (State, map[string]float64) {
		return either(growing(f), Watch), map[string]float64{"count": float64(f.Open), "net": float64(f.Opened - f.Closed)}
	}, func(f *Facts) []*Link { return []*Link{f.BacklogLink} }},
	{"not_started", func(f *Facts) (State, map[string]float64) {
		return either(!f.Running && f.Reports == 0 && f.Open == 0, Idle), nil
	}, nil},
	{"nothing_yet", func(f *Facts) (State, map[string]float64) {
		return either(f.Running && f.Reports == 0 && f.Open == 0, Idle), nil
	}, nil},
	{"clear", func(f *Facts) (State, map[string]float64) {
		return either((f.Reports > 0 || f.Open > 0) && f.Waiting == 0, OK), map[string]float64{"open": float64(f.Open)}
	}, func(f *Facts) []*Link { return []*Link{f.BacklogLink} }},
	{"steady", func(f *Facts) (State, map[string]float64) {
		return either(f.Waiting > 0, OK), map[string]float64{"count": float64(f.Waiting), "seconds": f.OldestWait}
	}, func(f *Facts) []*Link { return []*Link{f.WaitingLink} }},
}

// calm is the first of the rules that say that nothing burns.
const calm = 6

// either is s if it holds, nothing otherwise.
func either(holds bool, s State) State {
	if holds {
		return s
	}
	return ""
}

// flood says whether an hour brought far more than is usual.
func flood(arrived int, usual *Band) bool {
	return usual != nil && arrived >= floodLeast && float64(arrived) > floodFactor*usual.High
}

func jumped(f *Facts) bool {
	return f.Rated >= jumpReports && f.RatedSince >= jumpReports && f.Negative-f.NegativeSince >= jumpPoints
}

func growing(f *Facts) bool {
	net := f.Opened - f.Closed
	return net >= growthLeast && float64(net) >= growthShare*float64(f.Open-net)
}

// Judge is the verdict on facts: the worst of the findings; of equally bad
// ones the first of the table.
func Judge(f Facts) Verdict {
	var found []Finding
	for k, r := range rules {
		if k >= calm && len(found) > 0 {
			break
		}
		state, values := r.when(&f)
		if state == "" {
			continue
		}
		one := Finding{State: state, Code: r.code, Values: values, Links: []Link{}}
		if one.Values == nil {
			one.Values = map[string]float64{}
		}
		if r.code == "sev1_open" {
			ref := f.Sev1
			one.Issue = &ref
		}
		if r.link != nil {
			for _, l := range r.link(&f) {
				if l != nil {
					one.Links = append(one.Links, *l)
				}
			}
		}
		found = append(found, one)
	}
	slices.SortStableFunc(found, func(a, b Finding) int {
		return cmp.Compare(slices.Index(States, b.State), slices.Index(States, a.State))
	})
	return Verdict{Finding: found[0], Also: append([]Finding{}, found[1:]...)}
}
