package mask

import (
	"slices"
	"strings"
	"unicode"
)

// National numbers of persons. Those whose form and checksum leave little
// doubt are found anywhere; the others need a word before them, because one
// in ten or eleven order numbers of the same length passes the checksum too.
//
//	US SSN (shape, word)             UK National Insurance (shape)   DE Steuer-ID (ISO 7064 mod 11,10)
//	FR NIR (97)                      ES DNI, NIE (mod 23)            IT codice fiscale (mod 26)
//	NL BSN (11, word)                BE numéro national (97)         PL PESEL (mod 10, date)
//	SE personnummer (Luhn, date)     BR CPF (mod 11)                 CN resident id (ISO 7064 mod 11-2)
//	IN Aadhaar (Verhoeff)            CA SIN (Luhn, word)             AU TFN (mod 11, word)
//	CH AHV (EAN-13)                  FI henkilötunnus (mod 31)       KR resident number (mod 11, date)
//	PT NIF (mod 11, word)            DK CPR (date, word)             UK NHS number (mod 11, word)
//	NO fødselsnummer (mod 11, word)  TR kimlik (word)                ZA id (Luhn, date, word)

// idWords call a number one of a person, whatever the country.
var idWords = []string{"national id", "id number", "identity number", "identification number", "personal number", "personal id", "tax id", "tax number", "ausweisnummer", "steuernummer", "personalausweis", "numéro national", "número de identificación"}

// countryWords call it one of a country's.
var countryWords = map[string][]string{
	"us": {"ssn", "social security", "social sec", "itin"},
	"de": {"steuer-id", "steuer id", "steueridentifikationsnummer", "steuerid", "idnr", "steuer-identifikationsnummer", "identifikationsnummer", "tin"},
	"nl": {"bsn", "burgerservicenummer", "sofinummer", "sofi-nummer"},
	"be": {"rijksregisternummer", "numéro national", "registre national", "insz", "niss", "rrn"},
	"pl": {"pesel"},
	"se": {"personnummer", "personnr", "pnr"},
	"br": {"cpf"},
	"in": {"aadhaar", "aadhar", "adhaar", "uidai", "आधार"},
	"ca": {"sin", "social insurance", "nas", "assurance sociale"},
	"au": {"tfn", "tax file"},
	"pt": {"nif", "contribuinte"},
	"dk": {"cpr", "cpr-nr", "cpr-nummer"},
	"gb": {"nhs"},
	"no": {"fødselsnummer", "fodselsnummer", "personnummer"},
	"tr": {"kimlik", "tckn"},
	"za": {"id number", "identity number", "rsa id", "south african id"},
	"fr": {"sécurité sociale", "securite sociale", "nir", "insee"},
}

// said tells whether words before i name a number of a country, and whether
// they name something else.
func (f *finder) saidID(i int) (before string, other bool) {
	before = f.before(i, contextBytes)
	trimmed := strings.TrimRight(before, " :.#-–=\t(\"'")
	for _, w := range notPhone {
		if w != "id" && w != "sin" && wordSuffix(trimmed, w) {
			other = true
		}
	}
	return before, other
}

func called(before, country string) bool {
	return slices.ContainsFunc(countryWords[country], func(w string) bool { return hasWord(before, w) }) ||
		slices.ContainsFunc(idWords, func(w string) bool { return hasWord(before, w) })
}

// national looks whether a number is one of a person's.
func (f *finder) national(r *run, before, after rune) bool {
	if r.plus || r.paren || glued(before) || before == '-' || before == '/' || before == '.' || r.n < 8 || r.n > 18 {
		return false
	}
	text := f.text
	if asciiLetter(after) || after == '-' {
		return f.lettered(r)
	}
	if glued(after) {
		return false
	}
	d := r.d[:r.n]
	if same(d) {
		return false
	}
	strong, candidates := f.candidates(r, d)
	if !strong && candidates == "" {
		return false
	}
	words, other := f.saidID(r.start)
	ok := strong && !other
	for c := range strings.FieldsSeq(candidates) {
		ok = ok || called(words, c)
	}
	if !ok && strings.Contains(candidates, "us") && r.shape(3, 2, 4) && !other {
		after := strings.ToLower(text[r.end:min(len(text), r.end+32)])
		ok = called(after, "us")
	}
	if ok {
		f.add(r.start, r.end, ID)
	}
	return ok
}

