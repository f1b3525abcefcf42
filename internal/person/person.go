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
	"github.com/hypercare/hypercare/internal/job"
	"github.com/hypercare/hypercare/internal/undo"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Person is a reporter.
type Person struct {
	ID             string            `json:"id"`
	Name           string            `json:"name"`
	Email          string            `json:"email,omitempty"`
	Phone          string            `json:"phone,omitempty" doc:"Only where the workspace keeps numbers."`
	Language       string            `json:"language,omitempty"`
	Attrs          map[string]string `json:"attrs" doc:"Segment attributes, for example tier or region."`
	OrganisationID string            `json:"-"`
	Organisation   *Organisation     `json:"organisation,omitempty"`
	Identities     []Identity        `json:"identities" nullable:"false"`
	MergedInto     string            `json:"merged_into,omitempty" doc:"This is another person's id now: the one asked for was merged into this person."`
	CreatedAt      time.Time         `json:"created_at"`
	UpdatedAt      time.Time         `json:"updated_at"`

	organisationBy string // by domain, by hand
	mergedInto     string
}

// How a person came to an organisation.
const (
	byDomain = "domain"
	byHand   = "hand"
)

const columns = `id, name, email, phone, language, attrs, organisation_id, organisation_by, merged_into, created_at, updated_at`

