package lang

import (
	"slices"
	"strings"
	"unicode"
)

// counts are the letters of a text by script; letters of scripts that write a
// syllable or a word per sign weigh more.
type counts struct {
	latin, cyrillic, arabic, han, kana, hangul float64
	thai, hebrew, greek, devanagari, other     float64
	marks                                      map[rune]int // telling letters
}

func countScripts(s string) counts {
	c := counts{marks: map[rune]int{}}
	for _, r := range s {
		switch {
		case r < 0x41:
		case r < 0x250 || r >= 0x1E00 && r < 0x1F00:
			if unicode.IsLetter(r) {
				c.latin++
				switch {
				case r >= 0x1EA0 && r < 0x1EFA: // Vietnamese letters with two marks
					c.marks['ư']++
				case r >= 0x80:
					c.marks[unicode.ToLower(r)]++
				}
			}
		case r >= 0x370 && r < 0x400 || r >= 0x1F00 && r < 0x2000:
			c.greek++
		case r >= 0x400 && r < 0x530:
			c.cyrillic++
			c.marks[unicode.ToLower(r)]++
		case r >= 0x590 && r < 0x600:
			c.hebrew++
		case unicode.Is(unicode.Arabic, r):
			c.arabic++
			c.marks[r]++
		case unicode.Is(unicode.Devanagari, r):
			c.devanagari++
		case unicode.Is(unicode.Thai, r):
			c.thai++
		case unicode.Is(unicode.Hiragana, r) || unicode.Is(unicode.Katakana, r):
			c.kana += 2
		case unicode.Is(unicode.Hangul, r):
			c.hangul += 2
		case unicode.Is(unicode.Han, r):
			c.han += 2.5
		case unicode.IsLetter(r):
			c.other++
		}
	}
	return c
}

func (c *counts) letters() float64 {
	return c.latin + c.cyrillic + c.arabic + c.han + c.kana + c.hangul + c.thai + c.hebrew + c.greek + c.devanagari + c.other
}

// decisive returns a language that its script alone proves, with its letters.
// A quarter of the letters is enough: foreign terms in such texts are Latin.
func (c *counts) decisive(allowed []string) (string, float64) {
	all := c.letters()
	try := func(code string, n float64) bool {
		return n > 0 && n*4 >= all && slices.Contains(allowed, code)
	}
	east := c.han + c.kana
	switch {
	case c.kana*10 >= east && try("ja", east):
		return "ja", east
	case try("zh", east):
		return "zh", east
	case try("ja", east):
		return "ja", east
	case try("ko", c.hangul):
		return "ko", c.hangul
	case try("th", c.thai):
		return "th", c.thai
	case try("he", c.hebrew) && !slices.Contains(allowed, "yi"):
		return "he", c.hebrew
	case try("el", c.greek):
		return "el", c.greek
	}
	return "", 0
}

// group returns the script that most letters are in, other than Latin when it
// has at least a quarter of them.
func (c *counts) group() string {
	all := c.letters()
	best, n := "latin", 0.0
	for _, s := range []struct {
		name string
		n    float64
	}{{"cyrillic", c.cyrillic}, {"arabic", c.arabic}, {"devanagari", c.devanagari}, {"other", c.other}} {
		if s.n > n && s.n*4 >= all {
			best, n = s.name, s.n
		}
	}
	return best
}

// writtenIn says whether a language of the table uses a script.
func writtenIn(code, script string) bool {
	switch code {
	case "ru", "uk", "bg", "be", "sr":
		return script == "cyrillic"
	case "ar", "fa", "ur", "ku":
		return script == "arabic"
	case "hi", "mr":
		return script == "devanagari"
	case "zh", "ja", "ko", "th", "he", "el", "am", "bn", "gu", "hy", "ka", "kn", "lo", "ml", "or", "pa", "ta", "te":
		return script == "other"
	}
	return script == "latin"
}

// telling letters: they occur in these languages and hardly in others.
var telling = map[rune]string{
	'ß': "de", 'ő': "hu", 'ű': "hu", 'ř': "cs", 'ě': "cs", 'ů': "cs", 'ł': "pl", 'ą': "pl lt", 'ę': "pl lt", 'ś': "pl",
	'ź': "pl", 'ż': "pl", 'ń': "pl", 'ğ': "tr az", 'ı': "tr az", 'ş': "tr az", 'ñ': "es gl eu tl", '¿': "es", '¡': "es",
	'ã': "pt vi", 'õ': "pt vi et", 'ț': "ro", 'ș': "ro", 'ă': "ro vi", 'đ': "vi hr sr", 'ơ': "vi", 'ư': "vi", 'œ': "fr",
	'ø': "nb da", 'æ': "nb da is", 'å': "nb da sv fi", 'і': "uk be", 'ї': "uk", 'є': "uk", 'ґ': "uk", 'ы': "ru be",
	'э': "ru be", 'ё': "ru be", 'پ': "fa ur ku", 'چ': "fa ur ku", 'ژ': "fa ur ku", 'گ': "fa ur ku", 'ی': "fa ur ku", 'ک': "fa ur ku",
	'ة': "ar", 'ى': "ar", 'ي': "ar", 'ك': "ar", 'إ': "ar", 'أ': "ar",
}

// bonus raises a language's score v for letters that tell it, and lowers it
// for letters that tell others, by at most a third.
func (c *counts) bonus(code string, v int) int {
	n := 0
	for r, k := range c.marks {
		langs, ok := telling[r]
		switch {
		case !ok:
		case hasWord(langs, code):
			n += k
		default:
			n -= k
		}
	}
	n = max(-4, min(4, n))
	return v * n / 12
}

func hasWord(list, word string) bool {
	for w := range strings.FieldsSeq(list) {
		if w == word {
			return true
		}
	}
	return false
}
