package mask

import "strings"

// Kinds of what is found in a text.
const (
	Card     = "card"     // payment card number: known issuer and length, Luhn checksum
	IBAN     = "iban"     // bank account: known country and length, ISO 7064 checksum
	ID       = "id"       // number that a state gave to a person, see national.go
	Password = "password" // password, PIN or one-time code that somebody wrote down
	Token    = "token"    // API key, bearer token, JSON web token, private key
	Email    = "email"
	Phone    = "phone"
	Name     = "name" // only after "my name is" and the like
	IP       = "ip"   // IPv4 or IPv6 address
)

// Kinds are all of them, the gravest first.
var Kinds = []string{Password, Token, Card, IBAN, ID, Email, Phone, Name, IP}

// Span marks something by byte offsets into a text.
type Span struct {
	Start int    `json:"start"`
	End   int    `json:"end"`
	Kind  string `json:"kind"` // one of Kinds
}

// set is a set of kinds.
type set uint16

const all set = 1<<9 - 1

// bit is the place of a kind in a set; 0 for what is none.
func bit(kind string) set {
	switch kind {
	case Password:
		return 1
	case Token:
		return 2
	case Card:
		return 4
	case IBAN:
		return 8
	case ID:
		return 16
	case Email:
		return 32
	case Phone:
		return 64
	case Name:
		return 128
	case IP:
		return 256
	}
	return 0
}

// Known reports whether there is such a kind.
func Known(kind string) bool { return bit(kind) != 0 }

// Placeholder is what stands where something of a kind was covered: [card].
func Placeholder(kind string) string { return "[" + kind + "]" }

// placeholderAt returns the length of a placeholder that begins at i, or 0.
func placeholderAt(text string, i int) int {
	if i >= len(text) || text[i] != '[' {
		return 0
	}
	end := strings.IndexByte(text[i:min(len(text), i+12)], ']')
	if end < 0 {
		return 0
	}
	if word := text[i+1 : i+end]; Known(word) || word == "masked" || word == "removed" {
		return end + 1
	}
	return 0
}
