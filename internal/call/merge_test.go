package call

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestWhatIsMergedAndWhen(t *testing.T) {
	t.Parallel()
	tune := defaults
	hour := func(h int) int64 { return start.Add(time.Duration(h) * time.Hour).UnixMicro() }
	seg := func(name string, h, rows int, replaced ...string) *segment {
		return &segment{path: name, segmentMeta: segmentMeta{Name: name, origin: origin{Workspace: "ws_a", Replaces: replaced}, From: hour(h), To: hour(h) + 1000, Rows: rows}}
	}
	many := func(n, h, rows int) (list []*segment) {
		for i := range n {
			list = append(list, seg(fmt.Sprintf("%c", 'a'+i), h, rows))
		}
		return list
	}
	other := seg("other", 0, 10)
	other.Workspace = "ws_b"
	wide := seg("wide", 0, 10)
	wide.To = hour(1)
	for _, c := range []struct {
		name string
		list []*segment
		now  time.Duration // after start, which is 13:00
		want [][]string
	}{
		{"one", many(1, 0, 10), 2 * time.Hour, nil},
		{"the hour is not over", many(7, 0, 10), time.Hour + time.Minute, nil},
		{"the hour is over", many(3, 0, 10), time.Hour + 6*time.Minute, [][]string{{"a", "b", "c"}}},
		{"many before that", many(8, 0, 60_000), time.Minute, [][]string{{"a", "b", "c", "d", "e", "f", "g", "h"}}},
		{"full ones stay", many(8, 0, fileRows/2), 3 * time.Hour, nil},
		{"not more than a file takes", many(8, 0, 300_000), time.Minute, [][]string{{"a", "b", "c"}, {"d", "e", "f"}, {"g", "h"}}},
		{"not another workspace's", append(many(1, 0, 10), other), 2 * time.Hour, nil},
		{"not one of two hours", append(many(1, 0, 10), wide), 2 * time.Hour, nil},
		{"a straggler waits", []*segment{seg("m", 0, 100, "a", "b"), seg("s", 0, 1)}, 3 * time.Hour, nil},
		{"but not for ever", []*segment{seg("m", 0, 100, "a", "b"), seg("s", 0, 1)}, 7*time.Hour + time.Minute, [][]string{{"m", "s"}}},
		{"hours of a quiet day", []*segment{seg("a", 0, 900), seg("b", 1, 700), seg("c", 9, 30_000)}, 20 * time.Hour, [][]string{{"a", "b"}}},
		{"a day that is not over for long", []*segment{seg("a", 0, 900), seg("b", 1, 700)}, 17 * time.Hour, nil},
	} {
		var got [][]string
		for _, set := range planMerges(c.list, start.Add(c.now).UnixMicro(), tune, func(*segment) bool { return false }) {
			var names []string
			for _, s := range set {
				names = append(names, s.Name)
			}
			got = append(got, names)
		}
		if !slices.EqualFunc(got, c.want, slices.Equal) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if got := planMerges(many(3, 0, 10), hour(5), tune, func(s *segment) bool { return s.Name != "a" }); got != nil {
		t.Errorf("damaged segments are merged: %v", got)
	}
}

// TestLargeRowGroupsAreMovedAsTheyAre shows that merging leaves their order
// of rows, and their index works where they are then.
func TestLargeRowGroupsAreMovedAsTheyAre(t *testing.T) {
	t.Parallel()
	clk := &clock{start}
	tune := defaults
	tune.groupRows, tune.cutRows = 200, 1<<20
	l, k := testLog(t, Config{Now: clk.now, tune: tune})
	for part := range 3 {
		var list []Record
		for n := range 150 {
			r := testRecord(part + 3*n) // the parts overlap in time
			r.User = fmt.Sprintf("u_%d_%d", part, n)
			list = append(list, r)
		}
		put(t, l, list...)
		sealNow(t, l)
		k.must(t)
	}
	clk.t = start.Add(2 * time.Hour)
	k.must(t)
	if len(l.segments) != 1 || len(l.segments[0].Groups) != 3 {
		t.Fatalf("%d segments", len(l.segments))
	}
	o, err := l.files.get(l.segments[0])
	must(t, err)
	for group := range 3 {
		for part := range 3 {
			may, err := o.index.mayHave(group, User, fmt.Sprintf("u_%d_77", part))
			must(t, err)
			if may != (group == part) {
				t.Errorf("group %d may have users of part %d: %v", group, part, may)
			}
		}
	}
	l.files.put(o)
	got := everything(t, l, "ws_a")
	if len(got) != 450 || !slices.IsSortedFunc(got, func(a, b Record) int { return int(b.Time - a.Time) }) {
		t.Errorf("%d calls, or not in order", len(got))
	}
	page, err := l.Find(t.Context(), "ws_a", Query{Text: "orders " + fmt.Sprint(1+3*77)})
	if err != nil || len(page.Calls) != 1 || page.Calls[0].User != "u_1_77" {
		t.Errorf("%+v %v", page, err)
	}
	must(t, l.Close())
}
