package feedback

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/person"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Service is what the rest of the product may do with feedback.
type Service struct {
	db     *db.DB
	bus    *event.Bus
	log    *slog.Logger
	files  *Files
	phones *person.Phones
	reader Reader
	now    func() time.Time
	intake *Intake
	wake   chan struct{}

	handlers map[string]Handler // by format

	checkLaunch func(context.Context, workspace.ID, string) error
	nameIssues  func(context.Context, workspace.ID, []string) (map[string]IssueRef, error)
	recount     func(context.Context, *db.Tx, workspace.ID, ...string) error
	recounted   func(context.Context, workspace.ID, string, ...string)
	onDrop      func(ws workspace.ID, launchID string, ids []string, nums []int64)

	landing atomic.Int64 // deliveries between their commit and their place in lists
	loads   sync.WaitGroup
	mu      sync.Mutex
	tables  map[tableKey]*table
	looked  map[tableKey]string    // how far an erasure has looked through the ledger, by person
	checked map[tableKey]time.Time // launches known to take feedback
}

type tableKey struct {
	ws       workspace.ID
	launchID string
}

// Deps are what a Service needs.
type Deps struct {
	DB  *db.DB
	Bus *event.Bus
	Log *slog.Logger
	// Files keeps attachments.
	Files *Files
	// Phones recognises numbers of telephones without keeping them.
	Phones *person.Phones
	// CheckLaunch returns an error unless the launch takes feedback.
	CheckLaunch func(context.Context, workspace.ID, string) error
}

// NewService returns the service; SetReader must follow before Process runs.
func NewService(d Deps) *Service {
	s := &Service{db: d.DB, bus: d.Bus, log: d.Log, files: d.Files, phones: d.Phones, now: time.Now, wake: make(chan struct{}, 1),
		tables: map[tableKey]*table{}, checked: map[tableKey]time.Time{}, handlers: map[string]Handler{}, looked: map[tableKey]string{}}
	s.intake = newIntake(d.DB, d.Files, func() time.Time { return s.now() }, func() {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	})
	s.intake.phones = d.Phones
	s.checkLaunch = func(ctx context.Context, ws workspace.ID, id string) error {
		key := tableKey{ws, id}
		s.mu.Lock()
		fresh := s.now().Sub(s.checked[key]) < 5*time.Second
		s.mu.Unlock()
		if fresh {
			return nil
		}
		if err := d.CheckLaunch(ctx, ws, id); err != nil {
			return err
		}
		s.mu.Lock()
		s.checked[key] = s.now()
		s.mu.Unlock()
		return nil
	}
	return s
}

// SetReader hands in who reads new feedback (it lies above and needs the
// service itself).
func (s *Service) SetReader(r Reader) { s.reader = r }

// NameIssues hands in who knows the issues' keys and titles (it lies above).
func (s *Service) NameIssues(fn func(context.Context, workspace.ID, []string) (map[string]IssueRef, error)) {
	s.nameIssues = fn
}

// Commit runs the group commit until ctx ends; PostgreSQL gets several, so
// that one waits for its disk while another collects.
func (s *Service) Commit(ctx context.Context) {
	n := 1
	if s.db.Shared() {
		n = 3
	}
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() { s.intake.run(ctx) })
	}
	wg.Wait()
}

// CountBacklog reads from the ledger how much is still to be processed, once
// at start. Where no other node can be at work, what an earlier process left
// in the middle is due at once.
func (s *Service) CountBacklog(ctx context.Context) error {
	var n int64
	// All workspaces: this is the node's own work list.
	if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM delivery WHERE state = 'accepted'`).Scan(&n); err != nil {
		return fmt.Errorf("count waiting deliveries: %w", err)
	}
	s.intake.backlog.Store(n)
	if n == 0 || s.db.Shared() {
		return nil
	}
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE delivery SET due_at = $1 WHERE state = 'accepted' AND due_at > $1`, db.Micros(s.now())); err != nil {
			return fmt.Errorf("wake interrupted deliveries: %w", err)
		}
		return nil
	})
}

