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
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Input is what a customer system tells of a person. At least one identity
// says who it is; the others are added to the same person.
type Input struct {
	UserID       string            `json:"user_id,omitempty" maxLength:"512"`
	Email        string            `json:"email,omitempty" maxLength:"320"`
	ExternalID   string            `json:"external_id,omitempty" maxLength:"512"`
	Phone        string            `json:"phone,omitempty" maxLength:"512" doc:"However it is written; a keyed hash is kept, unless the workspace keeps numbers."`
	DeviceID     string            `json:"device_id,omitempty" maxLength:"512"`
	Name         string            `json:"name,omitempty" maxLength:"512"`
	Language     string            `json:"language,omitempty" maxLength:"16"`
	Organisation string            `json:"organisation,omitempty" maxLength:"200" doc:"Its name; made when there is none. Left out, the domain of the address decides."`
	Attrs        map[string]string `json:"attrs,omitempty" doc:"What is given is set, an empty value removes one, the rest stays."`
}

// Done says what became of one person that was told.
type Done struct {
	PersonID string `json:"person_id"`
	State    string `json:"state" enum:"created,updated,unchanged"`
}

// tidy refuses what can't be kept, and returns the identities.
func (in *Input) tidy(number func(string) (hash, kept string, err error)) ([]Identity, string, error) {
	for _, f := range []*string{&in.UserID, &in.Email, &in.ExternalID, &in.Phone, &in.DeviceID, &in.Name, &in.Language, &in.Organisation} {
		if *f = strings.TrimSpace(*f); !plain(*f, maxShort) {
			return nil, "", errs.New(errs.Invalid, "A field is longer than %d bytes, or no text.", maxShort)
		}
	}
	in.Email, in.Language = strings.ToLower(in.Email), strings.ToLower(in.Language)
	if in.Email != "" && (strings.Count(in.Email, "@") != 1 || strings.ContainsAny(in.Email, " \t\r\n<>,;")) {
		return nil, "", errs.New(errs.Invalid, "%.60q is not an e-mail address.", in.Email)
	}
	if err := tidyAttrs(in.Attrs); err != nil {
		return nil, "", err
	}
	hash, kept := "", ""
	if in.Phone != "" {
		var err error
		if hash, kept, err = number(in.Phone); err != nil {
			return nil, "", err
		}
	}
	var list []Identity
	for _, k := range []Identity{{UserID, in.UserID}, {Email, in.Email}, {ExternalID, in.ExternalID}, {Phone, hash}, {DeviceID, in.DeviceID}} {
		if k.Value != "" {
			list = append(list, k)
		}
	}
	if len(list) == 0 {
		return nil, "", errs.New(errs.Invalid, "Say who it is: user_id, email, external_id, phone or device_id.")
	}
	return list, kept, nil
}

// Put makes a person or changes one, found by identity.
func (s *Service) Put(ctx context.Context, in Input) (*Person, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	var done Done
	err = s.db.Tx(ctx, func(tx *db.Tx) (err error) {
		u := upsert{s: s, tx: tx, ws: a.Workspace, now: s.now()}
		if done, err = u.put(ctx, in); err != nil {
			return err
		}
		if done.State == "unchanged" {
			return nil
		}
		return a.Audit(ctx, tx, "person.put", "person", done.PersonID, nil)
	})
	if err != nil {
		return nil, err
	}
	if done.State == "updated" {
		s.tell(ctx, a.Workspace, done.PersonID)
	}
	return s.whole(ctx, s.db, a.Workspace, done.PersonID)
}

// upsert is a transaction that takes in what others tell of people.
type upsert struct {
	s        *Service
	tx       *db.Tx
	ws       workspace.ID
	now      time.Time
	settings *Settings
	orgs     map[string]string // key to id
}

func (u *upsert) number(ctx context.Context) func(string) (string, string, error) {
	return func(text string) (string, string, error) {
		if u.settings == nil {
			x, err := ReadSettings(ctx, u.tx, u.ws)
			if err != nil {
				return "", "", err
			}
			u.settings = &x
		}
		n := NormalPhone(text, u.settings.CallingCode)
		if n == "" {
			return "", "", errs.New(errs.Invalid, "%.40q is not the number of a telephone.", text)
		}
		kept := n
		if !u.settings.KeepPhone {
			kept = ""
		}
		return u.s.phones.Number(u.ws, n, ""), kept, nil
	}
}

