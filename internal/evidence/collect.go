package evidence

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback"
	"github.com/hypercare/hypercare/internal/release"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Bounds of one look.
const (
	mostOwn     = 500 // calls of the reporter in a part of the window
	mostOlder   = 150 // of the day before
	mostOthers  = 300 // failing calls of the window, where nobody is known
	mostRanked  = 120
	longAgo     = 24 * time.Hour // for somebody's own calls, when the window has nothing that failed
	sourceLimit = 40
	lookTime    = 8 * time.Second
	releaseAgo  = 24 * time.Hour
	freshFor    = 6 * time.Hour // a release is new for so long
	mostNow     = 2 * time.Hour // of a window, for what is usual
)

// look is one search for the evidence of a feedback.
type look struct {
	s      *Service
	ws     workspace.ID
	f      *feedback.Feedback
	who    *Who
	text   *reading
	window Window
	base   *bands
	now    *bands // of the window
	size   sizes
	marks  []*release.Release

	own    []*call.Record // the reporter's, by time
	others []*call.Record
	tied   Join
	total  int
	part   span // that bands are of
	list   []*candidate
	cut    bool

	memo     map[string]named // what the text has to do with the words of an operation
	named    float64          // how well the text names some operation, and by what
	namedSay string
}

// collect finds and ranks what stands behind a report. The caller has checked
// that its actor may read.
func (s *Service) collect(ctx context.Context, ws workspace.ID, f *feedback.Feedback, w weights) (*look, error) {
	zone, err := s.zone(ctx, ws, f.LaunchID)
	if err != nil {
		return nil, err
	}
	l := &look{s: s, ws: ws, f: f, text: read(f), window: windowOf(f, zone), tied: ByNothing, memo: map[string]named{}}
	if l.who, err = whoIs(ctx, s.db, ws, f); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	if l.marks, err = release.Between(ctx, s.db, ws, f.LaunchID, l.window.From.Add(-releaseAgo), l.window.To, 50); err != nil {
		return nil, err
	}
	if s.calls != nil {
		if err := l.look(ctx); err != nil {
			return nil, err
		}
	}
	l.ofReleases()
	if err := l.ofSources(ctx); err != nil {
		return nil, err
	}
	rank(l.list, w, l.text)
	l.list = l.list[:min(len(l.list), mostRanked)]
	return l, nil
}

// look finds the calls.
func (l *look) look(ctx context.Context) error {
	if err := l.bands(ctx); err != nil {
		return err
	}
	if err := l.findOwn(ctx); err != nil {
		return err
	}
	if len(l.own) == 0 || !slices.ContainsFunc(l.own, l.failed) {
		if err := l.findOlder(ctx); err != nil {
			return err
		}
	}
	if len(l.own) == 0 {
		if err := l.findOthers(ctx); err != nil {
			return err
		}
	}
	if err := l.findSizes(ctx); err != nil {
		return err
	}
	l.name()
	for _, r := range l.own {
		l.list = append(l.list, l.candidate(r))
	}
	for _, r := range l.others {
		l.list = append(l.list, l.candidate(r))
	}
	l.repeats()
	return nil
}

// elsewhere is how much it speaks against a call that the text names another
// operation.
const elsewhere = .4

// name says which of the operations that there are the text names most.
func (l *look) name() {
	if l.base == nil {
		return
	}
	for route := range l.base.routes {
		words := segments(route)
		if v, say := l.text.naming(words, conceptsOf(words), l.base.rare); v > l.named || v == l.named && say < l.namedSay {
			l.named, l.namedSay = v, say
		}
	}
}

// bands looks up what is usual, in the time that the report is most likely
// about: the earlier of two parts, unless hardly anybody called then.
func (l *look) bands(ctx context.Context) error {
	for i, p := range l.window.parts {
		if from := p.to.Add(-mostNow); p.from.Before(from) {
			p.from = from
		}
		var err error
		if l.now, err = l.s.usual.of(ctx, l.ws, p.from, p.to); err != nil {
			return l.late(err)
		}
		if l.base, err = l.s.usual.of(ctx, l.ws, p.from.Add(-baseAgo), p.from); err != nil {
			return l.late(err)
		}
		l.part = p
		if l.base.all.count >= fewCalls {
			return nil
		}
		if l.base.all.count+l.now.all.count >= fewCalls || i == len(l.window.parts)-1 {
			l.base, err = l.s.usual.of(ctx, l.ws, p.from.Add(-baseAgo), p.to)
			return l.late(err)
		}
	}
	return nil
}

