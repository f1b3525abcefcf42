package mask

// ibanLengths are those of the registered countries (ISO 13616 registry).
var ibanLengths = map[string]int{
	"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
	"ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20,
	"LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25,
	"QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}

// iban looks for a bank account that begins at i: country, length, checksum;
// written as one, or in groups.
func (f *finder) iban(i int) bool {
	text := f.text
	n := ibanLengths[string([]byte{text[i] &^ 0x20, text[i+1] &^ 0x20})]
	if n == 0 {
		return false
	}
	var c [34]byte
	k, at := 0, i
	for at < len(text) && k < n {
		switch b := text[at]; {
		case alnum(b):
			if lower(b) {
				b &^= 0x20
			}
			c[k] = b
			k++
		case (b == ' ' || b == '-') && at > i && alnum(text[at-1]):
		case b == 0xC2 && at+1 < len(text) && text[at+1] == 0xA0:
			at++
		default:
			return false
		}
		at++
	}
	if k < n || at < len(text) && alnum(text[at]) || !mod97(c[:n]) {
		return false
	}
	f.add(i, at, IBAN)
	return true
}

// mod97 is the check of ISO 7064 with the first four characters moved to the
// end.
func mod97(b []byte) bool {
	rem := 0
	for k := range b {
		c := b[(k+4)%len(b)]
		if digit(c) {
			rem = (rem*10 + int(c-'0')) % 97
		} else {
			rem = (rem*100 + int(c-'A') + 10) % 97
		}
	}
	return rem == 1
}
