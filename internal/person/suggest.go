package person

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Sign is a weak sign of who somebody is: many people share one, so that it
// never says whose a report is. It may only have two persons suggested as one.
type Sign struct {
	Kind  string
	Value string
}

// The kinds of sign.
const (
	Application  = "application"   // whose key a call came with, as the call log names it
	AddressAgent = "address_agent" // keyed hash of a client's address and agent
)

// The reasons why two persons may be one.
const (
	byIdentities   = "identities"        // one report names identities of both
	byAddressAgent = "address_agent"     // reports of both came from one place within half an hour
	byName         = "name_organisation" // the same name at the same organisation
)

const (
	placeWindow = 30 * time.Minute // an address and agent are one person's so long
	placeShared = 5                // persons behind one address and agent: an office
	signLife    = 30 * 24 * time.Hour
)

// Suggestion is two persons who may be the same, for people to decide.
type Suggestion struct {
	ID        string    `json:"id"`
	A         *Person   `json:"a"`
	B         *Person   `json:"b"`
	Kind      string    `json:"kind" enum:"identities,address_agent,name_organisation"`
	Reason    string    `json:"reason"`
	Score     float64   `json:"score" doc:"From 0 to 1: how sure it is."`
	CreatedAt time.Time `json:"created_at"`

	a, b string
}

// pair is a suggestion in the making.
type pair struct {
	kind, reason string
	score        float64
}

func (r *resolution) pair(a, b string, p pair) {
	if a == b || a == "" || b == "" {
		return
	}
	if b < a {
		a, b = b, a
	}
	if have, ok := r.pairs[[2]string{a, b}]; !ok || p.score > have.score {
		r.pairs[[2]string{a, b}] = p
	}
}

// kindWords names kinds in sentences.
var kindWords = map[string]string{UserID: "user id", Email: "e-mail address", ExternalID: "external id", Phone: "phone number", DeviceID: "device", SessionID: "session"}

// conflict says that one sighting names identities of two persons. It names
// kinds, no values: a reason is read where the persons stand beside it.
func conflict(s *Sighting, k Identity) pair {
	first := s.Identities[0]
	p := pair{byIdentities, fmt.Sprintf("One report named the %s of one and the %s of the other.", kindWords[first.Kind], kindWords[k.Kind]), 0.95}
	if !naming(k.Kind) || !naming(first.Kind) {
		p.score = 0.6 // a device that two people use
	}
	return p
}

// signs keeps the weak signs of a batch, and suggests those as one whose
// reports came from one place within a short time.
func (r *resolution) signs(ctx context.Context, list []Sighting) error {
	var rows [][]any
	had := map[[3]string]bool{}
	place := map[string][]string{} // address and agent to persons
	for i, s := range list {
		if r.ids[i] == "" {
			continue
		}
		for _, g := range s.Signs {
			if k := [3]string{g.Kind, g.Value, r.ids[i]}; !had[k] {
				had[k] = true
				rows = append(rows, []any{r.ws, g.Kind, g.Value, r.ids[i], db.Micros(r.now), db.Micros(r.now)})
				if g.Kind == AddressAgent {
					place[g.Value] = append(place[g.Value], r.ids[i])
				}
			}
		}
	}
	err := db.Insert(ctx, r.tx, `INSERT INTO person_sign (workspace_id, kind, value, person_id, first_at, last_at)`,
		"ON CONFLICT (workspace_id, kind, value, person_id) DO UPDATE SET last_at = excluded.last_at", rows)
	if err != nil || len(place) == 0 {
		return err
	}
	values := slices.Sorted(maps.Keys(place))
	found, err := db.All(ctx, r.tx, func(s db.Scanner) (row [2]string, err error) { return row, s.Scan(&row[0], &row[1]) },
		`SELECT value, person_id FROM person_sign WHERE workspace_id = $1 AND kind = 'address_agent' AND last_at >= $2 AND value IN (`+db.In(3, len(values))+`) ORDER BY value, person_id LIMIT 2000`,
		append([]any{r.ws, db.Micros(r.now.Add(-placeWindow))}, db.Args(values)...)...)
	if err != nil {
		return fmt.Errorf("find who else is at an address: %w", err)
	}
	there := map[string][]string{}
	var everybody []string
	for _, row := range found {
		there[row[0]] = append(there[row[0]], row[1])
		everybody = append(everybody, row[1])
	}
	names, err := namesOf(ctx, r.tx, r.ws, everybody)
	if err != nil {
		return err
	}
	for _, value := range values {
		if len(there[value]) > placeShared {
			continue
		}
		for _, id := range place[value] {
			for _, other := range there[value] {
				if !shareKind(names[id], names[other]) {
					r.pair(id, other, pair{byAddressAgent, "Reports of both came from the same client address and agent within half an hour.", 0.4})
				}
			}
		}
	}
	return nil
}

