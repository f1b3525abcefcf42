package issue

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/nlp"
)

func keys(l *Listing) (out []string) {
	for _, i := range l.Items {
		out = append(out, i.Key)
	}
	return out
}

func TestListSearches(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, in := range []Input{
		{Title: "Login fails on Android", Description: "since the update", Tags: []string{"mobile", "100%_\\"}, Area: "login"},
		{Title: "Login is slow", Severity: "sev1", Area: "login"},
		{Title: "支付失败", Severity: "sev2", Category: "bug"},
	} {
		must(b.s.Create(b.Ctx, b.LaunchID, in))(t)
	}
	closed, second := Closure, b.Launch("Second")
	must(b.s.Create(b.Ctx, second, Input{Title: "Login elsewhere"}))(t)
	must(b.s.Change(b.Ctx, "HC-2", Change{Stage: &closed}))(t)
	yes, no := true, false
	for name, tc := range map[string]struct {
		q    Query
		want []string
	}{
		"all by priority": {Query{}, []string{"HC-2", "HC-3", "HC-1"}},
		"open":            {Query{Open: &yes}, []string{"HC-3", "HC-1"}},
		"closed":          {Query{Open: &no}, []string{"HC-2"}},
		"newest":          {Query{Sort: SortCreated}, []string{"HC-3", "HC-2", "HC-1"}},
		"words":           {Query{Text: "login"}, []string{"HC-2", "HC-1"}},
		"description":     {Query{Text: "update"}, []string{"HC-1"}},
		"unfinished":      {Query{Text: "login andr"}, []string{"HC-1"}},
		"key":             {Query{Text: "HC-3"}, []string{"HC-3"}},
		"chinese":         {Query{Text: "支付"}, []string{"HC-3"}},
		"no word":         {Query{Text: "?!"}, nil},
		"nothing":         {Query{Text: "zebra"}, nil},
		"two severities":  {Query{Where: map[string][]string{"severity": {"sev1", "sev2"}}}, []string{"HC-2", "HC-3"}},
		"tag":             {Query{Where: map[string][]string{"tag": {"mobile"}}}, []string{"HC-1"}},
		"odd tag":         {Query{Where: map[string][]string{"tag": {"100%_\\"}}}, []string{"HC-1"}},
		"pattern":         {Query{Where: map[string][]string{"tag": {"%"}}}, nil},
		"part of a tag":   {Query{Where: map[string][]string{"tag": {"mob"}}}, nil},
		"no area":         {Query{Where: map[string][]string{"area": {"none"}}}, []string{"HC-3"}},
		"an area":         {Query{Where: map[string][]string{"area": {"any"}, "severity": {"sev3"}}}, []string{"HC-1"}},
		"SQL":             {Query{Text: "x' OR 1=1 --", Where: map[string][]string{"area": {"' OR ''='"}}}, nil},
	} {
		tc.q.Limit, tc.q.Facets = 10, true
		l := must(b.s.List(b.Ctx, b.LaunchID, tc.q))(t)
		if diff := cmp.Diff(tc.want, keys(l)); diff != "" || l.Total != len(tc.want) {
			t.Errorf("%s: total %d, -want +got:\n%s", name, l.Total, diff)
		}
	}
	title := "Renamed"
	must(b.s.Change(b.Ctx, "HC-1", Change{Title: &title}))(t)
	if l := must(b.s.List(b.Ctx, b.LaunchID, Query{Text: "android", Limit: 5}))(t); len(l.Items) != 0 {
		t.Errorf("the old title still finds %v", keys(l))
	}
	if _, err := b.s.List(b.Ctx, b.LaunchID, Query{Sort: "best", Limit: 5}); !errs.Is(err, errs.Invalid) {
		t.Errorf("an unknown order = %v, want invalid", err)
	}
}

