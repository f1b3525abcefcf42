package feedback

import (
	"container/heap"
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"
)

// Columns holds, for one launch, the few fields that lists filter, sort and
// count by, one dense array a field. A filter over a million rows with all
// facet counts is one pass over some 20 MB of memory, a few milliseconds,
// whichever fields are combined; no index of the database can do that. The
// records stay the truth: Columns is rebuilt from them at start and follows
// every change. See docs/adr/0003.
type Columns struct {
	mu     sync.RWMutex
	num    []int64 // ascending
	occur  []int64 // microseconds
	recv   []int64
	done   []int64 // when it was triaged; 0: still new
	snooze []int64 // put off until; 0: not
	dead   []bool
	rating []uint8 // tenths; 0: none
	alike  []uint16
	fields [fieldCount][]uint32 // code of the value
	dicts  [fieldCount]dict
	live   int
	puts   uint64 // changes so far
}

// Field is one of the facets.
type Field int

// The facets. Tag holds the code of the whole set of tags of a row.
const (
	FieldState Field = iota
	FieldCategory
	FieldSeverity
	FieldSentiment
	FieldEmotion
	FieldLanguage
	FieldChannel
	FieldArea
	FieldVersion
	FieldAssignee
	FieldIssue
	FieldImport
	FieldPerson
	FieldFlags
	FieldTag
	fieldCount
)

// FieldNames are the names of the facets in the API, by Field.
var FieldNames = [fieldCount]string{"state", "category", "severity", "sentiment", "emotion", "language", "channel", "area",
	"version", "assignee", "issue", "import", "person", "flag", "tag"}

// counted are the facets whose counts a list answers.
var counted = []Field{FieldState, FieldCategory, FieldSeverity, FieldSentiment, FieldLanguage, FieldChannel, FieldArea, FieldTag, FieldVersion, FieldAssignee, FieldFlags}

type dict struct {
	codes  map[string]uint32
	values []string
}

func (d *dict) code(v string) uint32 {
	if c, ok := d.codes[v]; ok {
		return c
	}
	if d.codes == nil {
		d.codes = map[string]uint32{}
	}
	v = strings.Clone(v)
	c := uint32(len(d.values))
	d.codes[v] = c
	d.values = append(d.values, v)
	return c
}

// Row is what Columns holds of one feedback.
type Row struct {
	Num      int64
	Occurred int64
	Received int64
	Triaged  int64
	Snoozed  int64
	Rating   float64
	Alike    int
	Values   [fieldCount]string // FieldTag and FieldFlags: comma separated, sorted
}

// row takes from a feedback what Columns holds.
func row(f *Feedback) Row {
	r := Row{Num: f.Number, Occurred: f.OccurredAt.UnixMicro(), Received: f.ReceivedAt.UnixMicro(),
		Triaged: microsOf(f.TriagedAt), Snoozed: microsOf(f.SnoozedUntil), Alike: f.Alike}
	if f.Rating != nil {
		r.Rating = *f.Rating
	}
	var flags []string
	if f.Security {
		flags = append(flags, "security")
	}
	if f.Unsure {
		flags = append(flags, "unsure")
	}
	r.Values = [fieldCount]string{f.State, f.Category, f.Severity, f.Sentiment, f.Emotion, f.Language, f.Channel, f.Area,
		f.AppVersion, f.AssigneeID, f.IssueID, f.ImportID, f.Author.PersonID, strings.Join(flags, ","), strings.Join(f.Tags, ",")}
	return r
}

// Put adds or replaces rows.
func (c *Columns) Put(rows ...Row) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range rows {
		c.put(&rows[i])
	}
}

