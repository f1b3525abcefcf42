package feedback

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/workspace"
)

// The states of a delivery.
const (
	DeliveryAccepted  = "accepted"  // on disk, still to be processed
	DeliveryProcessed = "processed" // there is a feedback made from it
	DeliveryDead      = "dead"      // can't be processed; Reason says why
	DeliveryUndone    = "undone"    // its import was taken back
)

// maxAttempts is how often a delivery is tried before it is dead.
const maxAttempts = 6

// Delivery is one raw thing that arrived, kept as it came.
type Delivery struct {
	ID          string     `json:"id"`
	LaunchID    string     `json:"launch_id"`
	Channel     string     `json:"channel"`
	NaturalKey  string     `json:"natural_key,omitempty"`
	ImportID    string     `json:"import_id,omitempty"`
	State       string     `json:"state" enum:"accepted,processed,dead,undone"`
	Reason      string     `json:"reason,omitempty"`
	Attempts    int        `json:"attempts"`
	Size        int        `json:"size" doc:"Bytes of the payload."`
	ReceivedAt  time.Time  `json:"received_at"`
	ProcessedAt *time.Time `json:"processed_at,omitempty"`
	FeedbackID  string     `json:"feedback_id,omitempty"`
	ContentType string     `json:"content_type"`
	ChannelID   string     `json:"channel_id,omitempty"`
	Format      string     `json:"format,omitempty" doc:"Of whom it is; absent for a report as the API takes it."`
	ParentID    string     `json:"parent_id,omitempty" doc:"The delivery that it was made of."`
	Payload     string     `json:"payload,omitempty" doc:"As it came, but for what the privacy policy covers; only when one delivery is asked for."`
	Encoding    string     `json:"encoding,omitempty" enum:"base64" doc:"How a payload is written that is no text."`
	Made        []string   `json:"made,omitempty" doc:"Deliveries that were made of it; only when one delivery is asked for."`
}

const deliveryColumns = `id, launch_id, channel, COALESCE(natural_key, ''), import_id, state, reason, attempts, length(payload), received_at, processed_at, content_type, channel_id, format, parent_id, file`

func scanDelivery(s db.Scanner) (Delivery, error) {
	var d Delivery
	var received, processed int64
	var file string
	err := s.Scan(&d.ID, &d.LaunchID, &d.Channel, &d.NaturalKey, &d.ImportID, &d.State, &d.Reason, &d.Attempts, &d.Size, &received, &processed, &d.ContentType, &d.ChannelID, &d.Format, &d.ParentID, &file)
	d.ReceivedAt = db.Time(received)
	if processed != 0 {
		t := db.Time(processed)
		d.ProcessedAt = &t
	}
	if d.State == DeliveryProcessed && d.Format == "" {
		d.FeedbackID = d.ID
	}
	return d, err
}

// DeliveryFilter selects deliveries; empty fields select all.
type DeliveryFilter struct {
	LaunchID, State, Channel, ImportID, ChannelID, ParentID string
	Before                                                  string // id of the last row of the page before
	Limit                                                   int
}

