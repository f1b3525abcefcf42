package gateway

import (
	"cmp"
	"fmt"
	"sync/atomic"
	"time"
)

// QuotaPolicy bounds the calls of a day or month of the calendar.
type QuotaPolicy struct {
	Count int64            `yaml:"count" json:"count" doc:"Calls."`
	Per   string           `yaml:"per" json:"per" doc:"day or month, of the calendar."`
	Zone  string           `yaml:"zone,omitempty" json:"zone,omitempty" doc:"Time zone of the calendar, such as Europe/Berlin; UTC when absent."`
	By    string           `yaml:"by,omitempty" json:"by,omitempty" doc:"application (default), key, user, route."`
	Plans map[string]int64 `yaml:"plans,omitempty" json:"plans,omitempty" doc:"Plan of the application to calls."`
	Name  string           `yaml:"name,omitempty" json:"name,omitempty" doc:"In the RateLimit headers, and what is counted together; else the API or route, and day or month."`
}

// Counters count the calls of a period for good. They must not wait.
type Counters interface {
	// Take counts one call unless most were counted, and returns how many are
	// left.
	Take(c Count, most int64) (left int64, ok bool)
}

// Count is what is counted.
type Count struct {
	Workspace string
	Scope     string // the quota's name
	Subject   string // whose calls
	Start     int64  // of the period, in seconds since 1970
	End       int64  // where the next begins
}

var quotaKind = policyKind{
	name: "quota",
	check: func(k *checker, path string, p *Policies) {
		if len(p.Quotas) > maxLimits {
			k.fault(path+".quotas", "there are %d quotas, more than %d", len(p.Quotas), maxLimits)
		}
		names := map[string]bool{}
		for i, q := range p.Quotas {
			at := fmt.Sprintf("%s.quotas[%d]", path, i)
			if err := q.valid(); err != nil {
				k.fault(at, "%v", err)
			}
			for plan, n := range q.Plans {
				if n < 0 || n > maxQuota {
					k.fault(at+".plans", "the quota of %s is from 0 to %d", plan, maxQuota)
				}
			}
			k.by(at+".by", q.By, []string{byApplication, byKey, byUser, byRoute})
			if q.Name != "" {
				k.name(at+".name", q.Name, names)
			}
		}
	},
	build: func(b *building, p *Policies) policy {
		if len(p.Quotas) == 0 {
			return nil
		}
		out := &quotas{g: b.g}
		for _, q := range p.Quotas {
			out.list = append(out.list, newQuota(q, b.workspace, b.scope))
		}
		return out
	},
}

const maxQuota = 1_000_000_000_000

// The periods of a calendar.
const (
	perDay   = "day"
	perMonth = "month"
)

func (q *QuotaPolicy) valid() error {
	if q.Count < 0 || q.Count > maxQuota {
		return fmt.Errorf("a quota is from 0 to %d calls", int64(maxQuota))
	}
	if q.Per != perDay && q.Per != perMonth {
		return fmt.Errorf("a quota is per day or per month, not per %q", q.Per)
	}
	if _, err := time.LoadLocation(q.Zone); err != nil || q.Zone == "Local" {
		return fmt.Errorf("there is no time zone %q; write it as Europe/Berlin", q.Zone)
	}
	return nil
}

func newQuota(q QuotaPolicy, ws, scope string) *quota {
	name := cmp.Or(q.Name, scope+"-"+q.Per)
	loc, err := time.LoadLocation(q.Zone)
	if err != nil {
		loc = time.UTC
	}
	width := 24 * time.Hour
	if q.Per == perMonth {
		width *= 30 // about: a header has no word for a month
	}
	return &quota{workspace: ws, name: name, by: cmp.Or(q.By, byApplication), most: q.Count, plans: q.Plans,
		calendar: calendar{zone: loc, month: q.Per == perMonth}, width: int64(width / time.Second), start: fmt.Sprintf("RateLimit: %q;r=", name)}
}

type quotas struct {
	g    *Gateway
	list []*quota
}

func (p *quotas) check(x *Exchange) *refusal { return checkQuotas(x, p.g.counters, p.list) }

// checkQuotas counts a call for each quota. One that a later quota refuses was
// counted by those before it: they are in the order of the document.
func checkQuotas(x *Exchange, c Counters, list []*quota) *refusal {
	for _, q := range list {
		if no := q.check(x, c); no != nil {
			return no
		}
	}
	return nil
}

type quota struct {
	workspace, name, by string
	most                int64
	plans               map[string]int64
	calendar            calendar
	width               int64 // seconds
	start               string
}

func (q *quota) check(x *Exchange, counters Counters) *refusal {
	if counters == nil {
		return &refusal{status: 503, class: Refused, reason: "quotas can't be counted at the moment; try again", after: 5 * time.Second}
	}
	most := q.most
	if x.Consumer != nil {
		if n, ok := q.plans[x.Consumer.Plan]; ok {
			most = n
		}
	}
	now := q.calendar.at(x.Start)
	left, ok := counters.Take(Count{Workspace: q.workspace, Scope: q.name, Subject: subjectOf(x, q.by), Start: now.start, End: now.end}, most)
	rest := time.Duration(now.end-x.Start.Unix()) * time.Second
	x.extra = fmt.Appendf(x.extra, "RateLimit-Policy: %q;q=%d;w=%d\r\n", q.name, most, q.width)
	x.sayLimit("", q.start, left, rest)
	if ok {
		return nil
	}
	return &refusal{status: 429, class: Limited, reason: "the calls of this " + q.calendar.word() + " are used up; wait, or ask for a larger plan", after: rest}
}

// subjectOf names who is counted in records.
func subjectOf(x *Exchange, by string) string {
	c := x.Consumer
	switch {
	case by == byRoute:
		return "all"
	case by == byUser && x.vouched() != "":
		return "user " + x.vouched()
	case by == byKey && c != nil && c.KeyID != "":
		return "key " + c.KeyID
	case (by == byApplication || by == byKey) && c != nil:
		return "application " + c.Application
	}
	a := x.Client
	if a.Is6() && !a.Is4In6() {
		if p, err := a.Prefix(64); err == nil {
			return "ip " + p.String()
		}
	}
	return "ip " + a.String()
}

// calendar knows the present day or month.
type calendar struct {
	zone  *time.Location
	month bool
	now   atomic.Pointer[period]
}

// period in seconds since 1970; end is the start of the next.
type period struct{ start, end int64 }

func (c *calendar) word() string {
	if c.month {
		return perMonth
	}
	return perDay
}

func (c *calendar) at(t time.Time) *period {
	s := t.Unix()
	if p := c.now.Load(); p != nil && p.start <= s && s < p.end {
		return p
	}
	y, m, d := t.In(c.zone).Date()
	from, to := time.Date(y, m, d, 0, 0, 0, 0, c.zone), time.Date(y, m, d+1, 0, 0, 0, 0, c.zone)
	if c.month {
		from, to = time.Date(y, m, 1, 0, 0, 0, 0, c.zone), time.Date(y, m+1, 1, 0, 0, 0, 0, c.zone)
	}
	p := &period{from.Unix(), to.Unix()}
	c.now.Store(p)
	return p
}