func (c *Columns) put(r *Row) {
	c.puts++
	i, found := c.at(r.Num)
	if !found {
		i = len(c.num)
		if i > 0 && r.Num < c.num[i-1] {
			// Numbers are taken in commit order but may be put by two
			// goroutines: make room where it belongs.
			i = sort.Search(len(c.num), func(k int) bool { return c.num[k] > r.Num })
		}
		c.num = slices.Insert(c.num, i, r.Num)
		c.occur = slices.Insert(c.occur, i, 0)
		c.recv = slices.Insert(c.recv, i, 0)
		c.done = slices.Insert(c.done, i, 0)
		c.snooze = slices.Insert(c.snooze, i, 0)
		c.dead = slices.Insert(c.dead, i, false)
		c.rating = slices.Insert(c.rating, i, 0)
		c.alike = slices.Insert(c.alike, i, 0)
		for f := range c.fields {
			c.fields[f] = slices.Insert(c.fields[f], i, 0)
		}
		c.live++
	} else if c.dead[i] {
		c.dead[i] = false
		c.live++
	}
	c.occur[i], c.recv[i] = r.Occurred, r.Received
	c.done[i], c.snooze[i] = r.Triaged, r.Snoozed
	c.rating[i] = uint8(r.Rating*10 + 0.5)
	c.alike[i] = uint16(min(r.Alike, 65535))
	for f := range c.fields {
		c.fields[f][i] = c.dicts[f].code(r.Values[f])
	}
}

func (c *Columns) at(num int64) (int, bool) { return slices.BinarySearch(c.num, num) }

// Fill adds rows that are not there yet: a load must not put an older state
// over what changed while it ran.
func (c *Columns) Fill(rows ...Row) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range rows {
		if _, found := c.at(rows[i].Num); !found {
			c.put(&rows[i])
		}
	}
}

// Drop removes rows.
func (c *Columns) Drop(nums ...int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range nums {
		if i, ok := c.at(n); ok && !c.dead[i] {
			c.puts++
			c.dead[i] = true
			c.live--
		}
	}
}

// Version changes with every change of a row.
func (c *Columns) Version() uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.puts
}

// Len is the number of rows.
func (c *Columns) Len() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.live
}

// Query selects rows. Values of one field are alternatives, fields add up.
// The value "none" of a field means an empty one, "any" a filled one.
type Query struct {
	Where    map[Field][]string
	Nums     []int64 // when not nil: only these (hits of a text search)
	From, To int64   // occurred, microseconds; 0: open
	MinStars float64 // 0: any
	MaxStars float64
	Tab      Tab    // "": all
	Me       string // who asks, for TabMine
	Now      int64  // microseconds; what was put off until then is back
	Waiting  int64  // to triage, and received before; 0: any
	Sort     Sort
	After    *Key // keyset: rows behind this one
	Limit    int
	Facets   bool

	// DoneFrom and DoneTo are when it was triaged; what is new was not.
	DoneFrom, DoneTo int64
}

// Sort is an order of rows.
type Sort string

// The orders; all end with the newest number first where they tie.
const (
	SortOccurred Sort = "-occurred"
	SortOldest   Sort = "occurred"
	SortReceived Sort = "-received"
	SortWaiting  Sort = "received" // oldest arrival first
	SortSeverity Sort = "severity" // sev1 first
	SortAlike    Sort = "-alike"
	SortRating   Sort = "rating" // worst first, none last
)

// Key is where a row stands in an order.
type Key struct {
	V   int64
	Num int64
}

// Count is one value of a facet and how many rows have it, were this facet's
// own filter not set.
type Count struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

// Found is the answer to a Query.
type Found struct {
	Nums   []int64
	Last   Key // of the last row; for After
	More   bool
	Total  int
	Facets map[Field][]Count
	Tabs   map[Tab]int // with Facets: what each tab holds under the other filters
	Pace   Pace        // with Facets
}

// filter is a compiled condition on one field: allowed[code].
type filter struct {
	field   Field
	allowed []bool
}

