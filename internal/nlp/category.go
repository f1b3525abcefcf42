package nlp

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/hypercare/hypercare/internal/nlp/cue"
)

// sentiments in the order of the heads.
var sentiments = []string{"negative", "neutral", "positive"}

// categories weighs the head, the nearest labelled examples of any language
// and what the text says of itself ("[Bug]", "Feature request:").
func (r *reading) categories() []Scored {
	p := make([]float64, len(Categories))
	out := make([]Scored, 0, len(Categories))
	if r.empty() {
		r.category = make([]float32, len(Categories))
		for _, c := range Categories {
			out = append(out, Scored{Name: c})
		}
		out[len(out)-1].Reason = "there is no text"
		return out
	}
	head := r.m.category.Predict(r.sig.Doc, r.sentence)
	share, trust := r.m.seeds.votes(r.near)
	weight := 0.45 * trust // of the neighbours
	if r.lang == "en" {
		weight = 0.25 * trust
	}
	for i, c := range Categories {
		at := slices.Index(r.m.category.Labels, c)
		p[i] = (1-weight)*float64(head[at]) + weight*share[i]
	}
	said := declared(r.it.Title, r.it.Text)
	cued := slices.ContainsFunc(r.sig.Hits, func(h cue.Hit) bool { return h.Kind == "category" && !h.Negated })
	for i, c := range Categories {
		if c == said {
			p[i] = nudge(p[i], 2.5)
		}
		if r.lang == "en" && seedOnly[c] {
			n, _ := r.sig.Count("category", c)
			p[i] = nudge(p[i], 0.7*float64(min(n, 2)))
		}
		if r.lang != "en" {
			// Outside English the cues carry most, and only a cue or a near
			// example makes a guess firm.
			switch n, _ := r.sig.Count("category", c); {
			case n > 0:
				p[i] = nudge(p[i], 0.9*float64(min(n, 2)))
			case share[i]*trust < 0.3 || cued && share[i]*trust < 0.8:
				p[i] = min(nudge(p[i], -0.7), 0.4)
			}
		}
	}
	if said != "" && said != "bug" {
		i := slices.Index(Categories, "bug")
		p[i] = nudge(p[i], -1.5)
	}
	r.category = make([]float32, len(p))
	for i, c := range Categories {
		r.category[i] = float32(p[i])
		out = append(out, Scored{Name: c, Confidence: round(p[i])})
	}
	slices.SortStableFunc(out, func(a, b Scored) int {
		switch {
		case a.Confidence > b.Confidence:
			return -1
		case a.Confidence < b.Confidence:
			return 1
		}
		return 0
	})
	for i := range out {
		if i < 3 || out[i].Confidence >= 0.3 {
			out[i].Reason = r.categoryReason(out[i].Name, said, share)
		}
	}
	return out
}

// seedOnly are the categories that the head knows from the project's own
// examples alone; their cues count extra.
var seedOnly = map[string]bool{"performance": true, "usability": true, "integration": true, "data": true, "documentation": true}

// nudge moves a probability by some log-odds.
func nudge(p, by float64) float64 {
	p = min(max(p, 0.02), 0.98)
	return 1 / (1 + math.Exp(-(math.Log(p/(1-p)) + by)))
}

// prob is the probability of a category.
func (r *reading) prob(name string) float64 {
	return float64(r.category[slices.Index(Categories, name)])
}

func (r *reading) categoryReason(name, said string, share []float64) string {
	if name == said {
		return "the text calls itself " + strings.ReplaceAll(name, "_", " ")
	}
	at := slices.Index(r.m.category.Labels, name)
	var words []string
	for _, h := range r.sig.Hits { // cues read best
		if h.Kind == "category" && h.Name == name && !h.Negated && len(words) < 2 && !containsFold(words, h.Text) {
			words = append(words, h.Text)
		}
	}
	for _, e := range wordsOf(r.m.category.Explain(r.sig.Doc, at, 3)) {
		if len(words) < 3 && !containsFold(words, e) && (r.lang == "en" || len(words) == 0) {
			words = append(words, e)
		}
	}
	why := ""
	if len(words) > 0 {
		why = quoteList(words) + pointTo(len(words)) + strings.ReplaceAll(name, "_", " ")
	}
	for _, n := range r.near {
		if slices.Contains(r.m.seeds.labels[n.example], slices.Index(Categories, name)) && n.cosine >= 0.5 {
			e := r.m.seeds.examples[n.example]
			near := fmt.Sprintf("like the example %q (%s)", shorten(e.Title+e.Text, 60), e.Lang)
			if why != "" {
				return why + "; " + near
			}
			return near
		}
	}
	return why
}

