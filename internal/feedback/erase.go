package feedback

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/job"
	"github.com/hypercare/hypercare/internal/person"
	"github.com/hypercare/hypercare/internal/privacy"
	"github.com/hypercare/hypercare/internal/workspace"
)

// erased is what the ledger says of a delivery whose sender asked to be
// forgotten: that there was one.
const erased = "Erased with the person who sent it."

// EraseStore is what persons sent, for person.Service.Keep: reports with all
// that hangs on them, their deliveries as they came, and files nobody else
// sent.
func (s *Service) EraseStore() person.Store {
	return person.Store{Name: "feedback", Export: s.exportPerson, Erase: s.erasePerson}
}

// IDsOfPeople returns the ids of all feedback of some persons.
func (s *Service) IDsOfPeople(ctx context.Context, ws workspace.ID, people []string) ([]string, error) {
	var out []string
	for part := range slices.Chunk(people, 500) {
		ids, err := db.All(ctx, s.db, func(r db.Scanner) (id string, err error) { return id, r.Scan(&id) },
			`SELECT id FROM feedback WHERE workspace_id = $1 AND person_id <> '' AND person_id IN (`+db.In(2, len(part))+`) ORDER BY num`, append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("find feedback of persons: %w", err)
		}
		out = append(out, ids...)
	}
	return out, nil
}

// erasePerson removes what somebody sent, some hundred reports at a time.
func (s *Service) erasePerson(ctx context.Context, ws workspace.ID, who person.Who) (int64, error) {
	begun := time.Now()
	var n int64
	for {
		gone, err := s.eraseSome(ctx, ws, who)
		if err != nil {
			return n, err
		}
		if gone == 0 {
			break
		}
		n += int64(gone)
		if time.Since(begun) > job.Slice/2 {
			return n, job.ErrAgain
		}
	}
	stray, err := s.eraseStray(ctx, ws, who, begun.Add(job.Slice/2))
	return n + stray, err
}

const eraseBatch = 200

// eraseSome removes a batch of reports.
func (s *Service) eraseSome(ctx context.Context, ws workspace.ID, who person.Who) (int, error) {
	var list []Place
	var files []string
	since := time.Now()
	err := s.db.Tx(ctx, func(tx *db.Tx) (err error) {
		list, files = nil, nil
		for part := range slices.Chunk(who.IDs, 500) {
			some, err := db.All(ctx, tx, scanPlace, `SELECT `+placeColumns+` FROM feedback WHERE workspace_id = $1 AND person_id <> '' AND person_id IN (`+db.In(3, len(part))+`) ORDER BY num LIMIT $2`,
				append([]any{ws, eraseBatch}, db.Args(part)...)...)
			if err != nil {
				return fmt.Errorf("find reports to erase: %w", err)
			}
			list = append(list, some...)
		}
		if len(list) == 0 {
			return nil
		}
		ids := make([]string, len(list))
		nums := make([]int64, len(list))
		for i, p := range list {
			ids[i], nums[i] = p.ID, p.Num
		}
		if files, err = eraseRows(ctx, tx, ws, ids); err != nil {
			return err
		}
		return db.DropSearch(ctx, tx, string(ws), searchKind, nums)
	})
	if err != nil || len(list) == 0 {
		return 0, err
	}
	if err := s.DropFiles(ctx, files, since); err != nil {
		return 0, err
	}
	byLaunch := map[string]*Removed{}
	for _, p := range list {
		r := byLaunch[p.LaunchID]
		if r == nil {
			r = &Removed{ws: ws, launchID: p.LaunchID}
			byLaunch[p.LaunchID] = r
		}
		r.ids, r.nums = append(r.ids, p.ID), append(r.nums, p.Num)
		if p.IssueID != "" && !slices.Contains(r.IssueIDs, p.IssueID) {
			r.IssueIDs = append(r.IssueIDs, p.IssueID)
		}
	}
	for _, r := range byLaunch {
		if len(r.IssueIDs) > 0 && s.recount != nil {
			if err := s.db.Tx(ctx, func(tx *db.Tx) error { return s.recount(ctx, tx, ws, r.IssueIDs...) }); err != nil {
				return 0, err
			}
		}
		s.Forget(ctx, r)
	}
	return len(list), nil
}

