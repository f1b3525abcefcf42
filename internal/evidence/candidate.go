package evidence

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/call"
)

// candidate is something that may be evidence, with what speaks for it.
type candidate struct {
	kind string
	id   string // with the kind
	at   time.Time
	to   time.Time // of what lasts
	join Join
	say  string // of the join

	record *call.Record // of calls
	found  *Found       // of all else
	base   band

	title  string
	names  []string
	facts  facts
	parts  []Part
	logit  float64
	score  float64
	strong Strength
	reason string
}

// facts are what the model adds up, each from 0 to 1 unless it says otherwise.
type facts struct {
	join     float64 // how sure it is whose it is
	trace    float64 // the report names it
	time     float64
	timeSay  string
	bad      float64 // how abnormal it is
	badSay   string
	text     float64 // the text names its operation; below 0: another one
	textSay  string
	symptom  float64 // -1 to 1: it failed as the text says
	symSay   string
	number   float64 // a status, an id of the text
	numSay   string
	url      float64
	release  float64 // it fails since a release
	relSay   string
	surge    float64 // many such fail just then
	surgeSay string
	repeat   float64 // it failed the same person again and again
	repeatN  int
	last     float64 // it is the last of theirs that failed, or the last but few
	lastSay  string
	odd      bool    // its size is all that is abnormal
	later    bool    // it came after the report
	about    float64 // how much the report is about a failure at all
	aboutSay string
}

// joins are how sure each is, and how it is said.
var joins = map[Join]struct {
	sure float64
	say  string
}{
	ByTrace:       {1, "the report names this call"},
	BySession:     {1, "same session"},
	ByUser:        {.95, "same user"},
	ByEmail:       {.9, "same e-mail address"},
	ByDevice:      {.8, "same device"},
	ByAddress:     {.4, "same network address"},
	ByApplication: {.35, "same application"},
	ByTime:        {0, "same minutes, whose is unknown"},
	ByText:        {0, "the text speaks of it"},
	ByNothing:     {0, "nothing ties it to the reporter"},
}

func (j Join) identity() bool {
	return j == ByTrace || j == BySession || j == ByUser || j == ByEmail
}

// ofCall makes a candidate of a call.
func ofCall(r *call.Record, who *Who) *candidate {
	j := who.joinOf(r)
	c := &candidate{kind: Call, id: Call + ":" + r.ID.String(), at: r.At(), join: j, say: joins[j].say, record: r, title: callTitle(r)}
	c.names = segments(r.Path, r.Route, r.Operation, r.API)
	return c
}

