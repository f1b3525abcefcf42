// Package demo plays the weeks after a launch in minutes: a shop of several
// services behind the gateway of a running hypercare, people who use it,
// faults that are really injected, and reports by those who met them. It
// knows what truly happened (which call failed a reporter, and why), so what
// hypercare says can be held against it: see Examine.
//
// It speaks to hypercare as anybody could, over HTTP: nothing is written into
// its records, and it imports no other part of the product.
package demo

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"
)

// Minutes are minutes of the story that is told. How long one takes is the
// play's pace.
type Minutes float64

// FirstHeld is the first seed whose texts use the phrases that are held out:
// who tunes something on lower seeds has not read them.
const FirstHeld = 101

// Scenario is what will happen: made from a seed, always the same.
type Scenario struct {
	Seed    uint64
	Held    bool // texts are of the phrases that were held out
	Length  Minutes
	People  []*Person
	Visits  []Visit // by time
	Faults  []*Fault
	Deploys []Deploy // releases without any trouble
	Chatter []Chat   // reports about something else
}

// Visit is one session of somebody in the shop.
type Visit struct {
	Person  *Person
	At      Minutes
	Session string
	Journey string
	Seed    uint64
}

// Deploy is a release that breaks nothing.
type Deploy struct {
	At      Minutes
	Service string
	Release string
}

// Chat is a report of somebody who met no fault, or writes of other things.
type Chat struct {
	At     Minutes
	Person *Person
	During bool // in the middle of a visit
}

// Size says how much happens.
type Size struct {
	People  int
	Faults  []Kind // in any order; empty: eight of the twelve, by seed
	Length  Minutes
	Chatter int
	Reports int // wanted of each fault
}

// Usual is the size of an examination.
var Usual = Size{People: 280, Length: 60, Chatter: 24, Reports: 8}

// NewScenario plans a story.
func NewScenario(seed uint64, size Size) *Scenario {
	r := rand.New(rand.NewPCG(seed, 0x5ca1ab1e)) //nolint:gosec // a story, not a secret
	s := &Scenario{Seed: seed, Held: seed >= FirstHeld, Length: size.Length}
	s.People = newPeople(r, size.People)
	s.planFaults(r, size)
	s.planDeploys(r)
	s.planVisits(r)
	for range size.Chatter {
		s.Chatter = append(s.Chatter, Chat{At: between(r, 4, s.Length-2), Person: pick(r, s.People), During: r.IntN(3) > 0})
	}
	slices.SortFunc(s.Chatter, func(a, b Chat) int { return compare(a.At, b.At) })
	return s
}

// planFaults puts the faults one after the other over the story, so that some
// overlap; each has a service of its own.
func (s *Scenario) planFaults(r *rand.Rand, size Size) {
	list := slices.Clone(size.Faults)
	if len(list) == 0 {
		list = chosen(s.Seed)
	}
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	taken := map[string]bool{}
	quiet := s.Length / 6
	step := (s.Length - quiet - 8) / Minutes(max(len(list), 1))
	for i, kind := range list {
		at := quiet + step*Minutes(i) + between(r, 0, step/2)
		f := &Fault{ID: fmt.Sprintf("f%d", i+1), Kind: kind, From: at, To: min(at+between(r, 8, 13), s.Length-3), Reports: size.Reports, Instance: -1}
		kinds[kind].plan(r, f, s, taken)
		taken[f.Service] = true
		s.Faults = append(s.Faults, f)
	}
}

// turn is the order in which seeds take kinds in turn.
var turn = []Kind{UpstreamTimeout, SlowRegion, DataBug, BadCanary, ReleaseStatus, Quota, ExpiredCertificate, MemoryLeak, ThirdParty, RateLimit, AuthBreak, DNS}

// chosen are eight kinds, so that seeds in a row have all of them about
// equally often. Quota and rate limit never come together: at one moment a
// call that both refuse would be of either.
func chosen(seed uint64) []Kind {
	var list []Kind
	for i := range uint64(8) {
		list = append(list, turn[(seed*8+i)%12])
	}
	if slices.Contains(list, Quota) && slices.Contains(list, RateLimit) {
		drop := []Kind{Quota, RateLimit}[seed/3%2]
		list = append(slices.DeleteFunc(list, func(k Kind) bool { return k == drop }), turn[seed/3%4])
	}
	return list
}

func (s *Scenario) planDeploys(r *rand.Rand) {
	busy := map[string]bool{}
	for _, f := range s.Faults {
		busy[f.Service] = true
	}
	for _, sv := range services {
		if !busy[sv.name] && sv.release != "" && len(s.Deploys) < 3 && r.IntN(2) == 0 {
			s.Deploys = append(s.Deploys, Deploy{At: between(r, 8, s.Length-6), Service: sv.name, Release: bump(sv.release, r)})
		}
	}
	slices.SortFunc(s.Deploys, func(a, b Deploy) int { return compare(a.At, b.At) })
}

func (s *Scenario) planVisits(r *rand.Rand) {
	for _, p := range s.People {
		for range 1 + r.IntN(3) {
			j := pick(r, []string{"buy", "buy", "finish", "finish", "look", "look", "after"})
			s.Visits = append(s.Visits, Visit{Person: p, At: between(r, 0, s.Length-4), Session: fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64()), Journey: j, Seed: r.Uint64()})
		}
	}
	slices.SortFunc(s.Visits, func(a, b Visit) int { return compare(a.At, b.At) })
}

// Fault returns one by its id; nil for none.
func (s *Scenario) Fault(id string) *Fault {
	for _, f := range s.Faults {
		if f.ID == id {
			return f
		}
	}
	return nil
}

func between(r *rand.Rand, from, to Minutes) Minutes {
	if to <= from {
		return from
	}
	return from + Minutes(r.Float64())*(to-from)
}

func compare(a, b Minutes) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// bump is the release after another: the patch, or now and then the minor.
func bump(release string, r *rand.Rand) string {
	var major, minor, patch int
	_, _ = fmt.Sscanf(release, "%d.%d.%d", &major, &minor, &patch) // ours are of this form
	if r.IntN(3) == 0 {
		return fmt.Sprintf("%d.%d.0", major, minor+1)
	}
	return fmt.Sprintf("%d.%d.%d", major, minor, patch+1+r.IntN(3))
}

// Pace is how long a minute of the story takes.
type Pace time.Duration

// Of is how long a part of the story takes.
func (p Pace) Of(m Minutes) time.Duration { return time.Duration(float64(m) * float64(p)) }

// Print writes what is planned.
func (s *Scenario) Print(w io.Writer) {
	_, _ = fmt.Fprintf(w, "seed %d: %d people, %d visits, %d reports about something else\n", s.Seed, len(s.People), len(s.Visits), len(s.Chatter))
	for _, f := range s.Faults {
		_, _ = fmt.Fprintf(w, "  %5.1f to %5.1f  %-20s %s %v release %q region %q app %s %s\n", float64(f.From), float64(f.To), f.Kind, f.Service, f.Routes, f.Release, f.Region, f.Device, f.Version)
	}
	for _, d := range s.Deploys {
		_, _ = fmt.Fprintf(w, "  %5.1f           %s %s, which breaks nothing\n", float64(d.At), d.Service, d.Release)
	}
}
