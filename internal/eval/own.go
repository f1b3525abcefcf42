package eval

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/hypercare/hypercare/internal/nlp"
	"github.com/hypercare/hypercare/internal/nlp/linear"
	"github.com/hypercare/hypercare/internal/nlp/signal"
	"github.com/hypercare/hypercare/internal/nlp/train"
)

// ownNote marks rows whose model was trained inside the evaluation, on the
// other parts of the same set: they say what the way of building heads
// reaches, not what the shipped heads do.
const ownNote = "trained on its own train part, "

// own is a model family trained and tested on parts of one set.
type own struct {
	recipe train.Recipe
	folds  int // how many of the five parts are tested on, each trained on the other four
}

// outcome is what came out of own.run: for every tested row its probabilities.
type outcome struct {
	rows  []train.Row
	probs [][]float32
	// thresholds of Independent recipes, chosen inside the train part, by row
	thresholds [][]float32
}

// run trains on four parts and predicts the fifth, for the first o.folds parts.
func (o own) run(ctx context.Context, rows []train.Row, target func(*train.Row) []float32) (*outcome, error) {
	enc, err := train.NewEncoder("")
	if err != nil {
		return nil, err
	}
	samples := make([]train.Sample, len(rows))
	for i := range rows {
		samples[i] = train.Sample{In: inputOf(&rows[i]), Target: target(&rows[i]), Weight: 1}
	}
	p, err := enc.Prepare(samples)
	if err != nil {
		return nil, err
	}
	out := &outcome{}
	for f := range o.folds {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("train: %w", err)
		}
		test := func(i int) bool { return train.Fold(rows[i].Text) == f }
		in := p.Subset(func(i int) bool { return !test(i) })
		h, err := train.Fit(o.recipe, in)
		if err != nil {
			return nil, err
		}
		var th []float32
		if o.recipe.Independent {
			if th, err = innerThresholds(o.recipe, in); err != nil {
				return nil, err
			}
		}
		for i, q := range h.Predictions(p.Subset(test), true) {
			_ = i
			out.probs = append(out.probs, q)
			out.thresholds = append(out.thresholds, th)
		}
		for i := range rows {
			if test(i) {
				out.rows = append(out.rows, rows[i])
			}
		}
	}
	return out, nil
}

// innerThresholds chooses, for every label, the score from which to say yes,
// on a quarter of the train part with a model of the rest.
func innerThresholds(r train.Recipe, p *train.Prepared) ([]float32, error) {
	const parts = 4
	scores, gold := make([][]float32, len(r.Labels)), make([][]bool, len(r.Labels))
	for part := range parts {
		held := func(i int) bool { return i%parts == part }
		h, err := train.Fit(r, p.Subset(func(i int) bool { return !held(i) }))
		if err != nil {
			return nil, err
		}
		sub := p.Subset(held)
		for i, q := range h.Predictions(sub, true) {
			for c := range r.Labels {
				scores[c] = append(scores[c], q[c])
				gold[c] = append(gold[c], sub.Samples[i].Target[c] == 1)
			}
		}
	}
	out := make([]float32, len(r.Labels))
	for c := range out {
		out[c], _ = train.BestThreshold(scores[c], gold[c])
	}
	return out, nil
}

func inputOf(r *train.Row) signal.Input {
	lang := r.Lang
	if lang == "" {
		lang = "en"
	}
	return signal.Input{Title: r.Title, Text: r.Body(), Lang: lang, Rating: r.Stars}
}

// single scores rows with exactly one label each.
func (o *outcome) single(labels []string) (accuracy, macro float64, per []float64) {
	var pred, gold []int
	for i, q := range o.probs {
		pred = append(pred, train.ArgMax(q))
		gold = append(gold, slices.Index(labels, o.rows[i].Labels[0]))
	}
	return train.MacroF1(pred, gold, len(labels))
}

// each scores every label as a yes-or-no question; the mean comes last.
func (o *outcome) each(labels []string) (per []float64, mean float64) {
	for c, l := range labels {
		var pred, gold []bool
		for i, q := range o.probs {
			pred = append(pred, q[c] >= o.thresholds[i][c])
			gold = append(gold, o.rows[i].Has(l))
		}
		per = append(per, train.F1(pred, gold))
		mean += per[c] / float64(len(labels))
	}
	return per, mean
}

// oneHot is the target of a row with one label.
func oneHot(labels []string) func(*train.Row) []float32 {
	return func(r *train.Row) []float32 {
		t := make([]float32, len(labels))
		if i := slices.Index(labels, r.Labels[0]); i >= 0 {
			t[i] = 1
		}
		return t
	}
}

// manyHot is the target of a row with any number of labels.
func manyHot(labels []string) func(*train.Row) []float32 {
	return func(r *train.Row) []float32 {
		t := make([]float32, len(labels))
		for i, l := range labels {
			if r.Has(l) {
				t[i] = 1
			}
		}
		return t
	}
}

// balanced is the usual recipe for questions with rare yeses.
func balanced(labels []string) train.Recipe {
	return train.Recipe{
		Labels: labels, Independent: true,
		Grams: linear.Options{Epochs: 8, Balance: 0.5}, Dense: linear.Options{Balance: 0.5},
	}
}

// readAll reads every row with the shipped engine in its full pass.
func readAll(ctx context.Context, rows []train.Row) ([]nlp.Result, error) {
	e := nlp.New()
	if err := e.Load(nlp.Full); err != nil {
		return nil, fmt.Errorf("load the engine: %w", err)
	}
	out := make([]nlp.Result, len(rows))
	next := make(chan int)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				r := &rows[i]
				out[i] = e.Read(nlp.Item{ID: r.ID, Title: r.Title, Text: r.Body(), Rating: r.Stars}, nlp.Full)
			}
		})
	}
	for i := range rows {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("read the set: %w", err)
	}
	return out, nil
}

// confidence is how sure a reading is of a category.
func confidence(r *nlp.Result, category string) float64 {
	for _, c := range r.Categories {
		if c.Name == category {
			return c.Confidence
		}
	}
	return 0
}

// testPart keeps the rows that no shipped head was trained on.
func testPart(rows []train.Row) []train.Row {
	_, test := train.Split(rows)
	return test
}

func f3(xs []float64) string {
	s := ""
	for i, x := range xs {
		if i > 0 {
			s += " "
		}
		s += fmt.Sprintf("%.2f", x)
	}
	return s
}
