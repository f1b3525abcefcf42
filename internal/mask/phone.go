package mask

import "strings"

// phoneWords stand before numbers that are phones.
var phoneWords = []string{
	"phone", "tel", "telephone", "call", "call me", "mobile", "cell", "cellphone", "whatsapp", "sms", "fax", "reach me", "number is", "text me", "contact", "hotline", "msisdn", "telefon", "handy", "mobil", "handynummer", "telefonnummer", "anrufen", "rückruf",
	"rufnummer", "mobilnummer", "nummer", "téléphone", "portable", "appelez", "numéro", "teléfono", "móvil", "llamar", "llámame", "telefone", "celular", "ligue", "cellulare", "telefono", "chiamare", "chiamami", "telefoon", "telefoonnummer", "mobiel", "bel", "телефон", "тел",
	"звоните", "номер", "电话", "手机", "電話", "携帯", "전화", "휴대폰", "komórka", "numer", "ring", "mob", "phone number", "gsm",
}

// notPhone are words before numbers that are something else whatever follows.
var notPhone = []string{
	"order", "ticket", "invoice", "id", "ref", "reference", "case", "tracking", "serial", "bestellung", "auftrag", "commande", "pedido", "ordine", "заказ", "订单", "注文", "number of", "order number", "order no", "invoice number", "ticket number",
	"bestellnummer", "rechnungsnummer", "kundennummer", "auftragsnummer", "номер заказа", "numer zamówienia", "account number", "customer number", "serial number", "case number", "tracking number", "issue number", "part number", "reference number", "isbn", "imei", "ean", "sku",
	"sendungsnummer", "paketnummer", "artikelnummer", "seriennummer", "vorgangsnummer", "numéro de commande", "numéro de suivi", "número de pedido", "bestelnummer", "ordernummer", "build", "version", "error", "code", "transaction", "batch", "shipment", "parcel", "gtin", "lot", "po", "zip",
	"timestamp", "session", "request", "trace", "process", "pid", "port", "line", "hash", "commit", "revision", "numéro de facture", "factura", "fattura", "nota fiscal",
}

// steps may stand between such a word and the number.
var steps = []string{"is", "me", "at", "on", "under", "ist", "unter", "number", "no", "nr", "est", "au", "es", "al", "é", "è", "le", "op", "lautet", "war", "jest", "num", "to", "#"}

// phone accepts international numbers (E.164), numbers written with a
// bracketed or grouped area code, and plain ones when a word before says so.
func (f *finder) phone(r *run, before, after rune) bool {
	n := r.n
	if r.plus { // the digits begin behind it
		before = runeBefore(f.text, r.start)
	}
	if glued(before) || glued(after) && after != '&' || n < 7 || n > 15 || same(r.d[:n]) {
		return false
	}
	if (after == ':' || after == '=') && r.end+1 < len(f.text) && alnum(f.text[r.end+1]) {
		return false
	}
	if r.isDate() || slashes(f.text[r.start:r.end]) > 1 || f.decimal(r) {
		return false
	}
	dots := strings.Count(f.text[r.start:r.end], ".")
	switch {
	case r.plus:
		return n >= 8 && f.text[r.start+1] != ' ' && r.d[0] != 0 && !(before >= '0' && before <= '9') && dots != 1
	case before == '-' || before == '.' || before == '/' || before == ',':
		return false
	}
	said := f.saidPhone(r.start)
	if (before == ':' || before == '=') && said <= 0 {
		return false
	}
	switch {
	case said < 0:
		return false
	case said > 0:
		return true
	case r.d[0] == 0 && r.d[1] == 0 && n >= 10 && r.seps&(sepSpace|sepDash) != 0 && r.d[2] != 0:
		return true
	case r.paren:
		return n >= 9 && strings.IndexByte(f.text[r.start:r.end], ')') > 0 && strings.IndexByte(f.text[r.start:r.end], ')') <= 6
	case dots > 0:
		// 555.123.4567 and 06.12.34.56.78; else versions and amounts
		return r.shape(3, 3, 4) && dots == 2 && r.d[0] >= 2 && r.d[3] >= 2 || r.shape(2, 2, 2, 2, 2) && dots == 4 && r.d[0] == 0 && r.d[1] != 0
	case r.d[0] == 0 && r.d[1] != 0 && n >= 10 && n <= 12 && r.g >= 2 && r.g <= 6:
		return true
	case r.d[0] == 8 && n == 11 && r.g >= 4: // Russia
		return true
	case r.d[0] == 1 && r.shape(1, 3, 3, 4) && r.d[1] >= 2:
		return true
	}
	// North American 555-123-4567.
	return r.shape(3, 3, 4) && r.d[0] >= 2 && strings.Count(f.text[r.start:r.end], "-") != 1
}

