package feedback

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// naive answers a query the obvious way, for comparison.
func naive(rows map[int64]Row, q Query) Found {
	on := func(r Row, tab Tab) bool {
		fresh, later := r.Values[FieldState] == New, r.Snoozed > q.Now
		switch tab {
		case TabTriage:
			return fresh && !later
		case TabMine:
			return fresh && !later && r.Values[FieldAssignee] == q.Me && q.Me != ""
		case TabLater:
			return fresh && later
		case TabIdeas:
			return fresh && !later && r.Values[FieldCategory] == "feature_request"
		case TabDone:
			return !fresh
		}
		return true
	}
	matchAll := func(r Row, except Field) bool {
		for f, want := range q.Where {
			if f == except || len(want) == 0 {
				continue
			}
			if !slices.ContainsFunc(want, func(w string) bool { return matches(f, r.Values[f], w) }) {
				return false
			}
		}
		if q.From != 0 && r.Occurred < q.From || q.To != 0 && r.Occurred >= q.To {
			return false
		}
		if q.Waiting != 0 && (!on(r, TabTriage) || r.Received >= q.Waiting) {
			return false
		}
		if s := r.Rating; (q.MinStars != 0 || q.MaxStars != 0) && (s == 0 || s < q.MinStars || q.MaxStars != 0 && s > q.MaxStars) {
			return false
		}
		return q.Nums == nil || slices.Contains(q.Nums, r.Num)
	}
	match := func(r Row, except Field) bool { return on(r, q.Tab) && matchAll(r, except) }
	key := func(r Row) Key {
		switch q.Sort {
		case SortOldest:
			return Key{r.Occurred, r.Num}
		case SortReceived:
			return Key{-r.Received, r.Num}
		case SortWaiting:
			return Key{r.Received, r.Num}
		case SortAlike:
			return Key{-int64(r.Alike), r.Num}
		case SortSeverity:
			v := int64(strings.Index("sev1sev2sev3sev4", r.Values[FieldSeverity]))
			if r.Values[FieldSeverity] == "" {
				v = 99
			}
			return Key{v, r.Num}
		}
		return Key{-r.Occurred, r.Num}
	}
	out := Found{Facets: map[Field][]Count{}, Tabs: map[Tab]int{}}
	for _, tab := range Tabs {
		out.Tabs[tab] = 0
	}
	for _, r := range rows {
		if !matchAll(r, -1) {
			continue
		}
		for _, tab := range Tabs {
			if on(r, tab) {
				out.Tabs[tab]++
			}
		}
		lately := r.Values[FieldState] != New && r.Triaged > q.Now-hourMicros
		if lately {
			out.Pace.Triaged++
		}
		if lately || on(r, TabTriage) {
			out.Pace.Of++
		}
	}
	var keys []Key
	for _, r := range rows {
		if match(r, -1) {
			out.Total++
			if k := key(r); q.After == nil || less(*q.After, k) {
				keys = append(keys, k)
			}
		}
	}
	slices.SortFunc(keys, func(a, b Key) int { return cmp.Or(cmp.Compare(a.V, b.V), -cmp.Compare(a.Num, b.Num)) })
	if len(keys) > q.Limit {
		keys, out.More = keys[:q.Limit], true
	}
	for _, k := range keys {
		out.Nums, out.Last = append(out.Nums, k.Num), k
	}
	for _, f := range counted {
		sums := map[string]int{}
		for _, r := range rows {
			if match(r, f) && r.Values[f] != "" {
				for v := range strings.SplitSeq(r.Values[f], ",") {
					sums[v]++
				}
			}
		}
		list := []Count{}
		for v, n := range sums {
			list = append(list, Count{v, n})
		}
		slices.SortFunc(list, func(a, b Count) int { return cmp.Or(b.Count-a.Count, cmp.Compare(a.Value, b.Value)) })
		out.Facets[f] = list
	}
	return out
}

// theTime is what the clock says when the test asks.
const theTime = 3 * hourMicros

func drawRow(t *rapid.T, num int64) Row {
	pick := func(name string, values ...string) string { return rapid.SampledFrom(values).Draw(t, name) }
	r := Row{Num: num, Occurred: rapid.Int64Range(1, 40).Draw(t, "occurred"), Received: rapid.Int64Range(1, 40).Draw(t, "received"), Alike: rapid.IntRange(0, 3).Draw(t, "alike"),
		Snoozed: rapid.SampledFrom([]int64{0, 0, theTime - 1, theTime, theTime + 1}).Draw(t, "snoozed"), Rating: float64(rapid.IntRange(0, 5).Draw(t, "rating"))}
	r.Values[FieldState] = pick("state", New, Accepted, Ignored)
	r.Values[FieldCategory] = pick("category", "bug", "praise", "feature_request", "question")
	if r.Values[FieldState] != New {
		r.Triaged = theTime - rapid.SampledFrom([]int64{0, hourMicros - 1, hourMicros, 2 * hourMicros}).Draw(t, "triaged")
	}
	r.Values[FieldAssignee] = pick("assignee", "", "ann", "bob")
	r.Values[FieldSeverity] = pick("severity", "", "sev1", "sev2", "sev4")
	r.Values[FieldLanguage] = pick("language", "en", "de", "")
	r.Values[FieldIssue] = pick("issue", "", "i1", "i2")
	r.Values[FieldTag] = pick("tag", "", "a", "a,b", "b,c")
	r.Values[FieldFlags] = pick("flag", "", "security", "security,unsure")
	return r
}

