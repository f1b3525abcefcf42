package person

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Organisation is who people report for: a customer, a partner. People belong
// to one by the domain of their address, or by hand.
type Organisation struct {
	ID        string            `json:"id"`
	Name      string            `json:"name"`
	Domains   []string          `json:"domains" nullable:"false" doc:"Of e-mail addresses; who has one of them belongs to it."`
	Attrs     map[string]string `json:"attrs" doc:"Segment attributes of all its people, for example tier, revenue or region."`
	People    int               `json:"people" doc:"In lists: how many belong to it."`
	CreatedAt time.Time         `json:"created_at"`
	UpdatedAt time.Time         `json:"updated_at"`
}

// OrganisationInput is what is told of an organisation.
type OrganisationInput struct {
	ID      string            `json:"id,omitempty" doc:"Of one that is here, to change its name; else the name finds it."`
	Name    string            `json:"name,omitempty" maxLength:"200"`
	Domains *[]string         `json:"domains,omitempty" doc:"All of its domains; left out, they stay."`
	Attrs   map[string]string `json:"attrs,omitempty" doc:"What is given is set, an empty value removes one, the rest stays."`
}

const (
	maxDomains = 200
	maxAttrs   = 64
	maxShort   = 512
)

// keyOf is what a name is found by.
func keyOf(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }

// tidyAttrs refuses attributes that can't be kept.
func tidyAttrs(attrs map[string]string) error {
	if len(attrs) > maxAttrs {
		return errs.New(errs.Invalid, "%d attributes are given; at most %d are kept.", len(attrs), maxAttrs)
	}
	for k, v := range attrs {
		if !plain(k, maxShort) || strings.TrimSpace(k) == "" || !plain(v, maxShort) {
			return errs.New(errs.Invalid, "The attribute %.40q must have a name, and name and value of at most %d bytes of UTF-8 each.", k, maxShort)
		}
	}
	return nil
}

// merged puts attributes over others; an empty value removes one.
func merged(was, with map[string]string) map[string]string {
	out := maps.Clone(orEmpty(was))
	for k, v := range with {
		if out[k] = v; v == "" {
			delete(out, k)
		}
	}
	return out
}

func (in *OrganisationInput) tidy() error {
	in.Name = strings.Join(strings.Fields(in.Name), " ")
	if !plain(in.Name, 200) {
		return errs.New(errs.Invalid, "The name of an organisation is at most 200 bytes of text.")
	}
	if in.Name == "" && in.ID == "" {
		return errs.New(errs.Invalid, "Name the organisation.")
	}
	if in.Domains != nil {
		if len(*in.Domains) > maxDomains {
			return errs.New(errs.Invalid, "%d domains are given; at most %d are kept of one organisation.", len(*in.Domains), maxDomains)
		}
		out := []string{}
		for _, d := range *in.Domains {
			d = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(d), "@"))
			if d == "" {
				continue
			}
			if len(d) > 253 || !strings.Contains(d, ".") || strings.ContainsAny(d, " @/,;\x00") {
				return errs.New(errs.Invalid, "%.60q is not a domain; write it like acme.example.", d)
			}
			if publicMail[d] {
				return errs.New(errs.Invalid, "%s gives addresses to everybody, so that it can't say who belongs to an organisation.", d)
			}
			out = append(out, d)
		}
		slices.Sort(out)
		out = slices.Compact(out)
		in.Domains = &out
	}
	return tidyAttrs(in.Attrs)
}

// PutOrganisation makes an organisation or changes one, found by its id or
// else its name. Who has an address of its domains belongs to it.
func (s *Service) PutOrganisation(ctx context.Context, in OrganisationInput) (*Organisation, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	var id string
	var touched []string
	err = s.db.Tx(ctx, func(tx *db.Tx) (err error) {
		if id, _, touched, err = putOrganisation(ctx, tx, a.Workspace, in, s.now()); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "organisation.put", "organisation", id, nil)
	})
	if err != nil {
		return nil, err
	}
	s.tell(ctx, a.Workspace, touched...)
	return s.Organisation(ctx, id)
}

