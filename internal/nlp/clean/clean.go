// Package clean takes out of a feedback what a person did not write as prose:
// code, logs, stack traces, tables, links and the headings of report
// templates. What is left is what language, sentiment and summaries are read
// from.
package clean

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// maxBytes caps the work on one text; what follows is not read.
const maxBytes = 64 << 10

var (
	comment = regexp.MustCompile(`(?s)<!--.*?(?:-->|\z)`)
	details = regexp.MustCompile(`(?is)<(details|pre|code|style|script|table)\b[^>]*>.*?(?:</(?:details|pre|code|style|script|table)>|\z)`)
	markup  = regexp.MustCompile(`(?i)</?[a-z][a-z0-9]{0,9}(?:\s[^<>]{0,200})?/?>`)
	image   = regexp.MustCompile(`!\[[^\]\n]{0,200}\]\([^)\n]{0,500}\)`)
	link    = regexp.MustCompile(`\[([^\]\n]{1,200})\]\([^)\n]{1,500}\)`)
	url     = regexp.MustCompile(`(?i)\b(?:https?|ftp|file|wss?|vscode(?:-[a-z]+)?)://[^\s<>"')\]]+|\bwww\.[^\s<>"')\]]+`)
	mail    = regexp.MustCompile(`[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+|<email>`)
	inline  = regexp.MustCompile("`[^`\n]{1,200}`")
	path    = regexp.MustCompile(`(?:\b[A-Za-z]:\\[^\s"'<>|]+|(?:^|[\s"'(=])~?(?:/[\w.@+-]+){2,}/?|\\\\[\w.-]+\\[^\s"'<>|]+)`)
	entity  = regexp.MustCompile(`&(?:nbsp|amp|lt|gt|quot|#\d{1,6});`)
	hash    = regexp.MustCompile(`\b(?:0x[0-9a-fA-F]{4,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{7,64})\b`)
)

var emphasis = strings.NewReplacer("**", "", "__", "", "~~", "")

// Prose returns the parts of text that a person wrote as sentences, one line
// per line kept. It is "" when nothing is left, which is not the same as an
// empty text: a report may be nothing but a stack trace. At most the first
// 64 kB are read; invalid UTF-8 and control characters become spaces.
func Prose(text string) string {
	text = printable(text)
	if strings.Contains(text, "<") {
		text = comment.ReplaceAllString(text, "\n")
		text = details.ReplaceAllString(text, "\n")
		text = mail.ReplaceAllString(text, " ")
		text = markup.ReplaceAllString(text, " ")
	}
	if strings.Contains(text, "](") {
		text = image.ReplaceAllString(text, " ")
		text = link.ReplaceAllString(text, "$1")
	}
	if strings.Contains(text, "&") {
		text = entity.ReplaceAllString(text, " ")
	}
	var out strings.Builder
	var l lines
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if !l.keep(line) {
			continue
		}
		if line = tidy(line); line != "" {
			out.WriteString(line)
			out.WriteByte('\n')
		}
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// printable cuts text to maxBytes and replaces what is not text.
func printable(text string) string {
	if len(text) > maxBytes {
		text = text[:maxBytes]
		for range utf8.UTFMax - 1 { // do not leave half a rune
			if r, n := utf8.DecodeLastRuneInString(text); r != utf8.RuneError || n != 1 {
				break
			}
			text = text[:len(text)-1]
		}
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case r == '\n' || r == '\t':
			return r
		case r < 0x20 || r == 0x7F || r == utf8.RuneError || r == 0xFEFF || r == 0x200B:
			return ' '
		}
		return r
	}, text)
}

// tidy removes links, paths, hashes and list marks from a kept line.
func tidy(line string) string {
	line = strings.TrimLeft(line, ">#*-+=•· \t")
	if strings.IndexByte(line, '`') >= 0 {
		line = inline.ReplaceAllString(line, " ")
	}
	if strings.IndexByte(line, ':') >= 0 || strings.Contains(line, "www.") {
		line = url.ReplaceAllString(line, " ")
	}
	if strings.IndexByte(line, '@') >= 0 {
		line = mail.ReplaceAllString(line, " ")
	}
	if strings.ContainsAny(line, `/\`) {
		line = path.ReplaceAllString(line, " ")
	}
	if strings.ContainsAny(line, "0123456789") {
		line = hash.ReplaceAllString(line, " ")
	}
	if strings.ContainsAny(line, "*_~") {
		line = emphasis.Replace(line)
	}
	return strings.Join(strings.Fields(line), " ")
}
