package importer

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/job"
	"github.com/hypercare/hypercare/internal/workspace"
)

// State is where an import is in its life.
type State string

// The states of an import.
const (
	Uploaded  State = "uploaded"  // kept and looked at; nothing imported yet
	Queued    State = "queued"    // will be read as soon as a worker is free
	Running   State = "running"   // rows are being read into the ledger
	Triaging  State = "triaging"  // all rows are in the ledger; the first reading goes on
	Finished  State = "done"      // every row has been read and triaged
	Failed    State = "failed"    // the file can't be read any further; Error says why
	Cancelled State = "cancelled" // stopped by a person; what was imported stays
	Undoing   State = "undoing"   // its feedback is being taken away
	Undone    State = "undone"
)

// Import is one file on its way into a launch.
type Import struct {
	ID          string            `json:"id"`
	LaunchID    string            `json:"launch_id"`
	FileName    string            `json:"file_name"`
	Format      Format            `json:"format" enum:"csv,jsonl,json,zendesk,github,xlsx"`
	Size        int64             `json:"size"`
	State       State             `json:"state" enum:"uploaded,queued,running,triaging,done,failed,cancelled,undoing,undone"`
	Columns     []string          `json:"columns" nullable:"false"`
	Mapping     Mapping           `json:"mapping"`
	GuessReason map[string]string `json:"guess_reason,omitempty" doc:"By field: why this column was chosen."`
	Notes       []string          `json:"notes,omitempty" doc:"What was assumed about the file."`
	Sample      []SampleRow       `json:"sample,omitempty" doc:"First rows, only before the import starts."`
	DryRun      *DryRun           `json:"dry_run,omitempty"`
	Progress    Progress          `json:"progress"`
	Error       string            `json:"error,omitempty"`
	CreatedAt   time.Time         `json:"created_at"`
	StartedAt   *time.Time        `json:"started_at,omitempty"`
	FinishedAt  *time.Time        `json:"finished_at,omitempty"`
	CreatedBy   Creator           `json:"created_by"`

	plan     Plan
	sha256   string
	position string
	share    float64
}

// Moved is what an event says of an import under way.
type Moved struct {
	State    State    `json:"state" enum:"uploaded,queued,running,triaging,done,failed,cancelled,undoing,undone"`
	Progress Progress `json:"progress"`
	Error    string   `json:"error"`
}

// Creator is who uploaded the file.
type Creator struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Progress says how far an import is.
type Progress struct {
	RowsTotal  int64   `json:"rows_total,omitempty" doc:"Known when the whole file has been read."`
	RowsRead   int64   `json:"rows_read"`
	Accepted   int64   `json:"accepted" doc:"Rows kept as new feedback."`
	Duplicates int64   `json:"duplicates" doc:"Rows that are here already."`
	Bad        int64   `json:"bad" doc:"Rows that could not be kept; see errors."`
	Processed  int64   `json:"processed" doc:"Accepted rows that have had their first reading."`
	Embedded   int64   `json:"embedded" doc:"Accepted rows that have been read fully, with sentence vectors; follows in the background."`
	Removed    int64   `json:"removed,omitempty" doc:"Rows taken away by undoing."`
	Percent    float64 `json:"percent" doc:"Of the rows read and triaged first; of undoing while that goes on."`
}

// Service is what the rest of the product may do with imports.
type Service struct {
	deps  Deps
	now   func() time.Time
	chunk int   // rows committed at once
	most  int64 // bytes of a file
	slots chan struct{}

	mu      sync.Mutex
	told    map[string]time.Time // last progress event by import
	counted map[string]count     // last count by import
}

// Deps are what a Service needs.
type Deps struct {
	DB       *db.DB
	Bus      *event.Bus
	Log      *slog.Logger
	Jobs     *job.Runner
	Feedback *feedback.Service
	// CheckLaunch returns an error unless the launch takes feedback.
	CheckLaunch func(context.Context, workspace.ID, string) error
	// TimeZone returns the zone of a launch, for times in files that name
	// none; UTC when nil.
	TimeZone func(context.Context, workspace.ID, string) (*time.Location, error)
	// IssuesChanged is told, in the transaction that undoes, which issues
	// lost reports; may be nil.
	IssuesChanged func(ctx context.Context, tx *db.Tx, ws workspace.ID, issueIDs []string) error
	// Dir keeps the uploaded files until they have been read.
	Dir string
}

const (
	chunkRows     = 500
	chunkBytes    = 4 << 20
	maxErrors     = 10_000 // kept of one import; the count is exact
	maxUploads    = 4      // at once
	keepFiles     = 7 * 24 * time.Hour
	progressEvery = 250 * time.Millisecond
)

