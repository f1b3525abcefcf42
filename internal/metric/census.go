package metric

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunks"
)

// census counts the active series of each workspace, and refuses one more
// than it may have. The head asks it before it makes a series, whoever wants
// it made.
type census struct {
	most            int64
	live            atomic.Bool // false while the log is replayed: what was there stays
	stored, refused atomic.Uint64

	mu   sync.RWMutex
	list map[string]*count
}

// count is of one workspace.
type count struct {
	active                   atomic.Int64
	stored, limited, refused atomic.Uint64
}

// errLimit refuses a new series.
var errLimit = errors.New("the workspace has as many active series as it may have")

func newCensus(most int) *census { return &census{most: int64(most), list: map[string]*count{}} }

func (c *census) of(ws string) *count {
	c.mu.RLock()
	n := c.list[ws]
	c.mu.RUnlock()
	if n != nil {
		return n
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if n = c.list[ws]; n == nil {
		n = &count{}
		c.list[ws] = n
	}
	return n
}

// PreCreation implements tsdb.SeriesLifecycleCallback.
func (c *census) PreCreation(l labels.Labels) error {
	ws := l.Get(tenant)
	switch {
	case !c.live.Load():
		return nil
	case ws == "":
		return errNobody
	case c.of(ws).active.Load() >= c.most: // writers side by side may pass it by a few
		return errLimit
	}
	return nil
}

// PostCreation implements tsdb.SeriesLifecycleCallback.
func (c *census) PostCreation(l labels.Labels) { c.of(l.Get(tenant)).active.Add(1) }

// PostDeletion implements tsdb.SeriesLifecycleCallback.
func (c *census) PostDeletion(gone map[chunks.HeadSeriesRef]labels.Labels) {
	for _, l := range gone {
		c.of(l.Get(tenant)).active.Add(-1)
	}
}
