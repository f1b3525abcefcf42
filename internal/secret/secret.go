// Package secret holds values that must not be printed, and how random ones
// are made and remembered.
package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
)

// Text is a secret: it prints as REDACTED in logs, errors and JSON. Reveal
// gives the value where it is meant to leave.
type Text string

const redacted = "REDACTED"

// String implements fmt.Stringer.
func (Text) String() string { return redacted }

// GoString implements fmt.GoStringer (%#v).
func (Text) GoString() string { return redacted }

// LogValue implements slog.LogValuer.
func (Text) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler, which JSON uses too.
func (Text) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Reveal returns the value.
func (t Text) Reveal() string { return string(t) }

// Hash is what is stored of a random secret: its SHA-256. Enough, because it
// holds 128 random bits or more; a password needs argon2id instead.
func (t Text) Hash() string {
	sum := sha256.Sum256([]byte(t))
	return hex.EncodeToString(sum[:])
}

// New returns prefix and 208 random bits as text.
func New(prefix string) Text { return Text(prefix + rand.Text() + rand.Text()[:16]) }
