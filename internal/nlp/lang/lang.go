// Package lang tells the natural language of a feedback: by script where a
// script is enough, else by the n-gram tables of Nito-ELD, restricted to the
// languages that are asked for. Codes are ISO 639-1; Norwegian is "nb" and
// Indonesian stands for Malay too.
package lang

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/hypercare/hypercare/internal/nlp/assets"
	"github.com/hypercare/hypercare/internal/nlp/clean"
)

// Unknown is the code of a text that gives nothing to go on.
const Unknown = "unknown"

// Default returns the languages told apart when none are asked for.
func Default() []string {
	return strings.Fields("ar bg ca cs da de el en es fa fi fr he hi hu id it ja ko nb nl pl pt ro ru sv th tr uk vi zh")
}

// Code returns the code this package uses for a language tag such as "pt-BR",
// "zh_Hans" or "no"; Norwegian of any kind is "nb" and Malay is "id".
func Code(tag string) string {
	tag = strings.ToLower(tag)
	if i := strings.IndexAny(tag, "-_"); i >= 0 {
		tag = tag[:i]
	}
	switch tag {
	case "no", "nn":
		return "nb"
	case "ms", "in":
		return "id"
	case "iw":
		return "he"
	}
	return tag
}

// Options narrow the answer.
type Options struct {
	// Languages are the possible answers as Code gives them; nil means Default.
	Languages []string
	// Hint is the language the person is known to use, any tag that Code
	// takes; it decides texts that are too short or ambiguous. "" means not
	// known.
	Hint string
}

// detector is the n-gram table and which code each of its languages counts as.
type detector struct {
	table *table
	codes []string
}

var shared = sync.OnceValues(func() (*detector, error) { return newDetector(assets.ELD()) })

func newDetector(b []byte) (*detector, error) {
	t, err := readTable(b)
	if err != nil {
		return nil, fmt.Errorf("load language table: %w", err)
	}
	d := &detector{table: t}
	for _, c := range t.codes {
		// The table does not tell Norway's two written forms apart and has
		// no Indonesian, which its Malay is close to.
		d.codes = append(d.codes, Code(c))
	}
	return d, nil
}

// Load reads the embedded table now rather than at the first Detect.
func Load() error {
	_, err := shared()
	return err
}

// Detect returns the language of text, how sure that is in [0, 1], and in a
// few words why. Code, logs and template headings in text are not counted.
func Detect(text string, o Options) (code string, confidence float64, reason string) {
	d, err := shared()
	if err != nil { // the asset is part of the program: tests rule this out
		return Unknown, 0, err.Error()
	}
	if o.Languages == nil {
		o.Languages = Default()
	}
	o.Hint = Code(o.Hint)
	prose := clean.Prose(text)
	code, confidence, reason = d.detect(prose, o)
	if code == Unknown && prose != text {
		code, confidence, reason = d.detect(strings.ToValidUTF8(text[:min(len(text), 4096)], " "), o)
		confidence *= 0.6 // all of it is machine text
	}
	if code == Unknown && o.Hint != "" && slices.Contains(o.Languages, o.Hint) {
		return o.Hint, 0.3, "nothing to read: the person's language"
	}
	return code, confidence, reason
}
