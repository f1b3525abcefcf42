package evidence

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// The parts of the model, by name. Each fact of a candidate (0 to 1) times its
// weight is what the part adds; the sum and the bias through the logistic
// function are the score. docs/reference/evidence.md has the table for people.
const (
	partBias     = "bias"
	partIdentity = "identity" // whose it is
	partTrace    = "trace"    // the report names this very call
	partTime     = "time"     // how near
	partAbnormal = "abnormal" // status, latency, size against the route's band
	partText     = "text"     // the text names the operation
	partSymptom  = "symptom"  // the text says how it failed; may be below 0
	partNumber   = "number"   // a status or an id of the text
	partURL      = "url"      // the page it was sent from
	partRelease  = "release"  // failing since a release
	partSurge    = "surge"    // many fail so in that time
	partRepeat   = "repeat"   // it met the same person again
	partLast     = "last"     // the last of theirs that failed
	partReading  = "reading"  // the report is not about a failure: takes away
)

// weights are those of the parts.
type weights map[string]float64

// prior are the weights that a workspace begins with. They were set by hand
// from what each means, and checked on the generated truth of make
// eval-evidence (seeds 1 to 20); votes move them by at most half (learn.go).
var prior = weights{
	partBias:     -4.6,
	partIdentity: 2.0,  // a stranger's call in the same minute is rarely it
	partTrace:    2.6,  // less where many are named: breadcrumbs name every call of a page
	partTime:     1.6,  // the last one that failed, rather than an earlier one
	partAbnormal: 2.9,  // what works is seldom written about
	partText:     2.0,  // "pay" and POST /checkout/pay
	partSymptom:  1.5,  // "slow" and a slow call; "denied" and a 401
	partNumber:   1.6,  // "error 504", "order 88-20431"
	partURL:      .4,   // the page, not the call
	partRelease:  .3,   //
	partSurge:    .7,   // an outage is likelier than one person's bad luck
	partRepeat:   .3,   //
	partLast:     .8,   // people write of what they met just now, however long ago that was
	partReading:  -1.8, // praise, wishes, questions
}

// scored adds the parts up.
func (c *candidate) add(w weights) {
	f := &c.facts
	c.parts = c.parts[:0]
	c.logit = w[partBias]
	part := func(name string, value float64, say string) {
		v := value * w[name]
		if math.Abs(v) < .005 {
			return
		}
		c.logit += v
		c.parts = append(c.parts, Part{Name: name, Weight: math.Round(v*100) / 100, Say: say})
	}
	part(partIdentity, f.join, c.say)
	part(partTrace, f.trace, "the report carries its id")
	part(partTime, f.time, f.timeSay)
	part(partAbnormal, f.bad, f.badSay)
	if f.text > 0 {
		part(partText, f.text, "the text speaks of "+f.textSay)
	} else {
		part(partText, f.text, f.textSay)
	}
	part(partSymptom, f.symptom, f.symSay)
	part(partNumber, f.number, f.numSay)
	part(partURL, f.url, "sent from a page of the same name")
	part(partRelease, f.release, f.relSay)
	part(partSurge, f.surge, f.surgeSay)
	part(partRepeat, f.repeat, fmt.Sprintf("it met the same person %d times", f.repeatN))
	part(partLast, f.last, f.lastSay)
	part(partReading, 1-f.about, f.aboutSay)
	slices.SortStableFunc(c.parts, func(a, b Part) int { return cmp.Compare(math.Abs(b.Weight), math.Abs(a.Weight)) })
	c.score = 1 / (1 + math.Exp(-c.logit))
}

// values are the facts by the names of the parts, for learning.
func (f *facts) values() map[string]float64 {
	return map[string]float64{partIdentity: f.join, partTrace: f.trace, partTime: f.time, partAbnormal: f.bad, partText: f.text, partSymptom: f.symptom,
		partNumber: f.number, partURL: f.url, partRelease: f.release, partSurge: f.surge, partRepeat: f.repeat, partLast: f.last}
}

// plus returns the weights with what a workspace learnt.
func (w weights) plus(learnt weights) weights {
	out := maps.Clone(w)
	for k, v := range learnt {
		if p, ok := prior[k]; ok && k != partBias && k != partReading {
			limit := math.Abs(p) * mostLearnt
			out[k] += math.Max(-limit, math.Min(limit, v))
		}
	}
	return out
}

// mostLearnt is by how much of a weight votes may move it.
const mostLearnt = .5

// Thresholds of the strengths.
const (
	strongScore  = .8      // and what strongEnough asks for
	likelyScore  = .62     // of somebody's own
	likelyOthers = .5      // where nobody is known: the most there is
	plainlySlow  = 800_000 // microseconds: a wait that nobody overlooks
	rivalMargin  = .7      // in logits: what is nearer is an equal rival
)

// rank orders candidates, says how strong each is, and why.
func rank(list []*candidate, w weights, r *reading) {
	for _, c := range list {
		c.add(w)
	}
	slices.SortStableFunc(list, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(b.logit, a.logit), b.at.Compare(a.at), cmp.Compare(a.id, b.id))
	})
	for i, c := range list {
		c.strong = c.strength(list, i, r)
	}
	for _, c := range list {
		c.reason = c.because()
	}
}

// strength is how far a join may be believed. Strong asks for more than a
// score: it is known whose it is, the report reads like one of a failure, what
// it says of the failure is not spoken against, and nothing else that failed
// is as likely.
func (c *candidate) strength(list []*candidate, i int, r *reading) Strength {
	f := &c.facts
	known := c.join.identity()
	switch {
	case known && c.score >= strongScore && c.strongEnough(r) && !c.rivalled(list, i):
		return Strong
	case known && c.score >= likelyScore, !known && c.score >= likelyOthers && f.bad >= .5 && (f.text > .5 || f.surge > .5), c.join == ByDevice && c.score >= likelyScore:
		return Likely
	}
	return Weak
}

func (c *candidate) strongEnough(r *reading) bool {
	f := &c.facts
	if r.about < .7 || f.symptom < 0 {
		return false
	}
	named := f.text >= .45 || f.number > 0
	shown := f.symptom >= .3
	switch {
	case f.bad < .45 || f.odd || f.later: // what only looks unusual, or came after the report, is never sure
		return false
	case c.record != nil && c.record.Status < 400 && c.record.Latency < plainlySlow:
		return false
	case f.trace > 0:
		return named || shown
	}
	// A text that names no part of the product fits anything that failed.
	return f.time >= .12 && named && (shown || len(r.symptoms) == 0)
}

// rivalled reports whether another failure is as likely.
func (c *candidate) rivalled(list []*candidate, i int) bool {
	own := c.signature()
	for k, o := range list {
		if k == i || o.kind != c.kind || o.logit < c.logit-rivalMargin || o.signature() == own {
			continue
		}
		return true
	}
	return false
}

// because says in one sentence why something is here and how sure that is.
func (c *candidate) because() string {
	var pro, against []string
	for _, p := range c.parts {
		switch {
		case p.Weight >= .15 && len(pro) < 4 && p.Say != "":
			pro = append(pro, p.Say)
		case p.Weight <= -.3 && len(against) < 1 && p.Say != "":
			against = append(against, p.Say)
		}
	}
	s := strings.Join(pro, ", ")
	if s == "" {
		s = "it was in these minutes"
	}
	if len(against) > 0 {
		s += "; but " + against[0]
	}
	switch c.strong {
	case Strong:
		s += "; nothing else fits as well"
	case Likely:
		s += "; likely, not certain"
	default:
		s += "; a hint at most"
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