// late notes that time ran out: what was found so far is shown.
func (l *look) late(err error) error {
	if err != nil && (errs.Is(err, errs.Busy) || errors.Is(err, context.DeadlineExceeded)) {
		l.cut = true
		return nil
	}
	return err
}

// theirs are the conditions by which calls are the reporter's.
func (w *Who) theirs() []call.Filter {
	var list []call.Filter
	add := func(f call.Field, values []string) {
		if len(values) > 0 {
			list = append(list, call.Filter{Field: f, Values: values})
		}
	}
	add(call.User, slices.Concat(w.Users, w.Emails, slices.Sorted(maps.Keys(w.userOf))))
	add(call.Session, slices.Concat(w.Sessions, w.others, w.Devices, slices.Sorted(maps.Keys(w.sessionOf))))
	var ids []string
	for _, id := range w.Traces {
		ids = append(ids, id.String())
	}
	add(call.Trace, ids)
	add(call.CallID, ids)
	return list
}

// findOwn finds the reporter's calls in the window, and those of sessions and
// users that turn out to be theirs.
func (l *look) findOwn(ctx context.Context) error {
	if !l.who.strong() && len(l.who.Keys)+len(l.who.Apps) == 0 && l.who.Address == "" {
		return nil
	}
	known := map[call.ID]bool{}
	take := func(q call.Query) error {
		page, err := l.s.calls.Find(ctx, l.ws, q)
		if err != nil {
			return l.late(err)
		}
		l.cut = l.cut || !page.Complete
		for i := range page.Calls {
			r := &page.Calls[i]
			if !known[r.ID] {
				known[r.ID] = true
				l.own = append(l.own, r)
			}
		}
		return nil
	}
	if theirs := l.who.theirs(); len(theirs) > 0 {
		for _, p := range l.window.parts {
			if err := take(call.Query{From: p.from, To: p.to, Any: theirs, Limit: mostOwn}); err != nil {
				return err
			}
		}
		if len(l.who.Traces) > 0 && !slices.ContainsFunc(l.own, func(r *call.Record) bool { return l.who.joinOf(r) == ByTrace }) {
			if err := take(call.Query{From: l.window.To.Add(-longAgo), To: l.window.To, Any: traceFilters(l.who), Limit: mostOwn}); err != nil {
				return err
			}
		}
		if l.who.follow(l.own) {
			for _, p := range l.window.parts {
				if err := take(call.Query{From: p.from, To: p.to, Any: l.who.theirs(), Limit: mostOwn}); err != nil {
					return err
				}
			}
		}
	}
	if len(l.own) == 0 {
		if weak := l.who.weakly(); len(weak) > 0 {
			for _, p := range l.window.parts {
				if err := take(call.Query{From: p.from, To: p.to, Any: weak, Limit: mostOwn}); err != nil {
					return err
				}
			}
		}
	}
	l.settle()
	return nil
}

func traceFilters(w *Who) []call.Filter {
	return (&Who{Traces: w.Traces}).theirs()
}

// weakly are conditions that hold for others as well.
func (w *Who) weakly() []call.Filter {
	var list []call.Filter
	if w.Address != "" {
		list = append(list, call.Filter{Field: call.Client, Values: []string{w.Address}})
	}
	if len(w.Keys) > 0 {
		list = append(list, call.Filter{Field: call.Key, Values: w.Keys})
	}
	if len(w.Apps) > 0 {
		list = append(list, call.Filter{Field: call.Application, Values: w.Apps})
	}
	return list
}

