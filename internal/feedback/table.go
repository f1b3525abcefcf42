package feedback

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/person"
	"github.com/hypercare/hypercare/internal/workspace"
)

// table is the Columns of one launch and how far they follow the records.
type table struct {
	mu     sync.Mutex
	ready  chan struct{} // closed when loaded
	err    error
	cols   *Columns
	seen   int64 // newest changed_at that is in cols
	polled time.Time
}

// followEvery is how old another node's change may be in a list.
const followEvery = time.Second

// columns returns a launch's columns, loading them at first use. A list that
// comes while a large launch is being loaded waits for it, up to its deadline.
func (s *Service) columns(ctx context.Context, ws workspace.ID, launchID string) (*Columns, error) {
	key := tableKey{ws, launchID}
	s.mu.Lock()
	t := s.tables[key]
	if t == nil {
		t = &table{ready: make(chan struct{}), cols: &Columns{}}
		s.tables[key] = t
		s.loads.Go(func() {
			defer close(t.ready)
			load, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Minute)
			defer cancel()
			t.err = s.load(load, key, t)
			if t.err != nil {
				s.mu.Lock()
				delete(s.tables, key) // the next one tries again
				s.mu.Unlock()
			}
		})
	}
	s.mu.Unlock()
	wait, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	select {
	case <-t.ready:
	case <-wait.Done():
		return nil, errs.New(errs.Unavailable, "The list of this launch is still being loaded; try again in a moment.")
	}
	if t.err != nil {
		return nil, t.err
	}
	if s.db.Shared() {
		if err := s.follow(ctx, key, t); err != nil {
			return nil, err
		}
	}
	return t.cols, nil
}

const columnColumns = `num, occurred_at, received_at, triaged_at, snoozed_until, rating, alike, state, category, severity, sentiment, emotion, language, channel, area, app_version, assignee_id, issue_id, import_id, person_id, security, unsure, tags, changed_at`

func scanRow(s db.Scanner) (r struct {
	Row
	changed int64
}, err error) {
	var security, unsure bool
	v := &r.Values
	err = s.Scan(&r.Num, &r.Occurred, &r.Received, &r.Triaged, &r.Snoozed, &r.Rating, &r.Alike, &v[FieldState], &v[FieldCategory], &v[FieldSeverity], &v[FieldSentiment], &v[FieldEmotion],
		&v[FieldLanguage], &v[FieldChannel], &v[FieldArea], &v[FieldVersion], &v[FieldAssignee], &v[FieldIssue], &v[FieldImport], &v[FieldPerson], &security, &unsure, &v[FieldTag], &r.changed)
	switch {
	case security && unsure:
		v[FieldFlags] = "security,unsure"
	case security:
		v[FieldFlags] = "security"
	case unsure:
		v[FieldFlags] = "unsure"
	}
	return r, err
}

func (s *Service) load(ctx context.Context, key tableKey, t *table) error {
	t.seen = db.Micros(s.now().Add(-time.Minute))
	rows, err := s.db.QueryContext(ctx, `SELECT `+columnColumns+` FROM feedback WHERE workspace_id = $1 AND launch_id = $2 ORDER BY num`, key.ws, key.launchID)
	if err != nil {
		return fmt.Errorf("load columns of launch %s: %w", key.launchID, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		r, err := scanRow(rows)
		if err != nil {
			return fmt.Errorf("load columns of launch %s: %w", key.launchID, err)
		}
		t.cols.Fill(r.Row)
	}
	return rows.Err()
}

// follow reads what other nodes changed since the last look.
func (s *Service) follow(ctx context.Context, key tableKey, t *table) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := s.now()
	if now.Sub(t.polled) < followEvery {
		return nil
	}
	// A transaction may commit some seconds after it took its time.
	from := t.seen - (10 * time.Second).Microseconds()
	rows, err := db.All(ctx, s.db, scanRow, `SELECT `+columnColumns+` FROM feedback WHERE workspace_id = $1 AND launch_id = $2 AND changed_at > $3`, key.ws, key.launchID, from)
	if err != nil {
		return fmt.Errorf("follow changes of launch %s: %w", key.launchID, err)
	}
	for _, r := range rows {
		t.cols.Put(r.Row)
		t.seen = max(t.seen, r.changed)
	}
	t.polled = now
	return nil
}

