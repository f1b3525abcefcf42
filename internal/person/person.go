// Package person is who reports: one human or machine with several
// identities and segment attributes. Identities decide who is the same; a
// name never does.
package person

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Person is a reporter.
type Person struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Email      string            `json:"email,omitempty"`
	Language   string            `json:"language,omitempty"`
	Attrs      map[string]string `json:"attrs" doc:"Segment attributes, for example tier or region."`
	Identities []Identity        `json:"identities" nullable:"false"`
	CreatedAt  time.Time         `json:"created_at"`
	UpdatedAt  time.Time         `json:"updated_at"`
}

// Sighting is what one report says of its author. Identities come strongest
// first: user id, e-mail, external id, session.
type Sighting struct {
	Name       string
	Email      string
	Language   string
	Identities []Identity
	Attrs      map[string]string
}

// Resolve finds or makes the person behind each sighting, in tx, and returns
// their ids in the same order; "" for a sighting without identity. When the
// identities of one sighting belong to different persons the strongest one
// decides and nobody is merged: that is for people to do.
func Resolve(ctx context.Context, tx *db.Tx, ws workspace.ID, list []Sighting, now time.Time) ([]string, error) {
	var all []Identity
	for _, s := range list {
		all = append(all, s.Identities...)
	}
	known, err := ByIdentity(ctx, tx, ws, all)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(list))
	var people, identities [][]any
	changed := map[string]Sighting{}
	for i, s := range list {
		if len(s.Identities) == 0 {
			continue
		}
		id := ""
		for _, k := range s.Identities {
			if id = known[k]; id != "" {
				break
			}
		}
		if id == "" {
			id = db.NewID()
			attrs, err := json.Marshal(orEmpty(s.Attrs))
			if err != nil {
				return nil, err
			}
			people = append(people, []any{ws, id, s.Name, s.Email, s.Language, string(attrs), db.Micros(now), db.Micros(now)})
		} else if len(s.Attrs) > 0 || s.Name != "" {
			changed[id] = s
		}
		for _, k := range s.Identities {
			if known[k] == "" {
				known[k] = id
				identities = append(identities, []any{ws, k.Kind, k.Value, id, db.Micros(now)})
			}
		}
		ids[i] = id
	}
	if err := db.Insert(ctx, tx, `INSERT INTO person (workspace_id, id, name, email, language, attrs, created_at, updated_at)`, "", people); err != nil {
		return nil, err
	}
	taken, err := db.InsertReturning(ctx, tx, `INSERT INTO person_identity (workspace_id, kind, value, person_id, created_at)`, "ON CONFLICT DO NOTHING RETURNING value", identities,
		func(s db.Scanner) (v string, err error) { return v, s.Scan(&v) })
	if err != nil {
		return nil, err
	}
	if len(taken) < len(identities) {
		return nil, db.ErrRetry // somebody else has just met this person
	}
	for _, id := range slices.Sorted(maps.Keys(changed)) {
		if err := learn(ctx, tx, ws, id, changed[id], now); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// learn fills what was not known of a person: the newest attributes win, a
// name is kept once there is one.
func learn(ctx context.Context, tx *db.Tx, ws workspace.ID, id string, s Sighting, now time.Time) error {
	p, err := get(ctx, tx, ws, id)
	if err != nil {
		return err
	}
	before := maps.Clone(p.Attrs)
	maps.Copy(p.Attrs, s.Attrs)
	if maps.Equal(before, p.Attrs) && (p.Name != "" || s.Name == "") {
		return nil
	}
	if p.Name == "" {
		p.Name = s.Name
	}
	attrs, err := json.Marshal(p.Attrs)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE person SET name = $1, attrs = $2, updated_at = $3 WHERE workspace_id = $4 AND id = $5`,
		p.Name, string(attrs), db.Micros(now), ws, id)
	if err != nil {
		return fmt.Errorf("update person %s: %w", id, err)
	}
	return nil
}

const columns = `id, name, email, language, attrs, created_at, updated_at`

func scan(s db.Scanner) (*Person, error) {
	var p Person
	var attrs string
	var created, updated int64
	if err := s.Scan(&p.ID, &p.Name, &p.Email, &p.Language, &attrs, &created, &updated); err != nil {
		return nil, err
	}
	p.CreatedAt, p.UpdatedAt, p.Identities = db.Time(created), db.Time(updated), []Identity{}
	p.Attrs = map[string]string{}
	return &p, json.Unmarshal([]byte(attrs), &p.Attrs)
}

func get(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (*Person, error) {
	p, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM person WHERE workspace_id = $1 AND id = $2`, ws, id))
	switch {
	case db.IsNoRows(err):
		return nil, errs.New(errs.NotFound, "There is no person %s in this workspace.", id)
	case err != nil:
		return nil, fmt.Errorf("get person %s: %w", id, err)
	}
	return p, nil
}

