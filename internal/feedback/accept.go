package feedback

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/person"
	"github.com/hypercare/hypercare/internal/privacy"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Bounds of intake. Beyond them a sender is told to come back.
const (
	maxQueued  = 8192      // items waiting for the next commit
	maxGroup   = 512       // items of one commit
	maxBacklog = 2_000_000 // deliveries on disk, not yet processed
)

// Incoming is one report on its way into the ledger, or, where Format is
// set, something in a format of others whose Handler says later what it is.
type Incoming struct {
	Input      Input
	Raw        []byte // as it came; nil: Input is written out
	NaturalKey string // "": derived from Input.ExternalID
	ImportID   string

	ChannelID   string // of the channel that it came by
	ParentID    string // the delivery that it was made of
	Format      string // "": Raw is an Input
	ContentType string // of Raw, where it has a format; application/json when empty
	Files       []StoredFile

	sealed   []privacy.Sealed // originals of what was covered
	sealDays int
}

// StoredFile is an attachment that is in the folder of files already
// (Service.PutFile).
type StoredFile struct {
	Name, ContentType, SHA256 string
	Size                      int64
}

// maxInline is the largest payload of a foreign format that is kept in its
// row; larger ones are files.
const maxInline = 64 << 10

// Receipt says what became of one report.
type Receipt struct {
	ID         string `json:"id" doc:"Of the delivery, and of the feedback that is made from it."`
	DeliveryID string `json:"delivery_id"`
	State      string `json:"state" enum:"accepted,processed,dead,undone"`
	Duplicate  bool   `json:"duplicate" doc:"It was here already; this is the first one's answer."`
}

// group is one caller's items, committed together with other callers'.
type group struct {
	ws       workspace.ID
	launchID string
	items    []Incoming
	rows     [][]any
	files    [][]any
	key      string // idempotency key, "" for none
	bodyHash string
	receipts []Receipt
	answer   string // stored answer of an earlier request with this key
	first    *group // the group of the same commit that brought the key
	err      error
	done     chan struct{}
}

// Intake commits deliveries in groups: whoever arrives while one commit is
// being written to disk shares the next. That is what makes one durable write
// an item affordable.
type Intake struct {
	db      *db.DB
	files   *Files
	now     func() time.Time
	queue   chan *group
	queued  atomic.Int64
	backlog atomic.Int64
	taken   atomic.Int64 // items committed since start
	stopped atomic.Bool
	wake    func() // there is work for the processor
	privacy *privacy.Service
	phones  *person.Phones
}

func newIntake(d *db.DB, files *Files, now func() time.Time, wake func()) *Intake {
	return &Intake{db: d, files: files, now: now, queue: make(chan *group, maxQueued), wake: wake}
}

// accept waits until the group is on disk or refused.
func (in *Intake) accept(ctx context.Context, g *group) error {
	n := int64(len(g.items))
	if in.stopped.Load() {
		return errs.New(errs.Unavailable, "This node is shutting down; send the same again.")
	}
	if in.backlog.Load() > maxBacklog {
		return errs.TooBusy(30*time.Second, "More than %d reports wait to be processed; send this again in half a minute.", maxBacklog)
	}
	if in.queued.Add(n) > maxQueued {
		in.queued.Add(-n)
		return errs.TooBusy(time.Second, "More reports arrive than can be written; send this again in a second.")
	}
	g.done = make(chan struct{})
	in.queue <- g // never waits: the queue has a place for every queued item
	select {
	case <-g.done:
		return g.err
	case <-ctx.Done():
		// It may still be written; the natural key makes a repeat harmless.
		return ctx.Err()
	}
}

// run commits groups until ctx ends and the queue is empty.
func (in *Intake) run(ctx context.Context) {
	for {
		var first *group
		select {
		case first = <-in.queue:
		case <-ctx.Done():
			in.stopped.Store(true)
			select {
			case first = <-in.queue: // drain
			default:
				return
			}
		}
		groups, n := []*group{first}, len(first.items)
	more:
		for n < maxGroup {
			select {
			case g := <-in.queue:
				groups = append(groups, g)
				n += len(g.items)
			default:
				break more
			}
		}
		in.commit(context.WithoutCancel(ctx), groups)
		in.queued.Add(-int64(n))
	}
}

