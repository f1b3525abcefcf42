package eval

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/nlp/dup"
)

// duplicateSets measure the finding of duplicates (package dup).
var duplicateSets = []set{
	{"hadoop_dups", duplicateSet("hadoop_dups", duplicateGoal{floor: [5]float64{.413, .602, .655, .686, .494}, published: .65, target: .67})},
	{"openoffice_dups", duplicateSet("openoffice_dups", duplicateGoal{floor: [5]float64{.357, .515, .596, .670, 0}, target: .69})},
	{"review_issue_match", reviewMatch},
	{"duplicates_speed", duplicateSpeed},
}

// duplicateGoal holds the known figures: BM25 at RR@1, 5, 10, 20 and MRR, and
// the published and wanted RR@10.
type duplicateGoal struct {
	floor             [5]float64
	published, target float64
}

type duplicateRow struct {
	ID    string   `json:"id"`
	DupOf []string `json:"dup_of"`
	Split string   `json:"split"`
}

// duplicateSet ranks every row of the file against the older ones, as the
// command line does, and scores the queries: rows of split "held" that have an
// older duplicate, or, where none are held, the later half by time of all that
// have. A hit is any older member of the query's group.
func duplicateSet(name string, goal duplicateGoal) func(context.Context, string) ([]Row, error) {
	return func(ctx context.Context, dir string) ([]Row, error) {
		raw, err := os.ReadFile(filepath.Join(dir, name+".jsonl"))
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		rows, err := decodeLines[duplicateRow](raw)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		queries, note := duplicateQueries(rows)
		var out []Row
		for _, mode := range []struct {
			name    string
			vectors int // 0 words only, 1 static, 2 static and sentence
		}{{"words", 0}, {"words and static vectors", 1}, {"words, static and sentence vectors", 2}} {
			var enc *dup.Encoder
			if mode.vectors > 0 {
				if enc, err = dup.LoadEncoder(mode.vectors == 2); err != nil {
					return nil, err
				}
			}
			ranks, err := duplicateRanks(ctx, raw, rows, enc)
			if err != nil {
				return nil, fmt.Errorf("rank %s: %w", name, err)
			}
			out = append(out, duplicateFigures(name, mode.name+"; "+note, queries, ranks, goal)...)
		}
		return out, nil
	}
}

func decodeLines[T any](raw []byte) ([]T, error) {
	var out []T
	for n, line := range bytes.Split(raw, []byte("\n")) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var v T
		if err := json.Unmarshal(line, &v); err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
		out = append(out, v)
	}
	return out, nil
}

// duplicateQueries returns the ids that are scored. Files are in time order.
func duplicateQueries(rows []duplicateRow) (ids []string, note string) {
	var all, held []string
	for _, r := range rows {
		if len(r.DupOf) > 0 {
			all = append(all, r.ID)
			if r.Split == "held" {
				held = append(held, r.ID)
			}
		}
	}
	if len(held) > 0 {
		return held, "queries of split held; floor is BM25 on a split of the same kind"
	}
	return all[len(all)/2:], "later half by time of the queries; weights were chosen on the earlier half; floor and published are of later, sealed queries"
}

// duplicateRanks is the place of the first true duplicate of each row that
// has one, 0 when it is not among the first hundred.
func duplicateRanks(ctx context.Context, raw []byte, rows []duplicateRow, enc *dup.Encoder) (map[string]int, error) {
	var answers bytes.Buffer
	if err := dup.RankFile(ctx, bytes.NewReader(raw), &answers, dup.FileOptions{Top: 100, Encoder: enc}); err != nil {
		return nil, err
	}
	group := duplicateGroups(rows)
	ranks := map[string]int{}
	sc := bufio.NewScanner(&answers)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var a struct {
			ID         string
			Candidates []struct{ ID string }
		}
		if err := json.Unmarshal(sc.Bytes(), &a); err != nil {
			return nil, fmt.Errorf("read answer: %w", err)
		}
		for i, c := range a.Candidates {
			if group(c.ID) == group(a.ID) {
				ranks[a.ID] = i + 1
				break
			}
		}
	}
	return ranks, sc.Err()
}

// duplicateGroups returns a function that names the transitive group of an id.
func duplicateGroups(rows []duplicateRow) func(string) string {
	parent := map[string]string{}
	find := func(id string) string {
		for parent[id] != "" && parent[id] != id {
			id = parent[id]
		}
		return id
	}
	for _, r := range rows {
		for _, d := range r.DupOf {
			if a, b := find(r.ID), find(d); a != b {
				parent[a] = b
			}
		}
	}
	return find
}

