package alert

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/audit"
	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/notice"
	"github.com/hypercare/hypercare/internal/workspace"
)

// place is where alerts come in.
type place struct {
	ws                        workspace.ID
	launchID, channelID, kind string
}

// tally is what a delivery of alerts changes.
type tally struct {
	place
	now    time.Time
	open   map[string]*Alert // by key
	known  map[occurrence]bool
	groups map[string]*Group // open ones, by key
	byID   map[string]*Group
	alerts map[string]*Alert // changed ones, by id
}

// apply brings what is open up to date with what was told, in tx, and returns
// the reports to be made of new groups, and groups that changed.
func (s *Service) apply(ctx context.Context, tx *db.Tx, at place, list []told) ([]feedback.Incoming, []*Group, error) {
	t, err := s.tally(ctx, tx, at, list)
	if err != nil {
		return nil, nil, err
	}
	for _, one := range list {
		t.take(one)
	}
	var groups []*Group
	var reports []feedback.Incoming
	for _, id := range slices.Sorted(maps.Keys(t.byID)) {
		g := t.byID[id]
		if !g.touched {
			continue
		}
		groups = append(groups, g)
		if g.new {
			reports = append(reports, t.report(g))
		}
	}
	if err := putGroups(ctx, tx, at.ws, groups); err != nil {
		return nil, nil, err
	}
	if err := putAlerts(ctx, tx, at.ws, slices.Collect(maps.Values(t.alerts))); err != nil {
		return nil, nil, err
	}
	for _, g := range groups {
		if !g.new && g.State == Resolved {
			if err := s.tellEnd(ctx, tx, at, g); err != nil {
				return nil, nil, err
			}
		}
	}
	return reports, groups, nil
}

func (s *Service) tally(ctx context.Context, tx *db.Tx, at place, list []told) (*tally, error) {
	if err := hold(ctx, tx, at.ws, at.channelID); err != nil {
		return nil, err
	}
	t := &tally{place: at, now: s.now().UTC().Truncate(time.Microsecond), byID: map[string]*Group{}, alerts: map[string]*Alert{}}
	keys, groupKeys := map[string]bool{}, map[string]bool{}
	oldest := t.now
	for i := range list {
		list[i].tidy()
		keys[list[i].Key], groupKeys[list[i].Group] = true, true
		if st := list[i].StartedAt; !st.IsZero() && st.Before(oldest) {
			oldest = st
		}
	}
	var err error
	if t.open, err = openAlerts(ctx, tx, at.ws, at.channelID, slices.Collect(maps.Keys(keys))); err != nil {
		return nil, err
	}
	if t.known, err = known(ctx, tx, at.ws, at.channelID, slices.Collect(maps.Keys(keys)), oldest); err != nil {
		return nil, err
	}
	if t.groups, err = openGroups(ctx, tx, at.ws, at.channelID, slices.Collect(maps.Keys(groupKeys))); err != nil {
		return nil, err
	}
	ids := map[string]bool{} // groups of open alerts may be others than those told
	for _, a := range t.open {
		ids[a.GroupID] = true
	}
	for _, g := range t.groups {
		t.byID[g.ID] = g
		delete(ids, g.ID)
	}
	more, err := groupsByID(ctx, tx, at.ws, slices.Collect(maps.Keys(ids)))
	maps.Copy(t.byID, more)
	return t, err
}

// take takes one alert in.
func (t *tally) take(one told) {
	a := t.open[one.Key]
	if a != nil && one.State == Firing && !one.StartedAt.IsZero() && one.StartedAt.After(a.StartedAt) {
		t.end(a, one.StartedAt) // its end was not told
		a = nil
	}
	switch {
	case a == nil && one.State == Firing:
		if !one.StartedAt.IsZero() && t.known[occurrence{one.Key, db.Micros(one.StartedAt)}] {
			return // it ended already: told late
		}
		t.begin(one)
	case a == nil:
		return // nothing is open that could be acknowledged or resolved
	case one.State == Resolved:
		if !one.StartedAt.IsZero() && one.StartedAt.After(a.StartedAt) {
			return
		}
		at := t.now
		if !one.EndedAt.IsZero() && one.EndedAt.Before(at) {
			at = one.EndedAt.UTC().Truncate(time.Microsecond)
		}
		t.end(a, at)
	default:
		a.Title, a.Text, a.Severity, a.URL, a.Labels = one.Title, one.Text, one.Severity, one.URL, one.Labels
		if one.State == Acknowledged {
			a.State = Acknowledged
		}
		a.Times++
		a.LastAt, a.expires = t.now, one.Expires
		t.alerts[a.ID] = a
		if g := t.byID[a.GroupID]; g != nil {
			g.LastAt, g.touched = t.now, true
			g.Severity = min(g.Severity, a.Severity)
			if one.State == Acknowledged && g.Open == 1 {
				g.State = Acknowledged
			}
		}
	}
}

