package measure

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hypercare/hypercare/internal/issue"
)

// calmFacts are those of a launch in which nothing burns.
func calmFacts() Facts {
	return Facts{Running: true, Reports: 318, Waiting: 14, OldestWait: 22 * 60, TriageTarget: 4 * 3600, Arrived: 6, Usual: &Band{3, 5, 9},
		Negative: .3, Rated: 100, NegativeSince: .25, RatedSince: 200, Open: 27, Opened: 5, Closed: 4,
		WaitingLink: &Link{To: "feedback", Search: map[string]string{"tab": "triage"}}, OldestLink: &Link{To: "feedback", Search: map[string]string{"item": "f1"}}}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		name   string
		change func(*Facts)
		state  State
		code   string
		values map[string]float64 // of those named
		links  int
		also   []string
	}{
		{"nothing burns", func(*Facts) {}, OK, "steady", map[string]float64{"count": 14, "seconds": 1320}, 1, nil},
		{"nothing waits", func(f *Facts) { f.Waiting, f.OldestWait = 0, 0 }, OK, "clear", map[string]float64{"open": 27}, 0, nil},
		{"only issues made by hand", func(f *Facts) { *f = Facts{Running: true, Open: 1} }, OK, "clear", nil, 0, nil},
		{"nothing has come in", func(f *Facts) { *f = Facts{Running: true, TriageTarget: 60} }, Idle, "nothing_yet", nil, 0, nil},
		{"it has not started", func(f *Facts) { *f = Facts{TriageTarget: 60} }, Idle, "not_started", nil, 0, nil},
		{"reports before it has started", func(f *Facts) { f.Running = false }, OK, "steady", nil, 1, nil},

		{"one critical issue", func(f *Facts) {
			f.Sev1Open, f.Sev1, f.Sev1Age, f.Sev1Hit = 1, issue.Ref{ID: "i", Key: "HC-214"}, 3*3600, 11
		}, Critical, "sev1_open", map[string]float64{"count": 1, "seconds": 10800, "people": 11}, 1, nil},
		{"two critical issues", func(f *Facts) { f.Sev1Open, f.Sev1 = 2, issue.Ref{Key: "HC-2"} }, Critical, "sev1_open", map[string]float64{"count": 2}, 2, nil},

		{"a critical report waits", func(f *Facts) { f.Sev1Wait, f.Sev1First = 3, 900 }, Degraded, "sev1_waiting", map[string]float64{"count": 3, "seconds": 900}, 0, nil},
		{"a critical report has just come", func(f *Facts) { f.Sev1Wait, f.Sev1First = 3, 899 }, OK, "steady", nil, 1, nil},

		{"a flood", func(f *Facts) { f.Arrived = 19 }, Degraded, "arrivals_high", map[string]float64{"count": 19, "usual": 5, "high": 9}, 0, nil},
		{"twice the usual high", func(f *Facts) { f.Arrived = 18 }, OK, "steady", nil, 1, nil},
		{"many of few", func(f *Facts) { f.Arrived, f.Usual = 9, &Band{0, 0, 1} }, OK, "steady", nil, 1, nil},
		{"many while nothing is known to be usual", func(f *Facts) { f.Arrived, f.Usual = 900, nil }, OK, "steady", nil, 1, nil},

		{"the target is reached", func(f *Facts) { f.OldestWait = 4 * 3600 }, Watch, "oldest_over", map[string]float64{"seconds": 14400, "target": 14400, "count": 14}, 2, nil},
		{"just before the target", func(f *Facts) { f.OldestWait = 4*3600 - 1 }, OK, "steady", nil, 1, nil},
		{"twice the target", func(f *Facts) { f.OldestWait = 8 * 3600 }, Degraded, "oldest_over", nil, 2, nil},
		{"the launch's own target", func(f *Facts) { f.TriageTarget = 1200 }, Watch, "oldest_over", nil, 2, nil},

		{"feeling turns", func(f *Facts) { f.Negative = .40 }, Watch, "negative_jump", map[string]float64{"share": .40, "before": .25}, 0, nil},
		{"feeling turns a little", func(f *Facts) { f.Negative = .39 }, OK, "steady", nil, 1, nil},
		{"too few rated today", func(f *Facts) { f.Negative, f.Rated = 1, 19 }, OK, "steady", nil, 1, nil},
		{"too few rated before", func(f *Facts) { f.Negative, f.RatedSince = 1, 19 }, OK, "steady", nil, 1, nil},

		{"the backlog grows", func(f *Facts) { f.Open, f.Opened, f.Closed = 18, 5, 2 }, Watch, "backlog_growing", map[string]float64{"count": 18, "net": 3}, 0, nil},
		{"by less than a fifth", func(f *Facts) { f.Open, f.Opened, f.Closed = 19, 5, 2 }, OK, "steady", nil, 1, nil},
		{"by two", func(f *Facts) { f.Open, f.Opened, f.Closed = 2, 2, 0 }, OK, "steady", nil, 1, nil},

		{"several, worst first", func(f *Facts) {
			f.Negative, f.OldestWait, f.Arrived, f.Sev1Wait, f.Sev1First = .9, 9*3600, 99, 1, 3600
			f.Open, f.Opened, f.Closed = 10, 9, 0
		}, Degraded, "sev1_waiting", nil, 0, []string{"arrivals_high", "oldest_over", "negative_jump", "backlog_growing"}},
		{"a critical issue and a long wait", func(f *Facts) { f.Sev1Open, f.OldestWait = 1, 5*3600 }, Critical, "sev1_open", nil, 1, []string{"oldest_over"}},
	} {
		f := calmFacts()
		x.change(&f)
		v := Judge(f)
		if v.State != x.state || v.Code != x.code || len(v.Links) != x.links {
			t.Errorf("%s: %s %s with links %v, want %s %s with %d", x.name, v.State, v.Code, v.Links, x.state, x.code, x.links)
		}
		for name, want := range x.values {
			if got, ok := v.Values[name]; !ok || got != want {
				t.Errorf("%s: %s = %g, want %g", x.name, name, got, want)
			}
		}
		var also []string
		for _, a := range v.Also {
			also = append(also, a.Code)
		}
		if diff := cmp.Diff(x.also, also); diff != "" {
			t.Errorf("%s: also -want +got\n%s", x.name, diff)
		}
		if (v.Issue != nil) != (v.Code == "sev1_open") {
			t.Errorf("%s: issue %v", x.name, v.Issue)
		}
	}
}