// Close waits for what runs in the background.
func (s *Service) Close() { s.loads.Wait() }

// Stats are gauges for /metrics.
func (s *Service) Stats() (queued, backlog, taken int64) {
	return s.intake.queued.Load(), max(0, s.intake.backlog.Load()), s.intake.taken.Load()
}

// Get returns one feedback, whole, for a person to read.
func (s *Service) Get(ctx context.Context, id string) (*Feedback, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	f, err := get(ctx, s.db, a.Workspace, id)
	if err != nil {
		return nil, err
	}
	if f.Attachments, err = attachmentsOf(ctx, s.db, a.Workspace, id); err != nil {
		return nil, err
	}
	title := f.Title
	f.cover(f.Text)
	if f.Title != title {
		f.FullTitle = title
	}
	return f, s.Name(ctx, a.Workspace, f)
}

// Issue names the issue with an id, if there is one in the workspace.
func (s *Service) Issue(ctx context.Context, ws workspace.ID, id string) (IssueRef, bool, error) {
	if s.nameIssues == nil {
		return IssueRef{}, false, nil
	}
	refs, err := s.nameIssues(ctx, ws, []string{id})
	ref, ok := refs[id]
	return ref, ok, err
}

// Name fills in the names of the issues and members that rows refer to.
func (s *Service) Name(ctx context.Context, ws workspace.ID, list ...*Feedback) error {
	var issues, members []string
	for _, f := range list {
		if f.IssueID != "" {
			issues = append(issues, f.IssueID)
		}
		if f.AssigneeID != "" {
			members = append(members, f.AssigneeID)
		}
	}
	slices.Sort(issues)
	slices.Sort(members)
	var refs map[string]IssueRef
	var names map[string]string
	var err error
	if len(issues) > 0 && s.nameIssues != nil {
		if refs, err = s.nameIssues(ctx, ws, slices.Compact(issues)); err != nil {
			return err
		}
	}
	if len(members) > 0 {
		if names, err = workspace.Names(ctx, s.db, ws, slices.Compact(members)); err != nil {
			return err
		}
	}
	for _, f := range list {
		if ref, ok := refs[f.IssueID]; ok {
			f.Issue = &ref
		}
		if name, ok := names[f.AssigneeID]; ok {
			f.Assignee = &AssigneeRef{ID: f.AssigneeID, Name: name}
		}
	}
	return nil
}

// GetMany returns feedback by id, whole, in the order of ids.
func (s *Service) GetMany(ctx context.Context, q db.Queryer, ws workspace.ID, ids []string) ([]*Feedback, error) {
	return getMany(ctx, q, ws, ids)
}

// Change rewrites feedback in tx: fn gets each row as it is and may change
// its reading and state. It returns the changed rows. After the commit the
// caller must call Changed with them.
func (s *Service) Change(ctx context.Context, tx *db.Tx, ws workspace.ID, ids []string, fn func(*Feedback) error) ([]*Feedback, error) {
	return s.ChangeAll(ctx, tx, ws, ids, func(list []*Feedback) error {
		if len(list) < len(ids) {
			for _, id := range ids {
				if !slices.ContainsFunc(list, func(f *Feedback) bool { return f.ID == id }) {
					return errs.New(errs.NotFound, "There is no feedback %s in this workspace.", id)
				}
			}
		}
		for _, f := range list {
			if err := fn(f); err != nil {
				return err
			}
		}
		return nil
	})
}

// ChangeAll is Change for all rows at once; those that are gone are left out.
func (s *Service) ChangeAll(ctx context.Context, tx *db.Tx, ws workspace.ID, ids []string, fn func([]*Feedback) error) ([]*Feedback, error) {
	list, err := getMany(ctx, tx, ws, ids)
	if err != nil {
		return nil, err
	}
	if err := fn(list); err != nil {
		return nil, err
	}
	now := s.now()
	for _, f := range list {
		slices.Sort(f.Tags)
		f.Tags = slices.Compact(f.Tags)
		if err := save(ctx, tx, ws, f, now); err != nil {
			return nil, err
		}
	}
	return list, s.countAnew(ctx, tx, ws, list)
}

