package dup

import (
	"fmt"
	"math"
	"strings"
)

// Calibration of Score to the share of candidates of that score that people
// called the same, on bug reports of which every second one has a duplicate;
// rounded.
const (
	evenScore  = 0.82 // where half of the candidates are right
	scoreScale = 0.22
	errorDoubt = 0.3 // doubt left by an equal fingerprint alone
	equalDoubt = 0.2 // left by equal words
	fewNats    = 1.0 // shared information that earns half of the confidence

	// Cosines at which half of the pairs mean the same. Of unrelated English
	// sentences one in a hundred reaches 0.62; subword vectors of texts that
	// share their subject lie higher.
	evenSentence = 0.70
	evenStatic   = 0.80
	cosineScale  = 0.06
	meaningTrust = 0.6 // how much of what words leave in doubt meaning may settle
)

// confidence is the calibrated belief that both tell the same. Sharing one
// word that many use is little evidence, however short the text.
func confidence(f *features) float64 {
	c := 1 / (1 + math.Exp((evenScore-f.score)/scoreScale))
	if !f.foreign {
		c *= f.info / (f.info + fewNats)
	}
	if m := f.meaning(); !f.foreign && m > 0 {
		c = 1 - (1-c)*(1-meaningTrust*m)
	}
	if f.equal {
		c = 1 - (1-c)*equalDoubt
	}
	if f.same {
		c = 1 - (1-c)*errorDoubt
	}
	return c
}

// meaning is the belief by vectors alone; 0 without any.
func (f *features) meaning() float64 {
	switch {
	case f.hasSent:
		return 1 / (1 + math.Exp((evenSentence-f.sentence)/cosineScale))
	case f.hasStat:
		return 1 / (1 + math.Exp((evenStatic-f.static)/cosineScale))
	}
	return 0
}

// reason says in one sentence what the two share and how strong that is.
func (s *search) reason(f *features, a *analysis, c float64) string {
	var parts []string
	if f.same {
		parts = append(parts, "same error "+a.err.String())
	}
	if f.equal {
		parts = append(parts, "the same words")
	} else if words := s.sharedWords(f); len(words) > 0 {
		parts = append(parts, "shares "+strings.Join(words, ", "))
	}
	meaning, known := f.sentence, f.hasSent
	if !known {
		meaning, known = f.static, f.hasStat
	}
	switch {
	case !known:
	case meaning >= 0.75:
		parts = append(parts, fmt.Sprintf("means nearly the same (%.2f)", meaning))
	case meaning >= 0.55:
		parts = append(parts, fmt.Sprintf("similar meaning (%.2f)", meaning))
	}
	if f.foreign {
		parts = append(parts, "written in another language")
	}
	if len(parts) == 0 {
		parts = append(parts, "little in common")
	}
	strength := "weak match"
	switch {
	case c >= Duplicate:
		strength = "very likely the same"
	case c >= Related:
		strength = "probably related"
	case c >= 0.35:
		strength = "possibly related"
	}
	return strength + ": " + strings.Join(parts, "; ")
}

// sharedWords quotes the rarest shared words as the looked-up text wrote them.
func (s *search) sharedWords(f *features) []string {
	var words []string
	for _, k := range f.shared {
		if k == 0 || len(words) == 3 {
			break
		}
		words = append(words, "“"+shorten(strings.ToValidUTF8(s.query[k-1].surf, ""), 40)+"”")
	}
	return words
}
