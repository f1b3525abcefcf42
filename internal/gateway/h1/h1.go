// Package h1 is a strict HTTP/1.1 codec over byte slices (RFC 9110, RFC 9112),
// for a proxy that must not be made to disagree with its neighbours about
// where a message ends. What is ambiguous is refused, never repaired: bare LF,
// folded lines, blanks in names, two lengths, a length beside chunks, chunk
// extensions with control characters. Parsing allocates nothing once its
// slices have grown; everything it answers points into the caller's buffer.
//
// It does no I/O and knows no route; the gateway package brings both.
package h1

import (
	"bytes"
	"errors"
)

// Why a message is refused. Each is safe to show.
var (
	ErrMalformed = errors.New("malformed message")
	ErrTooLarge  = errors.New("head too large")
	ErrVersion   = errors.New("HTTP version not supported")
	ErrAmbiguous = errors.New("ambiguous length of body")
	ErrCoding    = errors.New("transfer coding not supported")
	ErrNoHost    = errors.New("no single valid Host")
	ErrChunk     = errors.New("malformed chunk")
	ErrTruncated = errors.New("message ended early")
	ErrTrailers  = errors.New("malformed trailers")
)

// Field is one header line as it came; Name keeps its case.
type Field struct{ Name, Value []byte }

// Head is the head of a request or a response.
type Head struct {
	Method []byte // of a request
	Target []byte
	Status int // of a response
	Reason []byte
	Minor  int // HTTP/1.Minor

	Fields  []Field
	Host    []byte // of a request: the field, or the authority of an absolute target
	Length  int64  // Content-Length; -1 when there is none
	Chunked bool

	Close    bool // this side closes after the message
	Upgrade  bool // Connection names upgrade and there is an Upgrade field
	Continue bool // Expect: 100-continue
	Trailer  bool // announces trailers
	Trailers bool // TE: trailers: those of the answer will be understood
	GRPC     bool // Content-Type application/grpc: trailers matter

	connection [][]byte // names in Connection, to be dropped with it
}

// token are the bytes of names (tchar, RFC 9110 5.6.2), text those of values
// (field-vchar, SP and HTAB, RFC 9110 5.5).
var token, text = func() (name, value [256]bool) {
	for _, c := range []byte("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		name[c] = true
	}
	for c := 0x20; c < 256; c++ {
		value[c] = c != 0x7f
	}
	value['\t'] = true
	return name, value
}()

// Is reports whether a name is lower, whatever its case. lower must be ASCII
// in lower case.
func Is(name []byte, lower string) bool {
	if len(name) != len(lower) {
		return false
	}
	for i := range len(lower) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// Get returns the value of the first field with a lower case name.
func (h *Head) Get(lower string) ([]byte, bool) {
	for i := range h.Fields {
		if Is(h.Fields[i].Name, lower) {
			return h.Fields[i].Value, true
		}
	}
	return nil, false
}

// HopByHop reports whether a field belongs to this connection only and is not
// passed on (RFC 9110 7.6.1): the well-known ones, and those that Connection
// names. Transfer-Encoding is not among them: framing is written anew from
// Chunked.
func (h *Head) HopByHop(name []byte) bool {
	switch len(name) {
	case 2:
		if Is(name, "te") {
			return true
		}
	case 7:
		if Is(name, "upgrade") {
			return true
		}
	case 10:
		if Is(name, "connection") || Is(name, "keep-alive") {
			return true
		}
	case 16:
		if Is(name, "proxy-connection") {
			return true
		}
	}
	for _, n := range h.connection {
		if bytes.EqualFold(n, name) {
			return true
		}
	}
	return false
}

// Nominate takes a value of Connection of a message that another codec has
// read: what it names is HopByHop.
func (h *Head) Nominate(v []byte) error { return h.connectionField(v) }

// NoBody reports whether a response has no body whatever its fields say (RFC
// 9112 6.3).
func (h *Head) NoBody(toHEAD bool) bool {
	return toHEAD || h.Status/100 == 1 || h.Status == 204 || h.Status == 304
}
