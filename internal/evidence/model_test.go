package evidence

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/feedback"
)

func drawFacts(t *rapid.T) facts {
	unit := func(name string) float64 { return rapid.Float64Range(0, 1).Draw(t, name) }
	return facts{join: unit("join"), trace: unit("trace"), time: unit("time"), bad: unit("bad"), text: rapid.Float64Range(-.4, 1).Draw(t, "text"), symptom: rapid.Float64Range(-1, 1).Draw(t, "symptom"),
		number: unit("number"), url: unit("url"), release: unit("release"), surge: unit("surge"), repeat: unit("repeat"), last: unit("last"), about: unit("about")}
}

// raised are the facts with one of them raised.
var raised = map[string]func(*facts){
	partIdentity: func(f *facts) { f.join = 1 }, partTrace: func(f *facts) { f.trace = 1 }, partTime: func(f *facts) { f.time = 1 }, partAbnormal: func(f *facts) { f.bad = 1 },
	partText: func(f *facts) { f.text = 1 }, partSymptom: func(f *facts) { f.symptom = 1 }, partNumber: func(f *facts) { f.number = 1 }, partURL: func(f *facts) { f.url = 1 },
	partRelease: func(f *facts) { f.release = 1 }, partSurge: func(f *facts) { f.surge = 1 }, partRepeat: func(f *facts) { f.repeat = 1 }, partLast: func(f *facts) { f.last = 1 },
	partReading: func(f *facts) { f.about = 1 },
}

// TestEachPartOnlyRaises holds for any facts and whatever was learnt: more of
// one never lowers a score, and the parts are the sum.
func TestEachPartOnlyRaises(t *testing.T) {
	t.Parallel()
	if len(raised) != len(prior)-1 {
		t.Fatalf("%d parts are tested, the model has %d", len(raised), len(prior)-1)
	}
	rapid.Check(t, func(t *rapid.T) {
		learnt := weights{}
		for p := range prior {
			learnt[p] = rapid.Float64Range(-9, 9).Draw(t, "learnt "+p)
		}
		w := prior.plus(learnt)
		c := candidate{facts: drawFacts(t)}
		c.add(w)
		if c.score < 0 || c.score > 1 {
			t.Fatalf("score %g of %+v", c.score, c.facts)
		}
		sum := w[partBias]
		for _, p := range c.parts {
			sum += p.Weight
		}
		if d := sum - c.logit; d > .1 || d < -.1 {
			t.Fatalf("parts sum up to %g, not to %g", sum, c.logit)
		}
		for name, raise := range raised {
			more := candidate{facts: c.facts}
			raise(&more.facts)
			if more.add(w); more.logit < c.logit-1e-9 {
				t.Fatalf("more %s lowers %g to %g", name, c.logit, more.logit)
			}
		}
	})
}

// TestStrongIsNeverGuessed holds for any facts: a strong join is of somebody
// who is known, of a call that failed before the report, that the report names
// and does not speak against, and that nothing rivals.
func TestStrongIsNeverGuessed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var list []*candidate
		for i := range rapid.IntRange(1, 6).Draw(t, "n") {
			join := rapid.SampledFrom([]Join{ByTrace, BySession, ByUser, ByEmail, ByDevice, ByAddress, ByApplication, ByTime}).Draw(t, "by")
			c := &candidate{kind: Call, id: fmt.Sprint(i), join: join, facts: drawFacts(t), record: &call.Record{Route: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "route"), Status: rapid.SampledFrom([]int64{200, 404, 500}).Draw(t, "status")}}
			c.facts.join, c.facts.later, c.facts.odd = joins[join].sure, rapid.Bool().Draw(t, "later"), rapid.Bool().Draw(t, "odd")
			list = append(list, c)
		}
		r := &reading{about: list[0].facts.about, symptoms: map[symptom]float64{}, concepts: map[string]float64{}}
		if rapid.Bool().Draw(t, "says how") {
			r.symptoms[broken] = 1
		}
		rank(list, prior, r)
		for i, c := range list {
			if i > 0 && c.logit > list[i-1].logit {
				t.Fatalf("%d stands behind %d and is likelier", i, i-1)
			}
			if c.reason == "" || !strings.HasSuffix(c.reason, ".") {
				t.Fatalf("no sentence: %q", c.reason)
			}
			f := c.facts
			if c.strong == Strong && (!c.join.identity() || f.later || f.odd || f.bad < .45 || f.symptom < 0 || r.about < .7 || f.text < .45 && f.number == 0 && f.trace == 0 || c.rivalled(list, i)) {
				t.Fatalf("strong without reason: %s %+v", c.join, f)
			}
		}
	})
}

