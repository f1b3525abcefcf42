package demo

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Share is how many of how many.
type Share struct{ N, Of int }

func (s *Share) add(hit bool) {
	s.Of++
	if hit {
		s.N++
	}
}

// Value is the share, 0 of nothing.
func (s Share) Value() float64 {
	if s.Of == 0 {
		return 0
	}
	return float64(s.N) / float64(s.Of)
}

func (s Share) String() string {
	if s.Of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*s.Value())
}

// Figures are what an examination comes to.
type Figures struct {
	First, In3       Share // identified reporters: their true failing call is first, in the first three, of the calls
	AllFirst, AllIn3 Share // all who met a fault
	Alike3           Share // the others: a call that the same fault failed is among the first three, whoever's it is
	Strict           Share // identified, first of everything that was proposed, not of the calls only
	FalseStrong      Share // of the strong joins
	FalseReports     Share // reports that have a false strong join
	Named            Share // issues whose true cause is among the first three factors
	NamedFirst       Share
	Control          Share // issues of unlike reports for which a cause is claimed all the same
	Slowest          float64
}

// Sum adds up results.
func Sum(results []*Result) (f Figures) {
	for _, res := range results {
		for _, a := range res.Answers {
			f.Slowest = max(f.Slowest, a.Took)
			f.FalseStrong.N += a.False
			f.FalseStrong.Of += a.Strong
			f.FalseReports.add(a.False > 0)
			if a.Report.Fault == "" {
				continue
			}
			first, in3 := a.Rank == 1, a.Rank >= 1 && a.Rank <= 3
			f.AllFirst.add(first)
			f.AllIn3.add(in3)
			if a.Report.Identified() {
				f.First.add(first)
				f.In3.add(in3)
				f.Strict.add(a.Overall == 1)
			} else {
				f.Alike3.add(a.Alike >= 1 && a.Alike <= 3)
			}
		}
		for _, v := range res.Verdicts {
			if v.Fault == nil {
				f.Control.add(slices.ContainsFunc(v.Factors, func(x Factor) bool { return x.PValue < 0.01 }))
				continue
			}
			f.Named.add(v.Named > 0)
			f.NamedFirst.add(v.Named == 1)
		}
	}
	return f
}

// Print writes figures, then the same by what tells reports apart.
func Print(w io.Writer, results []*Result) {
	f := Sum(results)
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
	calls, people, gaveUp := 0, 0, int64(0)
	for _, r := range results {
		calls += len(r.Record.Calls)
		people += len(r.Record.Scenario.People)
		gaveUp += r.Record.GaveUp
	}
	p("Evidence against the truth: %d seeds, %d people, %d calls, %d reports (%d of them met a fault, %d identified)",
		len(results), people, calls, f.FalseReports.Of, f.AllFirst.Of, f.First.Of)
	if gaveUp > 0 {
		p("%d calls had no answer within 15 s: this machine is too busy for good figures", gaveUp)
	}
	p("")
	p("  %-58s %8s %6s  %s", "", "share", "n", "target")
	row := func(what string, s Share, target string) { p("  %-58s %8s %6d  %s", what, s, s.Of, target) }
	row("true failing call first, identified reporters", f.First, ">= 85 %")
	row("true failing call in the first three, identified", f.In3, ">= 95 %")
	row("true failing call first, all who met a fault", f.AllFirst, "")
	row("true failing call in the first three, all", f.AllIn3, "")
	row("anybody's call of that fault in the first three, others", f.Alike3, "")
	row("true failing call first of everything proposed, identified", f.Strict, "")
	row("false strong joins, of the strong joins", f.FalseStrong, "<= 1 %")
	row("reports with a false strong join", f.FalseReports, "")
	row("true cause named (in three factors), issues", f.Named, ">= 80 %")
	row("true cause named first, issues", f.NamedFirst, "")
	row("a cause claimed for unlike reports, issues", f.Control, "")
	p("  %-58s %5.0f ms", "slowest evidence", f.Slowest)
	p("")
	p("  %-24s %8s %8s %8s %6s", "reports", "first", "in 3", "strict", "n")
	for _, by := range []struct {
		name string
		of   func(a *Answer) string
	}{
		{"channel", func(a *Answer) string { return a.Report.Channel }},
		{"identity", func(a *Answer) string { return a.Report.Identity }},
		{"clock", func(a *Answer) string { return a.Report.Clock }},
		{"language", func(a *Answer) string { return a.Report.Language }},
		{"vague", func(a *Answer) string { return fmt.Sprint(a.Report.Vague) }},
		{"fault", func(a *Answer) string { return string(a.Report.Kind) }},
	} {
		table(w, by.name, results, by.of)
	}
	p("")
	p("  %-24s %8s %8s %6s %12s", "issues by fault", "named", "first", "n", "reach")
	causes(w, results)
}

