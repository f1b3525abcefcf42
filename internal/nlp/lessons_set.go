package nlp

import (
	"fmt"
	"slices"
	"strings"
)

func shortPlural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// current is the answer of a reading in a field.
func current(r *Result, field string) string {
	switch field {
	case "category":
		if len(r.Categories) > 0 {
			return r.Categories[0].Name
		}
	case "severity":
		return r.Severity.Level
	case "sentiment":
		return r.Sentiment.Label
	case "emotion":
		return r.Emotion.Name
	case "area":
		return r.Area.Name
	case "defect":
		return r.Defect.Name
	case "security":
		return yesNo(r.Security.Yes)
	case "spam":
		return yesNo(r.Spam.Yes)
	}
	return ""
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// set writes a followed correction into a reading.
func set(r *Result, field, to string, strength float64, like int) {
	conf := round(0.55 + 0.4*max(0, min(1, strength)))
	why := "like " + shortPlural(like, "item") + " corrected to " + strings.ReplaceAll(to, "_", " ")
	if current(r, field) != to {
		r.Reason = strings.TrimSuffix(r.Reason, ".") + "; " + field + " " + why + "."
	}
	switch field {
	case "category":
		setCategory(r, to, conf, why)
	case "severity":
		r.Severity = Severity{to, conf, why}
	case "sentiment":
		score := map[string]float64{"negative": -conf, "positive": conf}[to]
		r.Sentiment = Sentiment{to, score, conf, why}
	case "emotion":
		r.Emotion = Scored{to, conf, why}
	case "area":
		r.Area = Scored{to, conf, why}
	case "defect":
		r.Defect = Scored{to, conf, why}
	case "security":
		r.Security = Flag{to == "yes" || to == "true", conf, why}
	case "spam":
		r.Spam = Flag{to == "yes" || to == "true", conf, why}
	}
}

// setCategory puts a category first; the ones before it fall below it.
func setCategory(r *Result, to string, conf float64, why string) {
	cs := slices.Clone(r.Categories)
	at := slices.IndexFunc(cs, func(c Scored) bool { return c.Name == to })
	if at < 0 {
		cs = append(cs, Scored{Name: to})
		at = len(cs) - 1
	}
	first := Scored{to, max(conf, cs[at].Confidence), why}
	cs = slices.Delete(cs, at, at+1)
	for i := range cs {
		cs[i].Confidence = round(min(cs[i].Confidence, first.Confidence*0.7))
	}
	r.Categories = slices.Insert(cs, 0, first)
	r.Unsure = false
}