// shareKind reports whether both are named in the same way, by different
// values then: two user ids behind one address are two people.
func shareKind(a, b map[string]bool) bool {
	for k := range a {
		if b[k] {
			return true
		}
	}
	return false
}

// publicMail are providers whose domain says nothing of an organisation.
var publicMail = func() map[string]bool {
	m := map[string]bool{}
	for d := range strings.FieldsSeq("gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com icloud.com me.com mac.com aol.com gmx.de gmx.net gmx.at gmx.ch web.de t-online.de freenet.de " +
		"posteo.de mailbox.org proton.me protonmail.com pm.me fastmail.com zoho.com mail.com mail.ru yandex.ru yandex.com qq.com 163.com 126.com naver.com orange.fr free.fr laposte.net wanadoo.fr libero.it " +
		"hotmail.co.uk yahoo.co.uk yahoo.de yahoo.fr yahoo.co.jp btinternet.com bluewin.ch seznam.cz wp.pl o2.pl onet.pl uol.com.br bol.com.br comcast.net verizon.net att.net tutanota.com hey.com") {
		m[d] = true
	}
	return m
}()

// namesakes suggests those as one who have the same name at the same
// organisation: at the same domain, or at two of its domains.
func (r *resolution) namesakes(ctx context.Context) error {
	var domains, names []string
	for _, n := range r.added {
		if n.name != "" && n.domain != "" && !publicMail[n.domain] {
			domains, names = append(domains, n.domain), append(names, n.name)
		}
	}
	if len(domains) == 0 {
		return nil
	}
	slices.Sort(domains)
	domains = slices.Compact(domains)
	slices.Sort(names)
	names = slices.Compact(names)
	house, err := siblings(ctx, r.tx, r.ws, domains)
	if err != nil {
		return err
	}
	asked := slices.Sorted(maps.Keys(house))
	found, err := db.All(ctx, r.tx, func(s db.Scanner) (n newcomer, err error) { return n, s.Scan(&n.id, &n.name, &n.domain) },
		`SELECT id, name, domain FROM person WHERE workspace_id = $1 AND merged_into = '' AND domain <> '' AND domain IN (`+db.In(2, len(asked))+`)
		AND name IN (`+db.In(2+len(asked), len(names))+`) ORDER BY id LIMIT 2000`, slices.Concat([]any{r.ws}, db.Args(asked), db.Args(names))...)
	if err != nil {
		return fmt.Errorf("find people of the same name: %w", err)
	}
	for _, n := range r.added {
		if n.name == "" || house[n.domain] == "" {
			continue
		}
		p := pair{byName, "The same name at the same organisation.", 0.7}
		if !strings.ContainsAny(n.name, " \u00a0") {
			p.score = 0.4 // a first name
		}
		for _, o := range found {
			if o.id != n.id && o.name == n.name && house[o.domain] == house[n.domain] {
				r.pair(n.id, o.id, p)
			}
		}
	}
	return nil
}

