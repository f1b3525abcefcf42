package triage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/launch"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Rule is what people want done with feedback that meets a condition. Rules
// run in the order of Position; each sees what those before it did, and a
// match does not stop those behind it.
type Rule struct {
	ID        string    `json:"id"`
	LaunchID  string    `json:"launch_id"`
	Name      string    `json:"name"`
	Enabled   bool      `json:"enabled"`
	Position  int       `json:"position" doc:"From 1; rules run in this order."`
	When      string    `json:"when" doc:"The condition, in CEL over text, title, channel, language, category, category_confidence, sentiment, sentiment_score, emotion, severity, area, rating (0: none), app_version, url, attrs, tags, author.name, author.email, author.attrs, security, unsure, alike, imported, occurred_at, received_at. text.lower(), contains, startsWith, endsWith, matches (RE2). A missing attribute never matches." example:"category == \"bug\" && text.lower().contains(\"invoice\")"`
	Then      Then      `json:"then"`
	Hits      int64     `json:"hits" doc:"Feedback it matched when that arrived."`
	Failures  int64     `json:"failures" doc:"Feedback on which the condition could not be worked out; it was skipped there."`
	Error     string    `json:"error,omitempty" doc:"Why the last failure happened, or why the rule does not run."`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Then is what a rule does.
type Then struct {
	Assign   string   `json:"assign,omitempty" doc:"Id of the member who gets it."`
	Tag      []string `json:"tag,omitempty" maxItems:"10" doc:"Tags to add."`
	Severity string   `json:"severity,omitempty" enum:"sev1,sev2,sev3,sev4"`
	Ignore   bool     `json:"ignore,omitempty" doc:"Put new feedback on the ignored list."`
}

func (t Then) empty() bool {
	return t.Assign == "" && len(t.Tag) == 0 && t.Severity == "" && !t.Ignore
}

// RuleInput is a rule to be made; it goes last.
type RuleInput struct {
	Name    string `json:"name" minLength:"1" maxLength:"120"`
	Enabled *bool  `json:"enabled,omitempty" doc:"True when absent."`
	When    string `json:"when" maxLength:"4096"`
	Then    Then   `json:"then"`
}

// RuleChange is what may change of a rule; absent fields stay.
type RuleChange struct {
	Name     *string `json:"name,omitempty" minLength:"1" maxLength:"120"`
	Enabled  *bool   `json:"enabled,omitempty"`
	Position *int    `json:"position,omitempty" minimum:"1" maximum:"200" doc:"Moves the rule there; the others make room."`
	When     *string `json:"when,omitempty" maxLength:"4096"`
	Then     *Then   `json:"then,omitempty"`
}

// maxRules bounds the rules of one launch.
const maxRules = 200

// Rules keeps what people want done and does it. Its conditions are compiled
// once, into an immutable set for each launch.
type Rules struct {
	db       *db.DB
	bus      *event.Bus
	log      *slog.Logger
	feedback *feedback.Service
	launches *launch.Service
	members  *workspace.Service
	grammar  *grammar
	now      func() time.Time

	mu   sync.Mutex
	gen  uint64 // counts changes, so that a load which began before one is not kept
	sets map[ruleKey]*ruleSet
}

type ruleKey struct {
	ws       workspace.ID
	launchID string
}

// RulesDeps are what Rules needs.
type RulesDeps struct {
	DB       *db.DB
	Bus      *event.Bus
	Log      *slog.Logger
	Feedback *feedback.Service
	Launches *launch.Service
	Members  *workspace.Service
}

// NewRules returns the rules on d.
func NewRules(d RulesDeps) (*Rules, error) {
	l, err := newGrammar()
	if err != nil {
		return nil, err
	}
	return &Rules{db: d.DB, bus: d.Bus, log: d.Log, feedback: d.Feedback, launches: d.Launches, members: d.Members, grammar: l, now: time.Now,
		sets: map[ruleKey]*ruleSet{}}, nil
}

// List returns a launch's rules in the order in which they run.
func (r *Rules) List(ctx context.Context, launchID string) ([]Rule, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	if _, err := r.launches.Get(ctx, launchID); err != nil {
		return nil, err
	}
	list, err := listRules(ctx, r.db, a.Workspace, launchID)
	if err != nil {
		return nil, err
	}
	set, err := r.setOf(ctx, a.Workspace, launchID)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if why := set.broken(list[i].ID); why != "" {
			list[i].Error = why
		}
	}
	return list, nil
}

