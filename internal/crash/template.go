package crash

import (
	"regexp"
	"strings"
)

// volatile is what changes from one time to the next and tells nothing of
// which fault it is. The order matters: long forms before their parts.
var volatile = []struct {
	re *regexp.Regexp
	as string
}{
	{regexp.MustCompile(`(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`), "<uuid>"},
	{regexp.MustCompile(`\[(?:email|phone|ip|card|iban|name|secret|masked)\]`), "<masked>"},
	{regexp.MustCompile(`(?i)\b[a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}\b`), "<masked>"},
	{regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://[^\s"'<>)\]]+`), "<url>"},
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?`), "<time>"},
	{regexp.MustCompile(`\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b`), "<time>"},
	{regexp.MustCompile(`\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b`), "<ip>"},
	{regexp.MustCompile(`(?i)\b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{0,4}\b`), "<ip>"},
	{regexp.MustCompile(`(?i)\b0x[0-9a-f]+\b`), "<hex>"},
	{hashes32, "<hex>"},
	{regexp.MustCompile(`[-+]?\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?`), "<n>"},
}

// hashes32 are long runs of hexadecimal digits, at least one of them a digit.
var hashes32 = regexp.MustCompile(`(?i)\b(?:[0-9a-f]*\d[0-9a-f]*[a-f][0-9a-f]*|[0-9a-f]*[a-f][0-9a-f]*\d[0-9a-f]*)\b`)

// maxTemplate is what of a message counts.
const maxTemplate = 2000

// template is a message without what changes in it.
func template(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.IndexByte(s, '\n'); i > 0 && i > 20 {
		s = s[:i] // what follows is the message of another, or a stack
	}
	if len(s) > maxTemplate {
		s = s[:maxTemplate]
	}
	for _, v := range volatile {
		if v.re == hashes32 {
			s = v.re.ReplaceAllStringFunc(s, func(h string) string {
				if len(h) < 8 {
					return h
				}
				return v.as
			})
			continue
		}
		s = v.re.ReplaceAllLiteralString(s, v.as)
	}
	return strings.Join(strings.Fields(s), " ")
}

var (
	versioned = regexp.MustCompile(`@v?\d+(?:\.\d+)+[\w.+-]*`)
	numbers   = regexp.MustCompile(`\d+`)
	fileHash  = regexp.MustCompile(`(?i)[.-][a-z0-9_-]*\d[a-z0-9_-]*(\.(?:m?js|css|wasm|jar|dll|so)\b)`)
)

// strip takes ids, addresses, hashes and numbers out of the name of a module
// or function.
func strip(s string) string {
	if s == "" || strings.IndexFunc(s, func(r rune) bool { return r >= '0' && r <= '9' }) < 0 {
		return s
	}
	s = versioned.ReplaceAllLiteralString(s, "")
	s = fileHash.ReplaceAllString(s, ".<hash>$1")
	s = volatile[0].re.ReplaceAllLiteralString(s, "<uuid>")
	s = hashes32.ReplaceAllStringFunc(s, func(h string) string {
		if len(h) < 6 {
			return h
		}
		return "<hex>"
	})
	return numbers.ReplaceAllLiteralString(s, "<n>")
}

// kindOf is the class of what went wrong: of the outermost exception.
func kindOf(e *Event) string {
	if n := len(e.Body.Exceptions); n > 0 {
		return e.Body.Exceptions[n-1].Type
	}
	return "message"
}

// messageOf is what it says.
func messageOf(e *Event) string {
	if n := len(e.Body.Exceptions); n > 0 {
		return e.Body.Exceptions[n-1].Value
	}
	return e.Body.Message
}
