package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hypercare/hypercare/internal/nlp/train"
)

// maker fits the heads and collects what the report says.
type maker struct {
	dir    string
	enc    *train.Encoder
	rows   map[string][]train.Row
	sizes  []string
	scores []string
}

// set reads an allowed set once.
func (m *maker) set(name string) ([]train.Row, error) {
	if r, ok := m.rows[name]; ok {
		return r, nil
	}
	r, err := train.ReadForShipping(m.dir, name)
	if err != nil {
		return nil, err
	}
	m.rows[name] = r
	return r, nil
}

func (m *maker) size(name string, bytes int) {
	m.sizes = append(m.sizes, fmt.Sprintf("| %s | %d |", name, bytes))
}

func (m *maker) score(head, set, metric string, n int, first, full float64, note string) {
	m.scores = append(m.scores, fmt.Sprintf("| %s | %s | %s | %d | %.3f | %.3f | %s |", head, set, metric, n, first, full, note))
}

// fit prepares the samples, trains, and returns the head.
func (m *maker) fit(r train.Recipe, samples []train.Sample) (*train.Head, error) {
	p, err := m.enc.Prepare(samples)
	if err != nil {
		return nil, err
	}
	return train.Fit(r, p)
}

// classes scores a head whose labels exclude each other, without and with
// sentence vectors.
func (m *maker) classes(h *train.Head, samples []train.Sample) (first, full float64, err error) {
	p, err := m.enc.Prepare(samples)
	if err != nil {
		return 0, 0, err
	}
	var gold []int
	for _, s := range samples {
		gold = append(gold, train.ArgMax(s.Target))
	}
	for _, dense := range []bool{false, true} {
		var pred []int
		for _, q := range h.Predictions(p, dense) {
			pred = append(pred, train.ArgMax(q))
		}
		_, f, _ := train.MacroF1(pred, gold, len(h.Labels))
		first, full = full, f
	}
	return first, full, nil
}

var genreSet = map[string]string{"tech": "senti4sd", "social": "umsab_sentiment", "review": "maalej_reviews"}

func (m *maker) sentiment(genre string) (*train.Head, error) {
	set := genreSet[genre]
	rows, err := m.set(set)
	if err != nil {
		return nil, err
	}
	tr, te := train.Split(rows)
	h, err := m.fit(train.SentimentRecipes[genre], append(train.SentimentSamples(set, tr), train.SentimentSeeds(genre)...))
	if err != nil {
		return nil, err
	}
	byLang := map[string][]train.Sample{}
	for _, s := range train.SentimentSamples(set, te) {
		byLang[s.In.Lang] = append(byLang[s.In.Lang], s)
	}
	langs := make([]string, 0, len(byLang))
	for l := range byLang {
		langs = append(langs, l)
	}
	slices.Sort(langs)
	var first, full float64
	n := 0
	var per []string
	for _, l := range langs {
		a, b, err := m.classes(h, byLang[l])
		if err != nil {
			return nil, err
		}
		first, full, n = first+a/float64(len(langs)), full+b/float64(len(langs)), n+len(byLang[l])
		per = append(per, fmt.Sprintf("%s %.3f", l, b))
	}
	note := ""
	if len(langs) > 1 {
		note = "mean of " + strings.Join(per, ", ")
	}
	if genre == "review" {
		note = "by stars; reviews with three are left out, so nothing is neutral and the mean over three classes is at most .667"
	}
	m.score("sentiment_"+genre, set, "macro F1", n, first, full, note)
	return h, nil
}

func (m *maker) genre() (*train.Head, error) {
	var tr, te []train.Sample
	for _, g := range train.Genres {
		rows, err := m.set(genreSet[g])
		if err != nil {
			return nil, err
		}
		a, b := train.Split(rows)
		tr = append(tr, train.GenreSamples(train.SentimentSamples(genreSet[g], a))...)
		te = append(te, train.GenreSamples(train.SentimentSamples(genreSet[g], b))...)
	}
	for i := range tr {
		tr[i].In.Rating = 0
	}
	h, err := m.fit(train.GenreRecipe, tr)
	if err != nil {
		return nil, err
	}
	first, full, err := m.classes(h, te)
	m.score("genre", "the three sets", "macro F1", len(te), first, full, "")
	return h, err
}

func (m *maker) emotion() (*train.Head, error) {
	rows, err := m.set("senti4sd")
	if err != nil {
		return nil, err
	}
	tr, _ := train.Split(rows)
	h, err := m.fit(train.EmotionRecipe, append(train.EmotionSamples(tr), train.EmotionSeeds()...))
	if err != nil {
		return nil, err
	}
	m.scores = append(m.scores, "| emotion | - | - | - | - | - | no set with emotion labels may train a shipped head; measured by `hypercare eval` |")
	return h, nil
}

// cvFolds is on how many fifths of the seed examples the category head is
// scored, each with a model of the other four.
const cvFolds = 2

