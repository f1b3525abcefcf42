package person

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/audit"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// The acts that undo knows.
const (
	actMerge = "person.merge"
	actSplit = "person.split"
)

// Move says what goes from one person to another.
type Move struct {
	From, To string
	// IDs names what goes; nil: all of it, or what Came accepts.
	IDs []string
	// Came decides by the identities that a report came by.
	Came func([]Identity) bool
}

// Follow moves what another package keeps of persons, in tx, and returns the
// ids of what it moved. after runs behind the commit; it may be nil.
type Follow func(ctx context.Context, tx *db.Tx, ws workspace.ID, m Move) (ids []string, after func(), err error)

type follower struct {
	name string
	move Follow
}

// OnMove hands in who keeps things of persons: feedback, errors, threads.
func (s *Service) OnMove(name string, fn Follow) { s.follow = append(s.follow, follower{name, fn}) }

// Merger is an entry of the history of a person.
type Merger struct {
	ID         string      `json:"id"`
	Kind       string      `json:"kind" enum:"merge,split"`
	FromID     string      `json:"from_id"`
	FromName   string      `json:"from_name"`
	IntoID     string      `json:"into_id"`
	IntoName   string      `json:"into_name"`
	Reason     string      `json:"reason"`
	Identities int         `json:"identities" doc:"How many moved."`
	Feedback   int         `json:"feedback" doc:"How many moved."`
	By         audit.Actor `json:"by"`
	At         time.Time   `json:"at"`
	UndoneAt   *time.Time  `json:"undone_at,omitempty"`

	detail moved
}

// moved is what it takes to go back.
type moved struct {
	Identities []Identity          `json:"identities"`
	Records    map[string][]string `json:"records"` // by follower
	Signs      [][2]string         `json:"signs,omitempty"`
	Before     profile             `json:"before"` // of the person that gained, or of the one split
	After      profile             `json:"after"`
	Closed     []string            `json:"closed,omitempty"`    // suggestions that the merger answers
	Suggested  []string            `json:"suggested,omitempty"` // those that stand for some of them now
}

// profile is what a person is called and belongs to.
type profile struct {
	Name           string            `json:"name"`
	Email          string            `json:"email"`
	Phone          string            `json:"phone"`
	Language       string            `json:"language"`
	Attrs          map[string]string `json:"attrs"`
	OrganisationID string            `json:"organisation_id"`
	OrganisationBy string            `json:"organisation_by"`
}

func (p *Person) profile() profile {
	return profile{p.Name, p.Email, p.Phone, p.Language, maps.Clone(orEmpty(p.Attrs)), p.OrganisationID, p.organisationBy}
}

// Change is what a merger or split did, or would do.
type Change struct {
	Person     *Person `json:"person,omitempty" doc:"Who has it all now, or the new person of a split; absent in a preview."`
	UndoID     string  `json:"undo_id,omitempty"`
	Identities int     `json:"identities"`
	Feedback   int     `json:"feedback"`
}

// errPreview rolls back what was only tried.
var errPreview = errors.New("preview")

// act does a change in one transaction, or tries it and rolls back.
func (s *Service) act(ctx context.Context, a workspace.Actor, kind string, preview bool, do func(t *change) error) (*Change, error) {
	var t *change
	var undoID string
	err := s.db.Tx(ctx, func(tx *db.Tx) error {
		t = &change{s: s, tx: tx, ws: a.Workspace, now: s.now(), m: Merger{ID: db.NewID(), Kind: strings.TrimPrefix(kind, "person."), By: audit.Actor{Kind: a.Kind, ID: a.ID, Name: a.Name}}}
		t.m.detail.Records = map[string][]string{}
		if err := do(t); err != nil {
			return err
		}
		if preview {
			return errPreview
		}
		if err := t.keep(ctx); err != nil {
			return err
		}
		var err error
		// Ids only: what names people is in a row that goes when they are erased.
		if undoID, err = s.undo.Record(ctx, tx, a, kind, map[string]string{"merger": t.m.ID}); err != nil {
			return err
		}
		return a.Audit(ctx, tx, kind, "person", t.m.FromID, map[string]any{"into": t.m.IntoID, "identities": len(t.m.detail.Identities), "feedback": len(t.m.detail.Records["feedback"])})
	})
	if err != nil && !errors.Is(err, errPreview) {
		return nil, err
	}
	out := &Change{UndoID: undoID, Identities: len(t.m.detail.Identities), Feedback: len(t.m.detail.Records["feedback"])}
	if preview {
		return out, nil
	}
	t.done(ctx)
	out.Person, err = s.whole(ctx, s.db, a.Workspace, t.m.IntoID)
	return out, err
}

