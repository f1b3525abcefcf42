package train

import (
	"github.com/hypercare/hypercare/internal/nlp/linear"
	"github.com/hypercare/hypercare/internal/nlp/seed"
	"github.com/hypercare/hypercare/internal/nlp/signal"
)

// SentimentLabels in the order of the heads.
var SentimentLabels = []string{"negative", "neutral", "positive"}

// Genres are the kinds of text with a sentiment head of their own: "no longer
// works" is neutral in a developer's post and damning in a review. The genre
// head says how much each of them counts for a text.
var Genres = []string{"tech", "social", "review"}

// genreSets says which set each genre learns from.
var genreSets = map[string]string{"tech": "senti4sd", "social": "umsab_sentiment", "review": "maalej_reviews"}

// SentimentRecipes are how the shipped sentiment heads are fitted, by genre.
var SentimentRecipes = map[string]Recipe{
	"tech":   {Labels: SentimentLabels, Keep: 60_000},
	"social": {Labels: SentimentLabels, Keep: 300_000, Mix: 0.55, AllLanguages: true, Grams: linear.Options{Bits: 20, Epochs: 8, Rate: 0.07}},
	"review": {Labels: SentimentLabels, Keep: 40_000},
}

// GenreRecipe is how the head that tells the genres apart is fitted.
var GenreRecipe = Recipe{Labels: Genres, Keep: 30_000, Grams: linear.Options{Epochs: 6}}

// SentimentSamples turns rows of one set into samples.
func SentimentSamples(set string, rows []Row) []Sample {
	var out []Sample
	for _, r := range rows {
		lang := r.Lang
		if lang == "" {
			lang = "en"
		}
		label := r.Labels[0]
		if set == "maalej_reviews" {
			// The stars of a review say how it was meant; three say nothing.
			switch {
			case r.Stars >= 4:
				label = "positive"
			case r.Stars >= 1 && r.Stars <= 2:
				label = "negative"
			default:
				continue
			}
		}
		out = append(out, Sample{In: signal.Input{Title: r.Title, Text: r.Body(), Lang: lang}, Target: oneHot(SentimentLabels, label), Weight: 1, set: set})
	}
	return out
}

// GenreSamples relabels samples with the genre of their set.
func GenreSamples(samples []Sample) []Sample {
	var out []Sample
	for _, s := range samples {
		for _, g := range Genres {
			if genreSets[g] == s.set {
				s.Target = oneHot(Genres, g)
				out = append(out, s)
			}
		}
	}
	return out
}

// sentimentOfEmotion maps the emotions of the seed examples.
var sentimentOfEmotion = map[string]string{
	"anger": "negative", "fear": "negative", "sadness": "negative",
	"joy": "positive", "love": "positive", "none": "neutral",
}

// sentimentOfCategory maps categories whose seed examples have an obvious tone.
var sentimentOfCategory = map[string]string{
	"praise": "positive", "question": "neutral", "documentation": "neutral",
	"bug": "negative", "performance": "negative", "usability": "negative", "feature_request": "neutral",
}

// SentimentSeeds are the samples written for the project, for one genre: a
// customer's report of a bug is a complaint, a developer's is not, so the
// examples of categories teach only the genres of customers.
func SentimentSeeds(genre string) []Sample {
	var out []Sample
	add := func(e seed.Example, label string, weight float32) {
		out = append(out, Sample{In: signal.Input{Title: e.Title, Text: e.Text, Lang: e.Lang}, Target: oneHot(SentimentLabels, label), Weight: weight, set: "seed"})
	}
	// Posts of developers have labels enough; the seeds only help there with
	// words that they lack.
	weight := float32(1)
	if genre == "tech" {
		weight = 0.3
	}
	for _, e := range seed.Emotions() {
		if l, ok := sentimentOfEmotion[e.Labels[0]]; ok {
			add(e, l, weight)
		}
	}
	if genre == "tech" {
		return out
	}
	for _, e := range seed.Categories() {
		if l, ok := sentimentOfCategory[e.Labels[0]]; ok {
			add(e, l, 0.5)
		}
	}
	return out
}
