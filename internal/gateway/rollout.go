package gateway

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Rollout sends a share of some routes' requests to another upstream for a
// while. It lies over what is published and does not change it: it takes hold
// where a route leads to Stable alone, and lets go when the document says
// something else. What it is changed to is live at once, without a document
// being published.
type Rollout struct {
	ID        string
	Workspace string
	API       string
	Version   string
	Routes    []string // empty: all of the API that lead to Stable
	Stable    string   // upstream
	Canary    string   // upstream
	Weight    float64  // percent of the requests that Targeting does not name
	Epoch     int64    // period of evidence: counting begins anew with each
	Targeting Targeting
	Sticky    Sticky
}

// Targeting names requests that go to the canary whatever its weight: any of
// its conditions is enough.
type Targeting struct {
	Headers      []ValueMatch `json:"headers,omitempty" maxItems:"20"`
	Cookies      []ValueMatch `json:"cookies,omitempty" maxItems:"20"`
	Users        []string     `json:"users,omitempty" maxItems:"10000" doc:"Ids of signed-in users."`
	Applications []string     `json:"applications,omitempty" maxItems:"1000" doc:"Ids or names."`
	Plans        []string     `json:"plans,omitempty" maxItems:"100" doc:"Of applications."`
}

// Empty reports whether it names nobody.
func (t Targeting) Empty() bool {
	return len(t.Headers)+len(t.Cookies)+len(t.Users)+len(t.Applications)+len(t.Plans) == 0
}

// ValueMatch is a condition on a field or cookie: its whole value, or a
// regular expression in it.
type ValueMatch struct {
	Name   string `json:"name" minLength:"1" maxLength:"100"`
	Equals string `json:"equals,omitempty" maxLength:"1000"`
	Regex  string `json:"regex,omitempty" maxLength:"1000" doc:"RE2, somewhere in the value; write ^ and $ for the whole of it."`
}

func (m ValueMatch) compile(lower bool) (valueMatch, error) {
	out := valueMatch{name: m.Name, equals: m.Equals}
	if lower {
		out.name = strings.ToLower(m.Name)
	}
	if !headerForm.MatchString(m.Name) {
		return out, fmt.Errorf("%q is no name of a header or cookie", m.Name)
	}
	if (m.Equals == "") == (m.Regex == "") {
		return out, fmt.Errorf("%s needs either equals or regex", m.Name)
	}
	var err error
	if m.Regex != "" {
		if out.regex, err = regexp.Compile(m.Regex); err != nil {
			return out, fmt.Errorf("%q is no regular expression (RE2): %w", m.Regex, err)
		}
	}
	return out, nil
}

// The ways to keep a person with one version.
const (
	StickyUser        = "user"        // who is signed in, else the session; each request where neither is known
	StickyApplication = "application" // by its key
	StickyAddress     = "address"     // of the client
	StickyHeader      = "header"      // value of the header Name
	StickyCookie      = "cookie"      // value of the cookie Name; set where it is missing
	StickyNone        = "none"        // each request by itself
)

// Sticky says by what requests are kept together: those that share it go to
// the same version, and as the weight grows they change from stable to canary
// once, never back.
type Sticky struct {
	By   string `json:"by,omitempty" enum:"user,application,address,header,cookie,none" doc:"user when absent: who is signed in, else the session."`
	Name string `json:"name,omitempty" maxLength:"100" doc:"Of the header or cookie."`
}

// Check says what is wrong with a rollout, without looking at what is
// published.
func (r *Rollout) Check() error {
	_, err := r.compile()
	return err
}

type valueMatch struct {
	name, equals string
	regex        *regexp.Regexp
}

func (m *valueMatch) match(v []byte) bool {
	if m.regex != nil {
		return m.regex.Match(v)
	}
	return string(v) == m.equals
}

// overlay is a compiled rollout, shared by its routes.
type overlay struct {
	Rollout
	headers, cookies   []valueMatch
	users, apps, plans map[string]bool
	upTo               uint64 // of tenThousand
	stable, canary     *upstream
	seed               uint64
	stickyName         string // of the header, in lower case, or of the cookie
}

