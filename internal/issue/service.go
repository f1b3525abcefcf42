package issue

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/launch"
	"github.com/hypercare/hypercare/internal/person"
	"github.com/hypercare/hypercare/internal/undo"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Alike is a feedback that may be about the same thing as another.
type Alike struct {
	FeedbackID string
	Confidence float64 // 0 to 1
	Reason     string
}

// finder finds feedback that is alike, best first: the triage package, which
// lies above this one.
type finder interface {
	Alike(ctx context.Context, ws workspace.ID, launchID, feedbackID string, k int) ([]Alike, error)
}

// grouper parts feedback into groups that are alike: the triage package.
type grouper interface {
	Group(ctx context.Context, ws workspace.ID, launchID string, ids []string) ([][]string, error)
}

// Service is what the rest of the product may do with issues.
type Service struct {
	db        *db.DB
	bus       *event.Bus
	feedback  *feedback.Service
	launches  *launch.Service
	undo      *undo.Service
	log       *slog.Logger
	finder    finder
	grouper   grouper
	clusterer clusterer
	decided   func(ctx context.Context, tx *db.Tx, a workspace.Actor, d Decided) error
	worked    func(ctx context.Context, tx *db.Tx, ws workspace.ID, issueID string) (bool, error)
	dismissed func(ctx context.Context, ws workspace.ID, feedbackID string) ([]string, error)
	now       func() time.Time
}

// Deps are what a Service needs.
type Deps struct {
	DB       *db.DB
	Bus      *event.Bus
	Feedback *feedback.Service
	Launches *launch.Service
	Undo     *undo.Service
	Log      *slog.Logger
}

// NewService returns the service. Without SetFinder and SetGrouper it
// suggests nothing.
func NewService(d Deps) *Service {
	s := &Service{db: d.DB, bus: d.Bus, feedback: d.Feedback, launches: d.Launches, undo: d.Undo, log: d.Log, now: time.Now}
	for _, kind := range []string{actAccept, actIgnore, actCreate, actChange, actMerge, actSplit, actLink, actUnlink} {
		s.undo.Handle(kind, s.takeBack)
	}
	s.launches.SetStages(Stages)
	return s
}

// OnDecided hands in who keeps the ledger of decisions (it lies above): fn is
// told, in the transaction, what became of feedback.
func (s *Service) OnDecided(fn func(ctx context.Context, tx *db.Tx, a workspace.Actor, d Decided) error) {
	s.decided = fn
}

// OnUnmake hands in who knows what else people did with an issue (it lies
// above): one that fn says was worked on stays when its making is undone.
func (s *Service) OnUnmake(fn func(ctx context.Context, tx *db.Tx, ws workspace.ID, issueID string) (worked bool, err error)) {
	s.worked = fn
}

// Hold returns an issue by id or key and keeps it from being unmade until tx
// ends.
func (s *Service) Hold(ctx context.Context, tx *db.Tx, ws workspace.ID, id string) (*Issue, error) {
	i, err := get(ctx, tx, ws, id)
	if err != nil {
		return nil, err
	}
	held, err := lock(ctx, tx, ws, []string{i.ID}, 0)
	if err != nil {
		return nil, err
	}
	if held[i.ID] == nil {
		return nil, errs.New(errs.NotFound, "There is no issue %.60s in this workspace.", id)
	}
	return held[i.ID], nil
}

// Family are the ids of an issue and of all that were merged into it, and
// into those.
func (s *Service) Family(ctx context.Context, ws workspace.ID, id string) ([]string, error) {
	ids, err := db.All(ctx, s.db, func(r db.Scanner) (id string, err error) { return id, r.Scan(&id) },
		`WITH RECURSIVE family (id) AS (
			SELECT id FROM issue WHERE workspace_id = $1 AND id = $2
			UNION SELECT i.id FROM family f JOIN issue i ON i.workspace_id = $1 AND i.merged_into = f.id AND i.merged_into <> '')
		SELECT id FROM family ORDER BY id`, ws, id)
	if err != nil {
		return nil, fmt.Errorf("list what was merged into %s: %w", id, err)
	}
	return ids, nil
}

// SetFinder hands in who finds alike feedback (it lies above).
func (s *Service) SetFinder(f finder) { s.finder = f }

// SetGrouper hands in who groups alike feedback (it lies above).
func (s *Service) SetGrouper(g grouper) { s.grouper = g }

// micro is the present time as precise as it is stored.
func (s *Service) micro() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// Get returns one issue by id or key, as it is: one that was merged says into
// which.
func (s *Service) Get(ctx context.Context, id string) (*Issue, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	i, err := get(ctx, s.db, a.Workspace, id)
	if err != nil {
		return nil, err
	}
	return i, s.show(ctx, a.Workspace, i)
}

// show makes one issue ready to be answered.
func (s *Service) show(ctx context.Context, ws workspace.ID, i *Issue) error {
	var err error
	i.Merged, err = db.All(ctx, s.db, scanRef, `SELECT id, num, title FROM issue WHERE workspace_id = $1 AND merged_into = $2 AND merged_into <> '' ORDER BY num LIMIT 100`, ws, i.ID)
	if err != nil {
		return fmt.Errorf("list what was merged into %s: %w", i.ID, err)
	}
	if i.Links, err = s.links(ctx, ws, i.ID); err != nil {
		return err
	}
	if i.Stages, err = entered(ctx, s.db, ws, i); err != nil {
		return err
	}
	return dress(ctx, s.db, ws, s.now(), i)
}