// Create adds a rule behind the others.
func (r *Rules) Create(ctx context.Context, launchID string, in RuleInput) (Rule, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return Rule{}, err
	}
	if _, err := r.launches.Get(ctx, launchID); err != nil {
		return Rule{}, err
	}
	now := r.now().UTC().Truncate(time.Microsecond)
	c := RuleChange{Name: &in.Name, When: &in.When, Then: &in.Then}
	if err := r.validChange(ctx, &c); err != nil {
		return Rule{}, err
	}
	rule := Rule{ID: db.NewID(), LaunchID: launchID, Name: *c.Name, Enabled: in.Enabled == nil || *in.Enabled, When: in.When, Then: *c.Then, CreatedAt: now, UpdatedAt: now}
	err = r.db.Tx(ctx, func(tx *db.Tx) error {
		list, err := listRules(ctx, tx, a.Workspace, launchID)
		if err != nil {
			return err
		}
		if len(list) >= maxRules {
			return errs.New(errs.Conflict, "This launch has %d rules already; remove or merge some first.", len(list))
		}
		rule.Position = len(list) + 1
		if err := putRule(ctx, tx, a.Workspace, rule); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "rule.create", "rule", rule.ID, map[string]any{"name": rule.Name, "when": rule.When, "then": rule.Then})
	})
	if err != nil {
		return Rule{}, err
	}
	r.changed(a.Workspace, launchID, rule.ID)
	return rule, nil
}

// Change changes or moves a rule. A new condition or action starts its
// failures anew.
func (r *Rules) Change(ctx context.Context, id string, c RuleChange) (Rule, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return Rule{}, err
	}
	// Compiled and checked outside of the transaction, which must be short.
	if err := r.validChange(ctx, &c); err != nil {
		return Rule{}, err
	}
	var rule Rule
	err = r.db.Tx(ctx, func(tx *db.Tx) error {
		if rule, err = getRule(ctx, tx, a.Workspace, id); err != nil {
			return err
		}
		set(&rule.Name, c.Name)
		set(&rule.Enabled, c.Enabled)
		set(&rule.When, c.When)
		set(&rule.Then, c.Then)
		if c.When != nil || c.Then != nil {
			rule.Failures, rule.Error = 0, ""
		}
		rule.UpdatedAt = r.now().UTC().Truncate(time.Microsecond)
		if c.Position != nil {
			if rule.Position, err = r.move(ctx, tx, a.Workspace, rule, *c.Position); err != nil {
				return err
			}
		}
		if err := putRule(ctx, tx, a.Workspace, rule); err != nil {
			return err
		}
		b, err := json.Marshal(c)
		if err != nil {
			return fmt.Errorf("audit change of rule %s: %w", id, err)
		}
		return a.Audit(ctx, tx, "rule.change", "rule", id, map[string]any{"change": json.RawMessage(b)})
	})
	if err != nil {
		return Rule{}, err
	}
	r.changed(a.Workspace, rule.LaunchID, id)
	return rule, nil
}

