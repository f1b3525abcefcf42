package main

import (
	"encoding/binary"
	"errors"
)

var errMO = errors.New("not a little-endian gettext catalogue")

// readMO calls yield for every message of a gettext .mo file.
func readMO(b []byte, yield func(id, text string)) error {
	u32 := func(at uint32) uint32 {
		if uint64(at)+4 > uint64(len(b)) {
			return 0
		}
		return binary.LittleEndian.Uint32(b[at:])
	}
	if len(b) < 28 || u32(0) != 0x950412de {
		return errMO
	}
	n, ids, texts := u32(8), u32(12), u32(16)
	str := func(at uint32) (string, bool) {
		size, off := uint64(u32(at)), uint64(u32(at+4))
		if off+size > uint64(len(b)) {
			return "", false
		}
		return string(b[off : off+size]), true
	}
	for i := range n {
		id, ok1 := str(ids + 8*i)
		text, ok2 := str(texts + 8*i)
		if !ok1 || !ok2 {
			return errMO
		}
		if id != "" && text != "" {
			yield(id, text)
		}
	}
	return nil
}
