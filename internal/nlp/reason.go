package nlp

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/hypercare/hypercare/internal/nlp/lang"
	"github.com/hypercare/hypercare/internal/nlp/linear"
)

// unsure tells whether no head can be trusted: there is no text, or it is not
// English and neither a cue nor a near example speaks.
func (r *reading) unsure(out Result) bool {
	best := out.Categories[0].Confidence
	switch {
	case r.empty():
		return true
	case r.lang == "en":
		return best < 0.25
	case r.lang == "":
		return best < 0.5
	}
	return best < 0.35 || r.hits == 0 && len(r.near) == 0
}

// doubt lowers the confidences of an unsure reading.
func (r *reading) doubt(out *Result) {
	const most = 0.4
	out.Sentiment.Confidence = min(out.Sentiment.Confidence, most)
	out.Emotion.Confidence = min(out.Emotion.Confidence, most)
	out.Severity.Confidence = min(out.Severity.Confidence, most)
	for i := range out.Categories {
		out.Categories[i].Confidence = min(out.Categories[i].Confidence, most)
	}
}

// reason is one sentence for the whole reading.
func (r *reading) reason(out Result) string {
	if r.empty() {
		return "unsure: there is no text to read."
	}
	var b strings.Builder
	top := out.Categories[0]
	if out.Unsure {
		b.WriteString("unsure: ")
	}
	if top.Reason != "" {
		b.WriteString(top.Reason)
	} else {
		b.WriteString("reads most like " + strings.ReplaceAll(top.Name, "_", " "))
	}
	if out.Language.Code == lang.Unknown {
		b.WriteString("; language not clear")
	} else {
		b.WriteString("; text in " + languageName(out.Language.Code))
	}
	fmt.Fprintf(&b, "; %s because %s", out.Severity.Level, out.Severity.Reason)
	if out.Security.Yes {
		b.WriteString("; flagged for security")
	}
	if out.Spam.Yes {
		b.WriteString("; looks like spam")
	}
	b.WriteString(".")
	return b.String()
}

// quoteList writes words as a person would: "a", "b".
func quoteList(words []string) string {
	q := make([]string, len(words))
	for i, w := range words {
		q[i] = `"` + shorten(w, 40) + `"`
	}
	return strings.Join(q, ", ")
}

func pointTo(n int) string {
	if n == 1 {
		return " points to "
	}
	return " point to "
}

func be(n int) string {
	if n == 1 {
		return " is "
	}
	return " are "
}

// wordsOf keeps the evidence that is words of the text.
func wordsOf(es []linear.Evidence) []string {
	var out []string
	for _, e := range es {
		if !e.Extra {
			out = append(out, e.Text)
		}
	}
	return out
}

func stars(x float64) string {
	return strconv.FormatFloat(x, 'f', -1, 64) + " of 5"
}

// shorten cuts s to n characters.
func shorten(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return strings.TrimSpace(string(r[:n-1])) + "…"
}

var languageNames = map[string]string{
	"en": "English", "de": "German", "es": "Spanish", "fr": "French", "pt": "Portuguese", "it": "Italian", "nl": "Dutch", "pl": "Polish",
	"ru": "Russian", "ja": "Japanese", "zh": "Chinese", "ko": "Korean", "tr": "Turkish", "sv": "Swedish", "ar": "Arabic", "hi": "Hindi",
	"uk": "Ukrainian", "cs": "Czech", "da": "Danish", "nb": "Norwegian", "fi": "Finnish", "id": "Indonesian", "vi": "Vietnamese", "el": "Greek",
	"he": "Hebrew", "hu": "Hungarian", "ro": "Romanian", "bg": "Bulgarian", "ca": "Catalan", "fa": "Persian", "th": "Thai",
}

func languageName(code string) string {
	if n, ok := languageNames[code]; ok {
		return n
	}
	return "language " + code
}
