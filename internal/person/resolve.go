package person

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Sighting is what one report says of its author. Identities come strongest
// first (Strength).
type Sighting struct {
	Name       string
	Email      string
	Phone      string // a number, where the workspace keeps them
	Language   string
	Identities []Identity
	Signs      []Sign
	Attrs      map[string]string
}

// Resolve finds or makes the person behind each sighting, in tx, and returns
// their ids in the same order; "" for a sighting without identity. When the
// identities of one sighting belong to different persons the strongest one
// decides and nobody is merged: that is for people to do, and a suggestion
// tells them. A session or device alone is not believed against a name: who
// signs in as somebody else on the same device is somebody else.
func Resolve(ctx context.Context, tx *db.Tx, ws workspace.ID, list []Sighting, now time.Time) ([]string, error) {
	r := resolution{tx: tx, ws: ws, now: now, ids: make([]string, len(list)), changed: map[string]*Sighting{}, pairs: map[[2]string]pair{}}
	if err := r.look(ctx, list); err != nil {
		return nil, err
	}
	for i := range list {
		if err := r.place(i, &list[i]); err != nil {
			return nil, err
		}
	}
	if err := r.write(ctx); err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(r.changed)) {
		if err := r.learn(ctx, id, r.changed[id]); err != nil {
			return nil, err
		}
	}
	if err := r.signs(ctx, list); err != nil {
		return nil, err
	}
	if err := r.namesakes(ctx); err != nil {
		return nil, err
	}
	return r.ids, r.suggest(ctx)
}

// resolution is one batch on its way.
type resolution struct {
	tx  *db.Tx
	ws  workspace.ID
	now time.Time

	known    map[Identity]string
	named    map[string]map[string]bool // person to the kinds of identity that name somebody
	employer map[string]string          // domain to organisation
	ids      []string
	changed  map[string]*Sighting
	pairs    map[[2]string]pair // suggestions
	added    []newcomer

	people, identities [][]any
}

// newcomer is a person that was made, or whose name or address was learned.
type newcomer struct{ id, name, domain string }

// naming reports whether a kind of identity names somebody; sessions and
// devices pass from hand to hand.
func naming(kind string) bool { return kind != SessionID && kind != DeviceID }

// look reads what is known of all sightings at once.
func (r *resolution) look(ctx context.Context, list []Sighting) (err error) {
	var all []Identity
	var domains []string
	for _, s := range list {
		all = append(all, s.Identities...)
		if d := domainOf(s.Email); d != "" {
			domains = append(domains, d)
		}
	}
	if r.known, err = ByIdentity(ctx, r.tx, r.ws, all); err != nil {
		return err
	}
	if r.employer, err = employers(ctx, r.tx, r.ws, domains); err != nil {
		return err
	}
	var passing []string
	for k, id := range r.known {
		if !naming(k.Kind) {
			passing = append(passing, id)
		}
	}
	r.named, err = namesOf(ctx, r.tx, r.ws, passing)
	return err
}

// namesOf returns the kinds of naming identity that persons have.
func namesOf(ctx context.Context, q db.Queryer, ws workspace.ID, ids []string) (map[string]map[string]bool, error) {
	out := map[string]map[string]bool{}
	slices.Sort(ids)
	for part := range slices.Chunk(slices.Compact(ids), 500) {
		rows, err := db.All(ctx, q, func(s db.Scanner) (row [2]string, err error) { return row, s.Scan(&row[0], &row[1]) },
			`SELECT DISTINCT person_id, kind FROM person_identity WHERE workspace_id = $1 AND person_id IN (`+db.In(2, len(part))+`)
			AND kind NOT IN ('session_id', 'device_id')`, append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("read names of persons: %w", err)
		}
		for _, row := range rows {
			if out[row[0]] == nil {
				out[row[0]] = map[string]bool{}
			}
			out[row[0]][row[1]] = true
		}
	}
	return out, nil
}

