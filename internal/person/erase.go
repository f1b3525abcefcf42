package person

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/job"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Who is a person as the stores of the product know them.
type Who struct {
	IDs        []string   `json:"ids"` // theirs, and of those who were merged into them
	Identities []Identity `json:"identities"`
}

// Values are the identities of some kinds.
func (w *Who) Values(kinds ...string) []string {
	var out []string
	for _, k := range w.Identities {
		if slices.Contains(kinds, k.Kind) && !slices.Contains(out, k.Value) {
			out = append(out, k.Value)
		}
	}
	return out
}

// Store is one place of the product where things of persons are kept. app
// registers each; they are asked in that order.
type Store struct {
	// Name is what people read: feedback, calls, errors.
	Name string
	// Export writes all that is kept of somebody; nil: nothing that another
	// store does not bring.
	Export func(ctx context.Context, ws workspace.ID, who Who, to *Archive) error
	// Erase removes all that is kept of somebody, and returns how many things
	// that were. It runs again after a crash, and after job.ErrAgain, which
	// it returns when it has more to do than fits into job.Slice.
	Erase func(ctx context.Context, ws workspace.ID, who Who) (int64, error)
}

// Keep registers a store.
func (s *Service) Keep(list ...Store) { s.stores = append(s.stores, list...) }

// Archive is the file of an export: ZIP (PKWARE APPNOTE) with JSON inside.
type Archive struct {
	z  *zip.Writer
	at time.Time
}

// File begins a file; what is written is that file's until the next begins.
func (a *Archive) File(name string) (io.Writer, error) {
	return a.z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: a.at})
}

