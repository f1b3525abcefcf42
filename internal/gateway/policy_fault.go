package gateway

import (
	"math/rand/v2"
	"strings"
	"time"
)

// FaultPolicy delays and fails requests on purpose, to see in a rehearsal
// whether clients bear it.
type FaultPolicy struct {
	Header string      `yaml:"header,omitempty" json:"header,omitempty" doc:"Only requests that carry this header; absent: all."`
	When   string      `yaml:"when,omitempty" json:"when,omitempty" doc:"Condition in CEL; see transform."`
	Delay  *FaultDelay `yaml:"delay,omitempty" json:"delay,omitempty"`
	Abort  *FaultAbort `yaml:"abort,omitempty" json:"abort,omitempty"`
}

// FaultDelay lets requests wait.
type FaultDelay struct {
	Share float64  `yaml:"share,omitempty" json:"share,omitempty" doc:"Of requests, above 0 to 1; 1 when absent."`
	Time  Duration `yaml:"time" json:"time" doc:"At most 30s."`
}

// FaultAbort fails requests.
type FaultAbort struct {
	Share  float64 `yaml:"share,omitempty" json:"share,omitempty" doc:"Of requests, above 0 to 1; 1 when absent."`
	Status int     `yaml:"status,omitempty" json:"status,omitempty" doc:"400 to 599; 503 when absent."`
}

var faultKind = policyKind{
	name: "fault",
	once: true,
	check: func(k *checker, path string, p *Policies) {
		f := p.Fault
		if f == nil {
			return
		}
		path += ".fault"
		if f.Header != "" && !headerForm.MatchString(f.Header) {
			k.fault(path+".header", "%q is no name of a header", f.Header)
		}
		if _, err := compileCondition(f.When); err != nil {
			k.fault(path+".when", "%v", err)
		}
		if f.Delay == nil && f.Abort == nil {
			k.fault(path, "this rehearses nothing; give it delay or abort")
		}
		if d := f.Delay; d != nil {
			k.share(path+".delay.share", d.Share)
			if d.Time <= 0 || d.Time > Duration(maxDelay) {
				k.fault(path+".delay.time", "a delay is above 0 and at most %v", maxDelay)
			}
		}
		if a := f.Abort; a != nil {
			k.share(path+".abort.share", a.Share)
			if a.Status != 0 && (a.Status < 400 || a.Status > 599) {
				k.fault(path+".abort.status", "requests fail with a status from 400 to 599")
			}
		}
	},
	build: func(b *building, p *Policies) policy {
		f := p.Fault
		if f == nil {
			return nil
		}
		out := &fault{header: strings.ToLower(f.Header), params: b.params}
		out.when, _ = compileCondition(f.When)
		if d := f.Delay; d != nil {
			out.delay, out.delayShare = time.Duration(d.Time), shareOf(d.Share)
		}
		if a := f.Abort; a != nil {
			out.abortShare, out.status = shareOf(a.Share), a.Status
			if out.status == 0 {
				out.status = 503
			}
		}
		return out
	},
}

func (k *checker) share(path string, s float64) {
	if s < 0 || s > 1 || s != s {
		k.fault(path, "a share is above 0 and at most 1")
	}
}

// shareOf is 1 where a share is not given.
func shareOf(s float64) float64 {
	if s == 0 {
		return 1
	}
	return s
}

type fault struct {
	header     string // lower case; "" for all requests
	when       *condition
	params     []string
	delay      time.Duration
	delayShare float64
	abortShare float64
	status     int
}

func (p *fault) check(x *Exchange) *refusal {
	if p.header != "" {
		if _, ok := x.value(p.header); !ok {
			return nil
		}
	}
	if !p.when.holds(x, p.params) {
		return nil
	}
	if p.delay > 0 && chance(p.delayShare) && !x.wait(p.delay) {
		x.Err, x.Status, x.close = ClientGone, 499, true
		return &refusal{done: true}
	}
	if chance(p.abortShare) {
		return &refusal{status: p.status, class: Refused, reason: "this failure was made on purpose: a rehearsal is under way on this route"}
	}
	return nil
}

// chance is true for a share of the times it is asked.
func chance(share float64) bool {
	return share >= 1 || share > 0 && rand.Float64() < share //nolint:gosec // a share of traffic, no secret
}
