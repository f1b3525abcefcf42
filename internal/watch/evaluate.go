package watch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/rules"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/event"
	"github.com/hypercare/hypercare/internal/workspace"
)

// outage is how long nobody may have evaluated for an alert to go on where it
// was, as in Prometheus.
const outage = time.Hour

// running is a group that this node evaluates. Prometheus' own group holds the
// rules; it is told when to evaluate, and never runs by itself.
type running struct {
	groupKey
	updated  int64
	group    *rules.Group
	interval time.Duration
	next     time.Time
	removed  bool
	restored bool
	last     time.Time // that was noted
	faults   string    // that were noted
	open     map[string]*Alert
}

// alertKey tells alerts of a group apart.
func alertKey(rule, fingerprint string) string { return rule + "\x00" + fingerprint }

// build makes a group of a document; an empty one of rules for a removed
// group, which marks its series as ended and resolves its alerts.
func (s *Service) build(st stored) (*running, error) {
	r := &running{groupKey: st.groupKey, updated: st.updated, interval: defaultInterval, last: db.Time(st.evaluated)}
	file := &rulefmt.RuleGroup{Name: st.name}
	if st.document == "" {
		r.removed = true
	} else {
		g, faults := s.read(st.document)
		if faults != nil { // a version of this program that knew more rules saved it
			return nil, fmt.Errorf("the rules of %s can't be read: line %d: %s", st.name, faults[0].Line, faults[0].Reason)
		}
		file, r.interval = g, time.Duration(g.Interval)
	}
	list := make([]rules.Rule, 0, len(file.Rules))
	for _, one := range file.Rules {
		expr, err := s.parser.ParseExpr(one.Expr)
		if err != nil {
			return nil, fmt.Errorf("read rule %s%s: %w", one.Alert, one.Record, err)
		}
		own := rules.FromMaps(file.Labels, one.Labels)
		if one.Alert != "" {
			list = append(list, rules.NewAlertingRule(one.Alert, expr, time.Duration(one.For), time.Duration(one.KeepFiringFor),
				own, labels.FromMap(one.Annotations), labels.EmptyLabels(), "", false, promslog.NewNopLogger()))
		} else {
			list = append(list, rules.NewRecordingRule(one.Record, expr, own))
		}
	}
	space := s.metrics.In(st.ws)
	limit := file.Limit
	if limit == 0 {
		limit = maxAlerts
	}
	r.group = rules.NewGroup(rules.GroupOptions{
		Name: st.name, File: string(st.ws), Interval: r.interval, Limit: limit, Rules: list, QueryOffset: (*time.Duration)(file.QueryOffset),
		Opts: &rules.ManagerOptions{
			ExternalURL: &url.URL{}, Context: context.Background(), Appendable: space, Queryable: space, Metrics: s.counts,
			Logger: promslog.NewNopLogger(), ResendDelay: time.Hour, NotifyFunc: func(context.Context, string, ...*rules.Alert) {},
			QueryFunc: func(ctx context.Context, expr string, at time.Time) (promql.Vector, error) {
				v, err := space.Vector(ctx, expr, at)
				if err == nil && len(v) > limit { // before templates are written out for each
					err = errs.New(errs.Unprocessable, "The expression gives %d series, more than the limit of %d.", len(v), limit)
				}
				return v, err
			},
		},
	})
	return r, nil
}

// takeOver carries on where the group before a change was.
func (r *running) takeOver(old *running) {
	r.group.CopyState(old.group)
	r.open, r.restored, r.last = old.open, old.restored, old.last
	if r.restored {
		for _, rule := range r.group.AlertingRules() {
			rule.SetRestored(true)
		}
	}
}

// evaluate runs a group as of a time, and writes what changed.
func (s *Service) evaluate(ctx context.Context, r *running, at time.Time) error {
	if r.open == nil {
		list, err := openAlerts(ctx, s.db, r.groupKey)
		if err != nil {
			return err
		}
		r.open = map[string]*Alert{}
		for _, a := range list {
			r.open[alertKey(a.Rule, a.fingerprint)] = a
		}
	}
	if err := r.run(ctx, at); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if !r.restored {
		r.restore(at)
		r.restored = true
	}
	return s.write(ctx, r, at, r.compare(at))
}

// run evaluates the rules. The library panics on a label or an annotation of 16
// MB, which a template can write: that must not end everybody's process.
func (r *running) run(ctx context.Context, at time.Time) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("rules of the group could not be evaluated: %v", p)
		}
	}()
	r.group.Eval(ctx, at)
	return nil
}

// restore sets alerts that the first evaluation found to where they were when
// nobody evaluated any more: on this node before it started, or on another.
// The rows say it, and hold on every node; Prometheus reads its series
// ALERTS_FOR_STATE for the same.
func (r *running) restore(at time.Time) {
	for _, rule := range r.group.AlertingRules() {
		rule.ForEachActiveAlert(func(a *rules.Alert) {
			row := r.open[alertKey(rule.Name(), fingerprint(a.Labels))]
			if row == nil || at.Sub(r.last) > outage && row.State != Firing {
				return
			}
			a.ActiveAt = row.ActiveAt
			switch {
			case row.State == Firing:
				a.State, a.FiredAt = rules.StateFiring, moment(row.FiredAt)
			case at.After(r.last) && !r.last.IsZero():
				// What nobody saw does not count as having held.
				a.ActiveAt = row.ActiveAt.Add(at.Sub(r.last))
			}
			if a.ActiveAt.After(at) {
				a.ActiveAt = at
			}
		})
		rule.SetRestored(true)
	}
}