// JSON writes one value as a file.
func (a *Archive) JSON(name string, v any) error {
	w, err := a.File(name)
	if err != nil {
		return err
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// who gathers a person: the ids that were merged into this one, and all
// identities.
func who(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (Who, error) {
	w := Who{IDs: []string{id}}
	for i := 0; i < len(w.IDs) && i < maxIdentities; i++ {
		more, err := db.All(ctx, q, func(s db.Scanner) (id string, err error) { return id, s.Scan(&id) },
			`SELECT id FROM person WHERE workspace_id = $1 AND merged_into <> '' AND merged_into = $2 ORDER BY id`, ws, w.IDs[i])
		if err != nil {
			return w, fmt.Errorf("find who was merged into %s: %w", id, err)
		}
		w.IDs = append(w.IDs, more...)
	}
	for part := range slices.Chunk(w.IDs, 500) {
		list, err := db.All(ctx, q, scanIdentity, `SELECT kind, value FROM person_identity WHERE workspace_id = $1 AND person_id IN (`+db.In(2, len(part))+`) ORDER BY kind, value`,
			append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return w, fmt.Errorf("list identities of %s: %w", id, err)
		}
		w.Identities = append(w.Identities, list...)
	}
	return w, nil
}

// Export writes everything that is kept of a person to w.
func (s *Service) Export(ctx context.Context, id string, begin func(p *Person) io.Writer) error {
	a, err := workspace.Need(ctx, workspace.ManageMembers)
	if err != nil {
		return err
	}
	p, err := s.whole(ctx, s.db, a.Workspace, id)
	if err != nil {
		return err
	}
	x, err := who(ctx, s.db, a.Workspace, p.ID)
	if err != nil {
		return err
	}
	history, err := s.History(ctx, p.ID)
	if err != nil {
		return err
	}
	if err := s.db.Tx(ctx, func(tx *db.Tx) error { return a.Audit(ctx, tx, "person.export", "person", p.ID, nil) }); err != nil {
		return err
	}
	to := &Archive{zip.NewWriter(begin(p)), s.now().UTC()}
	if err := to.JSON("person.json", map[string]any{"person": p, "identities": x.Identities, "history": history, "exported_at": to.at}); err != nil {
		return err
	}
	for _, st := range s.stores {
		if st.Export == nil {
			continue
		}
		if err := st.Export(ctx, a.Workspace, x, to); err != nil {
			return fmt.Errorf("export %s of person %s: %w", st.Name, p.ID, err)
		}
	}
	return to.z.Close()
}

// Mergers returns the ids of mergers and splits of persons.
func (s *Service) Mergers(ctx context.Context, ws workspace.ID, ids []string) ([]string, error) {
	var out []string
	for part := range slices.Chunk(ids, 250) {
		in := db.In(2, len(part))
		list, err := db.All(ctx, s.db, func(r db.Scanner) (id string, err error) { return id, r.Scan(&id) },
			`SELECT id FROM person_merge WHERE workspace_id = $1 AND (from_id IN (`+in+`) OR into_id IN (`+in+`))`, append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("list mergers: %w", err)
		}
		out = append(out, list...)
	}
	return out, nil
}

// Erasure is how far the erasing of a person is. Once done it does not say
// whom.
type Erasure struct {
	ID        string           `json:"id"`
	PersonID  string           `json:"person_id,omitempty" doc:"Until it is done."`
	State     string           `json:"state" enum:"running,done"`
	Step      string           `json:"step,omitempty" doc:"The store that is being worked on."`
	Done      int              `json:"done" doc:"Steps done, of steps."`
	Steps     int              `json:"steps"`
	Counts    map[string]int64 `json:"counts" doc:"By store, how many things were removed."`
	Error     string           `json:"error,omitempty" doc:"Why the last try did not go on; it is tried again."`
	By        string           `json:"by"`
	CreatedAt time.Time        `json:"created_at"`
	EndedAt   *time.Time       `json:"ended_at,omitempty"`

	who Who
}

const erasureColumns = `id, person_id, who, state, step, done, steps, counts, error, actor_name, created_at, ended_at`

func scanErasure(s db.Scanner) (*Erasure, error) {
	var e Erasure
	var created, ended int64
	var x, counts string
	if err := s.Scan(&e.ID, &e.PersonID, &x, &e.State, &e.Step, &e.Done, &e.Steps, &counts, &e.Error, &e.By, &created, &ended); err != nil {
		return nil, err
	}
	e.CreatedAt = db.Time(created)
	if ended != 0 {
		t := db.Time(ended)
		e.EndedAt = &t
	}
	return &e, errors.Join(json.Unmarshal([]byte(x), &e.who), json.Unmarshal([]byte(counts), &e.Counts))
}

func getErasure(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (*Erasure, error) {
	e, err := scanErasure(q.QueryRowContext(ctx, `SELECT `+erasureColumns+` FROM person_erasure WHERE workspace_id = $1 AND id = $2`, ws, id))
	switch {
	case db.IsNoRows(err):
		return nil, errs.New(errs.NotFound, "There is no erasure %s in this workspace.", id)
	case err != nil:
		return nil, fmt.Errorf("get erasure %s: %w", id, err)
	}
	return e, nil
}

// Erasures returns the newest of them.
func (s *Service) Erasures(ctx context.Context, limit int) ([]*Erasure, error) {
	a, err := workspace.Need(ctx, workspace.ManageMembers)
	if err != nil {
		return nil, err
	}
	list, err := db.All(ctx, s.db, scanErasure, `SELECT `+erasureColumns+` FROM person_erasure WHERE workspace_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2`, a.Workspace, limit)
	if err != nil {
		return nil, fmt.Errorf("list erasures: %w", err)
	}
	return list, nil
}

// Erasure returns one.
func (s *Service) Erasure(ctx context.Context, id string) (*Erasure, error) {
	a, err := workspace.Need(ctx, workspace.ManageMembers)
	if err != nil {
		return nil, err
	}
	return getErasure(ctx, s.db, a.Workspace, id)
}

// Erase begins to erase a person for good. From now on they are nobody: what
// comes by their identities is a new person's.
func (s *Service) Erase(ctx context.Context, id string) (*Erasure, error) {
	a, err := workspace.Need(ctx, workspace.ManageMembers)
	if err != nil {
		return nil, err
	}
	e := &Erasure{ID: db.NewID(), PersonID: id, State: "running", Steps: len(s.stores) + 2, Counts: map[string]int64{}, By: a.Name, CreatedAt: s.now()}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		t := &change{s: s, tx: tx, ws: a.Workspace, now: s.now()}
		if _, err := t.hold(ctx, id); err != nil {
			return err
		}
		x, err := who(ctx, tx, a.Workspace, id)
		if err != nil {
			return err
		}
		text, err := json.Marshal(x)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO person_erasure (workspace_id, id, person_id, who, state, steps, counts, actor_kind, actor_id, actor_name, created_at)
			VALUES ($1, $2, $3, $4, 'running', $5, '{}', $6, $7, $8, $9)`, a.Workspace, e.ID, id, string(text), e.Steps, a.Kind, a.ID, a.Name, db.Micros(e.CreatedAt)); err != nil {
			return fmt.Errorf("begin to erase %s: %w", id, err)
		}
		for part := range slices.Chunk(x.IDs, 500) {
			if _, err := tx.ExecContext(ctx, `DELETE FROM person_identity WHERE workspace_id = $1 AND person_id IN (`+db.In(2, len(part))+`)`, append([]any{a.Workspace}, db.Args(part)...)...); err != nil {
				return fmt.Errorf("forget identities of %s: %w", id, err)
			}
		}
		if err := a.Audit(ctx, tx, "person.erase", "erasure", e.ID, nil); err != nil {
			return err
		}
		return s.jobs.Insert(ctx, tx, e.ID, eraseArgs{a.Workspace, e.ID}, s.now())
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// eraseArgs asks to go on with an erasure.
type eraseArgs struct {
	Workspace workspace.ID `json:"workspace"`
	ID        string       `json:"id"`
}

// Kind implements job.Args.
func (eraseArgs) Kind() string { return "person.erase" }

// Jobs registers the work in the background.
func (s *Service) Jobs(r *job.Runner) {
	s.jobs = r
	job.Handle(r, s.erase)
}

// erase goes on where the last run ended: store by store, the person, and at
// last what the database still has of it in its files.
func (s *Service) erase(ctx context.Context, args eraseArgs) error {
	ctx = workspace.System(ctx, args.Workspace)
	e, err := getErasure(ctx, s.db, args.Workspace, args.ID)
	if err != nil || e.State != "running" {
		return err
	}
	if e.Steps != len(s.stores)+2 {
		// Begun by a version with other stores: all of them are asked anew,
		// which does no harm.
		e.Done, e.Steps = 0, len(s.stores)+2
		if len(e.who.IDs) == 0 {
			e.Done = len(s.stores) + 1
		}
	}
	begun := s.now()
	for e.State == "running" {
		var n int64
		switch {
		case e.Done < len(s.stores):
			e.Step = s.stores[e.Done].Name
			n, err = s.stores[e.Done].Erase(ctx, args.Workspace, e.who)
		case e.Done == len(s.stores):
			e.Step = "people"
			n, err = s.erasePeople(ctx, args.Workspace, e.who)
		default:
			e.Step = "database"
			var whole bool
			if whole, err = s.db.Scrub(ctx, job.Slice/2); err == nil && !whole {
				err = job.ErrAgain
			}
		}
		if n > 0 {
			e.Counts[e.Step] += n
		}
		e.Error = ""
		if err == nil {
			e.Done++
		} else if !errors.Is(err, job.ErrAgain) {
			e.Error = errs.Message(err)
		}
		if err == nil && e.Done > len(s.stores) {
			e.PersonID, e.who = "", Who{} // before the files are written anew
		}
		if err == nil && e.Done == e.Steps {
			e.State, e.Step = "done", ""
		}
		if saved := s.saveErasure(ctx, args.Workspace, e); saved != nil {
			return saved
		}
		if err != nil {
			return err
		}
		if e.State == "running" && s.now().Sub(begun) > job.Slice/2 {
			return job.ErrAgain
		}
	}
	return nil
}

func (s *Service) saveErasure(ctx context.Context, ws workspace.ID, e *Erasure) error {
	counts, err := json.Marshal(e.Counts)
	if err != nil {
		return err
	}
	text, ended := "", int64(0)
	if len(e.who.IDs) == 0 {
		text = "{}"
	}
	if e.State == "done" {
		ended = db.Micros(s.now())
	}
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE person_erasure SET person_id = $1, who = CASE WHEN $2 = '' THEN who ELSE $2 END, state = $3, step = $4, done = $5, steps = $6, counts = $7, error = $8, ended_at = $9
			WHERE workspace_id = $10 AND id = $11`, e.PersonID, text, e.State, e.Step, e.Done, e.Steps, string(counts), e.Error, ended, ws, e.ID)
		if err != nil {
			return fmt.Errorf("save erasure %s: %w", e.ID, err)
		}
		return nil
	})
}

// erasePeople removes what this package keeps.
func (s *Service) erasePeople(ctx context.Context, ws workspace.ID, x Who) (int64, error) {
	var n int64
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		n = 0
		for part := range slices.Chunk(x.IDs, 250) {
			args := append([]any{ws}, db.Args(part)...)
			in := db.In(2, len(part))
			for _, text := range []string{
				`DELETE FROM person_sign WHERE workspace_id = $1 AND person_id IN (` + in + `)`,
				`DELETE FROM person_suggestion WHERE workspace_id = $1 AND (a IN (` + in + `) OR b IN (` + in + `))`,
				`DELETE FROM person_merge WHERE workspace_id = $1 AND (from_id IN (` + in + `) OR into_id IN (` + in + `))`,
				`DELETE FROM person_identity WHERE workspace_id = $1 AND person_id IN (` + in + `)`,
			} {
				if _, err := tx.ExecContext(ctx, text, args...); err != nil {
					return fmt.Errorf("erase person: %w", err)
				}
			}
			gone, err := db.Affected(tx.ExecContext(ctx, `DELETE FROM person WHERE workspace_id = $1 AND id IN (`+in+`)`, args...))
			if err != nil {
				return fmt.Errorf("erase person: %w", err)
			}
			n += gone
		}
		return nil
	})
	return n, err
}