func duplicateFigures(name, note string, queries []string, ranks map[string]int, goal duplicateGoal) []Row {
	var sum [5]float64 // RR@1, 5, 10, 20 and MRR
	for _, q := range queries {
		rank := ranks[q]
		if rank == 0 {
			continue
		}
		for i, k := range []int{1, 5, 10, 20} {
			if rank <= k {
				sum[i]++
			}
		}
		sum[4] += 1 / float64(rank)
	}
	rows := make([]Row, 5)
	for i, metric := range []string{"RR@1", "RR@5", "RR@10", "RR@20", "MRR"} {
		rows[i] = Row{Set: name, Metric: metric, N: len(queries), Ours: sum[i] / float64(max(len(queries), 1)), Floor: goal.floor[i], Note: note}
	}
	rows[2].Published, rows[2].Target = goal.published, goal.target
	return rows
}

type reviewPair struct {
	App        string  `json:"app"`
	Text       string  `json:"text"`
	IssueID    string  `json:"issue_id"`
	Title      string  `json:"issue_title"`
	Body       string  `json:"issue_body"`
	Label      string  `json:"label"`
	Split      string  `json:"split"`
	DeepMatch  float64 `json:"deepmatcher_similarity"`
	ours       float64
	issue      dup.Doc
	isPositive bool
}

// reviewMatch asks for each pair of a review and an issue how much they tell
// the same, and scores how well that ranks matches above non-matches.
func reviewMatch(ctx context.Context, dir string) ([]Row, error) {
	const name = "review_issue_match"
	raw, err := os.ReadFile(filepath.Join(dir, name+".jsonl"))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	pairs, err := decodeLines[reviewPair](raw)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	var out []Row
	for _, full := range []bool{false, true} {
		enc, err := dup.LoadEncoder(full)
		if err != nil {
			return nil, err
		}
		x := dup.New()
		for i := range pairs {
			p := &pairs[i]
			p.isPositive = p.Label == "match"
			p.issue = dup.Doc{ID: p.App + " " + p.IssueID, Title: p.Title, Text: p.Body}
			p.issue.Static, p.issue.Sentence = enc.Encode(p.issue)
			x.Add(p.issue)
		}
		for i := range pairs {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			p := &pairs[i]
			q := dup.Doc{Text: p.Text}
			q.Static, q.Sentence = enc.Encode(q)
			c, _ := x.Compare(q, p.issue.ID)
			p.ours = c.Score
		}
		note := "words and static vectors; "
		if full {
			note = "words, static and sentence vectors; "
		}
		out = append(out, reviewFigures(name, note, pairs)...)
	}
	return out, nil
}

func reviewFigures(name, note string, pairs []reviewPair) []Row {
	held := slices.ContainsFunc(pairs, func(p reviewPair) bool { return p.Split == "held" })
	note += "all pairs scored; one weight (title of the issue) was chosen with sight of them"
	var pos, neg, dmPos, dmNeg []float64
	for _, p := range pairs {
		switch {
		case held && p.Split != "held":
		case p.isPositive:
			pos, dmPos = append(pos, p.ours), append(dmPos, p.DeepMatch)
		default:
			neg, dmNeg = append(neg, p.ours), append(dmNeg, p.DeepMatch)
		}
	}
	return []Row{{
		Set: name, Metric: "AUC", N: len(pos) + len(neg), Ours: rankAUC(pos, neg), Floor: rankAUC(dmPos, dmNeg), Target: .80,
		Note: note + "; floor is deepmatcher_similarity",
	}}
}

// rankAUC is the chance that a random positive scores above a random
// negative, ties counted half.
func rankAUC(pos, neg []float64) float64 {
	wins := 0.0
	for _, p := range pos {
		for _, n := range neg {
			switch {
			case p > n:
				wins++
			case p == n:
				wins += .5
			}
		}
	}
	return wins / max(float64(len(pos)*len(neg)), 1)
}

const speedDocs = 100_000

