package issue

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/workspace"
)

// The orders of a list; all end with the newest number first where they tie.
const (
	SortPriority = "priority"
	SortUpdated  = "updated"
	SortCreated  = "created"
	SortReach    = "reach"
)

// sorts are the columns behind the orders; each has its index.
var sorts = map[string]string{SortPriority: "priority", SortUpdated: "updated_at", SortCreated: "created_at", SortReach: "reach"}

// facets are what a list can be narrowed by, in the order of issue_facets.
var facets = []string{"stage", "severity", "category", "owner", "area", "tag"}

// facetColumns are the columns behind the facets.
var facetColumns = map[string]string{"stage": "stage", "severity": "severity", "category": "category", "owner": "owner_id", "area": "area"}

const (
	// maxHits bounds what a text search hands to the filters, the newest first.
	maxHits   = 5000
	maxCounts = 200 // values of one facet that are answered
)

// Query selects issues of one launch. Values of one facet are alternatives,
// facets add up; "none" means an empty value, "any" a filled one.
type Query struct {
	Text   string
	Where  map[string][]string // by facet
	Open   *bool               // nil: closed ones too
	Sort   string
	After  *Key
	Limit  int
	Facets bool
}

// Key is where a page ended: the value it is sorted by, and the number.
type Key struct {
	V   float64
	Num int64
}

// Count is one value of a facet and how many issues have it, were this
// facet's own filter not set.
type Count = feedback.Count

// Listing is a page of issues with counts.
type Listing struct {
	Items   []*Issue
	Last    Key
	More    bool
	Total   int
	AtLeast bool // the text matched more than maxHits; counts are of the first ones
	Facets  map[string][]Count
	Took    time.Duration
}

// List answers a list of one launch's issues. Those that were merged are not
// in it: their feedback is in the issue that has it now.
func (s *Service) List(ctx context.Context, launchID string, q Query) (*Listing, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	if _, err := s.launches.Get(ctx, launchID); err != nil {
		return nil, err
	}
	start := time.Now()
	out := &Listing{}
	var hits []int64
	searched := strings.TrimSpace(q.Text) != ""
	if searched {
		if hits, err = db.Search(ctx, s.db, string(a.Workspace), searchKind, q.Text, maxHits); err != nil {
			return nil, err
		}
		out.AtLeast = len(hits) == maxHits
	}
	if q.Facets {
		out.Facets = map[string][]Count{}
	}
	if !searched || len(hits) > 0 {
		if err := s.page(ctx, a.Workspace, launchID, q, hits, out); err != nil {
			return nil, err
		}
		if err := s.tally(ctx, a.Workspace, launchID, q, hits, out); err != nil {
			return nil, err
		}
	}
	out.Took = time.Since(start)
	return out, dress(ctx, s.db, a.Workspace, s.now(), out.Items...)
}

// page reads the rows of one page.
func (s *Service) page(ctx context.Context, ws workspace.ID, launchID string, q Query, hits []int64, out *Listing) error {
	if q.Sort == "" {
		q.Sort = SortPriority
	}
	column, ok := sorts[q.Sort]
	if !ok {
		return errs.New(errs.Invalid, "There is no order %q; use priority, updated, created or reach.", q.Sort)
	}
	args := []any{ws, launchID}
	bind := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	var where strings.Builder
	where.WriteString(narrow(q, hits, bind))
	if q.After != nil {
		var v any = q.After.V
		if column != "priority" && column != "reach" {
			v = int64(q.After.V)
		}
		fmt.Fprintf(&where, " AND (%s, num) < (%s, %s)", column, bind(v), bind(q.After.Num))
	}
	limit := bind(q.Limit + 1)
	list, err := db.All(ctx, s.db, scan, `SELECT `+allColumns+` FROM issue WHERE workspace_id = $1 AND launch_id = $2 AND merged_into = ''`+where.String()+
		` ORDER BY `+column+` DESC, num DESC LIMIT `+limit, args...)
	if err != nil {
		return fmt.Errorf("list issues of launch %s: %w", launchID, err)
	}
	if out.More = len(list) > q.Limit; out.More {
		list = list[:q.Limit]
	}
	out.Items = list
	if len(list) > 0 {
		out.Last = list[len(list)-1].key(q.Sort)
	}
	return nil
}

func (i *Issue) key(sort string) Key {
	k := Key{V: i.Priority, Num: i.Number}
	switch sort {
	case SortUpdated:
		k.V = float64(db.Micros(i.UpdatedAt)) // exact until the year 2255
	case SortCreated:
		k.V = float64(db.Micros(i.CreatedAt))
	case SortReach:
		k.V = i.reach
	}
	return k
}