// put takes one person in. Identities that belong to another person stay
// there, and a suggestion tells people of it.
func (u *upsert) put(ctx context.Context, in Input) (Done, error) {
	identities, phone, err := in.tidy(u.number(ctx))
	if err != nil {
		return Done{}, err
	}
	known, err := ByIdentity(ctx, u.tx, u.ws, identities)
	if err != nil {
		return Done{}, err
	}
	// Resolve makes or finds the person, adds identities and suggests; what a
	// customer system says of name and attributes wins over what was guessed.
	ids, err := Resolve(ctx, u.tx, u.ws, []Sighting{{Name: in.Name, Email: in.Email, Phone: phone, Language: in.Language, Identities: identities}}, u.now)
	if err != nil {
		return Done{}, err
	}
	done := Done{ids[0], "created"}
	p, err := get(ctx, u.tx, u.ws, ids[0])
	if err != nil {
		return done, err
	}
	was := *p
	was.Attrs = maps.Clone(p.Attrs)
	for _, k := range identities {
		if known[k] == p.ID {
			done.State = "unchanged"
		}
	}
	if done.State == "unchanged" {
		for _, k := range identities {
			if known[k] == "" {
				done.State = "updated" // it has an identity more
			}
		}
	}
	p.Name, p.Language, p.Phone = cmp.Or(in.Name, p.Name), cmp.Or(in.Language, p.Language), cmp.Or(phone, p.Phone)
	p.Attrs = merged(p.Attrs, in.Attrs)
	if in.Organisation != "" {
		if p.OrganisationID, err = u.organisation(ctx, in.Organisation); err != nil {
			return done, err
		}
		p.organisationBy = byHand
	}
	if p.equal(&was) {
		return done, nil
	}
	if done.State == "unchanged" {
		done.State = "updated"
	}
	p.UpdatedAt = u.now
	return done, save(ctx, u.tx, u.ws, p)
}

// organisation finds one by name, or makes it.
func (u *upsert) organisation(ctx context.Context, name string) (string, error) {
	if u.orgs == nil {
		u.orgs = map[string]string{}
	}
	key := keyOf(name)
	if id := u.orgs[key]; id != "" {
		return id, nil
	}
	id, _, _, err := putOrganisation(ctx, u.tx, u.ws, OrganisationInput{Name: name}, u.now)
	u.orgs[key] = id
	return id, err
}

// Edit is what people change by hand; nil leaves a thing as it is.
type Edit struct {
	Name           *string           `json:"name,omitempty" maxLength:"200"`
	OrganisationID *string           `json:"organisation_id,omitempty" doc:"Empty: none, by hand."`
	Attrs          map[string]string `json:"attrs,omitempty" doc:"What is given is set, an empty value removes one, the rest stays."`
}

// Change changes a person by hand.
func (s *Service) Change(ctx context.Context, id string, in Edit) (*Person, error) {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return nil, err
	}
	if err := tidyAttrs(in.Attrs); err != nil {
		return nil, err
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		t := &change{s: s, tx: tx, ws: a.Workspace, now: s.now()}
		p, err := t.hold(ctx, id)
		if err != nil {
			return err
		}
		if in.Name != nil {
			if p.Name = strings.Join(strings.Fields(*in.Name), " "); !plain(p.Name, 200) {
				return errs.New(errs.Invalid, "The name is longer than 200 bytes.")
			}
		}
		if in.OrganisationID != nil {
			if p.OrganisationID = *in.OrganisationID; p.OrganisationID != "" {
				if _, err := getOrganisation(ctx, tx, a.Workspace, `id`, p.OrganisationID); err != nil {
					return err
				}
			}
			p.organisationBy = byHand
		}
		p.Attrs, p.UpdatedAt = merged(p.Attrs, in.Attrs), s.now()
		if err := save(ctx, tx, a.Workspace, p); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "person.change", "person", id, nil)
	})
	if err != nil {
		return nil, err
	}
	s.tell(ctx, a.Workspace, id)
	return s.whole(ctx, s.db, a.Workspace, id)
}

// maxFeed bounds what one message of a customer system tells.
const maxFeed = 1000

// Feed is what a customer system tells at once: organisations first, so that
// people find theirs.
type Feed struct {
	Organisations []OrganisationInput `json:"organisations,omitempty" maxItems:"1000"`
	People        []Input             `json:"people,omitempty" maxItems:"1000"`
}

// FeedResult says what became of it; what can't be kept is told beside its
// place, and the rest is kept.
type FeedResult struct {
	Created   int        `json:"created"`
	Updated   int        `json:"updated"`
	Unchanged int        `json:"unchanged"`
	Errors    []RowError `json:"errors" nullable:"false"`
}

// RowError is what is wrong with one row or item.
type RowError struct {
	Row     int    `json:"row" doc:"Of a file, counted as a spreadsheet does; of a message, the place in its list, from 0."`
	What    string `json:"what,omitempty" enum:"person,organisation"`
	Message string `json:"message"`
}

// Take takes in what a customer system tells.
func (s *Service) Take(ctx context.Context, in Feed) (*FeedResult, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	var out *FeedResult
	var touched []string
	err = s.db.Tx(ctx, func(tx *db.Tx) (err error) {
		if out, touched, err = s.TakeIn(ctx, tx, a.Workspace, in); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "people.put", "workspace", string(a.Workspace), map[string]any{"created": out.Created, "updated": out.Updated, "organisations": len(in.Organisations)})
	})
	if err != nil {
		return nil, err
	}
	s.tell(ctx, a.Workspace, touched...)
	return out, nil
}