// Attrs returns the attributes of some people, for reach by segment.
func Attrs(ctx context.Context, q db.Queryer, ws workspace.ID, ids []string) (map[string]map[string]string, error) {
	out := map[string]map[string]string{}
	for part := range slices.Chunk(ids, 500) {
		people, err := db.All(ctx, q, scan, `SELECT `+columns+` FROM person WHERE workspace_id = $1 AND id IN (`+db.In(2, len(part))+`)`,
			append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("read attributes of persons: %w", err)
		}
		for _, p := range people {
			out[p.ID] = p.Attrs
		}
	}
	return out, nil
}

// Service is what the rest of the product may do with persons.
type Service struct{ db *db.DB }

// NewService returns the service on d.
func NewService(d *db.DB) *Service { return &Service{d} }

// Get returns one person with identities.
func (s *Service) Get(ctx context.Context, id string) (*Person, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	p, err := get(ctx, s.db, a.Workspace, id)
	if err != nil {
		return nil, err
	}
	if p.Identities, err = Identities(ctx, s.db, a.Workspace, id); err != nil {
		return nil, err
	}
	return p, nil
}

// spellings are the ways in which a name may be written that was typed in some
// case: SQLite folds the case of a to z only.
func spellings(q string) [3]string {
	upper := true
	title := strings.Map(func(r rune) rune {
		first := upper
		upper = !unicode.IsLetter(r)
		if first {
			return unicode.ToUpper(r)
		}
		return unicode.ToLower(r)
	}, q)
	escape := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
	return [3]string{"%" + escape.Replace(strings.ToLower(q)) + "%", "%" + escape.Replace(q) + "%", "%" + escape.Replace(title) + "%"}
}

// List returns a page of those whose name or address holds q (all when it is
// empty), newest first, behind the person that ended the last.
func (s *Service) List(ctx context.Context, q string, beforeAt int64, beforeID string, limit int) ([]*Person, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	if beforeAt == 0 {
		beforeAt = 1 << 62
	}
	args := []any{a.Workspace, beforeAt, beforeID, limit}
	named := ""
	if q = strings.TrimSpace(q); q != "" {
		if !utf8.ValidString(q) || strings.ContainsRune(q, 0) {
			return nil, nil // no database holds such a name
		}
		named = ` AND (LOWER(name) LIKE $5 ESCAPE '\' OR LOWER(email) LIKE $5 ESCAPE '\' OR name LIKE $6 ESCAPE '\' OR name LIKE $7 ESCAPE '\')`
		x := spellings(q)
		args = append(args, x[0], x[1], x[2])
	}
	return db.All(ctx, s.db, scan, `SELECT `+columns+` FROM person WHERE workspace_id = $1 AND (created_at, id) < ($2, $3)`+named+`
		ORDER BY created_at DESC, id DESC LIMIT $4`, args...)
}

// maxUsers bounds the signed-in users of one segment.
const maxUsers = 100_000

// UserIDs names the signed-in users who are persons with an attribute.
func (s *Service) UserIDs(ctx context.Context, ws workspace.ID, attribute, value string) ([]string, error) {
	type user struct{ id, attrs string }
	users, err := db.All(ctx, s.db, func(r db.Scanner) (u user, err error) { return u, r.Scan(&u.id, &u.attrs) },
		`SELECT i.value, p.attrs FROM person_identity i JOIN person p ON p.workspace_id = i.workspace_id AND p.id = i.person_id
			WHERE i.workspace_id = $1 AND i.kind = 'user_id' ORDER BY i.value LIMIT $2`, ws, maxUsers)
	if err != nil {
		return nil, fmt.Errorf("list users with %s: %w", attribute, err)
	}
	out := []string{}
	for _, u := range users {
		var attrs map[string]string
		if err := json.Unmarshal([]byte(u.attrs), &attrs); err != nil {
			return nil, fmt.Errorf("read attributes of user %s: %w", u.id, err)
		}
		if attrs[attribute] == value {
			out = append(out, u.id)
		}
	}
	return out, nil
}