// putOrganisation is PutOrganisation in tx. It returns whose attributes
// changed by it.
func putOrganisation(ctx context.Context, tx *db.Tx, ws workspace.ID, in OrganisationInput, now time.Time) (id string, made bool, touched []string, err error) {
	if err := in.tidy(); err != nil {
		return "", false, nil, err
	}
	var o *Organisation
	if in.ID != "" {
		if o, err = getOrganisation(ctx, tx, ws, `id`, in.ID); err != nil {
			return "", false, nil, err
		}
	} else if o, err = getOrganisation(ctx, tx, ws, `key`, keyOf(in.Name)); err != nil && !errs.Is(err, errs.NotFound) {
		return "", false, nil, err
	}
	made = o == nil
	if made {
		o = &Organisation{ID: db.NewID(), CreatedAt: now}
	}
	before := maps.Clone(o.Attrs)
	if in.Name != "" {
		o.Name = in.Name
	}
	o.Attrs, o.UpdatedAt = merged(o.Attrs, in.Attrs), now
	attrs, err := json.Marshal(o.Attrs)
	if err != nil {
		return "", false, nil, err
	}
	if made {
		_, err = tx.ExecContext(ctx, `INSERT INTO organisation (workspace_id, id, name, key, attrs, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			ws, o.ID, o.Name, keyOf(o.Name), string(attrs), db.Micros(now), db.Micros(now))
	} else {
		_, err = tx.ExecContext(ctx, `UPDATE organisation SET name = $1, key = $2, attrs = $3, updated_at = $4 WHERE workspace_id = $5 AND id = $6`,
			o.Name, keyOf(o.Name), string(attrs), db.Micros(now), ws, o.ID)
	}
	if db.IsUnique(err) {
		return "", false, nil, errs.New(errs.Conflict, "There is an organisation named %s already.", o.Name)
	} else if err != nil {
		return "", false, nil, fmt.Errorf("put organisation %s: %w", o.ID, err)
	}
	if in.Domains != nil {
		if err := setDomains(ctx, tx, ws, o, *in.Domains, now); err != nil {
			return "", false, nil, err
		}
	}
	if !maps.Equal(before, o.Attrs) || in.Domains != nil {
		touched, err = peopleOf(ctx, tx, ws, o.ID)
	}
	return o.ID, made, touched, err
}

// maxTouched bounds whose issues are counted anew after a change of an
// organisation; the rest follow at their next report.
const maxTouched = 20_000

func peopleOf(ctx context.Context, q db.Queryer, ws workspace.ID, id string) ([]string, error) {
	list, err := db.All(ctx, q, func(r db.Scanner) (id string, err error) { return id, r.Scan(&id) },
		`SELECT id FROM person WHERE workspace_id = $1 AND organisation_id <> '' AND organisation_id = $2 LIMIT $3`, ws, id, maxTouched)
	if err != nil {
		return nil, fmt.Errorf("list people of organisation %s: %w", id, err)
	}
	return list, nil
}

// setDomains gives an organisation its domains, and the people who have them.
func setDomains(ctx context.Context, tx *db.Tx, ws workspace.ID, o *Organisation, domains []string, now time.Time) error {
	owners, err := employers(ctx, tx, ws, domains)
	if err != nil {
		return err
	}
	for _, d := range domains {
		if owner := owners[d]; owner != "" && owner != o.ID {
			other, err := getOrganisation(ctx, tx, ws, `id`, owner)
			if err != nil {
				return err
			}
			return errs.New(errs.Conflict, "The domain %s belongs to %s; take it away there first.", d, other.Name)
		}
	}
	for _, d := range o.Domains {
		if slices.Contains(domains, d) {
			continue
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM organisation_domain WHERE workspace_id = $1 AND domain = $2`, ws, d); err != nil {
			return fmt.Errorf("drop domain %s: %w", d, err)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE person SET organisation_id = '', organisation_by = '', updated_at = $1 WHERE workspace_id = $2 AND domain = $3 AND domain <> '' AND organisation_by = 'domain'`,
			db.Micros(now), ws, d); err != nil {
			return fmt.Errorf("let people of %s go: %w", d, err)
		}
	}
	for _, d := range domains {
		if slices.Contains(o.Domains, d) {
			continue
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO organisation_domain (workspace_id, domain, organisation_id) VALUES ($1, $2, $3)`, ws, d, o.ID); err != nil {
			return fmt.Errorf("add domain %s: %w", d, err)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE person SET organisation_id = $1, organisation_by = 'domain', updated_at = $2 WHERE workspace_id = $3 AND domain = $4 AND domain <> '' AND organisation_by <> 'hand'`,
			o.ID, db.Micros(now), ws, d); err != nil {
			return fmt.Errorf("take in people of %s: %w", d, err)
		}
	}
	o.Domains = domains
	return nil
}

// DeleteOrganisation removes an organisation; its people stay, and belong to
// none.
func (s *Service) DeleteOrganisation(ctx context.Context, id string) error {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return err
	}
	var touched []string
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := getOrganisation(ctx, tx, a.Workspace, `id`, id); err != nil {
			return err
		}
		if touched, err = peopleOf(ctx, tx, a.Workspace, id); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE person SET organisation_id = '', organisation_by = '', updated_at = $1 WHERE workspace_id = $2 AND organisation_id <> '' AND organisation_id = $3`,
			db.Micros(s.now()), a.Workspace, id); err != nil {
			return fmt.Errorf("let people of %s go: %w", id, err)
		}
		for _, text := range []string{
			`DELETE FROM organisation_domain WHERE workspace_id = $1 AND organisation_id = $2`,
			`DELETE FROM organisation WHERE workspace_id = $1 AND id = $2`,
		} {
			if _, err := tx.ExecContext(ctx, text, a.Workspace, id); err != nil {
				return fmt.Errorf("delete organisation %s: %w", id, err)
			}
		}
		return a.Audit(ctx, tx, "organisation.delete", "organisation", id, nil)
	})
	if err == nil {
		s.tell(ctx, a.Workspace, touched...)
	}
	return err
}

