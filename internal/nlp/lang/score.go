package lang

import (
	"unicode"
	"unicode/utf8"
)

const (
	maxRead = 380 // bytes of words scored, as the tables were tuned for
	maxWord = 70  // bytes of a word
)

// scores adds up, per language of the table, the scores of the distinct
// n-grams of text, and counts those n-grams.
func (t *table) scores(text string, sum []int) int {
	clear(sum)
	s := scorer{t: t, sum: sum}
	var word []byte
	total := 0
	end := func() {
		if len(word) > 0 {
			s.word(word)
			total += len(word) + 1
			word = word[:0]
		}
	}
	for _, r := range text {
		switch {
		case inWord(r):
			word = utf8.AppendRune(word, unicode.ToLower(r))
		case apostrophe(r) && len(word) > 0:
			word = utf8.AppendRune(word, r)
		default:
			end()
		}
		if total+len(word) > maxRead {
			break
		}
	}
	end()
	return s.n
}

func inWord(r rune) bool {
	return unicode.IsLetter(r) || r > 0x36F && (unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Mc, r))
}

func apostrophe(r rune) bool { return r == '\'' || r == '`' || r == '\u2019' }

// scorer counts every n-gram of a text once.
type scorer struct {
	t    *table
	sum  []int
	seen [256]uint64 // open-addressed set of hashes plus one
	n    int
}

// word scores the n-grams of a word: four bytes every three, the first with a
// space before it, and the last four with a space after (Nito-ELD's scheme).
func (s *scorer) word(w []byte) {
	n := min(len(w), maxWord)
	var buf [8]byte
	j := 0
	for ; j+4 < n; j += 3 {
		g := buf[:0]
		if j == 0 {
			g = append(g, ' ')
		}
		s.add(append(g, w[j:j+4]...))
	}
	g := buf[:0]
	if j == 0 {
		g = append(g, ' ')
	}
	from := 0
	if n != 3 {
		from = max(0, n-4)
	}
	// A word cut at maxWord keeps only the bytes up to the cut.
	s.add(append(append(g, w[from:n]...), ' '))
}

func (s *scorer) add(gram []byte) {
	h := Hash(gram)
	for i := h; ; i++ {
		slot := &s.seen[i%uint64(len(s.seen))]
		if *slot == h+1 {
			return
		}
		if *slot == 0 {
			if s.n == len(s.seen)-1 {
				return // full: more than any text within maxRead has
			}
			*slot = h + 1
			break
		}
	}
	s.n++
	p := s.t.find(h)
	for i := 0; i+1 < len(p); i += 2 {
		s.sum[p[i]] += int(p[i+1]) + baseScore
	}
}