// TestVotesImproveTheOrder measures learning: in a workspace whose reporters
// name what they were doing far more reliably than when, votes must bring the
// right item to the top more often, on reports that nobody voted on.
func TestVotesImproveTheOrder(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	// Of each report one of six candidates is right. Time misleads here: those
	// that are wrong were nearer. The text speaks of the right one more often.
	reportOf := func() (list []*candidate, right string) {
		at := r.IntN(6)
		for i := range 6 {
			f := facts{join: 1, bad: .4 + .6*r.Float64(), time: .5 + .5*r.Float64(), text: .5 * r.Float64(), symptom: r.Float64() - .3, last: r.Float64(), about: 1}
			if i == at {
				f.time, f.text, f.last = .4*r.Float64(), .3+.5*r.Float64(), 0
			}
			list = append(list, &candidate{kind: Call, id: fmt.Sprint(i), join: ByUser, facts: f, record: &call.Record{Route: fmt.Sprint(i), Status: 500}})
		}
		return list, fmt.Sprint(at)
	}
	text := &reading{about: 1, symptoms: map[symptom]float64{}}
	first := func(w weights) float64 {
		r = rand.New(rand.NewPCG(8, 8)) // the same reports each time
		n := 0
		for range 2000 {
			list, right := reportOf()
			rank(list, w, text)
			if list[0].id == right {
				n++
			}
		}
		return float64(n) / 2000
	}
	before := first(prior)
	r = rand.New(rand.NewPCG(9, 9))
	learnt := weights{}
	for range 120 {
		list, right := reportOf()
		rank(list, prior.plus(learnt), text)
		if r.IntN(10) == 0 { // now and then somebody votes for the wrong one
			right = list[r.IntN(3)].id
		}
		prior.teach(learnt, list, right, true)
	}
	after := first(prior.plus(learnt))
	t.Logf("right one first: %.1f %% before, %.1f %% after 120 votes; learnt %v", 100*before, 100*after, learnt)
	if after < before+.1 {
		t.Errorf("right one first: %.3f before and %.3f after 120 votes", before, after)
	}
	for k, v := range learnt {
		if limit := mostLearnt * max(prior[k], -prior[k]); v > limit+1e-9 || v < -limit-1e-9 {
			t.Errorf("%s was moved by %g, more than %g", k, v, limit)
		}
	}
}

func TestAVoteAgainstLowers(t *testing.T) {
	t.Parallel()
	list := []*candidate{
		{kind: Call, id: "a", facts: facts{join: 1, time: 1, about: 1}, record: &call.Record{Route: "a", Status: 500}},
		{kind: Call, id: "b", facts: facts{join: 1, text: .5, about: 1}, record: &call.Record{Route: "b", Status: 500}},
	}
	learnt := weights{}
	if !prior.teach(learnt, list, "a", false) || learnt[partTime] >= 0 || learnt[partText] <= 0 {
		t.Errorf("learnt %v", learnt)
	}
	same := maps.Clone(learnt)
	if prior.teach(learnt, list, "nothing", true) || !maps.Equal(same, learnt) {
		t.Error("something was learnt of nothing")
	}
}

