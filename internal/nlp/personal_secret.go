package nlp

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// findIBANs looks for two letters, two digits and groups of capitals and
// digits whose ISO 7064 checksum is right.
func findIBANs(text string) []Span {
	var out []Span
	for i := 0; i+15 <= len(text); i++ {
		if !upper(text[i]) || !upper(text[i+1]) || !isDigit(text[i+2]) || !isDigit(text[i+3]) {
			continue
		}
		if r, _ := utf8.DecodeLastRuneInString(text[:i]); i > 0 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			continue
		}
		if end := ibanEnd(text, i); end > 0 {
			out = append(out, Span{i, end, KindIBAN})
			i = end
		}
	}
	return out
}

func upper(c byte) bool { return c >= 'A' && c <= 'Z' }

// ibanEnd returns the longest end at which the run from i is a valid IBAN.
func ibanEnd(text string, i int) int {
	var compact []byte
	best := 0
	for j := i; j < len(text) && len(compact) < 34; j++ {
		c := text[j]
		if c == ' ' {
			if j > 0 && text[j-1] == ' ' {
				break
			}
			continue
		}
		if !upper(c) && !isDigit(c) {
			break
		}
		compact = append(compact, c)
		whole := j+1 == len(text) || !asciiWord(text[j+1])
		if len(compact) >= 15 && whole && ibanValid(compact) {
			best = j + 1
		}
	}
	return best
}

func asciiWord(c byte) bool { return upper(c) || isDigit(c) || c >= 'a' && c <= 'z' || c == '_' }

func ibanValid(b []byte) bool {
	rem := 0
	for k := range b {
		c := b[(k+4)%len(b)]
		if isDigit(c) {
			rem = (rem*10 + int(c-'0')) % 97
		} else {
			rem = (rem*100 + int(c-'A') + 10) % 97
		}
	}
	return rem == 1
}

// findIPv6 looks for full or shortened IPv6 addresses.
func findIPv6(text string) []Span {
	var out []Span
	for i := 0; i < len(text); {
		if !hexColon(text[i]) {
			i++
			continue
		}
		end := i
		for end < len(text) && hexColon(text[end]) {
			end++
		}
		run := strings.TrimRight(text[i:end], ":")
		if strings.HasSuffix(text[i:end], "::") {
			run = text[i:end]
		}
		before, after := around(text, i, i+len(run))
		// Times (12:30:45) and C++ names (std::a) are not addresses.
		if strings.Count(run, ":") >= 3 && len(run) >= 7 && !asciiLetter(before) && !asciiLetter(after) {
			if a, err := netip.ParseAddr(run); err == nil && a.Is6() {
				out = append(out, Span{i, i + len(run), KindIP})
			}
		}
		i = end
	}
	return out
}

func asciiLetter(r rune) bool { return r < 0x80 && unicode.IsLetter(r) || r == '_' }

func hexColon(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || c == ':'
}

// tokenPrefixes start secrets of well-known services.
var tokenPrefixes = []string{
	"sk-", "sk_live_", "sk_test_", "pk_live_", "rk_live_", "ghp_", "gho_", "ghs_", "ghu_", "github_pat_", "glpat-",
	"xoxb-", "xoxp-", "xoxa-", "xoxs-", "AKIA", "ASIA", "AIza", "ya29.", "SG.", "npm_", "pypi-", "hf_", "dop_v1_", "hc_", "whsec_", "shpat_", "eyJ",
}

// findTokens finds secrets by their well-known beginnings, bearer tokens, and
// values after "password:" and the like.
func findTokens(text string) []Span {
	var out []Span
	for i := 0; i < len(text); i++ {
		if i > 0 && tokenChar(text[i-1]) {
			continue
		}
		for _, p := range tokenPrefixes {
			if strings.HasPrefix(text[i:], p) {
				end := tokenEnd(text, i)
				if secretLooking(text[i+len(p):end]) && (p != "eyJ" || strings.Count(text[i:end], ".") >= 2) {
					out = append(out, Span{i, end, KindToken})
					i = end
					break
				}
			}
		}
		if i < len(text) && (text[i] == 'B' || text[i] == 'b') && len(text) > i+7 && strings.EqualFold(text[i:i+7], "bearer ") {
			start := i + 7
			if end := tokenEnd(text, start); end-start >= 12 && secretLooking(text[start:end]) {
				out = append(out, Span{start, end, KindToken})
				i = end
			}
		}
	}
	return append(out, findPasswords(text)...)
}

