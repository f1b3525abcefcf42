package issue

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/launch"
	"github.com/hypercare/hypercare/internal/web"
)

// column returns one column of a board.
func (b *bench) column(stage string, q BoardQuery) Column {
	b.t.Helper()
	if q.PerColumn == 0 {
		q.PerColumn = 50
	}
	list := must(b.s.Board(b.Ctx, b.LaunchID, q))(b.t)
	k := slices.IndexFunc(list, func(c Column) bool { return c.Stage == stage })
	if k < 0 {
		b.t.Fatalf("no column %s in %+v", stage, list)
	}
	return list[k]
}

func cardKeys(list []Card) (out []string) {
	for _, c := range list {
		out = append(out, c.Key)
	}
	return out
}

func TestBoardHasColumns(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	owner := b.member("sam")
	start := b.s.now()
	at := func(d time.Duration) { b.s.now = func() time.Time { return start.Add(d) } }
	for k, in := range []Input{{Title: "one", Severity: "sev3"}, {Title: "two", Severity: "sev1", OwnerID: owner}, {Title: "three", Severity: "sev2"}, {Title: "four"}, {Title: "five"}, {Title: "six"}} {
		at(time.Duration(k) * time.Hour)
		must(b.s.Create(b.Ctx, b.LaunchID, in))(t)
	}
	closed, planning := Closure, Planning
	at(7 * time.Hour)
	must(b.s.Change(b.Ctx, "HC-5", Change{Stage: &closed}))(t)
	at(8 * time.Hour)
	must(b.s.Change(b.Ctx, "HC-4", Change{Stage: &closed}))(t)
	must(b.s.Change(b.Ctx, "HC-6", Change{Stage: &planning}))(t)
	must(b.Launches.Change(b.Ctx, b.LaunchID, launch.Change{WIPLimits: map[string]int{Planning: 3}}))(t)
	must(b.s.Link(b.Ctx, "HC-1", "HC-6", blocks))(t)
	must(b.s.Link(b.Ctx, "HC-4", "HC-6", blocks))(t) // closed: blocks nothing
	at(10 * time.Hour)

	list := must(b.s.Board(b.Ctx, b.LaunchID, BoardQuery{PerColumn: 50}))(t)
	var stages []string
	for _, c := range list {
		stages = append(stages, c.Stage)
	}
	if diff := cmp.Diff(Stages, stages); diff != "" {
		t.Errorf("columns -want +got:\n%s", diff)
	}
	intake := b.column(Intake, BoardQuery{Lane: LaneOwner})
	if diff := cmp.Diff([]string{"HC-2", "HC-3", "HC-1"}, cardKeys(intake.Cards)); diff != "" {
		t.Errorf("intake by priority -want +got:\n%s", diff)
	}
	// They entered 10, 9 and 8 hours ago.
	if intake.Count != 3 || intake.MedianAge != 9*3600 || intake.Limit != 0 {
		t.Errorf("intake = %d issues, median %d s, limit %d; want 3, 9 h, none", intake.Count, intake.MedianAge, intake.Limit)
	}
	if c := intake.Cards[0]; c.Owner == nil || c.Owner.Name != "sam" || c.Title != "two" || c.Severity != "sev1" {
		t.Errorf("first card = %+v", c)
	}
	if diff := cmp.Diff(map[string]int{owner: 1, "none": 2}, intake.Lanes); diff != "" {
		t.Errorf("lanes -want +got:\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"sev1": 1, "sev2": 1, "sev3": 1}, b.column(Intake, BoardQuery{Lane: LaneSeverity}).Lanes); diff != "" {
		t.Errorf("lanes by severity -want +got:\n%s", diff)
	}
	plan := b.column(Planning, BoardQuery{})
	if plan.Count != 1 || plan.Limit != 3 || plan.Cards[0].BlockedBy != 1 {
		t.Errorf("planning = %d issues, limit %d, card %+v", plan.Count, plan.Limit, plan.Cards)
	}
	done := b.column(Closure, BoardQuery{})
	if diff := cmp.Diff([]string{"HC-4", "HC-5"}, cardKeys(done.Cards)); diff != "" || done.MedianAge != 2*3600+1800 {
		t.Errorf("closure, the last closed first, median %d s (want 2.5 h), -want +got:\n%s", done.MedianAge, diff)
	}
	if c := b.column(Intake, BoardQuery{Query: Query{Text: "thr"}}); c.Count != 1 || c.Cards[0].Key != "HC-3" {
		t.Errorf("by words = %+v", c)
	}
	if c := b.column(Intake, BoardQuery{Query: Query{Text: "zebra"}}); c.Count != 0 || c.Cards == nil {
		t.Errorf("by words that nothing has = %+v", c)
	}
	if c := b.column(Intake, BoardQuery{Query: Query{Where: map[string][]string{"owner": {owner}}}}); c.Count != 1 || c.Cards[0].Key != "HC-2" {
		t.Errorf("by owner = %+v", c)
	}
	must(b.s.Merge(b.Ctx, "HC-3", "HC-2"))(t)
	if c := b.column(Intake, BoardQuery{}); c.Count != 2 {
		t.Errorf("a merged issue is still on the board: %v", cardKeys(c.Cards))
	}
	for name, q := range map[string]BoardQuery{"stage": {Stage: "waiting"}, "lane": {Lane: "area"}} {
		if _, err := b.s.Board(b.Ctx, b.LaunchID, q); !errs.Is(err, errs.Invalid) {
			t.Errorf("an unknown %s = %v, want invalid", name, err)
		}
	}
}

// TestBoardPages walks every column to its end.
func TestBoardPages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fill(200)
	for _, stage := range Stages {
		var got []string
		whole := b.column(stage, BoardQuery{PerColumn: 200})
		q := BoardQuery{Stage: stage, PerColumn: 7}
		for {
			c := b.column(stage, q)
			got = append(got, cardKeys(c.Cards)...)
			if c.Count != whole.Count {
				t.Fatalf("%s counts %d on a later page, %d on the first", stage, c.Count, whole.Count)
			}
			if c.Next == "" {
				break
			}
			q.StageKey = must(web.ReadCursor[*Key](c.Next))(t)
		}
		if diff := cmp.Diff(cardKeys(whole.Cards), got); diff != "" {
			t.Errorf("%s -want +got:\n%s", stage, diff)
		}
	}
}