// move makes room at a position and returns the position the rule gets.
func (r *Rules) move(ctx context.Context, tx *db.Tx, ws workspace.ID, rule Rule, to int) (int, error) {
	list, err := listRules(ctx, tx, ws, rule.LaunchID)
	if err != nil {
		return 0, err
	}
	list = slices.DeleteFunc(list, func(x Rule) bool { return x.ID == rule.ID })
	at := min(max(to, 1), len(list)+1)
	list = slices.Insert(list, at-1, rule)
	return at, renumber(ctx, tx, ws, list, rule.UpdatedAt)
}

// Delete removes a rule; what it did stays, and stays in the ledger.
func (r *Rules) Delete(ctx context.Context, id string) error {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return err
	}
	var rule Rule
	err = r.db.Tx(ctx, func(tx *db.Tx) error {
		if rule, err = getRule(ctx, tx, a.Workspace, id); err != nil {
			return err
		}
		if err := deleteRule(ctx, tx, a.Workspace, id); err != nil {
			return err
		}
		list, err := listRules(ctx, tx, a.Workspace, rule.LaunchID)
		if err != nil {
			return err
		}
		if err := renumber(ctx, tx, a.Workspace, list, r.now()); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "rule.delete", "rule", id, map[string]any{"name": rule.Name, "when": rule.When, "then": rule.Then})
	})
	if err != nil {
		return err
	}
	r.changed(a.Workspace, rule.LaunchID, id)
	return nil
}

func (r *Rules) changed(ws workspace.ID, launchID, id string) {
	r.mu.Lock()
	r.gen++
	delete(r.sets, ruleKey{ws, launchID})
	r.mu.Unlock()
	r.bus.Publish(event.Event{Workspace: string(ws), Type: "rule.updated", LaunchID: launchID, ID: id})
}

// validChange tidies what is to be changed or refuses it. What a rule had
// before is not looked at: a rule whose assignee left can still be switched
// off.
func (r *Rules) validChange(ctx context.Context, c *RuleChange) error {
	if c.Name != nil {
		name := strings.TrimSpace(*c.Name)
		if name == "" || len(name) > 480 || strings.ContainsRune(name, 0) {
			return errs.New(errs.Invalid, "A rule needs a name of at most 120 characters.")
		}
		c.Name = &name
	}
	if c.When != nil {
		if _, err := r.grammar.compile(*c.When); err != nil {
			return err
		}
	}
	if c.Then == nil {
		return nil
	}
	then := *c.Then
	c.Then = &then
	return r.validThen(ctx, &then)
}

// validThen tidies actions or refuses them.
func (r *Rules) validThen(ctx context.Context, t *Then) error {
	if t.empty() {
		return errs.New(errs.Invalid, "A rule must do something: assign, tag, set a severity or ignore.")
	}
	if t.Severity != "" {
		if err := oneOf("severity", t.Severity, Severities); err != nil {
			return err
		}
	}
	tags := []string{}
	for _, tag := range t.Tag {
		tag, err := feedback.ValidTag(tag)
		if err != nil {
			return err
		}
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	t.Tag = slices.Compact(tags)
	if t.Assign == "" {
		return nil
	}
	return activeMember(ctx, r.members, t.Assign)
}

// activeMember refuses who is not in the workspace or can't sign in.
func activeMember(ctx context.Context, members *workspace.Service, id string) error {
	m, err := members.Member(ctx, id)
	switch {
	case errs.Is(err, errs.NotFound):
		return errs.New(errs.Invalid, "There is no member %.60s in this workspace to assign to.", id)
	case err != nil:
		return err
	case m.DisabledAt != nil:
		return errs.New(errs.Invalid, "%s can't sign in any more and can't be assigned to; choose somebody else.", m.Name)
	}
	return nil
}

func set[T any](dst *T, v *T) {
	if v != nil {
		*dst = *v
	}
}

// version names what a rule says, so that the ledger tells which text of it
// decided.
func (x Rule) version() string {
	b, _ := json.Marshal(x.Then) // strings and a bool
	sum := sha256.Sum256(append([]byte(x.When+"\x00"), b...))
	return hex.EncodeToString(sum[:6])
}
