package issue

import (
	"fmt"
	"math"
	"strings"
)

// Line is one line of the sum behind a priority.
type Line struct {
	Part   string  `json:"part" enum:"impact,urgency,priority" doc:"Which number the line adds to. The effects of the impact lines sum up to the impact, those of the urgency lines to the urgency; the last line multiplies them."`
	Label  string  `json:"label" example:"7 people reported it"`
	Value  string  `json:"value" example:"7"`
	Effect float64 `json:"effect" example:"9.6"`
}

// Facts are what a priority is made of.
type Facts struct {
	Reports  int // all reports
	People   int // distinct persons among the reporters
	Unnamed  int // reports that name nobody
	Met      int // people whose calls failed in the same way, and who reported nothing
	Weighty  int // persons of a segment that weighs more
	Segments []Segment
	Severity string // sev1 to sev4
	Recent   int    // reports that occurred in the last 24 hours
	Before   int    // in the seven days before those
	Urgency  int    // 1 to 5 set by a person; 0: as suggested
	SetBy    string // that person's name
}

// Scored is a priority with its sum.
type Scored struct {
	Reach     float64 // people, as far as one can tell
	Impact    float64 // 0 to 20
	Urgency   int     // 1 to 5
	Suggested int     // urgency without a person's word
	Rising    bool    // the trend raises the suggested urgency
	Priority  float64 // 0 to 100
	Lines     []Line
}

// The weights of the sum, see Score.
const (
	impactNone    = 2.0  // nobody has reported it yet
	impactFirst   = 4.0  // the first person
	impactDouble  = 2.0  // each doubling of the people
	impactWeighty = 1.0  // each doubling of those who weigh more
	maxWeighty    = 4.0  // what they add at most
	maxImpact     = 20.0 // 256 people
	unnamedWeight = 0.5  // an unnamed report, in people
	repeatWeight  = 0.1  // another report by the same person, in people
	metWeight     = 0.5  // somebody who met it and said nothing, in people
	risingFrom    = 3    // fewer reports in a day are no trend
	risingTimes   = 2    // times the daily average of the week before
)

// severityUrgency is how soon a severity hurts.
var severityUrgency = map[string]int{"sev1": 5, "sev2": 4, "sev3": 2, "sev4": 1}

// Score says how important an issue is: priority = impact x urgency.
//
// Impact (0 to 20) is how far it reaches. One person is 4 and each doubling
// of the people adds 2, so that 2 people are 6, 16 are 12 and 256 reach 20. A
// report that names nobody counts as half a person, another report by the
// same person as a tenth, somebody whose calls failed in the same way and who
// said nothing as half. People of a segment that weighs more (see weighty)
// add 1 for the first and 1 for each doubling, at most 4. An issue that
// nobody reported has 2.
//
// Urgency (1 to 5) is how soon it hurts: sev1 5, sev2 4, sev3 2, sev4 1, plus
// 1 when three or more reports occurred in the last 24 hours and these are
// more than twice the daily average of the week before. A person's word
// replaces the suggestion.
//
// Because both grow by factors, a critical fault that one person met (4 x 5)
// stands beside a cosmetic one that everybody met (20 x 1). All numbers are
// rounded to tenths, line by line, so that the lines sum up exactly.
func Score(f Facts) Scored {
	var s Scored
	s.Lines = s.impact(f)
	suggestion := s.suggest(f)
	if s.Urgency = f.Urgency; s.Urgency == 0 {
		s.Urgency = s.Suggested
		s.Lines = append(s.Lines, suggestion...)
	} else {
		s.Urgency = min(max(s.Urgency, 1), 5)
		s.Lines = append(s.Lines, Line{"urgency", fmt.Sprintf("urgency %d set by %s (suggested: %d)", s.Urgency, orSomebody(f.SetBy), s.Suggested), fmt.Sprint(s.Urgency), float64(s.Urgency)})
	}
	s.Priority = tenths(s.Impact * float64(s.Urgency))
	s.Lines = append(s.Lines, Line{"priority", "impact × urgency", fmt.Sprintf("%g × %d", s.Impact, s.Urgency), s.Priority})
	return s
}