// commit writes groups in one transaction; if that fails each is tried alone,
// so that one caller's bad luck is not another's.
func (in *Intake) commit(ctx context.Context, groups []*group) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	write := func(list []*group) error {
		return in.db.Tx(ctx, func(tx *db.Tx) error { return in.write(ctx, tx, list) })
	}
	err := write(groups)
	if err != nil && len(groups) > 1 {
		for _, g := range groups {
			g.err = write([]*group{g})
		}
	} else {
		for _, g := range groups {
			g.err = err
		}
	}
	for _, g := range groups {
		if g.err == nil && g.answer == "" {
			fresh := int64(0)
			for _, r := range g.receipts {
				if !r.Duplicate {
					fresh++
				}
			}
			in.backlog.Add(fresh)
			in.taken.Add(fresh)
		}
		close(g.done)
	}
	in.wake()
}

// write puts groups into the ledger in tx and fills in their receipts.
func (in *Intake) write(ctx context.Context, tx *db.Tx, groups []*group) error {
	now := in.now()
	var rows, files [][]any
	brought := map[scopedKey]*group{} // by this commit
	for _, g := range groups {
		g.answer, g.receipts, g.first = "", nil, nil
		if g.key != "" {
			key := scopedKey{g.ws, g.key}
			if first := brought[key]; first != nil {
				if g.first = first; g.bodyHash != first.bodyHash {
					g.answer = keyReused
				}
				continue
			}
			var err error
			if g.answer, err = in.claimKey(ctx, tx, g, now); err != nil {
				return err
			}
			if g.answer != "" {
				continue
			}
			brought[key] = g
		}
		if err := in.coverPhones(ctx, tx, g); err != nil {
			return err
		}
		if err := in.prepare(g, now); err != nil {
			return err
		}
		rows = append(rows, g.rows...)
		files = append(files, g.files...)
	}
	written, err := db.InsertReturning(ctx, tx, `INSERT INTO delivery (workspace_id, id, launch_id, channel, natural_key, import_id, payload, content_type, state, received_at, due_at, channel_id, format, parent_id, file)`,
		"ON CONFLICT DO NOTHING RETURNING id", rows, func(s db.Scanner) (id string, err error) { return id, s.Scan(&id) })
	if err != nil {
		return err
	}
	fresh := make(map[string]bool, len(written))
	for _, id := range written {
		fresh[id] = true
	}
	kept := files[:0]
	for _, f := range files {
		if fresh[f[2].(string)] {
			kept = append(kept, f)
		}
	}
	if err := db.Insert(ctx, tx, `INSERT INTO attachment (workspace_id, id, delivery_id, name, content_type, size, sha256)`, "", kept); err != nil {
		return err
	}
	if sealed := in.sealedRows(groups, fresh, now); len(sealed) > 0 {
		if err := privacy.Insert(ctx, tx, sealed); err != nil {
			return err
		}
	}
	for _, g := range groups {
		if g.answer != "" {
			continue
		}
		if g.first != nil { // stands before g in groups, so it is answered
			for _, r := range g.first.receipts {
				r.Duplicate = true
				g.receipts = append(g.receipts, r)
			}
			continue
		}
		for i, r := range g.rows {
			id := r[1].(string)
			if fresh[id] {
				g.receipts = append(g.receipts, Receipt{ID: id, DeliveryID: id, State: DeliveryAccepted})
				continue
			}
			first := Receipt{Duplicate: true}
			err := tx.QueryRowContext(ctx, `SELECT id, state FROM delivery WHERE workspace_id = $1 AND launch_id = $2 AND channel = $3 AND natural_key = $4`,
				g.ws, g.launchID, g.items[i].Input.Channel, r[4]).Scan(&first.ID, &first.State)
			if err != nil {
				return fmt.Errorf("find first delivery of %v: %w", r[4], err)
			}
			first.DeliveryID = first.ID
			g.receipts = append(g.receipts, first)
		}
		if g.key != "" {
			b, err := json.Marshal(g.receipts)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `UPDATE idempotency SET answer = $1 WHERE workspace_id = $2 AND key = $3`, string(b), g.ws, g.key); err != nil {
				return fmt.Errorf("keep answer of key %s: %w", g.key, err)
			}
		}
	}
	return nil
}