// candidates returns whether form and checksum alone say that it is one, and
// else the countries whose it may be.
func (f *finder) candidates(r *run, d []byte) (strong bool, countries string) {
	punct := r.seps
	add := func(ok bool, country string) {
		if ok {
			countries += country + " "
		}
	}
	switch len(d) {
	case 9:
		if r.shape(3, 2, 4) || r.g == 1 {
			area := num(d[:3])
			add(area != 0 && area != 666 && num(d[3:5]) != 0 && num(d[5:]) != 0, "us")
		}
		add(weighted(d, 9, 8, 7, 6, 5, 4, 3, 2, -1)%11 == 0, "nl")
		add(luhn(d), "ca")
		add(weighted(d, 1, 4, 3, 7, 5, 8, 6, 9, 10)%11 == 0, "au")
		check := 11 - weighted(d[:8], 9, 8, 7, 6, 5, 4, 3, 2)%11
		add(check%11%10 == int(d[8]) || check >= 10 && d[8] == 0, "pt")
	case 10:
		date := validDate(num(d[2:4]), num(d[4:6])%60)
		strong = r.shape(6, 4) && punct == sepDash && date && luhn(d)
		add(date && luhn(d), "se")
		add(validDate(num(d[2:4]), num(d[:2])) && (r.shape(6, 4) || r.g == 1), "dk")
		check := 11 - weighted(d[:9], 10, 9, 8, 7, 6, 5, 4, 3, 2)%11
		add(check%11 == int(d[9]), "gb")
	case 11:
		be := belgian(d)
		cpf := cpf(d)
		strong = be && punct&sepDot != 0 && r.shape(2, 2, 2, 3, 2) || cpf && r.shape(3, 3, 3, 2) && punct == sepDot|sepDash ||
			steuerID(d) && r.shape(2, 3, 3, 3) && punct == sepSpace
		add(be, "be")
		add(cpf, "br")
		add(steuerID(d), "de")
		month := num(d[2:4]) % 20
		add(validDate(month, num(d[4:6])) && weighted(d, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)%10 == 0, "pl")
		add(weighted(d, 3, 7, 6, 1, 8, 9, 4, 5, 2, 1, 0)%11 == 0 && weighted(d, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)%11 == 0, "no")
		add(d[0] != 0 && int(d[10]) == sum(d[:10])%10, "tr")
	case 12:
		ok := d[0] >= 2 && verhoeff(d)
		strong = ok && r.shape(4, 4, 4) && (punct == sepSpace || punct == sepDash)
		add(ok, "in")
		se := (num(d[:2]) == 19 || num(d[:2]) == 20) && validDate(num(d[4:6]), num(d[6:8])%60) && luhn(d[2:])
		strong = strong || se && r.shape(8, 4) && punct == sepDash
		add(se, "se")
	case 13:
		ahv := num(d[:3]) == 756 && weighted(d, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1)%10 == 0
		korean := validDate(num(d[2:4]), num(d[4:6])) && d[6] >= 1 && d[6] <= 8 && (11-weighted(d[:12], 2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)%11)%10 == int(d[12])
		strong = ahv && (r.shape(3, 4, 4, 2) || r.g == 1) || korean && r.shape(6, 7) && punct == sepDash
		add(validDate(num(d[2:4]), num(d[4:6])) && luhn(d), "za")
		add((d[0] == 1 || d[0] == 2) && frenchMonth(num(d[3:5])), "fr")
	case 15:
		strong = (d[0] >= 1 && d[0] <= 4 || d[0] == 7 || d[0] == 8) && frenchMonth(num(d[3:5])) && 97-num(d[:13])%97 == num(d[13:]) && r.seps&^sepSpace == 0
	case 18:
		strong = chinese(d, d[17]) && (r.g == 1 || r.shape(6, 8, 4))
	}
	return strong, countries
}