// putColumns follows this node's own changes at once.
func (s *Service) putColumns(ws workspace.ID, launchID string, list []*Feedback) {
	s.mu.Lock()
	t := s.tables[tableKey{ws, launchID}]
	s.mu.Unlock()
	if t == nil {
		return // not loaded: the load will see them
	}
	rows := make([]Row, len(list))
	for i, f := range list {
		rows[i] = row(f)
	}
	slices.SortFunc(rows, func(a, b Row) int { return int(a.Num - b.Num) })
	t.cols.Put(rows...)
}

// drop removes feedback that was deleted from lists, and tells who else holds
// it in memory.
func (s *Service) drop(ws workspace.ID, launchID string, ids []string, nums []int64) {
	s.Dropped(ws, launchID, nums)
	if s.onDrop != nil {
		s.onDrop(ws, launchID, ids, nums)
	}
	s.bus.Publish(event.Event{Workspace: string(ws), Type: "feedback.deleted", LaunchID: launchID, Count: len(ids)})
}

// Dropped takes feedback out of this node's lists.
func (s *Service) Dropped(ws workspace.ID, launchID string, nums []int64) {
	s.mu.Lock()
	t := s.tables[tableKey{ws, launchID}]
	s.mu.Unlock()
	if t != nil {
		t.cols.Drop(nums...)
	}
}

// Reload has every list read its records again at its next use: what another
// node did to them may have been missed.
func (s *Service) Reload() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tables)
}

// OnDrop hands in who must know of deleted feedback.
func (s *Service) OnDrop(fn func(ws workspace.ID, launchID string, ids []string, nums []int64)) {
	s.onDrop = fn
}

// maxHits bounds what a text search hands to the filters: enough to work
// through, and the reason why a search for "the" costs no more than others.
const maxHits = 20_000

// ListQuery is a list as a caller asks for it.
type ListQuery struct {
	Text     string
	Where    map[Field][]string
	From     time.Time
	To       time.Time
	MinStars float64
	MaxStars float64
	Tab      Tab           // "": all
	Waiting  time.Duration // to triage for longer than this; 0: any
	Sort     Sort
	After    *Key
	Limit    int
	Facets   bool

	// Segments and Organisations narrow to the people of any of them.
	Segments, Organisations []string

	// TriagedFrom and TriagedTo narrow to what was triaged then.
	TriagedFrom, TriagedTo time.Time
}

// Listing is a page of feedback with counts.
type Listing struct {
	Items   []*Feedback
	Last    Key
	More    bool
	Total   int
	AtLeast bool // the text matched more than maxHits; counts are of the first ones
	Facets  map[string][]Count
	Tabs    map[Tab]int
	Pace    Pace
	Took    time.Duration
}

// List answers a list of one launch's feedback.
func (s *Service) List(ctx context.Context, launchID string, q ListQuery) (*Listing, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	found, atLeast, err := s.find(ctx, a, launchID, q)
	if err != nil {
		return nil, err
	}
	out := &Listing{Last: found.Last, More: found.More, Total: found.Total, AtLeast: atLeast}
	if out.Items, err = listByNum(ctx, s.db, a.Workspace, found.Nums); err != nil {
		return nil, err
	}
	if err := s.Name(ctx, a.Workspace, out.Items...); err != nil {
		return nil, err
	}
	if q.Facets {
		out.Tabs, out.Pace = found.Tabs, found.Pace
		out.Facets = map[string][]Count{}
		for f, counts := range found.Facets {
			out.Facets[FieldNames[f]] = counts
		}
	}
	out.Took = time.Since(start)
	return out, nil
}

func (s *Service) find(ctx context.Context, a workspace.Actor, launchID string, q ListQuery) (Found, bool, error) {
	cols, err := s.columns(ctx, a.Workspace, launchID)
	if err != nil {
		return Found{}, false, err
	}
	now := s.now()
	cq := Query{Where: q.Where, From: db.Micros(q.From), To: db.Micros(q.To), MinStars: q.MinStars, MaxStars: q.MaxStars, Tab: q.Tab, Me: a.ID, Now: db.Micros(now),
		Sort: q.Sort, After: q.After, Limit: q.Limit, Facets: q.Facets}
	if q.Waiting > 0 {
		cq.Waiting = db.Micros(now.Add(-q.Waiting))
	}
	if len(q.Segments)+len(q.Organisations) > 0 {
		if err := s.narrow(ctx, a.Workspace, &cq, q); err != nil {
			return Found{}, false, err
		}
	}
	cq.DoneFrom, cq.DoneTo = db.Micros(q.TriagedFrom), db.Micros(q.TriagedTo)
	atLeast := false
	if strings.TrimSpace(q.Text) != "" {
		cq.Nums, err = db.Search(ctx, s.db, string(a.Workspace), searchKind, q.Text, maxHits)
		if err != nil {
			return Found{}, false, err
		}
		if cq.Nums == nil {
			cq.Nums = []int64{}
		}
		atLeast = len(cq.Nums) == maxHits
	}
	return cols.Find(cq), atLeast, nil
}

