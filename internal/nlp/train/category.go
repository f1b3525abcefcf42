package train

import (
	"slices"
	"strings"

	"github.com/hypercare/hypercare/internal/nlp/linear"
	"github.com/hypercare/hypercare/internal/nlp/seed"
	"github.com/hypercare/hypercare/internal/nlp/signal"
)

// CategoryLabels in the order of the head.
var CategoryLabels = []string{
	"bug", "performance", "usability", "feature_request", "integration", "data",
	"security", "documentation", "question", "praise", "other",
}

// CategoryRecipe is how the shipped category head is fitted: one yes or no per
// category, each learnt only from the sources that speak of it.
var CategoryRecipe = Recipe{
	Labels: CategoryLabels, Independent: true, Keep: 50_000,
	Grams: linear.Options{Bits: 18, Epochs: 10, Balance: 0.7}, Dense: linear.Options{Balance: 0.7},
}

// CategorySets are the sets that the shipped category head learns from.
var CategorySets = []string{"maalej_reviews", "security_reports", "banking77", "senti4sd", "lang_id"}

// partial builds a target in which only the named labels are known.
func partial(yes []string, no []string) []float32 {
	t := unknowns(len(CategoryLabels))
	for _, l := range yes {
		t[slices.Index(CategoryLabels, l)] = 1
	}
	for _, l := range no {
		t[slices.Index(CategoryLabels, l)] = 0
	}
	return t
}

// CategorySeeds are the samples written for the project. A label that is not
// listed is a no, except that reports of trouble may also be bugs.
func CategorySeeds() []Sample {
	var out []Sample
	for _, e := range seed.Categories() {
		t := make([]float32, len(CategoryLabels))
		for _, l := range e.Labels {
			t[slices.Index(CategoryLabels, l)] = 1
		}
		weight := float32(2)
		if e.Title != "" {
			weight = 4 // few examples for a large kind of text
		}
		switch e.Labels[0] {
		case "performance", "data", "integration", "security":
			if t[0] == 0 {
				t[0] = linear.Unknown
			}
		}
		out = append(out, Sample{In: signal.Input{Title: e.Title, Text: e.Text, Lang: e.Lang}, Target: t, Weight: weight, set: "seed"})
	}
	return out
}

// CategorySamples turns the rows of one set into samples, with labels where
// the set has them and weak ones, from how a text is put, where it has not.
func CategorySamples(set string, rows []Row) []Sample {
	var out []Sample
	for _, r := range rows {
		target, weight := categoryTarget(set, &r)
		if target == nil {
			continue
		}
		lang := "en"
		if set == "lang_id" {
			lang = r.Labels[0]
		}
		out = append(out, Sample{In: signal.Input{Title: r.Title, Text: r.Body(), Lang: lang, Rating: r.Stars}, Target: target, Weight: weight, set: set})
	}
	return out
}

func categoryTarget(set string, r *Row) ([]float32, float32) {
	switch set {
	case "maalej_reviews":
		return reviewTarget(r), 1
	case "security_reports":
		return reportTarget(r), 0.2
	case "banking77":
		return bankTarget(r), 0.3
	case "senti4sd":
		return postTarget(r), 0.3
	case "lang_id":
		if r.Kind == "bug_report" {
			return weakReport(r.Text), 0.3
		}
	}
	return nil, 0
}

// reviewTarget reads the labels of app reviews; a rating without content is
// praise or, with few stars, nothing that can be acted on.
func reviewTarget(r *Row) []float32 {
	var yes, no []string
	put := func(label string, is bool) {
		if is {
			yes = append(yes, label)
		} else {
			no = append(no, label)
		}
	}
	put("bug", r.Has("bug_report"))
	put("feature_request", r.Has("feature_request"))
	if r.Has("rating") && len(r.Labels) == 1 {
		put("praise", r.Stars >= 4)
		put("other", r.Stars <= 2)
		no = append(no, "question", "documentation", "security", "data", "integration")
	} else if r.Stars <= 2 {
		no = append(no, "praise")
	}
	return partial(yes, no)
}