func callTitle(r *call.Record) string {
	path := r.Path
	if path == "" {
		path = r.Route
	}
	t := strings.TrimSpace(r.Method+" "+clip(path, 120)) + " "
	if r.Status == 0 {
		t += "got no answer"
	} else {
		t += "answered " + itoa(r.Status)
	}
	return t + " after " + milliseconds(r.Latency)
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// milliseconds writes microseconds as "8,004 ms".
func milliseconds(us int64) string {
	ms := us / 1000
	s := strconv.FormatInt(ms, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s + " ms"
}

// signature is what failures that are one and the same share.
func (c *candidate) signature() string {
	r := c.record
	if r == nil {
		return c.kind + " " + c.title
	}
	how := ""
	switch {
	case r.Status >= 500 || r.Status == 0:
		how = "5xx"
	case r.Status == 499:
		how = "left"
	case r.Status >= 400:
		how = itoa(r.Status)
	case c.facts.bad >= .3 && c.facts.odd:
		how = "odd"
	case c.facts.bad >= .3:
		how = "slow"
	default:
		how = "ok"
	}
	return r.Route + " " + how
}

// showing is how a call looks to whoever waited for it.
func (c *candidate) showing() map[symptom]float64 {
	r := c.record
	if r == nil {
		return c.showingOther()
	}
	out := map[symptom]float64{}
	late, _ := badLatency(r.Latency, c.base)
	late /= .9
	out[slow] = late
	out[hanging] = clamp((float64(r.Latency) - 1_000_000) / 4_000_000)
	switch st := r.Status; {
	case st == 504 || st == 408:
		out[hanging], out[slow], out[broken] = 1, math.Max(out[slow], .6), .8
	case st == 499:
		out[hanging], out[slow] = 1, math.Max(out[slow], .7)
	case st >= 500:
		out[broken], out[hanging] = 1, math.Max(out[hanging], .3)
	case st == 429:
		out[limited], out[broken], out[denied], out[rejected] = 1, .55, .3, .4
	case st == 401 || st == 403:
		out[denied], out[broken], out[rejected] = 1, .5, .2
	case st == 404 || st == 410:
		out[broken], out[wrong] = .75, .6
	case st >= 400:
		out[rejected], out[broken] = 1, .7
	case st == 0:
		out[broken], out[hanging] = .9, .6
	default:
		out[wrong] = .25
		if c.facts.odd {
			out[wrong] = math.Max(.5, c.facts.bad/.75)
		}
	}
	return out
}

func (c *candidate) showingOther() map[symptom]float64 {
	out := map[symptom]float64{broken: .7}
	words := fold(c.title + " " + c.found.Words)
	for name, list := range symptoms {
		if said(words, list) > 0 {
			out[symptom(name)] = 1
		}
	}
	return out
}

// weighText fills in what the text has to do with it.
func (c *candidate) weighText(r *reading, b *bands, memo map[string]named) {
	f := &c.facts
	key := strings.Join(c.names, " ")
	n, ok := memo[key]
	if !ok {
		n.value, n.say = r.naming(c.names, conceptsOf(c.names), b.rare)
		memo[key] = n
	}
	f.text, f.textSay = n.value, n.say
	c.weighSymptom(r)
	if c.record != nil {
		for _, st := range r.statuses {
			if st == c.record.Status {
				f.number, f.numSay = 1, "the text names the status "+itoa(st)
			}
		}
		path := strings.ToLower(c.record.Path)
		for _, n := range r.names {
			if strings.Contains(path, n) {
				f.number, f.numSay = 1, fmt.Sprintf("the text names %q", clip(n, 40))
			}
		}
		for _, w := range r.url {
			if slices.Contains(c.names, w) {
				f.url = 1
			}
		}
	} else if words := fold(c.found.Words); len(words) > 3 {
		n, same := 0, 0
		for w := range strings.FieldsSeq(words) {
			if len(w) > 3 {
				n++
				if r.words[w] {
					same++
				}
			}
		}
		if n > 0 && same >= 2 {
			if v := clamp(float64(same) / float64(min(n, 6))); v > f.text {
				f.text, f.textSay = v, "its message"
			}
		}
	}
}

func (c *candidate) weighSymptom(r *reading) {
	if len(r.symptoms) == 0 {
		return
	}
	shows := c.showing()
	best, against := -1.0, 0.0
	var by symptom
	for s, said := range r.symptoms {
		if v := said * shows[s]; v > best {
			best, by = v, s
		}
		against = math.Max(against, said)
	}
	if best >= .2 {
		c.facts.symptom, c.facts.symSay = best, "it failed as the text says ("+string(by)+")"
		return
	}
	c.facts.symptom = -against * (1 - best/.2) * .7
	c.facts.symSay = "it did not fail as the text says"
}

// near says how near in time something is to what a report may be about.
// Before it is likelier than behind it: whoever writes has met it.
func (w *Window) near(at, to time.Time) (float64, string) {
	best, say := 0.0, ""
	for i, a := range w.anchors {
		ago := a.at.Sub(at)
		if !to.IsZero() && to.After(a.at) && at.Before(a.at) {
			ago = 0 // it lasted until then
		} else if !to.IsZero() && to.Before(a.at) {
			ago = a.at.Sub(to)
		}
		v := 0.0
		if ago >= -2*time.Second {
			v = 1 / (1 + math.Pow(math.Max(ago.Seconds(), 0)/a.spread.Seconds(), .8))
		} else {
			v = .55 / (1 + math.Pow(-ago.Seconds()/math.Max(a.rough.Seconds()/2, 15), 1.2))
		}
		if v *= a.trust; v > best {
			best, say = v, ahead(ago, i > 0)
		}
	}
	if w.wide && at.After(w.From) && at.Before(w.To) {
		best = math.Max(best, .45)
	}
	return best, say
}

func ahead(ago time.Duration, told bool) string {
	what := "the report"
	if told {
		what = "the time it names"
	}
	d := ago.Abs().Round(time.Second)
	var say string
	switch {
	case d < time.Second:
		return "at " + what
	case d < 2*time.Minute:
		say = fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 3*time.Hour:
		say = fmt.Sprintf("%d min", int(d.Minutes()))
	default:
		say = fmt.Sprintf("%d h", int(d.Hours()))
	}
	if ago < 0 {
		return say + " after " + what
	}
	return say + " before " + what
}
