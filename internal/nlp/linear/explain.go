package linear

import (
	"slices"
	"strings"
)

// Evidence is a run of surface words, or the name of an extra feature, with
// how much it spoke for a label.
type Evidence struct {
	Text   string
	Weight float32
	Extra  bool // Text is the name of an extra feature
}

// Explain returns up to n pieces of the text that spoke most for label, best
// first. The weight of a feature is what it adds to the label over the mean of
// the others; features are mapped back to the words they were made from, and
// neighbouring strong words are shown together.
func (m *Model) Explain(d *Doc, label, n int) []Evidence {
	if m.bits == 0 || label < 0 || label >= len(m.Labels) || n <= 0 {
		return nil
	}
	byWord := make([]float32, len(d.Words))
	var extras []Evidence
	mask := uint32(1)<<m.bits - 1
	k := len(m.Labels)
	extraAt := map[uint32]string{}
	for _, x := range d.Extras {
		extraAt[hashString(x, seedExtra)] = x
	}
	for _, f := range d.Features {
		s := m.slot[f.Hash&mask]
		if s == 0 {
			continue
		}
		o := int(s-1) * k
		row := m.rows[o : o+k]
		gain := m.lut[uint8(row[label])]
		if !m.Independent && k > 1 {
			var rest float32
			for c, q := range row {
				if c != label {
					rest += m.lut[uint8(q)]
				}
			}
			gain -= rest / float32(k-1)
		}
		gain *= d.scale[f.Group]
		if f.Word < 0 {
			if gain > 0 {
				extras = append(extras, Evidence{Text: extraAt[f.Hash], Weight: gain, Extra: true})
			}
			continue
		}
		for w := int(f.Word); w < int(f.Word)+int(f.Span) && w < len(byWord); w++ {
			byWord[w] += gain / float32(f.Span)
		}
	}
	out := append(runs(d.Words, byWord), extras...)
	slices.SortStableFunc(out, func(a, b Evidence) int {
		switch {
		case a.Weight > b.Weight:
			return -1
		case a.Weight < b.Weight:
			return 1
		}
		return strings.Compare(a.Text, b.Text)
	})
	out = slices.CompactFunc(out, func(a, b Evidence) bool { return a.Text == b.Text })
	return out[:min(n, len(out))]
}

// runs joins neighbouring words that are each at least a third as strong as
// the strongest word, up to three words.
func runs(words []string, weight []float32) []Evidence {
	var top float32
	for _, w := range weight {
		top = max(top, w)
	}
	if top <= 0 {
		return nil
	}
	var out []Evidence
	for i := 0; i < len(words); i++ {
		if weight[i] < top/3 || isPunct(words[i]) && !symbol(words[i]) {
			continue
		}
		bare := isBare(words[i])
		most, sep := 3, " "
		if bare {
			most, sep = 6, ""
		}
		j, sum := i+1, weight[i]
		for j < len(words) && j-i < most && weight[j] >= top/3 && !isPunct(words[j]) && isBare(words[j]) == bare {
			sum += weight[j]
			j++
		}
		text := strings.Join(words[i:j], sep)
		out = append(out, Evidence{Text: text, Weight: sum})
		i = j - 1
	}
	return out
}

// symbol tells emoji, smileys, "!" and "?" from plain punctuation: they may be
// shown as a reason.
func symbol(w string) bool {
	return len(w) > 1 || w == "!" || w == "?"
}