const organisationColumns = `id, name, attrs, created_at, updated_at`

func scanOrganisation(s db.Scanner) (*Organisation, error) {
	var o Organisation
	var attrs string
	var created, updated int64
	if err := s.Scan(&o.ID, &o.Name, &attrs, &created, &updated); err != nil {
		return nil, err
	}
	o.CreatedAt, o.UpdatedAt, o.Domains, o.Attrs = db.Time(created), db.Time(updated), []string{}, map[string]string{}
	return &o, json.Unmarshal([]byte(attrs), &o.Attrs)
}

// getOrganisation finds one by a column: its id or its key.
func getOrganisation(ctx context.Context, q db.Queryer, ws workspace.ID, by, value string) (*Organisation, error) {
	o, err := scanOrganisation(q.QueryRowContext(ctx, `SELECT `+organisationColumns+` FROM organisation WHERE workspace_id = $1 AND `+by+` = $2`, ws, value))
	switch {
	case db.IsNoRows(err):
		return nil, errs.New(errs.NotFound, "There is no organisation %.60s in this workspace.", value)
	case err != nil:
		return nil, fmt.Errorf("get organisation %s: %w", value, err)
	}
	return o, domainsOf(ctx, q, ws, o)
}

// domainsOf fills in the domains of organisations.
func domainsOf(ctx context.Context, q db.Queryer, ws workspace.ID, list ...*Organisation) error {
	byID := map[string]*Organisation{}
	var ids []string
	for _, o := range list {
		byID[o.ID] = o
		ids = append(ids, o.ID)
	}
	for part := range slices.Chunk(ids, 500) {
		rows, err := db.All(ctx, q, func(s db.Scanner) (row [2]string, err error) { return row, s.Scan(&row[0], &row[1]) },
			`SELECT organisation_id, domain FROM organisation_domain WHERE workspace_id = $1 AND organisation_id IN (`+db.In(2, len(part))+`) ORDER BY domain`,
			append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return fmt.Errorf("list domains: %w", err)
		}
		for _, row := range rows {
			byID[row[0]].Domains = append(byID[row[0]].Domains, row[1])
		}
	}
	return nil
}

// employers says which organisations have domains.
func employers(ctx context.Context, q db.Queryer, ws workspace.ID, domains []string) (map[string]string, error) {
	out := map[string]string{}
	domains = slices.Compact(slices.Sorted(slices.Values(domains)))
	for part := range slices.Chunk(domains, 500) {
		rows, err := db.All(ctx, q, func(s db.Scanner) (row [2]string, err error) { return row, s.Scan(&row[0], &row[1]) },
			`SELECT domain, organisation_id FROM organisation_domain WHERE workspace_id = $1 AND domain IN (`+db.In(2, len(part))+`)`, append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return nil, fmt.Errorf("find organisations of domains: %w", err)
		}
		for _, row := range rows {
			out[row[0]] = row[1]
		}
	}
	return out, nil
}

