package feedback

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const aSlot = slotMicros

// drawFlowRow is a report around ten slots, by quarters of a slot.
func drawFlowRow(t *rapid.T, num int64) Row {
	at := func(name string) int64 { return rapid.Int64Range(1, 44).Draw(t, name) * aSlot / 4 }
	r := Row{Num: num, Occurred: at("occurred"), Received: at("received")}
	r.Values[FieldState] = New
	if rapid.Bool().Draw(t, "done?") {
		r.Triaged, r.Values[FieldState] = max(r.Received, at("done")), Accepted
	}
	if rapid.IntRange(0, 3).Draw(t, "snoozed?") == 0 {
		r.Snoozed = at("snoozed")
	}
	r.Values[FieldSentiment] = rapid.SampledFrom([]string{"negative", "negative", "neutral", "positive", ""}).Draw(t, "sentiment")
	r.Values[FieldSeverity] = rapid.SampledFrom([]string{"sev1", "sev3", ""}).Draw(t, "severity")
	r.Values[FieldCategory] = rapid.SampledFrom([]string{"bug", "praise", ""}).Draw(t, "category")
	r.Values[FieldChannel] = rapid.SampledFrom([]string{"api", "import", "widget"}).Draw(t, "channel")
	return r
}

// naiveFlow counts as the definitions are written, row by row and slot by
// slot.
func naiveFlow(rows map[int64]Row, q FlowQuery) Flow {
	n := q.slots()
	f := Flow{From: q.From, Said: make([]int32, n), Rated: make([]int32, n), Negative: make([]int32, n), Done: make([]int32, n), Waiting: make([]int32, n), Same: make([]int, len(q.Same))}
	mix := map[string]int{}
	waits := func(r Row, at int64) bool {
		return r.Received < at && r.Snoozed < at && (r.Triaged == 0 || r.Triaged >= at)
	}
	for _, r := range rows {
		said, feeling := min(r.Occurred, r.Received), r.Values[FieldSentiment]
		rated := feeling != ""
		in := func(from, to int64) bool { return said >= from && said < to }
		if said < q.At {
			f.Total++
			if said < q.Start {
				f.Earlier++
			}
			if said >= q.Mix {
				mix[r.Values[FieldCategory]]++
			}
		}
		for k := range n {
			a := q.From + int64(k)*aSlot
			b := min(a+aSlot, q.At)
			if in(a, b) {
				f.Said[k]++
				if rated {
					f.Rated[k]++
				}
				if feeling == "negative" {
					f.Negative[k]++
				}
			}
			if r.Triaged != 0 && r.Triaged >= a && r.Triaged < b {
				f.Done[k]++
			}
			if waits(r, b) {
				f.Waiting[k]++
			}
		}
		for k, w := range q.Same {
			if in(w[0], min(w[1], q.At)) {
				f.Same[k]++
			}
		}
		for _, x := range []struct {
			sum  *Feeling
			a, b int64
		}{{&f.Last, q.Last, q.At}, {&f.Before, q.Start, q.Last}} {
			if rated && in(x.a, min(x.b, q.At)) {
				x.sum.count(feeling == "negative")
			}
		}
		if waits(r, q.At) {
			f.Oldest.see(r.Num, r.Received)
			if r.Values[FieldSeverity] == "sev1" {
				f.Critical++
				f.First.see(r.Num, r.Received)
			}
		}
		if r.Triaged != 0 && r.Triaged >= q.Last && r.Triaged < q.At {
			h := (r.Triaged - q.Last) / (4 * aSlot)
			f.Took[h] = append(f.Took[h], r.Triaged-r.Received)
		}
	}
	f.Mix = []Count{}
	for v, n := range mix {
		f.Mix = append(f.Mix, Count{v, n})
	}
	slices.SortFunc(f.Mix, func(a, b Count) int { return cmp.Or(b.Count-a.Count, cmp.Compare(a.Value, b.Value)) })
	return f
}

