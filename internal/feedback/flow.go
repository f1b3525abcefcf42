package feedback

import (
	"cmp"
	"context"
	"slices"
	"sort"
	"time"

	"github.com/hypercare/hypercare/internal/workspace"
)

// Slot is the grain at which a Flow counts: the hours of every time zone are
// made of whole ones.
const Slot = 15 * time.Minute

const slotMicros = int64(Slot / time.Microsecond)

// FlowQuery says over which times a Flow counts. All are microseconds, all
// windows begin with their start and end before their end.
type FlowQuery struct {
	At    int64      // as of then: what came later is not counted
	From  int64      // start of the first slot; a whole number of slots since 1970
	Start int64      // of the launch
	Last  int64      // start of the last day, for feeling and time to triage
	Mix   int64      // start of the window of Categories
	Same  [][2]int64 // windows to count arrivals in, newest first, not overlapping
}

// Feeling counts reports whose sentiment was read, and the negative ones.
type Feeling struct{ Rated, Negative int }

// Oldest names the report that has waited longest.
type Oldest struct {
	Num      int64
	Received int64 // microseconds; 0: none waits
}

func (o *Oldest) see(num, received int64) {
	if o.Received == 0 || received < o.Received || received == o.Received && num < o.Num {
		o.Num, o.Received = num, received
	}
}

// Flow is how reports came in and were worked off, slot by slot. A report
// arrives when it was said: when it occurred, or was received if a sender's
// clock is ahead. It waits from its receipt, or from when it comes back from
// being put off, until it is triaged.
type Flow struct {
	From     int64
	Said     []int32 // arrivals in each slot
	Rated    []int32 // of them those whose sentiment was read
	Negative []int32
	Done     []int32 // triaged in each slot
	Waiting  []int32 // at the end of each slot

	Total    int // said before At
	Earlier  int // said before Start
	Last     Feeling
	Before   Feeling // said from Start to Last
	Oldest   Oldest
	Critical int // waiting reports that read as sev1
	First    Oldest
	Took     [24][]int64 // from receipt to triage, by the hour of the last day in which it was triaged
	Mix      []Count     // by category, the commonest first
	Same     []int
}

// slots is how many slots there are from q.From to q.At.
func (q *FlowQuery) slots() int {
	return int(max(0, (q.At-q.From+slotMicros-1)/slotMicros))
}

// Flow counts everything in one pass over the columns.
func (c *Columns) Flow(q FlowQuery) Flow {
	c.mu.RLock()
	defer c.mu.RUnlock()
	n := q.slots()
	f := Flow{From: q.From, Said: make([]int32, n), Rated: make([]int32, n), Negative: make([]int32, n), Done: make([]int32, n), Waiting: make([]int32, n), Same: make([]int, len(q.Same))}
	feelings, severities := &c.dicts[FieldSentiment], &c.dicts[FieldSeverity]
	unread, negative, critical := feelings.find(""), feelings.find("negative"), severities.find("sev1")
	mix := make([]int, len(c.dicts[FieldCategory].values))
	var waited int32 // since before the first slot
	for i := range c.num {
		if c.dead[i] {
			continue
		}
		recv, done := c.recv[i], c.done[i]
		if said := min(c.occur[i], recv); said < q.At {
			feeling := c.fields[FieldSentiment][i]
			f.arrive(&q, said, feeling != unread, feeling == negative)
			if said >= q.Mix {
				mix[c.fields[FieldCategory][i]]++
			}
		}
		// Waiting from begin to done.
		begin := max(recv, c.snooze[i])
		if done != 0 && done < q.At {
			if done >= q.From {
				f.Done[(done-q.From)/slotMicros]++
			}
			if done >= q.Last {
				h := min((done-q.Last)/time.Hour.Microseconds(), int64(len(f.Took))-1)
				f.Took[h] = append(f.Took[h], max(0, done-recv))
			}
		} else {
			done = 0
		}
		if begin >= q.At || done != 0 && done <= begin {
			continue
		}
		if begin < q.From {
			waited++
		} else {
			f.Waiting[(begin-q.From)/slotMicros]++
		}
		switch {
		case done == 0:
			f.Oldest.see(c.num[i], recv)
			if c.fields[FieldSeverity][i] == critical {
				f.Critical++
				f.First.see(c.num[i], recv)
			}
		case done < q.From:
			waited--
		default:
			f.Waiting[(done-q.From)/slotMicros]--
		}
	}
	for k := range f.Waiting {
		waited += f.Waiting[k]
		f.Waiting[k] = waited
	}
	f.Mix = countsOf(c.dicts[FieldCategory].values, mix)
	return f
}

// arrive counts one report by when it was said.
func (f *Flow) arrive(q *FlowQuery, said int64, rated, negative bool) {
	f.Total++
	if said < q.Start {
		f.Earlier++
	}
	if said >= q.From {
		k := (said - q.From) / slotMicros
		f.Said[k]++
		if rated {
			f.Rated[k]++
		}
		if negative {
			f.Negative[k]++
		}
	}
	switch {
	case !rated:
	case said >= q.Last:
		f.Last.count(negative)
	case said >= q.Start:
		f.Before.count(negative)
	}
	if n := len(q.Same); n > 0 && said >= q.Same[n-1][0] {
		if k := sort.Search(n, func(k int) bool { return q.Same[k][0] <= said }); said < q.Same[k][1] {
			f.Same[k]++
		}
	}
}

func (f *Feeling) count(negative bool) {
	f.Rated++
	if negative {
		f.Negative++
	}
}

// countsOf lists the values that occur, the commonest first.
func countsOf(values []string, n []int) []Count {
	list := []Count{}
	for code, v := range values {
		if n[code] > 0 {
			list = append(list, Count{v, n[code]})
		}
	}
	slices.SortFunc(list, func(a, b Count) int { return cmp.Or(b.Count-a.Count, cmp.Compare(a.Value, b.Value)) })
	return list
}

// Flow answers how a launch's reports came in and were worked off. The caller
// has checked that its actor may read.
func (s *Service) Flow(ctx context.Context, ws workspace.ID, launchID string, q FlowQuery) (Flow, error) {
	cols, err := s.columns(ctx, ws, launchID)
	if err != nil {
		return Flow{}, err
	}
	return cols.Flow(q), nil
}