// siblings maps domains, and the other domains of their organisations, to one
// name each: the organisation's id, or the domain itself.
func siblings(ctx context.Context, q db.Queryer, ws workspace.ID, domains []string) (map[string]string, error) {
	out, err := employers(ctx, q, ws, domains)
	if err != nil {
		return nil, err
	}
	orgs := slices.Compact(slices.Sorted(maps.Values(out)))
	list := make([]*Organisation, len(orgs))
	for i, id := range orgs {
		list[i] = &Organisation{ID: id}
	}
	if err := domainsOf(ctx, q, ws, list...); err != nil {
		return nil, err
	}
	for _, o := range list {
		for _, d := range o.Domains {
			out[d] = o.ID
		}
	}
	for _, d := range domains {
		if out[d] == "" {
			out[d] = d
		}
	}
	return out, nil
}

// employ fills in the organisations of people.
func employ(ctx context.Context, q db.Queryer, ws workspace.ID, people ...*Person) error {
	var ids []string
	for _, p := range people {
		if p.OrganisationID != "" {
			ids = append(ids, p.OrganisationID)
		}
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	byID := map[string]*Organisation{}
	for part := range slices.Chunk(ids, 500) {
		list, err := db.All(ctx, q, scanOrganisation, `SELECT `+organisationColumns+` FROM organisation WHERE workspace_id = $1 AND id IN (`+db.In(2, len(part))+`)`, append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return fmt.Errorf("read organisations: %w", err)
		}
		for _, o := range list {
			byID[o.ID] = o
		}
	}
	for _, p := range people {
		p.Organisation = byID[p.OrganisationID]
	}
	return nil
}

// Organisation returns one with its domains and how many belong to it.
func (s *Service) Organisation(ctx context.Context, id string) (*Organisation, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	o, err := getOrganisation(ctx, s.db, a.Workspace, `id`, id)
	if err != nil {
		return nil, err
	}
	return o, s.staff(ctx, a.Workspace, o)
}

// Organisations returns a page of them by name, behind the one with a key.
func (s *Service) Organisations(ctx context.Context, q, after string, limit int) ([]*Organisation, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	like := "%"
	if q = keyOf(q); q != "" {
		if !plain(q, maxShort) {
			return nil, nil
		}
		like = "%" + escapeLike.Replace(q) + "%"
	}
	list, err := db.All(ctx, s.db, scanOrganisation, `SELECT `+organisationColumns+` FROM organisation WHERE workspace_id = $1 AND key > $2 AND key LIKE $3 ESCAPE '\' ORDER BY key LIMIT $4`,
		a.Workspace, after, like, limit)
	if err != nil {
		return nil, fmt.Errorf("list organisations: %w", err)
	}
	if err := domainsOf(ctx, s.db, a.Workspace, list...); err != nil {
		return nil, err
	}
	return list, s.staff(ctx, a.Workspace, list...)
}

// staff counts the people of organisations.
func (s *Service) staff(ctx context.Context, ws workspace.ID, list ...*Organisation) error {
	byID := map[string]*Organisation{}
	ids := make([]string, len(list))
	for i, o := range list {
		byID[o.ID], ids[i] = o, o.ID
	}
	type count struct {
		id string
		n  int
	}
	for part := range slices.Chunk(ids, 500) {
		counts, err := db.All(ctx, s.db, func(r db.Scanner) (c count, err error) { return c, r.Scan(&c.id, &c.n) },
			`SELECT organisation_id, COUNT(*) FROM person WHERE workspace_id = $1 AND organisation_id <> '' AND merged_into = '' AND organisation_id IN (`+db.In(2, len(part))+`) GROUP BY organisation_id`,
			append([]any{ws}, db.Args(part)...)...)
		if err != nil {
			return fmt.Errorf("count people of organisations: %w", err)
		}
		for _, c := range counts {
			byID[c.id].People = c.n
		}
	}
	return nil
}