const tenThousand = 10_000

func (r Rollout) compile() (*overlay, error) {
	o := &overlay{Rollout: r, users: set(r.Targeting.Users), apps: set(r.Targeting.Applications), plans: set(r.Targeting.Plans), seed: fnv(r.ID, 0)}
	if r.Weight < 0 || r.Weight > 100 {
		return nil, fmt.Errorf("a weight is from 0 to 100 percent, not %g", r.Weight)
	}
	o.upTo = uint64(r.Weight*tenThousand/100 + 0.5)
	for _, m := range r.Targeting.Headers {
		c, err := m.compile(true)
		if err != nil {
			return nil, err
		}
		o.headers = append(o.headers, c)
	}
	for _, m := range r.Targeting.Cookies {
		c, err := m.compile(false)
		if err != nil {
			return nil, err
		}
		o.cookies = append(o.cookies, c)
	}
	switch by := cmp.Or(r.Sticky.By, StickyUser); by {
	case StickyHeader, StickyCookie:
		if !headerForm.MatchString(r.Sticky.Name) {
			return nil, fmt.Errorf("sticky by %s needs its name, not %q", by, r.Sticky.Name)
		}
		o.stickyName = r.Sticky.Name
		if by == StickyHeader {
			o.stickyName = strings.ToLower(r.Sticky.Name)
		}
	case StickyUser, StickyApplication, StickyAddress, StickyNone:
	default:
		return nil, fmt.Errorf("there is no sticky by %q; use user, application, address, header, cookie or none", by)
	}
	return o, nil
}

func set(list []string) map[string]bool {
	m := make(map[string]bool, len(list))
	for _, s := range list {
		m[s] = true
	}
	return m
}

// Variant is which version a request went to.
type Variant uint8

// The variants.
const (
	NoVariant Variant = iota
	Stable
	Canary
	Targeted // to the canary, since it was named
)

// String is the variant as the call log and the API have it.
func (v Variant) String() string { return [...]string{"", "stable", "canary", "targeted"}[v] }

// choose takes the upstream of a request, and where it is counted.
func (a *attached) choose(x *Exchange) *upstream {
	o := a.overlay
	switch {
	case o.targets(x):
		x.Variant = Targeted
	case o.share(x) < o.upTo:
		x.Variant = Canary
	default:
		x.Variant = Stable
	}
	x.tally = &a.tallies[x.Variant-Stable]
	if x.Variant == Stable {
		return o.stable
	}
	x.stable = o.stable
	return o.canary
}

// instead is the stable version, once, for a request that the new one did not
// get: nobody has to wait for a rollback. It counts as the new one's failure.
func (x *Exchange) instead() *upstream {
	s := x.stable
	if s != nil {
		x.stable, x.turned = nil, true
	}
	return s
}

// targets reports whether a request is named.
func (o *overlay) targets(x *Exchange) bool {
	if len(o.users) > 0 && x.User != "" && o.users[x.User] {
		return true
	}
	if c := x.Consumer; c != nil && (len(o.apps) > 0 && (o.apps[c.Application] || o.apps[c.Name]) || len(o.plans) > 0 && o.plans[c.Plan]) {
		return true
	}
	for i := range o.headers {
		m := &o.headers[i]
		for k := range x.Fields {
			if isName(x.Fields[k].Name, m.name) && m.match(x.Fields[k].Value) {
				return true
			}
		}
	}
	for i := range o.cookies {
		if v := x.cookie(o.cookies[i].name); v != nil && o.cookies[i].match(v) {
			return true
		}
	}
	return false
}