// Deliveries returns a page of the ledger, newest first.
func (s *Service) Deliveries(ctx context.Context, f DeliveryFilter) ([]Delivery, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	if f.Before == "" {
		f.Before = "zz" // sorts behind every id
	}
	where, args := `workspace_id = $1 AND id < $2`, []any{a.Workspace, f.Before}
	for _, c := range []struct{ column, value string }{{"launch_id", f.LaunchID}, {"state", f.State}, {"channel", f.Channel}, {"import_id", f.ImportID}, {"channel_id", f.ChannelID}, {"parent_id", f.ParentID}} {
		if c.value != "" {
			args = append(args, c.value)
			where += fmt.Sprintf(" AND %s = $%d", c.column, len(args))
		}
	}
	args = append(args, f.Limit)
	list, err := db.All(ctx, s.db, scanDelivery, `SELECT `+deliveryColumns+` FROM delivery WHERE `+where+
		fmt.Sprintf(` ORDER BY id DESC LIMIT $%d`, len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	return list, nil
}

// DeliveryCounts returns how many deliveries of a launch are in each state.
// Accepted and dead ones are few and counted by index; processed ones are the
// feedback there is.
func (s *Service) DeliveryCounts(ctx context.Context, launchID string) (map[string]int, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	for _, state := range []string{DeliveryAccepted, DeliveryDead, DeliveryUndone} {
		var n int
		if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT launch_id FROM delivery WHERE workspace_id = $1 AND state = $2 AND launch_id = $3 LIMIT 100000) AS t`,
			a.Workspace, state, launchID).Scan(&n); err != nil {
			return nil, fmt.Errorf("count deliveries: %w", err)
		}
		out[state] = n
	}
	cols, err := s.columns(ctx, a.Workspace, launchID)
	if err != nil {
		return nil, err
	}
	out[DeliveryProcessed] = cols.Len()
	return out, nil
}

// Delivery returns one with its payload.
func (s *Service) Delivery(ctx context.Context, id string) (Delivery, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return Delivery{}, err
	}
	d, err := scanDelivery(s.db.QueryRowContext(ctx, `SELECT `+deliveryColumns+` FROM delivery WHERE workspace_id = $1 AND id = $2`, a.Workspace, id))
	if db.IsNoRows(err) {
		return d, errs.New(errs.NotFound, "There is no delivery %s in this workspace.", id)
	} else if err != nil {
		return d, fmt.Errorf("get delivery %s: %w", id, err)
	}
	var payload []byte
	var file string
	if err := s.db.QueryRowContext(ctx, `SELECT payload, file FROM delivery WHERE workspace_id = $1 AND id = $2`, a.Workspace, id).Scan(&payload, &file); err != nil {
		return d, fmt.Errorf("get payload of %s: %w", id, err)
	}
	if file != "" {
		if payload, err = s.readFile(file); err != nil {
			return d, fmt.Errorf("get payload of %s: %w", id, err)
		}
		d.Size = len(payload)
	}
	if d.Payload = string(payload); !utf8.Valid(payload) {
		d.Payload, d.Encoding = base64.StdEncoding.EncodeToString(payload), "base64"
	}
	if d.Format != "" {
		d.Made, err = db.All(ctx, s.db, func(r db.Scanner) (x string, err error) { return x, r.Scan(&x) },
			`SELECT id FROM delivery WHERE workspace_id = $1 AND parent_id = $2 AND parent_id <> '' ORDER BY id LIMIT 1000`, a.Workspace, id)
		if err != nil {
			return d, fmt.Errorf("list what was made of %s: %w", id, err)
		}
	}
	return d, nil
}

// Replay sends deliveries through processing again: one by id, or all dead
// ones of a launch when id is "". What a replay makes has the same id, so it
// never makes a second feedback.
func (s *Service) Replay(ctx context.Context, id, launchID string) (int, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return 0, err
	}
	var n int64
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		query, args := `UPDATE delivery SET state = 'accepted', attempts = 0, reason = '', due_at = $1 WHERE workspace_id = $2 AND id = $3 AND state IN ('dead', 'processed')`, []any{db.Micros(s.now()), a.Workspace, id}
		if id == "" {
			query, args = `UPDATE delivery SET state = 'accepted', attempts = 0, reason = '', due_at = $1 WHERE workspace_id = $2 AND launch_id = $3 AND state = 'dead'`, []any{db.Micros(s.now()), a.Workspace, launchID}
		}
		if n, err = db.Affected(tx.ExecContext(ctx, query, args...)); err != nil {
			return fmt.Errorf("replay: %w", err)
		}
		return a.Audit(ctx, tx, "delivery.replay", "delivery", id, map[string]any{"launch": launchID, "count": n})
	})
	if err != nil {
		return 0, err
	}
	if id != "" && n == 0 {
		if _, err := s.Delivery(ctx, id); err != nil {
			return 0, err
		}
		return 0, errs.New(errs.Conflict, "This delivery waits to be processed already, or its import was undone.")
	}
	s.Accepted(int(n))
	s.bus.Publish(event.Event{Workspace: string(a.Workspace), Type: "delivery.updated", LaunchID: launchID, Count: int(n)})
	return int(n), nil
}
