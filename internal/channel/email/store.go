package email

import (
	"context"
	"fmt"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/workspace"
)

// position is how far a mailbox was read.
type position struct {
	place    string
	validity uint32
	uid      uint32
	since    int64
}

// hold takes or keeps a mailbox for a node; false when another has it.
func hold(ctx context.Context, tx *db.Tx, ws workspace.ID, channelID, node string, now time.Time, lease time.Duration) (p position, ok bool, err error) {
	err = tx.QueryRowContext(ctx, `INSERT INTO mailbox (workspace_id, channel_id, holder, held_until) VALUES ($1, $2, $3, $4)
		ON CONFLICT (workspace_id, channel_id) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until
			WHERE mailbox.holder = excluded.holder OR mailbox.held_until < $5
		RETURNING place, uid_validity, uid, since`, ws, channelID, node, db.Micros(now.Add(lease)), db.Micros(now)).Scan(&p.place, &p.validity, &p.uid, &p.since)
	if db.IsNoRows(err) {
		return p, false, nil
	}
	if err != nil {
		return p, false, fmt.Errorf("hold mailbox %s: %w", channelID, err)
	}
	return p, true, nil
}

// release lets another node have a mailbox at once.
func release(ctx context.Context, tx *db.Tx, ws workspace.ID, channelID, node string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE mailbox SET held_until = 0 WHERE workspace_id = $1 AND channel_id = $2 AND holder = $3`, ws, channelID, node); err != nil {
		return fmt.Errorf("release mailbox %s: %w", channelID, err)
	}
	return nil
}

// advance notes how far a mailbox was read, and keeps it; false when another
// node has it meanwhile.
func advance(ctx context.Context, tx *db.Tx, ws workspace.ID, channelID, node string, p position, now time.Time, lease time.Duration) (bool, error) {
	n, err := db.Affected(tx.ExecContext(ctx, `UPDATE mailbox SET place = $1, uid_validity = $2, uid = $3, since = $4, held_until = $5 WHERE workspace_id = $6 AND channel_id = $7 AND holder = $8`,
		p.place, int64(p.validity), int64(p.uid), p.since, db.Micros(now.Add(lease)), ws, channelID, node))
	if err != nil {
		return false, fmt.Errorf("note position of mailbox %s: %w", channelID, err)
	}
	return n == 1, nil
}

// What a mail became.
const (
	aReport  = "report"
	aMessage = "message"
	aNote    = "note"
	aBounce  = "bounce"
	nothing  = "none"
)

// entry is what became of one mail.
type entry struct {
	messageID, channelID, became, feedbackID, topic, sender string
	at                                                      time.Time
	acked                                                   bool
}

func known(ctx context.Context, q db.Queryer, ws workspace.ID, launchID, messageID string) (became string, err error) {
	err = q.QueryRowContext(ctx, `SELECT became FROM mail WHERE workspace_id = $1 AND launch_id = $2 AND message_id = $3`, ws, launchID, messageID).Scan(&became)
	if err != nil && !db.IsNoRows(err) {
		return "", fmt.Errorf("find mail: %w", err)
	}
	return became, nil
}

func remember(ctx context.Context, tx *db.Tx, ws workspace.ID, launchID string, e entry) error {
	var ack int64
	if e.acked {
		ack = db.Micros(e.at)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO mail (workspace_id, launch_id, message_id, channel_id, became, feedback_id, topic, sender, received_at, acked_at, ack_due)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) ON CONFLICT DO NOTHING`,
		ws, launchID, e.messageID, e.channelID, e.became, e.feedbackID, e.topic, e.sender, db.Micros(e.at), ack)
	if err != nil {
		return fmt.Errorf("remember mail: %w", err)
	}
	return nil
}

// channelOf returns the channel that a mail came by, "" when it is not known.
func channelOf(ctx context.Context, q db.Queryer, ws workspace.ID, launchID, messageID string) (id string, err error) {
	err = q.QueryRowContext(ctx, `SELECT channel_id FROM mail WHERE workspace_id = $1 AND launch_id = $2 AND message_id = $3`, ws, launchID, messageID).Scan(&id)
	if err != nil && !db.IsNoRows(err) {
		return "", fmt.Errorf("find channel of mail: %w", err)
	}
	return id, nil
}