func TestWindowOf(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 27, 13, 20, 0, 0, time.UTC) // 14:20 in Berlin
	for _, tc := range []struct {
		text     string
		occurred time.Time
		from, to string
	}{
		{"Paying fails", now, "13:10", "13:22"},
		{"Paying fails", now.Add(-5 * time.Minute), "13:05", "13:22"},
		{"It has been slow since this morning", now, "04:00", "13:22"},
		{"Seit heute Morgen geht nichts", now, "04:00", "13:22"},
		{"Desde esta mañana no funciona", now, "04:00", "13:22"},
		{"Depuis ce matin rien ne marche", now, "04:00", "13:22"},
		{"At 13:05 I could not pay", now, "11:50", "13:22"},
		{"gegen 13 Uhr ging nichts", now, "11:45", "13:22"},
		{"It costs 12.50 and fails", now, "13:10", "13:22"},
		{"for an hour now nothing works", now, "12:05", "13:22"},
		{"I have waited 2 hours", now, "10:50", "13:22"},
		{"It happened 15 minutes ago", now, "13:01", "13:22"},
	} {
		w := windowOf(&feedback.Feedback{Text: tc.text, OccurredAt: tc.occurred, ReceivedAt: now}, berlin)
		if got := w.From.UTC().Format("15:04") + " " + w.To.UTC().Format("15:04"); got != tc.from+" "+tc.to || w.Why == "" {
			t.Errorf("%q: %s (%s), want %s %s", tc.text, got, w.Why, tc.from, tc.to)
		}
	}
	// Ends that lie far apart are two parts.
	w := windowOf(&feedback.Feedback{Text: "x", OccurredAt: now.Add(-9 * time.Hour), ReceivedAt: now}, time.UTC)
	if len(w.parts) != 2 {
		t.Errorf("parts = %v", w.parts)
	}
}

func TestReading(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text    string
		concept string
		symptom symptom
	}{
		{"The payment keeps spinning", "payment", hanging},
		{"Die Seite lädt ewig, wenn ich bezahlen will", "payment", hanging},
		{"Me echa de la cuenta, acceso denegado", "account", denied},
		{"La recherche est très lente", "search", slow},
		{"My basket is empty although I put things in", "cart", wrong},
		{"Es kommt nichts, aber auch kein Fehler; die Bestellungen fehlen", "order", wrong},
		{"The voucher is not accepted", "voucher", rejected},
		{"Too many requests, try again later", "", limited},
		{"Rechnung lässt sich nicht herunterladen: Fehler", "invoice", broken},
	} {
		r := read(&feedback.Feedback{Text: tc.text})
		if tc.concept != "" && r.concepts[tc.concept] == 0 || r.symptoms[tc.symptom] == 0 {
			t.Errorf("%q: %v %v, want %s %s", tc.text, r.concepts, r.symptoms, tc.concept, tc.symptom)
		}
	}
	if r := read(&feedback.Feedback{Text: "Sorry to bother you, entschuldigt die Störung"}); len(r.symptoms) > 0 {
		t.Errorf("politeness has symptoms: %v", r.symptoms)
	}
	r := read(&feedback.Feedback{Text: "error 504 on order 88-20431", URL: "https://shop.example/checkout/pay?x="})
	if !slices.Contains(r.statuses, 504) || !slices.Contains(r.names, "88-20431") || !slices.Equal(r.url, []string{"checkout", "pay"}) {
		t.Errorf("reading = %+v", r)
	}
}

// FuzzRead holds that any text can be read.
func FuzzRead(f *testing.F) {
	for _, s := range []string{"", "pay 504 at 25:99", "ß\x00\xff", strings.Repeat("ä", 9000), "seit gestern um 14:05 Uhr"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, title, text string) {
		in := &feedback.Feedback{Title: title, Text: text, URL: text, ReceivedAt: time.Unix(1e9, 0), OccurredAt: time.Unix(1e9, 0), Attrs: map[string]string{"trace_ids": text}}
		r := read(in)
		if r.about < 0 || r.about > 1 {
			t.Errorf("about = %g", r.about)
		}
		if w := windowOf(in, time.UTC); w.To.Before(w.From) || w.To.Sub(w.From) > 3*widest {
			t.Errorf("window %s to %s", w.From, w.To)
		}
		(&Who{}).attrs(in)
	})
}
