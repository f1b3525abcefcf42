package nlp

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kinds of personal data that Personal finds.
const (
	KindEmail = "email"
	KindPhone = "phone"
	KindCard  = "card"  // payment card number with a valid checksum
	KindIBAN  = "iban"  // bank account with a valid checksum
	KindIP    = "ip"    // IPv4 or IPv6 address
	KindToken = "token" // API keys, bearer tokens, JSON web tokens, passwords in "password: ..."
	KindName  = "name"  // only after "my name is" and the like
)

// Personal finds personal data and secrets in text, as non-overlapping spans
// in order. It prefers to miss than to mark a version, an order number or a
// time as somebody's phone.
func Personal(text string) []Span {
	var out []Span
	out = append(out, findTokens(text)...)
	out = append(out, findEmails(text)...)
	out = append(out, findNumbers(text)...)
	out = append(out, findIBANs(text)...)
	out = append(out, findIPv6(text)...)
	out = append(out, findNames(text)...)
	slices.SortStableFunc(out, func(a, b Span) int {
		return cmp.Or(a.Start-b.Start, b.End-a.End)
	})
	kept := out[:0]
	end := 0
	for _, s := range out {
		if s.Start >= end {
			kept = append(kept, s)
			end = s.End
		}
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}

// Mask replaces every span by its kind in brackets: "call [phone]". Spans must
// be in order and not overlap, as Personal gives them; others are skipped.
func Mask(text string, spans []Span) string {
	var b strings.Builder
	at := 0
	for _, s := range spans {
		if s.Start < at || s.End > len(text) || s.End < s.Start {
			continue
		}
		b.WriteString(text[at:s.Start])
		b.WriteString("[" + s.Kind + "]")
		at = s.End
	}
	b.WriteString(text[at:])
	return b.String()
}

func findEmails(text string) []Span {
	var out []Span
	for from := 0; ; {
		i := strings.IndexByte(text[from:], '@')
		if i < 0 {
			return out
		}
		at := from + i
		from = at + 1
		start := at
		for start > 0 && at-start < 64 {
			r, n := utf8.DecodeLastRuneInString(text[:start])
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._%+-", r) || r == utf8.RuneError {
				break
			}
			start -= n
		}
		for start < at && strings.IndexByte(".-%+", text[start]) >= 0 {
			start++
		}
		end := at + 1
		for end < len(text) && end-at < 200 {
			r, n := utf8.DecodeRuneInString(text[end:])
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.' && r != '-' || r == utf8.RuneError {
				break
			}
			end += n
		}
		for end > at && strings.IndexByte(".-", text[end-1]) >= 0 {
			end--
		}
		host := text[at+1 : end]
		dot := strings.LastIndexByte(host, '.')
		if start == at || dot <= 0 || utf8.RuneCountInString(host[dot+1:]) < 2 || !letters(host[dot+1:]) {
			continue // "@user", "npm@10.2.0", "user@host"
		}
		out = append(out, Span{start, end, KindEmail})
		from = end
	}
}

func letters(s string) bool {
	for _, r := range s {
		if !unicode.IsLetter(r) {
			return false
		}
	}
	return s != ""
}

