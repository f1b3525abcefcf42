package widget

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/hypercare/hypercare/internal/secret"
)

// What is known of the user whom a page names.
const (
	signed  = "signed"  // the page's server vouches for the id
	claimed = "claimed" // the page says so, and so could anybody
	forged  = "forged"  // the token is of another id or secret
	expired = "expired"
)

// verify says what a token proves of a user id at a time. A token is
// HMAC-SHA256 (RFC 2104) in hexadecimal, of the id, or "EXPIRES." before that
// of the id, a line feed and EXPIRES (Unix seconds).
func verify(key secret.Text, id, token string, at time.Time) string {
	// An id with a line feed could stand for another one and its expiry.
	if token == "" || key == "" || id == "" || strings.ContainsFunc(id, unicode.IsControl) {
		return claimed
	}
	text := id
	until, sum, limited := strings.Cut(token, ".")
	if limited {
		text = id + "\n" + until
	} else {
		sum = token
	}
	got, err := hex.DecodeString(sum)
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	mac.Write([]byte(text))
	if err != nil || !hmac.Equal(got, mac.Sum(nil)) {
		return forged
	}
	if limited {
		if n, err := strconv.ParseInt(until, 10, 64); err != nil || at.Unix() > n {
			return expired
		}
	}
	return signed
}
