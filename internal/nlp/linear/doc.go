// Package linear is logistic regression over hashed words and character
// n-grams of a text, with an optional dense vector: feature extraction,
// training, a compact int8 form for shipping, prediction, and the words that
// decided a prediction. It is fast (microseconds), small (hundreds of
// kilobytes a head) and explains itself, which is why the engine is built on
// it. It knows nothing of feedback.
package linear

import (
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Group separates kinds of features: each kind is scaled by its own count, so
// that the many character n-grams of a text do not drown its few words.
type Group uint8

const (
	// Words are single words and runs of two.
	Words Group = iota
	// Chars are character 3-5-grams inside words. In scripts written without
	// spaces every character is a word, and runs of three are here.
	Chars
	// Head are the words of the title once more, apart from the body.
	Head
	// Extras are named features of the caller, such as matched cues.
	Extras
	groups
)

// maxWords caps how many words of a text are read: further ones add time and
// no accuracy.
const maxWords = 600

// Feature is one hashed feature and the words it came from.
type Feature struct {
	Hash  uint32
	Word  int32 // index in Doc.Words of its first word; -1 for Extras
	Group Group
	Span  uint8 // how many words it covers
}

// Doc is a text turned into features.
type Doc struct {
	Words    []string // surface words in order, as written
	Features []Feature
	Extras   []string // names of the extra features, in order
	scale    [groups]float32
}

// Text is what Extract reads.
type Text struct {
	Title  string
	Body   string
	Extras []string
}

// Extract turns a text into features. Words after a negation are marked
// ("not_good"), stretched letters are shortened ("sooooo" to "soo" plus a
// feature), punctuation and emoji count as words.
func Extract(t Text) *Doc {
	d := &Doc{Extras: t.Extras}
	words := make([]string, 0, 64)
	words = splitWords(t.Title, words)
	titleLen := len(words)
	words = splitWords(t.Body, words)
	if len(words) > maxWords {
		words = words[:maxWords]
		titleLen = min(titleLen, maxWords)
	}
	d.Words = words
	d.Features = make([]Feature, 0, len(words)*12)
	var lower []byte
	prev2, prev := uint32(0), hashString("<s>", 0)
	negated := 0
	for i, w := range words {
		lower = appendFolded(lower[:0], w)
		h := hashBytes(lower, seedWord)
		d.add(h, i, 1, Words)
		if isPunct(w) {
			negated = 0
		} else if negated > 0 {
			d.add(hashPair(h, seedNegated), i, 1, Words)
			negated--
		}
		if i > 0 && i != titleLen {
			d.add(hashPair(prev, h), i-1, 2, Words)
		} else {
			d.add(hashPair(h, seedFirst), i, 1, Words)
		}
		if i < titleLen {
			d.add(hashPair(h, seedTitle), i, 1, Head)
			if i > 0 {
				d.add(hashPair(hashPair(prev, h), seedTitle), i-1, 2, Head)
			}
		}
		if IsNegation(string(lower)) {
			negated = 3
		}
		if isBare(w) {
			if i > 1 && isBare(words[i-1]) && isBare(words[i-2]) {
				d.add(hashPair(hashPair(prev2, prev), h), i-2, 3, Chars)
			}
		} else {
			d.addChars(lower, i)
		}
		prev2, prev = prev, h
	}
	for _, x := range t.Extras {
		d.Features = append(d.Features, Feature{Hash: hashString(x, seedExtra), Word: -1, Group: Extras})
	}
	d.dedupe()
	return d
}

func (d *Doc) add(h uint32, word int, span uint8, g Group) {
	d.Features = append(d.Features, Feature{Hash: h, Word: int32(word), Group: g, Span: span})
}

// addChars adds the character n-grams of one folded word.
func (d *Doc) addChars(w []byte, word int) {
	var text [128]byte
	var at [40]int // byte offset of each rune of "<word>", and the end
	s := append(append(append(text[:0], '<'), w[:min(len(w), 100)]...), '>')
	lo, hi := 3, 5
	if r, _ := utf8.DecodeRune(w); hangul(r) {
		lo, hi = 2, 4
	}
	n := 0
	for i := 0; i < len(s) && n < len(at)-1; n++ {
		at[n] = i
		_, size := utf8.DecodeRune(s[i:])
		i += size
		at[n+1] = i
	}
	for i := 0; i < n; i++ {
		for k := lo; k <= hi && i+k <= n; k++ {
			if k < n { // the whole word is a feature already
				d.add(hashBytes(s[at[i]:at[i+k]], seedChar), word, 1, Chars)
			}
		}
	}
}

// dedupe keeps each feature once (presence, not count) and sets the scales.
func (d *Doc) dedupe() {
	slices.SortStableFunc(d.Features, func(a, b Feature) int {
		if a.Hash != b.Hash {
			if a.Hash < b.Hash {
				return -1
			}
			return 1
		}
		return int(a.Group) - int(b.Group)
	})
	out := d.Features[:0]
	var n [groups]int
	for i, f := range d.Features {
		if i > 0 && len(out) > 0 && out[len(out)-1].Hash == f.Hash && out[len(out)-1].Group == f.Group {
			continue
		}
		out = append(out, f)
		n[f.Group]++
	}
	d.Features = out
	for g, c := range n {
		if c > 0 {
			d.scale[g] = groupWeight[g] / float32(math.Sqrt(math.Sqrt(float64(c))))
		}
	}
	// A matched cue says as much in a text with five as in a text with one.
	d.scale[Extras] = groupWeight[Extras]
}

// groupWeight and the fourth root above were chosen by cross-validation: long
// texts stay louder than with full normalisation, because one strong word
// decides a long post as much as a short one.
var groupWeight = [groups]float32{Words: 0.35, Chars: 0.15, Head: 0.2, Extras: 0.3}

// Value is the strength of a feature in the document.
func (d *Doc) Value(f Feature) float32 { return d.scale[f.Group] }

// SplitWords returns the words, punctuation marks and emoji of s as Extract
// sees them. In scripts without spaces every character is a word.
func SplitWords(s string) []string { return splitWords(s, nil) }

// Fold returns w in the form in which Extract compares words: lower case,
// straight apostrophes, stretched letters shortened.
func Fold(w string) string {
	if folded(w) {
		return w
	}
	return string(appendFolded(nil, w))
}

// folded tells whether w is ASCII that Fold would leave alone.
func folded(w string) bool {
	for i := 0; i < len(w); i++ {
		if c := w[i]; c >= 0x80 || c >= 'A' && c <= 'Z' || i > 1 && w[i-1] == c && w[i-2] == c {
			return false
		}
	}
	return true
}

// IsNegation tells whether a folded word turns the next ones around.
func IsNegation(w string) bool {
	if n := len(w); n > 3 && w[n-2] == '\'' && w[n-1] == 't' { // don't, can't
		return true
	}
	return negations[w]
}

// splitWords appends the words, punctuation marks and emoji of s.
func splitWords(s string, out []string) []string {
	start := -1
	flush := func(end int) {
		if start >= 0 {
			out = append(out, s[start:end])
			start = -1
		}
	}
	skip := 0 // end of a smiley
	for i, r := range s {
		if len(out) >= maxWords {
			return out
		}
		if i < skip {
			continue
		}
		switch {
		case NoSpaces(r) && wordRune(r):
			flush(i)
			out = append(out, s[i:i+utf8.RuneLen(r)])
		case wordRune(r):
			if start < 0 {
				start = i
			} else if i-start > 96 { // base64 and the like
				flush(i)
				start = i
			}
		case r < 0x80 && (r <= ' ' || r == 0x7f) || unicode.IsSpace(r):
			flush(i)
		case r == utf8.RuneError || r == 0xFE0F || r == 0x200D:
			flush(i)
		default:
			flush(i)
			if n := emoticon(s[i:]); n > 0 && (i == 0 || s[i-1] <= ' ' || !asciiAlnum(s[i-1])) {
				out = append(out, s[i:i+n])
				skip = i + n
				continue
			}
			// Runs of one mark count once, with their length up to three; runs
			// of one emoji just once.
			if len(out) > 0 && strings.HasSuffix(s[:i], string(r)) && strings.HasSuffix(out[len(out)-1], string(r)) {
				if last := out[len(out)-1]; r < 0x80 && len(last) < 3 && isPunct(last) {
					out[len(out)-1] = s[i-len(last) : i+1]
				}
				continue
			}
			out = append(out, s[i:i+utf8.RuneLen(r)])
		}
	}
	flush(len(s))
	return out
}

func asciiAlnum(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

// emoticon returns the length of an ASCII smiley at the start of s, or 0.
func emoticon(s string) int {
	if len(s) < 2 || s[0] != ':' && s[0] != ';' && s[0] != '=' {
		return 0
	}
	i := 1
	if s[i] == '-' || s[i] == '\'' {
		i++
	}
	if i < len(s) && strings.IndexByte(")(DPpoO|/\\]3[", s[i]) >= 0 {
		if s[i] == '/' && i+1 < len(s) && s[i+1] == '/' { // "http://"
			return 0
		}
		if asciiAlnum(s[i]) && i+1 < len(s) && asciiAlnum(s[i+1]) { // ":Open"
			return 0
		}
		return i + 1
	}
	return 0
}

func wordRune(r rune) bool {
	if r < 0x80 {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '\'' || r == '_'
	}
	return r == '’' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r) && r != 0xFE0F
}

// NoSpaces tells whether the script of r is written without spaces between
// words (Han, kana, Thai, Lao ...).
func NoSpaces(r rune) bool {
	return r >= 0x2E80 && r < 0xAC00 || r >= 0xF900 && r < 0xFB00 || r >= 0xE00 && r < 0xE80 || r >= 0x20000 && r < 0x30000
}

func hangul(r rune) bool { return r >= 0xAC00 && r < 0xD7B0 }

// isBare tells whether a word is one character of a script without spaces.
func isBare(w string) bool {
	r, n := utf8.DecodeRuneInString(w)
	return n == len(w) && NoSpaces(r)
}

func isPunct(w string) bool {
	r, _ := utf8.DecodeRuneInString(w)
	return !wordRune(r)
}

// appendFolded appends w in lower case with runs of three or more of the same
// letter cut to two, and typographic apostrophes straightened.
func appendFolded(dst []byte, w string) []byte {
	var last rune
	run := 0
	for _, r := range w {
		if r == '’' {
			r = '\''
		}
		if r < 0x80 {
			if r >= 'A' && r <= 'Z' {
				r += 'a' - 'A'
			}
		} else {
			r = unicode.ToLower(r)
		}
		if r == last && (r < '0' || r > '9') {
			if run++; run > 2 {
				continue
			}
		} else {
			run = 1
		}
		last = r
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// negations are the words that turn the next ones around, in the languages
// whose word order makes a forward window useful.
var negations = map[string]bool{
	"not": true, "no": true, "never": true, "cannot": true, "without": true, "nor": true, "dont": true, "doesnt": true, "cant": true, "wont": true, "isnt": true, "didnt": true, "hardly": true,
	"nicht": true, "kein": true, "keine": true, "keinen": true, "nie": true, "ohne": true, "niemals": true,
	"pas": true, "jamais": true, "sans": true, "aucun": true, "aucune": true, "ne": true,
	"nunca": true, "sin": true, "ningún": true, "ninguna": true, "tampoco": true,
	"não": true, "nao": true, "sem": true, "nenhum": true, "nenhuma": true,
	"non": true, "senza": true, "mai": true, "nessun": true, "nessuna": true,
	"niet": true, "geen": true, "nooit": true, "zonder": true,
	"не": true, "нет": true, "без": true, "ни": true, "никогда": true, "bez": true, "nigdy": true, "żaden": true,
	"nahi": true, "nahin": true, "नहीं": true, "لا": true, "لم": true, "ليس": true, "لن": true,
}
