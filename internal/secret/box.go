package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Box seals secrets that have to be read again, such as what requests are
// signed with: AES-256-GCM under the process's master key. What must only be
// recognised is hashed instead.
type Box struct {
	aead cipher.AEAD
	mac  []byte // a key of its own for Mac
}

// KeySize is the length of a master key in bytes.
const KeySize = 32

// NewBox returns a box under a key of KeySize bytes.
func NewBox(key []byte) (*Box, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("a master key has %d bytes, not %d", KeySize, len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("hypercare: recognise"))
	return &Box{aead, mac.Sum(nil)}, nil
}

// sealed is how every sealed text begins, with the version of its form.
const sealed = "v1:"

var errSealed = errors.New("it was not sealed here: the master key or the place is another")

// Seal returns a text that only Open reads, for the same place: a name of the
// row it is kept in, so that it can't be moved to another.
func (b *Box) Seal(t Text, place string) string {
	nonce := make([]byte, b.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails (crypto/rand)
	return sealed + base64.RawStdEncoding.EncodeToString(b.aead.Seal(nonce, nonce, []byte(t), []byte(place)))
}

// Open returns what was sealed for a place.
func (b *Box) Open(s, place string) (Text, error) {
	rest, ok := strings.CutPrefix(s, sealed)
	raw, err := base64.RawStdEncoding.DecodeString(rest)
	if !ok || err != nil || len(raw) < b.aead.NonceSize() {
		return "", errSealed
	}
	n := b.aead.NonceSize()
	plain, err := b.aead.Open(nil, raw[:n], raw[n:], []byte(place))
	if err != nil {
		return "", errSealed
	}
	return Text(plain), nil
}

// Mac returns what a value with few possibilities, such as a number of a
// telephone, is recognised by: its HMAC-SHA-256 (RFC 2104) for a purpose.
// Without the master key nobody can try them all.
func (b *Box) Mac(purpose, value string) string {
	h := hmac.New(sha256.New, b.mac)
	h.Write([]byte(purpose + "\x00" + value))
	return hex.EncodeToString(h.Sum(nil))
}
