package workspace

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/secret"
)

// Second recommended option of RFC 9106: 64 MiB, 3 passes. One lane, since a
// sign-in must not take every core.
const (
	argonTime    = 3
	argonMemory  = 64 << 10 // KiB
	argonThreads = 1
)

// hashing lets one password at a time be hashed, so that a flood of sign-ins
// costs time and not memory.
var hashing = make(chan struct{}, 2)

func hashPassword(p secret.Text) string {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails, see crypto/rand
	hashing <- struct{}{}
	sum := argon2.IDKey([]byte(p.Reveal()), salt, argonTime, argonMemory, argonThreads, 32)
	<-hashing
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads, b64.EncodeToString(salt), b64.EncodeToString(sum))
}

func checkPassword(hash string, p secret.Text) bool {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false
	}
	var memory, time uint32
	var threads uint8
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &time, &threads); err != nil {
		return false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil {
		return false
	}
	hashing <- struct{}{}
	got := argon2.IDKey([]byte(p.Reveal()), salt, time, memory, threads, uint32(len(want)))
	<-hashing
	return subtle.ConstantTimeCompare(got, want) == 1
}

// decoyHash is checked when no such account exists, so that the answer takes
// as long.
var decoyHash = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
	"AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")

func validPassword(p secret.Text) error {
	n := utf8.RuneCountInString(p.Reveal())
	if n < 10 || len(p) > 256 {
		return errs.WithFields("The password must have 10 characters or more; a few plain words do well.", errs.Field{Location: "body.password", Message: "must have 10 to 256 characters"})
	}
	return nil
}