func (t *tally) begin(one told) {
	started := t.now
	if !one.StartedAt.IsZero() {
		started = one.StartedAt.UTC().Truncate(time.Microsecond)
	}
	g := t.groups[one.Group]
	if g == nil {
		g = &Group{ID: db.NewID(), LaunchID: t.launchID, ChannelID: t.channelID, Kind: t.kind, key: one.Group, Title: one.Title, Severity: one.Severity, Service: one.Service,
			URL: one.URL, StartedAt: started, new: true}
		t.groups[one.Group], t.byID[g.ID] = g, g
	}
	a := &Alert{ID: db.NewID(), GroupID: g.ID, LaunchID: t.launchID, channelID: t.channelID, Key: one.Key, Title: one.Title, Text: one.Text, Severity: one.Severity,
		State: Firing, Labels: one.Labels, URL: one.URL, Times: 1, StartedAt: started, LastAt: t.now, expires: one.Expires, new: true}
	t.open[one.Key], t.alerts[a.ID] = a, a
	t.known[occurrence{a.Key, db.Micros(started)}] = true
	g.State, g.LastAt, g.touched = Firing, t.now, true
	g.Severity = min(g.Severity, a.Severity) // sev1 is the worst, and first in the alphabet
	g.Open++
	g.Total++
	if started.Before(g.StartedAt) {
		g.StartedAt = started
	}
}

func (t *tally) end(a *Alert, at time.Time) {
	at = at.UTC().Truncate(time.Microsecond)
	a.State, a.LastAt, a.EndedAt = Resolved, t.now, &at
	t.alerts[a.ID] = a
	delete(t.open, a.Key)
	g := t.byID[a.GroupID]
	if g == nil {
		return
	}
	g.LastAt, g.touched = t.now, true
	if g.Open = max(0, g.Open-1); g.Open == 0 {
		g.State, g.EndedAt = Resolved, &at
		delete(t.groups, g.key)
	}
}

// maxShown is how many alerts of a group its report names.
const maxShown = 10

// report is what a new group says.
func (t *tally) report(g *Group) feedback.Incoming {
	var of []*Alert
	for _, a := range t.alerts {
		if a.GroupID == g.ID {
			of = append(of, a)
		}
	}
	slices.SortFunc(of, func(a, b *Alert) int { return strings.Compare(a.ID, b.ID) })
	var b strings.Builder
	b.WriteString(g.Title)
	for i, a := range of {
		if i == maxShown {
			fmt.Fprintf(&b, "\n\n... and %d more", len(of)-maxShown)
			break
		}
		if a.Text != "" && a.Text != g.Title {
			b.WriteString("\n\n" + clip(a.Text, 4000))
		}
		if i == 0 || a.Title != g.Title {
			if a.Title != g.Title {
				b.WriteString("\n\n" + a.Title)
			}
			b.WriteString("\n")
			for _, k := range sortedKeys(a.Labels) {
				fmt.Fprintf(&b, "\n%s: %s", k, a.Labels[k])
			}
		}
	}
	at := g.StartedAt
	if limit := t.now.Add(time.Hour); at.After(limit) {
		at = t.now
	}
	attrs := map[string]string{"alert_group": g.ID, "severity": g.Severity}
	if g.Service != "" {
		attrs["service"] = g.Service
	}
	for _, k := range []string{"trace_id", "instance", "job", "region", "namespace"} {
		if v := of[0].Labels[k]; v != "" {
			attrs[k] = v
		}
	}
	return feedback.Incoming{NaturalKey: "alert:" + g.ID, Input: feedback.Input{Title: clip(g.Title, feedback.MaxTitle), Text: clip(b.String(), feedback.MaxText), OccurredAt: &at,
		URL: g.URL, Channel: "alert", Attrs: attrs}}
}

// tellEnd writes into the report's thread that its alerts are over.
func (s *Service) tellEnd(ctx context.Context, tx *db.Tx, at place, g *Group) error {
	id, err := s.feedback.ByNaturalKey(ctx, tx, at.ws, g.LaunchID, "alert", "alert:"+g.ID)
	if err != nil || id == "" {
		return err
	}
	text := fmt.Sprintf("Resolved after %s.", g.EndedAt.Sub(g.StartedAt).Round(time.Second))
	if g.Total > 1 {
		text = fmt.Sprintf("All %d alerts are resolved, after %s.", g.Total, g.EndedAt.Sub(g.StartedAt).Round(time.Second))
	}
	_, err = s.notices.Receive(ctx, tx, at.ws, notice.Incoming{FeedbackID: id, LaunchID: g.LaunchID, Author: audit.Actor{Name: at.kind}, Text: text, Via: "alert",
		ChannelID: at.channelID, ExternalID: "alert-end:" + g.ID, At: s.now()})
	return err
}