func TestBoardHTTP(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c := b.client()
	must(b.s.Create(b.Ctx, b.LaunchID, Input{Title: "one"}))(t)
	code, out := c.call("GET /launches/"+b.LaunchID+"/board?per_stage=1&lane=severity", "")
	if code != 200 || at(out, "stages", 0, "stage") != "intake" || at(out, "stages", 0, "items", 0, "key") != "HC-1" || at(out, "stages", 0, "lanes", "sev3") != 1.0 {
		t.Errorf("board = %d %v", code, out)
	}
	for route, want := range map[string]int{
		"/board?cursor=" + web.Cursor(Key{1, 1}): 422, "/board?stage=done": 422, "/board?lane=area": 422, "/board?per_stage=500": 422, "/board?stage=intake&cursor=%21": 422,
	} {
		if code, out := c.call("GET /launches/"+b.LaunchID+route, ""); code != want || at(out, "detail") == nil {
			t.Errorf("%s = %d %v, want %d with a sentence", route, code, out, want)
		}
	}
}

// BenchmarkBoard is the board of a launch of 10,000 issues.
func BenchmarkBoard(b *testing.B) {
	x := newBench(b)
	x.fill(10_000)
	for name, q := range map[string]BoardQuery{
		"all":      {},
		"lanes":    {Lane: LaneOwner},
		"filtered": {Query: Query{Where: map[string][]string{"severity": {"sev1"}, "area": {"area 7"}}}},
		"search":   {Query: Query{Text: "payment"}},
		"next":     {Stage: Planning, StageKey: &Key{V: 10, Num: 1}},
	} {
		q.PerColumn = 50
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				start := time.Now()
				if _, err := x.s.Board(x.Ctx, x.LaunchID, q); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
		})
	}
}

// TestBoardOfThousands prints how long a board of 10,000 issues takes.
func TestBoardOfThousands(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fill(10_000)
	var took []time.Duration
	for range 20 {
		start := time.Now()
		list := must(b.s.Board(b.Ctx, b.LaunchID, BoardQuery{PerColumn: 50}))(t)
		took = append(took, time.Since(start))
		total := 0
		for _, c := range list {
			total += c.Count
			if len(c.Cards) != 50 || c.Next == "" {
				t.Fatalf("%s shows %d cards, next %q", c.Stage, len(c.Cards), c.Next)
			}
		}
		if total != 10_000 {
			t.Fatalf("the columns count %d issues", total)
		}
	}
	slices.Sort(took)
	t.Logf("board of 10,000 issues: median %v, p95 %v", took[10].Round(time.Millisecond/10), took[18].Round(time.Millisecond/10))
}