func slashes(s string) int { return strings.Count(s, "/") }

// shape tells whether the groups have these lengths.
func (r *run) shape(lengths ...int) bool {
	if r.g != len(lengths) {
		return false
	}
	for i, n := range lengths {
		if r.groups[i].end-r.groups[i].start != n {
			return false
		}
	}
	return true
}

// decimal knows 48.8583736, +2.2922926 and 48.8583736 2.2922926.
func (f *finder) decimal(r *run) bool {
	if r.seps&sepDot == 0 || r.seps&(sepDash|sepSlash|sepParen) != 0 {
		return false
	}
	for i := range r.g - 1 {
		if f.text[r.groups[i].end] == '.' && r.groups[i+1].end-r.groups[i+1].start > 4 {
			return true
		}
	}
	return false
}

// isDate recognises 2024-03-01, 01.03.2024, 20240301, times behind them, and
// seconds or milliseconds since 1970.
func (r *run) isDate() bool {
	size := func(i int) int { return r.groups[i].end - r.groups[i].start }
	if r.shape(6, 6) && validDate(num(r.d[2:4]), num(r.d[4:6])) && num(r.d[6:8]) < 24 && num(r.d[8:10]) < 60 && r.seps == sepSpace { // 060129 222409
		return true
	}
	if r.g >= 3 {
		a, b, c := value(r, r.groups[0]), value(r, r.groups[1]), value(r, r.groups[2])
		switch {
		case size(0) == 4 && year(a) && size(1) <= 2 && size(2) <= 2 && b <= 12 && c <= 31,
			size(2) == 4 && year(c) && size(0) <= 2 && size(1) <= 2 && a <= 31 && b <= 31:
			return true
		}
	}
	if size(0) == 8 {
		v := value(r, r.groups[0])
		if y, m, d := v/10000, v/100%100, v%100; year(y) && m >= 1 && m <= 12 && d >= 1 && d <= 31 {
			return true
		}
	}
	return r.g == 1 && (r.n == 10 || r.n == 13) && r.d[0] == 1 && r.d[1] >= 4
}

func year(y int) bool { return y >= 1900 && y <= 2099 }

// saidPhone looks at the words before a number: 1 when they call it a phone,
// -1 when they call it something else.
func (f *finder) saidPhone(i int) int {
	before := strings.TrimRight(f.before(i, contextBytes), " :.#-–=\t(\"'")
	for _, w := range notPhone {
		if wordSuffix(before, w) {
			return -1
		}
	}
	tail := before
	for range 3 { // the word itself, or up to two words before the number
		for _, w := range phoneWords {
			if wordSuffix(tail, w) {
				return 1
			}
		}
		i := strings.LastIndexByte(tail, ' ')
		if i < 0 {
			return 0
		}
		if !oneOf(steps, strings.Trim(tail[i+1:], ".:")) {
			return 0
		}
		tail = strings.TrimRight(tail[:i], " :.")
		for _, w := range notPhone {
			if wordSuffix(tail, w) {
				return -1
			}
		}
	}
	return 0
}