// change is a row to be written.
type change struct {
	alert *Alert
	drop  bool // it never fired
	told  bool // its state is another: those who watch are told
}

// refreshEvery is how often the value of an alert is written whose state stays.
const refreshEvery = time.Minute

// compare says how rows differ from what the rules hold.
func (r *running) compare(at time.Time) []change {
	var out []change
	seen := map[string]bool{}
	for _, rule := range r.group.AlertingRules() {
		rule.ForEachActiveAlert(func(a *rules.Alert) {
			if a.State != rules.StatePending && a.State != rules.StateFiring {
				return
			}
			key := alertKey(rule.Name(), fingerprint(a.Labels))
			seen[key] = true
			row := r.open[key]
			next := &Alert{Group: r.name, Rule: rule.Name(), State: Pending, Labels: a.Labels.Map(), Annotations: a.Annotations.Map(), ActiveAt: a.ActiveAt,
				fingerprint: fingerprint(a.Labels), value: a.Value, keepSince: a.KeepFiringSince, seenAt: at}
			if a.State == rules.StateFiring {
				next.State, next.FiredAt = Firing, pointer(a.FiredAt)
			}
			switch {
			case row == nil:
				next.ID = db.NewID()
				out = append(out, change{alert: next, told: true})
			case row.State != next.State:
				next.ID = row.ID
				out = append(out, change{alert: next, told: true})
			case at.Sub(row.seenAt) >= refreshEvery:
				next.ID = row.ID
				out = append(out, change{alert: next})
			}
		})
	}
	for key, row := range r.open {
		if seen[key] {
			continue
		}
		if row.State == Pending {
			out = append(out, change{alert: row, drop: true, told: true})
			continue
		}
		next := *row
		next.State, next.ResolvedAt, next.seenAt = Resolved, &at, at
		out = append(out, change{alert: &next, told: true})
	}
	return out
}

// write stores changes, and that the group was evaluated, in one transaction;
// then tells of them.
func (s *Service) write(ctx context.Context, r *running, at time.Time, list []change) error {
	faults, err := r.faultsNow()
	if err != nil {
		return err
	}
	if len(list) == 0 && faults == r.faults && at.Sub(r.last) < refreshEvery && !r.pending() {
		return nil
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if s.db.Shared() { // another node may have taken over while this one was stuck
			ours, err := takeLease(ctx, tx, lease, s.self, s.now(), s.now().Add(leaseFor))
			if err != nil {
				return err
			}
			if !ours {
				return errNotOurs
			}
		}
		for _, c := range list {
			var err error
			if c.drop {
				err = dropAlert(ctx, tx, r.ws, c.alert.ID)
			} else {
				err = saveAlert(ctx, tx, r.ws, c.alert)
			}
			if err != nil {
				return err
			}
		}
		return noteEvaluated(ctx, tx, r.groupKey, at, faults)
	})
	if err != nil {
		return err
	}
	told := faults != r.faults
	r.last, r.faults = at, faults
	var ids []string
	for _, c := range list {
		key := alertKey(c.alert.Rule, c.alert.fingerprint)
		if c.drop || c.alert.State == Resolved {
			delete(r.open, key)
		} else {
			r.open[key] = c.alert
		}
		if c.told {
			ids = append(ids, c.alert.ID)
		}
	}
	s.publish(r.ws, list, ids)
	if told {
		s.bus.Publish(event.Event{Workspace: string(r.ws), Type: "rulegroup.updated", ID: r.name})
	}
	return nil
}

// errNotOurs stops what another node does by now.
var errNotOurs = errors.New("another node evaluates the rules")

// pending reports whether an alert waits for its time: then each evaluation is
// noted, so that the time is right after a restart.
func (r *running) pending() bool {
	for _, a := range r.open {
		if a.State == Pending {
			return true
		}
	}
	return false
}

// Change tells of alerts whose state is another.
type Change struct {
	Items []Moved `json:"items" nullable:"false"`
}

// Moved is one alert in its new state.
type Moved struct {
	ID    string `json:"id"`
	Rule  string `json:"rule"`
	State State  `json:"state" enum:"pending,firing,resolved,inactive" doc:"Inactive: it was pending and never fired."`
}

// maxTold bounds the alerts that an event names.
const maxTold = 25

func (s *Service) publish(ws workspace.ID, list []change, ids []string) {
	if len(ids) == 0 {
		return
	}
	e := event.Event{Workspace: string(ws), Type: "alert.updated", Count: len(ids)}
	if len(ids) <= maxTold {
		e.IDs = ids
		var c Change
		for _, one := range list {
			if !one.told {
				continue
			}
			m := Moved{ID: one.alert.ID, Rule: one.alert.Rule, State: one.alert.State}
			if one.drop {
				m.State = "inactive"
			}
			c.Items = append(c.Items, m)
		}
		if data, err := json.Marshal(c); err == nil { // it always has a form
			e.Data = data
		}
	}
	s.bus.Publish(e)
}

// faultsNow lists rules that could not be evaluated, as JSON; "" for none.
func (r *running) faultsNow() (string, error) {
	out := map[string]string{}
	for i, rule := range r.group.Rules() {
		if err := rule.LastError(); err != nil {
			out[strconv.Itoa(i+1)+" "+rule.Name()] = err.Error()
		}
	}
	if len(out) == 0 {
		return "", nil
	}
	b, err := json.Marshal(out)
	return string(b), err
}
