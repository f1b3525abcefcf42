package mask

import (
	"math"
	"strings"
	"unicode/utf8"
)

// How a value is bound to the word before it.
const (
	byNothing = iota // password hunter2
	byVerb           // password is hunter2
	bySign           // password: hunter2
)

// verbs bind a value to a word.
var verbs = []string{"is", "was", "ist", "war", "lautet", "lautete", "est", "était", "es", "era", "é", "è", "foi", "fue", "jest", "er", "är", "to", "это", "是", "は", "为"}

// links may stand between a word and its verb: the password for the portal is.
var links = []string{"for", "of", "i", "we", "used", "für", "fürs", "von", "vom", "pour", "para", "de", "del", "du", "do", "da", "voor", "van", "zum", "beim", "the", "my", "our"}

// fillers may stand between a verb and the value.
var fillers = []string{"now", "still", "just", "only", "currently", "jetzt", "noch", "maintenant", "ahora", "agora", "nu", "set to"}

// notSecret are words that stand where a password would, and are none.
var notSecret = []string{
	"required", "invalid", "wrong", "missing", "incorrect", "expired", "reset", "none", "null", "true", "false", "yes", "no", "ok", "okay", "field", "unknown", "hidden", "forgotten", "empty", "correct", "changed",
	"accepted", "rejected", "redacted", "masked", "removed", "string", "text", "undefined", "falsch", "richtig", "leer", "vergessen", "abgelaufen", "incorrecto", "incorrecta", "incorrect", "invalide", "vazio", "fout", "verlopen",
	"sha256", "sha512", "sha1", "md5", "oauth2", "base64", "argon2id", "argon2", "pbkdf2", "bcrypt2", "utf8", "http2", "x509", "rs256", "hs256", "es256", "office365", "windows10", "windows11", "1password", "keepassxc2",
}

// assigned looks for the value behind a word that ends at end, and returns
// where to go on. signOnly asks for a colon or an equals sign.
func (f *finder) assigned(end, say int, signOnly bool) int {
	text := f.text
	j := end
	for j < len(text) && j-end < 2 && strings.IndexByte("\"'`]", text[j]) >= 0 { // {"password": "..."}
		j++
	}
	start, by := f.binding(j)
	if by == byNothing && (start == j && !cjk(text[start:]) && !cjkBefore(text, end) || end > 0 && slashBefore(text, end)) {
		return end // pwd/x, /etc/passwd x
	}
	if by == byNothing && (signOnly || j > end || say == saysToken || say == saysKey) || signOnly && by == byVerb {
		return end
	}
	start, stop, quoted := valueAt(text, start, by)
	if stop <= start || placeholderAt(text, start) > 0 {
		return end
	}
	value := text[start:stop]
	ok := false
	kind := Password
	switch say {
	case saysPin, saysCode:
		ok = len(value) >= 3 && len(value) <= 8 && digits(value)
		if say == saysCode {
			ok = ok && len(value) >= 4
		}
	case saysToken, saysKey:
		kind = Token
		ok = random(value, say)
	default:
		ok = passwordLike(value, by, quoted, f.restOfLine(stop)) && (!signOnly || strings.ContainsAny(value, "0123456789"))
	}
	if !ok {
		return end
	}
	for !quoted && len(value) >= maxValue && stop < len(text) && text[stop] > ' ' { // to its end
		stop++
	}
	f.add(start, stop, kind)
	return stop
}

// slashBefore tells whether the word that ends at end is the last of a path.
func slashBefore(text string, end int) bool {
	i := end
	for i > 0 && (alnum(text[i-1]) || text[i-1] == '_') {
		i--
	}
	return i > 0 && text[i-1] == '/'
}

// restOfLine tells whether nothing but marks follows on the line.
func (f *finder) restOfLine(i int) bool {
	for ; i < len(f.text); i++ {
		switch c := f.text[i]; {
		case c == '\n' || c == '\r' || c == '&':
			return true
		case alnum(c) || c >= 0x80:
			return false
		}
	}
	return true
}

