package mask

import (
	"fmt"
	"slices"
	"strings"
)

// Action is what happens to something of a kind.
type Action string

// Actions.
const (
	Keep Action = "keep" // it stays as it is
	Mask Action = "mask" // a placeholder stands in its place: [card]
	Seal Action = "seal" // the same, and the original is sealed for named roles
	Drop Action = "drop" // [removed]: not even the kind is told
)

// Actions are all of them.
var Actions = []Action{Keep, Mask, Seal, Drop}

// Rule is what happens to things of one kind.
type Rule struct {
	Storage Action `json:"storage" enum:"keep,mask,seal,drop" doc:"Before it is stored, in texts, titles, attributes and addresses: keep, mask ([card]), seal (the same, and the original is sealed for the roles of the policy), drop ([removed])."`
	Exports bool   `json:"exports" doc:"It is covered in exports, where it was kept in storage."`
	Models  bool   `json:"models" doc:"It is covered before a text goes to a model, where it was kept in storage."`
}

// Policy is what happens to what, by kind.
type Policy map[string]Rule

// Default is the policy of who said nothing: secrets and numbers that do harm
// in wrong hands are not stored; what people are reached by is (an answer
// needs it), is covered in lists, exports and before models. docs/adr/0014
// says why.
func Default() Policy {
	p := Policy{}
	for _, k := range []string{Password, Token, Card, IBAN, ID} {
		p[k] = Rule{Storage: Mask, Exports: true, Models: true}
	}
	for _, k := range []string{Email, Phone, Name} {
		p[k] = Rule{Storage: Keep, Exports: true, Models: true}
	}
	p[IP] = Rule{Storage: Keep}
	return p
}

// Validate refuses what is no policy.
func (p Policy) Validate() error {
	for k, r := range p {
		if !Known(k) {
			return fmt.Errorf("%.40q is no kind; those that there are: %s", k, strings.Join(Kinds, ", "))
		}
		if !slices.Contains(Actions, r.Storage) {
			return fmt.Errorf("%.40q is nothing that can be done with %s; use keep, mask, seal or drop", r.Storage, k)
		}
	}
	return nil
}

// with returns the policy over another: kinds that it does not name stay.
func (p Policy) with(over Policy) Policy {
	out := Policy{}
	for k, r := range p {
		out[k] = r
	}
	for k, r := range over {
		out[k] = r
	}
	return out
}

// Over returns p with what another says instead.
func (p Policy) Over(other Policy) Policy { return p.with(other) }

// Seals reports whether originals of any kind are kept.
func (p Policy) Seals() bool {
	for _, r := range p {
		if r.Storage == Seal {
			return true
		}
	}
	return false
}

// masker makes one of what a policy says of a place.
func (p Policy) masker(does func(Rule) Action) *Masker {
	m, err := CompileAll(Spec{})
	if err != nil { // an empty specification is a good one
		panic(err)
	}
	m.want = 0
	for k, r := range Default().with(p) {
		switch a := does(r); a {
		case Keep:
			continue
		case Seal:
			m.seal |= bit(k)
		case Drop:
			m.drop |= bit(k)
		}
		m.want |= bit(k)
	}
	return m
}

// ForStorage covers what is about to be stored.
func (p Policy) ForStorage() *Masker { return p.masker(func(r Rule) Action { return r.Storage }) }

// ForExport covers what is about to leave in a file.
func (p Policy) ForExport() *Masker {
	return p.masker(func(r Rule) Action { return covered(r, r.Exports) })
}

// ForModel covers what is about to be sent to a model, whoever runs it.
func (p Policy) ForModel() *Masker {
	return p.masker(func(r Rule) Action { return covered(r, r.Models) })
}

// covered is what happens beyond storage: what is sealed there is masked here.
func covered(r Rule, yes bool) Action {
	switch {
	case r.Storage == Drop:
		return Drop
	case yes || r.Storage != Keep:
		return Mask
	}
	return Keep
}

// Text covers a text by what a policy says of storage. Who covers many makes a
// Masker once.
func Text(p Policy, s string) string { return p.ForStorage().Text(s) }

// JSON is Text within the strings of a JSON document, which stays one.
func JSON(p Policy, doc []byte) []byte { return p.ForStorage().JSON(doc) }

// JSON covers within the strings and numbers of JSON, one document or several.
func (m *Masker) JSON(doc []byte) []byte { return m.json(doc, false) }

// Logs covers secrets in lines of the program's own log, whatever the policies
// of workspaces are: they are nobody's to read there.
var Logs = Policy{Email: {Storage: Keep}, Phone: {Storage: Keep}, Name: {Storage: Keep}, IP: {Storage: Keep}}.ForStorage()