// lettered looks at a number that a letter follows: 12345678Z, 131052-308T.
func (f *finder) lettered(r *run) bool {
	end := r.end
	if end < len(f.text) && f.text[end] == '-' {
		end++
	}
	if end >= len(f.text) || !letter(f.text[end]) || end+1 < len(f.text) && (alnum(f.text[end+1]) || f.text[end+1] == '_' || f.text[end+1] == '-') {
		return false
	}
	c := f.text[end] &^ 0x20
	d, start := r.d[:r.n], r.start
	if last := r.groups[r.g-1]; r.g > 1 && last.end-last.start == 8 && f.text[last.start-1] == ' ' { // 1 12345678Z
		d, start = r.d[last.first:r.n], last.start
	}
	switch {
	case len(d) == 8 && (d[0] != 0 || d[1] != 0) && (start > r.start || r.g == 1 || r.shape(2, 3, 3) && r.seps == sepDot) && c == dniLetters[num(d)%23], // Spain, DNI
		r.n == 17 && r.g == 1 && c == 'X' && end == r.end && chinese(d, 10),
		r.n == 9 && r.shape(6, 3) && r.seps == sepDash && end == r.end && validDate(num(d[2:4]), num(d[:2])) && c == hetuLetters[num(d)%31]:
	default:
		return false
	}
	if _, other := f.saidID(start); other {
		return false
	}
	f.add(start, end+1, ID)
	return true
}

const (
	dniLetters  = "TRWAGMYFPDXBNJZSQVHLCKE"
	hetuLetters = "0123456789ABCDEFHJKLMNPRSTUVWXY"
)

// mixedWord looks at a word of letters and digits: a national number, a bank
// account, or a card with something before it.
func (f *finder) mixedWord(i, end int) {
	text := f.text
	w := text[i:end]
	if before := runeBefore(text, i); before == '-' || before == '/' || unicode.IsLetter(before) && before < 0x2E80 {
		if len(w) < 15 || before != '-' && before != '/' {
			return
		}
	}
	if len(w) >= 4 && letter(w[0]) && letter(w[1]) && digit(w[2]) && digit(w[3]) && f.want&bit(IBAN) != 0 && f.iban(i) {
		return
	}
	next := byte(' ')
	if end < len(text) {
		next = text[end]
	}
	if f.want&bit(ID) != 0 && next != '-' && next != '/' && next < 0x80 && f.nationalWord(i, w) {
		if _, other := f.saidID(i); !other {
			f.add(i, end, ID)
			return
		}
	}
	if len(w) < 15 || f.want&bit(Card) == 0 {
		return
	}
	for k := 0; k < len(w); {
		if !digit(w[k]) {
			k++
			continue
		}
		to, d := k, [20]byte{}
		for to < len(w) && digit(w[to]) {
			if to-k < len(d) {
				d[to-k] = w[to] - '0'
			}
			to++
		}
		if n := to - k; (n == 15 || n == 16) && issued(d[:n]) && luhn(d[:n]) && !same(d[:n]) && !hex(w) {
			f.add(i+k, i+to, Card)
		}
		k = to
	}
}

// nationalWord judges one word.
func (f *finder) nationalWord(i int, w string) bool {
	switch len(w) {
	case 9:
		return dni(w) || nino(w[0], w[1], w[8]) && digits(w[2:8])
	case 11:
		return digits(w[:6]) && (w[6] == 'A' || w[6] == 'B') && digits(w[7:10]) && validDate(atoi(w[2:4]), atoi(w[:2])) && w[10] == hetuLetters[atoi(w[:6]+w[7:10])%31]
	case 16:
		return codiceFiscale(w)
	case 18:
		if w[17]|0x20 != 'x' || !digits(w[:17]) {
			return false
		}
		d := make([]byte, 17)
		for k := range d {
			d[k] = w[k] - '0'
		}
		return chinese(d, 10)
	}
	return false
}

// spacedLetters looks at two capitals that a National Insurance number may
// begin with: QQ 12 34 56 C.
func (f *finder) spacedLetters(i int) {
	const form = "LL 00 00 00 L"
	if len(f.text)-i < len(form) || f.want&bit(ID) == 0 {
		return
	}
	for k := range len(form) {
		c := f.text[i+k]
		switch form[k] {
		case 'L':
			if !upper(c) {
				return
			}
		case '0':
			if !digit(c) {
				return
			}
		default:
			if c != ' ' {
				return
			}
		}
	}
	if end := i + len(form); nino(f.text[i], f.text[i+1], f.text[end-1]) && (end == len(f.text) || !alnum(f.text[end])) {
		f.add(i, end, ID)
	}
}

