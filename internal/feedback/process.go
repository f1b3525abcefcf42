package feedback

import (
	"context"
	"fmt"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/person"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Reader reads new feedback of one launch: the triage package, which lies
// above this one.
type Reader interface {
	// Read fills in the reading and what rules decide, and writes nothing.
	// What it returns writes the decisions behind the reading.
	Read(ctx context.Context, ws workspace.ID, launchID string, list []*Feedback) (Record, error)
}

// Record writes decisions in the transaction that writes the feedback; it is
// given those that are new.
type Record func(ctx context.Context, tx *db.Tx, added []*Feedback) error

const (
	processBatch = 128
	// A batch whose process died is claimed again after this. A batch takes a
	// tenth of a second; one that takes longer than this is read twice and
	// lands once, because only what still waits is written.
	lease = 15 * time.Second
)

// work is one claimed delivery.
type work struct {
	ws       workspace.ID
	id       string
	launchID string
	channel  string
	importID string
	payload  []byte
	attempts int
	received int64
	until    int64 // the claim ends

	channelID   string
	format      string // "": the payload is an Input
	contentType string
	file        string // that has the payload
}

// claim takes due deliveries of all workspaces and leases them.
func (s *Service) claim(ctx context.Context) ([]work, error) {
	var list []work
	now := s.now()
	until := db.Micros(now.Add(lease))
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		var err error
		list, err = db.All(ctx, tx, func(r db.Scanner) (w work, err error) {
			w.until = until
			return w, r.Scan(&w.ws, &w.id, &w.launchID, &w.channel, &w.importID, &w.payload, &w.attempts, &w.received,
				&w.channelID, &w.format, &w.contentType, &w.file)
		}, `UPDATE delivery SET due_at = $1, attempts = attempts + 1
			WHERE (workspace_id, id) IN (SELECT workspace_id, id FROM delivery WHERE state = 'accepted' AND due_at <= $2
				ORDER BY due_at, id LIMIT $3 `+tx.SkipLocked()+`)
			RETURNING workspace_id, id, launch_id, channel, import_id, payload, attempts, received_at, channel_id, format, content_type, file`,
			until, db.Micros(now), processBatch)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim deliveries: %w", err)
	}
	// RETURNING has no order; ids have that of arrival.
	slices.SortFunc(list, func(a, b work) int { return strings.Compare(a.id, b.id) })
	return list, nil
}

// Process works off the ledger until ctx ends: at once when Accept wakes it,
// and each half second for what other nodes wrote or what was put off.
func (s *Service) Process(ctx context.Context) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		taken := s.intake.taken.Load()
		start := time.Now()
		n, err := s.ProcessOnce(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "process deliveries", "err", err)
		}
		if n > 0 && ctx.Err() == nil {
			// Reports that arrive come first: while many do, reading gets a
			// quarter of the time and catches up afterwards.
			if s.intake.taken.Load()-taken > processBatch && s.intake.queued.Load() > 0 {
				s.pause(ctx, min(3*time.Since(start), time.Second))
			}
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-tick.C:
		}
	}
}

func (s *Service) pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// ProcessOnce works off one batch and reports how many deliveries it took.
func (s *Service) ProcessOnce(ctx context.Context) (int, error) {
	list, err := s.claim(ctx)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	type place struct {
		ws       workspace.ID
		launchID string
	}
	byLaunch := map[place][]work{}
	var order []place
	for _, w := range list {
		p := place{w.ws, w.launchID}
		if byLaunch[p] == nil {
			order = append(order, p)
		}
		byLaunch[p] = append(byLaunch[p], w)
	}
	for i, p := range order {
		if err := s.processLaunch(ctx, p.ws, p.launchID, byLaunch[p]); err != nil {
			if ctx.Err() != nil { // stopping
				for _, p := range order[i:] {
					s.giveBack(ctx, p.ws, byLaunch[p])
				}
			}
			return len(list), err
		}
	}
	return len(list), nil
}

