package dup

import "github.com/hypercare/hypercare/internal/nlp/vector"

// vectors holds the int8 vectors of one kind in slots, in the order they
// came, in blocks that are never moved. All have the length of the first.
type vectors struct {
	dim    int
	slotOf []int32  // by document: slot + 1, 0 for none
	docOf  []uint32 // by slot; noDoc for a free slot
	free   []int32
	blocks [][]int8
}

const (
	noDoc      = ^uint32(0)
	vecBlock   = 256 // vectors in a block
	unitSquare = vector.Unit * vector.Unit
)

// set stores v as the vector of document n; nil, or a wrong length, is
// ignored.
func (s *vectors) set(n uint32, v []int8) {
	if len(v) == 0 || s.dim != 0 && len(v) != s.dim {
		return
	}
	s.dim = len(v)
	for len(s.slotOf) <= int(n) {
		s.slotOf = append(s.slotOf, 0)
	}
	slot := s.slotOf[n] - 1
	switch {
	case slot >= 0:
	case len(s.free) > 0:
		slot = s.free[len(s.free)-1]
		s.free = s.free[:len(s.free)-1]
		s.docOf[slot] = n
	default:
		slot = int32(len(s.docOf))
		s.docOf = append(s.docOf, n)
		if int(slot)%vecBlock == 0 {
			s.blocks = append(s.blocks, make([]int8, vecBlock*s.dim))
		}
	}
	s.slotOf[n] = slot + 1
	copy(s.at(slot), v)
}

func (s *vectors) at(slot int32) []int8 {
	from := int(slot) % vecBlock * s.dim
	return s.blocks[slot/vecBlock][from : from+s.dim : from+s.dim]
}

// get returns the vector of document n, nil when it has none.
func (s *vectors) get(n uint32) []int8 {
	if int(n) >= len(s.slotOf) || s.slotOf[n] == 0 {
		return nil
	}
	return s.at(s.slotOf[n] - 1)
}

func (s *vectors) drop(n uint32) {
	if int(n) < len(s.slotOf) && s.slotOf[n] != 0 {
		slot := s.slotOf[n] - 1
		s.slotOf[n] = 0
		s.docOf[slot] = noDoc
		s.free = append(s.free, slot)
	}
}