// narrow leaves what the people of segments and organisations reported.
func (s *Service) narrow(ctx context.Context, ws workspace.ID, cq *Query, q ListQuery) error {
	members, err := person.Members(ctx, s.db, ws, q.Segments, q.Organisations)
	if err != nil {
		return err
	}
	if asked := q.Where[FieldPerson]; len(asked) > 0 {
		members = slices.DeleteFunc(members, func(id string) bool { return !slices.Contains(asked, id) })
	}
	cq.Where = maps.Clone(q.Where)
	if cq.Where == nil {
		cq.Where = map[Field][]string{}
	}
	cq.Where[FieldPerson] = append(members, "nobody") // no person's id: an empty list would be no filter
	return nil
}

// Numbers returns the numbers of up to limit feedback that a query selects,
// for acts on many and for samples.
func (s *Service) Numbers(ctx context.Context, ws workspace.ID, launchID string, q ListQuery) ([]int64, int, error) {
	found, _, err := s.find(ctx, workspace.Actor{Workspace: ws}, launchID, q)
	return found.Nums, found.Total, err
}

// MaxIDs bounds what is done to many feedback at once.
const MaxIDs = 1000

// IDs returns the ids of the first MaxIDs feedback that a query selects, in
// its order, and how many it selects in all.
func (s *Service) IDs(ctx context.Context, launchID string, q ListQuery) ([]string, int, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, 0, err
	}
	q.Limit, q.After, q.Facets = MaxIDs, nil, false
	found, _, err := s.find(ctx, a, launchID, q)
	if err != nil {
		return nil, 0, err
	}
	ids, err := s.IDsOf(ctx, a.Workspace, found.Nums)
	return ids, found.Total, err
}

// IDsOf turns numbers into ids, in the same order.
func (s *Service) IDsOf(ctx context.Context, ws workspace.ID, nums []int64) ([]string, error) {
	byNum := map[int64]string{}
	for part := range slices.Chunk(nums, 500) {
		type ref struct {
			num int64
			id  string
		}
		list, err := db.All(ctx, s.db, func(r db.Scanner) (x ref, err error) { return x, r.Scan(&x.num, &x.id) },
			`SELECT num, id FROM feedback WHERE workspace_id = $1 AND num IN (`+db.In(2, len(part))+`)`, append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("find ids: %w", err)
		}
		for _, x := range list {
			byNum[x.num] = x.id
		}
	}
	out := make([]string, 0, len(nums))
	for _, n := range nums {
		if id := byNum[n]; id != "" {
			out = append(out, id)
		}
	}
	return out, nil
}

// Counts says how much a launch holds.
type Counts struct{ All, New, Waiting, Unread int }

// Count counts a launch's feedback and what is still to be done to it. The
// last two are bounded: beyond 100,000 they say 100,000.
func (s *Service) Count(ctx context.Context, ws workspace.ID, launchID string) (Counts, error) {
	var c Counts
	cols, err := s.columns(ctx, ws, launchID)
	if err != nil {
		return c, err
	}
	landing := int(s.landing.Load())
	err = s.db.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM delivery WHERE workspace_id = $1 AND state = 'accepted' AND launch_id = $2 LIMIT 100000) AS d),
		(SELECT COUNT(*) FROM (SELECT 1 FROM feedback WHERE pass = 0 AND workspace_id = $1 AND launch_id = $2 LIMIT 100000) AS f)`, ws, launchID).Scan(&c.Waiting, &c.Unread)
	if err != nil {
		return c, fmt.Errorf("count what waits in launch %s: %w", launchID, err)
	}
	// Nothing waits only when all that was processed is in the list too.
	if c.Waiting == 0 {
		c.Waiting = max(landing, int(s.landing.Load()))
	}
	c.All = cols.Len()
	c.New = cols.Find(Query{Tab: TabTriage, Now: db.Micros(s.now())}).Total
	return c, nil
}

// Version changes with every change of a launch's feedback.
func (s *Service) Version(ctx context.Context, ws workspace.ID, launchID string) (uint64, error) {
	cols, err := s.columns(ctx, ws, launchID)
	if err != nil {
		return 0, err
	}
	return cols.Version(), nil
}