// findNumbers looks at every run of digits with separators and decides
// between card, phone, IPv4 address and nothing.
func findNumbers(text string) []Span {
	var out []Span
	for i := 0; i < len(text); {
		if !isDigit(text[i]) && text[i] != '+' && text[i] != '(' {
			i++
			continue
		}
		end := numberEnd(text, i)
		if end == i {
			i++
			continue
		}
		if kind, stop := numberKind(text, i, end); kind != "" {
			out = append(out, Span{i, stop, kind})
		}
		i = end
	}
	return out
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// numberEnd returns where a run of digits and the separators between them
// ends; i itself when there is no digit run.
func numberEnd(text string, i int) int {
	end, last := i, i
	for end < len(text) && end-i < 48 {
		c := text[end]
		switch {
		case isDigit(c):
			last = end + 1
		case c == '+' && end == i:
		case strings.IndexByte(" -./()", c) >= 0:
			if end-last >= 2 { // at most ") " between digits
				return last
			}
		default:
			return last
		}
		end++
	}
	return last
}

// numberKind judges the run text[i:end].
func numberKind(text string, i, end int) (string, int) {
	run := text[i:end]
	digits := onlyDigits(run)
	before, after := around(text, i, end)
	if glued(before) || glued(after) {
		return "", 0
	}
	if isIPv4(run) && !versionBefore(text[:i]) {
		return KindIP, end
	}
	if n := len(digits); n >= 13 && n <= 19 && isCard(run, digits) {
		return KindCard, end
	}
	if isPhone(text, i, run, digits) {
		return KindPhone, end
	}
	return "", 0
}

// around returns the runes next to a run, 0 at the ends.
func around(text string, i, end int) (before, after rune) {
	if i > 0 {
		before, _ = utf8.DecodeLastRuneInString(text[:i])
	}
	if end < len(text) {
		after, _ = utf8.DecodeRuneInString(text[end:])
	}
	return before, after
}

// glued tells whether a neighbour makes the run a part of something larger:
// a word, an id, a time, a price, a fraction.
func glued(r rune) bool {
	return unicode.IsLetter(r) && r < 0x2E80 || r == '_' || r == '#' || r == ':' || r == '=' || r == '$' || r == '€' || r == '£' || r == '%' || r == '@' || r == '\\' || r == '&'
}

func onlyDigits(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if isDigit(s[i]) {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func isIPv4(run string) bool {
	parts := strings.Split(run, ".")
	if len(parts) != 4 {
		return false
	}
	for _, p := range parts {
		if len(p) == 0 || len(p) > 3 || len(p) > 1 && p[0] == '0' {
			return false
		}
		n := 0
		for i := 0; i < len(p); i++ {
			if !isDigit(p[i]) {
				return false
			}
			n = n*10 + int(p[i]-'0')
		}
		if n > 255 {
			return false
		}
	}
	return parts[0] != "0"
}

// versionBefore tells whether the words before a number call it a version:
// "Chrome 119.0.0.0" is no address.
func versionBefore(before string) bool {
	before = strings.ToLower(before[max(0, len(before)-24):])
	before = strings.TrimRight(before, " :=/")
	for _, w := range []string{"version", "ver", "ver.", "v", "v.", "build", "chrome", "chromium", "edge", "edg", "safari", "opera", "release", "firmware", "driver", "sdk", "kernel", "opr", "版本", "версия", "версии", "バージョン", "update", "app"} {
		if strings.HasSuffix(before, w) {
			return true
		}
	}
	return false
}

// isCard checks the Luhn sum, a known first digit, and that the digits are
// grouped as cards are written.
func isCard(run, digits string) bool {
	if strings.ContainsAny(run, "./+()") || !strings.Contains("23456", digits[:1]) || sameDigits(digits) {
		return false
	}
	sum := 0
	for i := 0; i < len(digits); i++ {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	if sum%10 != 0 {
		return false
	}
	groups := strings.FieldsFunc(run, func(r rune) bool { return r == ' ' || r == '-' })
	if len(groups) == 1 {
		return true
	}
	for _, g := range groups[:len(groups)-1] {
		if len(g) < 4 || len(g) > 6 {
			return false
		}
	}
	return len(groups) <= 5
}

func sameDigits(s string) bool { return strings.Count(s, s[:1]) == len(s) }

// phoneWords stand before numbers that are phones.
var phoneWords = []string{"phone", "tel", "tel.", "telephone", "call", "call me", "mobile", "cell", "whatsapp", "sms", "fax", "reach me", "number is", "text me", "contact", "hotline", "telefon", "handy", "mobil", "anrufen", "rückruf", "rufnummer", "nummer", "téléphone", "portable", "appelez", "numéro", "teléfono", "móvil", "llamar", "llámame", "telefone", "celular", "ligue", "cellulare", "telefono", "chiamare", "telefoon", "mobiel", "bel", "телефон", "тел", "тел.", "звоните", "номер", "电话", "手机", "電話", "携帯", "전화", "휴대폰", "komórka", "numer"}

// isPhone accepts international numbers, numbers written with a bracketed or
// grouped area code, and plain ones when a word before says so.
func isPhone(text string, i int, run, digits string) bool {
	n := len(digits)
	if n < 7 || n > 15 || sameDigits(digits) {
		return false
	}
	if looksLikeDate(run) || strings.Count(run, "/") > 1 {
		return false
	}
	said := phoneBefore(text[:i])
	switch {
	case run[0] == '+':
		return n >= 8 && digits[0] != '0'
	case strings.HasPrefix(digits, "00") && n >= 10 && strings.ContainsAny(run, " -") && digits[2] != '0':
		return true
	case run[0] == '(':
		return n >= 9 && strings.Contains(run, ")") && strings.IndexByte(run, ')') <= 6
	case said:
		return true
	case strings.Count(run, ".") > 0:
		return false // versions and amounts
	case digits[0] == '0' && digits[1] != '0' && n >= 10 && n <= 12 && groupsOf(run) >= 2:
		return true
	}
	// North American 555-123-4567.
	g := strings.FieldsFunc(run, func(r rune) bool { return r == '-' || r == ' ' })
	return len(g) == 3 && len(g[0]) == 3 && len(g[1]) == 3 && len(g[2]) == 4 && digits[0] >= '2' && strings.Count(run, "-") != 1
}

func groupsOf(run string) int {
	return len(strings.FieldsFunc(run, func(r rune) bool { return !unicode.IsDigit(r) }))
}

// looksLikeDate recognises 2024-03-01, 01.03.2024, 20240301 and times after
// them.
func looksLikeDate(run string) bool {
	g := strings.FieldsFunc(run, func(r rune) bool { return !unicode.IsDigit(r) })
	if len(g) >= 3 && (len(g[0]) == 4 && year(g[0]) && len(g[1]) <= 2 && len(g[2]) <= 2 || len(g[2]) == 4 && year(g[2]) && len(g[0]) <= 2 && len(g[1]) <= 2) {
		return true
	}
	if len(g[0]) == 8 && year(g[0][:4]) && g[0][4:6] <= "12" && g[0][6:] <= "31" {
		return true
	}
	// Seconds or milliseconds since 1970.
	return len(g) == 1 && (len(g[0]) == 10 || len(g[0]) == 13) && (strings.HasPrefix(g[0], "1") && g[0][1] >= '4')
}

func year(s string) bool { return s >= "1900" && s <= "2099" }

// notPhone are words before numbers that are something else whatever follows.
var notPhone = []string{"order", "ticket", "invoice", "id", "ref", "reference", "case", "tracking", "serial", "bestellung", "auftrag", "commande", "pedido", "ordine", "заказ", "订单", "注文", "number of", "order number", "order no", "invoice number", "ticket number", "bestellnummer", "rechnungsnummer", "kundennummer", "auftragsnummer", "номер заказа", "numer zamówienia", "account number", "customer number", "serial number", "case number", "tracking number", "issue number", "part number", "reference number"}

func phoneBefore(before string) bool {
	before = strings.ToLower(strings.ToValidUTF8(before[max(0, len(before)-40):], " "))
	before = strings.TrimRight(before, " :.#-–=\t\n(")
	for _, w := range notPhone {
		if wordSuffix(before, w) {
			return false
		}
	}
	tail := before
	for range 3 { // the word itself, or up to two words before the number
		for _, w := range phoneWords {
			if wordSuffix(tail, strings.TrimSuffix(w, ".")) {
				return true
			}
		}
		i := strings.LastIndexByte(tail, ' ')
		if i < 0 {
			return false
		}
		last := tail[i+1:]
		switch last {
		case "is", "me", "at", "on", "under", "ist", "unter", "number", "no", "nr", "est", "au", "es", "al", "é", "è", "no.", "nr.":
			tail = strings.TrimRight(tail[:i], " :.")
		default:
			return false
		}
	}
	return false
}

// wordSuffix tells whether s ends with the word w.
func wordSuffix(s, w string) bool {
	if !strings.HasSuffix(s, w) {
		return false
	}
	r, _ := utf8.DecodeLastRuneInString(s[:len(s)-len(w)])
	first, _ := utf8.DecodeRuneInString(w)
	return len(s) == len(w) || !unicode.IsLetter(r) || first >= 0x2E80
}