// place decides whose a sighting is.
func (r *resolution) place(i int, s *Sighting) error {
	if len(s.Identities) == 0 {
		return nil
	}
	id := r.whose(s)
	if id == "" {
		id = db.NewID()
		attrs, err := json.Marshal(orEmpty(s.Attrs))
		if err != nil {
			return err
		}
		domain := domainOf(s.Email)
		org, by := r.employer[domain], ""
		if org != "" {
			by = byDomain
		}
		r.people = append(r.people, []any{r.ws, id, s.Name, s.Email, domain, s.Phone, s.Language, string(attrs), org, by, db.Micros(r.now), db.Micros(r.now)})
		r.added = append(r.added, newcomer{id, s.Name, domain})
	} else {
		r.note(id, s)
	}
	for _, k := range s.Identities {
		switch other := r.known[k]; {
		case other == "":
			r.known[k] = id
			r.identities = append(r.identities, []any{r.ws, k.Kind, k.Value, id, db.Micros(r.now)})
			if naming(k.Kind) {
				if r.named[id] == nil {
					r.named[id] = map[string]bool{}
				}
				r.named[id][k.Kind] = true
			}
		case other != id:
			r.pair(id, other, conflict(s, k))
		}
	}
	r.ids[i] = id
	return nil
}

// whose returns the person whom the strongest known identity names.
func (r *resolution) whose(s *Sighting) string {
	for _, k := range s.Identities {
		id := r.known[k]
		if id == "" {
			continue
		}
		if !naming(k.Kind) {
			for _, other := range s.Identities {
				if naming(other.Kind) && r.named[id][other.Kind] {
					return "" // the device has another user now
				}
			}
		}
		return id
	}
	return ""
}

// note gathers what the batch says of a person that is here already.
func (r *resolution) note(id string, s *Sighting) {
	c := r.changed[id]
	if c == nil {
		c = &Sighting{Attrs: map[string]string{}}
		r.changed[id] = c
	}
	maps.Copy(c.Attrs, s.Attrs)
	c.Name, c.Email = cmp.Or(c.Name, s.Name), cmp.Or(c.Email, s.Email)
	c.Phone, c.Language = cmp.Or(s.Phone, c.Phone), cmp.Or(c.Language, s.Language)
}

func (r *resolution) write(ctx context.Context) error {
	if err := db.Insert(ctx, r.tx, `INSERT INTO person (workspace_id, id, name, email, domain, phone, language, attrs, organisation_id, organisation_by, created_at, updated_at)`, "", r.people); err != nil {
		return err
	}
	taken, err := db.InsertReturning(ctx, r.tx, `INSERT INTO person_identity (workspace_id, kind, value, person_id, created_at)`, "ON CONFLICT DO NOTHING RETURNING value", r.identities,
		func(s db.Scanner) (v string, err error) { return v, s.Scan(&v) })
	if err != nil {
		return err
	}
	if len(taken) < len(r.identities) {
		return db.ErrRetry // somebody else has just met this person
	}
	return nil
}

// learn fills what was not known of a person: the newest attributes win, a
// name is kept once there is one.
func (r *resolution) learn(ctx context.Context, id string, s *Sighting) error {
	if len(s.Attrs) == 0 && s.Name == "" && s.Email == "" && s.Phone == "" {
		return nil
	}
	p, err := get(ctx, r.tx, r.ws, id)
	if err != nil {
		return err
	}
	was := *p
	was.Attrs = maps.Clone(p.Attrs)
	maps.Copy(p.Attrs, s.Attrs)
	p.Name, p.Email, p.Language = cmp.Or(p.Name, s.Name), cmp.Or(p.Email, s.Email), cmp.Or(p.Language, s.Language)
	p.Phone = cmp.Or(s.Phone, p.Phone)
	if p.organisationBy == "" {
		if org := r.employer[domainOf(p.Email)]; org != "" {
			p.OrganisationID, p.organisationBy = org, byDomain
		}
	}
	if p.equal(&was) {
		return nil
	}
	if p.Name != was.Name || p.Email != was.Email {
		r.added = append(r.added, newcomer{id, p.Name, domainOf(p.Email)})
	}
	p.UpdatedAt = r.now
	return save(ctx, r.tx, r.ws, p)
}

func (p *Person) equal(q *Person) bool {
	return p.Name == q.Name && p.Email == q.Email && p.Phone == q.Phone && p.Language == q.Language && p.OrganisationID == q.OrganisationID &&
		p.organisationBy == q.organisationBy && p.mergedInto == q.mergedInto && maps.Equal(p.Attrs, q.Attrs)
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// domainOf is what stands behind the @ of an address.
func domainOf(email string) string {
	_, domain, _ := strings.Cut(email, "@")
	return strings.ToLower(domain)
}