// TestVerdictAlwaysSaysSomething judges any facts: there is always one
// sentence, the worst comes first, and nothing is calm while something burns.
func TestVerdictAlwaysSaysSomething(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := func(name string, most int) int { return rapid.IntRange(0, most).Draw(t, name) }
		f := Facts{Running: rapid.Bool().Draw(t, "running"), Waiting: n("waiting", 3), OldestWait: float64(n("oldest", 5)), TriageTarget: 2,
			Sev1Open: n("sev1", 2), Sev1Wait: n("sev1 waits", 2), Sev1First: float64(n("first", 2000)), Arrived: n("arrived", 40),
			Negative: float64(n("negative", 10)) / 10, Rated: n("rated", 40), RatedSince: n("rated since", 40), Open: n("open", 9), Opened: n("opened", 9), Closed: n("closed", 9)}
		f.Reports = f.Waiting + n("more", 5)
		if rapid.Bool().Draw(t, "usual") {
			f.Usual = &Band{1, 2, float64(n("high", 20))}
		}
		v := Judge(f)
		if v.Code == "" || v.Links == nil || v.Values == nil || len(v.Links) > 2 {
			t.Fatalf("verdict = %+v", v)
		}
		rank := slices.Index(States, v.State)
		calm := []string{"not_started", "nothing_yet", "clear", "steady"}
		for _, a := range v.Also {
			if slices.Index(States, a.State) > rank || slices.Contains(calm, a.Code) {
				t.Fatalf("%s %s is told behind %s %s", a.State, a.Code, v.State, v.Code)
			}
		}
		if len(v.Also) > 0 && slices.Contains(calm, v.Code) {
			t.Fatalf("%s is told although there is %v", v.Code, v.Also)
		}
	})
}