func TestFlowCountsAsDefined(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var c Columns
		rows := map[int64]Row{}
		for num := range rapid.Int64Range(0, 25).Draw(t, "rows") {
			rows[num] = drawFlowRow(t, num)
			c.Put(rows[num])
		}
		for num := range rows {
			if rapid.IntRange(0, 6).Draw(t, "drop?") == 0 {
				c.Drop(num)
				delete(rows, num)
			}
		}
		at := rapid.Int64Range(8, 44).Draw(t, "at") * aSlot / 4
		from := rapid.Int64Range(0, 2).Draw(t, "from") * aSlot
		q := FlowQuery{At: at, From: from, Start: from + aSlot, Last: at - rapid.Int64Range(1, 40).Draw(t, "last")*aSlot/4, Mix: at - 2*aSlot,
			Same: [][2]int64{{at - aSlot, at}, {at - 3*aSlot, at - 2*aSlot}, {at - 5*aSlot, at - 4*aSlot}}}
		got, want := c.Flow(q), naiveFlow(rows, q)
		for h := range got.Took {
			slices.Sort(got.Took[h])
			slices.Sort(want.Took[h])
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Fatalf("flow of %+v: -want +got\n%s", q, diff)
		}
	})
}

// TestArrivalsTellEverythingOnce pages through what was received: nothing is
// lost or told twice, minutes are whole, and newest comes first.
func TestArrivalsTellEverythingOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var c Columns
		byMinute, end := map[int64]int{}, int64(0)
		for num := range rapid.Int64Range(0, 40).Draw(t, "rows") {
			r := drawFlowRow(t, num+1)
			r.Received = rapid.Int64Range(0, 11).Draw(t, "minute")*minuteMicros + rapid.Int64Range(0, 3).Draw(t, "second")
			c.Put(r)
			byMinute[r.Received/minuteMicros]++
			end = max(end, r.Received+1)
		}
		mark, limit := ReceiptMark{At: end}, rapid.IntRange(1, 5).Draw(t, "limit")
		told, last := map[int64]int{}, ReceiptMark{At: end}
		for {
			list := c.Arrivals(mark, limit)
			for _, a := range list {
				m := a.Received / minuteMicros
				told[m] += a.Count
				if at := (ReceiptMark{a.Received, a.Num}); !at.before(last) {
					t.Fatalf("%+v is told behind %+v", at, last)
				} else {
					last = at
				}
				if want := byMinute[m]; (a.Count > 1) != (want > fewAtOnce) || a.Count > 1 && a.Count != want {
					t.Fatalf("minute %d is told as %d, it has %d", m, a.Count, want)
				}
				sum := 0
				for _, ch := range a.Channels {
					sum += ch.Count
				}
				if sum != a.Count {
					t.Fatalf("channels of %+v don't add up", a)
				}
				mark = a.Next
			}
			if len(list) < limit {
				break
			}
		}
		if diff := gocmp.Diff(byMinute, told); diff != "" {
			t.Fatalf("told -want +got\n%s", diff)
		}
	})
}

func TestListByWhenItWasTriaged(t *testing.T) {
	t.Parallel()
	var c Columns
	for num := range int64(10) {
		c.Put(Row{Num: num, Occurred: 1, Triaged: num}) // the first is new
	}
	for _, x := range []struct{ from, to, want int64 }{{0, 0, 10}, {1, 0, 9}, {5, 0, 5}, {0, 5, 4}, {3, 5, 2}, {50, 0, 0}} {
		if got := c.Find(Query{DoneFrom: x.from, DoneTo: x.to, Limit: 20}).Total; got != int(x.want) {
			t.Errorf("triaged from %d to %d: %d rows, want %d", x.from, x.to, got, x.want)
		}
	}
}

func BenchmarkFlow(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		var c Columns
		rows := make([]Row, n)
		end := int64(28*96) * aSlot
		for i := range rows {
			r := &rows[i]
			at := int64(i) * end / int64(n)
			r.Num, r.Occurred, r.Received = int64(i+1), at-aSlot*int64(i%9), at
			if i%3 == 0 {
				r.Triaged = at + int64(i%97)*aSlot
			}
			r.Values[FieldSentiment] = []string{"negative", "neutral", "positive"}[i%3]
			r.Values[FieldCategory] = []string{"bug", "praise", "question"}[i%7%3]
			r.Values[FieldSeverity] = []string{"sev1", "sev2", "sev3", "sev4"}[i%11%4]
		}
		c.Put(rows...)
		q := FlowQuery{At: end, Last: end - 96*aSlot, Mix: end - 7*96*aSlot}
		for k := range int64(15) {
			q.Same = append(q.Same, [2]int64{end - k*96*aSlot - 4*aSlot, end - k*96*aSlot})
		}
		b.Run(fmt.Sprint("flow ", n), func(b *testing.B) {
			for b.Loop() {
				c.Flow(q)
			}
		})
		b.Run(fmt.Sprint("arrivals ", n), func(b *testing.B) {
			for b.Loop() {
				c.Arrivals(ReceiptMark{At: end}, 31)
			}
		})
	}
}