// scopedKey is an idempotency key of a workspace.
type scopedKey struct {
	ws  workspace.ID
	key string
}

// claimKey notes an idempotency key, or returns the answer it had before.
func (in *Intake) claimKey(ctx context.Context, tx *db.Tx, g *group, now time.Time) (string, error) {
	n, err := db.Affected(tx.ExecContext(ctx, `INSERT INTO idempotency (workspace_id, key, body_hash, answer, created_at) VALUES ($1, $2, $3, '', $4)
		ON CONFLICT DO NOTHING`, g.ws, g.key, g.bodyHash, db.Micros(now)))
	if err != nil {
		return "", fmt.Errorf("claim key %s: %w", g.key, err)
	}
	if n == 1 {
		return "", nil
	}
	var hash, answer string
	if err := tx.QueryRowContext(ctx, `SELECT body_hash, answer FROM idempotency WHERE workspace_id = $1 AND key = $2`, g.ws, g.key).Scan(&hash, &answer); err != nil {
		return "", fmt.Errorf("read key %s: %w", g.key, err)
	}
	if hash != g.bodyHash {
		// Not an error of the transaction: the others of the group go on.
		return keyReused, nil
	}
	return answer, nil
}

// coverPhones puts what a number is recognised by in the place of each number
// of a telephone, before anything is stored; where the workspace keeps
// numbers, they are brought to one form.
func (in *Intake) coverPhones(ctx context.Context, tx *db.Tx, g *group) error {
	var settings *person.Settings
	for i := range g.items {
		it := &g.items[i]
		a := it.Input.Author
		if it.Format != "" || a == nil || a.Phone == "" || person.IsHashed(a.Phone) {
			continue
		}
		if settings == nil {
			x, err := person.ReadSettings(ctx, tx, g.ws)
			if err != nil {
				return err
			}
			settings = &x
		}
		to := person.NormalPhone(a.Phone, settings.CallingCode)
		if !settings.KeepPhone {
			to = in.phones.Number(g.ws, to, "")
		}
		if to != a.Phone {
			author := *a // the caller's stays as it is
			author.Phone = to
			it.Input.Author, it.Raw = &author, nil
		}
	}
	return nil
}

// keyReused stands for the refusal of a key that came with another body.
const keyReused = "reused"

// prepare builds the rows of a group, once.
func (in *Intake) prepare(g *group, now time.Time) error {
	if g.rows != nil {
		return nil
	}
	for i := range g.items {
		it := &g.items[i]
		id := db.NewID()
		var natural any
		switch {
		case it.NaturalKey != "":
			natural = it.NaturalKey
		case it.Input.ExternalID != "":
			natural = "x:" + it.Input.ExternalID
		}
		for k := range it.Input.Attachments {
			f := &it.Input.Attachments[k]
			sum, err := in.files.Put(f.Data)
			if err != nil {
				return err
			}
			g.files = append(g.files, []any{g.ws, db.NewID(), id, f.Name, f.ContentType, int64(len(f.Data)), sum})
			f.Data = nil // the ledger keeps the report, the folder the file
			it.Raw = nil
		}
		for _, f := range it.Files {
			g.files = append(g.files, []any{g.ws, db.NewID(), id, f.Name, f.ContentType, f.Size, f.SHA256})
		}
		raw, file := it.Raw, ""
		if it.Format != "" && len(raw) > maxInline {
			var err error
			if file, err = in.files.Put(raw); err != nil {
				return err
			}
			raw = []byte{}
		}
		if raw == nil {
			b, err := it.Input.payload()
			if err != nil {
				return fmt.Errorf("write report: %w", err)
			}
			raw = b
		}
		g.rows = append(g.rows, []any{g.ws, id, g.launchID, it.Input.Channel, natural, it.ImportID, raw, cmp.Or(it.ContentType, "application/json"), DeliveryAccepted, db.Micros(now), db.Micros(now),
			it.ChannelID, it.Format, it.ParentID, file})
	}
	return nil
}

