package feedback

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/workspace"
)

// fewAtOnce is how many reports of one minute are told one by one.
const fewAtOnce = 3

const (
	minuteMicros = int64(time.Minute / time.Microsecond)
	// arrivalMinutes bounds how far back arrivals are looked for at once.
	arrivalMinutes = 2 * 366 * 24 * 60
)

// ReceiptMark is a place in the order of receipt, newest first.
type ReceiptMark struct {
	At  int64 // microseconds
	Num int64
}

// Arrival is one report that was received, or all of a busy minute.
type Arrival struct {
	Received int64 // of the newest, microseconds
	Num      int64 // of the newest
	Count    int
	Channels []Count     // what they came by, the commonest first
	Next     ReceiptMark // everything behind this was received earlier
}

// Arrivals returns what was received before a mark, newest first: one report
// after the other, or a minute at once where it brought more than a few. A
// minute is never split. It passes over the times of receipt twice.
func (c *Columns) Arrivals(before ReceiptMark, limit int) []Arrival {
	c.mu.RLock()
	defer c.mu.RUnlock()
	minutes := c.minutesBefore(before, limit)
	if len(minutes) == 0 {
		return nil
	}
	place := make(map[int64]int, len(minutes))
	for k, m := range minutes {
		place[m] = k
	}
	oldest := minutes[len(minutes)-1] * minuteMicros
	type minute struct {
		few      []Arrival // the first few
		count    int
		newest   ReceiptMark
		channels map[uint32]int
	}
	found := make([]minute, len(minutes))
	for i, recv := range c.recv {
		if recv < oldest || c.dead[i] || !(ReceiptMark{recv, c.num[i]}).before(before) {
			continue
		}
		k, ok := place[recv/minuteMicros]
		if !ok {
			continue
		}
		m, channel := &found[k], c.fields[FieldChannel][i]
		if m.channels == nil {
			m.channels = map[uint32]int{}
		}
		m.count++
		m.channels[channel]++
		mark := ReceiptMark{recv, c.num[i]}
		if m.newest.before(mark) {
			m.newest = mark
		}
		if m.count <= fewAtOnce {
			m.few = append(m.few, Arrival{Received: recv, Num: c.num[i], Count: 1, Next: mark, Channels: []Count{{c.dicts[FieldChannel].values[channel], 1}}})
		}
	}
	var out []Arrival
	for k, m := range found {
		if m.count <= fewAtOnce {
			slices.SortFunc(m.few, func(a, b Arrival) int { return cmp.Or(cmp.Compare(b.Received, a.Received), cmp.Compare(b.Num, a.Num)) })
			out = append(out, m.few...)
			continue
		}
		n := make([]int, len(c.dicts[FieldChannel].values))
		for code, count := range m.channels {
			n[code] = count
		}
		out = append(out, Arrival{Received: m.newest.At, Num: m.newest.Num, Count: m.count, Channels: countsOf(c.dicts[FieldChannel].values, n), Next: ReceiptMark{At: minutes[k] * minuteMicros}})
	}
	return out[:min(len(out), limit)]
}

// before reports whether m comes behind o in the order, newest first. A mark
// without a number stands before everything of its own time.
func (m ReceiptMark) before(o ReceiptMark) bool {
	return m.At < o.At || m.At == o.At && m.Num < o.Num
}

// minutesBefore returns the newest minutes, as many as limit, in which
// something was received before a mark.
func (c *Columns) minutesBefore(before ReceiptMark, limit int) []int64 {
	last := before.At / minuteMicros
	first := last + 1
	for i, recv := range c.recv {
		if !c.dead[i] {
			first = min(first, recv/minuteMicros)
		}
	}
	first = max(first, last-arrivalMinutes)
	if first > last {
		return nil
	}
	any := make([]bool, last-first+1)
	for i, recv := range c.recv {
		if m := recv / minuteMicros; m >= first && m <= last && !c.dead[i] && (ReceiptMark{recv, c.num[i]}).before(before) {
			any[m-first] = true
		}
	}
	var out []int64
	for k := len(any) - 1; k >= 0 && len(out) < limit; k-- {
		if any[k] {
			out = append(out, first+int64(k))
		}
	}
	return out
}

// Arrivals returns what a launch received before a mark, newest first, with
// the rows of reports that are told one by one. The caller has checked that
// its actor may read.
func (s *Service) Arrivals(ctx context.Context, ws workspace.ID, launchID string, before ReceiptMark, limit int) ([]Arrival, map[int64]*Feedback, error) {
	cols, err := s.columns(ctx, ws, launchID)
	if err != nil {
		return nil, nil, err
	}
	list := cols.Arrivals(before, limit)
	var nums []int64
	for _, a := range list {
		if a.Count == 1 {
			nums = append(nums, a.Num)
		}
	}
	rows, err := listByNum(ctx, s.db, ws, nums)
	if err != nil {
		return nil, nil, err
	}
	byNum := make(map[int64]*Feedback, len(rows))
	for _, f := range rows {
		byNum[f.Number] = f
	}
	return list, byNum, s.Name(ctx, ws, rows...)
}
