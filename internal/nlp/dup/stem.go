package dup

import "unicode/utf8"

// stemEnglish cuts the common inflections of a lower-case ASCII word: plural,
// past, -ing, possessive, a few endings that only change the word class. It
// is lighter than Porter's stemmer on purpose: two words that it makes equal
// nearly always mean the same. The result is a prefix of w, or w changed in
// place.
func stemEnglish(w []byte) []byte {
	w = cutApostrophe(w)
	if len(w) < 4 {
		return w
	}
	w = cutPlural(w)
	if n := len(w); n > 5 && hasSuffix(w, "ing") && hasVowel(w[:n-3]) {
		w = undouble(w[:n-3])
	} else if n > 4 && hasSuffix(w, "ed") && w[n-3] != 'e' && hasVowel(w[:n-2]) {
		w = undouble(w[:n-2])
	}
	w = cutDerived(w)
	if n := len(w); n > 3 && w[n-1] == 'e' {
		w = w[:n-1]
	}
	if n := len(w); n > 2 && w[n-1] == 'y' && !isVowel(w[n-2]) {
		w[n-1] = 'i'
	}
	return w
}

func cutApostrophe(w []byte) []byte {
	for i, c := range w {
		if c == '\'' {
			if i+1 < len(w) && w[i+1] == 't' { // don't, can't: one word
				return append(w[:i], w[i+1:]...)
			}
			return w[:i]
		}
	}
	return w
}

func cutPlural(w []byte) []byte {
	n := len(w)
	if w[n-1] != 's' {
		return w
	}
	switch {
	case hasSuffix(w, "sses"), hasSuffix(w, "shes"), hasSuffix(w, "ches"), hasSuffix(w, "xes"), hasSuffix(w, "zes"):
		return w[:n-2]
	case hasSuffix(w, "ies") && n > 4:
		w[n-3] = 'y'
		return w[:n-2]
	case hasSuffix(w, "ss"), hasSuffix(w, "us"), hasSuffix(w, "is"):
		return w
	}
	return w[:n-1]
}

// endings that only change the class of a word, with the shortest stem that
// may lose them.
var derived = []struct {
	suffix string
	stem   int
}{
	{"ization", 3}, {"isation", 3}, {"ations", 4}, {"ation", 4}, {"ment", 4}, {"ness", 4}, {"ally", 4}, {"ly", 4}, {"ure", 4},
	{"ize", 4}, {"ise", 4}, {"able", 4}, {"ible", 4}, {"er", 4}, {"or", 4}, {"ion", 4}, {"al", 4}, {"ate", 4},
}

func cutDerived(w []byte) []byte {
	for _, d := range derived {
		if n := len(w) - len(d.suffix); n >= d.stem && hasSuffix(w, d.suffix) && hasVowel(w[:n]) {
			return undouble(w[:n])
		}
	}
	return w
}

// undouble turns "stopp" into "stop", but leaves "fall", "miss" and "buzz".
func undouble(w []byte) []byte {
	if n := len(w); n > 3 && w[n-1] == w[n-2] && !isVowel(w[n-1]) && w[n-1] != 'l' && w[n-1] != 's' && w[n-1] != 'z' {
		return w[:n-1]
	}
	return w
}

// stemOther cuts what inflects words in most alphabetic languages: a short
// tail of vowels and of the consonants that end cases and plurals. It is
// crude, and only meant to bring "factura" and "facturas", "Rechnung" and
// "Rechnungen", "ошибка" and "ошибки" together.
func stemOther(w []byte) []byte {
	n := utf8.RuneCount(w)
	for cut := 0; cut < 3 && n > 5; cut++ {
		r, size := utf8.DecodeLastRune(w)
		if !isEnding(r) {
			break
		}
		w = w[:len(w)-size]
		n--
	}
	return w
}

func isEnding(r rune) bool {
	switch r {
	case 'a', 'e', 'i', 'o', 'u', 'y', 's', 'n', 'm',
		'а', 'е', 'и', 'о', 'у', 'ы', 'э', 'ю', 'я', 'й', 'ь', 'м', 'х', 'і',
		'α', 'ε', 'η', 'ι', 'ο', 'υ', 'ω', 'ς', 'ν':
		return true
	}
	return false
}

func hasSuffix(w []byte, s string) bool {
	return len(w) >= len(s) && string(w[len(w)-len(s):]) == s
}

func isVowel(c byte) bool {
	switch c {
	case 'a', 'e', 'i', 'o', 'u', 'y':
		return true
	}
	return false
}

func hasVowel(w []byte) bool {
	for _, c := range w {
		if isVowel(c) {
			return true
		}
	}
	return false
}