// eraseRows removes reports with all that hangs on them, empties their
// deliveries, and returns the files they had.
func eraseRows(ctx context.Context, tx *db.Tx, ws workspace.ID, ids []string) ([]string, error) {
	args := append([]any{ws}, db.Args(ids)...)
	in := db.In(2, len(ids))
	files, err := db.All(ctx, tx, func(r db.Scanner) (f string, err error) { return f, r.Scan(&f) },
		`SELECT DISTINCT sha256 FROM attachment WHERE workspace_id = $1 AND delivery_id IN (`+in+`)`, args...)
	if err != nil {
		return nil, fmt.Errorf("find files to erase: %w", err)
	}
	for _, text := range []string{
		`DELETE FROM decision WHERE workspace_id = $1 AND feedback_id IN (` + in + `)`,
		`DELETE FROM dismissal WHERE workspace_id = $1 AND feedback_id IN (` + in + `)`,
		`DELETE FROM correction WHERE workspace_id = $1 AND feedback_id IN (` + in + `)`,
		`DELETE FROM mention WHERE workspace_id = $1 AND note_id IN (SELECT id FROM note WHERE workspace_id = $1 AND feedback_id <> '' AND feedback_id IN (` + in + `))`,
		`DELETE FROM note WHERE workspace_id = $1 AND feedback_id <> '' AND feedback_id IN (` + in + `)`,
		`DELETE FROM attachment WHERE workspace_id = $1 AND delivery_id IN (` + in + `)`,
		`DELETE FROM feedback WHERE workspace_id = $1 AND id IN (` + in + `)`,
	} {
		if _, err := tx.ExecContext(ctx, text, args...); err != nil {
			return nil, fmt.Errorf("erase reports: %w", err)
		}
	}
	more, err := emptyDeliveries(ctx, tx, ws, ids)
	return append(files, more...), err
}

// emptyDeliveries takes out what came, also of those that these were made of,
// and returns the files in which it lay.
func emptyDeliveries(ctx context.Context, tx *db.Tx, ws workspace.ID, ids []string) ([]string, error) {
	parents, err := db.All(ctx, tx, func(r db.Scanner) (id string, err error) { return id, r.Scan(&id) },
		`SELECT DISTINCT parent_id FROM delivery WHERE workspace_id = $1 AND parent_id <> '' AND id IN (`+db.In(2, len(ids))+`)`, append([]any{ws}, db.Args(ids)...)...)
	if err != nil {
		return nil, fmt.Errorf("find what deliveries were made of: %w", err)
	}
	ids = append(slices.Clone(ids), parents...)
	if err := privacy.Forget(ctx, tx, ws, privacy.Feedback, ids...); err != nil {
		return nil, err
	}
	args := append([]any{ws}, db.Args(ids)...)
	files, err := db.All(ctx, tx, func(r db.Scanner) (f string, err error) { return f, r.Scan(&f) },
		`SELECT DISTINCT file FROM delivery WHERE workspace_id = $1 AND file <> '' AND id IN (`+db.In(2, len(ids))+`)`, args...)
	if err != nil {
		return nil, fmt.Errorf("find files of deliveries: %w", err)
	}
	_, err = tx.ExecContext(ctx, `UPDATE delivery SET state = 'undone', natural_key = NULL, file = '', payload = $2, reason = $3 WHERE workspace_id = $1 AND id IN (`+db.In(4, len(ids))+`)`,
		append([]any{ws, []byte{}, erased}, db.Args(ids)...)...)
	if err != nil {
		return nil, fmt.Errorf("empty deliveries: %w", err)
	}
	return files, nil
}

