package signal

import (
	"strings"

	"github.com/hypercare/hypercare/internal/nlp/clean"
)

// Prose is what a person wrote of a text, without code, logs and templates;
// the text itself when nothing else is left of it.
func Prose(text string) string {
	if p := clean.Prose(text); strings.TrimSpace(p) != "" {
		return p
	}
	return text
}

// Sentence is what the sentence encoder reads of a text: the title and the
// beginning of the prose.
func Sentence(title, prose string) string {
	const most = 1200 // bytes; the encoder reads about a hundred words
	if len(prose) > most {
		prose = strings.ToValidUTF8(prose[:most], "")
	}
	if t := strings.TrimSpace(title); t != "" {
		return t + ". " + prose
	}
	return prose
}