// suggest keeps the suggestions of a batch. A pair that people decided stays
// decided.
func (r *resolution) suggest(ctx context.Context) error {
	var rows [][]any
	for _, k := range slices.SortedFunc(maps.Keys(r.pairs), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		p := r.pairs[k]
		rows = append(rows, []any{r.ws, db.NewID(), k[0], k[1], p.kind, p.reason, p.score, "open", db.Micros(r.now)})
	}
	return db.Insert(ctx, r.tx, `INSERT INTO person_suggestion (workspace_id, id, a, b, kind, reason, score, state, created_at)`,
		`ON CONFLICT (workspace_id, a, b) DO UPDATE SET kind = excluded.kind, reason = excluded.reason, score = excluded.score
		WHERE person_suggestion.state = 'open' AND excluded.score > person_suggestion.score`, rows)
}

const suggestionColumns = `id, a, b, kind, reason, score, created_at`

func scanSuggestion(s db.Scanner) (*Suggestion, error) {
	var x Suggestion
	var at int64
	err := s.Scan(&x.ID, &x.a, &x.b, &x.Kind, &x.Reason, &x.Score, &at)
	x.CreatedAt = db.Time(at)
	return &x, err
}

// Suggestions returns a page of pairs that wait for a decision, the surest
// first, behind the one that ended the last; of one person when its id is
// given (all of them then, and no pages).
func (s *Service) Suggestions(ctx context.Context, personID string, after SuggestionCursor, limit int) ([]*Suggestion, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	var list []*Suggestion
	if personID != "" {
		list, err = db.All(ctx, s.db, scanSuggestion, `SELECT `+suggestionColumns+` FROM person_suggestion WHERE workspace_id = $1 AND state = 'open' AND (a = $2 OR b = $2)
			ORDER BY score DESC, id DESC LIMIT 50`, a.Workspace, personID)
	} else {
		if after.ID == "" {
			after.Score = 2
		}
		list, err = db.All(ctx, s.db, scanSuggestion, `SELECT `+suggestionColumns+` FROM person_suggestion WHERE workspace_id = $1 AND state = 'open' AND (score, id) < ($2, $3)
			ORDER BY score DESC, id DESC LIMIT $4`, a.Workspace, after.Score, after.ID, limit)
	}
	if err != nil {
		return nil, fmt.Errorf("list suggestions: %w", err)
	}
	var ids []string
	for _, x := range list {
		ids = append(ids, x.a, x.b)
	}
	people, err := getMany(ctx, s.db, a.Workspace, ids)
	if err != nil {
		return nil, err
	}
	for _, x := range list {
		x.A, x.B = people[x.a], people[x.b]
	}
	return list, nil
}

// SuggestionCursor is where a page of suggestions ended.
type SuggestionCursor struct {
	Score float64
	ID    string
}

// Sweep forgets weak signs that nobody was seen by for a month.
func (s *Service) Sweep(ctx context.Context) error {
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		// All workspaces: the node's own housekeeping.
		if _, err := tx.ExecContext(ctx, `DELETE FROM person_sign WHERE last_at < $1`, db.Micros(s.now().Add(-signLife))); err != nil {
			return fmt.Errorf("forget old signs of people: %w", err)
		}
		return nil
	})
}

// Different remembers that the two of a suggestion are not the same.
func (s *Service) Different(ctx context.Context, id string) error {
	a, err := workspace.Need(ctx, workspace.WorkFeedback)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		n, err := db.Affected(tx.ExecContext(ctx, `UPDATE person_suggestion SET state = 'different', decided_at = $1, decided_by = $2
			WHERE workspace_id = $3 AND id = $4 AND state = 'open'`, db.Micros(s.now()), a.ID, a.Workspace, id))
		if err != nil {
			return fmt.Errorf("decide suggestion %s: %w", id, err)
		}
		if n == 0 {
			return errs.New(errs.NotFound, "There is no open suggestion %s; somebody may have decided it.", id)
		}
		return a.Audit(ctx, tx, "person.different", "person_suggestion", id, nil)
	})
}