func skipSpaces(text string, i int) int {
	from := i
	for i < len(text) && i-from < 4 {
		switch {
		case text[i] == ' ' || text[i] == '\t':
			i++
		case strings.HasPrefix(text[i:], "\u00a0"):
			i += 2
		default:
			return i
		}
	}
	return i
}

// binding finds what binds a value to the word that ended at i, and where the
// value begins.
func (f *finder) binding(i int) (start, by int) {
	text := f.text
	i = skipSpaces(text, i)
	first := i
	for n := range 6 {
		if j, ok := sign(text, i); ok {
			if n > 0 {
				return first, byNothing
			}
			return skipSpaces(text, j), bySign
		}
		word, next := nextWord(text, i)
		if word == "" {
			return first, byNothing
		}
		if oneOf(verbs, word) {
			next = skipSpaces(text, next)
			if j, ok := sign(text, next); ok {
				next = skipSpaces(text, j)
			}
			if filler, after := nextWord(text, next); filler != "" && oneOf(fillers, filler) {
				next = skipSpaces(text, after)
				if j, ok := sign(text, next); ok {
					next = skipSpaces(text, j)
				}
			}
			return next, byVerb
		}
		if n == 0 && !oneOf(links, word) {
			return first, byNothing
		}
		i = skipSpaces(text, next)
	}
	return first, byNothing
}

func sign(text string, i int) (int, bool) {
	if i >= len(text) {
		return i, false
	}
	switch {
	case strings.HasPrefix(text[i:], "::"): // a name of C++
		return i, false
	case text[i] == ':' || text[i] == '=':
		for i++; i < len(text) && (text[i] == '=' || text[i] == '>'); i++ { // := == =>
		}
		return i, true
	case strings.HasPrefix(text[i:], "：") || strings.HasPrefix(text[i:], "＝"):
		return i + 3, true
	}
	return i, false
}

// nextWord is the word at i with where it ends; "" when there is none of up to
// 20 bytes.
func nextWord(text string, i int) (string, int) {
	end := i
	for end < len(text) && end-i <= 20 && (letter(text[end]) || text[end] >= 0x80) {
		if text[end] >= 0x80 {
			r, n := utf8.DecodeRuneInString(text[end:])
			if r >= 0x2E80 { // a word of one character: 是
				if end == i {
					end += n
				}
				break
			}
			if r == '\u00a0' || r >= 0x2000 {
				break
			}
			end += n
			continue
		}
		end++
	}
	if end-i > 20 {
		return "", i
	}
	return text[i:end], end
}

func oneOf(list []string, word string) bool {
	for _, w := range list {
		if len(w) == len(word) && strings.EqualFold(w, word) {
			return true
		}
	}
	return false
}

// quotes are pairs that values stand in.
var quotes = [][2]string{{`"`, `"`}, {"'", "'"}, {"`", "`"}, {"“", "”"}, {"„", "“"}, {"«", "»"}, {"‘", "’"}, {"\\\"", "\\\""}, {"「", "」"}}

// maxValue is how much of a value is looked at.
const maxValue = 256

// valueAt cuts out the value that begins at start.
func valueAt(text string, start, by int) (from, to int, quoted bool) {
	for _, q := range quotes {
		if !strings.HasPrefix(text[start:], q[0]) {
			continue
		}
		from = start + len(q[0])
		for strings.HasPrefix(text[from:], " ") {
			from++
		}
		if n := strings.Index(text[from:min(len(text), from+128)], q[1]); n >= 0 && strings.IndexByte(text[from:from+n], '\n') < 0 {
			return from, from + n, true
		}
		start = from
		break
	}
	end := start
	for end < len(text) && end-start < maxValue && text[end] > ' ' {
		c := text[end]
		if strings.IndexByte("\"'<>;`\\", c) >= 0 || c == '&' && by == bySign {
			break
		}
		if strings.IndexByte(",)]}.?!:", c) >= 0 && (end+1 == len(text) || text[end+1] <= ' ' || strings.IndexByte("\"',)]}", text[end+1]) >= 0) && c != '!' {
			break
		}
		if c >= 0x80 {
			if r, n := utf8.DecodeRuneInString(text[end:]); r >= 0x2000 && r != utf8.RuneError || r == '\u00a0' || r == '»' {
				break
			} else if n > 1 {
				end += n
				continue
			}
		}
		if end > start && placeholderAt(text, end) > 0 {
			break
		}
		end++
	}
	return start, end, false
}

