package widget

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/workspace"
)

// link leads a reporter to their report.
type link struct {
	ws                              workspace.ID
	launchID, channelID, deliveryID string
	ref, language, zone             string
}

const (
	linkAge  = 365 * 24 * time.Hour
	maxLinks = 8 // of one report: each repeat gets one, since the first answer may be lost
)

func hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// mint makes a link to what came as a delivery and returns its token.
func (s *Service) mint(ctx context.Context, c *channel.Channel, deliveryID string, r *report) (string, error) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	token := base64.RawURLEncoding.EncodeToString(b[:])
	now := s.now()
	language, zone := clip(r.Language, 2), ""
	if r.Details {
		zone = clip(r.Env.Zone, 60)
	}
	err := s.DB.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM follow_link WHERE workspace_id = $1 AND expires_at < $2`, c.Workspace, db.Micros(now)); err != nil {
			return fmt.Errorf("drop old links: %w", err)
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO follow_link (token_hash, workspace_id, launch_id, channel_id, delivery_id, ref, language, zone, created_at, expires_at)
			SELECT $1, $2, $3, $4, $5, $6, $7, $8, CAST($9 AS BIGINT), CAST($10 AS BIGINT)
			WHERE (SELECT COUNT(*) FROM follow_link WHERE workspace_id = $2 AND delivery_id = $5) < $11`,
			hash(token), c.Workspace, c.LaunchID, c.ID, deliveryID, reference(c.ID, r.ID), language, zone, db.Micros(now), db.Micros(now.Add(linkAge)), maxLinks)
		if err != nil {
			return fmt.Errorf("keep link: %w", err)
		}
		return nil
	})
	return token, err
}

// byToken finds a link in all workspaces: the token says which it is.
func byToken(ctx context.Context, q db.Queryer, token string, now time.Time) (*link, error) {
	l := &link{}
	err := q.QueryRowContext(ctx, `SELECT workspace_id, launch_id, channel_id, delivery_id, ref, language, zone FROM follow_link WHERE token_hash = $1 AND expires_at > $2`, hash(token), db.Micros(now)).
		Scan(&l.ws, &l.launchID, &l.channelID, &l.deliveryID, &l.ref, &l.language, &l.zone)
	if err != nil && !db.IsNoRows(err) {
		return nil, fmt.Errorf("find link: %w", err)
	}
	return l, err
}

// linkOf returns the channel by whose link the reporter of a feedback follows
// it; "" when there is none.
func linkOf(ctx context.Context, q db.Queryer, ws workspace.ID, feedbackID string, now time.Time) (channelID string, err error) {
	err = q.QueryRowContext(ctx, `SELECT l.channel_id FROM delivery d JOIN follow_link l ON l.workspace_id = d.workspace_id AND l.delivery_id = d.parent_id
		WHERE d.workspace_id = $1 AND d.id = $2 AND l.expires_at > $3 LIMIT 1`, ws, feedbackID, db.Micros(now)).Scan(&channelID)
	if db.IsNoRows(err) {
		return "", nil
	} else if err != nil {
		return "", fmt.Errorf("find link of %s: %w", feedbackID, err)
	}
	return channelID, nil
}

// madeOf returns the feedback that a delivery became; "" while it has not.
func madeOf(ctx context.Context, q db.Queryer, ws workspace.ID, deliveryID string) (id string, err error) {
	err = q.QueryRowContext(ctx, `SELECT f.id FROM delivery d JOIN feedback f ON f.workspace_id = d.workspace_id AND f.id = d.id
		WHERE d.workspace_id = $1 AND d.parent_id = $2 AND d.parent_id <> '' AND d.format = '' ORDER BY d.id LIMIT 1`, ws, deliveryID).Scan(&id)
	if db.IsNoRows(err) {
		return "", nil
	} else if err != nil {
		return "", fmt.Errorf("find report of %s: %w", deliveryID, err)
	}
	return id, nil
}

// stateOf returns the state of a delivery; "" when it is gone, with the person
// whom it was of.
func stateOf(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (state string, err error) {
	err = q.QueryRowContext(ctx, `SELECT state FROM delivery WHERE workspace_id = $1 AND id = $2`, ws, id).Scan(&state)
	if db.IsNoRows(err) {
		return "", nil
	} else if err != nil {
		return "", fmt.Errorf("look at delivery %s: %w", id, err)
	}
	return state, nil
}

// keepBuild writes the files of this build where later programs find them.
func (s *Service) keepBuild(ctx context.Context) error {
	var n int
	if err := s.DB.QueryRowContext(ctx, `SELECT COUNT(*) FROM widget_file WHERE version = $1`, s.Version).Scan(&n); err != nil {
		return fmt.Errorf("look for this build of the widget: %w", err)
	}
	if n > 0 {
		return nil
	}
	names, err := fs.Glob(s.Files, "*.js")
	if err != nil {
		return err
	}
	var rows [][]any
	for _, name := range names {
		body, err := fs.ReadFile(s.Files, name+".gz")
		if err != nil {
			return fmt.Errorf("read the widget: %w", err)
		}
		rows = append(rows, []any{s.Version, name, body, db.Micros(s.now())})
	}
	return s.DB.Tx(ctx, func(tx *db.Tx) error {
		return db.Insert(ctx, tx, `INSERT INTO widget_file (version, name, body, created_at)`, "ON CONFLICT DO NOTHING", rows)
	})
}

const maxOld = 100 // files of earlier builds in memory, about 15 kB each

// oldFile returns a file of an earlier build, gzip; nil when there is none.
func (s *Service) oldFile(ctx context.Context, version, name string) ([]byte, error) {
	key := version + "/" + name
	s.mu.Lock()
	body, ok := s.old[key]
	s.mu.Unlock()
	if ok {
		return body, nil
	}
	err := s.DB.QueryRowContext(ctx, `SELECT body FROM widget_file WHERE version = $1 AND name = $2`, version, name).Scan(&body)
	if db.IsNoRows(err) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("read widget %s: %w", key, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.old) >= maxOld {
		clear(s.old)
	}
	s.old[key] = body
	return body, nil
}

func unzip(b []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(z, 4<<20))
}