// giveBack ends the claim on what a process that stops did not get to, so
// that another, or the next start, need not wait for the claim to run out.
func (s *Service) giveBack(ctx context.Context, ws workspace.ID, batch []work) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	args := []any{db.Micros(s.now()), ws, batch[0].until}
	for _, w := range batch {
		args = append(args, w.id)
	}
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE delivery SET due_at = $1, attempts = attempts - 1
			WHERE workspace_id = $2 AND state = 'accepted' AND due_at = $3 AND id IN (`+db.In(4, len(batch))+`)`, args...)
		return err
	})
	if err != nil {
		s.log.WarnContext(ctx, "give deliveries back; they wait for their claim to run out", "workspace", ws, "err", err)
	}
}

// processLaunch makes feedback from claimed deliveries of one launch; when
// that fails each is tried alone, so that one can't hold up the others.
func (s *Service) processLaunch(ctx context.Context, ws workspace.ID, launchID string, batch []work) error {
	err := s.processBatch(ctx, ws, launchID, batch)
	if err == nil {
		s.intake.backlog.Add(-int64(len(batch)))
		return nil
	}
	if ctx.Err() != nil {
		return err // stopping: it is given back
	}
	s.log.WarnContext(ctx, "batch failed, each delivery is tried alone", "workspace", ws, "launch", launchID, "size", len(batch), "err", err)
	for _, w := range batch {
		done := true
		if err := s.processBatch(ctx, ws, launchID, []work{w}); err != nil {
			if ctx.Err() != nil {
				return err
			}
			if done, err = s.failed(ctx, w, err); err != nil {
				return err
			}
		}
		if done {
			s.intake.backlog.Add(-1)
		}
	}
	return nil
}

// failed puts a delivery off, or declares it dead and reports that it is done
// with.
func (s *Service) failed(ctx context.Context, w work, cause error) (dead bool, err error) {
	state, reason := DeliveryAccepted, errs.Message(cause)
	if errs.KindOf(cause) == errs.Internal {
		reason = cause.Error()
	}
	wait := time.Duration(1<<min(w.attempts, 10)) * time.Second
	if w.attempts >= maxAttempts {
		state = DeliveryDead
	}
	s.log.ErrorContext(ctx, "delivery failed", "workspace", w.ws, "delivery", w.id, "attempt", w.attempts, "state", state, "err", cause)
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE delivery SET state = $1, reason = $2, due_at = $3 WHERE workspace_id = $4 AND id = $5`,
			state, reason, db.Micros(s.now().Add(wait)), w.ws, w.id)
		return err
	})
	s.bus.Publish(event.Event{Workspace: string(w.ws), Type: "delivery.updated", LaunchID: w.launchID, ID: w.id})
	return state == DeliveryDead, err
}

