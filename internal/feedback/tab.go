package feedback

import "slices"

// Tab is one of the shelves of the inbox. What is on which is decided here
// and nowhere else: lists, counts and badges all ask this file.
type Tab string

// The tabs. What people put off is on TabLater alone until its time has come.
const (
	TabTriage Tab = "triage" // new
	TabMine   Tab = "mine"   // new, and the asker is to see to it
	TabLater  Tab = "later"  // new, and put off
	TabIdeas  Tab = "ideas"  // new, and asks for something that is not there yet
	TabDone   Tab = "done"   // accepted, ignored, spam
	TabAll    Tab = "all"
)

// Tabs are all of them, in their order.
var Tabs = []Tab{TabTriage, TabMine, TabLater, TabIdeas, TabDone, TabAll}

// tabSet is a set of tabs: bit i is Tabs[i].
type tabSet uint8

const tabSets = 1 << 6

func setOf(tabs ...Tab) (s tabSet) {
	for _, t := range tabs {
		if i := slices.Index(Tabs, t); i >= 0 {
			s |= 1 << i
		}
	}
	return s
}

var (
	onTriage = setOf(TabTriage, TabAll)
	onMine   = setOf(TabMine)
	onLater  = setOf(TabLater, TabAll)
	onIdeas  = setOf(TabIdeas)
	onDone   = setOf(TabDone, TabAll)
)

// shelf tells the tabs of rows by the codes of their values.
type shelf struct {
	now      int64
	want     tabSet // the tab asked for; 0: any
	fresh    uint32 // the code of the state new
	idea, me uint32
	state    []uint32
	category []uint32
	assignee []uint32
	snooze   []int64
}

// none is no code: what no row has.
const none = ^uint32(0)

// find is the code of a value, none when no row has it.
func (d *dict) find(v string) uint32 {
	if c, ok := d.codes[v]; ok {
		return c
	}
	return none
}

func (c *Columns) shelf(q *Query) shelf {
	s := shelf{now: q.Now, fresh: c.dicts[FieldState].find(New), idea: c.dicts[FieldCategory].find("feature_request"), me: none,
		state: c.fields[FieldState], category: c.fields[FieldCategory], assignee: c.fields[FieldAssignee], snooze: c.snooze}
	if q.Me != "" {
		s.me = c.dicts[FieldAssignee].find(q.Me)
	}
	if q.Tab != TabAll {
		s.want = setOf(q.Tab)
	}
	return s
}

// of returns the tabs that a row is on.
func (s *shelf) of(i int) tabSet {
	if s.state[i] != s.fresh {
		return onDone
	}
	if s.snooze[i] > s.now {
		return onLater
	}
	on := onTriage
	if s.category[i] == s.idea {
		on |= onIdeas
	}
	if s.assignee[i] == s.me {
		on |= onMine
	}
	return on
}

// Pace is how the work of the last hour went: of what waited at its start or
// came in since, how much was triaged.
type Pace struct {
	Triaged int `json:"triaged"`
	Of      int `json:"of"`
}

const hourMicros = int64(3_600_000_000)
