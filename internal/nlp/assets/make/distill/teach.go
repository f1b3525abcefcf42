package main

import (
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hypercare/hypercare/internal/nlp/use"
)

// teach writes teach/en.txt, every distinct English text, and
// teach/vectors.i8, the direction of its sentence vector as 512 int8.
func (o options) teach() error {
	texts := map[string]bool{}
	err := o.eachPair(func(_ string, p pair) { texts[p.en] = true })
	if err != nil {
		return err
	}
	enc, err := use.Load()
	if err != nil {
		return err
	}
	dir := filepath.Join(o.dir, "teach")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make teaching folder: %w", err)
	}
	list := slices.Sorted(maps.Keys(texts))
	vecs := make([]byte, 0, len(list)*use.Dim)
	for batch := range slices.Chunk(list, 64) {
		for _, v := range enc.EncodeBatch(batch) {
			var top float32
			for _, x := range v {
				top = max(top, x, -x)
			}
			row := make([]byte, use.Dim) // zero when the text cannot be read
			for i, x := range v {
				row[i] = byte(int8(math.Round(float64(x / top * 127))))
			}
			vecs = append(vecs, row...)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "vectors.i8"), vecs, 0o644); err != nil {
		return fmt.Errorf("write teaching vectors: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "en.txt"), []byte(strings.Join(list, "\n")+"\n"), 0o644); err != nil {
		return fmt.Errorf("write teaching texts: %w", err)
	}
	fmt.Println("English texts", len(list))
	return nil
}

// eachPair reads what the step pairs wrote, languages in order.
func (o options) eachPair(visit func(lang string, p pair)) error {
	files, err := filepath.Glob(filepath.Join(o.dir, "pairs", "*.tsv"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no pairs in %s (run the step pairs)", o.dir)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read pairs: %w", err)
		}
		lang := strings.TrimSuffix(filepath.Base(path), ".tsv")
		for line := range strings.Lines(string(b)) {
			if en, other, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t"); ok {
				visit(lang, pair{en, other})
			}
		}
	}
	return nil
}
