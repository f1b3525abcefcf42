package feedback

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Raw is a delivery in a format of others, as it came.
type Raw struct {
	Workspace   workspace.ID
	LaunchID    string
	ID          string // of the delivery
	ChannelID   string
	Channel     string // kind of channel
	Format      string
	ContentType string
	Payload     []byte
	ReceivedAt  time.Time
	Attempts    int // 1 at the first time
}

// Outcome is what a Handler makes of a delivery.
type Outcome struct {
	// Apply writes what the delivery is, in the transaction that marks it as
	// processed, and returns the reports to be made of it. It may run again
	// after a rollback. Files of reports are stored before (PutFile). nil:
	// there is nothing to be done.
	Apply func(ctx context.Context, tx *db.Tx) ([]Incoming, error)
	// After runs when that is committed: events, for example. May be nil.
	After func()
	// Reason says, after Apply, why no report was made, for who looks at the
	// delivery. May be nil.
	Reason func() string
}

// Handler reads one delivery of a format. It writes nothing yet. An error
// that says what is wrong with the delivery (errs.Invalid and its like) makes
// it dead; any other is tried again later. A replay comes here again: what
// Apply writes has natural keys.
type Handler func(ctx context.Context, d *Raw) (Outcome, error)

// handleTime bounds the reading of one delivery.
const handleTime = 30 * time.Second

// Handle hands in who reads a format, before Process runs.
func (s *Service) Handle(format string, h Handler) { s.handlers[format] = h }

// PutFile stores the bytes of an attachment, durably, before the report that
// it belongs to is accepted.
func (s *Service) PutFile(name, contentType string, data []byte) (StoredFile, error) {
	sum, err := s.files.Put(data)
	return StoredFile{Name: name, ContentType: contentType, SHA256: sum, Size: int64(len(data))}, err
}

func (s *Service) readFile(name string) ([]byte, error) {
	f, err := s.files.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	return io.ReadAll(f)
}

// handled is a foreign delivery after its handler.
type handled struct {
	work    work
	outcome Outcome
	dead    string // why it can't be read
}

func (s *Service) handle(ctx context.Context, w work) (*handled, error) {
	h := s.handlers[w.format]
	if h == nil {
		return &handled{work: w, dead: fmt.Sprintf("This version of hypercare can't read the format %s; replay it with one that can.", w.format)}, nil
	}
	if w.file != "" {
		var err error
		if w.payload, err = s.readFile(w.file); err != nil {
			return nil, fmt.Errorf("read payload of %s: %w", w.id, err)
		}
	}
	ctx, cancel := context.WithTimeout(workspace.System(ctx, w.ws), handleTime)
	defer cancel()
	out, err := h(ctx, &Raw{Workspace: w.ws, LaunchID: w.launchID, ID: w.id, ChannelID: w.channelID, Channel: w.channel, Format: w.format,
		ContentType: w.contentType, Payload: w.payload, ReceivedAt: db.Time(w.received), Attempts: w.attempts})
	w.payload = nil
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Unprocessable, errs.NotFound, errs.Conflict, errs.TooLarge, errs.Denied:
		if err != nil {
			return &handled{work: w, dead: errs.Message(err)}, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("handle %s delivery %s: %w", w.format, w.id, err)
	}
	return &handled{work: w, outcome: out}, nil
}

// apply writes what foreign deliveries are, and reports how many reports were
// made of them.
func (s *Service) apply(ctx context.Context, tx *db.Tx, ws workspace.ID, launchID string, foreign []*handled, waiting map[string]bool) (int, error) {
	made := 0
	for _, h := range foreign {
		if !waiting[h.work.id] || h.outcome.Apply == nil {
			continue
		}
		list, err := h.outcome.Apply(workspace.System(ctx, ws), tx)
		if err == nil && h.outcome.Reason != nil {
			err = giveReason(ctx, tx, ws, h.work.id, h.outcome.Reason())
		}
		if err != nil {
			return 0, fmt.Errorf("apply %s delivery %s: %w", h.work.format, h.work.id, err)
		}
		if len(list) == 0 {
			continue
		}
		for i := range list {
			it := &list[i]
			it.ParentID, it.ChannelID = h.work.id, h.work.channelID
			if it.Input.Channel == "" {
				it.Input.Channel = h.work.channel
			}
			if err := it.Input.Validate(s.now()); err != nil {
				return 0, fmt.Errorf("report made of %s delivery %s: %w", h.work.format, h.work.id, err)
			}
		}
		receipts, err := s.AcceptIn(ctx, tx, ws, launchID, list)
		if err != nil {
			return 0, err
		}
		for _, r := range receipts {
			if !r.Duplicate {
				made++
			}
		}
	}
	return made, nil
}

// giveReason notes at a processed delivery why no report was made of it.
func giveReason(ctx context.Context, tx *db.Tx, ws workspace.ID, id, reason string) error {
	if reason == "" {
		return nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE delivery SET reason = $1 WHERE workspace_id = $2 AND id = $3`, reason, ws, id)
	return err
}

// applied follows the commit of apply.
func (s *Service) applied(foreign []*handled, made int) {
	if made > 0 {
		s.Accepted(made)
	}
	for _, h := range foreign {
		if h.outcome.After != nil {
			h.outcome.After()
		}
	}
}
