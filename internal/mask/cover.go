package mask

import (
	"slices"
	"strings"
)

// Original is something that was covered and whose policy allows to see it
// again: where its placeholder stands in the covered text.
type Original struct {
	At    int // byte offset of the placeholder
	Kind  string
	Value string
}

// removed stands where not even the kind is to be told.
const removed = "[removed]"

// maxRounds is how often a covered text is looked through again: what stands
// beside something that was covered may be found only then.
const maxRounds = 4

// Text covers by what things look like: "call [phone]". Covering what is
// covered changes nothing.
func (m *Masker) Text(s string) string { return m.field("", s) }

// field is Text for the value of a field, whose name says what a bare number
// is: {"phone": "5551234567"}.
func (m *Masker) field(name, s string) string {
	s, _ = m.coverField(name, s)
	return s
}

// Cover is Text with the originals of the kinds that are sealed, in order.
func (m *Masker) Cover(s string) (string, []Original) { return m.coverField("", s) }

func (m *Masker) coverField(name, s string) (string, []Original) {
	for _, re := range m.patterns {
		s = re.ReplaceAllLiteralString(s, hidden)
	}
	if m.want == 0 {
		return s, nil
	}
	var kept []Original
	for range maxRounds {
		spans := find(s, name, m.want)
		if len(spans) == 0 {
			break
		}
		s, kept = m.replace(s, echoes(s, spans), kept)
	}
	return s, kept
}

// Covered reports whether something in a text would be covered.
func (m *Masker) Covered(s string) bool { return m.Text(s) != s }

// Find returns what Text would cover, in order.
func (m *Masker) Find(s string) []Span { return find(s, "", m.want) }

// replace puts placeholders where spans are, and moves the places of what was
// covered in an earlier round.
func (m *Masker) replace(s string, spans []Span, kept []Original) (string, []Original) {
	var b strings.Builder
	b.Grow(len(s) + 8*len(spans))
	var fresh []Original
	at, old := 0, 0
	for _, sp := range spans {
		b.WriteString(s[at:sp.Start])
		for ; old < len(kept) && kept[old].At < sp.Start; old++ {
			kept[old].At += b.Len() - sp.Start
		}
		switch k := bit(sp.Kind); {
		case m.seal&k != 0:
			fresh = append(fresh, Original{At: b.Len(), Kind: sp.Kind, Value: s[sp.Start:sp.End]})
			b.WriteString(Placeholder(sp.Kind))
		case m.drop&k != 0:
			b.WriteString(removed)
		default:
			b.WriteString(Placeholder(sp.Kind))
		}
		at = sp.End
	}
	for ; old < len(kept); old++ {
		kept[old].At += b.Len() - at
	}
	b.WriteString(s[at:])
	if len(fresh) > 0 {
		kept = append(kept, fresh...)
		slices.SortFunc(kept, func(a, b Original) int { return a.At - b.At })
	}
	return b.String(), kept
}

// Bounds of the look for echoes.
const (
	maxEchoes = 32
	minEcho   = 6
)

// echoes adds where the same secret stands again without the word that gave
// it away: what is covered once is not to be read a line below.
func echoes(s string, spans []Span) []Span {
	var more []Span
	var seen []string
	for _, sp := range spans {
		v := s[sp.Start:sp.End]
		if len(seen) == maxEchoes {
			break
		}
		if len(v) < minEcho || slices.Contains(seen, v) {
			continue
		}
		seen = append(seen, v)
		for from := 0; ; {
			i := strings.Index(s[from:], v)
			if i < 0 {
				break
			}
			i += from
			from = i + len(v)
			if digit(v[0]) && i > 0 && digit(s[i-1]) || digit(v[len(v)-1]) && from < len(s) && digit(s[from]) {
				continue // a longer number is another
			}
			more = append(more, Span{i, from, sp.Kind})
		}
	}
	if more == nil {
		return spans
	}
	f := finder{out: append(slices.Clone(spans), more...)}
	return f.settled()
}

// Replace puts placeholders where spans are. Spans must be in order and not
// overlap, as Find gives them; others are skipped.
func Replace(text string, spans []Span) string {
	var b strings.Builder
	at := 0
	for _, s := range spans {
		if s.Start < at || s.End > len(text) || s.End < s.Start {
			continue
		}
		b.WriteString(text[at:s.Start])
		b.WriteString(Placeholder(s.Kind))
		at = s.End
	}
	b.WriteString(text[at:])
	return b.String()
}

// CoverField is Cover for the value of a field, whose name may say that it is
// a secret, and what a bare number is.
func (m *Masker) CoverField(name, value string) (string, []Original) {
	name = fold(name)
	if m.named([]string{name}) && value != "" && value != hidden && m.want != 0 {
		return hidden, nil
	}
	return m.coverField(name, value)
}
