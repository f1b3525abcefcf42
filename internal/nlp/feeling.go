package nlp

import (
	"math"
	"slices"

	"github.com/hypercare/hypercare/internal/nlp/linear"
)

// toned are the languages whose sentiment was learnt from labelled texts.
var toned = map[string]bool{"en": true, "ar": true, "fr": true, "de": true, "hi": true, "it": true, "pt": true, "es": true}

// sentiment mixes the heads of the genres by how much the text reads like
// each, then weighs in the rating.
func (r *reading) sentiment() Sentiment {
	if r.empty() {
		return Sentiment{Label: "neutral", Confidence: 0, Reason: "there is no text"}
	}
	var p [3]float64
	genre := r.m.genre.Predict(r.sig.Doc, r.sentence)
	if r.it.Rating > 0 { // only reviews carry stars
		for i, g := range r.m.genre.Labels {
			if g == "review" {
				genre[i] += 1
			}
		}
	}
	var sum float32
	for _, g := range genre {
		sum += g
	}
	best, bestWeight := "", float32(0)
	for i, name := range r.m.genre.Labels {
		w := genre[i] / sum
		if w > bestWeight {
			best, bestWeight = name, w
		}
		if w < 0.02 {
			continue
		}
		vec := r.sentence
		if name == "social" && r.lang != "en" { // learnt with static vectors, too
			vec = r.static
		}
		for c, v := range r.m.sentiment[name].Predict(r.sig.Doc, vec) {
			p[c] += float64(w) * float64(v)
		}
	}
	words := r.tone()
	if !toned[r.lang] && words == 0 {
		// Nothing learnt and no cue: an even guess that leans to neutral.
		p = [3]float64{0.3, 0.4, 0.3}
	}
	rated := r.rate(&p)
	total := p[0] + p[1] + p[2]
	for i := range p {
		p[i] /= total
	}
	c := 0
	for i := range p {
		if p[i] > p[c] {
			c = i
		}
	}
	out := Sentiment{Label: sentiments[c], Score: round(p[2] - p[0]), Confidence: round(p[c])}
	if !toned[r.lang] {
		out.Confidence = round(min(out.Confidence, 0.6))
	}
	out.Reason = r.toneReason(c, r.m.sentiment[best], rated)
	return out
}

// tone counts the sentiment cues of the text.
func (r *reading) tone() int {
	n, _ := r.sig.Count("sentiment", "negative")
	m, _ := r.sig.Count("sentiment", "positive")
	return n + m
}

// rate multiplies the odds of p by what stars say; it tells whether they spoke.
func (r *reading) rate(p *[3]float64) bool {
	stars := r.it.Rating
	if stars < 1 || stars > 5 {
		return false
	}
	lean := (stars - 3) * 0.9
	p[0] *= math.Exp(-lean)
	p[2] *= math.Exp(lean)
	return true
}

func (r *reading) toneReason(class int, head *linear.Model, rated bool) string {
	label := sentiments[class]
	var cues []string
	for _, h := range r.sig.Hits {
		if h.Kind == "sentiment" && h.Name == label && !h.Negated && len(cues) < 3 && !slices.Contains(cues, h.Text) {
			cues = append(cues, h.Text)
		}
	}
	why := ""
	switch {
	case len(cues) > 0:
		why = quoteList(cues) + be(len(cues)) + label
	case !toned[r.lang]:
		why = "no word in the text tells the tone"
	default:
		if e := head.Explain(r.sig.Doc, class, 2); len(wordsOf(e)) > 0 {
			w := wordsOf(e)
			why = quoteList(w) + be(len(w)) + label
		} else {
			why = "no word in the text tells the tone"
		}
	}
	if rated {
		why += "; rated " + stars(r.it.Rating)
	}
	return why
}

// emotion asks the head; what contradicts the sentiment or, outside English,
// has no cue behind it, is doubted.
func (r *reading) emotion(s Sentiment) Scored {
	if r.empty() {
		return Scored{Name: "none", Reason: "there is no text"}
	}
	p := r.m.emotion.Predict(r.sig.Doc, r.sentence)
	names := r.m.emotion.Labels
	if r.lang != "en" {
		for i, name := range names {
			if n, _ := r.sig.Count("emotion", name); name != "none" && n == 0 {
				p[i] *= 0.4
			}
		}
	}
	for i, name := range names {
		// A strong opposite tone, from stars or words, rules an emotion out.
		switch {
		case s.Score < -0.5 && (name == "joy" || name == "love"), s.Score > 0.5 && (name == "anger" || name == "sadness" || name == "fear"):
			p[i] *= 0.5
		}
	}
	var sum float32
	best := 0
	for i, v := range p {
		sum += v
		if v > p[best] {
			best = i
		}
	}
	out := Scored{Name: names[best], Confidence: round(float64(p[best] / sum))}
	if out.Name == "none" {
		out.Reason = "no emotion shows in the words"
		return out
	}
	if n, first := r.sig.Count("emotion", out.Name); n > 0 {
		out.Reason = quoteList([]string{first}) + " speaks of " + out.Name
	} else if w := wordsOf(r.m.emotion.Explain(r.sig.Doc, best, 2)); len(w) > 0 {
		out.Reason = quoteList(w) + pointTo(len(w)) + out.Name
	}
	if r.lang != "en" && r.lang != "" {
		out.Confidence = round(min(out.Confidence, 0.6))
	}
	return out
}

// empty tells whether nothing can be read.
func (r *reading) empty() bool { return len(r.sig.Doc.Words) == 0 }