// share is where a request stands between 0 and tenThousand: the same for all
// that belong together, on every node.
func (o *overlay) share(x *Exchange) uint64 {
	h, known := uint64(0), true
	switch o.Sticky.By {
	case StickyNone:
		known = false
	case StickyApplication:
		if known = x.Consumer != nil; known {
			h = fnv(x.Consumer.Application, o.seed)
		}
	case StickyAddress:
		b := x.Client.As16()
		h = mix(fnvBytes(b[:]) ^ o.seed)
	case StickyHeader:
		var v []byte
		if v, known = x.value(o.stickyName); known {
			h = mix(fnvBytes(v) ^ o.seed)
		}
	case StickyCookie:
		v := x.cookie(o.stickyName)
		if len(v) == 0 {
			id := x.ID.String()
			v = []byte(id)
			x.say("Set-Cookie", o.stickyName+"="+id+"; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax")
		}
		h = mix(fnvBytes(v) ^ o.seed)
	default:
		switch {
		case x.User != "":
			h = fnv(x.User, o.seed)
		case x.Session != "":
			h = fnv(x.Session, o.seed)
		default:
			known = false
		}
	}
	if !known {
		h = mix(uint64(x.ID[15])<<8 | uint64(x.ID[14]) | uint64(x.ID[13])<<16 | uint64(x.ID[12])<<24)
	}
	return h % tenThousand
}

// attached is a rollout on one route, with what is counted there.
type attached struct {
	*overlay
	tallies *[3]tally // stable, canary, targeted
}

// tally counts what became of the requests of one variant of one route.
type tally struct {
	statuses [6]atomic.Uint64 // by status/100; 0: the client left
	failures atomic.Uint64    // 5xx, no whole answer, or given by the stable version instead
	latency  histogram        // of those that did not fail
}

func (t *tally) count(x *Exchange, now time.Time) {
	class := x.Status / 100
	if x.Status == 499 || class > 5 {
		class = 0
	}
	t.statuses[class].Add(1)
	failed := class == 5 || x.turned
	switch x.Err {
	case ConnectFailed, UpstreamReset, UpstreamBad, TimedOut, NoUpstream:
		failed = true
	}
	switch {
	case failed:
		t.failures.Add(1)
	case x.Status != http.StatusSwitchingProtocols: // a tunnel lasts as long as it is wanted
		// Who left has waited that long: it counts as an answer of that age.
		t.latency.add(now.Sub(x.Start))
	}
}

// LatencyBounds are the bounds of a bucket of Tally.Latency.
func LatencyBounds(bucket int) (low, high time.Duration) {
	if bucket > 0 {
		low = time.Duration(bucketTop(bucket-1)) * time.Microsecond
	}
	return low, time.Duration(bucketTop(bucket)) * time.Microsecond
}

// Tally is what became of the requests of one variant of one route.
type Tally struct {
	Route    string
	Variant  Variant
	Statuses [6]uint64 // by first digit; 0: the client left
	Failures uint64
	Latency  []uint64 // by bucket, see LatencyBounds; without empty ones at the end
}

func (t *tally) read(route string, v Variant) Tally {
	out := Tally{Route: route, Variant: v, Failures: t.failures.Load()}
	for i := range t.statuses {
		out.Statuses[i] = t.statuses[i].Load()
	}
	last := 0
	var all [histBuckets]uint64
	for i := range all {
		if all[i] = t.latency.buckets[i].Load(); all[i] > 0 {
			last = i + 1
		}
	}
	out.Latency = slices.Clone(all[:last])
	return out
}

// RolloutState is how a rollout stands on this node.
type RolloutState struct {
	ID      string  `json:"id"`
	API     string  `json:"api"`
	Version string  `json:"version,omitempty"`
	Stable  string  `json:"stable"`
	Canary  string  `json:"canary"`
	Weight  float64 `json:"weight" doc:"Percent of requests that go to the canary."`
	Routes  int     `json:"routes" doc:"Routes that it holds for here; 0 when the document in force sends none of them to the stable upstream."`

	Workspace string  `json:"-"`
	Epoch     int64   `json:"-"`
	Tallies   []Tally `json:"-"`
	Inflight  int64   `json:"inflight_stable" doc:"Requests under way at the stable upstream."`
}

// rolled are the rollouts in force, and their counts by tallyKey.
type rolled struct {
	list    []*overlay
	tallies map[string]*[3]tally
}

