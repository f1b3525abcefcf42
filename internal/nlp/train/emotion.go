package train

import (
	"slices"

	"github.com/hypercare/hypercare/internal/nlp/linear"
	"github.com/hypercare/hypercare/internal/nlp/seed"
	"github.com/hypercare/hypercare/internal/nlp/signal"
)

// EmotionLabels in the order of the head.
var EmotionLabels = []string{"anger", "fear", "joy", "love", "sadness", "surprise", "none"}

// EmotionRecipe is how the shipped emotion head is fitted.
var EmotionRecipe = Recipe{Labels: EmotionLabels, Keep: 50_000, Grams: linear.Options{Bits: 18, Epochs: 10}}

// EmotionSeeds are the samples written for the project.
func EmotionSeeds() []Sample {
	var out []Sample
	for _, e := range seed.Emotions() {
		out = append(out, Sample{In: signal.Input{Text: e.Text, Lang: e.Lang}, Target: oneHot(EmotionLabels, e.Labels[0]), Weight: 2, set: "seed"})
	}
	return out
}

// possible says which emotions a polarity leaves open and how likely each is
// when no cue tells.
var possible = map[string]map[string]float32{
	"negative": {"anger": 0.6, "sadness": 0.25, "fear": 0.1, "surprise": 0.05},
	"positive": {"love": 0.65, "joy": 0.35},
	"neutral":  {"none": 1},
}

// EmotionSamples gives posts that are labelled with a polarity an emotion that
// fits it: the one that the cue lists speak for, or a spread over all that are
// possible. No emotion label of any data set is used.
func EmotionSamples(rows []Row) []Sample {
	var out []Sample
	for _, r := range rows {
		in := signal.Input{Title: r.Title, Text: r.Body(), Lang: "en"}
		open, ok := possible[r.Labels[0]]
		if !ok {
			continue
		}
		out = append(out, Sample{In: in, Target: spread(signal.Of(in), open), Weight: 1, set: "senti4sd"})
	}
	return out
}

func spread(s *signal.Signal, open map[string]float32) []float32 {
	t := make([]float32, len(EmotionLabels))
	var sum float32
	names := make([]string, 0, len(open))
	for name := range open {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		n, _ := s.Count("emotion", name)
		p := open[name] * (1 + 6*float32(min(n, 3)))
		t[slices.Index(EmotionLabels, name)] = p
		sum += p
	}
	for i := range t {
		t[i] /= sum
	}
	return t
}
