package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Kind is one way in which a launch goes wrong.
type Kind string

// The twelve kinds.
const (
	UpstreamTimeout    Kind = "upstream_timeout"    // a service, or one instance of it, no longer answers
	ReleaseStatus      Kind = "release_status"      // since a release an operation answers with a wrong status
	SlowRegion         Kind = "slow_region"         // a query is slow for one region
	Quota              Kind = "quota"               // an application has used up its calls
	ExpiredCertificate Kind = "expired_certificate" // a service's certificate has ended
	AuthBreak          Kind = "auth_break"          // one version of the app can no longer sign in
	DataBug            Kind = "data_bug"            // answers are 200 and wrong
	ThirdParty         Kind = "third_party"         // somebody else's service is away
	MemoryLeak         Kind = "memory_leak"         // it gets slower, then fails
	RateLimit          Kind = "rate_limit"          // a limit is set far too low
	BadCanary          Kind = "bad_canary"          // a new version that some get refuses what is right
	DNS                Kind = "dns"                 // a name no longer resolves
)

// Kinds are all of them.
var Kinds = []Kind{UpstreamTimeout, ReleaseStatus, SlowRegion, Quota, ExpiredCertificate, AuthBreak, DataBug, ThirdParty, MemoryLeak, RateLimit, BadCanary, DNS}

// Cause is one right answer to "what do these reports have in common?".
type Cause struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

// Fault is one thing that goes wrong, and what is true of it.
type Fault struct {
	ID       string
	Kind     Kind
	From, To Minutes
	Service  string
	Routes   []string // that it meets; empty: all of the service
	Instance int      // that it meets; -1: all
	Release  string   // that brought it
	Region   string
	Version  string // of the app
	Device   string
	Symptom  Symptom // what people see
	Causes   []Cause // each of which names it; targets are added when the shop is up
	Reports  int     // wanted

	began time.Time
}

// Symptom is what somebody who meets a fault sees.
type Symptom string

// The symptoms, by which texts are chosen.
const (
	Broken   Symptom = "broken"   // an error message
	Hanging  Symptom = "hanging"  // it spins, then gives up
	Slow     Symptom = "slow"     // it works, late
	Denied   Symptom = "denied"   // signed out, not let in
	Limited  Symptom = "limited"  // too many requests
	Wrong    Symptom = "wrong"    // it answers something wrong
	Rejected Symptom = "rejected" // what was entered is refused
)

// failing is how slow a call has to be to have failed whoever waited for it.
const failing = 700 * time.Millisecond

// act changes the stage when a fault begins or ends.
type act func(ctx context.Context, s *Stage, f *Fault) error

type kind struct {
	plan  func(r *rand.Rand, f *Fault, s *Scenario, taken map[string]bool)
	does  func(f *Fault, progress func() float64) effect // what the shop's servers do; nil: nothing
	begin act                                            // what else changes
	end   act
	// fits tells whether a call that no server is to blame for met the fault.
	fits func(f *Fault, c *Call) bool
}

// serviceOf picks one of some services that has no trouble yet.
func serviceOf(r *rand.Rand, taken map[string]bool, names ...string) string {
	free := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return taken[n] })
	if len(free) == 0 {
		return names[0]
	}
	return pick(r, free)
}

// on limits an effect to what a fault is about.
func (f *Fault) on(a asked) bool {
	return a.service == f.Service && (len(f.Routes) == 0 || slices.Contains(f.Routes, a.route)) && !a.canary &&
		(f.Instance < 0 || f.Instance == a.instance) && (f.Region == "" || f.Region == a.region) &&
		(f.Version == "" || f.Version == a.version && f.Device == a.device)
}

var kinds = makeKinds()

func millis(from, to float64, at float64) time.Duration {
	return time.Duration((from + (to-from)*at) * float64(time.Millisecond))
}

func upstreamCause(f *Fault) { f.Causes = append(f.Causes, Cause{"upstream", f.Service}) }

func planTimeout(r *rand.Rand, f *Fault, _ *Scenario, taken map[string]bool) {
	f.Service, f.Symptom = serviceOf(r, taken, "payments", "orders", "vouchers", "cart"), Hanging
	if r.IntN(2) == 0 {
		f.Instance = r.IntN(serviceNamed(f.Service).instances)
	} else {
		upstreamCause(f)
	}
}

