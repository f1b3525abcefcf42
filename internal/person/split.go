package person

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// SplitInput says what becomes a person of its own, and why.
type SplitInput struct {
	Identities []Identity `json:"identities" nullable:"false" doc:"Those of the new person. The reports that came by them go along."`
	Name       string     `json:"name,omitempty" maxLength:"200" doc:"Of the new person."`
	Reason     string     `json:"reason" maxLength:"500" doc:"Why they are two; it stays in the history."`
	Preview    bool       `json:"preview,omitempty" doc:"Only say what would move."`
}

// Split gives some identities of a person, and the reports that came by them,
// to a new person. A report that came by several goes with the strongest.
func (s *Service) Split(ctx context.Context, id string, in SplitInput) (*Change, error) {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return nil, err
	}
	in.Reason, in.Name = strings.TrimSpace(in.Reason), strings.Join(strings.Fields(in.Name), " ")
	switch {
	case len(in.Identities) == 0 || len(in.Identities) > maxIdentities:
		return nil, errs.New(errs.Invalid, "Name 1 to %d identities of the new person.", maxIdentities)
	case in.Reason == "" && !in.Preview:
		return nil, errs.New(errs.Invalid, "Say why they are two persons.")
	case !plain(in.Reason, 500) || !plain(in.Name, 200):
		return nil, errs.New(errs.Invalid, "The reason has at most 500 bytes, the name 200; shorten it.")
	}
	return s.act(ctx, a, actSplit, in.Preview, func(t *change) error { return t.split(ctx, id, in) })
}

func (t *change) split(ctx context.Context, id string, in SplitInput) error {
	from, err := t.hold(ctx, id)
	if err != nil {
		return err
	}
	d := &t.m.detail
	d.Before = from.profile()
	p := &Person{ID: db.NewID(), Name: in.Name, Language: from.Language, CreatedAt: t.now, UpdatedAt: t.now}
	t.m.FromID, t.m.IntoID, t.m.Reason = from.ID, p.ID, in.Reason
	chosen := map[Identity]bool{}
	for _, k := range in.Identities {
		n, err := db.Affected(t.tx.ExecContext(ctx, `UPDATE person_identity SET person_id = $1 WHERE workspace_id = $2 AND kind = $3 AND value = $4 AND person_id = $5`,
			p.ID, t.ws, k.Kind, k.Value, from.ID))
		if err != nil {
			return fmt.Errorf("split an identity off %s: %w", from.ID, err)
		}
		if n == 0 && !chosen[k] {
			return errs.New(errs.Unprocessable, "One of the identities (%s) is not this person's; read the person again.", k.Kind)
		}
		if !chosen[k] {
			chosen[k] = true
			d.Identities = append(d.Identities, k)
		}
	}
	left, err := db.All(ctx, t.tx, scanIdentity, `SELECT kind, value FROM person_identity WHERE workspace_id = $1 AND person_id = $2 ORDER BY created_at, kind, value LIMIT $3`, t.ws, from.ID, maxIdentities)
	if err != nil {
		return fmt.Errorf("list what is left of %s: %w", from.ID, err)
	}
	if len(left) == 0 {
		return errs.New(errs.Unprocessable, "These are all identities of this person; leave at least one.")
	}
	if err := t.divide(ctx, from, p, left); err != nil {
		return err
	}
	if err := t.insert(ctx, p); err != nil {
		return err
	}
	from.UpdatedAt = t.now
	d.After = from.profile()
	if err := save(ctx, t.tx, t.ws, from); err != nil {
		return err
	}
	// They are two: nobody is to suggest the opposite.
	if _, err := t.tx.ExecContext(ctx, `INSERT INTO person_suggestion (workspace_id, id, a, b, kind, reason, score, state, created_at, decided_at, decided_by) VALUES ($1, $2, $3, $4, $5, '', 0, 'different', $6, $6, $7)`,
		t.ws, db.NewID(), min(from.ID, p.ID), max(from.ID, p.ID), byIdentities, db.Micros(t.now), t.m.By.ID); err != nil {
		return fmt.Errorf("remember that %s and %s are two: %w", from.ID, p.ID, err)
	}
	return t.move(ctx, Move{From: from.ID, To: p.ID, Came: func(came []Identity) bool {
		if len(came) == 0 {
			return false
		}
		return chosen[strongest(came)]
	}})
}