// Accept writes reports into the ledger and returns when they are on disk.
// All items must be valid (Input.Validate). key and bodyHash make a repeated
// request answer what the first did; key may be "".
func (s *Service) Accept(ctx context.Context, launchID string, items []Incoming, key, bodyHash string) ([]Receipt, error) {
	a, err := workspace.Need(ctx, workspace.SendFeedback)
	if err != nil {
		return nil, err
	}
	if err := s.checkLaunch(ctx, a.Workspace, launchID); err != nil {
		return nil, err
	}
	if err := s.protect(ctx, a.Workspace, launchID, items); err != nil {
		return nil, err
	}
	g := &group{ws: a.Workspace, launchID: launchID, items: items, key: key, bodyHash: bodyHash}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := s.intake.accept(ctx, g); err != nil {
		return nil, err
	}
	switch g.answer {
	case "":
		return g.receipts, nil
	case keyReused:
		return nil, errs.New(errs.Unprocessable, "The Idempotency-Key %q was used for another body; use a new key for new reports.", key)
	}
	var first []Receipt
	if err := json.Unmarshal([]byte(g.answer), &first); err != nil {
		return nil, fmt.Errorf("read kept answer of key %s: %w", key, err)
	}
	for i := range first {
		first[i].Duplicate = true
	}
	return first, nil
}

// AcceptIn is Accept as part of the caller's own transaction (an import
// commits its progress together with its rows). After the commit the caller
// must call Accepted.
func (s *Service) AcceptIn(ctx context.Context, tx *db.Tx, ws workspace.ID, launchID string, items []Incoming) ([]Receipt, error) {
	if err := s.protect(ctx, ws, launchID, items); err != nil {
		return nil, err
	}
	g := &group{ws: ws, launchID: launchID, items: items}
	// Files of reports are stored before, with PutFile: nothing waits for a
	// disk inside a transaction.
	if err := s.intake.write(ctx, tx, []*group{g}); err != nil {
		return nil, err
	}
	return g.receipts, nil
}

// Accepted tells the processor of n deliveries that AcceptIn wrote.
func (s *Service) Accepted(n int) {
	s.intake.backlog.Add(int64(n))
	s.intake.wake()
}

// DecodeInput reads one report from JSON. Unknown fields are refused.
func DecodeInput(raw []byte, now time.Time) (Input, error) {
	in, err := decode(raw)
	if err != nil {
		return in, err
	}
	return in, in.Validate(now)
}

// decodeStored reads what prepare wrote: the files of its attachments are in
// the data folder.
func decodeStored(raw []byte, now time.Time) (Input, error) {
	in, err := decode(raw)
	if err != nil {
		return in, err
	}
	in.Attachments = nil
	return in, in.Validate(now)
}

func decode(raw []byte) (Input, error) {
	var in Input
	if !utf8.Valid(raw) { // the decoder would put U+FFFD in its place
		return in, errs.New(errs.Invalid, "The report is not valid UTF-8; convert it first.")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		if bad, ok := errors.AsType[*time.ParseError](err); ok {
			return in, errs.New(errs.Invalid, "occurred_at must be a time like 2026-11-21T08:00:00Z, not %s.", bad.Value)
		}
		return in, web.BadJSON(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return in, errs.New(errs.Invalid, "There is more behind the JSON value; send one value.")
	}
	return in, nil
}