// nino judges the letters of a National Insurance number.
func nino(a, b, last byte) bool {
	if !upper(a) || !upper(b) || last < 'A' || last > 'D' || strings.IndexByte("DFIQUV", a) >= 0 && a != 'Q' || strings.IndexByte("DFIOQUV", b) >= 0 && b != 'Q' {
		return false
	}
	switch string([]byte{a, b}) {
	case "BG", "GB", "KN", "NK", "NT", "TN", "ZZ":
		return false
	}
	return true
}

// dni judges 12345678Z and X1234567L.
func dni(w string) bool {
	last := w[8] &^ 0x20
	if !letter(w[8]) {
		return false
	}
	if digits(w[:8]) {
		return last == dniLetters[atoi(w[:8])%23]
	}
	first := w[0] &^ 0x20
	return first >= 'X' && first <= 'Z' && digits(w[1:8]) && last == dniLetters[(int(first-'X')*1e7+atoi(w[1:8]))%23]
}

// codiceFiscale judges by form and check letter (D.M. 23 dicembre 1976).
func codiceFiscale(w string) bool {
	const form = "LLLLLL00L00L000L"
	odd := [36]int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23}
	total := 0
	for i := range len(form) {
		c := w[i]
		if lower(c) {
			c &^= 0x20
		}
		// Where two persons would have the same, letters stand for digits.
		if form[i] == 'L' && !upper(c) || form[i] == '0' && !digit(c) && strings.IndexByte("LMNPQRSTUV", c) < 0 {
			return false
		}
		v := int(c - '0')
		if upper(c) {
			v = int(c-'A') + 10
		}
		switch {
		case i == 15:
			return total%26 == int(c-'A')
		case i%2 == 0:
			total += odd[v]
		case v >= 10:
			total += v - 10
		default:
			total += v
		}
	}
	return false
}

func num(d []byte) int {
	n := 0
	for _, c := range d {
		n = n*10 + int(c)
	}
	return n
}

func atoi(s string) int {
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

func sum(d []byte) int {
	n := 0
	for _, c := range d {
		n += int(c)
	}
	return n
}

// weighted is the sum of the digits times weights.
func weighted(d []byte, w ...int) int {
	n := 0
	for i, k := range w {
		n += k * int(d[i])
	}
	return n
}

func validDate(month, day int) bool { return month >= 1 && month <= 12 && day >= 1 && day <= 31 }

func frenchMonth(m int) bool { return m >= 1 && m <= 12 || m >= 20 && m <= 42 || m >= 50 }

func belgian(d []byte) bool {
	if m, day := num(d[2:4])%20, num(d[4:6]); m > 12 || day > 31 {
		return false
	}
	n, check := num(d[:9]), num(d[9:])
	return 97-n%97 == check || 97-(n+2e9)%97 == check
}

func cpf(d []byte) bool {
	check := func(n int) bool {
		s := 0
		for i := range n {
			s += int(d[i]) * (n + 1 - i)
		}
		return s*10%11%10 == int(d[n])
	}
	return check(9) && check(10)
}

// steuerID judges a German tax number: one digit twice or three times among
// the first ten (§ 139b AO), check digit by ISO 7064 mod 11,10.
func steuerID(d []byte) bool {
	if d[0] == 0 {
		return false
	}
	var count [10]int
	product := 10
	for _, c := range d[:10] {
		count[c]++
		s := (int(c) + product) % 10
		if s == 0 {
			s = 10
		}
		product = s * 2 % 11
	}
	twice, thrice := 0, 0
	for _, n := range count {
		switch {
		case n == 2:
			twice++
		case n == 3:
			thrice++
		case n > 3:
			return false
		}
	}
	return twice+thrice == 1 && (11-product)%10 == int(d[10])
}

// chinese judges 17 digits and a check digit, 10 for X (GB 11643, ISO 7064
// mod 11-2).
func chinese(d []byte, check byte) bool {
	s := weighted(d[:17], 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
	y := num(d[6:10])
	return y >= 1900 && y <= 2099 && validDate(num(d[10:12]), num(d[12:14])) && (12-s%11)%11 == int(check)
}

// verhoeff is the checksum of Aadhaar numbers.
func verhoeff(d []byte) bool {
	mul := [10]string{"0123456789", "1234067895", "2340178956", "3401289567", "4012395678", "5987604321", "6598710432", "7659821043", "8765932104", "9876543210"}
	perm := [8]string{"0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258"}
	c := byte(0)
	for i := range d {
		c = mul[c][perm[i%8][d[len(d)-1-i]]-'0'] - '0'
	}
	return c == 0
}
