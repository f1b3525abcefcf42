package cache

import (
	"container/list"
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"time"
)

// Store keeps answers up to a number of bytes; what was not used for the
// longest is forgotten first. It may be used by many at once.
type Store struct {
	shards [shards]shard
	most   int64 // bytes of one shard
}

const (
	shards = 16
	// maxVariants bounds the answers of one key that differ by Vary or by who
	// asked.
	maxVariants = 64
)

type shard struct {
	mu      sync.Mutex
	sets    map[string]*variants
	used    *list.List // of *stored, the latest first
	bytes   int64
	evicted uint64
}

// variants are the answers of one key.
type variants struct {
	vary []string // fields that they depend on, by the latest answer
	list map[string]*list.Element
}

type stored struct {
	entry          *Entry
	key, secondary string
	size           int64
	pass           time.Time // no answer: until then it is known that there is none to keep
}

// NewStore returns a store for about that many bytes.
func NewStore(bytes int64) *Store {
	s := &Store{most: bytes / shards}
	for i := range s.shards {
		s.shards[i].sets, s.shards[i].used = map[string]*variants{}, list.New()
	}
	return s
}

var seed = maphash.MakeSeed()

func (s *Store) of(key string) *shard { return &s.shards[maphash.String(seed, key)%shards] }

// Get finds an answer. values returns a field of the request; owners are for
// whom answers are looked for, such as "" for everybody. known says that there
// is something for the key, if not for this request.
func (s *Store) Get(key string, owners []string, values func(field string) string) (e *Entry, known bool) {
	sh := s.of(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	set := sh.sets[key]
	if set == nil {
		return nil, false
	}
	for _, owner := range owners {
		if el := set.list[secondary(owner, set.vary, values)]; el != nil && el.Value.(*stored).entry != nil {
			sh.used.MoveToFront(el)
			return el.Value.(*stored).entry, true
		}
	}
	return nil, true
}

// secondary tells the answers of one key apart (RFC 9111 4.1).
func secondary(owner string, vary []string, values func(string) string) string {
	var b strings.Builder
	b.WriteString(owner)
	for _, name := range vary {
		b.WriteByte(0)
		b.WriteString(normal(values(name)))
	}
	return b.String()
}

// normal takes what means nothing out of a list: blanks around commas.
func normal(v string) string {
	parts := strings.Split(v, ",")
	for i := range parts {
		parts[i] = strings.Join(strings.Fields(parts[i]), " ")
	}
	return strings.Join(parts, ",")
}

// Put keeps an answer for an owner; false when it is too large.
func (s *Store) Put(key, owner string, e *Entry, values func(field string) string) bool {
	vary := e.Vary()
	return s.put(key, vary, &stored{entry: e, key: key, secondary: secondary(owner, vary, values), size: e.size() + int64(len(key))})
}

// Pass remembers until a moment that a request has no answer worth keeping, so
// that nobody waits for another's.
func (s *Store) Pass(key, owner string, until time.Time) {
	s.put(key, nil, &stored{key: key, secondary: "pass\x00" + owner, size: int64(len(key)) + 300, pass: until})
}

// Passes reports whether Pass said so.
func (s *Store) Passes(key, owner string, now time.Time) bool {
	sh := s.of(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	set := sh.sets[key]
	if set == nil {
		return false
	}
	el := set.list["pass\x00"+owner]
	return el != nil && el.Value.(*stored).pass.After(now)
}

func (s *Store) put(key string, vary []string, n *stored) bool {
	if n.size > s.most {
		return false
	}
	sh := s.of(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	set := sh.sets[key]
	if set == nil {
		set = &variants{vary: vary, list: map[string]*list.Element{}}
		sh.sets[key] = set
	}
	if n.entry != nil && !slices.Equal(set.vary, vary) {
		// What depends on other fields now can't be found any more.
		for _, el := range set.list {
			sh.drop(el)
		}
		set = &variants{vary: vary, list: map[string]*list.Element{}}
		sh.sets[key] = set
	}
	if el := set.list[n.secondary]; el != nil {
		sh.bytes -= el.Value.(*stored).size
		el.Value = n
		sh.bytes += n.size
		sh.used.MoveToFront(el)
	} else {
		if len(set.list) >= maxVariants {
			sh.drop(oldest(set))
			sh.sets[key] = set
		}
		set.list[n.secondary] = sh.used.PushFront(n)
		sh.bytes += n.size
	}
	for sh.bytes > s.most {
		sh.evicted++
		sh.drop(sh.used.Back())
	}
	return true
}

// oldest is any of the variants: which one matters little, there are too many.
func oldest(set *variants) *list.Element {
	for _, el := range set.list {
		return el
	}
	return nil
}

// drop forgets one answer.
func (sh *shard) drop(el *list.Element) {
	n := el.Value.(*stored)
	sh.used.Remove(el)
	sh.bytes -= n.size
	if set := sh.sets[n.key]; set != nil && set.list[n.secondary] == el {
		delete(set.list, n.secondary)
		if len(set.list) == 0 {
			delete(sh.sets, n.key)
		}
	}
}

// Delete forgets all answers of a key: something was changed there (RFC 9111
// 4.4).
func (s *Store) Delete(key string) {
	sh := s.of(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if set := sh.sets[key]; set != nil {
		for _, el := range set.list {
			sh.drop(el)
		}
	}
}

// Stats are how much is kept.
type Stats struct {
	Entries int
	Bytes   int64
	Most    int64
	Evicted uint64
}

// Stats counts what is kept.
func (s *Store) Stats() Stats {
	out := Stats{Most: s.most * shards}
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		out.Entries += sh.used.Len()
		out.Bytes += sh.bytes
		out.Evicted += sh.evicted
		sh.mu.Unlock()
	}
	return out
}