// change is a merger or split on its way.
type change struct {
	s     *Service
	tx    *db.Tx
	ws    workspace.ID
	now   time.Time
	m     Merger
	after []func()
}

// done tells of a change after the commit.
func (t *change) done(ctx context.Context) {
	for _, fn := range t.after {
		fn()
	}
	t.s.tell(ctx, t.ws, t.m.FromID, t.m.IntoID)
}

// MergeInput says what is merged and why.
type MergeInput struct {
	Into    string `json:"into" doc:"Id of the person that stays."`
	Reason  string `json:"reason" maxLength:"500" doc:"Why the two are one; it stays in the history."`
	Preview bool   `json:"preview,omitempty" doc:"Only say what would move."`
}

// Merge gives everything of one person to another: identities, reports, weak
// signs, and what the other lacks of name and attributes. The one that goes
// stays as an empty record that leads to the other.
func (s *Service) Merge(ctx context.Context, id string, in MergeInput) (*Change, error) {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return nil, err
	}
	in.Reason = strings.TrimSpace(in.Reason)
	switch {
	case in.Reason == "" && !in.Preview:
		return nil, errs.New(errs.Invalid, "Say why the two are one person.")
	case !plain(in.Reason, 500):
		return nil, errs.New(errs.Invalid, "The reason is longer than 500 bytes; shorten it.")
	case in.Into == id:
		return nil, errs.New(errs.Invalid, "A person can't be merged into themselves; name another.")
	}
	return s.act(ctx, a, actMerge, in.Preview, func(t *change) error { return t.merge(ctx, id, in) })
}

func (t *change) merge(ctx context.Context, id string, in MergeInput) error {
	from, err := t.hold(ctx, id)
	if err != nil {
		return err
	}
	into, err := t.hold(ctx, in.Into)
	if err != nil {
		return err
	}
	t.m.FromID, t.m.IntoID, t.m.Reason = from.ID, into.ID, in.Reason
	d := &t.m.detail
	d.Before = into.profile()
	if d.Identities, err = db.All(ctx, t.tx, scanIdentity, `UPDATE person_identity SET person_id = $1 WHERE workspace_id = $2 AND person_id = $3 RETURNING kind, value`,
		into.ID, t.ws, from.ID); err != nil {
		return fmt.Errorf("move identities of %s: %w", from.ID, err)
	}
	if err := t.move(ctx, Move{From: from.ID, To: into.ID}); err != nil {
		return err
	}
	if err := t.moveSigns(ctx, from.ID, into.ID); err != nil {
		return err
	}
	if err := t.answer(ctx, from.ID, into.ID); err != nil {
		return err
	}
	into.Name, into.Email, into.Phone = cmp.Or(into.Name, from.Name), cmp.Or(into.Email, from.Email), cmp.Or(into.Phone, from.Phone)
	into.Language = cmp.Or(into.Language, from.Language)
	attrs := maps.Clone(orEmpty(from.Attrs))
	maps.Copy(attrs, into.Attrs)
	into.Attrs = attrs
	if into.OrganisationID == "" {
		into.OrganisationID, into.organisationBy = from.OrganisationID, from.organisationBy
	}
	d.After = into.profile()
	into.UpdatedAt, from.UpdatedAt, from.mergedInto = t.now, t.now, into.ID
	if err := save(ctx, t.tx, t.ws, from); err != nil {
		return err
	}
	return save(ctx, t.tx, t.ws, into)
}

