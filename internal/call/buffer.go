package call

import (
	"sync"
	"sync/atomic"
)

// buffer holds what was appended until the writer takes it. It is in shards,
// so that no lock is shared by all cores; each holds at most its part.
type buffer struct {
	shards []shard
	limit  int           // bytes a shard
	wake   chan struct{} // something is there
	lost   atomic.Int64  // did not fit
	got    atomic.Int64
}

type shard struct {
	mu    sync.Mutex
	data  []byte
	count int
	spare []byte // what the writer has emptied
	_     [56]byte
}

func newBuffer(shards, limit int) *buffer {
	n := 1
	for n < shards {
		n *= 2
	}
	return &buffer{shards: make([]shard, n), limit: limit / n, wake: make(chan struct{}, 1)}
}

// put copies a record in, if there is room.
func (b *buffer) put(r *Record) bool {
	// The last bytes of an id are random, so that calls spread over shards; a
	// shard that is in use is passed over.
	pick, mask := int(r.ID[15]), len(b.shards)-1
	s := &b.shards[pick&mask]
	for i := 1; !s.mu.TryLock(); i++ {
		if i == len(b.shards) {
			s.mu.Lock()
			break
		}
		s = &b.shards[(pick+i)&mask]
	}
	at, first := len(s.data), s.count == 0
	if at <= b.limit {
		s.data = appendFrame(s.data, r)
	}
	if at > b.limit || len(s.data) > b.limit {
		s.data = s.data[:at]
		s.mu.Unlock()
		b.lost.Add(1)
		return false
	}
	s.count++
	s.mu.Unlock()
	b.got.Add(1)
	if first {
		select {
		case b.wake <- struct{}{}:
		default:
		}
	}
	return true
}

// size is how many bytes wait.
func (b *buffer) size() (n int) {
	for i := range b.shards {
		s := &b.shards[i]
		s.mu.Lock()
		n += len(s.data)
		s.mu.Unlock()
	}
	return n
}

// take moves what waits to the end of dst.
func (b *buffer) take(dst []byte) []byte {
	for i := range b.shards {
		s := &b.shards[i]
		s.mu.Lock()
		full := s.data
		s.data, s.count, s.spare = s.spare[:0], 0, nil
		s.mu.Unlock()
		dst = append(dst, full...)
		if cap(full) > 1<<20 {
			full = nil // a burst's memory is not kept
		}
		s.mu.Lock()
		s.spare = full
		s.mu.Unlock()
	}
	return dst
}