// follow learns from calls: whose session it is, and which sessions a user
// has. It reports whether there is anything new.
func (w *Who) follow(own []*call.Record) bool {
	w.userOf, w.sessionOf = map[string]Join{}, map[string]Join{}
	users := map[string]Join{}
	for _, r := range own {
		j := w.joinOf(r)
		if !j.identity() {
			continue
		}
		if j == ByTrace {
			j = BySession // the call beside the one that the report names
		}
		if r.User != "" && !slices.Contains(w.Users, r.User) && !slices.Contains(w.Emails, strings.ToLower(r.User)) {
			users[r.User] = j
		}
		if r.Session != "" && !slices.Contains(w.Sessions, r.Session) && !slices.Contains(w.others, r.Session) && len(w.sessionOf) < maxIdentities {
			w.sessionOf[r.Session] = j
		}
	}
	if len(users) == 1 { // a session that several used says nothing
		w.userOf = users
	}
	return len(w.userOf)+len(w.sessionOf) > 0
}

// settle orders the reporter's calls, and says by what most are tied.
func (l *look) settle() {
	slices.SortFunc(l.own, func(a, b *call.Record) int {
		return cmp.Or(cmp.Compare(a.Time, b.Time), strings.Compare(a.ID.String(), b.ID.String()))
	})
	l.total = len(l.own)
	count := map[Join]int{}
	for _, r := range l.own {
		count[l.who.joinOf(r)]++
	}
	best := 0
	for _, j := range []Join{BySession, ByUser, ByEmail, ByTrace, ByDevice, ByAddress, ByApplication} {
		if count[j] > best {
			best, l.tied = count[j], j
		}
	}
}

func (l *look) failed(r *call.Record) bool {
	v, _ := badness(r, l.base.route(r.Route), nil)
	return v >= .45
}

// findOlder looks at the day before, for somebody who is known but of whom the
// window has nothing that failed: people get times wrong.
func (l *look) findOlder(ctx context.Context) error {
	theirs := l.who.theirs()
	if len(theirs) == 0 {
		return nil
	}
	page, err := l.s.calls.Find(ctx, l.ws, call.Query{From: l.window.To.Add(-longAgo), To: l.window.To, Any: theirs, Limit: mostOlder})
	if err != nil {
		return l.late(err)
	}
	known := map[call.ID]bool{}
	for _, r := range l.own {
		known[r.ID] = true
	}
	total := l.total
	for i := range page.Calls {
		if r := &page.Calls[i]; !known[r.ID] {
			l.own = append(l.own, r)
		}
	}
	l.settle()
	l.total = total // those of the window
	return nil
}

// findOthers looks at whatever failed in the window, where nobody's calls are
// known. It never makes a strong join.
func (l *look) findOthers(ctx context.Context) error {
	const longest = 3 * time.Hour // more is no time of its own any more
	for _, p := range l.window.parts {
		if p.to.Sub(p.from) > longest {
			p.from = p.to.Add(-longest)
		}
		q := call.Query{From: p.from, To: p.to, Limit: mostOthers, Any: []call.Filter{{Field: call.Status, Values: []string{"4xx", "5xx", "0"}},
			{Field: call.Latency, Op: call.AtLeast, Values: []string{strconv.FormatInt(max(1_000_000, 3*l.base.get().all.p95), 10)}}}}
		page, err := l.s.calls.Find(ctx, l.ws, q)
		if err != nil {
			return l.late(err)
		}
		for i := range page.Calls {
			l.others = append(l.others, &page.Calls[i])
		}
	}
	// One of each kind of failure is enough: the nearest.
	seen := map[string]int{}
	kept := l.others[:0]
	for _, r := range l.others {
		k := r.Route + " " + itoa(r.Status)
		if seen[k]++; seen[k] <= 3 {
			kept = append(kept, r)
		}
	}
	l.others = kept
	return nil
}

func (b *bands) get() *bands {
	if b == nil {
		return &bands{}
	}
	return b
}

