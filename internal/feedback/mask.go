package feedback

import (
	"strings"

	"github.com/hypercare/hypercare/internal/nlp"
)

// Covered is what stands in lists where personal data was.
const Covered = "•••"

// listedRunes is how much of a text is read for a list: more than is shown,
// so that an address that goes over the end of the snippet is still known as
// one.
const listedRunes = 400

// Mask covers personal data in a short text, such as a title.
func Mask(text string) string { return cover(text, nlp.Personal(text), len(text)) }

// cover returns text up to a byte with the spans covered; what begins before
// that byte and ends behind it is covered as a whole. The rest is an ellipsis.
func cover(text string, spans []nlp.Span, upTo int) string {
	if len(spans) == 0 && upTo == len(text) {
		return text
	}
	var b strings.Builder
	at := 0
	for _, s := range spans {
		if s.Start >= upTo || s.Start < at || s.End > len(text) {
			continue
		}
		b.WriteString(text[at:s.Start])
		b.WriteString(Covered)
		at = s.End
	}
	if at < upTo {
		b.WriteString(text[at:upTo])
	}
	if max(at, upTo) < len(text) {
		b.WriteString("…")
	}
	return b.String()
}

// Cover makes of a title and a text, or its beginning, what a list shows.
func Cover(title, text string) (coveredTitle, snippet string) {
	f := Feedback{Title: title}
	f.cover(text)
	return f.Title, f.Snippet
}

// Listed is what a list shows of a whole feedback.
func (f *Feedback) Listed() *Feedback {
	row := *f
	row.cover(f.Text)
	row.Text, row.Attrs, row.Reading = "", nil, nil
	return &row
}

// cover makes of a feedback what may be shown to everyone who walks past a
// screen: title, snippet and summary without personal data. text is the text
// or its beginning; what is personal is found anew, which takes some 30 µs a
// row and holds for titles and for rows of any age. The whole feedback has
// the text and, if something was covered there, the title as they are.
func (f *Feedback) cover(text string) {
	n, end := 0, len(text) // end of what is shown
	for i := range text {
		switch n++; n {
		case snippetRunes + 1:
			end = i
		case listedRunes + 1:
			text = text[:i]
		}
		if n > listedRunes {
			break
		}
	}
	spans := nlp.Personal(text)
	f.Snippet = cover(text, spans, min(end, len(text)))
	f.Title = Mask(f.Title)
	// A summary is mostly a piece of the text, which was looked through.
	at := strings.Index(text, f.Summary)
	if at < 0 {
		f.Summary = maskShortened(f.Summary)
		return
	}
	to := at + len(f.Summary)
	var within []nlp.Span
	for _, s := range spans {
		if s.End > at && s.Start < to {
			within = append(within, nlp.Span{Start: max(at, s.Start) - at, End: min(to, s.End) - at})
		}
	}
	f.Summary = cover(f.Summary, within, len(f.Summary))
}

// maskShortened is Mask for a text that may have been cut off in the middle
// of an address or a number: what is left of one at the end is covered too.
func maskShortened(text string) string {
	text = Mask(text)
	body, cut := strings.CutSuffix(text, "…")
	if !cut {
		return text
	}
	if word := strings.LastIndexByte(body, ' ') + 1; strings.Contains(body[word:], "@") {
		return body[:word] + Covered + "…"
	}
	rest := body[len(strings.TrimRight(body, "+()-./ 0123456789")):]
	digits := 0
	for _, r := range rest {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	if digits < 6 {
		return text
	}
	return body[:len(body)-len(strings.TrimLeft(rest, " "))] + Covered + "…"
}