func (c *Columns) compile(q *Query) []filter {
	var out []filter
	for f := Field(0); f < fieldCount; f++ {
		values := q.Where[f]
		if len(values) == 0 {
			continue
		}
		allowed := make([]bool, len(c.dicts[f].values))
		if len(values) > 16 && f == FieldPerson { // the people of a segment
			for _, want := range values {
				if code, ok := c.dicts[f].codes[want]; ok {
					allowed[code] = true
				}
			}
			out = append(out, filter{f, allowed})
			continue
		}
		for code, v := range c.dicts[f].values {
			for _, want := range values {
				if matches(f, v, want) {
					allowed[code] = true
				}
			}
		}
		out = append(out, filter{f, allowed})
	}
	return out
}

func matches(f Field, value, want string) bool {
	switch {
	case want == "none":
		return value == ""
	case want == "any":
		return value != ""
	case f == FieldTag || f == FieldFlags:
		for v := range strings.SplitSeq(value, ",") {
			if v == want {
				return true
			}
		}
		return false
	}
	return value == want
}

// Find answers a query in one pass over the columns.
func (c *Columns) Find(q Query) Found {
	c.mu.RLock()
	defer c.mu.RUnlock()
	filters, tabs := c.compile(&q), c.shelf(&q)
	var tally [fieldCount][]int
	var shelves [tabSets]int
	if q.Facets {
		for _, f := range counted {
			tally[f] = make([]int, len(c.dicts[f].values))
		}
	}
	top := &topRows{limit: max(q.Limit, 1) + 1}
	keyOf := c.keyFunc(q.Sort)
	total, lately := 0, 0
	hourAgo := q.Now - hourMicros
	visit := func(i int) {
		if c.dead[i] || q.From != 0 && c.occur[i] < q.From || q.To != 0 && c.occur[i] >= q.To {
			return
		}
		if (q.DoneFrom != 0 || q.DoneTo != 0) && (c.done[i] == 0 || c.done[i] < q.DoneFrom || q.DoneTo != 0 && c.done[i] >= q.DoneTo) {
			return
		}
		if (q.MinStars != 0 || q.MaxStars != 0) && !c.rated(i, &q) {
			return
		}
		failed, which := 0, Field(-1)
		for k := range filters {
			if fl := &filters[k]; !fl.allowed[c.fields[fl.field][i]] {
				failed++
				which = fl.field
				if failed > 1 {
					return
				}
			}
		}
		on := tabs.of(i)
		if q.Waiting != 0 && (on&onTriage != onTriage || c.recv[i] >= q.Waiting) {
			return
		}
		if q.Facets && failed == 0 {
			shelves[on]++
			if on == onDone && c.done[i] > hourAgo {
				lately++
			}
		}
		if tabs.want != 0 && on&tabs.want == 0 {
			return
		}
		// A row that only one filter turns away still counts for that facet:
		// its counts show what choosing another value would give.
		if q.Facets {
			if failed == 1 {
				if tally[which] != nil {
					tally[which][c.fields[which][i]]++
				}
				return
			}
			for _, f := range counted {
				tally[f][c.fields[f][i]]++
			}
		} else if failed > 0 {
			return
		}
		total++
		key := Key{keyOf(i), c.num[i]}
		if q.After == nil || less(*q.After, key) {
			top.offer(key)
		}
	}
	if q.Nums != nil {
		for _, n := range q.Nums {
			if i, ok := c.at(n); ok {
				visit(i)
			}
		}
	} else {
		for i := len(c.num) - 1; i >= 0; i-- {
			visit(i)
		}
	}
	out := Found{Total: total}
	keys := top.sorted()
	if len(keys) > q.Limit {
		keys, out.More = keys[:max(q.Limit, 0)], true
	}
	for _, k := range keys {
		out.Nums = append(out.Nums, k.Num)
		out.Last = k
	}
	if q.Facets {
		out.Facets = c.facets(&q, &tally)
		out.Tabs = map[Tab]int{}
		for on, n := range shelves {
			for k, t := range Tabs {
				if on>>k&1 != 0 {
					out.Tabs[t] += n
				}
			}
		}
		out.Pace = Pace{lately, lately + out.Tabs[TabTriage]}
	}
	return out
}

