// Package watch evaluates recording and alert rules over the series of package
// metric, and keeps what they find: alerts, from pending over firing to
// resolved. Groups of rules are in the format of Prometheus' rule files, and
// are evaluated by Prometheus' own rules; when, on which node, and what is
// kept is decided here. Who is told of an alert is not.
package watch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/metric"
	"github.com/hypercare/hypercare/internal/workspace"
)

// The bounds of rules.
const (
	maxGroups       = 200
	maxRules        = 200     // of a group
	maxDocument     = 256_000 // bytes
	maxAlerts       = 1000    // of a rule, where the group sets no limit
	defaultInterval = 30 * time.Second
	leastInterval   = 5 * time.Second
)

// Group is a group of rules.
type Group struct {
	Name        string            `json:"name"`
	Document    string            `json:"document" doc:"A rule file of Prometheus with this one group."`
	Interval    float64           `json:"interval_s"`
	Recording   int               `json:"recording" doc:"How many recording rules it has."`
	Alerting    int               `json:"alerting" doc:"How many alert rules it has."`
	UpdatedAt   time.Time         `json:"updated_at"`
	UpdatedBy   string            `json:"updated_by"`
	EvaluatedAt *time.Time        `json:"evaluated_at,omitempty" doc:"To about a minute."`
	Faults      map[string]string `json:"faults,omitempty" doc:"Rules that could not be evaluated the last time, and why."`
}

// Fault is one thing that is wrong with a document.
type Fault struct {
	Line   int    `json:"line" doc:"0 where it is in no line."`
	Column int    `json:"column"`
	Reason string `json:"reason"`
}

// Check is what there is to say of a document before it is saved.
type Check struct {
	Valid     bool    `json:"valid"`
	Name      string  `json:"name,omitempty" doc:"Of the group."`
	Recording int     `json:"recording"`
	Alerting  int     `json:"alerting"`
	Faults    []Fault `json:"faults" nullable:"false"`
}

// State of an alert.
type State string

// The states of an alert.
const (
	Pending  State = "pending"  // its condition holds, not yet for long enough
	Firing   State = "firing"   // it has held for long enough
	Resolved State = "resolved" // it held, and does no more
)

// Alert is what a rule found, from its first sign to its end.
type Alert struct {
	ID          string            `json:"id"`
	Group       string            `json:"group"`
	Rule        string            `json:"rule"`
	State       State             `json:"state" enum:"pending,firing,resolved"`
	Labels      map[string]string `json:"labels" nullable:"false"`
	Annotations map[string]string `json:"annotations" nullable:"false"`
	Value       *float64          `json:"value,omitempty" doc:"Of the expression, to about a minute; absent when it is no number."`
	ActiveAt    time.Time         `json:"active_at"`
	FiredAt     *time.Time        `json:"fired_at,omitempty"`
	ResolvedAt  *time.Time        `json:"resolved_at,omitempty"`

	fingerprint string
	value       float64
	keepSince   time.Time
	seenAt      time.Time
}

// Service keeps rules and alerts, and evaluates them.
type Service struct {
	db      *db.DB
	bus     *event.Bus
	log     *slog.Logger
	metrics *metric.Store
	parser  parser.Parser
	self    string // names this node to the others
	now     func() time.Time

	patience time.Duration // with the groups of one workspace in a round
	changed  chan struct{} // a group was changed on this node
	ours     atomic.Bool   // this node evaluates
	counts   *rules.Metrics

	mu     sync.Mutex
	loaded map[groupKey]*running // by the evaluating node
	newest int64                 // updated_at of the newest that was loaded
}

// groupKey names a group of all workspaces.
type groupKey struct {
	ws   workspace.ID
	name string
}

// NewService returns the service; rules are evaluated while Run runs.
func NewService(d *db.DB, bus *event.Bus, log *slog.Logger, metrics *metric.Store) *Service {
	return &Service{db: d, bus: bus, log: log, metrics: metrics, parser: parser.NewParser(parser.Options{}), self: db.NewID(), now: time.Now, patience: turnFor,
		changed: make(chan struct{}, 1), counts: rules.NewGroupMetrics(nil), loaded: map[groupKey]*running{}, newest: -1}
}

