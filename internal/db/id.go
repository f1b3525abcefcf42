package db

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"time"
)

var lower32 = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID returns a 26-character id: 48 bits of time in milliseconds and 80
// random bits. Ids made later sort later, so that indexes grow at one end.
func NewID() string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(time.Now().UnixMilli())<<16)
	_, _ = rand.Read(b[6:]) // never fails, see crypto/rand
	return lower32.EncodeToString(b[:])
}