// divide gives the address to whom it belongs, and the organisation with it.
func (t *change) divide(ctx context.Context, from, p *Person, left []Identity) error {
	for _, k := range t.m.detail.Identities {
		if k.Kind == Email {
			p.Email = cmp.Or(p.Email, k.Value)
			if from.Email == k.Value {
				from.Email = ""
			}
		}
		if k.Kind == Phone && from.Phone != "" && t.s.phones.Number(t.ws, from.Phone, "") == k.Value {
			p.Phone, from.Phone = from.Phone, ""
		}
	}
	if from.Email == "" {
		if i := slices.IndexFunc(left, func(k Identity) bool { return k.Kind == Email }); i >= 0 {
			from.Email = left[i].Value
		}
	}
	owners, err := employers(ctx, t.tx, t.ws, []string{domainOf(from.Email), domainOf(p.Email)})
	if err != nil {
		return err
	}
	for _, x := range []*Person{from, p} {
		if x.organisationBy == byHand {
			continue
		}
		x.OrganisationID, x.organisationBy = owners[domainOf(x.Email)], ""
		if x.OrganisationID != "" {
			x.organisationBy = byDomain
		}
	}
	return nil
}

// strongest is the identity that decides whose a report is.
func strongest(list []Identity) Identity {
	best := list[0]
	for _, k := range list[1:] {
		if slices.Index(Strength, k.Kind) < slices.Index(Strength, best.Kind) {
			best = k
		}
	}
	return best
}

func (t *change) insert(ctx context.Context, p *Person) error {
	attrs, err := json.Marshal(orEmpty(p.Attrs))
	if err != nil {
		return err
	}
	return db.Insert(ctx, t.tx, `INSERT INTO person (workspace_id, id, name, email, domain, phone, language, attrs, organisation_id, organisation_by, created_at, updated_at)`, "",
		[][]any{{t.ws, p.ID, p.Name, p.Email, domainOf(p.Email), p.Phone, p.Language, string(attrs), p.OrganisationID, p.organisationBy, db.Micros(t.now), db.Micros(t.now)}})
}

// unsplit takes a split back. A new person that has gained something of its
// own meanwhile stays, with that.
func (s *Service) unsplit(ctx context.Context, tx *db.Tx, a workspace.Actor, detail json.RawMessage) (func(), error) {
	t, err := s.back(ctx, tx, a, detail)
	if err != nil {
		return nil, err
	}
	from, err := t.hold(ctx, t.m.FromID)
	if err == nil {
		_, err = t.hold(ctx, t.m.IntoID)
	}
	if err != nil {
		return nil, errs.New(errs.Conflict, "One of the two was merged or erased since; undo that first.")
	}
	if err := t.giveBack(ctx, t.m.IntoID, t.m.FromID); err != nil {
		return nil, err
	}
	from.revert(t.m.detail.Before, t.m.detail.After)
	from.UpdatedAt = t.now
	if err := save(ctx, tx, t.ws, from); err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM person_suggestion WHERE workspace_id = $1 AND a = $2 AND b = $3`, t.ws, min(t.m.FromID, t.m.IntoID), max(t.m.FromID, t.m.IntoID)); err != nil {
		return nil, fmt.Errorf("forget that %s was split: %w", t.m.FromID, err)
	}
	// Whoever has no identity is nobody, and leads to whom it all belongs.
	var left int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM person_identity WHERE workspace_id = $1 AND person_id = $2`, t.ws, t.m.IntoID).Scan(&left); err != nil {
		return nil, fmt.Errorf("count what is left of %s: %w", t.m.IntoID, err)
	}
	if left == 0 {
		if _, err := tx.ExecContext(ctx, `UPDATE person SET merged_into = $1, updated_at = $2 WHERE workspace_id = $3 AND id = $4`, t.m.FromID, db.Micros(t.now), t.ws, t.m.IntoID); err != nil {
			return nil, fmt.Errorf("close %s: %w", t.m.IntoID, err)
		}
	}
	return func() { t.done(ctx) }, nil
}