// countAnew tells who counts the feedback of issues that some reads
// differently now.
func (s *Service) countAnew(ctx context.Context, tx *db.Tx, ws workspace.ID, list []*Feedback) error {
	var issues []string
	for _, f := range list {
		if f.IssueID != "" {
			issues = append(issues, f.IssueID)
		}
	}
	if len(issues) == 0 || s.recount == nil {
		return nil
	}
	slices.Sort(issues)
	return s.recount(ctx, tx, ws, slices.Compact(issues)...)
}

// OnRecount hands in who counts the feedback of issues (it lies above).
func (s *Service) OnRecount(fn func(context.Context, *db.Tx, workspace.ID, ...string) error) {
	s.recount = fn
}

// OnRecounted hands in who tells of those issues, after the commit.
func (s *Service) OnRecounted(fn func(ctx context.Context, ws workspace.ID, launchID string, issueIDs ...string)) {
	s.recounted = fn
}

// Changed brings lists and watchers up to date with rows that were committed.
func (s *Service) Changed(ctx context.Context, ws workspace.ID, list []*Feedback) {
	byLaunch := map[string][]*Feedback{}
	for _, f := range list {
		byLaunch[f.LaunchID] = append(byLaunch[f.LaunchID], f)
	}
	for launchID, part := range byLaunch {
		s.putColumns(ws, launchID, part)
		ids, issues := make([]string, len(part)), []string{}
		for i, f := range part {
			ids[i] = f.ID
			if f.IssueID != "" {
				issues = append(issues, f.IssueID)
			}
		}
		s.tell(ctx, ws, launchID, ids)
		if s.recounted != nil {
			slices.Sort(issues)
			s.recounted(ctx, ws, launchID, slices.Compact(issues)...)
		}
	}
}

// tell lets watchers of a launch know of changed feedback, with the rows
// themselves when they are few.
func (s *Service) tell(ctx context.Context, ws workspace.ID, launchID string, ids []string) {
	ctx = context.WithoutCancel(ctx) // committed is committed, whoever still waits
	s.publish(ctx, event.Event{Workspace: string(ws), Type: "feedback.updated", LaunchID: launchID, By: workspace.By(ctx)}, ids)
}

// publish tells of changed feedback.
func (s *Service) publish(ctx context.Context, e event.Event, ids []string) {
	ws := workspace.ID(e.Workspace)
	err := event.PublishRows(s.bus, e, ids, func(ids []string) ([]*Feedback, error) {
		list, err := listByID(ctx, s.db, ws, ids)
		if err != nil {
			return nil, err
		}
		return list, s.Name(ctx, ws, list...)
	})
	if err != nil {
		s.log.ErrorContext(ctx, "tell of changed feedback", "workspace", ws, "err", err)
	}
}

// Elsewhere brings lists up to date with what another node did to feedback,
// and tells this node's watchers.
func (s *Service) Elsewhere(ctx context.Context, e event.Event) error {
	ws := workspace.ID(e.Workspace)
	s.mu.Lock()
	t := s.tables[tableKey{ws, e.LaunchID}]
	s.mu.Unlock()
	if t != nil {
		if e.Type == "feedback.updated" && len(e.IDs) > 0 {
			if err := s.reread(ctx, ws, t, e.IDs); err != nil {
				return err
			}
		} else {
			t.mu.Lock()
			t.polled = time.Time{} // the next who asks looks first
			t.mu.Unlock()
		}
	}
	if len(e.IDs) == 0 {
		s.bus.Publish(e)
		return nil
	}
	s.publish(ctx, e, e.IDs)
	return nil
}

