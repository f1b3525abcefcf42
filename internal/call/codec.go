package call

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"unicode/utf8"
	"unsafe"

	"github.com/hypercare/hypercare/internal/workspace"
)

// A frame is a record as the spool and the memory hold it: length and CRC32C
// of what follows, each four bytes, then the record. Numbers are little
// endian or varints; a text has its length before it.
const (
	frameHead  = 8
	frameFixed = 1 + 8 + 16 + 16 + 8 + 8 // version, time, ids: what comes before the workspace
	maxFrame   = 4 << 20
	recordVer  = 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var (
	errTorn    = errors.New("the frame is cut off")
	errDamaged = errors.New("the frame is damaged")
)

// appendFrame adds a record to b. What is longer than its field takes is cut.
func appendFrame(b []byte, r *Record) []byte {
	at := len(b)
	b = append(b, make([]byte, frameHead)...)
	b = append(b, recordVer)
	b = binary.LittleEndian.AppendUint64(b, uint64(r.Time))
	b = append(b, r.ID[:]...)
	b = append(b, r.Trace[:]...)
	b = append(b, r.Span[:]...)
	b = append(b, r.Parent[:]...)
	b = appendText(b, string(r.Workspace), columns[Workspace].size)
	from := unsafe.Pointer(r)
	for _, f := range intFields[1:] {
		b = binary.AppendUvarint(b, uint64(*(*int64)(unsafe.Add(from, columns[f].offset))))
	}
	for _, f := range textFields[1:] {
		s := *(*string)(unsafe.Add(from, columns[f].offset))
		switch {
		case f == RequestCapture && len(r.Request.Body) > MaxBody, f == ResponseCapture && len(r.Response.Body) > MaxBody:
			s = Cut
		case f == RequestBody || f == ResponseBody: // whatever it is, it stays as it is
			s = s[:min(len(s), MaxBody)]
			b = binary.AppendUvarint(b, uint64(len(s)))
			b = append(b, s...)
			continue
		}
		b = appendText(b, s, columns[f].size)
	}
	body := b[at+frameHead:]
	binary.LittleEndian.PutUint32(b[at:], uint32(len(body)))
	binary.LittleEndian.PutUint32(b[at+4:], crc32.Checksum(body, castagnoli))
	return b
}

func appendText(b []byte, s string, max int) []byte {
	if len(s) == 0 {
		return append(b, 0)
	}
	if len(s) > max || !utf8.ValidString(s) {
		s = clip(s, max)
	}
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// nextFrame splits the first record off b, checked.
func nextFrame(b []byte) (body, rest []byte, err error) {
	if len(b) < frameHead {
		return nil, b, errTorn
	}
	n := binary.LittleEndian.Uint32(b)
	if n < frameFixed || n > maxFrame {
		return nil, b, errDamaged
	}
	if len(b)-frameHead < int(n) {
		return nil, b, errTorn
	}
	body = b[frameHead : frameHead+int(n)]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(b[4:]) {
		return nil, b, errDamaged
	}
	return body, b[frameHead+int(n):], nil
}

// splitFrame is nextFrame for what was checked before, without checking again.
func splitFrame(b []byte) (body, rest []byte) {
	n := int(binary.LittleEndian.Uint32(b))
	return b[frameHead : frameHead+n], b[frameHead+n:]
}

// frameTime and frameWorkspace read what sorting needs from a record's body.
func frameTime(body []byte) int64 { return int64(binary.LittleEndian.Uint64(body[1:])) }

func frameID(body []byte) []byte { return body[9 : 9+16] }

func frameWorkspace(body []byte) (workspace.ID, error) {
	s, _, err := readText(body[frameFixed:])
	return workspace.ID(s), err
}

// decode reads a record's body into r, whose texts point into it then.
func decode(body []byte, r *Record) error {
	if len(body) < frameFixed || body[0] != recordVer {
		return errDamaged
	}
	r.Time = frameTime(body)
	b := body[9:]
	copy(r.ID[:], b)
	copy(r.Trace[:], b[16:])
	copy(r.Span[:], b[32:])
	copy(r.Parent[:], b[40:])
	ws, b, err := readText(body[frameFixed:])
	if err != nil {
		return err
	}
	r.Workspace = workspace.ID(ws)
	for _, f := range intFields[1:] {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return errDamaged
		}
		*r.int(f) = int64(v)
		b = b[n:]
	}
	for _, f := range textFields[1:] {
		if *r.text(f), b, err = readText(b); err != nil {
			return err
		}
	}
	if len(b) != 0 {
		return errDamaged
	}
	return nil
}

// readText takes a text off b; it points into b.
func readText(b []byte) (string, []byte, error) {
	n, k := binary.Uvarint(b)
	if k <= 0 || n > uint64(len(b)-k) {
		return "", b, errDamaged
	}
	return textOf(b[k : k+int(n)]), b[k+int(n):], nil
}

// textOf sees bytes that nobody writes to any more as a text.
func textOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// bytesOf sees a text as bytes, to be read only.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
