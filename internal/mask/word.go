package mask

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// What a word says about the one that follows.
const (
	says       = iota
	saysPass   // a password
	saysPin    // a few digits that are a secret
	saysCode   // so, if a word before it says of what
	saysToken  // random characters
	saysKey    // so, if a word before it says which key
	saysBearer // a token (RFC 6750)
	saysBasic  // user and password in base64 (RFC 7617)
	saysName   // it may introduce somebody
)

// keywords by what they say; of those with letters beyond ASCII the beginning
// that has none, with the rest.
var keywords = map[string]int{
	"password": saysPass, "passwords": saysPass, "passwort": saysPass, "passwd": saysPass, "passwrd": saysPass, "pwd": saysPass, "pw": saysPass, "pass": saysPass, "passphrase": saysPass, "passcode": saysPass,
	"kennwort": saysPass, "passe": saysPass, "mdp": saysPass, "contrase": saysPass, "contrasena": saysPass, "clave": saysPass, "senha": saysPass, "wachtwoord": saysPass, "haslo": saysPass, "has": saysPass,
	"adgangskode": saysPass, "passord": saysPass, "salasana": saysPass, "parola": saysPass, "heslo": saysPass, "l": saysPass,
	"pin": saysPin, "cvv": saysPin, "cvc": saysPin, "cvv2": saysPin, "otp": saysPin, "tan": saysPin, "code": saysCode, "c": saysCode,
	"token": saysToken, "secret": saysToken, "secrets": saysToken, "apikey": saysToken, "credential": saysToken, "credentials": saysToken, "geheimnis": saysToken, "jeton": saysToken,
	"key": saysKey, "bearer": saysBearer, "basic": saysBasic,
	"my": saysName, "mein": saysName, "ich": saysName, "je": saysName, "mon": saysName, "me": saysName, "mi": saysName, "meu": saysName, "il": saysName, "mijn": saysName, "ik": saysName,
	"nazywam": saysName, "mam": saysName, "jag": saysName, "mitt": saysName,
}

// accents are how keywords go on beyond ASCII.
var accents = map[string]string{"contrase": "ña", "has": "ło", "l": "ösenord", "c": "ódigo"}

// foreignKeywords are those of other scripts.
var foreignKeywords = []string{"пароль", "密码", "密碼", "パスワード", "暗証番号", "비밀번호", "şifre", "κωδικός"}

// lengths are those that keywords have, by first letter.
var lengths = func() (t [26]uint64) {
	for w := range keywords {
		t[w[0]-'a'] |= 1 << len(w)
	}
	return t
}()

// mayBegin knows quickly most words that say nothing.
func mayBegin(c byte, n int) bool {
	c |= 0x20
	return n < 64 && lower(c) && lengths[c-'a']&(1<<n) != 0
}

// sayOf returns what a word says, whatever its case.
func sayOf(word string) int {
	var b [16]byte
	if len(word) > len(b) {
		return says
	}
	for i := range len(word) {
		c := word[i]
		if upper(c) {
			c |= 0x20
		}
		b[i] = c
	}
	return keywords[string(b[:len(word)])]
}

// keyword looks at what follows a word that may say what that is: password,
// and also db_password, userPassword, x-api-key.
func (f *finder) keyword(i, end int) int {
	text := f.text
	if i > 0 && text[i-1] >= 0x80 && !cjkBefore(text, i) {
		return end // the end of a word with an accent
	}
	part := i
	for k := end - 1; k > i; k-- {
		if text[k-1] == '_' || upper(text[k]) && lower(text[k-1]) {
			part = k
			break
		}
	}
	say := sayOf(text[part:end])
	if say == says || say == saysName && part > i {
		return end
	}
	at := end
	if rest, ok := accents[strings.ToLower(text[part:end])]; ok {
		if !strings.HasPrefix(text[end:], rest) && !strings.HasPrefix(text[end:], strings.ToUpper(rest)) {
			return end
		}
		at += len(rest)
		if at < len(text) && (letter(text[at]) || text[at] >= 0x80) {
			return end
		}
	} else if end < len(text) && text[end] >= 0x80 && !cjk(text[end:]) && !strings.HasPrefix(text[end:], "\u00a0") && !strings.HasPrefix(text[end:], "：") && !strings.HasPrefix(text[end:], "“") && !strings.HasPrefix(text[end:], "„") && !strings.HasPrefix(text[end:], "«") {
		return end
	}
	switch say {
	case saysName:
		f.name(i)
		return end
	case saysBearer, saysBasic:
		return f.scheme(end, say)
	case saysKey, saysCode:
		if !f.qualified(i, part, say) {
			return end
		}
	case saysPass:
		if strings.EqualFold(text[part:end], "passe") && !strings.HasSuffix(f.before(i, 8), "mot de ") {
			return end
		}
	}
	if part == i && text[i:end] == "PASS" { // how tests end
		return end
	}
	return f.assigned(at, say, strings.EqualFold(text[part:end], "pass"))
}