// DropFiles removes those that nothing has any more, in any workspace, and
// that nobody put since: the same file sent twice is kept once.
func (s *Service) DropFiles(ctx context.Context, names []string, since time.Time) error {
	for _, name := range names {
		err := s.files.Drop(name, since, func() (bool, error) {
			var n int
			err := s.db.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM attachment WHERE sha256 = $1) + (SELECT COUNT(*) FROM delivery WHERE file <> '' AND file = $1)`, name).Scan(&n)
			return n > 0, err
		})
		if err != nil {
			return fmt.Errorf("erase a file: %w", err)
		}
	}
	return nil
}

// stray is a delivery that no report of the person is known to be made of.
type stray struct {
	id, launchID, state, file string
	payload                   []byte
}

const strayColumns = `id, launch_id, state, file, payload`

func scanStray(r db.Scanner) (x stray, err error) {
	return x, r.Scan(&x.id, &x.launchID, &x.state, &x.file, &x.payload)
}

// eraseStray empties deliveries that name the person and of which no report
// was made: because they wait, because they can't be read, or because they
// are something else: an answer by e-mail, an event.
func (s *Service) eraseStray(ctx context.Context, ws workspace.ID, who person.Who, until time.Time) (int64, error) {
	marks := marksOf(who)
	if len(marks) == 0 {
		return 0, nil
	}
	// How far one look has come is in memory only: after a crash it begins
	// anew.
	key := tableKey{ws, who.IDs[0]}
	s.mu.Lock()
	after := s.looked[key]
	s.mu.Unlock()
	var n int64
	for {
		list, err := db.All(ctx, s.db, scanStray, `SELECT `+strayColumns+` FROM delivery WHERE workspace_id = $1 AND (state IN ('accepted', 'dead') OR format <> '') AND id > $2 ORDER BY id LIMIT 200`, ws, after)
		if err != nil {
			return n, fmt.Errorf("look through deliveries: %w", err)
		}
		if len(list) == 0 {
			s.mu.Lock()
			delete(s.looked, key)
			s.mu.Unlock()
			return n, nil
		}
		gone, err := s.eraseNaming(ctx, ws, list, marks)
		if n += gone; err != nil {
			return n, err
		}
		after = list[len(list)-1].id
		s.mu.Lock()
		s.looked[key] = after
		s.mu.Unlock()
		if time.Now().After(until) {
			return n, job.ErrAgain
		}
	}
}

// eraseNaming empties those that hold one of marks.
func (s *Service) eraseNaming(ctx context.Context, ws workspace.ID, list []stray, marks [][]byte) (int64, error) {
	var ids []string
	waiting := int64(0)
	for _, x := range list {
		if x.file != "" {
			data, err := s.readFile(x.file)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return 0, fmt.Errorf("read payload of %s: %w", x.id, err)
			}
			x.payload = data
		}
		if slices.ContainsFunc(marks, func(m []byte) bool { return bytes.Contains(x.payload, m) }) {
			ids = append(ids, x.id)
			if x.state == DeliveryAccepted {
				waiting++
			}
		}
	}
	if len(ids) == 0 {
		return 0, nil
	}
	since := time.Now()
	var files []string
	err := s.db.Tx(ctx, func(tx *db.Tx) (err error) {
		args := append([]any{ws}, db.Args(ids)...)
		files, err = db.All(ctx, tx, func(r db.Scanner) (f string, err error) { return f, r.Scan(&f) },
			`DELETE FROM attachment WHERE workspace_id = $1 AND delivery_id IN (`+db.In(2, len(ids))+`) AND delivery_id NOT IN (SELECT id FROM feedback WHERE workspace_id = $1) RETURNING sha256`, args...)
		if err != nil {
			return fmt.Errorf("erase files of deliveries: %w", err)
		}
		more, err := emptyDeliveries(ctx, tx, ws, ids)
		files = append(files, more...)
		return err
	})
	if err != nil {
		return 0, err
	}
	s.intake.backlog.Add(-waiting)
	return int64(len(ids)), s.DropFiles(ctx, files, since)
}

// minMark is how long an identity must be to be looked for in raw bytes: a
// user id "7" is in everything.
const minMark = 6

// marksOf are the identities by which a raw delivery names somebody, as JSON
// has them in quotes.
func marksOf(who person.Who) [][]byte {
	var out [][]byte
	for _, k := range who.Identities {
		b, err := json.Marshal(k.Value)
		if err != nil {
			continue
		}
		if len(k.Value) >= minMark && k.Kind == person.Email {
			b = b[1 : len(b)-1] // an address is one wherever it stands
		}
		out = append(out, b)
	}
	return out
}

// exportPerson writes what somebody sent: the reports, the deliveries as they
// came, and the files.
func (s *Service) exportPerson(ctx context.Context, ws workspace.ID, who person.Who, to *person.Archive) error {
	ids, err := s.IDsOfPeople(ctx, ws, who.IDs)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(ids, 100) {
		list, err := getMany(ctx, s.db, ws, part)
		if err != nil {
			return err
		}
		for _, f := range list {
			if err := s.exportOne(ctx, ws, f, to); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) exportOne(ctx context.Context, ws workspace.ID, f *Feedback, to *person.Archive) (err error) {
	dir := fmt.Sprintf("feedback/%d/", f.Number)
	if f.Attachments, err = attachmentsOf(ctx, s.db, ws, f.ID); err != nil {
		return err
	}
	if err := s.Name(ctx, ws, f); err != nil {
		return err
	}
	if err := to.JSON(dir+"feedback.json", struct {
		*Feedback
		CameBy []person.Identity `json:"came_by"`
	}{f, f.CameBy}); err != nil {
		return err
	}
	var payload []byte
	if err := s.db.QueryRowContext(ctx, `SELECT payload FROM delivery WHERE workspace_id = $1 AND id = $2`, ws, f.ID).Scan(&payload); err != nil && !db.IsNoRows(err) {
		return fmt.Errorf("read delivery %s: %w", f.ID, err)
	}
	w, err := to.File(dir + "delivery.raw")
	if err != nil {
		return err
	}
	if _, err := w.Write(payload); err != nil {
		return err
	}
	for i, a := range f.Attachments {
		file, err := s.files.Open(a.SHA256)
		if err != nil {
			continue // gone from the data folder; the list names it
		}
		w, err := to.File(fmt.Sprintf("%sfiles/%d-%s", dir, i+1, safeName(a.Name)))
		if err == nil {
			_, err = io.Copy(w, file)
		}
		_ = file.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// safeName makes a name that no archive program takes for a path.
func safeName(name string) string {
	out := []rune(name)
	for i, r := range out {
		if r < 0x20 || r == '/' || r == '\\' || r == ':' {
			out[i] = '_'
		}
	}
	if len(out) == 0 {
		return "file"
	}
	return string(out[max(0, len(out)-100):])
}
