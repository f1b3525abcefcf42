package evidence

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/release"
)

// ofReleases makes candidates of the releases before the report.
func (l *look) ofReleases() {
	const most = 6
	n := 0
	for _, m := range l.marks {
		if m.At.After(l.f.ReceivedAt) || l.window.From.Sub(m.At) > releaseAgo || n >= most {
			continue
		}
		n++
		f := releaseFound(m)
		f.Bad, f.BadSay = .35, "a release came before it"
		l.list = append(l.list, l.other(Release, f))
	}
}

func releaseFound(m *release.Release) *Found {
	title := strings.TrimSpace(strings.Join([]string{"Release", m.Version, m.Service}, " "))
	if m.Kind != release.Deploy {
		title = strings.TrimSpace(strings.Join([]string{strings.ToUpper(m.Kind[:1]) + m.Kind[1:], m.Version, m.Service}, " "))
	}
	if m.Title != "" {
		title += ": " + clip(m.Title, 120)
	}
	return &Found{ID: m.ID, At: m.At, Title: title, Names: []string{m.Service, m.Title}, Release: m.Version,
		Thing: Thing{ID: m.ID, Title: m.Title, Service: m.Service, Release: m.Version, State: m.Kind, URL: m.URL}}
}

// ofSources asks what else there is. A source that is away takes nothing from
// the others: its trouble is logged.
func (l *look) ofSources(ctx context.Context) error {
	if len(l.s.sources) == 0 {
		return nil
	}
	rank(l.list, prior, l.text)
	ask := Ask{LaunchID: l.f.LaunchID, FeedbackID: l.f.ID, From: l.window.From, To: l.window.To, Who: l.who, Limit: sourceLimit}
	const most = 20
	for _, id := range l.who.Traces {
		ask.Traces = append(ask.Traces, id.String())
	}
	for _, c := range l.list {
		if c.record != nil && c.join.identity() && len(ask.Traces) < most {
			if t := c.record.Trace.String(); !slices.Contains(ask.Traces, t) {
				ask.Traces = append(ask.Traces, t)
			}
		}
	}
	for _, src := range l.s.sources {
		found, err := src.Look(ctx, l.ws, ask)
		if err != nil {
			if ctx.Err() != nil {
				l.cut = true
				return nil
			}
			l.s.log.WarnContext(ctx, "look for evidence", "kind", src.Kind(), "feedback", l.f.ID, "err", err)
			continue
		}
		for i := range found {
			l.list = append(l.list, l.other(src.Kind(), &found[i]))
		}
	}
	return nil
}

// other makes a candidate of something that is no call.
func (l *look) other(kind string, f *Found) *candidate {
	c := &candidate{kind: kind, id: kind + ":" + f.ID, at: f.At, to: f.Until, found: f, title: f.Title, names: segments(f.Names...)}
	c.join, c.say = f.Join, f.JoinSay
	if c.join == "" {
		c.join = l.joinOf(f)
	}
	c.say = cmp.Or(c.say, joins[c.join].say)
	if kind == Span || kind == Error || kind == Log {
		if c.join == ByTrace {
			c.say = "same trace as a call of the reporter"
		}
	}
	x := &c.facts
	x.join = joins[c.join].sure
	x.time, x.timeSay = l.window.near(f.At, f.Until)
	x.bad, x.badSay = f.Bad, f.BadSay
	x.about, x.aboutSay = l.text.about, cmp.Or(l.text.aboutSay, "the report names no failure")
	c.weighText(l.text, l.base, l.memo)
	if f.Release != "" && kind != Release {
		for _, m := range l.marks {
			if m.Version == f.Release && m.At.Before(f.At) && f.At.Sub(m.At) < freshFor {
				x.release, x.relSay = 1, "since release "+m.Version
			}
		}
	}
	return c
}

// joinOf says by what something is tied to the reporter.
func (l *look) joinOf(f *Found) Join {
	w := l.who
	switch {
	case f.Trace != "" && (slices.ContainsFunc(w.Traces, func(id call.ID) bool { return id.String() == f.Trace }) || l.ownTrace(f.Trace)):
		return ByTrace
	case f.Session != "" && slices.Contains(w.Sessions, f.Session):
		return BySession
	case f.User != "" && slices.Contains(w.Users, f.User), f.Session != "" && slices.Contains(w.others, f.Session):
		return ByUser
	case f.Email != "" && slices.Contains(w.Emails, strings.ToLower(f.Email)), f.User != "" && slices.Contains(w.Emails, strings.ToLower(f.User)):
		return ByEmail
	}
	return ByTime
}

func (l *look) ownTrace(id string) bool {
	for _, r := range l.own {
		if r.Trace.String() == id {
			return true
		}
	}
	return false
}

// itemOf is a candidate as the API has it.
func (c *candidate) itemOf() Item {
	i := Item{ID: c.id, Kind: c.kind, At: c.at, Title: c.title, Reason: c.reason, Score: round(c.score), Strength: c.strong, Join: c.join, Parts: slices.Clone(c.parts)}
	if i.Parts == nil {
		i.Parts = []Part{}
	}
	if c.record != nil {
		shaped := shape(c.record)
		i.Call = &shaped
		return i
	}
	t := c.found.Thing
	if t.From == nil && !c.at.IsZero() && !c.to.IsZero() {
		t.From, t.To = &c.at, timeOrNil(c.to)
	}
	i.put(&t)
	return i
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func round(v float64) float64 { return float64(int(v*1000+.5)) / 1000 }