func doHang(f *Fault, _ func() float64) effect {
	return func(a asked) *outcome {
		if !f.on(a) || a.chance > 0.9 {
			return nil
		}
		return &outcome{hang: true, cause: "timed out waiting for a connection from the pool"}
	}
}

func planRelease(r *rand.Rand, f *Fault, _ *Scenario, taken map[string]bool) {
	f.Service, f.Symptom = serviceOf(r, taken, "checkout", "vouchers", "accounts", "orders", "payments"), Broken
	f.Routes = map[string][]string{"accounts": {"account"}, "orders": {"order"}}[f.Service]
	f.Release = bump(serviceNamed(f.Service).release, r)
	f.Causes = []Cause{{"release", f.Release}}
}

func doRelease(f *Fault, _ func() float64) effect {
	status := []int{500, 500, 404, 409}[len(f.Release+f.ID)%4]
	return func(a asked) *outcome {
		if !f.on(a) || a.again > 0.75 {
			return nil
		}
		return &outcome{delay: millis(8, 30, a.chance), status: status, body: fmt.Sprintf(`{"error":"%s failed","code":"E%d"}`, a.route, 1000+status), cause: fmt.Sprintf("nil pointer in %s handler", a.route)}
	}
}

func planRegion(r *rand.Rand, f *Fault, _ *Scenario, taken map[string]bool) {
	f.Service, f.Symptom, f.Region = serviceOf(r, taken, "search", "catalog", "orders"), Slow, pick(r, Regions)
	f.Routes = map[string][]string{"catalog": {"category"}, "orders": {"orders"}}[f.Service]
	f.Causes = []Cause{{"region", f.Region}, {"host", hostOf(f.Region)}}
}

func doSlow(f *Fault, _ func() float64) effect {
	return func(a asked) *outcome {
		if !f.on(a) || a.chance > 0.9 {
			return nil
		}
		return &outcome{delay: millis(900, 1750, a.chance), cause: "sequential scan over " + a.route + "_" + a.region}
	}
}

func planQuota(_ *rand.Rand, f *Fault, _ *Scenario, _ map[string]bool) {
	f.Device, f.Symptom = "partner", Limited
	f.Causes = []Cause{{"application", applications["partner"]}, {"policy", "quotas"}, {"limit", "quotas"}}
}

func planCertificate(_ *rand.Rand, f *Fault, _ *Scenario, _ map[string]bool) {
	f.Service, f.Symptom = "shipping", Broken
	upstreamCause(f)
}

func planAuth(r *rand.Rand, f *Fault, _ *Scenario, _ map[string]bool) {
	f.Service, f.Symptom, f.Device = "accounts", Denied, pick(r, []string{"ios", "android"})
	f.Version = pick(r, versions[f.Device])
	f.Causes = []Cause{{"client_version", f.Version}, {"agent", f.Version}}
}

func doDeny(f *Fault, _ func() float64) effect {
	return func(a asked) *outcome {
		if !f.on(a) {
			return nil
		}
		return &outcome{delay: millis(4, 12, a.chance), status: 401, body: `{"error":"token signature is of an unknown kind"}`, cause: "unknown token format"}
	}
}

func planData(r *rand.Rand, f *Fault, _ *Scenario, taken map[string]bool) {
	f.Service, f.Symptom = serviceOf(r, taken, "orders", "cart", "search"), Wrong
	f.Routes = map[string][]string{"orders": {"orders"}, "cart": {"cart"}, "search": {"search"}}[f.Service]
	f.Release = bump(serviceNamed(f.Service).release, r)
	f.Causes = []Cause{{"release", f.Release}, {"route", f.Routes[0]}}
}

func doEmpty(f *Fault, _ func() float64) effect {
	return func(a asked) *outcome {
		if !f.on(a) || a.again > 0.7 {
			return nil
		}
		return &outcome{delay: millis(5, 20, a.chance), body: `{"items":[],"total":0}`}
	}
}

func planThird(_ *rand.Rand, f *Fault, _ *Scenario, _ map[string]bool) {
	f.Service, f.Symptom = "addressify", Broken
	upstreamCause(f)
}

func doAway(f *Fault, _ func() float64) effect {
	return func(a asked) *outcome {
		if !f.on(a) || a.chance > 0.95 {
			return nil
		}
		return &outcome{delay: millis(30, 300, a.chance), status: 503, body: `{"message":"Service Unavailable","incident":"https://status.addressify.example"}`, cause: "addressify answered 503"}
	}
}

