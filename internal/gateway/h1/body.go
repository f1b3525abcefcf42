package h1

import "bytes"

// Body follows the framing of a message's body while its bytes go by: where
// it ends, and that its chunks are what they say. Bytes are passed on as they
// came; only well-formed ones get that far.
type Body struct {
	mode mode
	left int64 // bytes left of the fixed body or of the present chunk

	size   int64 // being read
	digits int
	line   int   // bytes in the present line of trailers
	total  int64 // bytes of trailers
	data   int64 // bytes of content so far, without framing

	tail  []byte // lines of trailers, each ended by LF
	begun int    // where the present one begins
	count int
}

type mode uint8

const (
	ended mode = iota
	fixed
	untilClose
	chunkSize
	chunkSizeLF
	chunkData
	chunkDataCR
	chunkDataLF
	trailers
	trailerLF
	lastLF
)

const (
	maxDigits        = 15       // of a chunk's size
	maxTrailers      = 16 << 10 // bytes
	maxTrailerFields = 64
)

// Start begins the body of a message. none is Head.NoBody for a response.
func (b *Body) Start(h *Head, response, none bool) {
	*b = Body{tail: b.tail[:0]}
	switch {
	case none:
	case h.Chunked:
		b.mode = chunkSize
	case h.Length > 0:
		b.mode, b.left = fixed, h.Length
	case h.Length < 0 && response:
		b.mode = untilClose
	}
}

// Done reports whether the body has ended.
func (b *Body) Done() bool { return b.mode == ended }

// UntilClose reports whether only the end of the connection ends the body.
func (b *Body) UntilClose() bool { return b.mode == untilClose }

// Left is how many bytes are still to come of a body whose length was said, -1
// for another.
func (b *Body) Left() int64 {
	if b.mode == fixed {
		return b.left
	}
	return -1
}

// Size is how many bytes of content have gone by, without framing.
func (b *Body) Size() int64 { return b.data }

// EOF says that the connection ended: fine only for a body without a length.
func (b *Body) EOF() error {
	if b.mode == untilClose {
		b.mode = ended
	}
	if b.mode != ended {
		return ErrTruncated
	}
	return nil
}

// Take reads the start of p: the first pass bytes are body as it is passed on,
// the first used ones belong to this message. Both differ only by trailers,
// which are kept (see Trailers): they follow the last chunk's line "0" and
// have to be looked through before anybody else sees them. Where content is
// wanted without framing, see Content.
func (b *Body) Take(p []byte) (pass, used int, err error) {
	for used < len(p) && b.mode != ended {
		switch b.mode {
		case untilClose:
			b.data += int64(len(p) - used)
			return len(p), len(p), nil
		case fixed, chunkData:
			n := int(min(int64(len(p)-used), b.left))
			b.left -= int64(n)
			b.data += int64(n)
			used += n
			pass = used
			if b.left == 0 {
				if b.mode == fixed {
					b.mode = ended
				} else {
					b.mode = chunkDataCR
				}
			}
		default:
			trailing := b.mode >= trailers
			if err := b.frame(p[used]); err != nil {
				return pass, used, err
			}
			if used++; !trailing {
				pass = used
			}
		}
	}
	return pass, used, nil
}

// Trailers adds the fields behind a chunked body that has ended to list. They
// point into the body's own buffer and hold until the next Start.
func (b *Body) Trailers(list []Field) []Field {
	for rest := b.tail; len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n')
		colon := bytes.IndexByte(rest, ':')
		list = append(list, Field{rest[:colon], trim(rest[colon+1 : end])})
		rest = rest[end+1:]
	}
	return list
}

// frame reads one byte of what is around chunks.
func (b *Body) frame(c byte) error {
	switch b.mode {
	case chunkSize:
		return b.sizeByte(c)
	case chunkSizeLF:
		if c != '\n' {
			return ErrChunk
		}
		b.left, b.size, b.digits = b.size, 0, 0
		b.mode = chunkData
		if b.left == 0 {
			b.mode, b.line = trailers, 0
		}
	case chunkDataCR:
		if c != '\r' {
			return ErrChunk
		}
		b.mode = chunkDataLF
	case chunkDataLF:
		if c != '\n' {
			return ErrChunk
		}
		b.mode = chunkSize
	default:
		return b.trailerByte(c)
	}
	return nil
}

// sizeByte reads hexadecimal digits. Extensions are refused: nobody needs
// them, and readers differ in where they end.
func (b *Body) sizeByte(c byte) error {
	var d byte
	switch {
	case c >= '0' && c <= '9':
		d = c - '0'
	case c >= 'a' && c <= 'f':
		d = c - 'a' + 10
	case c >= 'A' && c <= 'F':
		d = c - 'A' + 10
	case c == '\r' && b.digits > 0:
		b.mode = chunkSizeLF
		return nil
	default:
		return ErrChunk
	}
	if b.digits++; b.digits > maxDigits {
		return ErrChunk
	}
	b.size = b.size<<4 | int64(d)
	return nil
}

func (b *Body) trailerByte(c byte) error {
	if b.total++; b.total > maxTrailers {
		return ErrTooLarge
	}
	switch b.mode {
	case trailers:
		switch {
		case c == '\r' && b.line == 0:
			b.mode = lastLF
		case c == '\r':
			b.mode = trailerLF
		case !text[c] || b.line == 0 && !token[c]:
			return ErrTrailers
		default:
			b.line++
			b.tail = append(b.tail, c)
		}
	case trailerLF:
		if c != '\n' {
			return ErrTrailers
		}
		if err := b.endTrailer(); err != nil {
			return err
		}
		b.mode, b.line = trailers, 0
	case lastLF:
		if c != '\n' {
			return ErrTrailers
		}
		b.mode = ended
	}
	return nil
}

// endTrailer checks the line that has just ended.
func (b *Body) endTrailer() error {
	line := b.tail[b.begun:]
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || valid(Field{line[:colon], line[colon+1:]}) != nil {
		return ErrTrailers
	}
	if b.count++; b.count > maxTrailerFields {
		return ErrTooLarge
	}
	b.tail = append(b.tail, '\n')
	b.begun = len(b.tail)
	return nil
}

// Content is Take that moves the content of p to its front, without framing:
// it returns how much content there is and how many bytes of p were used.
func (b *Body) Content(p []byte) (content, used int, err error) {
	for used < len(p) && b.mode != ended {
		switch b.mode {
		case fixed, chunkData, untilClose:
			before := b.data
			q := p[used:]
			if b.mode != untilClose {
				q = q[:min(int64(len(q)), b.left)]
			}
			_, n, err := b.Take(q)
			if err != nil {
				return content, used, err
			}
			copy(p[content:], q[:b.data-before])
			content += int(b.data - before)
			used += n
		default:
			if err := b.frame(p[used]); err != nil {
				return content, used, err
			}
			used++
		}
	}
	return content, used, nil
}