// TestColumnsAnswerAsTheRowsDo compares every answer with a scan of the rows,
// through puts in any order, replacements and drops.
func TestColumnsAnswerAsTheRowsDo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var c Columns
		rows, seen := map[int64]Row{}, map[int64]bool{}
		for range rapid.IntRange(0, 60).Draw(t, "changes") {
			num := rapid.Int64Range(1, 30).Draw(t, "num")
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0:
				c.Drop(num)
				delete(rows, num)
			case 1:
				r := drawRow(t, num)
				c.Fill(r)
				if !seen[num] { // what was dropped meanwhile stays dropped
					rows[num], seen[num] = r, true
				}
			default:
				rows[num], seen[num] = drawRow(t, num), true
				c.Put(rows[num])
			}
		}
		q := Query{Limit: rapid.IntRange(1, 8).Draw(t, "limit"), Facets: true,
			Sort: rapid.SampledFrom([]Sort{SortOccurred, SortOldest, SortReceived, SortWaiting, SortSeverity, SortAlike}).Draw(t, "sort"), Where: map[Field][]string{},
			Now: theTime, Tab: rapid.SampledFrom(append([]Tab{""}, Tabs...)).Draw(t, "tab"), Me: rapid.SampledFrom([]string{"ann", "nobody", ""}).Draw(t, "me")}
		for _, w := range []struct {
			f      Field
			values []string
		}{{FieldState, []string{New, Accepted, "nosuch"}}, {FieldCategory, []string{"bug", "question"}}, {FieldIssue, []string{"none", "any", "i1"}},
			{FieldTag, []string{"a", "b", "none"}}, {FieldFlags, []string{"security", "unsure"}}} {
			if rapid.Bool().Draw(t, "filter") {
				q.Where[w.f] = rapid.SliceOfNDistinct(rapid.SampledFrom(w.values), 1, 2, rapid.ID).Draw(t, "values")
			}
		}
		if rapid.Bool().Draw(t, "range") {
			q.From, q.To = 10, 30
		}
		if rapid.Bool().Draw(t, "long") {
			q.Waiting = 20
		}
		if rapid.Bool().Draw(t, "stars") {
			q.MinStars, q.MaxStars = float64(rapid.IntRange(0, 3).Draw(t, "min")), float64(rapid.IntRange(0, 5).Draw(t, "max"))
		}
		if rapid.Bool().Draw(t, "text") {
			q.Nums = []int64{1, 2, 3, 5, 8, 13, 21, 99}
		}
		if c.Len() != len(rows) {
			t.Fatalf("Len = %d, want %d", c.Len(), len(rows))
		}
		// All pages, so that keyset paging neither loses nor repeats a row.
		for page := range 40 {
			got, want := c.Find(q), naive(rows, q)
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Fatalf("page %d of %+v: -want +got\n%s", page, q, diff)
			}
			if !got.More {
				return
			}
			q.After = &got.Last
		}
		t.Fatal("paging does not end")
	})
}

// TestCountsAreTheSameWithoutFacets holds the short way of counting against
// the one that counts everything.
func TestCountsAreTheSameWithoutFacets(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var c Columns
		for num := range rapid.Int64Range(0, 40).Draw(t, "rows") {
			c.Put(drawRow(t, num+1))
		}
		all := c.Find(Query{Facets: true, Now: theTime, Me: "ann"})
		for _, tab := range Tabs {
			if got := c.Find(Query{Tab: tab, Now: theTime, Me: "ann"}).Total; got != all.Tabs[tab] {
				t.Fatalf("%s holds %d, counted with the others %d", tab, got, all.Tabs[tab])
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		var c Columns
		rows := make([]Row, n)
		for i := range rows {
			r := &rows[i]
			r.Num, r.Occurred, r.Received = int64(i+1), int64(i*7919%n), int64(i)
			r.Values[FieldState] = []string{New, New, New, Accepted, Ignored}[i%5]
			r.Values[FieldCategory] = []string{"bug", "praise", "question", "feature_request", "other"}[i%7%5]
			r.Values[FieldSeverity] = []string{"sev1", "sev2", "sev3", "sev4"}[i%11%4]
			r.Values[FieldLanguage] = []string{"en", "de", "fr", "ja"}[i%13%4]
			r.Values[FieldVersion] = fmt.Sprint("3.", i%50)
			r.Values[FieldPerson] = fmt.Sprint("p", i/3)
			if r.Values[FieldState] == New && i%9 == 0 {
				r.Snoozed = theTime + int64(i%2*2-1)
			}
		}
		c.Put(rows...)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				c.Find(Query{Where: map[Field][]string{FieldState: {New}, FieldCategory: {"bug"}, FieldLanguage: {"en", "de"}}, Limit: 50, Facets: true})
			}
		})
	}
}