// narrow is the condition that a query adds, bind names its parameters.
func narrow(q Query, hits []int64, bind func(any) string) string {
	var b strings.Builder
	if hits != nil {
		// Written out, not bound: they are numbers from our own index, and
		// the time that SQLite's driver takes to bind grows with their square.
		b.WriteString(" AND num IN (0")
		for _, n := range hits {
			b.WriteString("," + strconv.FormatInt(n, 10))
		}
		b.WriteString(")")
	}
	if q.Open != nil {
		op := "="
		if *q.Open {
			op = "<>"
		}
		b.WriteString(" AND stage " + op + " '" + Closure + "'")
	}
	for _, f := range facets {
		if len(q.Where[f]) == 0 {
			continue
		}
		var any []string
		for _, v := range q.Where[f] {
			any = append(any, condition(f, v, bind))
		}
		b.WriteString(" AND (" + strings.Join(any, " OR ") + ")")
	}
	return b.String()
}

func condition(facet, value string, bind func(any) string) string {
	column := facetColumns[facet]
	if facet == "tag" {
		column = "tags"
	}
	switch {
	case value == "none":
		return column + " = ''"
	case value == "any":
		return column + " <> ''"
	case !storable(value):
		return "1 = 0"
	case facet == "tag":
		escaped := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(value)
		return `',' || tags || ',' LIKE ` + bind("%,"+escaped+",%") + ` ESCAPE '\'`
	}
	return column + " = " + bind(value)
}

// cell is the number of issues that have the same value of every facet.
type cell struct {
	values [6]string // in the order of facets
	n      int
}

// tally counts the whole list and its facets from one pass over an index:
// the issues are added up by all facets at once, and those few sums are
// filtered here.
func (s *Service) tally(ctx context.Context, ws workspace.ID, launchID string, q Query, hits []int64, out *Listing) error {
	args := []any{ws, launchID}
	where := narrow(Query{Open: q.Open}, hits, func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	})
	cells, err := db.All(ctx, s.db, func(r db.Scanner) (c cell, err error) {
		v := &c.values
		return c, r.Scan(&v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &c.n)
	}, `SELECT stage, severity, category, owner_id, area, tags, COUNT(*) FROM issue WHERE workspace_id = $1 AND launch_id = $2 AND merged_into = ''`+where+
		` GROUP BY stage, severity, category, owner_id, area, tags`, args...)
	if err != nil {
		return fmt.Errorf("count issues of launch %s: %w", launchID, err)
	}
	counts := make([]map[string]int, len(facets))
	for k := range counts {
		counts[k] = map[string]int{}
	}
	for _, c := range cells {
		failed, which := 0, -1
		for k, f := range facets {
			if len(q.Where[f]) > 0 && !slices.ContainsFunc(q.Where[f], func(want string) bool { return c.has(k, want) }) {
				failed, which = failed+1, k
			}
		}
		if failed == 0 {
			out.Total += c.n
		}
		for k := range facets {
			if failed == 0 || failed == 1 && which == k {
				c.add(counts[k], k)
			}
		}
	}
	if q.Facets {
		for k, f := range facets {
			out.Facets[f] = sorted(counts[k], f)
		}
	}
	return nil
}

// has reports whether the issues of a cell have a value of a facet.
func (c *cell) has(facet int, want string) bool {
	v := c.values[facet]
	switch {
	case want == "none":
		return v == ""
	case want == "any":
		return v != ""
	case facets[facet] == "tag":
		return slices.Contains(strings.Split(v, ","), want)
	}
	return v == want
}

// add counts the issues of a cell for a facet.
func (c *cell) add(counts map[string]int, facet int) {
	if v := c.values[facet]; facets[facet] == "tag" && v != "" {
		for t := range strings.SplitSeq(v, ",") {
			counts[t] += c.n
		}
	} else {
		counts[v] += c.n
	}
}

// sorted lists counts: stages and severities in their own order, all else by
// size. An empty value is called "none", as in a filter.
func sorted(counts map[string]int, facet string) []Count {
	list := make([]Count, 0, len(counts))
	for _, v := range slices.Sorted(maps.Keys(counts)) {
		c := Count{Value: v, Count: counts[v]}
		if v == "" {
			c.Value = "none"
		}
		list = append(list, c)
	}
	slices.SortStableFunc(list, func(a, b Count) int {
		switch facet {
		case "stage":
			return slices.Index(Stages, a.Value) - slices.Index(Stages, b.Value)
		case "severity":
			return strings.Compare(a.Value, b.Value)
		}
		return cmp.Compare(b.Count, a.Count)
	})
	return list[:min(len(list), maxCounts)]
}