func containsFold(list []string, s string) bool {
	s = strings.ToLower(s)
	return slices.ContainsFunc(list, func(x string) bool {
		x = strings.ToLower(x)
		return strings.Contains(x, s) || strings.Contains(s, x)
	})
}

// declarations are how reports name their own kind: a prefix of the title or a
// line of a form. The part in brackets is looked up in declaredKinds.
var declarations = []*regexp.Regexp{
	regexp.MustCompile(`(?i)^\s*[\[(【]\s*(bug|feature request|feature|enhancement|question|performance|docs?|documentation|security|support|help)\b[^\])】]{0,20}[\])】]`),
	regexp.MustCompile(`(?i)^\s*(bug report|bug|feature request|enhancement|question|documentation|docs?|feat|perf|rfc|proposal)\s*(?:\([^)]{0,30}\))?\s*:`),
	regexp.MustCompile(`(?im)^\W*(?:issue )?type\W{1,8}(?:<b>)?\s*\W{0,4}(bug|feature request|feature|enhancement|performance|question|support|documentation)\b`),
	regexp.MustCompile(`(?i)request a \*?feature\*? or report a \*?bug\*?\?\W{1,10}(bug|feature|question)`),
	regexp.MustCompile(`(?i)(is your feature request related to a problem|describe the feature you'd like|describe the solution you'd like|describe the feature)`),
}

var declaredKinds = map[string]string{
	"bug": "bug", "bug report": "bug", "feature": "feature_request", "feature request": "feature_request", "feat": "feature_request",
	"enhancement": "feature_request", "rfc": "feature_request", "proposal": "feature_request",
	"is your feature request related to a problem": "feature_request", "describe the feature you'd like": "feature_request",
	"describe the solution you'd like": "feature_request", "describe the feature": "feature_request",
	"question": "question", "support": "question", "help": "question", "performance": "performance", "perf": "performance",
	"doc": "documentation", "docs": "documentation", "documentation": "documentation", "security": "security",
}

// declared returns the category that a report gives itself, or "".
func declared(title, text string) string {
	text = clipBytes(text, 1500)
	if title == "" {
		title, _, _ = strings.Cut(text, "\n")
	}
	for i, re := range declarations {
		in := text
		if i < 2 {
			in = title
		}
		if m := re.FindStringSubmatch(in); m != nil {
			return declaredKinds[strings.ToLower(strings.Join(strings.Fields(m[1]), " "))]
		}
	}
	return ""
}

// security flags reports of a weakness or an abuse.
func (r *reading) security() Flag {
	if r.empty() {
		return Flag{Reason: "there is no text"}
	}
	p := float64(r.m.security.Predict(r.sig.Doc, r.sentence)[0])
	cues, first := r.sig.Count("category", "security")
	if r.lang != "en" {
		p = 0.5*p + 0.5*r.prob("security")
	}
	switch {
	case r.prob("security") > 0.5:
		p = max(p, 0.5*p+0.5*r.prob("security"))
	case cues == 0:
		p *= 0.8
	}
	f := Flag{Yes: p >= 0.5, Confidence: round(p)}
	switch {
	case cues > 0:
		f.Reason = quoteList([]string{first}) + pointTo(1) + "security"
	case f.Yes:
		f.Reason = "reads like reports of weaknesses"
		if w := wordsOf(r.m.security.Explain(r.sig.Doc, 0, 2)); len(w) > 0 {
			f.Reason = quoteList(w) + pointTo(len(w)) + "security"
		}
	default:
		f.Reason = "nothing in the text speaks of a weakness or an abuse"
	}
	if !f.Yes {
		f.Confidence = round(1 - p)
	}
	return f
}

// defect tells a fault of the product from a mistake of its user.
func (r *reading) defect() Scored {
	bug := max(r.prob("bug"), r.prob("performance"), r.prob("data")*0.8, r.prob("security")*0.8)
	n, first := r.sig.Count("fault", "user")
	ask := max(r.prob("question"), r.prob("praise"), r.prob("feature_request"), r.prob("other"))
	switch {
	case n > 0 && bug < 0.85:
		return Scored{Name: "user_error", Confidence: round(min(0.85, 0.55+0.1*float64(n))), Reason: quoteList([]string{first}) + " sounds like the writer's own slip"}
	case bug >= 0.5 && bug > ask:
		return Scored{Name: "defect", Confidence: round(bug), Reason: "reads like a fault of the product"}
	case r.sig.Stack && bug >= 0.3:
		return Scored{Name: "defect", Confidence: 0.6, Reason: "the text holds a stack trace"}
	}
	return Scored{Name: "unsure", Confidence: round(1 - bug), Reason: "the text does not say whose fault it is"}
}