// findSizes looks up how long answers usually are, where the text speaks of
// wrong data or nothing failed.
func (l *look) findSizes(ctx context.Context) error {
	if l.text.symptoms[wrong] == 0 && slices.ContainsFunc(l.own, l.failed) {
		return nil
	}
	count := map[string]int{}
	for _, r := range l.own {
		if r.Status >= 200 && r.Status < 300 {
			count[r.Route]++
		}
	}
	var routes []string
	for r := range count {
		if r != "" {
			routes = append(routes, r)
		}
	}
	naming := func(route string) float64 {
		words := segments(route)
		v, _ := l.text.naming(words, conceptsOf(words), l.base.rare)
		return v
	}
	slices.SortFunc(routes, func(a, b string) int {
		return cmp.Or(cmp.Compare(naming(b), naming(a)), cmp.Compare(count[b], count[a]), strings.Compare(a, b))
	})
	const most = 6
	var err error
	l.size, err = l.s.usual.sizes(ctx, l.ws, routes[:min(len(routes), most)], l.part.from.Add(-baseAgo), l.part.to)
	return l.late(err)
}

// candidate makes one of a call, with all its facts but repeats.
func (l *look) candidate(r *call.Record) *candidate {
	c := ofCall(r, l.who)
	c.base = l.base.route(r.Route)
	f := &c.facts
	f.join = joins[c.join].sure
	if c.join == ByTrace {
		// A report that names many calls names them because they were there.
		f.trace = math.Min(1, math.Sqrt(3/float64(max(len(l.who.Traces), 1))))
	}
	f.time, f.timeSay = l.window.near(c.at, time.Time{})
	f.bad, f.badSay = badness(r, c.base, l.size)
	f.odd = strings.Contains(f.badSay, oddSize)
	if f.later = c.at.After(l.f.ReceivedAt); f.later {
		f.time *= .3 // what came after it can hardly be what it is about
	}
	f.about, f.aboutSay = l.text.about, cmp.Or(l.text.aboutSay, "the report names no failure")
	c.weighText(l.text, l.base, l.memo)
	if f.text < .2 && l.named >= .7 && f.number == 0 {
		f.text, f.textSay = -elsewhere*l.named, "the text speaks of "+l.namedSay+", not of this"
	}
	l.surge(c)
	l.sinceRelease(c)
	return c
}

// surge compares how many of the route's calls fail in the window with how
// many usually do.
func (l *look) surge(c *candidate) {
	if l.now == nil || l.base == nil || c.facts.bad < .4 || c.record.Status < 500 {
		return
	}
	now, usual := l.now.route(c.record.Route), l.base.route(c.record.Route)
	if now.count < 5 || now.failed < 3 {
		return
	}
	v := clamp(math.Log2(now.rate()/usual.rate()) / 3)
	if l.base == l.now || v == 0 {
		v = clamp(now.rate()*2) * .6
	}
	c.facts.surge = v
	c.facts.surgeSay = fmt.Sprintf("%.0f %% of the calls of %s failed in that time", 100*float64(now.failed)/float64(now.count), c.record.Route)
}

// sinceRelease notes failures of a release that is new.
func (l *look) sinceRelease(c *candidate) {
	if c.facts.bad < .4 || c.record.Release == "" {
		return
	}
	for _, m := range l.marks {
		if m.Version == c.record.Release && m.At.Before(c.at) && c.at.Sub(m.At) < freshFor {
			c.facts.release, c.facts.relSay = 1, "since release "+m.Version
			return
		}
	}
}

// repeats notes failures that the same person met again and again, and which
// of them were the last before the report.
func (l *look) repeats() {
	count := map[string]int{}
	var failed []*candidate
	for _, c := range l.list {
		if c.join.identity() && c.facts.bad >= .4 {
			count[c.signature()]++
			if !c.facts.later {
				failed = append(failed, c)
			}
		}
	}
	for _, c := range l.list {
		if n := count[c.signature()]; c.join.identity() && c.facts.bad >= .4 && n > 1 {
			c.facts.repeat, c.facts.repeatN = clamp(float64(n-1)/3), n
		}
	}
	slices.SortStableFunc(failed, func(a, b *candidate) int { return b.at.Compare(a.at) })
	place, before := 0, ""
	for _, c := range failed {
		if s := c.signature(); s != before {
			place, before = place+1, s
		}
		c.facts.last, c.facts.lastSay = 1/float64(place), "the last call of theirs that failed before the report"
		if place > 1 {
			c.facts.lastSay = "one of the last calls of theirs that failed before the report"
		}
	}
}