// NewService returns the service; register its work with Jobs.
func NewService(d Deps) *Service {
	return &Service{deps: d, now: time.Now, chunk: chunkRows, most: MaxFile, slots: make(chan struct{}, maxUploads), told: map[string]time.Time{}, counted: map[string]count{}}
}

// Jobs registers the service's background work with r.
func (s *Service) Jobs(r *job.Runner) {
	job.Handle(r, s.run)
	job.Handle(r, s.undo)
	job.Handle(r, s.sweep)
	r.Every(time.Hour, sweepArgs{})
}

// path is where the file of an import lies.
func (s *Service) path(id string) string { return filepath.Join(s.deps.Dir, id) }

// options are what the rows of an import don't say themselves.
func (s *Service) options(ctx context.Context, ws workspace.ID, i *Import) (Options, error) {
	o := Options{Channel: "import"}
	switch i.Format {
	case Zendesk, GitHub:
		o.Channel = string(i.Format)
	}
	if s.deps.TimeZone == nil {
		return o, nil
	}
	var err error
	o.TimeZone, err = s.deps.TimeZone(ctx, ws, i.LaunchID)
	return o, err
}

// Get returns one import, with a sample of its rows while it has not been
// started.
func (s *Service) Get(ctx context.Context, id string) (*Import, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	i, err := get(ctx, s.deps.DB, a.Workspace, id)
	if err != nil {
		return nil, err
	}
	return i, s.complete(ctx, a.Workspace, i)
}

// complete fills in what is not in the import's own row.
func (s *Service) complete(ctx context.Context, ws workspace.ID, i *Import) error {
	if i.State == Uploaded {
		return s.addSample(ctx, ws, i)
	}
	c, err := s.count(ctx, ws, i)
	if err != nil {
		return err
	}
	i.Progress.Processed, i.Progress.Embedded = c.processed, c.embedded
	i.Progress.Percent = i.percent()
	return nil
}