// Refs names issues, so that others can show one beside a feedback.
func (s *Service) Refs(ctx context.Context, ws workspace.ID, ids []string) (map[string]Ref, error) {
	return refs(ctx, s.db, ws, ids)
}

// CountOpen is how many issues of a launch are neither closed nor merged.
func (s *Service) CountOpen(ctx context.Context, ws workspace.ID, launchID string) (int, error) {
	var n int
	err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM issue WHERE workspace_id = $1 AND launch_id = $2 AND merged_into = '' AND stage <> 'closure'`, ws, launchID).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count open issues of launch %s: %w", launchID, err)
	}
	return n, nil
}

// Feedback returns a page of an issue's feedback, newest number first, behind
// number before (0 for the first page).
func (s *Service) Feedback(ctx context.Context, id string, before int64, limit int) ([]*feedback.Feedback, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	i, err := resolve(ctx, s.db, a.Workspace, id)
	if err != nil {
		return nil, err
	}
	list, err := s.feedback.OfIssue(ctx, a.Workspace, i.ID, before, limit)
	if err != nil {
		return nil, err
	}
	return list, s.feedback.Name(ctx, a.Workspace, list...)
}

// Place is where a page of a history or of reporters ended.
type Place struct {
	At int64
	ID string
}

// History returns a page of an issue's changes, newest first, behind the
// place where the page before ended.
func (s *Service) History(ctx context.Context, id string, after Place, limit int) ([]HistoryEntry, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	i, err := get(ctx, s.db, a.Workspace, id)
	if err != nil {
		return nil, err
	}
	return listHistory(ctx, s.db, a.Workspace, i.ID, after.At, after.ID, limit)
}

// reporterReports is how many reports are named beside each reporter.
const reporterReports = 20

// Reporters returns a page of the distinct persons who reported an issue, by
// their id, behind the person that ended the page before. Reports that name
// nobody are not among them; Issue.Reach counts those.
func (s *Service) Reporters(ctx context.Context, id, after string, limit int) ([]Reporter, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	i, err := resolve(ctx, s.db, a.Workspace, id)
	if err != nil {
		return nil, err
	}
	list, err := db.All(ctx, s.db, func(r db.Scanner) (p Reporter, err error) {
		var first, last int64
		err = r.Scan(&p.PersonID, &p.Name, &p.Email, &p.Reports, &first, &last)
		p.FirstAt, p.LastAt = db.Time(first), db.Time(last)
		return p, err
	}, `SELECT p.id, p.name, p.email, f.n, f.first, f.last FROM (
			SELECT person_id, COUNT(*) AS n, MIN(received_at) AS first, MAX(received_at) AS last FROM feedback
			WHERE workspace_id = $1 AND issue_id = $2 AND issue_id <> '' AND person_id > $3 GROUP BY person_id ORDER BY person_id LIMIT $4) AS f
		JOIN person p ON p.workspace_id = $1 AND p.id = f.person_id ORDER BY p.id`, a.Workspace, i.ID, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list reporters of issue %s: %w", i.ID, err)
	}
	ids := make([]string, len(list))
	for k, p := range list {
		ids[k] = p.PersonID
	}
	attrs, err := person.Attrs(ctx, s.db, a.Workspace, ids)
	if err != nil {
		return nil, err
	}
	for k := range list {
		p := &list[k]
		p.Attrs = attrs[p.PersonID]
		p.FeedbackIDs, err = db.All(ctx, s.db, func(r db.Scanner) (id string, err error) { return id, r.Scan(&id) },
			`SELECT id FROM feedback WHERE workspace_id = $1 AND person_id = $2 AND person_id <> '' AND issue_id = $3 ORDER BY num DESC LIMIT $4`,
			a.Workspace, p.PersonID, i.ID, reporterReports)
		if err != nil {
			return nil, fmt.Errorf("list reports of person %s: %w", p.PersonID, err)
		}
	}
	return list, origins(ctx, s.db, a.Workspace, i.ID, list)
}

// Changed is an issue after an act, and how to take the act back.
type Changed struct {
	Issue  *Issue
	UndoID string
}

// changed reads an issue after the commit.
func (s *Service) changed(ctx context.Context, ws workspace.ID, id, undoID string) (*Changed, error) {
	i, err := get(ctx, s.db, ws, id)
	if err != nil {
		return nil, err
	}
	return &Changed{i, undoID}, s.show(ctx, ws, i)
}

// owner refuses who is not a member.
func owner(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (string, error) {
	if id == "" {
		return "", nil
	}
	var names map[string]string
	if storable(id) {
		var err error
		if names, err = workspace.Names(ctx, q, ws, []string{id}); err != nil {
			return "", err
		}
	}
	name, ok := names[id]
	if !ok {
		return "", errs.New(errs.Invalid, "There is no member %.60s in this workspace to own the issue.", id)
	}
	return name, nil
}
