package gateway

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// PlanPolicy holds the application to the limits of its plan, which is a
// record (see the application package). They hold for all calls of the
// application on routes with this policy together.
type PlanPolicy struct {
	Default string `yaml:"default,omitempty" json:"default,omitempty" doc:"Plan of those who have none, also of callers without an application; absent: they are not limited here."`
}

var planKind = policyKind{
	name: "plan",
	once: true,
	check: func(k *checker, path string, p *Policies) {
		if p.Plan != nil && p.Plan.Default != "" && !nameForm.MatchString(p.Plan.Default) {
			k.fault(path+".plan.default", "%q is no name of a plan", p.Plan.Default)
		}
	},
	build: func(b *building, p *Policies) policy {
		if p.Plan == nil {
			return nil
		}
		return &planLimits{g: b.g, workspace: b.workspace, otherwise: p.Plan.Default}
	},
}

// PlanLimits are what a plan allows, as its record has them.
type PlanLimits struct {
	Limits     []PlanRate  `json:"limits" nullable:"false" maxItems:"10" doc:"Rates, all of which must leave room."`
	Quotas     []PlanQuota `json:"quotas" nullable:"false" maxItems:"10" doc:"Calls in a day or month."`
	Concurrent int64       `json:"concurrent,omitempty" minimum:"0" doc:"Calls at once; absent: no bound."`
	Priority   string      `json:"priority,omitempty" enum:"low,medium,high" doc:"Who is refused first when an upstream fills up; high when absent."`
}

// PlanRate is one rate of a plan.
type PlanRate struct {
	Rate  string `json:"rate" example:"100/s" doc:"Calls per time, such as 10/s, 600/m, 1000/h."`
	Burst int64  `json:"burst,omitempty" minimum:"0" doc:"How many at once; the rate's number when absent."`
}

// PlanQuota is one quota of a plan.
type PlanQuota struct {
	Count int64  `json:"count" minimum:"0"`
	Per   string `json:"per" enum:"day,month"`
	Zone  string `json:"zone,omitempty" example:"Europe/Berlin" doc:"Time zone of the calendar; UTC when absent."`
}

// Plan is a plan that requests are held against: immutable.
type Plan struct {
	name       string
	rates      []*rateLimit
	quotas     []*quota
	concurrent int64
	salt       uint64
	priority   uint8
}

// CompilePlan makes one, or says what is wrong with it.
func CompilePlan(workspace, name string, l PlanLimits) (*Plan, error) {
	if len(l.Limits) > maxLimits || len(l.Quotas) > maxLimits {
		return nil, fmt.Errorf("a plan has at most %d limits and %d quotas", maxLimits, maxLimits)
	}
	p := &Plan{name: name, concurrent: l.Concurrent, salt: fnv(workspace+" plan "+name, 0)}
	for i, r := range l.Limits {
		if _, _, err := rateOf(r.Rate); err != nil {
			return nil, err
		}
		if r.Burst < 0 || r.Burst > maxBurst {
			return nil, fmt.Errorf("a burst is from 1 to %d", maxBurst)
		}
		label := "plan-" + name
		if i > 0 {
			label += "-" + strconv.Itoa(i+1)
		}
		// Another rate counts anew: what a small one owes would keep a large one shut.
		p.rates = append(p.rates, newRateLimit(r.Rate, r.Burst, label, byApplication, fnv(fmt.Sprint(workspace, " ", label, " ", r.Rate, " ", r.Burst), 0)))
	}
	seen := map[string]bool{}
	for _, q := range l.Quotas {
		// The scope has no name of the plan: who changes to a larger one has
		// used what was used.
		of := QuotaPolicy{Count: q.Count, Per: q.Per, Zone: q.Zone, By: byApplication, Name: "plan-" + q.Per}
		if err := of.valid(); err != nil {
			return nil, err
		}
		if seen[q.Per] {
			return nil, fmt.Errorf("a plan has one quota per %s", q.Per)
		}
		seen[q.Per] = true
		p.quotas = append(p.quotas, newQuota(of, workspace, ""))
	}
	if l.Concurrent < 0 {
		return nil, errors.New("calls at once are 0 for no bound, or more")
	}
	var err error
	p.priority, err = priorityOf(l.Priority)
	return p, err
}

type planLimits struct {
	g                    *Gateway
	workspace, otherwise string
}

func (p *planLimits) check(x *Exchange) *refusal {
	name := p.otherwise
	if x.Consumer != nil && x.Consumer.Plan != "" {
		name = x.Consumer.Plan
	}
	if name == "" || p.g.applications == nil {
		return nil
	}
	plan := p.g.applications.Plan(p.workspace, name)
	if plan == nil {
		return nil // a name without a record, which limits by plan may use
	}
	x.priority = max(x.priority, plan.priority)
	if no := checkRates(x, &p.g.limiter, plan.rates); no != nil {
		return no
	}
	if plan.concurrent > 0 {
		if no := p.g.slots.hold(x, keyOf(x, byApplication, plan.salt), plan.concurrent); no != nil {
			return no
		}
	}
	return checkQuotas(x, p.g.counters, plan.quotas)
}

// Names of the priorities; the number counts down from the first to be served.
var priorities = []string{"high", "medium", "low"}

func priorityOf(s string) (uint8, error) {
	if s == "" {
		return 0, nil
	}
	i := slices.Index(priorities, s)
	if i < 0 {
		return 0, fmt.Errorf("there is no priority %q; use high, medium or low", s)
	}
	return uint8(i), nil
}