// rated reports whether a row has as many stars as asked for.
func (c *Columns) rated(i int, q *Query) bool {
	s := float64(c.rating[i]) / 10
	return s != 0 && s >= q.MinStars && (q.MaxStars == 0 || s <= q.MaxStars)
}

// keyFunc returns a row's place in an order; smaller comes first.
func (c *Columns) keyFunc(s Sort) func(i int) int64 {
	switch s {
	case SortOldest:
		return func(i int) int64 { return c.occur[i] }
	case SortReceived:
		return func(i int) int64 { return -c.recv[i] }
	case SortWaiting:
		return func(i int) int64 { return c.recv[i] }
	case SortAlike:
		return func(i int) int64 { return -int64(c.alike[i]) }
	case SortRating:
		return func(i int) int64 {
			if c.rating[i] == 0 {
				return 1000
			}
			return int64(c.rating[i])
		}
	case SortSeverity:
		rank := make([]int64, len(c.dicts[FieldSeverity].values))
		for code, v := range c.dicts[FieldSeverity].values {
			rank[code] = int64(strings.Index("sev1sev2sev3sev4", v))
			if v == "" {
				rank[code] = 99
			}
		}
		return func(i int) int64 { return rank[c.fields[FieldSeverity][i]] }
	}
	return func(i int) int64 { return -c.occur[i] }
}

func less(a, b Key) bool { return a.V < b.V || a.V == b.V && a.Num > b.Num }

// topRows keeps the first rows of an order: a heap with the last on top.
type topRows struct {
	limit int
	keys  []Key
}

func (t *topRows) Len() int           { return len(t.keys) }
func (t *topRows) Less(i, j int) bool { return less(t.keys[j], t.keys[i]) }
func (t *topRows) Swap(i, j int)      { t.keys[i], t.keys[j] = t.keys[j], t.keys[i] }
func (t *topRows) Push(x any)         { t.keys = append(t.keys, x.(Key)) }
func (t *topRows) Pop() any {
	k := t.keys[len(t.keys)-1]
	t.keys = t.keys[:len(t.keys)-1]
	return k
}

func (t *topRows) offer(k Key) {
	switch {
	case len(t.keys) < t.limit:
		heap.Push(t, k)
	case less(k, t.keys[0]):
		t.keys[0] = k
		heap.Fix(t, 0)
	}
}

func (t *topRows) sorted() []Key {
	slices.SortFunc(t.keys, func(a, b Key) int {
		if less(a, b) {
			return -1
		}
		return 1
	})
	return t.keys
}

// maxFacet bounds the values a facet answers with; the commonest come first.
const maxFacet = 30

func (c *Columns) facets(q *Query, tally *[fieldCount][]int) map[Field][]Count {
	out := map[Field][]Count{}
	for _, f := range counted {
		sums := map[string]int{}
		for code, n := range tally[f] {
			if n == 0 {
				continue
			}
			v := c.dicts[f].values[code]
			if f == FieldTag || f == FieldFlags {
				for one := range strings.SplitSeq(v, ",") {
					sums[one] += n
				}
			} else {
				sums[v] += n
			}
		}
		delete(sums, "")
		list := []Count{}
		for _, v := range slices.Sorted(maps.Keys(sums)) {
			list = append(list, Count{v, sums[v]})
		}
		slices.SortStableFunc(list, func(a, b Count) int { return b.Count - a.Count })
		// A chosen value stays visible however rare it is.
		if len(list) > maxFacet {
			keep := list[:maxFacet:maxFacet]
			for _, v := range list[maxFacet:] {
				if slices.Contains(q.Where[f], v.Value) {
					keep = append(keep, v)
				}
			}
			list = keep
		}
		out[f] = list
	}
	return out
}
