package nlp

import (
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/hypercare/hypercare/internal/nlp/linear"
	"github.com/hypercare/hypercare/internal/nlp/static"
)

const (
	summaryRunes = 240 // longest summary
	maxSentences = 40  // sentences looked at
)

// sentence is one sentence of a text with what speaks for it.
type sentence struct {
	text  string
	at    int
	score float64
	vec   []float32
}

// summary picks the one or two sentences that say most. The first pass scores
// sentences by their frequent words, cues and place; the full pass by how near
// they are to all the others in meaning, and takes a second one only when it
// adds something (Carbonell and Goldstein 1998, maximal marginal relevance).
func (r *reading) summary() string {
	var enc *static.Encoder
	if r.pass == Full {
		enc = r.m.static
	}
	return summarise(r.it.Title, r.prose, r.lang, enc)
}

// summarise does the work of summary; enc may be nil.
func summarise(title, text, lang string, enc *static.Encoder) string {
	ss := sentences(text)
	if len(ss) == 0 {
		return shorten(title, summaryRunes)
	}
	if len([]rune(text)) <= summaryRunes/2 && len(ss) <= 2 {
		return shorten(text, summaryRunes)
	}
	scoreSentences(ss, title, lang)
	if enc != nil {
		addMeaning(ss, title, lang, enc)
	}
	best := pick(ss, -1)
	out := shorten(ss[best].text, summaryRunes)
	if second := pick(ss, best); second >= 0 {
		a, b := min(best, second), max(best, second)
		two := strings.TrimSpace(ss[a].text) + " " + strings.TrimSpace(ss[b].text)
		if len([]rune(two)) <= summaryRunes && ss[second].score > 0.6*ss[best].score {
			out = two
		}
	}
	return out
}

// pick returns the best sentence, or the best that adds to taken.
func pick(ss []sentence, taken int) int {
	best, top := -1, math.Inf(-1)
	for i, s := range ss {
		if i == taken {
			continue
		}
		v := s.score
		if taken >= 0 && s.vec != nil && ss[taken].vec != nil {
			v -= 0.8 * math.Max(0, cosine(s.vec, ss[taken].vec))
		}
		if v > top {
			best, top = i, v
		}
	}
	return best
}

// scoreSentences gives every sentence a score of about 0 to 2.
func scoreSentences(ss []sentence, title, lang string) {
	stop := stopset(lang)
	freq := map[string]float64{}
	words := make([][]string, len(ss))
	for i, s := range ss {
		for _, w := range linear.SplitWords(s.text) {
			if f := linear.Fold(w); keyWord(w, stop) {
				words[i] = append(words[i], f)
				freq[f]++
			}
		}
	}
	inTitle := map[string]bool{}
	for _, w := range linear.SplitWords(title) {
		inTitle[linear.Fold(w)] = true
	}
	for i := range ss {
		var sum, shared float64
		for _, w := range words[i] {
			sum += math.Log1p(freq[w])
			if inTitle[w] {
				shared++
			}
		}
		n := float64(len(words[i]))
		if n > 0 {
			ss[i].score = sum/math.Sqrt(n+2)*0.4 + 0.3*math.Min(1, shared/2)
		}
		ss[i].score += 0.35 / (1 + 0.5*float64(i)) // people say it first
		switch runes := len([]rune(ss[i].text)); {
		case n < 2:
			ss[i].score -= 0.8
		case runes > summaryRunes:
			ss[i].score -= 0.4
		}
		if courtesy(ss[i].text) {
			ss[i].score -= 0.7
		}
	}
}

// courtesies open sentences that say nothing about the matter.
var courtesies = []string{"hi ", "hi,", "hello", "dear ", "thanks", "thank you", "best regards", "kind regards", "regards", "cheers", "good morning", "greetings", "sent from", "hallo", "guten tag", "liebe ", "vielen dank", "danke", "mit freundlichen", "bonjour", "merci", "cordialement", "hola", "gracias", "saludos", "olá", "obrigad", "ciao", "grazie", "buongiorno", "cordiali", "здравствуйте", "привет", "спасибо", "с уважением", "こんにちは", "お世話", "よろしく", "你好", "您好", "谢谢", "please help", "any help"}

func courtesy(s string) bool {
	low := strings.ToLower(strings.TrimSpace(s))
	if len([]rune(low)) > 80 {
		return false
	}
	for _, c := range courtesies {
		if strings.HasPrefix(low, c) {
			return true
		}
	}
	return false
}

// addMeaning adds how near each sentence is to the middle of all of them.
func addMeaning(ss []sentence, title, lang string, enc *static.Encoder) {
	centre := make([]float32, static.Dim)
	add := func(v []float32, w float32) {
		for j, x := range v {
			centre[j] += w * x
		}
	}
	for i := range ss {
		ss[i].vec = enc.Encode(ss[i].text, lang)
		add(ss[i].vec, 1)
	}
	if title != "" {
		add(enc.Encode(title, lang), 2)
	}
	for i := range ss {
		if ss[i].vec != nil {
			ss[i].score += 0.9 * cosine(ss[i].vec, centre)
		}
	}
}

func cosine(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range a {
		ab += float64(a[i]) * float64(b[i])
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}

// sentences splits prose at full stops, question and exclamation marks
// followed by a space, at their full-width forms, and at line ends.
func sentences(text string) []sentence {
	var out []sentence
	start := 0
	flush := func(end int) {
		s := strings.Join(strings.Fields(text[start:end]), " ")
		if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) }) && len(out) < maxSentences {
			out = append(out, sentence{text: s, at: start})
		}
		start = end
	}
	rs := []rune(text)
	off := 0
	for i, r := range rs {
		off += len(string(r))
		switch r {
		case '\n', '。', '！', '？', '｡':
			flush(off)
		case '.', '!', '?', '…':
			if i+1 == len(rs) || unicode.IsSpace(rs[i+1]) && !abbreviation(rs[:i]) {
				flush(off)
			}
		}
	}
	flush(len(text))
	return slices.Clip(out)
}

// abbreviation tells whether the word before a full stop is a short one that
// does not end a sentence, such as "e.g" or a single letter or number.
func abbreviation(before []rune) bool {
	i := len(before)
	for i > 0 && !unicode.IsSpace(before[i-1]) {
		i--
	}
	w := strings.ToLower(string(before[i:]))
	switch w {
	case "e.g", "i.e", "z.b", "etc", "vs", "nr", "no", "dr", "mr", "mrs", "ca", "approx", "bzw", "p.ex", "ex", "ver", "v", "т.е", "т.д":
		return true
	}
	if len(w) == 0 {
		return true
	}
	for _, r := range w {
		if !unicode.IsDigit(r) {
			return false
		}
	}
	return len(w) <= 2 // "1. open the page"
}