// SetRollouts puts rollouts in place of those before, live for the next
// request. One that is wrong is refused, and nothing changes.
func (g *Gateway) SetRollouts(list []Rollout) error {
	next := make([]*overlay, len(list))
	for i, r := range list {
		var err error
		if next[i], err = r.compile(); err != nil {
			return fmt.Errorf("rollout %s: %w", r.ID, err)
		}
	}
	g.apply.Lock()
	defer g.apply.Unlock()
	g.rollouts.list = next
	kept := map[string]bool{}
	for _, o := range next {
		kept[tallyKey(o, "")] = true
	}
	for key := range g.rollouts.tallies {
		if id, _, _ := strings.Cut(key, "\x00"); !kept[id+"\x00"] {
			delete(g.rollouts.tallies, key)
		}
	}
	g.overlay(g.snap.Load())
	return nil
}

// tallyKey names the counts of a route in a period of a rollout.
func tallyKey(o *overlay, route string) string {
	return fmt.Sprintf("%s %d\x00%s", o.ID, o.Epoch, route)
}

// maxTallied bounds the routes of one rollout that are counted apart; what is
// beyond is counted as one.
const maxTallied = 64

// overlay lays the rollouts over a snapshot's routes. The caller holds apply.
func (g *Gateway) overlay(s *snapshot) {
	routes := make([]*attached, len(s.routes))
	for _, o := range g.rollouts.list {
		// Of this snapshot: another may have other upstreams of these names.
		c := *o
		c.stable, c.canary = s.upstreams[o.Workspace+" "+o.Stable], s.upstreams[o.Workspace+" "+o.Canary]
		if c.stable == nil || c.canary == nil {
			continue
		}
		n := 0
		for i, r := range s.routes {
			if routes[i] != nil || r.Workspace != o.Workspace || r.API != o.API || r.Version != o.Version || len(r.split) != 1 || r.split[0].upstream != c.stable ||
				len(o.Routes) > 0 && !slices.Contains(o.Routes, r.Name) {
				continue
			}
			name := r.Name
			if n++; n > maxTallied {
				name = ""
			}
			key := tallyKey(o, name)
			if g.rollouts.tallies[key] == nil {
				if g.rollouts.tallies == nil {
					g.rollouts.tallies = map[string]*[3]tally{}
				}
				g.rollouts.tallies[key] = new([3]tally)
			}
			routes[i] = &attached{overlay: &c, tallies: g.rollouts.tallies[key]}
		}
	}
	for i, r := range s.routes {
		r.overlay.Store(routes[i])
	}
}

// Rollouts says how all rollouts stand here and what they have counted, in
// the order in which they were set.
func (g *Gateway) Rollouts() []RolloutState {
	g.apply.Lock()
	defer g.apply.Unlock()
	s := g.snap.Load()
	out := make([]RolloutState, len(g.rollouts.list))
	at := map[string]int{}
	for i, o := range g.rollouts.list {
		out[i] = RolloutState{ID: o.ID, Workspace: o.Workspace, API: o.API, Version: o.Version, Stable: o.Stable, Canary: o.Canary, Weight: o.Weight, Epoch: o.Epoch}
		at[o.ID] = i
		if u := s.upstreams[o.Workspace+" "+o.Stable]; u != nil {
			for _, t := range u.targets {
				out[i].Inflight += t.inflight.Load()
			}
		}
		for key, t := range g.rollouts.tallies {
			if id, route, _ := strings.Cut(key, "\x00"); id+"\x00" == tallyKey(o, "") {
				for v := range t {
					out[i].Tallies = append(out[i].Tallies, t[v].read(route, Stable+Variant(v)))
				}
			}
		}
		slices.SortFunc(out[i].Tallies, func(a, b Tally) int {
			return cmp.Or(strings.Compare(a.Route, b.Route), cmp.Compare(a.Variant, b.Variant))
		})
	}
	for _, r := range s.routes {
		if a := r.overlay.Load(); a != nil {
			out[at[a.ID]].Routes++
		}
	}
	return out
}

// LatencyBucket is the bucket of a duration; see LatencyBounds.
func LatencyBucket(d time.Duration) int { return bucketOf(uint64(max(d.Microseconds(), 0))) }