func planLeak(r *rand.Rand, f *Fault, _ *Scenario, taken map[string]bool) {
	f.Service, f.Symptom = serviceOf(r, taken, "catalog", "search", "cart"), Slow
	if r.IntN(2) == 0 {
		f.Instance = r.IntN(serviceNamed(f.Service).instances)
		return
	}
	f.Release = bump(serviceNamed(f.Service).release, r)
	f.Causes = []Cause{{"release", f.Release}, {"upstream", f.Service}}
}

func doLeak(f *Fault, progress func() float64) effect {
	return func(a asked) *outcome {
		if !f.on(a) {
			return nil
		}
		p := progress()
		switch {
		case p > 0.55 && a.chance < (p-0.55)*1.6:
			return &outcome{delay: millis(200, 900, a.chance), status: 500, body: `{"error":"out of memory"}`, cause: "cannot allocate memory"}
		case a.chance < 0.25+p:
			return &outcome{delay: millis(150, 500+1200*p, a.chance), cause: "garbage collection took 84 % of the time"}
		}
		return nil
	}
}

func planLimit(r *rand.Rand, f *Fault, _ *Scenario, taken map[string]bool) {
	f.Service, f.Symptom = serviceOf(r, taken, "search", "catalog", "cart"), Limited
	f.Routes = map[string][]string{"search": {"search"}, "catalog": {"product"}, "cart": {"add-to-cart"}}[f.Service]
	f.Causes = []Cause{{"route", f.Routes[0]}, {"policy", "limit"}, {"limit", "limit"}}
}

func planCanary(r *rand.Rand, f *Fault, _ *Scenario, taken map[string]bool) {
	f.Service, f.Symptom = serviceOf(r, taken, "checkout", "payments", "cart"), Rejected
	f.Routes = map[string][]string{"cart": {"add-to-cart"}}[f.Service]
	f.Release = bump(serviceNamed(f.Service).release, r) + "-rc1"
	f.Causes = []Cause{{"release", f.Release}, {"upstream", canaryOf(f.Service)}}
}

func doCanary(f *Fault, _ func() float64) effect {
	return func(a asked) *outcome {
		if !a.canary || a.service != f.Service || len(f.Routes) > 0 && !slices.Contains(f.Routes, a.route) || a.again > 0.9 {
			return nil
		}
		return &outcome{delay: millis(6, 25, a.chance), status: 422, body: `{"error":"field currency is missing"}`, cause: "validation failed: currency"}
	}
}

func planDNS(_ *rand.Rand, f *Fault, _ *Scenario, _ map[string]bool) {
	f.Service, f.Symptom = "inventory", Broken
	upstreamCause(f)
}

// answeredBy tells whether the gateway answered because the service was out of reach.
func answeredBy(f *Fault, c *Call) bool {
	return operationOf(c.Route).service == f.Service && (c.Status == 502 || c.Status == 503 || c.Status == 504)
}

func makeKinds() map[Kind]kind {
	return map[Kind]kind{
		UpstreamTimeout: {plan: planTimeout, does: doHang},
		ReleaseStatus:   {plan: planRelease, does: doRelease, begin: deploy, end: fix},
		SlowRegion:      {plan: planRegion, does: doSlow},
		Quota: {plan: planQuota, begin: republish, end: republish, fits: func(f *Fault, c *Call) bool {
			return c.Status == 429 && c.Person.Device == f.Device
		}},
		ExpiredCertificate: {plan: planCertificate, begin: expire(true), end: expire(false), fits: answeredBy},
		AuthBreak:          {plan: planAuth, does: doDeny},
		DataBug:            {plan: planData, does: doEmpty, begin: deploy, end: fix},
		ThirdParty:         {plan: planThird, does: doAway},
		MemoryLeak:         {plan: planLeak, does: doLeak, begin: deploy, end: fix},
		RateLimit: {plan: planLimit, begin: republish, end: republish, fits: func(f *Fault, c *Call) bool {
			return c.Status == 429 && slices.Contains(f.Routes, c.Route)
		}},
		BadCanary: {plan: planCanary, does: doCanary, begin: startCanary, end: stopCanary},
		DNS:       {plan: planDNS, begin: republish, end: republish, fits: answeredBy},
	}
}