func (m *maker) category() (*train.Head, error) {
	var tr []train.Sample
	for _, set := range train.CategorySets {
		rows, err := m.set(set)
		if err != nil {
			return nil, err
		}
		a, _ := train.Split(rows)
		tr = append(tr, train.CategorySamples(set, a)...)
	}
	// Cross-validation over the examples written for the project.
	seeds := train.CategorySeeds()
	var hits [2][]int // without and with sentence vectors
	for f := range cvFolds {
		var in, out []train.Sample
		for _, s := range seeds {
			if train.Fold(s.In.Title+s.In.Text) == f {
				out = append(out, s)
			} else {
				in = append(in, s)
			}
		}
		h, err := m.fit(train.CategoryRecipe, append(slices.Clone(tr), in...))
		if err != nil {
			return nil, err
		}
		p, err := m.enc.Prepare(out)
		if err != nil {
			return nil, err
		}
		for k, dense := range []bool{false, true} {
			for i, q := range h.Predictions(p, dense) {
				best := train.ArgMax(q)
				hit := 0
				if out[i].Target[best] == 1 {
					hit = 1
				}
				hits[k] = append(hits[k], hit)
			}
		}
	}
	m.score("category", "seed", "right best category", len(hits[0]), mean(hits[0]), mean(hits[1]), "cross-validated over two fifths of the examples written for the project, all languages")
	h, err := m.fit(train.CategoryRecipe, append(tr, seeds...))
	if err != nil {
		return nil, err
	}
	return h, m.reviews(h)
}

func mean(v []int) float64 {
	s := 0
	for _, x := range v {
		s += x
	}
	return float64(s) / float64(max(1, len(v)))
}

// reviews scores the category head on the test part of the app reviews.
func (m *maker) reviews(h *train.Head) error {
	_, te := train.Split(m.rows["maalej_reviews"])
	p, err := m.enc.Prepare(train.CategorySamples("maalej_reviews", te))
	if err != nil {
		return err
	}
	for _, c := range []struct{ label, category string }{{"bug_report", "bug"}, {"feature_request", "feature_request"}} {
		var f [2]float64
		at := slices.Index(train.CategoryLabels, c.category)
		for k, dense := range []bool{false, true} {
			var pred, gold []bool
			for i, q := range h.Predictions(p, dense) {
				pred = append(pred, q[at] > 0.5)
				gold = append(gold, te[i].Has(c.label))
			}
			f[k] = train.F1(pred, gold)
		}
		m.score("category", "maalej_reviews", "F1 "+c.category, len(te), f[0], f[1], "said at 0.5 and above")
	}
	return nil
}

func (m *maker) security() (*train.Head, error) {
	rows, err := m.set("security_reports")
	if err != nil {
		return nil, err
	}
	tr, te := train.Split(rows)
	h, err := m.fit(train.SecurityRecipe, append(train.SecuritySamples(tr), train.SecuritySeeds()...))
	if err != nil {
		return nil, err
	}
	p, err := m.enc.Prepare(train.SecuritySamples(te))
	if err != nil {
		return nil, err
	}
	var f [2]float64
	for k, dense := range []bool{false, true} {
		var pred, gold []bool
		for i, q := range h.Predictions(p, dense) {
			pred = append(pred, q[0] > 0.5)
			gold = append(gold, te[i].Has("security"))
		}
		f[k] = train.F1(pred, gold)
	}
	m.score("security", "security_reports", "F1 security", len(te), f[0], f[1], "said at 0.5 and above")
	return h, nil
}

// report is REPORT.md.
func (m *maker) report(version string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# How the heads were trained\nWritten by `go run ./internal/nlp/heads/make`; version %s.\n\n", version)
	b.WriteString("Every set is divided into five parts by a hash of the text. Part 0 is left out of training and is what is scored here; figures are therefore of texts that the shipped heads have not seen. \"First\" reads n-grams and cues only, \"full\" also the sentence vector (English) and, for sentiment_social, the static vector (other languages).\n\n## Sets\n| set | rows | licence | note |\n| --- | --- | --- | --- |\n")
	names := make([]string, 0, len(m.rows))
	for n := range m.rows {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		l := train.Licences[n]
		fmt.Fprintf(&b, "| %s | %d | %s | %s |\n", n, len(m.rows[n]), l.Name, l.Note)
	}
	fmt.Fprintf(&b, "| seed | %d categories, %d emotions | written for the project | internal/nlp/seed |\n", len(train.CategorySeeds()), len(train.EmotionSeeds()))
	b.WriteString("\nThe emotion head has never seen an emotion label of a data set: it learns from the seed examples and from posts whose polarity is known (MIT), given the emotions that fit the polarity and the cue lists.\n\n## Scores\n| head | set | metric | n | first | full | note |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	b.WriteString(strings.Join(m.scores, "\n"))
	b.WriteString("\n\n## Sizes\n| head | bytes |\n| --- | --- |\n")
	b.WriteString(strings.Join(m.sizes, "\n"))
	b.WriteString("\n")
	return b.String()
}
