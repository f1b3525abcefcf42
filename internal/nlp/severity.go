package nlp

import (
	"strings"
)

// weigh adds up what makes a report worse; the level follows from the sum.
type weigh struct {
	points  float64
	signs   int // how many things spoke
	reasons []string
}

func (w *weigh) add(points float64, reason string) {
	w.points += points
	w.signs++
	w.reasons = append(w.reasons, reason)
}

// base is the usual weight of a category: 3 and more is critical, 2 high, 1
// medium, below it low.
var base = map[string]float64{
	"security": 1.7, "data": 1.1, "bug": 1.1, "performance": 1.0, "integration": 1.0,
	"usability": 0.4, "documentation": 0.1, "question": 0.2, "feature_request": 0.1, "praise": -0.5, "other": 0.4,
}

// severity adds up cues of outage, loss, money, being stuck and how many are
// hit, on top of what the category usually weighs.
func (r *reading) severity(out Result) Severity {
	if r.empty() {
		return Severity{Level: "sev4", Reason: "there is no text"}
	}
	top := out.Categories[0].Name
	w := &weigh{points: base[top]}
	r.weighCues(w, top)
	if out.Security.Yes && top != "security" {
		w.add(0.6, "it touches security")
	}
	if out.Sentiment.Score < -0.6 && top != "praise" {
		w.points += 0.15
	}
	if s := r.it.Rating; s >= 1 && s <= 2 && top != "praise" {
		w.points += 0.15
	} else if s >= 4 {
		w.points -= 0.3
	}
	level := "sev4"
	switch {
	case w.points >= 2.75:
		level = "sev1"
	case w.points >= 1.75:
		level = "sev2"
	case w.points >= 0.75:
		level = "sev3"
	}
	conf := 0.4 + 0.12*float64(min(w.signs, 3)) + 0.2*out.Categories[0].Confidence - 0.1
	reason := strings.Join(w.reasons, ", ")
	if reason == "" {
		reason = "usual for " + strings.ReplaceAll(top, "_", " ") + ", nothing in the text makes it worse or milder"
	}
	return Severity{Level: level, Confidence: round(min(0.9, conf)), Reason: reason}
}

// weighCues weighs the severity cues. Wishes and questions that mention a
// large word ("everyone would love ...") do not become incidents.
func (r *reading) weighCues(w *weigh, top string) {
	mild := top == "feature_request" || top == "praise" || top == "documentation" || top == "question"
	scale := 1.0
	if mild {
		scale = 0.3
	}
	sign := func(name string, points float64, say string) bool {
		n, first := r.sig.Count("severity", name)
		if n == 0 {
			return false
		}
		w.add(points*scale, quoteList([]string{first})+" "+say)
		return true
	}
	outage := sign("outage", 1.7, "says that it is down")
	loss := sign("loss", 1.1, "speaks of lost data")
	money := sign("payment", 0.9, "is about money")
	stuck := sign("blocked", 0.8, "says that somebody is stuck")
	if n, _ := r.sig.Count("severity", "blocked"); n > 1 {
		w.points += 0.3 * scale
	}
	if top == "bug" && !stuck && crashCue(r) {
		w.add(0.65*scale, "it crashes")
		stuck = true
	}
	if outage || loss || money || stuck || top == "security" || top == "bug" || top == "performance" {
		sign("scope", 0.9, "says that many are hit")
	}
	if n, first := r.sig.Count("severity", "workaround"); n > 0 {
		w.add(-0.7, quoteList([]string{first})+" says that one can get by")
	}
	if n, first := r.sig.Count("severity", "minor"); n > 0 && !outage && !loss && !stuck {
		w.add(-0.5, quoteList([]string{first})+" makes it small")
	}
}

// crashStems begin the words for a crash in the languages of the cue lists.
var crashStems = []string{"crash", "stürzt", "absturz", "abgestürzt", "plante", "se cierra", "fecha sozinho", "si chiude", "вылет", "краш", "落ち", "クラッシュ", "崩溃", "闪退", "튕", "çök", "krasch", "segmentation", "segfault", "wysyp", "zawiesz", "vastgelopen", "freez", "hang"}

func crashCue(r *reading) bool {
	for _, h := range r.sig.Hits {
		if h.Kind != "category" || h.Name != "bug" || h.Negated {
			continue
		}
		low := strings.ToLower(h.Text)
		for _, s := range crashStems {
			if strings.HasPrefix(low, s) {
				return true
			}
		}
	}
	return false
}
