package app

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"sync"

	"github.com/hypercare/hypercare/internal/channel/importer"
	"github.com/hypercare/hypercare/internal/nlp"
)

// ReadingLine is what `hypercare triage` prints of one row.
type ReadingLine struct {
	ID       string `json:"id"`
	Language struct {
		Code       string  `json:"code"`
		Confidence float64 `json:"confidence"`
	} `json:"language"`
	Sentiment struct {
		Label string  `json:"label"`
		Score float64 `json:"score"`
	} `json:"sentiment"`
	Emotion    labelled   `json:"emotion"`
	Categories []named    `json:"categories"`
	Severity   levelled   `json:"severity"`
	Security   bool       `json:"security"`
	Spam       bool       `json:"spam"`
	Summary    string     `json:"summary"`
	KeyPhrases []string   `json:"key_phrases"`
	Area       string     `json:"area,omitempty"`
	Defect     string     `json:"defect,omitempty"`
	Personal   []nlp.Span `json:"personal,omitempty"`
	Unsure     bool       `json:"unsure,omitempty"`
	Reason     string     `json:"reason"`
}

type labelled struct {
	Label      string  `json:"label"`
	Confidence float64 `json:"confidence"`
}

type named struct {
	Name       string  `json:"name"`
	Confidence float64 `json:"confidence"`
}

type levelled struct {
	Level      string  `json:"level"`
	Confidence float64 `json:"confidence"`
}

func line(id string, r nlp.Result) ReadingLine {
	l := ReadingLine{ID: id, Emotion: labelled{r.Emotion.Name, r.Emotion.Confidence}, Severity: levelled{r.Severity.Level, r.Severity.Confidence},
		Security: r.Security.Yes, Spam: r.Spam.Yes, Summary: r.Summary, KeyPhrases: append([]string{}, r.KeyPhrases...), Area: r.Area.Name,
		Defect: r.Defect.Name, Personal: r.Personal, Unsure: r.Unsure, Reason: r.Reason}
	l.Language.Code, l.Language.Confidence = r.Language.Code, r.Language.Confidence
	l.Sentiment.Label, l.Sentiment.Score = r.Sentiment.Label, r.Sentiment.Score
	for _, c := range r.Categories {
		l.Categories = append(l.Categories, named{c.Name, c.Confidence})
	}
	return l
}

// lineBatch is how many rows are read at once before their lines are written.
const lineBatch = 64

// ReadFile reads the rows of a file of feedback (any format that can be
// imported) and writes one JSON line a row, in order. fast leaves the
// sentence vectors out. A row that can't be read becomes {"row", "error"}.
func ReadFile(ctx context.Context, path string, fast bool, out io.Writer) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	plan, err := importer.Probe(f, st.Size(), path)
	if err != nil {
		return err
	}
	sample, err := importer.Sample(f, st.Size(), plan)
	if err != nil {
		return err
	}
	mapping, _ := importer.Guess(plan.Columns, sample)
	rows, err := importer.Open(f, st.Size(), plan, "")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	pass := nlp.Full
	if fast {
		pass = nlp.First
	}
	w := bufio.NewWriter(out)
	engine := nlp.New()
	for ctx.Err() == nil {
		batch, end, err := nextItems(rows, &mapping)
		if err != nil {
			return err
		}
		readAll(engine, pass, batch)
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		for _, b := range batch {
			if err := enc.Encode(b.answer); err != nil {
				return err
			}
		}
		if end {
			return w.Flush()
		}
	}
	return ctx.Err()
}

type readItem struct {
	item   nlp.Item
	answer any // a ReadingLine, or what is wrong with the row
}

func nextItems(rows importer.Reader, m *importer.Mapping) (batch []*readItem, end bool, err error) {
	for len(batch) < lineBatch {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return batch, true, nil
		}
		if bad, ok := errors.AsType[*importer.RowError](err); ok {
			batch = append(batch, &readItem{answer: map[string]any{"row": bad.Row, "error": bad.Reason}})
			continue
		}
		if err != nil {
			return nil, false, err
		}
		in, err := m.Apply(row, importer.Options{})
		if err != nil {
			batch = append(batch, &readItem{answer: map[string]any{"row": row.Number, "error": err.Error()}})
			continue
		}
		it := nlp.Item{ID: in.ExternalID, Title: in.Title, Text: in.Text, Language: in.Language}
		if it.ID == "" {
			it.ID = strconv.FormatInt(row.Number, 10)
		}
		if in.Rating != nil {
			it.Rating = *in.Rating
		}
		batch = append(batch, &readItem{item: it})
	}
	return batch, false, nil
}

func readAll(engine *nlp.Engine, pass nlp.Pass, batch []*readItem) {
	next := make(chan *readItem)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for b := range next {
				b.answer = line(b.item.ID, engine.Read(b.item, pass))
			}
		})
	}
	for _, b := range batch {
		if b.answer == nil {
			next <- b
		}
	}
	close(next)
	wg.Wait()
}

// spool copies standard input to a file, since formats are recognised by
// looking at all of it. The caller removes it.
func spool(in io.Reader) (string, error) {
	f, err := os.CreateTemp("", "hypercare-in-*.jsonl")
	if err != nil {
		return "", fmt.Errorf("keep standard input: %w", err)
	}
	n, err := io.Copy(f, io.LimitReader(in, importer.MaxFile+1))
	err = errors.Join(err, f.Close())
	if err == nil && n > importer.MaxFile {
		err = fmt.Errorf("standard input is larger than %d MB; split it", importer.MaxFile>>20)
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// WithFile calls fn with a path: the one given, or standard input's for "-"
// or "".
func WithFile(path string, in io.Reader, fn func(path string) error) (err error) {
	if path != "" && path != "-" {
		return fn(path)
	}
	if path, err = spool(in); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(path)) }()
	return fn(path)
}