// hold reads a person that is still one.
func (t *change) hold(ctx context.Context, id string) (*Person, error) {
	// An UPDATE locks the row on PostgreSQL; whoever merges it too waits.
	if _, err := t.tx.ExecContext(ctx, `UPDATE person SET updated_at = updated_at WHERE workspace_id = $1 AND id = $2`, t.ws, id); err != nil {
		return nil, fmt.Errorf("hold person %s: %w", id, err)
	}
	p, err := get(ctx, t.tx, t.ws, id)
	if err != nil {
		return nil, err
	}
	if p.mergedInto != "" {
		return nil, errs.New(errs.Conflict, "This person was merged into another already; take the one that has it all now.")
	}
	var erasing int
	if err := t.tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM person_erasure WHERE workspace_id = $1 AND person_id = $2 AND state = 'running'`, t.ws, id).Scan(&erasing); err != nil {
		return nil, fmt.Errorf("look whether person %s is being erased: %w", id, err)
	}
	if erasing > 0 {
		return nil, errs.New(errs.Conflict, "This person is being erased.")
	}
	return p, nil
}

// move has all others follow.
func (t *change) move(ctx context.Context, m Move) error {
	for _, f := range t.s.follow {
		one := m
		if m.IDs != nil { // going back: each its own
			if one.IDs = t.m.detail.Records[f.name]; len(one.IDs) == 0 {
				continue
			}
		}
		ids, after, err := f.move(ctx, t.tx, t.ws, one)
		if err != nil {
			return fmt.Errorf("move %s of person %s: %w", f.name, m.From, err)
		}
		if m.IDs == nil && len(ids) > 0 {
			t.m.detail.Records[f.name] = ids
		}
		if after != nil {
			t.after = append(t.after, after)
		}
	}
	return nil
}

// moveSigns moves weak signs; one that both have stays where it is.
func (t *change) moveSigns(ctx context.Context, from, into string) (err error) {
	t.m.detail.Signs, err = db.All(ctx, t.tx, func(s db.Scanner) (x [2]string, err error) { return x, s.Scan(&x[0], &x[1]) },
		`UPDATE person_sign SET person_id = $1 WHERE workspace_id = $2 AND person_id = $3 AND NOT EXISTS (SELECT 1 FROM person_sign o
			WHERE o.workspace_id = person_sign.workspace_id AND o.kind = person_sign.kind AND o.value = person_sign.value AND o.person_id = $1) RETURNING kind, value`, into, t.ws, from)
	if err != nil {
		return fmt.Errorf("move signs of %s: %w", from, err)
	}
	return nil
}

// answer closes the suggestions about who goes: the one about both is
// answered, the others are about who stays now.
func (t *change) answer(ctx context.Context, from, into string) error {
	list, err := db.All(ctx, t.tx, scanSuggestion, `UPDATE person_suggestion SET state = 'merged', decided_at = $1, decided_by = $2
		WHERE workspace_id = $3 AND state = 'open' AND (a = $4 OR b = $4) RETURNING `+suggestionColumns, db.Micros(t.now), t.m.By.ID, t.ws, from)
	if err != nil {
		return fmt.Errorf("answer suggestions about %s: %w", from, err)
	}
	for _, x := range list {
		t.m.detail.Closed = append(t.m.detail.Closed, x.ID)
		other := x.a
		if other == from {
			other = x.b
		}
		if other == into {
			continue
		}
		id := db.NewID()
		n, err := db.Affected(t.tx.ExecContext(ctx, `INSERT INTO person_suggestion (workspace_id, id, a, b, kind, reason, score, state, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', $8)
			ON CONFLICT (workspace_id, a, b) DO NOTHING`, t.ws, id, min(other, into), max(other, into), x.Kind, x.Reason, x.Score, db.Micros(t.now)))
		if err != nil {
			return fmt.Errorf("pass suggestion %s on: %w", x.ID, err)
		}
		if n > 0 {
			t.m.detail.Suggested = append(t.m.detail.Suggested, id)
		}
	}
	return nil
}

// keep writes the history.
func (t *change) keep(ctx context.Context) error {
	detail, err := json.Marshal(t.m.detail)
	if err != nil {
		return err
	}
	m := &t.m
	_, err = t.tx.ExecContext(ctx, `INSERT INTO person_merge (workspace_id, id, kind, from_id, into_id, reason, actor_kind, actor_id, actor_name, at, detail)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, t.ws, m.ID, m.Kind, m.FromID, m.IntoID, m.Reason, m.By.Kind, m.By.ID, m.By.Name, db.Micros(t.now), string(detail))
	if err != nil {
		return fmt.Errorf("keep merger of %s: %w", m.FromID, err)
	}
	return nil
}

