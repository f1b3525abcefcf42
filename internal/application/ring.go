package application

import (
	"crypto/sha256"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hypercare/hypercare/internal/gateway"
)

// Ring holds all valid keys of all workspaces in memory, by hash: a look-up
// waits for nothing, costs the same for ten keys and for 100,000, and goes on
// while the database is away. It implements gateway.Keys and
// gateway.Applications.
//
// It is made of many small maps that are never changed but replaced: a change
// copies the few that it touches.
type Ring struct {
	keys    [ringParts]atomic.Pointer[map[[sha256.Size]byte]*gateway.Consumer]
	signers [ringParts]atomic.Pointer[map[string]*gateway.Signer]
	named   [ringParts]atomic.Pointer[map[named]*gateway.Consumer] // applications by id and by name
	plans   atomic.Pointer[map[named]*gateway.Plan]
	seen    atomic.Int64 // when the records were last read, in nanoseconds since 1970; 0: never
	trust   time.Duration

	// What writers know, under mu.
	mu    sync.Mutex
	clock int64 // of the newest change that is in the maps
	apps  map[named]*entry
	used  map[string]*use // by key
	count atomic.Int64
}

const ringParts = 256

// trustFor is how long the ring is believed to be complete after a look.
const trustFor = 5 * time.Second

// named is an id or a name in a workspace.
type named struct{ workspace, name string }

// entry is what an application has in the maps.
type entry struct {
	hashes  [][sha256.Size]byte
	signers []string
	names   []named
}

// use is when a key was last used.
type use struct {
	workspace, id string
	at            atomic.Int64 // seconds
	written       int64        // what the records have, seconds
}

func newRing() *Ring {
	return &Ring{trust: trustFor, clock: -1, apps: map[named]*entry{}, used: map[string]*use{}}
}

// Find implements gateway.Keys.
func (r *Ring) Find(sum [sha256.Size]byte) (*gateway.Consumer, bool) {
	if m := r.keys[sum[0]].Load(); m != nil {
		if c := (*m)[sum]; c != nil {
			return c, true
		}
	}
	return nil, r.sure()
}

// Application implements gateway.Applications.
func (r *Ring) Application(workspace, name string) (*gateway.Consumer, bool) {
	n := named{workspace, name}
	if m := r.named[part(n)].Load(); m != nil {
		if c := (*m)[n]; c != nil {
			return c, true
		}
	}
	return nil, r.sure()
}

// Signer implements gateway.Applications.
func (r *Ring) Signer(id string) (*gateway.Signer, bool) {
	if m := r.signers[part(named{"", id})].Load(); m != nil {
		if s := (*m)[id]; s != nil {
			return s, true
		}
	}
	return nil, r.sure()
}

// Plan implements gateway.Applications.
func (r *Ring) Plan(workspace, name string) *gateway.Plan {
	if m := r.plans.Load(); m != nil {
		return (*m)[named{workspace, name}]
	}
	return nil
}

// sure reports whether what is not here is not in the records either.
func (r *Ring) sure() bool {
	at := r.seen.Load()
	return at != 0 && time.Since(time.Unix(0, at)) < r.trust
}

// Len is how many keys there are.
func (r *Ring) Len() int { return int(r.count.Load()) }

var ringSeed = maphash.MakeSeed()

func part(n named) int { return int(maphash.Comparable(ringSeed, n) % ringParts) }

// edit collects changes to the maps, copying each that is touched once.
type edit struct {
	ring    *Ring
	keys    map[int]map[[sha256.Size]byte]*gateway.Consumer
	signers map[int]map[string]*gateway.Signer
	named   map[int]map[named]*gateway.Consumer
}

func (r *Ring) edit() *edit {
	return &edit{ring: r, keys: map[int]map[[sha256.Size]byte]*gateway.Consumer{}, signers: map[int]map[string]*gateway.Signer{}, named: map[int]map[named]*gateway.Consumer{}}
}

// of returns the copy of a part.
func of[K comparable, V any](copies map[int]map[K]V, parts *[ringParts]atomic.Pointer[map[K]V], i int) map[K]V {
	if m := copies[i]; m != nil {
		return m
	}
	m := map[K]V{}
	if old := parts[i].Load(); old != nil {
		for k, v := range *old {
			m[k] = v
		}
	}
	copies[i] = m
	return m
}

func (e *edit) key(sum [sha256.Size]byte) map[[sha256.Size]byte]*gateway.Consumer {
	return of(e.keys, &e.ring.keys, int(sum[0]))
}

func (e *edit) signer(id string) map[string]*gateway.Signer {
	return of(e.signers, &e.ring.signers, part(named{"", id}))
}

func (e *edit) name(n named) map[named]*gateway.Consumer {
	return of(e.named, &e.ring.named, part(n))
}

// remove takes an application out.
func (e *edit) remove(id named) {
	old := e.ring.apps[id]
	if old == nil {
		return
	}
	for _, sum := range old.hashes {
		delete(e.key(sum), sum)
	}
	for _, id := range old.signers {
		delete(e.signer(id), id)
	}
	for _, n := range old.names {
		delete(e.name(n), n)
	}
	e.ring.count.Add(-int64(len(old.hashes) + len(old.signers)))
	delete(e.ring.apps, id)
}

// done puts the copies in place.
func (e *edit) done() {
	for i, m := range e.keys {
		e.ring.keys[i].Store(&m)
	}
	for i, m := range e.signers {
		e.ring.signers[i].Store(&m)
	}
	for i, m := range e.named {
		e.ring.named[i].Store(&m)
	}
}