func tokenChar(c byte) bool {
	return asciiWord(c) || c == '-' || c == '.' || c == '/' || c == '+' || c == '='
}

func tokenEnd(text string, i int) int {
	end := i
	for end < len(text) && tokenChar(text[end]) {
		end++
	}
	for end > i && (text[end-1] == '.' || text[end-1] == '-') {
		end--
	}
	return end
}

// secretLooking tells random characters from words: "sk-learn" is none.
func secretLooking(s string) bool {
	if len(s) < 10 {
		return false
	}
	digits, capitals := 0, 0
	for i := 0; i < len(s); i++ {
		switch {
		case isDigit(s[i]):
			digits++
		case upper(s[i]):
			capitals++
		}
	}
	return digits >= 2 || digits+capitals >= 4
}

// passwordWords stand right before a secret that was typed into a report.
var passwordWords = []string{"password:", "password=", "password is ", "passwd:", "passwd=", "pwd:", "pwd=", "passwort:", "passwort ist ", "kennwort:", "mot de passe :", "mot de passe:", "contraseña:", "senha:", "wachtwoord:", "hasło:", "пароль:", "密码:", "密码：", "パスワード:", "api key:", "api_key=", "apikey=", "api-key:", "x-api-key:", "secret:", "secret=", "client_secret=", "access_token=", "token=", "auth_token="}

func findPasswords(text string) []Span {
	low := lowerSameLength(text)
	var out []Span
	for _, w := range passwordWords {
		for from := 0; ; {
			i := strings.Index(low[from:], w)
			if i < 0 {
				break
			}
			start := from + i + len(w)
			from = start
			for start < len(text) && (text[start] == ' ' || text[start] == '"' || text[start] == '\'') {
				start++
			}
			end := start
			for end < len(text) && text[end] > ' ' && strings.IndexByte("\"'&,;<>)", text[end]) < 0 {
				end++
			}
			for end > start && text[end-1] == '.' {
				end--
			}
			if value := text[start:end]; len(value) >= 5 && mixed(value) {
				out = append(out, Span{start, end, KindToken})
			}
		}
	}
	return out
}

// mixed asks for a digit or a mark among letters: "password: is not accepted"
// holds no password.
func mixed(s string) bool {
	other := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < 0x80 && !upper(c) && (c < 'a' || c > 'z') {
			other = true
		}
	}
	return other && !strings.HasPrefix(s, "*") && !strings.HasPrefix(s, "http")
}

// lowerSameLength lowers letters without moving offsets, in any bytes.
func lowerSameLength(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if l := unicode.ToLower(r); r != utf8.RuneError && utf8.RuneLen(l) == n {
			b = utf8.AppendRune(b, l)
		} else {
			b = append(b, s[i:i+n]...)
		}
		i += n
	}
	return string(b)
}

// nameIntros introduce the writer.
var nameIntros = []string{"my name is ", "my name's ", "mein name ist ", "ich heiße ", "je m'appelle ", "mon nom est ", "me llamo ", "mi nombre es ", "meu nome é ", "me chamo ", "mi chiamo ", "il mio nome è ", "mijn naam is ", "ik heet ", "nazywam się ", "mam na imię ", "меня зовут ", "jag heter ", "mitt namn är "}

// findNames marks one to three capitalised words after an introduction.
func findNames(text string) []Span {
	low := lowerSameLength(text)
	if len(low) != len(text) {
		return nil
	}
	var out []Span
	for _, intro := range nameIntros {
		for from := 0; ; {
			i := strings.Index(low[from:], intro)
			if i < 0 {
				break
			}
			start := from + i + len(intro)
			from = start
			if end := nameEnd(text, start); end > start {
				out = append(out, Span{start, end, KindName})
			}
		}
	}
	return out
}

func nameEnd(text string, start int) int {
	end, at := start, start
	for range 3 {
		r, _ := utf8.DecodeRuneInString(text[at:])
		if !unicode.IsUpper(r) {
			break
		}
		for at < len(text) {
			r, n := utf8.DecodeRuneInString(text[at:])
			if !unicode.IsLetter(r) && r != '-' && r != '\'' && r != '’' || r == utf8.RuneError {
				break
			}
			at += n
		}
		end = at
		if at >= len(text) || text[at] != ' ' {
			break
		}
		at++
	}
	return end
}
