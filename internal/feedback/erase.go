package feedback

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/job"
	"github.com/hypercare/hypercare/internal/person"
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
	waiting, err := s.eraseWaiting(ctx, ws, who)
	return n + waiting, err
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
	if err := s.dropFiles(ctx, files, since); err != nil {
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
	return files, emptyDeliveries(ctx, tx, ws, ids)
}

func emptyDeliveries(ctx context.Context, tx *db.Tx, ws workspace.ID, ids []string) error {
	_, err := tx.ExecContext(ctx, `UPDATE delivery SET state = 'undone', natural_key = NULL, payload = $2, reason = $3 WHERE workspace_id = $1 AND id IN (`+db.In(4, len(ids))+`)`,
		append([]any{ws, []byte{}, erased}, db.Args(ids)...)...)
	if err != nil {
		return fmt.Errorf("empty deliveries: %w", err)
	}
	return nil
}

// dropFiles removes those that no report has any more, in any workspace: the
// same file sent twice is kept once.
func (s *Service) dropFiles(ctx context.Context, names []string, since time.Time) error {
	for _, name := range names {
		err := s.files.Drop(name, since, func() (bool, error) {
			var n int
			err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM attachment WHERE sha256 = $1`, name).Scan(&n)
			return n > 0, err
		})
		if err != nil {
			return fmt.Errorf("erase a file: %w", err)
		}
	}
	return nil
}

// eraseWaiting empties deliveries that no report was made of, because they
// wait or because they can't be read, where they name the person.
func (s *Service) eraseWaiting(ctx context.Context, ws workspace.ID, who person.Who) (int64, error) {
	marks := marksOf(who)
	if len(marks) == 0 {
		return 0, nil
	}
	launches, err := db.All(ctx, s.db, func(r db.Scanner) (id string, err error) { return id, r.Scan(&id) },
		`SELECT DISTINCT launch_id FROM delivery WHERE workspace_id = $1 AND state IN ('accepted', 'dead')`, ws)
	if err != nil {
		return 0, fmt.Errorf("find launches with deliveries: %w", err)
	}
	var n int64
	type row struct {
		id      string
		payload []byte
	}
	for _, launch := range launches {
		for _, state := range []string{DeliveryAccepted, DeliveryDead} {
			for after := "zz"; ; {
				list, err := db.All(ctx, s.db, func(r db.Scanner) (x row, err error) { return x, r.Scan(&x.id, &x.payload) },
					`SELECT id, payload FROM delivery WHERE workspace_id = $1 AND launch_id = $2 AND state = $3 AND id < $4 ORDER BY id DESC LIMIT 200`, ws, launch, state, after)
				if err != nil {
					return n, fmt.Errorf("look through deliveries: %w", err)
				}
				if len(list) == 0 {
					break
				}
				after = list[len(list)-1].id
				var hits []string
				for _, x := range list {
					if slices.ContainsFunc(marks, func(m []byte) bool { return bytes.Contains(x.payload, m) }) {
						hits = append(hits, x.id)
					}
				}
				if len(hits) == 0 {
					continue
				}
				if err := s.emptyWaiting(ctx, ws, hits); err != nil {
					return n, err
				}
				if state == DeliveryAccepted {
					s.intake.backlog.Add(-int64(len(hits)))
				}
				n += int64(len(hits))
			}
		}
	}
	return n, nil
}

func (s *Service) emptyWaiting(ctx context.Context, ws workspace.ID, ids []string) error {
	since := time.Now()
	var files []string
	err := s.db.Tx(ctx, func(tx *db.Tx) (err error) {
		args := append([]any{ws}, db.Args(ids)...)
		files, err = db.All(ctx, tx, func(r db.Scanner) (f string, err error) { return f, r.Scan(&f) },
			`DELETE FROM attachment WHERE workspace_id = $1 AND delivery_id IN (`+db.In(2, len(ids))+`) RETURNING sha256`, args...)
		if err != nil {
			return fmt.Errorf("erase files of deliveries: %w", err)
		}
		return emptyDeliveries(ctx, tx, ws, ids)
	})
	if err != nil {
		return err
	}
	return s.dropFiles(ctx, files, since)
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