var (
	position  = regexp.MustCompile(`^(\d+):(\d+): `)
	quoted    = regexp.MustCompile(`"([^"]+)"`)
	yamlLine  = regexp.MustCompile(`line (\d+): (.*)`)
	ruleWords = regexp.MustCompile(`^(?:\d+:\d+: )?group ".*?", rule (\d+), ".*?": `)
)

// read parses a document that must hold one group.
func (s *Service) read(document string) (*rulefmt.RuleGroup, []Fault) {
	if len(document) > maxDocument {
		return nil, []Fault{{Reason: "the document is larger than " + strconv.Itoa(maxDocument/1000) + " kB"}}
	}
	if strings.ContainsRune(document, 0) {
		return nil, []Fault{{Reason: "the document holds a NUL character"}}
	}
	file, list := rulefmt.Parse([]byte(document), false, model.UTF8Validation, s.parser, promslog.NewNopLogger())
	if len(list) > 0 {
		return nil, faultsOf(document, list)
	}
	switch {
	case len(file.Groups) != 1:
		return nil, []Fault{{Line: 1, Column: 1, Reason: "the document must have one group under groups:, not " + strconv.Itoa(len(file.Groups))}}
	case len(file.Groups[0].Rules) == 0:
		return nil, []Fault{{Line: 1, Column: 1, Reason: "the group has no rules"}}
	}
	g := &file.Groups[0]
	switch d := time.Duration(g.Interval); {
	case d == 0:
		g.Interval = model.Duration(defaultInterval)
	case d < leastInterval:
		return nil, []Fault{{Line: lineOf(document, "interval:"), Column: 1, Reason: "the interval must be " + leastInterval.String() + " or longer"}}
	}
	if len(g.Rules) > maxRules {
		return nil, []Fault{{Line: 1, Column: 1, Reason: "the group has more than " + strconv.Itoa(maxRules) + " rules; make two of it"}}
	}
	if err := templates(g); err != nil {
		return nil, []Fault{{Line: 1, Column: 1, Reason: err.Error()}}
	}
	if strings.ContainsAny(g.Name, "/\n") || len(g.Name) > 100 {
		return nil, []Fault{{Line: lineOf(document, "name:"), Column: 1, Reason: "the name of the group must have at most 100 characters and no slash"}}
	}
	return g, nil
}

func lineOf(document, word string) int {
	for i, line := range strings.Split(document, "\n") {
		if strings.Contains(line, word) {
			return i + 1
		}
	}
	return 1
}

// faultsOf turns the library's errors into lines and reasons.
func faultsOf(document string, list []error) []Fault {
	var out []Fault
	for _, err := range list {
		text := strings.TrimSpace(err.Error())
		if m := position.FindStringSubmatch(text); m != nil {
			line, _ := strconv.Atoi(m[1])
			column, _ := strconv.Atoi(m[2])
			text = strings.TrimPrefix(text, m[0])
			text = position.ReplaceAllString(text, "") // a second place, of "only one of"
			out = append(out, Fault{line, column, ruleWords.ReplaceAllString(text, "rule $1: ")})
			continue
		}
		if lines := yamlLine.FindAllStringSubmatch(text, -1); lines != nil {
			for _, m := range lines {
				line, _ := strconv.Atoi(m[1])
				out = append(out, Fault{line, 1, m[2]})
			}
			continue
		}
		f := Fault{Reason: ruleWords.ReplaceAllString(strings.TrimPrefix(text, "yaml: "), "rule $1: ")}
		if m := quoted.FindAllStringSubmatch(f.Reason, -1); m != nil && strings.Contains(document, m[len(m)-1][1]) {
			f.Line, f.Column = lineOf(document, m[len(m)-1][1]), 1 // the library does not say where
		}
		out = append(out, f)
	}
	// Where the text is read twice, the same is found twice.
	seen := map[Fault]bool{}
	return slices.DeleteFunc(out, func(f Fault) bool {
		twice := seen[f]
		seen[f] = true
		return twice
	})
}

// count says how many rules of each kind a group has.
func count(g *rulefmt.RuleGroup) (recording, alerting int) {
	for _, r := range g.Rules {
		if r.Alert != "" {
			alerting++
		} else {
			recording++
		}
	}
	return recording, alerting
}

// Check says what is wrong with a document.
func (s *Service) Check(ctx context.Context, document string) (*Check, error) {
	if _, err := workspace.Need(ctx, workspace.Read); err != nil {
		return nil, err
	}
	g, faults := s.read(document)
	if faults != nil {
		return &Check{Faults: faults}, nil
	}
	out := &Check{Valid: true, Name: g.Name, Faults: []Fault{}}
	out.Recording, out.Alerting = count(g)
	return out, nil
}