func reportTarget(r *Row) []float32 {
	t := unknowns(len(CategoryLabels))
	if r.Has("security") {
		t[slices.Index(CategoryLabels, "security")] = 1
	} else {
		t[slices.Index(CategoryLabels, "security")] = 0
	}
	t[slices.Index(CategoryLabels, "praise")] = 0
	return t
}

// asks are the openings of reports that want something new rather than
// something repaired.
var asks = []string{"add ", "allow ", "support ", "provide ", "improve ", "implement ", "introduce ", "enable ", "make it possible", "feature request", "enhancement", "it would be nice", "would be nice", "ability to", "extend ", "expose ", "create a ", "option to", "refactor ", "upgrade "}

// trouble are words of reports that want something repaired.
var trouble = []string{"exception", "crash", "fails", "failed", "failure", "error", "wrong", "incorrect", "does not work", "doesn't work", "broken", "npe", "hang", "deadlock", "bug", "not working", "报错", "无法", "错误", "崩溃", "闪退", "不能", "失败", "エラー", "できない", "動かない", "ошибка", "не работает", "erro", "não ", "error", "no funciona", "erreur", "fehler", "오류", "안됨"}

// weakReport labels a report by its wording: only clear cases say anything.
func weakReport(text string) []float32 {
	low := strings.ToLower(text)
	start := low[:min(len(low), 80)]
	for _, a := range asks {
		if strings.HasPrefix(low, a) || len(a) > 12 && strings.Contains(start, a) {
			return partial([]string{"feature_request"}, []string{"praise"})
		}
	}
	for _, w := range trouble {
		if strings.Contains(low, w) {
			return partial([]string{"bug"}, []string{"praise"})
		}
	}
	return unknowns(len(CategoryLabels))
}

// interrogatives open questions.
var interrogatives = []string{"how ", "what ", "where ", "when ", "which ", "who ", "is there", "is it possible", "can i", "can you explain", "could you", "do you", "does ", "are there", "am i able", "should i", "why "}

func isQuestion(low string) bool {
	for _, q := range interrogatives {
		if strings.HasPrefix(low, q) {
			return true
		}
	}
	return false
}

func bankTarget(r *Row) []float32 {
	if low := strings.ToLower(r.Text); isQuestion(low) && Fold(r.ID)%2 == 0 {
		return partial([]string{"question"}, []string{"praise", "feature_request", "documentation"})
	}
	return nil
}

// postTarget labels posts of a question-and-answer site: those that ask are
// questions; the others say nothing.
func postTarget(r *Row) []float32 {
	low := strings.ToLower(strings.TrimSpace(r.Text))
	if !strings.Contains(low, "?") {
		return nil
	}
	for _, q := range interrogatives {
		if strings.HasPrefix(low, q) || strings.Contains(low, ". "+q) || strings.Contains(low, " "+q) && strings.HasSuffix(low, "?") {
			return partial([]string{"question"}, []string{"praise"})
		}
	}
	return nil
}

// SecurityRecipe is how the shipped security flag is fitted.
var SecurityRecipe = Recipe{Labels: []string{"security"}, Independent: true, Keep: 25_000, Grams: linear.Options{Bits: 18, Epochs: 10, Balance: 0.7}, Dense: linear.Options{Balance: 0.7}}

// SecuritySamples are reports with their security label, and the seeds.
func SecuritySamples(rows []Row) []Sample {
	var out []Sample
	for _, r := range rows {
		t := []float32{0}
		if r.Has("security") {
			t[0] = 1
		}
		out = append(out, Sample{In: signal.Input{Text: r.Text, Lang: "en"}, Target: t, Weight: 1, set: "security_reports"})
	}
	return out
}

// SecuritySeeds are the samples written for the project.
func SecuritySeeds() []Sample {
	var out []Sample
	for _, e := range seed.Categories() {
		t := []float32{0}
		if slices.Contains(e.Labels, "security") {
			t[0] = 1
		}
		out = append(out, Sample{In: signal.Input{Title: e.Title, Text: e.Text, Lang: e.Lang}, Target: t, Weight: 1, set: "seed"})
	}
	return out
}