const mergerColumns = `id, kind, from_id, into_id, reason, actor_kind, actor_id, actor_name, at, undone_at, detail`

func scanMerger(s db.Scanner) (*Merger, error) {
	var m Merger
	var at, undone int64
	var detail string
	if err := s.Scan(&m.ID, &m.Kind, &m.FromID, &m.IntoID, &m.Reason, &m.By.Kind, &m.By.ID, &m.By.Name, &at, &undone, &detail); err != nil {
		return nil, err
	}
	m.At = db.Time(at)
	if undone != 0 {
		t := db.Time(undone)
		m.UndoneAt = &t
	}
	err := json.Unmarshal([]byte(detail), &m.detail)
	m.Identities, m.Feedback = len(m.detail.Identities), len(m.detail.Records["feedback"])
	return &m, err
}

// maxHistory bounds what is shown of a person's mergers.
const maxHistory = 100

// History returns the mergers and splits of a person, newest first.
func (s *Service) History(ctx context.Context, id string) ([]*Merger, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	if _, err := get(ctx, s.db, a.Workspace, id); err != nil {
		return nil, err
	}
	list, err := db.All(ctx, s.db, scanMerger, `SELECT `+mergerColumns+` FROM person_merge WHERE workspace_id = $1 AND (from_id = $2 OR into_id = $2) ORDER BY at DESC, id DESC LIMIT $3`,
		a.Workspace, id, maxHistory)
	if err != nil {
		return nil, fmt.Errorf("list mergers of %s: %w", id, err)
	}
	var ids []string
	for _, m := range list {
		ids = append(ids, m.FromID, m.IntoID)
	}
	people, err := getMany(ctx, s.db, a.Workspace, ids)
	if err != nil {
		return nil, err
	}
	for _, m := range list {
		m.FromName, m.IntoName = called(people[m.FromID]), called(people[m.IntoID])
	}
	return list, nil
}

func called(p *Person) string {
	if p == nil {
		return ""
	}
	return cmp.Or(p.Name, p.Email)
}

