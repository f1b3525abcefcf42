package issue

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestScore(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name                string
		facts               Facts
		impact              float64
		urgency             int
		priority            float64
		labels              []string
		suggested           int
		rising              bool
		valueOfPriorityLine string
	}{
		{name: "nobody yet", facts: Facts{Severity: "sev3"}, impact: 2, urgency: 2, suggested: 2, priority: 4,
			labels: []string{"nobody has reported it yet", "severity sev3", "impact × urgency"}, valueOfPriorityLine: "2 × 2"},
		{name: "one person, critical", facts: Facts{Reports: 1, People: 1, Severity: "sev1"}, impact: 4, urgency: 5, suggested: 5, priority: 20,
			labels: []string{"1 person reported it", "severity sev1", "impact × urgency"}, valueOfPriorityLine: "4 × 5"},
		{name: "seven people, two of weight, rising", facts: Facts{Reports: 8, People: 7, Weighty: 2, Segments: []Segment{{"tier=enterprise", 2}, {"region=eu", 5}}, Severity: "sev2", Recent: 3, Before: 2},
			impact: 11.7, urgency: 5, suggested: 5, rising: true, priority: 58.5,
			labels: []string{"7 people reported it", "1 more report by the same people", "2 of them are tier=enterprise", "severity sev2",
				"3 new reports in the last 24 h, 0.3 a day in the week before", "impact × urgency"}, valueOfPriorityLine: "11.7 × 5"},
		{name: "reviews that name nobody", facts: Facts{Reports: 32, Unnamed: 32, Severity: "sev4"}, impact: 12, urgency: 1, suggested: 1, priority: 12,
			labels: []string{"32 reports name nobody and counts as half a person each", "severity sev4", "impact × urgency"}, valueOfPriorityLine: "12 × 1"},
		{name: "many met it, few said so", facts: Facts{Reports: 2, People: 2, Met: 28, Severity: "sev3"}, impact: 12, urgency: 2, suggested: 2, priority: 24,
			labels: []string{"2 people reported it", "28 more people met it without saying so, half a person each", "severity sev3", "impact × urgency"}, valueOfPriorityLine: "12 × 2"},
		{name: "a person decides", facts: Facts{Reports: 2, People: 2, Severity: "sev4", Urgency: 5, SetBy: "Ada"}, impact: 6, urgency: 5, suggested: 1, priority: 30,
			labels: []string{"2 people reported it", "urgency 5 set by Ada (suggested: 1)", "impact × urgency"}, valueOfPriorityLine: "6 × 5"},
		{name: "everybody", facts: Facts{Reports: 100_000, People: 90_000, Weighty: 500, Segments: []Segment{{"plan=gold", 500}}, Severity: "sev1", Recent: 9000, Before: 10}, impact: 20, urgency: 5, suggested: 5, rising: true, priority: 100,
			labels: []string{"90000 people reported it", "10000 more reports by the same people", "500 of them are plan=gold", "severity sev1", "impact × urgency"}, valueOfPriorityLine: "20 × 5"},
		{name: "many, but as usual", facts: Facts{Reports: 70, People: 64, Severity: "sev3", Recent: 8, Before: 60}, impact: 16, urgency: 2, suggested: 2, priority: 32,
			labels: []string{"64 people reported it", "6 more reports by the same people", "severity sev3", "impact × urgency"}, valueOfPriorityLine: "16 × 2"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := Score(tc.facts)
			if got.Impact != tc.impact || got.Urgency != tc.urgency || got.Suggested != tc.suggested || got.Priority != tc.priority || got.Rising != tc.rising {
				t.Errorf("Score = impact %g, urgency %d (suggested %d, rising %v), priority %g; want %g, %d (%d, %v), %g",
					got.Impact, got.Urgency, got.Suggested, got.Rising, got.Priority, tc.impact, tc.urgency, tc.suggested, tc.rising, tc.priority)
			}
			var labels []string
			for _, l := range got.Lines {
				labels = append(labels, l.Label)
			}
			if diff := cmp.Diff(tc.labels, labels); diff != "" {
				t.Errorf("lines -want +got:\n%s", diff)
			}
			if last := got.Lines[len(got.Lines)-1]; last.Value != tc.valueOfPriorityLine || last.Effect != tc.priority {
				t.Errorf("last line = %+v, want %s = %g", last, tc.valueOfPriorityLine, tc.priority)
			}
		})
	}
}

func drawFacts(t *rapid.T) Facts {
	f := Facts{
		People:   rapid.IntRange(0, 100_000).Draw(t, "people"),
		Unnamed:  rapid.IntRange(0, 1000).Draw(t, "unnamed"),
		Met:      rapid.IntRange(0, 10_000).Draw(t, "met"),
		Severity: rapid.SampledFrom(append([]string{""}, Severities...)).Draw(t, "severity"),
		Recent:   rapid.IntRange(0, 100).Draw(t, "recent"),
		Before:   rapid.IntRange(0, 1000).Draw(t, "before"),
		Urgency:  rapid.SampledFrom([]int{0, 0, 0, 1, 2, 3, 4, 5}).Draw(t, "urgency"),
	}
	f.Reports = f.People + f.Unnamed
	if f.People > 0 {
		f.Reports += rapid.IntRange(0, 1000).Draw(t, "repeats")
		f.Weighty = rapid.IntRange(0, f.People).Draw(t, "weighty")
		f.Segments = []Segment{{"tier=vip", f.Weighty}}
	}
	return f
}