// ofTopic finds the newest mail of a sender on a subject since then.
func ofTopic(ctx context.Context, q db.Queryer, ws workspace.ID, launchID, topic string, since time.Time) (messageID, feedbackID string, err error) {
	err = q.QueryRowContext(ctx, `SELECT message_id, feedback_id FROM mail WHERE workspace_id = $1 AND launch_id = $2 AND topic = $3 AND received_at >= $4
		AND became IN ('report', 'message') ORDER BY received_at DESC LIMIT 1`, ws, launchID, topic, db.Micros(since)).Scan(&messageID, &feedbackID)
	if err != nil && !db.IsNoRows(err) {
		return "", "", fmt.Errorf("find mail on a subject: %w", err)
	}
	return messageID, feedbackID, nil
}

// ackedSince reports whether a sender was promised an acknowledgement since then.
func ackedSince(ctx context.Context, q db.Queryer, ws workspace.ID, sender string, since time.Time) (bool, error) {
	var n int
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM mail WHERE workspace_id = $1 AND sender = $2 AND acked_at <> 0 AND acked_at >= $3 LIMIT 1) AS t`, ws, sender, db.Micros(since)).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("find acknowledgements: %w", err)
	}
	return n > 0, nil
}

// ack is an acknowledgement to be sent.
type ack struct {
	ws                             workspace.ID
	launchID, channelID, messageID string
	attempts                       int
}

// dueAcks takes acknowledgements of all workspaces that are to go out now.
func dueAcks(ctx context.Context, tx *db.Tx, now time.Time, lease time.Duration, limit int) ([]ack, error) {
	return db.All(ctx, tx, func(r db.Scanner) (a ack, err error) {
		return a, r.Scan(&a.ws, &a.launchID, &a.channelID, &a.messageID, &a.attempts)
	}, `UPDATE mail SET ack_due = $1, ack_attempts = ack_attempts + 1
		WHERE (workspace_id, launch_id, message_id) IN (SELECT workspace_id, launch_id, message_id FROM mail WHERE ack_due <> 0 AND ack_due <= $2 ORDER BY ack_due LIMIT $3 `+tx.SkipLocked()+`)
		RETURNING workspace_id, launch_id, channel_id, message_id, ack_attempts`, db.Micros(now.Add(lease)), db.Micros(now), limit)
}

func ackDone(ctx context.Context, tx *db.Tx, a ack) error {
	if _, err := tx.ExecContext(ctx, `UPDATE mail SET ack_due = 0 WHERE workspace_id = $1 AND launch_id = $2 AND message_id = $3`, a.ws, a.launchID, a.messageID); err != nil {
		return fmt.Errorf("note acknowledgement: %w", err)
	}
	return nil
}

// forget removes what is known of old mail, of all workspaces; threads are
// found by their messages.
func forget(ctx context.Context, tx *db.Tx, before time.Time) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM mail WHERE received_at < $1`, db.Micros(before)); err != nil {
		return fmt.Errorf("forget old mail: %w", err)
	}
	return nil
}

// replyTo is the report that an address with a token is of.
type replyTo struct {
	ws                              workspace.ID
	launchID, channelID, feedbackID string
}

func putToken(ctx context.Context, tx *db.Tx, token string, r replyTo, now time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO reply_address (token, workspace_id, launch_id, channel_id, feedback_id, created_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (token) DO UPDATE SET channel_id = excluded.channel_id`, token, r.ws, r.launchID, r.channelID, r.feedbackID, db.Micros(now))
	if err != nil {
		return fmt.Errorf("keep address for answers: %w", err)
	}
	return nil
}

// byToken finds a report in all workspaces: the token says which it is.
func byToken(ctx context.Context, q db.Queryer, token string) (r replyTo, ok bool, err error) {
	err = q.QueryRowContext(ctx, `SELECT workspace_id, launch_id, channel_id, feedback_id FROM reply_address WHERE token = $1`, token).Scan(&r.ws, &r.launchID, &r.channelID, &r.feedbackID)
	if db.IsNoRows(err) {
		return r, false, nil
	}
	if err != nil {
		return r, false, fmt.Errorf("find report of an address: %w", err)
	}
	return r, true, nil
}

// holdChannel makes mails of one channel wait for each other: a reply is read
// after what it answers.
func holdChannel(ctx context.Context, tx *db.Tx, ws workspace.ID, channelID string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE channel SET enabled = enabled WHERE workspace_id = $1 AND id = $2`, ws, channelID); err != nil {
		return fmt.Errorf("hold channel %s: %w", channelID, err)
	}
	return nil
}
