package eval

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hypercare/hypercare/internal/nlp"
	"github.com/hypercare/hypercare/internal/nlp/linear"
	"github.com/hypercare/hypercare/internal/nlp/train"
)

// toneScore scores the sentiment of readings against rows with one label.
func toneScore(rows []train.Row, read []nlp.Result) (macro float64, per []float64) {
	var pred, gold []int
	for i := range rows {
		pred = append(pred, slices.Index(train.SentimentLabels, read[i].Sentiment.Label))
		gold = append(gold, slices.Index(train.SentimentLabels, rows[i].Labels[0]))
	}
	_, macro, per = train.MacroF1(pred, gold, len(train.SentimentLabels))
	return macro, per
}

// runSenti4SD measures sentiment of developers' posts.
func runSenti4SD(ctx context.Context, dir string) ([]Row, error) {
	rows, err := train.Read(dir, "senti4sd")
	if err != nil {
		return nil, err
	}
	test := testPart(rows)
	read, err := readAll(ctx, test)
	if err != nil {
		return nil, err
	}
	macro, per := toneScore(test, read)
	out := []Row{{"senti4sd", "macro F1, shipped engine", len(test), macro, 0.730, 0.87, 0.85, "test fifth; the shipped heads learnt from the other four among other sets; " + f3(per)}}
	o := own{recipe: train.Recipe{Labels: train.SentimentLabels}, folds: train.Folds}
	got, err := o.run(ctx, rows, oneHot(train.SentimentLabels))
	if err != nil {
		return nil, err
	}
	_, macro, per = got.single(train.SentimentLabels)
	return append(out, Row{"senti4sd", "macro F1", len(got.rows), macro, 0.730, 0.87, 0.85, ownNote + "five-fold; published from memory; " + f3(per)}), nil
}

// postLanguages are the languages of umsab_sentiment.
var postLanguages = []string{"ar", "en", "fr", "de", "hi", "it", "pt", "es"}

// runPosts measures sentiment of short posts in eight languages, as the mean
// over languages.
func runPosts(ctx context.Context, dir string) ([]Row, error) {
	rows, err := train.Read(dir, "umsab_sentiment")
	if err != nil {
		return nil, err
	}
	test := testPart(rows)
	read, err := readAll(ctx, test)
	if err != nil {
		return nil, err
	}
	var notes []string
	mean := 0.0
	for _, l := range postLanguages {
		var rs []train.Row
		var res []nlp.Result
		for i := range test {
			if test[i].Lang == l {
				rs, res = append(rs, test[i]), append(res, read[i])
			}
		}
		m, _ := toneScore(rs, res)
		mean += m / float64(len(postLanguages))
		notes = append(notes, fmt.Sprintf("%s %.2f", l, m))
	}
	return []Row{{"umsab_sentiment", "mean macro F1, shipped engine", len(test), mean, 0.584, 0.694, 0.60, "test fifth, language detected, not given; the shipped heads learnt from the other four; published XLM-T .694, fastText .510; " + strings.Join(notes, " ")}}, nil
}

// runEmotions measures emotions of developers' posts, several to a post.
func runEmotions(ctx context.Context, dir string) ([]Row, error) {
	rows, err := train.Read(dir, "so_emotions")
	if err != nil {
		return nil, err
	}
	test := testPart(rows)
	read, err := readAll(ctx, test)
	if err != nil {
		return nil, err
	}
	labels := train.EmotionLabels
	var per []float64
	mean := 0.0
	for _, l := range labels {
		var pred, gold []bool
		for i := range test {
			pred = append(pred, read[i].Emotion.Name == l)
			gold = append(gold, test[i].Has(l))
		}
		per = append(per, train.F1(pred, gold))
		mean += per[len(per)-1] / float64(len(labels))
	}
	out := []Row{{Set: "so_emotions", Metric: "macro F1, shipped engine", N: len(test), Ours: mean, Floor: 0.333, Target: 0.40, Note: "zero-shot: no emotion label of any set was trained on; test fifth because some posts are in senti4sd too; " + strings.Join(labels, " ") + " " + f3(per)}}
	o := own{recipe: train.Recipe{Labels: labels, Independent: true, Grams: linear.Options{Epochs: 8, Balance: 0.4}, Dense: linear.Options{Balance: 0.4}}, folds: train.Folds}
	got, err := o.run(ctx, rows, manyHot(labels))
	if err != nil {
		return nil, err
	}
	per, mean = got.each(labels)
	return append(out, Row{Set: "so_emotions", Metric: "macro F1 of 7 yes/no", N: len(got.rows), Ours: mean, Floor: 0.333, Target: 0.40, Note: ownNote + "five-fold; " + f3(per)}), nil
}
