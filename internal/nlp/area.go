package nlp

import (
	"slices"
	"strings"
)

// area names the part of the product that a text is about: by the area cues,
// those in the title and early in the text counting more, else by the first
// key phrase of the title.
func (r *reading) area() Scored {
	if r.empty() {
		return Scored{}
	}
	score := map[string]float64{}
	word := map[string]string{}
	n := float64(len(r.sig.Doc.Words))
	titleLen := 0
	if r.it.Title != "" {
		titleLen = strings.Count(r.it.Title, " ") + 1
	}
	for _, h := range r.sig.Hits {
		if h.Kind != "area" {
			continue
		}
		w := 1 + 0.6*(1-float64(h.Word)/n) + 0.25*float64(h.Span-1)
		if h.Word < titleLen {
			w++
		}
		if weakAreas[h.Name] {
			w *= 0.55
		}
		score[h.Name] += w
		if word[h.Name] == "" {
			word[h.Name] = h.Text
		}
	}
	names := make([]string, 0, len(score))
	var sum float64
	for name, s := range score {
		names = append(names, name)
		sum += s
	}
	slices.Sort(names)
	best := ""
	for _, name := range names {
		if best == "" || score[name] > score[best] {
			best = name
		}
	}
	if best != "" {
		return Scored{Name: strings.ReplaceAll(best, "_", " "), Confidence: round(min(0.9, score[best]/(sum+0.8))), Reason: quoteList([]string{word[best]}) + " in the text"}
	}
	if r.it.Title != "" {
		if ps := keyPhrases(r.it.Title, "", r.lang, 1); len(ps) > 0 && len(ps[0]) > 2 {
			return Scored{Name: ps[0], Confidence: 0.3, Reason: "from the title"}
		}
	}
	return Scored{}
}

// weakAreas have cues that turn up in reports about anything.
var weakAreas = map[string]bool{"update": true, "startup": true, "support": true, "appearance": true, "connection": true, "profile": true, "menu": true, "subscription": true, "build": true, "photos": true}
