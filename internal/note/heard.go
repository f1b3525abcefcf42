package note

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/audit"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Heard writes in tx, as a note on a report, what somebody of the team said
// elsewhere, such as by mail. Tell must follow the commit.
func (s *Service) Heard(ctx context.Context, tx *db.Tx, ws workspace.ID, feedbackID string, author audit.Actor, text string, at time.Time) (*Note, error) {
	if text = strings.TrimSpace(strings.ReplaceAll(text, "\x00", "")); utf8.RuneCountInString(text) > maxText {
		text = string([]rune(text)[:maxText-1]) + "…"
	}
	n := &Note{ID: db.NewID(), Text: text, Author: author, Mentions: []Mentioned{}, CreatedAt: at.UTC().Truncate(time.Microsecond)}
	if err := s.place(ctx, tx, ws, n, Subject{FeedbackID: feedbackID}); err != nil {
		return nil, err
	}
	return n, insert(ctx, tx, ws, n)
}

// Tell tells watchers of a note that Heard wrote.
func (s *Service) Tell(ws workspace.ID, n *Note) { s.publish(ws, n, actCreate) }
