package call

// What is not in a segment yet is in a head: its frames in memory, and the
// same in a spool file. The newest head grows; those that are full or old
// wait to be made into segments.

// Sizes of a head's parts.
const (
	chunkBytes = 512 << 10
	memRows    = 2048 // rows that a query decodes at once
)

// memUnit is a run of frames, never changed once it is seen.
type memUnit struct {
	data     []byte
	rows     int
	from, to int64
}

// head is a spool file and what is in it.
type head struct {
	n     uint64 // number of the spool file
	units []memUnit
	rows  int
	bytes int
	from  int64 // of the earliest call
	born  int64 // when the first came in; 0: none has
	chunk []byte
	shown int  // bytes of chunk that are in units
	open  bool // the last unit ends where those end
}

// place copies frames to where they stay, and returns them there. They are
// not in the head before they are shown.
func (h *head) place(frames []byte) []byte {
	if cap(h.chunk)-len(h.chunk) < len(frames) {
		h.chunk, h.shown, h.open = make([]byte, 0, max(chunkBytes, len(frames))), 0, false
	}
	at := len(h.chunk)
	h.chunk = append(h.chunk, frames...)
	return h.chunk[at:]
}

// show adds what was placed to what queries see. A unit that grows is a new
// value over the same memory: who holds the old one sees what it saw.
func (h *head) show(now int64) {
	for h.shown < len(h.chunk) {
		body, rest := splitFrame(h.chunk[h.shown:])
		t, size := frameTime(body), len(h.chunk)-len(rest)-h.shown
		if h.rows == 0 || t < h.from {
			h.from = t
		}
		if h.born == 0 {
			h.born = now
		}
		h.rows++
		h.bytes += size
		if n := len(h.units); h.open && h.units[n-1].rows < memRows {
			u := &h.units[n-1]
			start := h.shown - len(u.data)
			*u = memUnit{h.chunk[start : h.shown+size : h.shown+size], u.rows + 1, min(u.from, t), max(u.to, t)}
		} else {
			h.units = append(h.units, memUnit{h.chunk[h.shown : h.shown+size : h.shown+size], 1, t, t})
			h.open = true
		}
		h.shown += size
	}
}

// eachFrame calls fn with the body of every frame of some units.
func eachFrame(units []memUnit, fn func(body []byte) error) error {
	for _, u := range units {
		for rest := u.data; len(rest) > 0; {
			body, next := splitFrame(rest)
			if err := fn(body); err != nil {
				return err
			}
			rest = next
		}
	}
	return nil
}
