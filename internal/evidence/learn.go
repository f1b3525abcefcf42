package evidence

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// How votes teach. A vote says that one thing should have stood above others:
// each such pair moves the weights a little along the difference of their
// facts, by pairwise logistic loss (as RankNet, Burges et al. 2005, with one
// layer). What a weight may be moved by is bounded (mostLearnt), and old
// lessons fade, so that no member and no week can turn the order over.
const (
	rate      = .08
	fade      = .002 // of what was learnt, each vote
	mostPairs = 6    // others that one vote is held against
)

// lesson moves learnt weights by one vote: winner should stand above loser.
func (w weights) lesson(learnt weights, winner, loser *facts) {
	total := w.plus(learnt)
	a, b := winner.values(), loser.values()
	margin := 0.0
	for k := range a {
		margin += total[k] * (a[k] - b[k])
	}
	step := rate / (1 + math.Exp(margin))
	for k := range a {
		limit := math.Abs(w[k]) * mostLearnt
		learnt[k] = math.Max(-limit, math.Min(limit, learnt[k]*(1-fade)+step*(a[k]-b[k])))
	}
}

// teach takes one vote on something that was found: against those that stood
// around it.
func (w weights) teach(learnt weights, list []*candidate, id string, useful bool) bool {
	at := slices.IndexFunc(list, func(c *candidate) bool { return c.id == id })
	if at < 0 {
		return false
	}
	own := list[at]
	pairs := 0
	for i, o := range list {
		// Of the same failure one is as good as the other.
		if i == at || o.kind == own.kind && o.signature() == own.signature() || pairs == mostPairs {
			continue
		}
		if useful {
			w.lesson(learnt, &own.facts, &o.facts)
		} else if i > at {
			w.lesson(learnt, &o.facts, &own.facts)
		}
		pairs++
	}
	return pairs > 0
}

// weights are those of the model with what a workspace learnt.
func (s *Service) weights(ctx context.Context, ws workspace.ID) (weights, error) {
	learnt, _, err := learntOf(ctx, s.db, ws)
	return prior.plus(learnt), err
}

func learntOf(ctx context.Context, q db.Queryer, ws workspace.ID) (learnt weights, votes int64, err error) {
	var text string
	err = q.QueryRowContext(ctx, `SELECT weights, votes FROM evidence_weight WHERE workspace_id = $1`, ws).Scan(&text, &votes)
	switch {
	case db.IsNoRows(err):
		return weights{}, 0, nil
	case err != nil:
		return nil, 0, fmt.Errorf("read what was learnt of evidence: %w", err)
	}
	if err := json.Unmarshal([]byte(text), &learnt); err != nil {
		return nil, 0, fmt.Errorf("read what was learnt of evidence: %w", err)
	}
	return learnt, votes, nil
}

// learn takes one vote into the workspace's weights.
func (s *Service) learn(ctx context.Context, ws workspace.ID, l *look, id string, useful bool) error {
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		learnt, votes, err := learntOf(ctx, tx, ws)
		if err != nil {
			return err
		}
		learnt = maps.Clone(learnt)
		if !prior.teach(learnt, l.list, id, useful) {
			return nil
		}
		for k, v := range learnt {
			learnt[k] = math.Round(v*1e5) / 1e5
		}
		text, err := json.Marshal(learnt)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO evidence_weight (workspace_id, weights, votes, changed_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (workspace_id) DO UPDATE SET weights = $2, votes = $3, changed_at = $4`, ws, string(text), votes+1, db.Micros(s.now())); err != nil {
			return fmt.Errorf("keep what was learnt of evidence: %w", err)
		}
		return nil
	})
}

// Vote says whether something was of use. Each member has one vote on it; the
// first teaches, and so does a change of mind.
func (s *Service) Vote(ctx context.Context, feedbackID, id string, useful bool) error {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return err
	}
	if _, _, err := split(id); err != nil {
		return err
	}
	l, err := s.of(ctx, a.Workspace, feedbackID)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(l.list, func(c *candidate) bool { return c.id == id }) {
		return errs.New(errs.NotFound, "This was not found beside the feedback; a vote says whether what was found is of use.")
	}
	fresh := false
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		var was bool
		err := tx.QueryRowContext(ctx, `SELECT useful FROM evidence_vote WHERE workspace_id = $1 AND feedback_id = $2 AND evidence_id = $3 AND voter = $4`, a.Workspace, feedbackID, id, a.ID).Scan(&was)
		if err != nil && !db.IsNoRows(err) {
			return fmt.Errorf("look for a vote: %w", err)
		}
		if fresh = err != nil || was != useful; !fresh {
			return nil
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO evidence_vote (workspace_id, feedback_id, evidence_id, voter, useful, at) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (workspace_id, feedback_id, evidence_id, voter) DO UPDATE SET useful = $5, at = $6`, a.Workspace, feedbackID, id, a.ID, useful, db.Micros(s.now())); err != nil {
			return fmt.Errorf("vote on %s: %w", id, err)
		}
		return nil
	})
	if err != nil || !fresh {
		return err
	}
	return s.learn(ctx, a.Workspace, l, id, useful)
}

// withVotes says what the actor voted.
func (s *Service) withVotes(ctx context.Context, a workspace.Actor, feedbackID string, items []Item) error {
	type vote struct {
		id     string
		useful bool
	}
	list, err := db.All(ctx, s.db, func(r db.Scanner) (v vote, err error) { return v, r.Scan(&v.id, &v.useful) },
		`SELECT evidence_id, useful FROM evidence_vote WHERE workspace_id = $1 AND feedback_id = $2 AND voter = $3`, a.Workspace, feedbackID, a.ID)
	if err != nil {
		return fmt.Errorf("list votes on %s: %w", feedbackID, err)
	}
	for _, v := range list {
		for i := range items {
			if items[i].ID == v.id {
				items[i].Useful = &v.useful
			}
		}
	}
	return nil
}