// impact sets Reach and Impact and returns their lines.
func (s *Scored) impact(f Facts) []Line {
	repeats := max(0, f.Reports-f.People-f.Unnamed)
	s.Reach = tenths(float64(f.People) + unnamedWeight*float64(f.Unnamed) + repeatWeight*float64(repeats) + metWeight*float64(f.Met))
	var lines []Line
	sum := 0.0
	// Each line shows by how much it lifts the rounded sum.
	add := func(label, value string, to float64) {
		to = tenths(min(to, maxImpact))
		lines = append(lines, Line{"impact", label, value, tenths(to - sum)})
		sum = to
	}
	if f.Reports == 0 && f.Met == 0 {
		add("nobody has reported it yet", "0", impactNone)
		s.Impact = sum
		return lines
	}
	people := float64(f.People)
	if f.People > 0 {
		add(count(f.People, "person", "people")+" reported it", fmt.Sprint(f.People), reachImpact(people))
	}
	if f.Unnamed > 0 {
		people += unnamedWeight * float64(f.Unnamed)
		add(count(f.Unnamed, "report names", "reports name")+" nobody and counts as half a person each", fmt.Sprint(f.Unnamed), reachImpact(people))
	}
	if repeats > 0 {
		people += repeatWeight * float64(repeats)
		add(count(repeats, "more report", "more reports")+" by the same people", fmt.Sprint(repeats), reachImpact(people))
	}
	if f.Met > 0 {
		people += metWeight * float64(f.Met)
		add(count(f.Met, "more person met", "more people met")+" it without saying so, half a person each", fmt.Sprint(f.Met), reachImpact(people))
	}
	if f.Weighty > 0 {
		more := min(maxWeighty, impactWeighty*(1+math.Log2(float64(f.Weighty))))
		add(weightyLabel(f), fmt.Sprint(f.Weighty), reachImpact(people)+more)
	}
	s.Impact = sum
	return lines
}

// reachImpact is the impact of so many people.
func reachImpact(people float64) float64 {
	return min(maxImpact, impactFirst+impactDouble*math.Log2(max(people, 1)))
}

// suggest sets Suggested and Rising and returns the lines of the suggestion.
func (s *Scored) suggest(f Facts) []Line {
	base := severityUrgency[f.Severity]
	if base == 0 {
		base = severityUrgency["sev3"]
	}
	lines := []Line{{"urgency", "severity " + f.Severity, f.Severity, float64(base)}}
	s.Rising = f.Recent >= risingFrom && f.Recent*7 > risingTimes*f.Before
	s.Suggested = base
	if s.Rising && base < 5 {
		s.Suggested++
		lines = append(lines, Line{"urgency", fmt.Sprintf("%d new reports in the last 24 h, %s a day in the week before", f.Recent, average(f.Before)), fmt.Sprint(f.Recent), 1})
	}
	return lines
}

func average(week int) string { return fmt.Sprintf("%g", tenths(float64(week)/7)) }

func orSomebody(name string) string {
	if name == "" {
		return "somebody"
	}
	return name
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func tenths(v float64) float64 { return math.Round(v*10) / 10 }

// weightyKeys and weightyValues name the segments whose people weigh more.
// The words are those that customer lists commonly use for it.
var (
	weightyKeys   = map[string]bool{"tier": true, "plan": true, "segment": true, "value": true, "account": true, "customer": true, "level": true, "subscription": true, "sla": true}
	weightyValues = map[string]bool{"enterprise": true, "strategic": true, "vip": true, "key": true, "platinum": true, "gold": true, "premium": true, "high": true, "top": true}
)

// weighty reports whether people with an attribute weigh more: the largest
// customers, by whichever of the usual names that is known.
func weighty(key, value string) bool {
	return weightyKeys[strings.ToLower(key)] && weightyValues[strings.ToLower(value)]
}

func weightyLabel(f Facts) string {
	var names []string
	for _, s := range f.Segments {
		if k, v, ok := strings.Cut(s.Name, "="); ok && weighty(k, v) && len(names) < 3 {
			names = append(names, s.Name)
		}
	}
	verb := "are"
	if f.Weighty == 1 {
		verb = "is"
	}
	return fmt.Sprintf("%d of them %s %s", f.Weighty, verb, strings.Join(names, " or "))
}
