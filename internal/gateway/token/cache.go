package token

import (
	"crypto/sha256"
	"sync"
	"time"
)

// cache remembers by the hash of a token, bounded: a full shard forgets what
// is over, then anything. Its zero value is ready.
type cache[V any] struct {
	shards [cacheShards]cacheShard[V]
}

const (
	cacheShards = 16
	// cacheEach bounds a shard: 16,000 tokens in all, about 1 kB each.
	cacheEach = 1000
)

type cacheShard[V any] struct {
	mu   sync.RWMutex
	list map[[sha256.Size]byte]cached[V]
}

type cached[V any] struct {
	value V
	until time.Time // then it may be forgotten
}

func (c *cache[V]) get(key [sha256.Size]byte) (V, bool) {
	s := &c.shards[key[0]%cacheShards]
	s.mu.RLock()
	e, ok := s.list[key]
	s.mu.RUnlock()
	return e.value, ok
}

func (c *cache[V]) put(key [sha256.Size]byte, v V, now, until time.Time) {
	s := &c.shards[key[0]%cacheShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.list == nil {
		s.list = map[[sha256.Size]byte]cached[V]{}
	}
	if _, there := s.list[key]; !there && len(s.list) >= cacheEach {
		for k, e := range s.list {
			if e.until.Before(now) {
				delete(s.list, k)
			}
		}
		for k := range s.list { // in no order
			if len(s.list) < cacheEach {
				break
			}
			delete(s.list, k)
		}
	}
	s.list[key] = cached[V]{v, until}
}