// back begins to undo a merger or split.
func (s *Service) back(ctx context.Context, tx *db.Tx, a workspace.Actor, detail json.RawMessage) (*change, error) {
	var ref struct {
		Merger string `json:"merger"`
	}
	if err := json.Unmarshal(detail, &ref); err != nil {
		return nil, fmt.Errorf("read act: %w", err)
	}
	m, err := scanMerger(tx.QueryRowContext(ctx, `SELECT `+mergerColumns+` FROM person_merge WHERE workspace_id = $1 AND id = $2`, a.Workspace, ref.Merger))
	switch {
	case db.IsNoRows(err):
		return nil, errs.New(errs.Conflict, "The person is gone; this can't be undone any more.")
	case err != nil:
		return nil, fmt.Errorf("get merger %s: %w", ref.Merger, err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE person_merge SET undone_at = $1 WHERE workspace_id = $2 AND id = $3`, db.Micros(s.now()), a.Workspace, m.ID); err != nil {
		return nil, fmt.Errorf("mark merger %s: %w", m.ID, err)
	}
	return &change{s: s, tx: tx, ws: a.Workspace, now: s.now(), m: *m}, nil
}

// unmerge takes a merger back: what came from the one goes back to them,
// unless it has gone elsewhere since; what came meanwhile stays.
func (s *Service) unmerge(ctx context.Context, tx *db.Tx, a workspace.Actor, detail json.RawMessage) (func(), error) {
	t, err := s.back(ctx, tx, a, detail)
	if err != nil {
		return nil, err
	}
	from, err := get(ctx, tx, t.ws, t.m.FromID)
	if err != nil {
		return nil, err
	}
	into, err := t.hold(ctx, t.m.IntoID)
	if err != nil {
		return nil, errs.New(errs.Conflict, "The person was merged on since; undo that first.")
	}
	if from.mergedInto != into.ID {
		return nil, errs.New(errs.Conflict, "This merger was changed since; undo what was done later first.")
	}
	if err := t.giveBack(ctx, into.ID, from.ID); err != nil {
		return nil, err
	}
	if err := t.reopen(ctx); err != nil {
		return nil, err
	}
	into.revert(t.m.detail.Before, t.m.detail.After)
	from.mergedInto, from.UpdatedAt, into.UpdatedAt = "", t.now, t.now
	if err := errors.Join(save(ctx, tx, t.ws, from), save(ctx, tx, t.ws, into)); err != nil {
		return nil, err
	}
	return func() { t.done(ctx) }, nil
}

// giveBack moves what a change moved from where it is to where it was.
func (t *change) giveBack(ctx context.Context, from, to string) error {
	for _, k := range t.m.detail.Identities {
		if _, err := t.tx.ExecContext(ctx, `UPDATE person_identity SET person_id = $1 WHERE workspace_id = $2 AND kind = $3 AND value = $4 AND person_id = $5`,
			to, t.ws, k.Kind, k.Value, from); err != nil {
			return fmt.Errorf("give an identity back to %s: %w", to, err)
		}
	}
	for _, g := range t.m.detail.Signs {
		if _, err := t.tx.ExecContext(ctx, `UPDATE person_sign SET person_id = $1 WHERE workspace_id = $2 AND kind = $3 AND value = $4 AND person_id = $5
			AND NOT EXISTS (SELECT 1 FROM person_sign o WHERE o.workspace_id = $2 AND o.kind = $3 AND o.value = $4 AND o.person_id = $1)`, to, t.ws, g[0], g[1], from); err != nil {
			return fmt.Errorf("give a sign back to %s: %w", to, err)
		}
	}
	return t.move(ctx, Move{From: from, To: to, IDs: []string{}})
}

// reopen asks again what a merger had answered.
func (t *change) reopen(ctx context.Context) error {
	for part := range slices.Chunk(t.m.detail.Closed, 500) {
		if _, err := t.tx.ExecContext(ctx, `UPDATE person_suggestion SET state = 'open', decided_at = 0, decided_by = '' WHERE workspace_id = $1 AND state = 'merged' AND id IN (`+db.In(2, len(part))+`)`,
			append([]any{t.ws}, db.Args(part)...)...); err != nil {
			return fmt.Errorf("ask again: %w", err)
		}
	}
	for part := range slices.Chunk(t.m.detail.Suggested, 500) {
		if _, err := t.tx.ExecContext(ctx, `DELETE FROM person_suggestion WHERE workspace_id = $1 AND state = 'open' AND id IN (`+db.In(2, len(part))+`)`,
			append([]any{t.ws}, db.Args(part)...)...); err != nil {
			return fmt.Errorf("ask no more: %w", err)
		}
	}
	return nil
}

// revert sets back what is still as a change left it.
func (p *Person) revert(before, after profile) {
	back := func(now *string, was, became string) {
		if *now == became {
			*now = was
		}
	}
	back(&p.Name, before.Name, after.Name)
	back(&p.Email, before.Email, after.Email)
	back(&p.Phone, before.Phone, after.Phone)
	back(&p.Language, before.Language, after.Language)
	if p.OrganisationID == after.OrganisationID && p.organisationBy == after.OrganisationBy {
		p.OrganisationID, p.organisationBy = before.OrganisationID, before.OrganisationBy
	}
	for k, v := range after.Attrs {
		if was, had := before.Attrs[k]; p.Attrs[k] == v && !had {
			delete(p.Attrs, k)
		} else if p.Attrs[k] == v {
			p.Attrs[k] = was
		}
	}
}