// processBatch makes feedback from deliveries of one launch.
func (s *Service) processBatch(ctx context.Context, ws workspace.ID, launchID string, batch []work) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	now := s.now()
	list := make([]*Feedback, 0, len(batch))
	dead := map[string]string{}
	var foreign []*handled
	for _, w := range batch {
		if w.format != "" {
			h, err := s.handle(ctx, w)
			if err != nil {
				return err
			}
			if h.dead != "" {
				dead[w.id] = h.dead
			} else {
				foreign = append(foreign, h)
			}
			continue
		}
		in, err := decodeStored(w.payload, now)
		if err != nil {
			dead[w.id] = errs.Message(err)
			continue
		}
		list = append(list, fromInput(&in, w))
	}
	var record Record
	if len(list) > 0 {
		if record, err = s.reader.Read(ctx, ws, launchID, list); err != nil {
			return fmt.Errorf("read: %w", err)
		}
	}
	s.landing.Add(int64(len(batch)))
	defer s.landing.Add(-int64(len(batch)))
	var fresh map[string]bool
	made := 0
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		// Only what still waits: an import may have been taken back meanwhile.
		ids, err := markProcessed(ctx, tx, ws, list, foreign, now)
		if err != nil {
			return err
		}
		waiting := make([]*Feedback, 0, len(list))
		for _, f := range list {
			if ids[f.ID] {
				waiting = append(waiting, f)
			}
		}
		if made, err = s.apply(ctx, tx, ws, launchID, foreign, ids); err != nil {
			return err
		}
		if fresh, err = s.write(ctx, tx, ws, waiting, record, now); err != nil {
			return err
		}
		for id, reason := range dead {
			if _, err := tx.ExecContext(ctx, `UPDATE delivery SET state = 'dead', reason = $1, processed_at = $2 WHERE workspace_id = $3 AND id = $4`, reason, db.Micros(now), ws, id); err != nil {
				return fmt.Errorf("mark delivery %s: %w", id, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	var added []*Feedback
	for _, f := range list {
		if fresh[f.ID] {
			added = append(added, f)
		}
	}
	s.publishAdded(ws, launchID, added, len(dead))
	s.applied(foreign, made)
	return nil
}

// markProcessed notes in the ledger what is done with, and returns the ids of
// what did still wait.
func markProcessed(ctx context.Context, tx *db.Tx, ws workspace.ID, list []*Feedback, foreign []*handled, now time.Time) (map[string]bool, error) {
	n := len(list) + len(foreign)
	if n == 0 {
		return nil, nil
	}
	args := []any{db.Micros(now), ws}
	for _, f := range list {
		args = append(args, f.ID)
	}
	for _, h := range foreign {
		args = append(args, h.work.id)
	}
	ids, err := db.All(ctx, tx, func(r db.Scanner) (id string, err error) { return id, r.Scan(&id) },
		`UPDATE delivery SET state = 'processed', reason = '', processed_at = $1 WHERE workspace_id = $2 AND state = 'accepted' AND id IN (`+db.In(3, n)+`) RETURNING id`, args...)
	if err != nil {
		return nil, fmt.Errorf("mark deliveries: %w", err)
	}
	waiting := make(map[string]bool, len(ids))
	for _, id := range ids {
		waiting[id] = true
	}
	return waiting, nil
}

func (s *Service) publishAdded(ws workspace.ID, launchID string, added []*Feedback, dead int) {
	if len(added) > 0 {
		s.putColumns(ws, launchID, added)
		e := event.Event{Workspace: string(ws), Type: "feedback.created", LaunchID: launchID, Count: len(added)}
		if len(added) == 1 {
			e.ID = added[0].ID
		}
		s.bus.Publish(e)
	}
	if dead > 0 {
		s.bus.Publish(event.Event{Workspace: string(ws), Type: "delivery.updated", LaunchID: launchID, Count: dead})
	}
}

// write inserts a batch: persons, numbers, rows, decisions.
func (s *Service) write(ctx context.Context, tx *db.Tx, ws workspace.ID, list []*Feedback, record Record, now time.Time) (map[string]bool, error) {
	if len(list) == 0 {
		return nil, nil
	}
	sightings := make([]person.Sighting, len(list))
	for i, f := range list {
		sightings[i] = s.sighting(ws, f)
	}
	ids, err := person.Resolve(ctx, tx, ws, sightings, now)
	if err != nil {
		return nil, err
	}
	first, err := workspace.Next(ctx, tx, ws, "feedback", len(list))
	if err != nil {
		return nil, err
	}
	for i, f := range list {
		f.Author.PersonID, f.Number = ids[i], first+int64(i)
	}
	fresh, err := insert(ctx, tx, ws, list, now)
	if err != nil {
		return nil, err
	}
	var added []*Feedback
	for _, f := range list {
		if fresh[f.ID] {
			added = append(added, f)
		} else if _, err := tx.ExecContext(ctx, `UPDATE feedback SET pass = 0 WHERE workspace_id = $1 AND id = $2`, ws, f.ID); err != nil {
			// A replay: the row stays, and is read anew in the background.
			return nil, fmt.Errorf("read %s again: %w", f.ID, err)
		}
	}
	return fresh, record(ctx, tx, added)
}

// sighting is what a report says of its author; it notes on the report by
// what it came.
func (s *Service) sighting(ws workspace.ID, f *Feedback) person.Sighting {
	a := &f.Sightings.Author
	x := person.Sighting{Name: a.Name, Email: a.Email, Language: f.Language, Attrs: a.Attrs}
	number := ""
	if a.Phone != "" {
		if !person.IsHashed(a.Phone) {
			x.Phone = a.Phone
		}
		number = s.phones.Number(ws, a.Phone, "")
	}
	f.CameBy = nil
	for _, k := range []person.Identity{{Kind: person.UserID, Value: a.UserID}, {Kind: person.Email, Value: a.Email}, {Kind: person.ExternalID, Value: a.ExternalID},
		{Kind: person.Phone, Value: number}, {Kind: person.DeviceID, Value: a.DeviceID}, {Kind: person.SessionID, Value: a.SessionID}} {
		if k.Value != "" {
			x.Identities = append(x.Identities, k)
		}
	}
	f.CameBy = slices.Clone(x.Identities)
	if a.Application != "" {
		x.Signs = append(x.Signs, person.Sign{Kind: person.Application, Value: a.Application})
		f.CameBy = append(f.CameBy, person.Identity{Kind: person.Application, Value: a.Application})
	}
	if a.Address != "" {
		if a.Agent != "" {
			x.Signs = append(x.Signs, person.Sign{Kind: person.AddressAgent, Value: s.phones.Place(ws, a.Address, a.Agent)})
		}
		f.CameBy = append(f.CameBy, person.Identity{Kind: "address", Value: a.Address})
	}
	return x
}

// fromInput makes an unread feedback.
func fromInput(in *Input, w work) *Feedback {
	received := db.Time(w.received)
	f := &Feedback{ID: w.id, LaunchID: w.launchID, Channel: in.Channel, ImportID: w.importID, ExternalID: in.ExternalID, Title: in.Title, Text: in.Text,
		OccurredAt: received, ReceivedAt: received, AppVersion: in.AppVersion, URL: keysOnly(in.URL), Attrs: in.Attrs, State: New, Tags: []string{}, Language: in.Language}
	if in.OccurredAt != nil {
		f.OccurredAt = in.OccurredAt.UTC().Truncate(time.Microsecond)
	}
	if in.Rating != nil && *in.Rating > 0 {
		f.Rating = in.Rating
	}
	if f.Text == "" {
		f.Text = in.Title
		f.Title = ""
	}
	if in.Author != nil {
		f.Sightings.Author = *in.Author
		f.Author = AuthorRef{Name: in.Author.Name, Email: in.Author.Email}
	}
	f.Snippet = snippet(f.Text)
	return f
}

// keysOnly drops the values of a URL's query: they hold tokens and names.
func keysOnly(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.RawQuery == "" && u.Fragment == "" && u.User == nil {
		return s
	}
	u.User, u.Fragment = nil, ""
	q := u.Query()
	for k := range q {
		q[k] = []string{""}
	}
	u.RawQuery = q.Encode()
	return u.String()
}
