package triage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/person"
	"github.com/hypercare/hypercare/internal/workspace"
)

// ruleSet is a launch's rules as they run: immutable, compiled, in order.
type ruleSet struct {
	rules  []*runnable
	mark   [2]int64
	built  time.Time
	polled time.Time // guarded by Rules.mu
}

type runnable struct {
	Rule
	condition *condition // nil: it does not run
	version   string
	broken    string // why it does not run, or not wholly
	gone      bool   // the member it assigns to can't sign in any more
	overruns  atomic.Int32
}

const (
	followRules = 2 * time.Second // how old another node's change to rules may be
	rebuildSet  = time.Minute     // how long a member who left is still assigned to
	maxOverruns = 50              // from then on a rule that costs too much rests until the set is built anew
)

// broken says why a rule does not run as written; "" when it does.
func (s *ruleSet) broken(id string) string {
	for _, x := range s.rules {
		if x.ID == id {
			return x.broken
		}
	}
	return ""
}

// setOf returns a launch's compiled rules, building them at first use, after
// a change here, and when another node changed them.
func (r *Rules) setOf(ctx context.Context, ws workspace.ID, launchID string) (*ruleSet, error) {
	key := ruleKey{ws, launchID}
	now := r.now()
	r.mu.Lock()
	s, gen := r.sets[key], r.gen
	fresh := s != nil && now.Sub(s.built) < rebuildSet && (!r.db.Shared() || now.Sub(s.polled) < followRules)
	r.mu.Unlock()
	if fresh {
		return s, nil
	}
	mark, err := ruleMark(ctx, r.db, ws, launchID)
	if err != nil {
		return nil, err
	}
	if s == nil || s.mark != mark || now.Sub(s.built) >= rebuildSet {
		if s, err = r.build(ctx, ws, launchID, mark, now); err != nil {
			return nil, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gen == gen {
		s.polled = now
		r.sets[key] = s
	}
	return s, nil
}

func (r *Rules) build(ctx context.Context, ws workspace.ID, launchID string, mark [2]int64, now time.Time) (*ruleSet, error) {
	list, err := listRules(ctx, r.db, ws, launchID)
	if err != nil {
		return nil, err
	}
	s := &ruleSet{mark: mark, built: now, polled: now}
	active := map[string]bool{}
	if slices.ContainsFunc(list, func(x Rule) bool { return x.Then.Assign != "" }) {
		members, err := r.members.Members(workspace.System(ctx, ws))
		if err != nil {
			return nil, fmt.Errorf("look up whom rules assign to: %w", err)
		}
		for _, m := range members {
			active[m.ID] = m.DisabledAt == nil
		}
	}
	for _, rule := range list {
		x := &runnable{Rule: rule, version: rule.version()}
		if x.Then.Assign != "" && !active[x.Then.Assign] {
			x.gone, x.broken = true, "The member it assigns to can't sign in any more; nobody is assigned."
		}
		if rule.Enabled {
			// What was saved compiled then; another version may refuse it.
			if x.condition, err = r.grammar.compile(rule.When); err != nil {
				x.broken = errs.Message(err)
			}
		}
		s.rules = append(s.rules, x)
	}
	return s, nil
}

// Applied is what one rule did with one feedback.
type Applied struct {
	FeedbackIndex int
	FeedbackID    string
	RuleID        string
	Name          string
	Version       string // of the rule's text
	Actions       Then   // what took effect
	Matched       bool
	Error         string // why it could not be applied, or not wholly
}

// Apply runs a launch's rules over feedback, changes it as they say and
// returns what they did, for Record and the ledger. Nothing is written. What
// a person decided of a feedback is left as it is, and a rule acts on a
// feedback once: a later reading does not assign again what was handed on.
func (r *Rules) Apply(ctx context.Context, ws workspace.ID, launchID string, list []*feedback.Feedback) ([]Applied, error) {
	set, err := r.setOf(ctx, ws, launchID)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(set.rules, func(x *runnable) bool { return x.condition != nil }) {
		return nil, nil
	}
	past, err := r.past(ctx, ws, list)
	if err != nil {
		return nil, err
	}
	var out []Applied
	for i, f := range list {
		v := &facts{f: f, attrs: past.attrs(f)}
		for _, x := range set.rules {
			if x.condition == nil || x.overruns.Load() >= maxOverruns || past.acted[actedKey{f.ID, x.ID}] {
				continue
			}
			yes, err := x.condition.match(ctx, v)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if errors.Is(err, errCost) {
				x.overruns.Add(1)
			}
			done := Applied{FeedbackIndex: i, FeedbackID: f.ID, RuleID: x.ID, Name: x.Name, Version: x.version, Matched: yes}
			switch {
			case err != nil:
				done.Error = "On feedback " + f.ID + ": " + err.Error() + "."
			case !yes:
				continue
			default:
				done.Actions = x.apply(f, past.held[f.ID])
				if x.gone {
					done.Error = x.broken
				}
			}
			out = append(out, done)
		}
	}
	return out, nil
}

// apply does what the rule says, but for fields that a person holds.
func (x *runnable) apply(f *feedback.Feedback, held fields) (did Then) {
	t := x.Then
	if t.Assign != "" && !x.gone && !held.has(FieldAssignee) {
		f.AssigneeID, did.Assign = t.Assign, t.Assign
	}
	if len(t.Tag) > 0 && !held.has(FieldTags) {
		did.Tag = t.Tag
		f.Tags = slices.Concat(f.Tags, t.Tag)
		slices.Sort(f.Tags)
		f.Tags = slices.Compact(f.Tags)
	}
	if t.Severity != "" && !held.has(FieldSeverity) {
		f.Severity, f.SeverityConfidence, did.Severity = t.Severity, 1, t.Severity
	}
	if t.Ignore && f.State == feedback.New && !held.has(FieldState) {
		f.State, did.Ignore = feedback.Ignored, true
	}
	return did
}

// Record counts what Apply did, in the transaction that writes the feedback.
func (r *Rules) Record(ctx context.Context, tx *db.Tx, ws workspace.ID, applied []Applied) error {
	if len(applied) == 0 {
		return nil
	}
	add := map[string]*tally{}
	for _, a := range applied {
		t := add[a.RuleID]
		if t == nil {
			t = &tally{}
			add[a.RuleID] = t
		}
		if a.Matched {
			t.hits++
		}
		if a.Error != "" {
			t.failures++
			t.err = a.Error
		}
	}
	return countRules(ctx, tx, ws, add)
}

type actedKey struct{ feedbackID, ruleID string }

// past is what is known of feedback that was stored before: new feedback,
// which has no number yet, has no past.
type past struct {
	held   map[string]fields            // by feedback: fields that a person decided
	acted  map[actedKey]bool            // rules that acted on it
	people map[string]map[string]string // attributes by person
}

func (p *past) attrs(f *feedback.Feedback) map[string]string {
	if a := p.people[f.Author.PersonID]; a != nil {
		return a
	}
	return f.Sightings.Attrs
}

func (r *Rules) past(ctx context.Context, ws workspace.ID, list []*feedback.Feedback) (*past, error) {
	p := &past{held: map[string]fields{}, acted: map[actedKey]bool{}}
	var ids, people []string
	for _, f := range list {
		if f.Number == 0 {
			continue
		}
		ids = append(ids, f.ID)
		if f.Author.PersonID != "" {
			people = append(people, f.Author.PersonID)
		}
	}
	if len(ids) == 0 {
		return p, nil
	}
	var err error
	if p.people, err = person.Attrs(ctx, r.db, ws, people); err != nil {
		return nil, err
	}
	hands, err := byHand(ctx, r.db, ws, ids)
	if err != nil {
		return nil, err
	}
	for _, h := range hands {
		if h.Engine == EngineRule {
			p.acted[actedKey{h.FeedbackID, h.RuleID}] = true
		} else {
			p.held[h.FeedbackID] |= h.fields
		}
	}
	corrections, err := liveCorrections(ctx, r.db, ws, ids)
	if err != nil {
		return nil, err
	}
	for _, c := range corrections {
		p.held[c.FeedbackID] |= fieldsOf(c.Field)
		if c.Field == FieldSpam {
			p.held[c.FeedbackID] |= fieldsOf(FieldState)
		}
	}
	return p, nil
}