// ValidTag tidies a tag or refuses it.
func ValidTag(t string) (string, error) {
	t = strings.ToLower(strings.TrimSpace(t))
	if t == "" || len(t) > 60 || strings.ContainsAny(t, ",\x00\n") || t == "none" || t == "any" {
		return "", errs.New(errs.Invalid, "%.60q can't be a tag: use up to 60 characters without a comma (and not \"none\" or \"any\").", t)
	}
	return t, nil
}

// OfIssue returns a page of the feedback joined to an issue, newest number
// first, behind number before (0 for the first page).
func (s *Service) OfIssue(ctx context.Context, ws workspace.ID, issueID string, before int64, limit int) ([]*Feedback, error) {
	if before == 0 {
		before = 1 << 62
	}
	list, err := db.All(ctx, s.db, scanListed, `SELECT `+listColumns+` FROM feedback WHERE workspace_id = $1 AND issue_id = $2 AND issue_id <> '' AND num < $3
		ORDER BY num DESC LIMIT $4`, ws, issueID, before, limit)
	if err != nil {
		return nil, fmt.Errorf("list feedback of issue %s: %w", issueID, err)
	}
	return list, nil
}

// IDsOfIssue returns the ids of all feedback joined to an issue, in tx.
func (s *Service) IDsOfIssue(ctx context.Context, q db.Queryer, ws workspace.ID, issueID string) ([]string, error) {
	ids, err := db.All(ctx, q, func(r db.Scanner) (id string, err error) { return id, r.Scan(&id) },
		`SELECT id FROM feedback WHERE workspace_id = $1 AND issue_id = $2 AND issue_id <> '' ORDER BY num`, ws, issueID)
	if err != nil {
		return nil, fmt.Errorf("list feedback of issue %s: %w", issueID, err)
	}
	return ids, nil
}

// Unread returns feedback of any workspace that has had its first reading
// only, oldest first, by launch: what the background reading works off.
func (s *Service) Unread(ctx context.Context, limit int) (map[workspace.ID]map[string][]string, error) {
	type ref struct {
		ws           workspace.ID
		launchID, id string
	}
	// All workspaces: this is the node's own work list.
	list, err := db.All(ctx, s.db, func(r db.Scanner) (x ref, err error) { return x, r.Scan(&x.ws, &x.launchID, &x.id) },
		`SELECT workspace_id, launch_id, id FROM feedback WHERE pass = 0 ORDER BY id LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("find unread feedback: %w", err)
	}
	out := map[workspace.ID]map[string][]string{}
	for _, x := range list {
		if out[x.ws] == nil {
			out[x.ws] = map[string][]string{}
		}
		out[x.ws][x.launchID] = append(out[x.ws][x.launchID], x.id)
	}
	return out, nil
}

// Each calls fn for every feedback of a launch, in the order of numbers, in
// batches, whole: for building what is held in memory.
func (s *Service) Each(ctx context.Context, ws workspace.ID, launchID string, fn func([]*Feedback) error) error {
	for after := int64(0); ; {
		list, err := db.All(ctx, s.db, scan, `SELECT `+allColumns+` FROM feedback WHERE workspace_id = $1 AND launch_id = $2 AND num > $3 ORDER BY num LIMIT 1000`, ws, launchID, after)
		if err != nil {
			return fmt.Errorf("read feedback of launch %s: %w", launchID, err)
		}
		if len(list) == 0 {
			return nil
		}
		if err := fn(list); err != nil {
			return err
		}
		after = list[len(list)-1].Number
	}
}

// idempotencyLife is how long a repeated key is answered as the first was.
const idempotencyLife = 7 * 24 * time.Hour

// Sweep forgets what has served its time.
func (s *Service) Sweep(ctx context.Context) error {
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		// All workspaces: the node's own housekeeping.
		if _, err := tx.ExecContext(ctx, `DELETE FROM idempotency WHERE created_at < $1`, db.Micros(s.now().Add(-idempotencyLife))); err != nil {
			return fmt.Errorf("forget old idempotency keys: %w", err)
		}
		return nil
	})
}
