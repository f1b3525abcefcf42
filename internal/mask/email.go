package mask

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// email looks around an @ for an address: letters of any script before it, a
// host with a dot and a top level of letters behind it (RFC 5321, RFC 6531).
func (f *finder) email(at int) {
	text := f.text
	if at == f.auth || f.want&bit(Email) == 0 {
		return
	}
	start := at
	for start > 0 && at-start < 64 {
		r, n := utf8.DecodeLastRuneInString(text[:start])
		if r == '\'' && start < at && start > 1 && letter(text[start-2]) && letter(text[start]) { // o'hara
			start--
			continue
		}
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
		return // "@user", "npm@10.2.0", "user@host"
	}
	switch host[dot+1:] {
	case "js", "png", "jpg", "svg", "css", "ts", "json", "gif", "webp", "log", "conf", "service", "yaml", "yml": // icon@2x.png, vue@next.js
		return
	}
	f.add(start, end, Email)
}

func letters(s string) bool {
	for _, r := range s {
		if !unicode.IsLetter(r) {
			return false
		}
	}
	return s != ""
}

// ipv6 looks around a colon for an address (RFC 4291) and returns where it, or
// what could have been one, ends.
func (f *finder) ipv6(i int) int {
	text := f.text
	start := i
	for start > 0 && i-start < 5 && hexColon(text[start-1]) {
		start--
	}
	end := i
	for end < len(text) && end-start < 48 && hexColon(text[end]) {
		end++
	}
	run := strings.TrimRight(text[start:end], ":")
	if strings.HasSuffix(text[start:end], "::") {
		run = text[start:end]
	}
	before, after := f.around(start, start+len(run))
	// Times (12:30:45) and names of C++ (std::a) are no addresses.
	if strings.Count(run, ":") >= 3 && len(run) >= 7 && !asciiLetter(before) && !asciiLetter(after) {
		if a, err := netip.ParseAddr(run); err == nil && a.Is6() {
			f.add(start, start+len(run), IP)
		}
	}
	return max(end, i+1)
}

func asciiLetter(r rune) bool { return r < 0x80 && unicode.IsLetter(r) || r == '_' }

func hexColon(c byte) bool {
	return digit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || c == ':'
}

// nameIntros introduce the writer; they begin with words that mayBegin knows.
var nameIntros = []string{
	"my name is ", "my name's ", "mein name ist ", "ich heiße ", "je m'appelle ", "mon nom est ", "me llamo ", "mi nombre es ", "meu nome é ", "me chamo ", "mi chiamo ", "il mio nome è ",
	"mijn naam is ", "ik heet ", "nazywam się ", "mam na imię ", "меня зовут ", "jag heter ", "mitt namn är ",
}

// name marks one to three capitalised words after an introduction at i.
func (f *finder) name(i int) {
	if f.want&bit(Name) == 0 {
		return
	}
	for _, intro := range nameIntros {
		if len(f.text)-i > len(intro) && strings.EqualFold(f.text[i:i+len(intro)], intro) {
			f.add(i+len(intro), f.nameEnd(i+len(intro)), Name)
			return
		}
	}
}

func (f *finder) nameEnd(start int) int {
	text, end, at := f.text, start, start
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