// cjk tells whether a text begins with a character of a script that has no
// spaces between words.
func cjk(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return r >= 0x2E80 && r != utf8.RuneError
}

func cjkBefore(s string, i int) bool {
	r, _ := utf8.DecodeLastRuneInString(s[:i])
	return r >= 0x2000 && r != utf8.RuneError
}

// qualifiers say of what a key, or a code, is one.
var (
	keyWords  = []string{"api", "access", "secret", "private", "auth", "license", "licence", "encryption", "master", "signing", "shared", "storage", "subscription", "account", "service", "client", "ssh", "deploy"}
	codeWords = []string{"verification", "security", "sms", "2fa", "auth", "authentication", "login", "access", "one time", "time", "pin", "tan", "confirmation", "sicherheits", "bestätigungs", "vérification", "sécurité", "verificación", "seguridad", "verificação", "verificatie"}
)

// qualified tells whether the word before key or code says that it is a secret.
func (f *finder) qualified(i, part, say int) bool {
	list := keyWords
	if say == saysCode {
		list = codeWords
	}
	head := strings.TrimRight(strings.ToLower(f.text[i:part]), "_")
	if head == "" {
		head = strings.TrimRight(f.before(i, 24), " -_")
	}
	for _, w := range list {
		if strings.HasSuffix(head, w) {
			return true
		}
	}
	return false
}

// scheme covers the credentials of an Authorization field.
func (f *finder) scheme(end, say int) int {
	text := f.text
	start := end
	for start < len(text) && start-end < 3 && (text[start] == ' ' || text[start] == ':') {
		start++
	}
	if start == end {
		return end
	}
	stop := tokenEnd(text, start)
	value := text[start:stop]
	if say == saysBearer {
		if len(value) >= 12 && secretLooking(value) {
			f.add(start, stop, Token)
			return stop
		}
		return end
	}
	plain, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(value, "="))
	if err != nil || len(value) < 8 || !utf8.Valid(plain) || !strings.Contains(string(plain), ":") {
		return end
	}
	f.add(start, stop, Token)
	return stop
}

// foreign passes over characters beyond ASCII, and looks for words of other
// scripts among them.
func (f *finder) foreign(i int) int {
	text := f.text
	end := i
	for end < len(text) && text[end] >= 0x80 {
		end++
	}
	switch {
	case strings.HasPrefix(text[i:], "ме"):
		f.name(i)
	case strings.HasPrefix(text[i:], "Ме"):
		f.name(i)
	}
	for _, w := range foreignKeywords {
		if end-i < len(w) || w[0] < 0xE0 && !fold2(text[i:i+2], w[:2]) {
			continue
		}
		if w[0] < 0xE0 { // an alphabet: words have spaces between
			if strings.EqualFold(text[i:i+len(w)], w) && i+len(w) == end {
				return f.assigned(end, saysPass, false)
			}
			continue
		}
		if at := strings.LastIndex(text[i:end], w); at >= 0 {
			if next := f.assigned(i+at+len(w), saysPass, false); next > end {
				return next
			}
		}
	}
	return end
}

// fold2 compares first letters of two bytes each, whatever their case.
func fold2(a, b string) bool { return a[0] == b[0] || strings.EqualFold(a, b) }