// List returns the imports of a launch, newest first, behind the id before
// ("" for the newest).
func (s *Service) List(ctx context.Context, launchID, before string, limit int) ([]*Import, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	list, err := list(ctx, s.deps.DB, a.Workspace, launchID, before, limit)
	if err != nil {
		return nil, err
	}
	for _, i := range list {
		if i.State == Uploaded {
			continue // no samples in lists
		}
		if err := s.complete(ctx, a.Workspace, i); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// percent is how much of the import's work is done, from 0 to 100.
func (i *Import) percent() float64 {
	p := i.Progress
	switch i.State {
	case Finished, Undone:
		return 100
	case Uploaded, Queued:
		return 0
	case Undoing:
		return 100 * share(p.Removed, max(1, p.Accepted))
	}
	if p.RowsRead == 0 || i.share <= 0 {
		return 0
	}
	// Reading is quick and triage is not: what counts is rows that are
	// through, of those there will be.
	expected := float64(p.RowsRead) / i.share
	return min(100, 100*float64(p.RowsRead-p.Accepted+p.Processed)/expected)
}

// count is what has become of an import's rows.
type count struct {
	at                  time.Time
	processed, embedded int64
}

// count reads the counts, at most once a second for each import: many may
// watch.
func (s *Service) count(ctx context.Context, ws workspace.ID, i *Import) (count, error) {
	s.mu.Lock()
	c, ok := s.counted[i.ID]
	s.mu.Unlock()
	if ok && s.now().Sub(c.at) < time.Second {
		return c, nil
	}
	waiting, err := waiting(ctx, s.deps.DB, ws, i.ID)
	if err != nil {
		return c, err
	}
	embedded, err := embedded(ctx, s.deps.DB, ws, i.ID)
	if err != nil {
		return c, err
	}
	c = count{at: s.now(), processed: max(0, i.Progress.Accepted-waiting), embedded: embedded}
	if i.State == Undoing || i.State == Undone {
		c.processed = embedded
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.counted) > 1000 {
		clear(s.counted)
	}
	s.counted[i.ID] = c
	return c, nil
}

// tell publishes an import's progress, at most four times a second unless its
// state changed.
func (s *Service) tell(ctx context.Context, ws workspace.ID, i *Import, changed bool) {
	now := s.now()
	s.mu.Lock()
	quiet := !changed && now.Sub(s.told[i.ID]) < progressEvery
	if !quiet {
		if len(s.told) > 1000 {
			clear(s.told)
		}
		s.told[i.ID] = now
	}
	if changed {
		delete(s.counted, i.ID)
	}
	s.mu.Unlock()
	if quiet {
		return
	}
	if i.State != Uploaded {
		if err := s.complete(ctx, ws, i); err != nil {
			s.deps.Log.WarnContext(ctx, "count import", "import", i.ID, "err", err)
		}
	}
	data, err := json.Marshal(Moved{i.State, i.Progress, i.Error})
	if err != nil {
		return
	}
	s.deps.Bus.Publish(event.Event{Workspace: string(ws), Type: "import.progress", LaunchID: i.LaunchID, ID: i.ID, Data: data})
}

// move changes an import's state from one of from, in one transaction with
// what also does; the audit log gets action.
func (s *Service) move(ctx context.Context, id, action string, to State, from []State, also func(context.Context, *db.Tx, *Import) error) (*Import, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	var i *Import
	err = s.deps.DB.Tx(ctx, func(tx *db.Tx) error {
		if i, err = get(ctx, tx, a.Workspace, id); err != nil {
			return err
		}
		ok, err := setState(ctx, tx, a.Workspace, id, to, from, s.now())
		if err != nil {
			return err
		}
		if !ok {
			return errs.New(errs.Conflict, "The import of %.80s is %s; this can't be done with it now.", i.FileName, i.State)
		}
		if also != nil {
			if err := also(ctx, tx, i); err != nil {
				return err
			}
		}
		return a.Audit(ctx, tx, action, "import", id, map[string]any{"file": i.FileName, "launch": i.LaunchID})
	})
	if err != nil {
		return nil, err
	}
	if i, err = get(ctx, s.deps.DB, a.Workspace, id); err != nil {
		return nil, err
	}
	s.tell(ctx, a.Workspace, i, true)
	return i, s.complete(ctx, a.Workspace, i)
}

// Start begins to read an uploaded file in the background, with the mapping
// given or, when it is nil, the one that the last preview used.
func (s *Service) Start(ctx context.Context, id string, m *Mapping) (*Import, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(s.path(id)); err != nil {
		if _, err := get(ctx, s.deps.DB, a.Workspace, id); err != nil {
			return nil, err
		}
		return nil, errs.Wrap(errs.Conflict, err, "The uploaded file is not kept any more; upload it again.")
	}
	return s.move(ctx, id, "import.start", Queued, []State{Uploaded}, func(ctx context.Context, tx *db.Tx, i *Import) error {
		if err := s.deps.CheckLaunch(ctx, a.Workspace, i.LaunchID); err != nil {
			return err
		}
		use := i.Mapping
		if m != nil {
			use = *m
		}
		if err := use.Validate(i.Columns); err != nil {
			return err
		}
		if err := setMapping(ctx, tx, a.Workspace, id, use); err != nil {
			return err
		}
		return s.deps.Jobs.Insert(ctx, tx, id, runArgs{a.Workspace, id}, s.now())
	})
}

// Cancel stops an import. What it brought in stays until it is undone.
func (s *Service) Cancel(ctx context.Context, id string) (*Import, error) {
	i, err := s.move(ctx, id, "import.cancel", Cancelled, []State{Uploaded, Queued, Running}, nil)
	if err != nil {
		return nil, err
	}
	return i, s.discard(id)
}

// Undo takes everything that an import brought in away again, in the
// background.
func (s *Service) Undo(ctx context.Context, id string) (*Import, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	return s.move(ctx, id, "import.undo", Undoing, []State{Queued, Running, Triaging, Finished, Failed, Cancelled}, func(ctx context.Context, tx *db.Tx, _ *Import) error {
		return s.deps.Jobs.Insert(ctx, tx, id, undoArgs{a.Workspace, id}, s.now())
	})
}

// sweepArgs asks to remove files that nobody will read any more.
type sweepArgs struct{}

// Kind implements job.Args.
func (sweepArgs) Kind() string { return "import.sweep" }

// sweep goes by the files' age alone: an import takes minutes, and one that
// was not started within a week won't be.
func (s *Service) sweep(ctx context.Context, _ sweepArgs) error {
	entries, err := os.ReadDir(s.deps.Dir)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list uploaded files: %w", err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || s.now().Sub(info.ModTime()) < keepFiles {
			continue // gone meanwhile, or still wanted
		}
		if err := os.Remove(filepath.Join(s.deps.Dir, e.Name())); err != nil && !os.IsNotExist(err) {
			s.deps.Log.WarnContext(ctx, "remove uploaded file", "file", e.Name(), "err", err)
		}
	}
	return nil
}