// Put saves a group.
func (s *Service) Put(ctx context.Context, name, document string) (*Group, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	g, faults := s.read(document)
	if faults != nil {
		fields := make([]errs.Field, len(faults))
		for i, f := range faults {
			fields[i] = errs.Field{Location: "body.document:" + strconv.Itoa(f.Line) + ":" + strconv.Itoa(f.Column), Message: f.Reason}
		}
		return nil, errs.WithFields("The rules were not saved: line "+strconv.Itoa(faults[0].Line)+": "+faults[0].Reason+".", fields...)
	}
	if g.Name != name {
		return nil, errs.New(errs.Invalid, "The group in the document is named %q, not %q; save it under its own name.", g.Name, name)
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if err := putGroup(ctx, tx, a.Workspace, name, document, s.now(), a.Name); err != nil {
			return err
		}
		n, err := countGroups(ctx, tx, a.Workspace)
		if err != nil {
			return err
		}
		if n > maxGroups {
			return errs.New(errs.Unprocessable, "There are %d groups of rules already, which is as many as there may be; remove one first.", maxGroups)
		}
		return a.Audit(ctx, tx, "rule_group.put", "rule_group", name, nil)
	})
	if err != nil {
		return nil, err
	}
	s.tell(a.Workspace, name)
	return s.Get(ctx, name)
}

// Remove removes a group; its alerts end.
func (s *Service) Remove(ctx context.Context, name string) error {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return err
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := getGroup(ctx, tx, a.Workspace, name); err != nil {
			return err
		}
		if err := putGroup(ctx, tx, a.Workspace, name, "", s.now(), a.Name); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "rule_group.remove", "rule_group", name, nil)
	})
	if err != nil {
		return err
	}
	s.tell(a.Workspace, name)
	return nil
}

// tell says that a group was changed.
func (s *Service) tell(ws workspace.ID, name string) {
	select {
	case s.changed <- struct{}{}:
	default:
	}
	s.bus.Publish(event.Event{Workspace: string(ws), Type: "rulegroup.updated", ID: name})
}

// Get returns a group.
func (s *Service) Get(ctx context.Context, name string) (*Group, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	g, err := getGroup(ctx, s.db, a.Workspace, name)
	if err != nil {
		return nil, err
	}
	s.complete(g)
	return g, nil
}

// Groups lists the groups by name.
func (s *Service) Groups(ctx context.Context) ([]*Group, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	list, err := listGroups(ctx, s.db, a.Workspace)
	for _, g := range list {
		s.complete(g)
	}
	return list, err
}

// complete fills in what the document says.
func (s *Service) complete(g *Group) {
	if r, faults := s.read(g.Document); faults == nil {
		g.Recording, g.Alerting = count(r)
		g.Interval = time.Duration(r.Interval).Seconds()
	}
}

// List returns a page of alerts in a state, or of all that are active for "",
// newest first, before an id ("" for the newest).
func (s *Service) List(ctx context.Context, state State, before string, limit int) ([]*Alert, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	states := []State{state}
	if state == "" {
		states = []State{Pending, Firing}
	}
	return listAlerts(ctx, s.db, a.Workspace, states, before, limit)
}

// Counts is how many alerts are active.
type Counts struct {
	Firing  int `json:"firing"`
	Pending int `json:"pending"`
}

// Count counts the active alerts.
func (s *Service) Count(ctx context.Context) (*Counts, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	return countAlerts(ctx, s.db, a.Workspace)
}

// keepHistory is how long alerts that have ended are kept.
const keepHistory = 90 * 24 * time.Hour

// Sweep forgets alerts that ended long ago, of all workspaces.
func (s *Service) Sweep(ctx context.Context) error {
	return s.db.Tx(ctx, func(tx *db.Tx) error { return dropOld(ctx, tx, s.now().Add(-keepHistory)) })
}

// fingerprint tells alerts of a rule apart, on every node and in every
// version alike.
func fingerprint(l labels.Labels) string {
	sum := sha256.Sum256([]byte(l.String()))
	return hex.EncodeToString(sum[:8])
}

func packed(l map[string]string) (string, error) {
	b, err := json.Marshal(l)
	return string(b), err
}
