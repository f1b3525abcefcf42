package importer

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/errs"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// An encoding is how characters are written in the file; the decoded stream
// is UTF-8, where a byte order mark stays as its three bytes.
type encoding string

const (
	utf8Text    encoding = "utf-8"
	utf16LE     encoding = "utf-16le"
	utf16BE     encoding = "utf-16be"
	windows1252 encoding = "windows-1252"
)

// openStream returns the decoded stream of f from the given offset on.
func openStream(f io.ReaderAt, size int64, p Plan, offset int64) (io.Reader, error) {
	if !p.Gzip && (p.Encoding == utf8Text || p.Encoding == "") {
		return io.NewSectionReader(f, min(offset, size), max(0, size-offset)), nil
	}
	var r io.Reader = io.NewSectionReader(f, 0, size)
	if p.Gzip {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, errs.Wrap(errs.Unprocessable, err, "The file says it is gzip-compressed but can't be unpacked; compress it again.")
		}
		r = &unpackGuard{r: z, packed: size}
	}
	switch p.Encoding {
	case utf16LE:
		r = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder().Reader(r)
	case utf16BE:
		r = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder().Reader(r)
	case windows1252:
		r = charmap.Windows1252.NewDecoder().Reader(r)
	}
	if _, err := io.CopyN(io.Discard, r, offset); err != nil && !errors.Is(err, io.EOF) && !damaged(err) {
		return nil, fmt.Errorf("skip to offset %d: %w", offset, err)
	}
	return r, nil
}

// unpackGuard refuses a compressed file that unpacks to more than any honest
// one would.
type unpackGuard struct {
	r      io.Reader
	packed int64
	n      int64
}

func (g *unpackGuard) Read(b []byte) (int, error) {
	n, err := g.r.Read(b)
	g.n += int64(n)
	if too := bomb(g.n, g.packed); too != nil {
		return n, too
	}
	return n, err
}

// bomb returns an error when a file of packed bytes that unpacks to size
// bytes or more must not be unpacked.
func bomb(size, packed int64) error {
	if size > MaxUnpacked {
		return errs.New(errs.TooLarge, "The file unpacks to more than %d GB; split it into smaller ones.", int64(MaxUnpacked)>>30)
	}
	if size > ratioFreeSize && size/maxRatio > packed {
		return errs.New(errs.TooLarge, "The file unpacks to more than %d times its size, as only a zip bomb does; send it unpacked.", maxRatio)
	}
	return nil
}

// damaged reports whether err means that the compressed data is broken, as
// opposed to a disk that can't be read.
func damaged(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.As(err, &corrupt) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader)
}

// A window looks at a stream through a buffer that grows as far as its user
// needs to look ahead.
type window struct {
	r          io.Reader
	buf        []byte
	start, end int   // unread bytes are buf[start:end]
	off        int64 // offset of buf[start] in the decoded stream
	eof        bool
	err        error // why reading stopped, other than at the end
}

func newWindow(r io.Reader, off int64) *window {
	return &window{r: r, buf: make([]byte, 64<<10), off: off}
}

// bytes returns what is buffered and unread.
func (w *window) bytes() []byte { return w.buf[w.start:w.end] }

// advance marks n bytes as read.
func (w *window) advance(n int) {
	w.start += n
	w.off += int64(n)
}

// more buffers further bytes behind the unread ones; false at the end.
func (w *window) more() bool {
	if w.eof {
		return false
	}
	if w.start > 0 {
		w.end = copy(w.buf, w.buf[w.start:w.end])
		w.start = 0
	}
	if w.end == len(w.buf) {
		w.buf = append(w.buf, make([]byte, len(w.buf))...)
	}
	for range 100 {
		n, err := w.r.Read(w.buf[w.end:])
		w.end += n
		if err != nil {
			w.eof = true
			if !errors.Is(err, io.EOF) {
				w.err = err
			}
			return n > 0
		}
		if n > 0 {
			return true
		}
	}
	w.eof, w.err = true, io.ErrNoProgress
	return false
}

// skipLine discards up to and including the next sep.
func (w *window) skipLine(sep byte) {
	for {
		if i := bytes.IndexByte(w.bytes(), sep); i >= 0 {
			w.advance(i + 1)
			return
		}
		w.advance(w.end - w.start)
		if !w.more() {
			return
		}
	}
}

// survey is what one pass over a whole stream tells.
type survey struct {
	bytes   int64
	invalid int64 // bytes that are not UTF-8
	multi   int64 // well-formed characters of more than one byte
}

// surveyStream reads r to its end. Damaged compressed data ends it early
// without an error: the reader reports that in its place.
func surveyStream(r io.Reader) (survey, error) {
	var s survey
	buf := make([]byte, 256<<10)
	keep := 0
	for {
		n, err := r.Read(buf[keep:])
		data := buf[:keep+n]
		s.bytes += int64(n)
		keep = s.count(data, err != nil)
		copy(buf, data[len(data)-keep:])
		switch {
		case errors.Is(err, io.EOF), err != nil && damaged(err):
			return s, nil
		case err != nil:
			return s, err
		}
	}
}

// count looks at data and returns how many bytes at its end may be the
// beginning of a character.
func (s *survey) count(data []byte, last bool) int {
	for i := 0; i < len(data); {
		if data[i] < utf8.RuneSelf {
			i++
			continue
		}
		if !last && !utf8.FullRune(data[i:]) {
			return len(data) - i
		}
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			s.invalid++
		} else {
			s.multi++
		}
		i += n
	}
	return 0
}