func table(w io.Writer, name string, results []*Result, of func(*Answer) string) {
	type row struct{ first, in3, strict Share }
	rows := map[string]*row{}
	var names []string
	for _, res := range results {
		for _, a := range res.Answers {
			if a.Report.Fault == "" {
				continue
			}
			k := of(a)
			if rows[k] == nil {
				rows[k] = &row{}
				names = append(names, k)
			}
			rows[k].first.add(a.Rank == 1)
			rows[k].in3.add(a.Rank >= 1 && a.Rank <= 3)
			rows[k].strict.add(a.Overall == 1)
		}
	}
	slices.Sort(names)
	for _, k := range names {
		r := rows[k]
		_, _ = fmt.Fprintf(w, "  %-24s %8s %8s %8s %6d\n", name+" "+k, r.first, r.in3, r.strict, r.first.Of)
	}
}

func causes(w io.Writer, results []*Result) {
	for _, k := range Kinds {
		var named, first Share
		var said, truth int
		for _, res := range results {
			for _, v := range res.Verdicts {
				if v.Fault != nil && v.Fault.Kind == k {
					named.add(v.Named > 0)
					first.add(v.Named == 1)
					said, truth = said+v.Reach.People, truth+v.People
				}
			}
		}
		if named.Of > 0 {
			_, _ = fmt.Fprintf(w, "  %-24s %8s %8s %6d %5d of %d\n", k, named, first, named.Of, said, truth)
		}
	}
}

// PrintTruth writes what happened in each story.
func PrintTruth(w io.Writer, results []*Result) {
	for _, res := range results {
		rec := res.Record
		met, people, wrote := map[string]int{}, map[string]map[string]bool{}, map[string]int{}
		for _, c := range rec.Calls {
			met[c.Fault]++
			if people[c.Fault] == nil {
				people[c.Fault] = map[string]bool{}
			}
			people[c.Fault][c.Person.ID] = true
		}
		for _, r := range rec.Reports {
			wrote[r.Fault]++
		}
		_, _ = fmt.Fprintf(w, "seed %d: %d calls, %d reports, %d about something else, %.0f s\n", rec.Scenario.Seed, len(rec.Calls), len(rec.Reports), wrote[""], rec.To.Sub(rec.From).Seconds())
		for _, f := range rec.Scenario.Faults {
			_, _ = fmt.Fprintf(w, "  %-20s %-10s %4d calls of %3d people, %2d reports; true is any of %v\n", f.Kind, f.Service, met[f.ID], len(people[f.ID]), wrote[f.ID], f.Causes)
		}
	}
}

// PrintMisses writes what was not right, so that somebody can see why.
func PrintMisses(w io.Writer, results []*Result) {
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
	for _, res := range results {
		seed := res.Record.Scenario.Seed
		for _, a := range res.Answers {
			r := a.Report
			if a.False == 0 && (r.Fault == "" || a.Rank == 1 || !r.Identified()) {
				continue
			}
			p("seed %d, report %s by %s, %s, clock %s, user %s: about %s, true call %d. of the calls, %d. of all; %d of %d strong are false; window: %s",
				seed, r.ID, r.Channel, r.Identity, r.Clock, r.User, or(string(r.Kind), "something else"), a.Rank, a.Overall, a.False, a.Strong, a.Window)
			p("    %q", r.Text)
			for i, it := range a.Items {
				if i == 4 {
					break
				}
				mark := " "
				if id, ok := strings.CutPrefix(it.ID, "call:"); ok && slices.Contains(r.Calls, id) {
					mark = "*"
				}
				p("  %s %.2f %-6s %-7s %s: %s", mark, it.Score, it.Strength, it.Join, it.Title, it.Reason)
			}
		}
		for _, v := range res.Verdicts {
			if v.Fault == nil || v.Named == 1 {
				continue
			}
			p("seed %d, issue of %d reports about %s: true is any of %v; said %q", seed, v.Reports, v.Fault.Kind, v.Fault.Causes, v.Sentence)
			for i, x := range v.Factors {
				if i == 5 {
					break
				}
				p("    %s = %s: %d of %d, p %.2g", x.Field, x.Value, x.In, x.Of, x.PValue)
			}
		}
	}
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
