package evidence

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/release"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Bounds of pins.
const (
	maxPins = 100 // of a feedback
	maxNote = 2000
)

// pin is what somebody chose.
type pin struct {
	feedbackID string
	id         string
	byHand     bool
	note       string
	by         string
	item       Item
}

const pinColumns = `feedback_id, evidence_id, by_hand, note, pinned_by, item`

func scanPin(s db.Scanner) (p pin, err error) {
	var item string
	if err := s.Scan(&p.feedbackID, &p.id, &p.byHand, &p.note, &p.by, &item); err != nil {
		return p, err
	}
	if err := json.Unmarshal([]byte(item), &p.item); err != nil {
		return p, fmt.Errorf("read pinned %s: %w", p.id, err)
	}
	p.item.Pinned, p.item.ByHand, p.item.Note, p.item.PinnedBy = true, p.byHand, p.note, p.by
	return p, nil
}

func pinsOf(ctx context.Context, q db.Queryer, ws workspace.ID, feedbackIDs ...string) ([]pin, error) {
	var out []pin
	for part := range slices.Chunk(feedbackIDs, 500) {
		list, err := db.All(ctx, q, scanPin, `SELECT `+pinColumns+` FROM evidence_pin WHERE workspace_id = $1 AND feedback_id IN (`+db.In(2, len(part))+`) ORDER BY pinned_at, evidence_id`,
			append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("list pinned evidence: %w", err)
		}
		out = append(out, list...)
	}
	return out, nil
}

// withPins marks what is pinned, and adds what was not found again: the copy
// that was kept.
func (s *Service) withPins(ctx context.Context, ws workspace.ID, feedbackID string, e *Evidence) error {
	pins, err := pinsOf(ctx, s.db, ws, feedbackID)
	if err != nil {
		return err
	}
	for _, p := range pins {
		at := slices.IndexFunc(e.Items, func(i Item) bool { return i.ID == p.id })
		if at >= 0 {
			i := &e.Items[at]
			i.Pinned, i.ByHand, i.Note, i.PinnedBy = true, p.byHand, p.note, p.by
			continue
		}
		p.item.Kept = s.isGone(ctx, ws, p.id)
		e.Items = append(e.Items, p.item)
	}
	return nil
}

// isGone reports whether the source of a copy can't be had any more.
func (s *Service) isGone(ctx context.Context, ws workspace.ID, id string) bool {
	kind, rest, err := split(id)
	if err != nil {
		return true
	}
	switch kind {
	case Call:
		if s.calls == nil {
			return true
		}
		cid, err := call.ParseID(rest)
		if err != nil {
			return true
		}
		_, err = s.calls.Get(ctx, ws, cid)
		return err != nil
	case Release:
		_, err := s.release(ctx, ws, rest)
		return err != nil
	}
	_, err = s.fromSource(ctx, ws, kind, rest)
	return err != nil
}

func (s *Service) release(ctx context.Context, ws workspace.ID, id string) (*Found, error) {
	m, err := release.Get(ctx, s.db, ws, id)
	if err != nil {
		return nil, err
	}
	return releaseFound(m), nil
}