// Valid says what of a feed can't be kept, before anything is: its size, and
// each of its organisations and people alone.
func (f *Feed) Valid() ([]RowError, error) {
	if len(f.People) > maxFeed || len(f.Organisations) > maxFeed {
		return nil, errs.New(errs.TooLarge, "At most %d people and as many organisations are taken at once; send several messages.", maxFeed)
	}
	if len(f.People)+len(f.Organisations) == 0 {
		return nil, errs.New(errs.Invalid, "The message names nobody; send {\"people\": [...]} or one person.")
	}
	bad := []RowError{}
	for i, o := range f.Organisations {
		if err := o.tidy(); err != nil {
			bad = append(bad, RowError{i, "organisation", errs.Message(err)})
		}
	}
	for i, p := range f.People {
		number := func(text string) (string, string, error) {
			if NormalPhone(text, "") == "" {
				return "", "", errs.New(errs.Invalid, "%.40q is not the number of a telephone.", text)
			}
			return hashed, "", nil
		}
		if _, _, err := p.tidy(number); err != nil {
			bad = append(bad, RowError{i, "person", errs.Message(err)})
		}
	}
	if len(bad) == len(f.People)+len(f.Organisations) {
		return nil, errs.New(errs.Invalid, "Nothing of this message can be kept. The first reason: %s", bad[0].Message)
	}
	return bad, nil
}

// TakeIn is Take as part of the caller's transaction, for what a channel let
// in. After the commit the caller calls Took with whom it touched.
func (s *Service) TakeIn(ctx context.Context, tx *db.Tx, ws workspace.ID, in Feed) (*FeedResult, []string, error) {
	bad, err := in.Valid()
	if err != nil {
		return nil, nil, err
	}
	out := &FeedResult{Errors: bad}
	refused := map[string]bool{}
	for _, e := range bad {
		refused[fmt.Sprint(e.What, e.Row)] = true
	}
	var touched []string
	u := upsert{s: s, tx: tx, ws: ws, now: s.now()}
	for i, o := range in.Organisations {
		if refused[fmt.Sprint("organisation", i)] {
			continue
		}
		_, _, more, err := putOrganisation(ctx, tx, ws, o, u.now)
		if err := out.refuse(err, i, "organisation"); err != nil {
			return nil, nil, err
		}
		touched = append(touched, more...)
	}
	for i, p := range in.People {
		if refused[fmt.Sprint("person", i)] {
			continue
		}
		p.Attrs = maps.Clone(p.Attrs)
		done, err := u.put(ctx, p)
		if err := out.refuse(err, i, "person"); err != nil {
			return nil, nil, err
		}
		if out.count(done); done.State == "updated" {
			touched = append(touched, done.PersonID)
		}
	}
	return out, touched, nil
}

// refuse notes what is wrong with one item, and returns what is wrong with
// all of it.
func (r *FeedResult) refuse(err error, row int, what string) error {
	if err == nil {
		return nil
	}
	if errs.KindOf(err) == errs.Internal {
		return fmt.Errorf("take in %s %d: %w", what, row, err)
	}
	r.Errors = append(r.Errors, RowError{row, what, errs.Message(err)})
	return nil
}

// Took tells of whom TakeIn touched, after its commit.
func (s *Service) Took(ctx context.Context, ws workspace.ID, touched []string) {
	s.tell(ctx, ws, touched...)
}

// numbered is a person with the place they had where they came from.
type numbered struct {
	row int
	in  Input
}

// takeRows takes people in, some hundred in a transaction. One that can't be
// kept is told and left out.
func (s *Service) takeRows(ctx context.Context, ws workspace.ID, rows []numbered, out *FeedResult) (touched []string, err error) {
	for part := range slices.Chunk(rows, 200) {
		var one FeedResult
		var ids []string
		if err := s.db.Tx(ctx, func(tx *db.Tx) error {
			one, ids = FeedResult{}, nil
			u := upsert{s: s, tx: tx, ws: ws, now: s.now()}
			for _, r := range part {
				in := r.in
				in.Attrs = maps.Clone(in.Attrs)
				done, err := u.put(ctx, in)
				if err := one.refuse(err, r.row, "person"); err != nil {
					return err
				}
				if one.count(done); done.State == "updated" {
					ids = append(ids, done.PersonID)
				}
			}
			return nil
		}); err != nil {
			return touched, err
		}
		out.Created, out.Updated, out.Unchanged = out.Created+one.Created, out.Updated+one.Updated, out.Unchanged+one.Unchanged
		out.Errors, touched = append(out.Errors, one.Errors...), append(touched, ids...)
	}
	return touched, nil
}

func (r *FeedResult) count(d Done) {
	switch d.State {
	case "created":
		r.Created++
	case "updated":
		r.Updated++
	case "unchanged":
		r.Unchanged++
	}
}

// ReadFeed reads a message of a customer system: a feed, or one person.
func ReadFeed(body []byte) (Feed, error) {
	var feed Feed
	var probe map[string]json.RawMessage
	if err := json.Unmarshal(body, &probe); err != nil {
		return feed, errs.New(errs.Invalid, "The message is not a JSON object; send {\"people\": [...]} or one person.")
	}
	if probe["people"] != nil || probe["organisations"] != nil {
		if err := strict(body, &feed); err != nil {
			return feed, err
		}
		return feed, nil
	}
	var one Input
	err := strict(body, &one)
	return Feed{People: []Input{one}}, err
}