func scan(s db.Scanner) (*Person, error) {
	var p Person
	var attrs string
	var created, updated int64
	if err := s.Scan(&p.ID, &p.Name, &p.Email, &p.Phone, &p.Language, &attrs, &p.OrganisationID, &p.organisationBy, &p.mergedInto, &created, &updated); err != nil {
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

// getMany returns persons by id, with their organisations.
func getMany(ctx context.Context, q db.Queryer, ws workspace.ID, ids []string) (map[string]*Person, error) {
	out := map[string]*Person{}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	for part := range slices.Chunk(ids, 500) {
		people, err := db.All(ctx, q, scan, `SELECT `+columns+` FROM person WHERE workspace_id = $1 AND id IN (`+db.In(2, len(part))+`)`,
			append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("read %d persons: %w", len(ids), err)
		}
		if err := employ(ctx, q, ws, people...); err != nil {
			return nil, err
		}
		for _, p := range people {
			out[p.ID] = p
		}
	}
	return out, nil
}

func save(ctx context.Context, tx *db.Tx, ws workspace.ID, p *Person) error {
	attrs, err := json.Marshal(orEmpty(p.Attrs))
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE person SET name = $1, email = $2, domain = $3, phone = $4, language = $5, attrs = $6, organisation_id = $7, organisation_by = $8,
		merged_into = $9, updated_at = $10 WHERE workspace_id = $11 AND id = $12`,
		p.Name, p.Email, domainOf(p.Email), p.Phone, p.Language, string(attrs), p.OrganisationID, p.organisationBy, p.mergedInto, db.Micros(p.UpdatedAt), ws, p.ID)
	if err != nil {
		return fmt.Errorf("save person %s: %w", p.ID, err)
	}
	return nil
}

// Attrs returns the attributes of some people, for rules and for reach by
// segment: those of a person's organisation, and over them the person's own.
func Attrs(ctx context.Context, q db.Queryer, ws workspace.ID, ids []string) (map[string]map[string]string, error) {
	people, err := getMany(ctx, q, ws, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[string]map[string]string, len(people))
	for id, p := range people {
		out[id] = p.Attributes()
	}
	return out, nil
}

// Attributes are a person's, and where they say nothing the organisation's.
func (p *Person) Attributes() map[string]string {
	if p.Organisation == nil || len(p.Organisation.Attrs) == 0 {
		return p.Attrs
	}
	all := maps.Clone(p.Organisation.Attrs)
	maps.Copy(all, p.Attrs)
	return all
}

// Service is what the rest of the product may do with persons.
type Service struct {
	db      *db.DB
	undo    *undo.Service
	jobs    *job.Runner
	phones  *Phones
	now     func() time.Time
	follow  []follower
	stores  []Store
	changed func(ctx context.Context, ws workspace.ID, ids []string)
}

// NewService returns the service on d.
func NewService(d *db.DB, u *undo.Service, phones *Phones) *Service {
	s := &Service{db: d, undo: u, phones: phones, now: time.Now}
	u.Handle(actMerge, s.unmerge)
	u.Handle(actSplit, s.unsplit)
	return s
}

// OnChanged hands in who must know that what is known of people changed:
// their attributes count in the priorities of issues.
func (s *Service) OnChanged(fn func(ctx context.Context, ws workspace.ID, ids []string)) {
	s.changed = fn
}

// tell passes on whose attributes changed, after the commit.
func (s *Service) tell(ctx context.Context, ws workspace.ID, ids ...string) {
	if s.changed != nil && len(ids) > 0 {
		s.changed(context.WithoutCancel(ctx), ws, ids)
	}
}

// Get returns one person with identities. The id of one who was merged into
// another gives that other.
func (s *Service) Get(ctx context.Context, id string) (*Person, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	return s.whole(ctx, s.db, a.Workspace, id)
}

func (s *Service) whole(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (*Person, error) {
	now, err := Current(ctx, q, ws, id)
	if err != nil {
		return nil, err
	}
	p, err := get(ctx, q, ws, now)
	if err != nil {
		return nil, err
	}
	if now != id {
		p.MergedInto = now
	}
	if err := employ(ctx, q, ws, p); err != nil {
		return nil, err
	}
	p.Identities, err = Identities(ctx, q, ws, now)
	return p, err
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
	return [3]string{"%" + escapeLike.Replace(strings.ToLower(q)) + "%", "%" + escapeLike.Replace(q) + "%", "%" + escapeLike.Replace(title) + "%"}
}

// Filter says which people a list shows; empty fields narrow nothing.
type Filter struct {
	Text           string // part of the name or the address
	OrganisationID string
	SegmentID      string
}

// List returns a page of people, newest first, behind the person that ended
// the last.
func (s *Service) List(ctx context.Context, f Filter, beforeAt int64, beforeID string, limit int) ([]*Person, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	if beforeAt == 0 {
		beforeAt = 1 << 62
	}
	args := []any{a.Workspace, beforeAt, beforeID, limit}
	where := ""
	if q := strings.TrimSpace(f.Text); q != "" {
		if !utf8.ValidString(q) || strings.ContainsRune(q, 0) {
			return nil, nil // no database holds such a name
		}
		where += ` AND (LOWER(p.name) LIKE $5 ESCAPE '\' OR LOWER(p.email) LIKE $5 ESCAPE '\' OR p.name LIKE $6 ESCAPE '\' OR p.name LIKE $7 ESCAPE '\')`
		x := spellings(q)
		args = append(args, x[0], x[1], x[2])
	}
	if f.OrganisationID != "" {
		args = append(args, f.OrganisationID)
		where += ` AND p.organisation_id <> '' AND p.organisation_id = ` + db.In(len(args), 1)
	}
	if f.SegmentID != "" {
		g, err := getSegment(ctx, s.db, a.Workspace, f.SegmentID)
		if err != nil {
			return nil, err
		}
		text, more := g.where(len(args) + 1)
		where, args = where+` AND `+text, append(args, more...)
	}
	list, err := db.All(ctx, s.db, scan, `SELECT `+prefixed("p", columns)+` FROM person p LEFT JOIN organisation o ON o.workspace_id = p.workspace_id AND o.id = p.organisation_id
		WHERE p.workspace_id = $1 AND p.merged_into = '' AND (p.created_at, p.id) < ($2, $3)`+where+`
		ORDER BY p.created_at DESC, p.id DESC LIMIT $4`, args...)
	if err != nil {
		return nil, fmt.Errorf("list people: %w", err)
	}
	return list, employ(ctx, s.db, a.Workspace, list...)
}

// prefixed puts a table's name before each column.
func prefixed(table, columns string) string {
	return table + "." + strings.ReplaceAll(columns, ", ", ", "+table+".")
}

// maxUsers bounds the signed-in users of one segment.
const maxUsers = 100_000

// UserIDs names the signed-in users who are persons with an attribute, their
// own or their organisation's.
func (s *Service) UserIDs(ctx context.Context, ws workspace.ID, attribute, value string) ([]string, error) {
	g := &Segment{Conditions: []Condition{{Attribute: attribute, Values: []string{value}}}}
	where, args := g.where(3)
	users, err := db.All(ctx, s.db, func(r db.Scanner) (id string, err error) { return id, r.Scan(&id) },
		`SELECT i.value FROM person_identity i JOIN person p ON p.workspace_id = i.workspace_id AND p.id = i.person_id
			LEFT JOIN organisation o ON o.workspace_id = p.workspace_id AND o.id = p.organisation_id
			WHERE i.workspace_id = $1 AND i.kind = 'user_id' AND `+where+` ORDER BY i.value LIMIT $2`, append([]any{ws, maxUsers}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("list users with %s: %w", attribute, err)
	}
	return users, nil
}
