package db

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"sync"
	"time"
)

var lower32 = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// ids makes the ids of this process grow: within one millisecond each is the
// last one plus a random step.
var ids struct {
	sync.Mutex
	ms   uint64
	tail uint64 // of the 80 bits behind the time, the upper 64
}

// NewID returns a 26-character id: 48 bits of time in milliseconds and 80
// bits that can't be guessed. An id made later in this process sorts later,
// and across processes to the millisecond, so that indexes grow at one end
// and reports keep the order in which they arrived.
func NewID() string {
	var b [16]byte
	_, _ = rand.Read(b[6:]) // never fails, see crypto/rand
	fresh := binary.BigEndian.Uint64(b[6:14])
	ids.Lock()
	if ms := uint64(time.Now().UnixMilli()); ms > ids.ms {
		ids.ms, ids.tail = ms, fresh>>1 // room to step up from
	} else if next := ids.tail + 1 + fresh>>24; next > ids.tail {
		ids.tail = next
	} else {
		ids.ms, ids.tail = ids.ms+1, fresh>>1
	}
	ms, tail := ids.ms, ids.tail
	ids.Unlock()
	b[0], b[1], b[2], b[3], b[4], b[5] = byte(ms>>40), byte(ms>>32), byte(ms>>24), byte(ms>>16), byte(ms>>8), byte(ms)
	binary.BigEndian.PutUint64(b[6:14], tail)
	return lower32.EncodeToString(b[:])
}