// fill writes n issues and their feedback past the service: a launch that has
// been worked on for weeks.
func (b *bench) fill(n int) {
	b.t.Helper()
	owners := []string{"", "o1", "o2", "o3"}
	err := b.DB.Tx(b.Ctx, func(tx *db.Tx) error {
		var list []*Issue
		for k := range n {
			i := &Issue{ID: db.NewID(), Number: int64(k + 1), LaunchID: b.LaunchID, Title: fmt.Sprintf("The %s is broken in case %d", []string{"login", "list", "payment", "export"}[k%4], k), Stage: Stages[k%7], Severity: Severities[k%4],
				Category: nlp.Categories[k%11], Area: fmt.Sprint("area ", k%23), ownerID: owners[k%4], CreatedAt: b.s.now(), UpdatedAt: b.s.now().Add(time.Duration(k%1000) * time.Second), StageEnteredAt: b.s.now()}
			if k%5 == 0 {
				i.Tags = []string{fmt.Sprint("tag", k%40), "tagged"}
			}
			list = append(list, i)
		}
		if err := insert(b.Ctx, tx, b.Workspace, list); err != nil {
			return err
		}
		for k, i := range list {
			c := counts{reports: k % 300, people: k % 150, severities: map[string]int{}, days: make([]int, trendDays)}
			if err := i.apply(b.Ctx, tx, b.Workspace, &c, b.s.now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// TestListAgrees compares filters, counts and pages with a plain loop.
func TestListAgrees(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fill(150)
	all := b.issues(b.LaunchID)
	value := func(i *Issue, facet string) []string {
		switch facet {
		case "stage":
			return []string{i.Stage}
		case "severity":
			return []string{i.Severity}
		case "category":
			return []string{i.Category}
		case "area":
			return []string{i.Area}
		case "owner":
			return []string{i.ownerID}
		}
		if len(i.Tags) == 0 {
			return []string{""}
		}
		return i.Tags
	}
	rapid.Check(t, func(t *rapid.T) {
		q := Query{Where: map[string][]string{}, Facets: true, Limit: rapid.IntRange(15, 80).Draw(t, "limit"), Sort: rapid.SampledFrom([]string{SortPriority, SortUpdated, SortCreated, SortReach}).Draw(t, "sort")}
		for _, f := range rapid.SliceOfNDistinct(rapid.SampledFrom(facets), 0, 3, rapid.ID).Draw(t, "facets") {
			var values []string
			for _, i := range all {
				values = append(values, value(i, f)...)
			}
			for _, v := range rapid.SliceOfN(rapid.SampledFrom(append(values, "none", "any")), 1, 2).Draw(t, f) {
				if v == "" {
					v = "none"
				}
				q.Where[f] = append(q.Where[f], v)
			}
		}
		matches := func(i *Issue, facet string) bool {
			return len(q.Where[facet]) == 0 || slices.ContainsFunc(value(i, facet), func(v string) bool {
				return slices.ContainsFunc(q.Where[facet], func(want string) bool { return v == want || want == "none" && v == "" || want == "any" && v != "" })
			})
		}
		var want []*Issue
		wantCounts := map[string]map[string]int{}
		for _, f := range facets {
			wantCounts[f] = map[string]int{}
		}
		for _, i := range all {
			failed := 0
			for _, f := range facets {
				if !matches(i, f) {
					failed++
				}
			}
			if failed == 0 {
				want = append(want, i)
			}
			for _, f := range facets {
				if failed == 0 || failed == 1 && !matches(i, f) {
					for _, v := range value(i, f) {
						if v == "" {
							v = "none"
						}
						wantCounts[f][v]++
					}
				}
			}
		}
		slices.SortFunc(want, func(x, y *Issue) int {
			a, b := x.key(q.Sort), y.key(q.Sort)
			if a.V > b.V || a.V == b.V && a.Num > b.Num {
				return -1
			}
			return 1
		})
		var wantKeys, got []string
		for _, i := range want {
			wantKeys = append(wantKeys, i.Key)
		}
		for page := 0; ; page++ {
			l := must(b.s.List(b.Ctx, b.LaunchID, q))(b.t)
			got = append(got, keys(l)...)
			if l.Total != len(want) {
				t.Fatalf("total = %d, want %d", l.Total, len(want))
			}
			for _, f := range facets {
				counts := map[string]int{}
				for _, c := range l.Facets[f] {
					counts[c.Value] = c.Count
				}
				if diff := cmp.Diff(wantCounts[f], counts); diff != "" {
					t.Fatalf("%+v: facet %s -want +got:\n%s", q, f, diff)
				}
			}
			if !l.More {
				break
			}
			q.After = &l.Last
		}
		if diff := cmp.Diff(wantKeys, got); diff != "" {
			t.Fatalf("%+v -want +got:\n%s", q, diff)
		}
	})
}

// TestListPlans makes sure that no list sorts or reads the whole table.
func TestListPlans(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if b.DB.Postgres() {
		t.Skip("its planner goes by statistics, which an empty table has none of")
	}
	b.fill(50)
	for text, index := range map[string]string{
		`SELECT ` + allColumns + ` FROM issue WHERE workspace_id = 'w' AND launch_id = 'l' AND merged_into = '' ORDER BY priority DESC, num DESC LIMIT 9`:                                                        "issue_by_priority",
		`SELECT ` + allColumns + ` FROM issue WHERE workspace_id = 'w' AND launch_id = 'l' AND merged_into = '' AND (updated_at, num) < (9, 9) ORDER BY updated_at DESC, num DESC LIMIT 9`:                       "issue_by_update",
		`SELECT ` + allColumns + ` FROM issue WHERE workspace_id = 'w' AND launch_id = 'l' AND merged_into = '' ORDER BY created_at DESC, num DESC LIMIT 9`:                                                      "issue_by_creation",
		`SELECT ` + allColumns + ` FROM issue WHERE workspace_id = 'w' AND launch_id = 'l' AND merged_into = '' ORDER BY reach DESC, num DESC LIMIT 9`:                                                           "issue_by_reach",
		`SELECT stage, severity, category, owner_id, area, tags, COUNT(*) FROM issue WHERE workspace_id = 'w' AND launch_id = 'l' AND merged_into = '' GROUP BY stage, severity, category, owner_id, area, tags`: "COVERING INDEX issue_facets",
		`SELECT sentiment, severity, COUNT(*), MIN(received_at) FROM feedback WHERE workspace_id = 'w' AND issue_id IN ('i') AND issue_id <> '' GROUP BY sentiment, severity`:                                    "COVERING INDEX feedback_issue_facts",
		`SELECT occurred_at / 3600000000, COUNT(*) FROM feedback WHERE workspace_id = 'w' AND issue_id IN ('i') AND issue_id <> '' AND occurred_at >= 5 GROUP BY occurred_at / 3600000000`:                       "COVERING INDEX feedback_issue_facts",
		`SELECT DISTINCT person_id FROM feedback WHERE workspace_id = 'w' AND issue_id IN ('i') AND issue_id <> '' AND person_id <> ''`:                                                                          "COVERING INDEX feedback_issue_facts",
		`SELECT ` + cardColumns + ` FROM issue WHERE workspace_id = 'w' AND launch_id = 'l' AND merged_into = '' AND stage = 'planning' AND (priority, num) < (9, 9) ORDER BY priority DESC, num DESC LIMIT 9`:   "issue_by_stage",
		`SELECT ` + cardColumns + ` FROM issue WHERE workspace_id = 'w' AND launch_id = 'l' AND merged_into = '' AND stage = 'closure' ORDER BY stage_entered_at DESC, num DESC LIMIT 9`:                         "issue_by_stage_age",
		`SELECT stage, stage_entered_at, ROW_NUMBER() OVER (PARTITION BY stage ORDER BY stage_entered_at DESC) FROM issue WHERE workspace_id = 'w' AND launch_id = 'l' AND merged_into = ''`:                     "COVERING INDEX issue_by_stage_age",
		`SELECT workspace_id, id FROM issue WHERE refresh_at <> 0 AND refresh_at <= 5 ORDER BY refresh_at LIMIT 50`:                                                                                              "issue_refresh",
	} {
		plan := strings.Join(must(db.All(b.Ctx, b.DB, func(r db.Scanner) (s string, err error) {
			var id, parent, n int
			return s, r.Scan(&id, &parent, &n, &s)
		}, `EXPLAIN QUERY PLAN `+text))(t), "; ")
		if !strings.Contains(plan, index) || strings.Contains(plan, "ORDER BY") || strings.Contains(plan, "SCAN issue") {
			t.Errorf("%s\nis answered by %s, want %s and no sorting", text, plan, index)
		}
	}
}

// BenchmarkList is the dearest list of a launch of 20,000 issues.
func BenchmarkList(b *testing.B) {
	x := newBench(b)
	x.fill(20_000)
	yes := true
	for name, q := range map[string]Query{
		"first page":  {},
		"open, sev1":  {Open: &yes, Where: map[string][]string{"severity": {"sev1"}}},
		"rare values": {Where: map[string][]string{"tag": {"tag35"}, "area": {"area 7"}}, Sort: SortUpdated},
		"search":      {Text: "payment"},
	} {
		q.Facets, q.Limit = true, 50
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := x.s.List(x.Ctx, x.LaunchID, q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// large is a bench with an issue of 10,000 reports by as many people, and one
// of a single report.
func large(b *testing.B) (x *bench, loose, other string) {
	x = newBench(b)
	var list []feedback.Input
	for k := range 10_001 {
		list = append(list, feedbacktest.From(fmt.Sprint("u", k), "The list is slow", "tier="+[]string{"free", "enterprise"}[k%2], "region="+[]string{"eu", "us", "apac"}[k%3]))
	}
	ids := x.AddMany(x.LaunchID, list...)
	other = x.accept(ids[1], "").Issue.ID
	for part := range slices.Chunk(ids[2:], maxIDs) {
		must(x.s.AcceptMany(x.Ctx, x.LaunchID, part, false, other))(b)
	}
	return x, ids[0], other
}

// BenchmarkJoin joins one more feedback to an issue of 10,000 reports by as
// many people; taking it back is not measured.
func BenchmarkJoin(b *testing.B) {
	x, id, into := large(b)
	for b.Loop() {
		r, err := x.s.Accept(x.Ctx, id, into)
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		x.takeBack(r.UndoID)
		b.StartTimer()
	}
}

// BenchmarkMerge merges an issue of 10,000 reports into another; taking it
// back is not measured.
func BenchmarkMerge(b *testing.B) {
	x, id, from := large(b)
	into := x.accept(id, "").Issue.ID
	for b.Loop() {
		r, err := x.s.Merge(x.Ctx, from, into)
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		x.takeBack(r.UndoID)
		b.StartTimer()
	}
}