// TestScoreGrows holds for any facts: more people or a worse severity never
// lower a priority, and the lines are the sum.
func TestScoreGrows(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := drawFacts(t)
		s := Score(f)
		if s.Impact < 0 || s.Impact > 20 || s.Urgency < 1 || s.Urgency > 5 || s.Priority < 0 || s.Priority > 100 {
			t.Fatalf("Score(%+v) = %+v is out of bounds", f, s)
		}
		sums := map[string]float64{}
		for _, l := range s.Lines {
			sums[l.Part] += l.Effect
		}
		if math.Abs(sums["impact"]-s.Impact) > 1e-9 || sums["urgency"] != float64(s.Urgency) || math.Abs(sums["priority"]-s.Priority) > 1e-9 {
			t.Fatalf("lines of %+v sum up to %v, not to %+v", f, sums, s)
		}
		grown := f
		switch rapid.IntRange(0, 5).Draw(t, "how") {
		case 4: // another person met it
			grown.Met++
		case 5: // one of those who met it reports it
			if f.Met > 0 {
				grown.Met, grown.People, grown.Reports = f.Met-1, f.People+1, f.Reports+1
			}
		case 0: // another person
			grown.People, grown.Reports = f.People+1, f.Reports+1
		case 1: // a repeated report turns out to be another person's
			if f.Reports > f.People+f.Unnamed {
				grown.People++
			}
		case 2: // one of the people weighs more
			if f.Weighty < f.People {
				grown.Weighty++
			}
		case 3: // worse
			for k, sev := range Severities {
				if sev == f.Severity && k > 0 {
					grown.Severity = Severities[k-1]
				}
			}
		}
		if more := Score(grown); more.Priority < s.Priority {
			t.Fatalf("priority falls from %g to %g\nfrom %+v\nto   %+v", s.Priority, more.Priority, f, grown)
		}
	})
}

func TestRoll(t *testing.T) {
	t.Parallel()
	days := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}
	for _, tc := range []struct {
		later int64
		want  []int
	}{
		{0, days},
		{1, []int{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0}},
		{13, []int{14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
		{400, make([]int, 14)},
	} {
		if diff := cmp.Diff(tc.want, roll(days, 20_000, 20_000+tc.later)); diff != "" {
			t.Errorf("%d days later -want +got:\n%s", tc.later, diff)
		}
	}
	if diff := cmp.Diff(make([]int, 14), roll(nil, 0, 20_000)); diff != "" {
		t.Errorf("of nothing -want +got:\n%s", diff)
	}
}

func TestSuggestSeverity(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		severity  string
		dismissed string
		reports   map[string]int
		want      string
	}{
		{"sev3", "", map[string]int{"sev1": 1, "sev3": 1}, ""},     // one voice
		{"sev3", "", map[string]int{"sev1": 2, "sev3": 2}, "sev1"}, //
		{"sev3", "", map[string]int{"sev1": 2, "sev3": 10}, ""},    // few
		{"sev3", "", map[string]int{"sev1": 1, "sev2": 2, "sev3": 3}, "sev2"},
		{"sev1", "", map[string]int{"sev1": 9}, ""},
		{"sev4", "", nil, ""},
		{"sev3", "sev1", map[string]int{"sev1": 9}, ""},
		{"sev3", "sev2", map[string]int{"sev2": 9}, ""},
		{"sev3", "sev2", map[string]int{"sev1": 9, "sev2": 9}, "sev1"}, // worse than what was dismissed
	} {
		got := ""
		if s := suggestSeverity(tc.severity, tc.dismissed, tc.reports); s != nil {
			got = s.Level
		}
		if got != tc.want {
			t.Errorf("suggestSeverity(%s, %q, %v) = %q, want %q", tc.severity, tc.dismissed, tc.reports, got, tc.want)
		}
	}
}

func TestNumberOf(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{"HC-12": 12, "hc-7": 7, "HC-": 0, "HC-0": 0, "HC--3": 0, "HC-1x": 0, "XX-1": 0, "": 0, fmt.Sprintf("HC-%d", int64(math.MaxInt64)): math.MaxInt64, "HC-99999999999999999999": 0} {
		if got := numberOf(in); got != want {
			t.Errorf("numberOf(%q) = %d, want %d", in, got, want)
		}
	}
}

func TestSegments(t *testing.T) {
	t.Parallel()
	accounts := map[string]int{"vip": 1}
	for k := range 30 {
		accounts[fmt.Sprint("acme-", k)] = 1
	}
	got := segments(map[string]map[string]int{"region": {"us": 20, "eu": 11}, "tier": {"free": 29, "enterprise": 2}, "account": accounts})
	want := []Segment{{"tier=enterprise", 2}, {"account=vip", 1}, {"tier=free", 29}, {"region=us", 20}, {"region=eu", 11}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