// Pin keeps a copy of something with a feedback, for good: masked, and
// whatever becomes of its source. What was not proposed is added by hand.
func (s *Service) Pin(ctx context.Context, feedbackID, id, note string) (*Item, error) {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return nil, err
	}
	note = strings.TrimSpace(note)
	if len(note) > maxNote || strings.ContainsRune(note, 0) {
		return nil, errs.New(errs.Invalid, "A note on evidence has at most 2,000 characters, and no NUL; shorten it.")
	}
	l, err := s.of(ctx, a.Workspace, feedbackID)
	if err != nil {
		return nil, err
	}
	c, err := s.one(ctx, a.Workspace, l, id)
	if err != nil {
		return nil, err
	}
	byHand := !slices.Contains(l.list, c)
	item := c.itemOf()
	item.ID = id
	kept := s.covered(item)
	text, err := stored(&kept)
	if err != nil {
		return nil, fmt.Errorf("copy %s: %w", id, err)
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM evidence_pin WHERE workspace_id = $1 AND feedback_id = $2 AND evidence_id <> $3`, a.Workspace, feedbackID, id).Scan(&n); err != nil {
			return fmt.Errorf("count pins of %s: %w", feedbackID, err)
		}
		if n >= maxPins {
			return errs.New(errs.Conflict, "A feedback has at most %d pins; take one away first.", maxPins)
		}
		// Pinned again: the note is new, the copy stays as it was.
		if _, err := tx.ExecContext(ctx, `INSERT INTO evidence_pin (workspace_id, feedback_id, evidence_id, launch_id, by_hand, note, item, pinned_at, pinned_by)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (workspace_id, feedback_id, evidence_id) DO UPDATE SET note = $6`,
			a.Workspace, feedbackID, id, l.f.LaunchID, byHand, note, text, db.Micros(s.now()), a.Name); err != nil {
			return fmt.Errorf("pin %s: %w", id, err)
		}
		return a.Audit(ctx, tx, "evidence.pin", "feedback", feedbackID, map[string]any{"evidence": id})
	})
	if err != nil {
		return nil, err
	}
	if !byHand {
		// To keep something is to say that it is useful.
		if err := s.learn(ctx, a.Workspace, l, id, true); err != nil {
			s.log.WarnContext(ctx, "learn from a pin", "feedback", feedbackID, "err", err)
		}
	}
	s.told(ctx, a.Workspace, l.f)
	item.Pinned, item.ByHand, item.Note, item.PinnedBy = true, byHand, note, a.Name
	return &item, nil
}

// Unpin lets go of a copy.
func (s *Service) Unpin(ctx context.Context, feedbackID, id string) error {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return err
	}
	var launchID string
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		err := tx.QueryRowContext(ctx, `DELETE FROM evidence_pin WHERE workspace_id = $1 AND feedback_id = $2 AND evidence_id = $3 RETURNING launch_id`, a.Workspace, feedbackID, id).Scan(&launchID)
		if db.IsNoRows(err) {
			return errs.New(errs.NotFound, "This evidence is not pinned to the feedback.")
		} else if err != nil {
			return fmt.Errorf("unpin %s: %w", id, err)
		}
		return a.Audit(ctx, tx, "evidence.unpin", "feedback", feedbackID, map[string]any{"evidence": id})
	})
	if err != nil {
		return err
	}
	s.told(ctx, a.Workspace, &feedback.Feedback{ID: feedbackID, LaunchID: launchID})
	return nil
}

// told lets watchers know that the evidence of a feedback changed.
func (s *Service) told(ctx context.Context, ws workspace.ID, f *feedback.Feedback) {
	s.bus.Publish(event.Event{Workspace: string(ws), Type: "evidence.updated", LaunchID: f.LaunchID, ID: f.ID, By: workspace.By(ctx)})
}

// covered is an item without secrets and personal data, as copies are kept:
// who looks at an issue in a year needs neither.
func (s *Service) covered(i Item) Item {
	cover := s.masker.Text
	i.Title, i.Reason = cover(i.Title), cover(i.Reason)
	i.Parts = slices.Clone(i.Parts)
	for k := range i.Parts {
		i.Parts[k].Say = cover(i.Parts[k].Say)
	}
	if i.Call != nil {
		c := *i.Call
		c.Path, c.Query, c.Agent, c.Tries = cover(c.Path), cover(c.Query), cover(c.Agent), cover(c.Tries)
		c.User, c.Client = cover(c.User), cover(c.Client)
		i.Call = &c
	}
	for _, t := range []**Thing{&i.Error, &i.Span, &i.Log, &i.Alert, &i.Release, &i.Session, &i.Issue} {
		if *t == nil {
			continue
		}
		x := **t
		x.Title, x.Message, x.URL = cover(x.Title), cover(x.Message), cover(x.URL)
		labels := make(map[string]string, len(x.Labels))
		for k, v := range x.Labels {
			labels[k] = s.masker.Header(k, v)
		}
		if x.Labels = labels; len(labels) == 0 {
			x.Labels = nil
		}
		*t = &x
	}
	return i
}