// duplicateSpeed times an index of 100,000 documents mixed from all real
// texts in dir, with random vectors. Lower is better; the best of five turns
// counts, because other work on the machine only adds.
func duplicateSpeed(ctx context.Context, dir string) ([]Row, error) {
	docs, err := speedCorpus(dir)
	if err != nil {
		return nil, err
	}
	const name = "duplicates_speed"
	note := fmt.Sprintf("%d documents of %d words on average, lower is better", len(docs), meanWords(docs))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	words := dup.New()
	start := time.Now()
	for _, d := range docs {
		d.Static, d.Sentence = nil, nil
		words.Add(d)
	}
	add := time.Since(start).Seconds() * 1e6 / float64(len(docs))
	runtime.GC()
	runtime.ReadMemStats(&after)
	rows := []Row{
		{Set: name, Metric: "add, µs", N: len(docs), Ours: add, Note: "at most 100; " + note},
		{Set: name, Metric: "memory without vectors, MB", N: len(docs), Ours: float64(after.HeapAlloc-before.HeapAlloc) / 1e6, Note: "at most 150; " + note},
		{Set: name, Metric: "look-up by words, ms", N: 200, Ours: searchMillis(words, docs, false), Note: "at most 20; " + note},
	}
	for _, d := range docs {
		words.SetVectors(d.ID, d.Static, d.Sentence)
	}
	rows = append(rows, Row{Set: name, Metric: "look-up by words and two vectors, ms", N: 200, Ours: searchMillis(words, docs, true), Note: "at most 20; " + note})
	words = nil
	for _, vectors := range []bool{false, true} {
		metric := "grouping of all by words, s"
		in := docs
		if vectors {
			metric = "grouping of all by words and vectors, s"
		} else {
			in = slices.Clone(docs)
			for i := range in {
				in[i].Static, in[i].Sentence = nil, nil
			}
		}
		start = time.Now()
		groups, err := dup.Cluster(ctx, in, dup.ClusterThreshold)
		if err != nil {
			return nil, err
		}
		rows = append(rows, Row{Set: name, Metric: metric, N: len(docs), Ours: time.Since(start).Seconds(),
			Note: fmt.Sprintf("at most 10; %s; %d groups; wall time on %d processors", note, len(groups), runtime.GOMAXPROCS(0))})
	}
	return rows, nil
}

func searchMillis(x *dup.Index, docs []dup.Doc, vectors bool) float64 {
	best := 1e9
	for turn := range 5 {
		start := time.Now()
		for i := range 40 {
			q := docs[(turn*40+i)*7919%len(docs)]
			if !vectors {
				q.Static, q.Sentence = nil, nil
			}
			x.Search(q, dup.Options{K: 20})
		}
		best = min(best, time.Since(start).Seconds()*1e3/40)
	}
	return best
}

func meanWords(docs []dup.Doc) int {
	n := 0
	for _, d := range docs {
		n += len(strings.Fields(d.Text))
	}
	return n / max(len(docs), 1)
}

// speedCorpus joins the first half of one real text with the second half of
// another until there are enough.
func speedCorpus(dir string) ([]dup.Doc, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("list data sets: %w", err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("list data sets in %s: %w", dir, os.ErrNotExist)
	}
	slices.Sort(files)
	var texts [][]string
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", f, err)
		}
		rows, err := decodeLines[struct{ Text string }](raw)
		if err != nil {
			continue // not a set of texts
		}
		for _, r := range rows {
			if w := strings.Fields(r.Text); len(w) >= 8 {
				texts = append(texts, w[:min(len(w), 80)])
			}
		}
	}
	if len(texts) == 0 {
		return nil, fmt.Errorf("find texts in %s: %w", dir, os.ErrNotExist)
	}
	rng := rand.New(rand.NewPCG(4, 2))
	docs := make([]dup.Doc, speedDocs)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range docs {
		a, b := texts[rng.IntN(len(texts))], texts[rng.IntN(len(texts))]
		docs[i] = dup.Doc{
			ID: strconv.Itoa(i), Text: strings.Join(a[:len(a)/2], " ") + " " + strings.Join(b[len(b)/2:], " "),
			At: at.Add(time.Duration(i) * time.Minute), Static: randomVector(rng), Sentence: randomVector(rng),
		}
	}
	return docs, nil
}

// randomVector is a vector of about unit length times 127.
func randomVector(rng *rand.Rand) []int8 {
	v := make([]int8, 512)
	for i := range v {
		v[i] = int8(max(-127, min(127, rng.NormFloat64()*5.6)))
	}
	return v
}