func digits(s string) bool {
	for i := range len(s) {
		if !digit(s[i]) {
			return false
		}
	}
	return s != ""
}

// passwordLike judges a value behind the word password: those that people
// choose have a digit or a mark, or the line ends with them.
func passwordLike(v string, by int, quoted, last bool) bool {
	if len(v) < 4 || len(v) > 128 || strings.IndexByte("*<[{$%/.-#|(", v[0]) >= 0 && !quoted || strings.IndexByte(")]},&;", v[0]) >= 0 || !quoted && (strings.Contains(v, "://") || strings.Contains(v, "()")) || strings.HasPrefix(v, "http") || oneOf(notSecret, strings.Trim(v, ".!?,:")) || strings.Trim(v, "*•x.-_?") == "" {
		return false
	}
	var digits, letters, marks, turns, spaces int
	for i := range len(v) {
		switch c := v[i]; {
		case digit(c):
			digits++
		case letter(c) || c >= 0x80:
			letters++
			if i > 0 && upper(c) && lower(v[i-1]) {
				turns++
			}
		case strings.IndexByte("!@#$%^&*+=_~?", c) >= 0 && i < len(v)-1 || c == '!' && digits+letters > 4 && digits > 0:
			marks++
		case c == ' ':
			spaces++
		}
	}
	switch {
	case spaces > 0:
		return quoted && digits > 0 && len(v) <= 40 && spaces <= 4
	case quoted && by != byNothing:
		return digits > 0 || marks > 0 || letters == len(v)
	case digits > 0 && letters == 0 && marks == 0: // 123456, but no 3.0.4, no 12/05/2026
		return digits == len(v) && by != byNothing
	case by == byNothing:
		return digits > 0 && letters >= 3 && len(v) >= 7 && !versionLike(v) && !digit(v[0])
	case digits > 0 && letters > 0:
		return !versionLike(v) && !strings.Contains(v, "://")
	case marks > 0:
		return len(v) >= 6
	case turns > 0:
		return len(v) >= 8
	}
	return letters == len(v) && (by == bySign && last || len(v) >= 18 && last)
}

// versionLike knows v2, 3.0.4-rc1, 12-character.
func versionLike(v string) bool {
	if v[0] == 'v' && len(v) > 1 && digit(v[1]) && strings.Trim(v[1:], "0123456789.") == "" {
		return true
	}
	if !digit(v[0]) {
		return false
	}
	rest := strings.TrimLeft(v, "0123456789")
	return rest != "" && (rest[0] == '.' || rest[0] == '-' || rest[0] == '/' || rest[0] == ':' || len(rest) <= 2 || strings.Contains(rest, ".") && letters(strings.ReplaceAll(rest, ".", "")))
}

// random judges a value behind words such as token: many different characters,
// of more than one class (Shannon entropy of 3 bits a character and more).
func random(v string, say int) bool {
	if len(v) < 8 || len(v) > 512 || strings.HasPrefix(v, "http") || strings.IndexByte("*<[{$%/.(", v[0]) >= 0 || strings.ContainsAny(v, " ") || oneOf(notSecret, v) {
		return false
	}
	var n [256]int
	var digits, letters, other int
	for i := range len(v) {
		c := v[i]
		n[c]++
		switch {
		case digit(c):
			digits++
		case letter(c):
			letters++
		case strings.IndexByte("-_.+/=~!@#$%^&*:", c) < 0:
			other++
		}
	}
	if digits < 2 || letters < 2 || other > 0 || versionLike(v) {
		return false
	}
	bits := 0.0
	for _, k := range n {
		if k > 0 {
			p := float64(k) / float64(len(v))
			bits -= p * math.Log2(p)
		}
	}
	least := 2.5
	if say == saysKey {
		least = 2.8
	}
	return bits >= least && (say != saysKey || len(v) >= 12)
}
