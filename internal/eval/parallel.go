package eval

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hypercare/hypercare/internal/nlp/static"
	"github.com/hypercare/hypercare/internal/nlp/use"
	"github.com/hypercare/hypercare/internal/nlp/vector"
)

// parallelSet measures whether the same feedback in two languages gets
// vectors that find each other.
var parallelSet = set{name: "parallel", run: runParallel}

// runParallel looks for each translated sentence's English twin among all
// English ones: with the subword encoder on both sides, as groups across
// languages are made, and with sentence vectors on the English side.
func runParallel(ctx context.Context, dir string) ([]Row, error) {
	// The sentences are kept with the laboratory's files, beside the data.
	b, err := os.ReadFile(filepath.Join(dir, "..", "nlp-lab", "data", "feedback_parallel.tsv"))
	if err != nil {
		return nil, fmt.Errorf("open parallel sentences: %w", err)
	}
	words, err := static.Load()
	if err != nil {
		return nil, err
	}
	sentences, err := use.Load()
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	langs := strings.Split(lines[0], "\t")
	var byWords, bySentence [][]int8
	for _, l := range lines[1:] {
		en, _, _ := strings.Cut(l, "\t")
		byWords = append(byWords, vector.Quantize(words.Encode(en, "en")))
		bySentence = append(bySentence, vector.Quantize(sentences.Encode(en)))
	}
	var hitWords, hitSentence, n int
	for i, l := range lines[1:] {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for col, text := range strings.Split(l, "\t") {
			if col == 0 {
				continue
			}
			q := vector.Quantize(words.Encode(text, langs[col]))
			n++
			if nearest(q, byWords) == i {
				hitWords++
			}
			if nearest(q, bySentence) == i {
				hitSentence++
			}
		}
	}
	note := fmt.Sprintf("%d sentences in %d languages, none used in training; translations unchecked by native speakers", len(lines)-1, len(langs)-1)
	chance := 1 / float64(len(lines)-1)
	return []Row{
		{Set: "parallel", Metric: "English twin at rank 1, subword vectors", N: n, Ours: float64(hitWords) / float64(n), Floor: chance, Target: 150.0 / 168, Note: note},
		{Set: "parallel", Metric: "English twin at rank 1, sentence vectors on the English side", N: n, Ours: float64(hitSentence) / float64(n), Floor: chance, Target: 150.0 / 168, Note: note},
	}, nil
}

// nearest returns which of pool is closest to q, -1 of an empty pool.
func nearest(q []int8, pool [][]int8) int {
	best, top := -1, -2.0
	for i, p := range pool {
		if c := vector.Cosine(q, p); c > top {
			best, top = i, c
		}
	}
	return best
}
