package h1

import "bytes"

var (
	endHead     = []byte("\r\n\r\n")
	schemeHTTP  = []byte("http://")
	schemeHTTPS = []byte("https://")
	asterisk    = []byte("*")
)

// Limits of a head. A head that has no end within the caller's buffer is too
// large as well.
const (
	MaxTarget = 16 << 10
	MaxFields = 200
	maxLength = 18 // digits of Content-Length: under 1 EB
)

// ParseRequest reads a request's head from the start of b and returns its
// length, 0 while b does not hold all of it. An error ends the connection.
func (h *Head) ParseRequest(b []byte) (int, error) {
	end, err := headEnd(b)
	if end == 0 || err != nil {
		return 0, err
	}
	h.reset()
	line, err := firstLine(b)
	if err != nil {
		return 0, err
	}
	rest, err := h.requestLine(line)
	if err != nil {
		return 0, err
	}
	if err := h.version(rest); err != nil {
		return 0, err
	}
	hosts, err := h.fields(b[len(line):end])
	if err != nil {
		return 0, err
	}
	if h.Chunked && h.Minor == 0 {
		return 0, ErrAmbiguous // HTTP/1.0 knows no chunks: somebody before us may read it otherwise
	}
	if err := h.setHost(hosts); err != nil {
		return 0, err
	}
	return end, nil
}

// ParseResponse is ParseRequest for a response.
func (h *Head) ParseResponse(b []byte) (int, error) {
	end, err := headEnd(b)
	if end == 0 || err != nil {
		return 0, err
	}
	h.reset()
	line, err := firstLine(b)
	if err != nil {
		return 0, err
	}
	if len(line) < 12 || line[8] != ' ' || len(line) > 12 && line[12] != ' ' {
		return 0, ErrMalformed
	}
	if err := h.version(line[:8]); err != nil {
		return 0, err
	}
	for _, c := range line[9:12] {
		if c < '0' || c > '9' {
			return 0, ErrMalformed
		}
		h.Status = h.Status*10 + int(c-'0')
	}
	if h.Status < 100 {
		return 0, ErrMalformed
	}
	if len(line) > 13 {
		h.Reason = line[13:]
	}
	for _, c := range h.Reason {
		if !text[c] {
			return 0, ErrMalformed
		}
	}
	if _, err := h.fields(b[len(line):end]); err != nil {
		return 0, err
	}
	if h.Chunked && (h.Minor == 0 || h.Status/100 == 1 || h.Status == 204) {
		return 0, ErrAmbiguous // RFC 9112 6.1: others may take the chunks for the next message
	}
	return end, nil
}

// headEnd finds the end of a head. Empty lines before a request (RFC 9112 2.2)
// are refused like anything else that is not a request line.
func headEnd(b []byte) (int, error) {
	end := bytes.Index(b, endHead)
	if end >= 0 {
		return end + len(endHead), nil
	}
	// What can't become a head any more is refused before the buffer is full.
	if i := bytes.IndexByte(b, '\n'); i >= 0 && (i == 0 || b[i-1] != '\r') {
		return 0, ErrMalformed
	}
	return 0, nil
}

// firstLine is what is before the first CRLF; a CR of any other kind is
// refused.
func firstLine(b []byte) ([]byte, error) {
	i := bytes.IndexByte(b, '\r')
	if b[i+1] != '\n' {
		return nil, ErrMalformed
	}
	return b[:i], nil
}

func (h *Head) reset() {
	*h = Head{Fields: h.Fields[:0], connection: h.connection[:0], Length: -1}
}

// requestLine reads method and target and returns what should be the version.
func (h *Head) requestLine(line []byte) ([]byte, error) {
	i := bytes.IndexByte(line, ' ')
	if i <= 0 {
		return nil, ErrMalformed
	}
	h.Method = line[:i]
	for _, c := range h.Method {
		if !token[c] {
			return nil, ErrMalformed
		}
	}
	line = line[i+1:]
	if i = bytes.IndexByte(line, ' '); i <= 0 {
		return nil, ErrMalformed
	}
	h.Target = line[:i]
	if len(h.Target) > MaxTarget {
		return nil, ErrTooLarge
	}
	for _, c := range h.Target {
		if !targetByte(c) {
			return nil, ErrMalformed
		}
	}
	return line[i+1:], nil
}

func (h *Head) version(v []byte) error {
	if len(v) != 8 || string(v[:5]) != "HTTP/" || v[6] != '.' {
		return ErrMalformed
	}
	if v[5] != '1' || v[7] != '0' && v[7] != '1' {
		return ErrVersion
	}
	h.Minor = int(v[7] - '0')
	return nil
}

// fields reads the lines behind the first; b begins with the CRLF that ended
// it. It returns how many Host fields there were.
func (h *Head) fields(b []byte) (hosts int, err error) {
	h.Close = h.Minor == 0
	var codings, upgrades int
	for b = b[2:]; len(b) > 2; {
		end := bytes.IndexByte(b, '\r')
		if b[end+1] != '\n' {
			return 0, ErrMalformed // CR inside a line; a bare LF is no text either
		}
		line := b[:end]
		b = b[end+2:]
		colon := bytes.IndexByte(line, ':')
		if colon <= 0 {
			return 0, ErrMalformed
		}
		f := Field{line[:colon], trim(line[colon+1:])}
		if err := valid(f); err != nil {
			return 0, err
		}
		if len(h.Fields) == MaxFields {
			return 0, ErrTooLarge
		}
		h.Fields = append(h.Fields, f)
		switch len(f.Name) {
		case 2:
			if Is(f.Name, "te") {
				h.Trailers = h.Trailers || HasTrailers(f.Value)
			}
		case 4:
			if Is(f.Name, "host") {
				hosts++
				h.Host = f.Value
			}
		case 6:
			if Is(f.Name, "expect") {
				h.Continue = Is(f.Value, "100-continue")
			}
		case 7:
			switch {
			case Is(f.Name, "upgrade"):
				upgrades++
			case Is(f.Name, "trailer"):
				h.Trailer = true
			}
		case 10:
			if Is(f.Name, "connection") {
				if err := h.connectionField(f.Value); err != nil {
					return 0, err
				}
			}
		case 12:
			if Is(f.Name, "content-type") {
				h.GRPC = len(f.Value) >= 16 && Is(f.Value[:16], "application/grpc")
			}
		case 14:
			if Is(f.Name, "content-length") {
				if err := h.length(f.Value); err != nil {
					return 0, err
				}
			}
		case 17:
			if Is(f.Name, "transfer-encoding") {
				if codings++; codings > 1 {
					return 0, ErrAmbiguous
				}
				if !Is(f.Value, "chunked") {
					return 0, ErrCoding
				}
				h.Chunked = true
			}
		}
	}
	h.Upgrade = h.Upgrade && upgrades > 0
	if h.Chunked && h.Length >= 0 {
		return 0, ErrAmbiguous
	}
	return hosts, nil
}

// HasTrailers reports whether TE lists trailers (RFC 9110 10.1.4).
func HasTrailers(v []byte) bool {
	for part := range bytes.SplitSeq(v, []byte(",")) {
		if Is(trim(part), "trailers") {
			return true
		}
	}
	return false
}

func trim(v []byte) []byte {
	for len(v) > 0 && (v[0] == ' ' || v[0] == '\t') {
		v = v[1:]
	}
	for len(v) > 0 && (v[len(v)-1] == ' ' || v[len(v)-1] == '\t') {
		v = v[:len(v)-1]
	}
	return v
}

func valid(f Field) error {
	for _, c := range f.Name {
		if !token[c] {
			return ErrMalformed // also a blank before the colon, and a folded line
		}
	}
	for _, c := range f.Value {
		if !text[c] {
			return ErrMalformed
		}
	}
	return nil
}

// length reads Content-Length: digits only, once.
func (h *Head) length(v []byte) error {
	if h.Length >= 0 || len(v) == 0 || len(v) > maxLength {
		return ErrAmbiguous
	}
	n := int64(0)
	for _, c := range v {
		if c < '0' || c > '9' {
			return ErrAmbiguous
		}
		n = n*10 + int64(c-'0')
	}
	h.Length = n
	return nil
}

// unhoppable are fields that nobody may have dropped by naming them in
// Connection: what would be left is another message.
var unhoppable = []string{"host", "content-length", "transfer-encoding", "authorization", "cookie"}

func (h *Head) connectionField(v []byte) error {
	for len(v) > 0 {
		name := v
		if i := bytes.IndexByte(v, ','); i >= 0 {
			name, v = v[:i], v[i+1:]
		} else {
			v = nil
		}
		name = trim(name)
		switch {
		case len(name) == 0:
		case Is(name, "close"):
			h.Close = true
		case Is(name, "keep-alive"):
			if h.Minor == 0 {
				h.Close = false
			}
		case Is(name, "upgrade"):
			h.Upgrade = true
		default:
			for _, u := range unhoppable {
				if Is(name, u) {
					return ErrMalformed
				}
			}
			h.connection = append(h.connection, name)
		}
	}
	return nil
}

// setHost checks the target's form against the host (RFC 9112 3.2): one Host
// field exactly; the authority of an absolute target goes before it.
func (h *Head) setHost(hosts int) error {
	if hosts > 1 || hosts == 0 && h.Minor == 1 {
		return ErrNoHost
	}
	switch {
	case h.Target[0] == '/':
	case bytes.Equal(h.Target, asterisk):
		if string(h.Method) != "OPTIONS" {
			return ErrMalformed
		}
	case hasScheme(h.Target, schemeHTTP), hasScheme(h.Target, schemeHTTPS):
		rest := h.Target[bytes.IndexByte(h.Target, '/')+2:]
		end := bytes.IndexAny(rest, "/?")
		if end < 0 {
			end = len(rest)
		}
		h.Host, h.Target = rest[:end], rest[end:]
		if len(h.Target) == 0 || h.Target[0] == '?' {
			return ErrMalformed // no path: nobody sends that, and it can't be cut out of the buffer
		}
	default:
		return ErrMalformed // CONNECT and what else a gateway is not for
	}
	if len(h.Host) == 0 && h.Minor == 0 && hosts < 2 {
		return nil
	}
	if !validHost(h.Host) {
		return ErrNoHost
	}
	return nil
}

// Check holds a request that another codec has read (HTTP/2) against what this
// one takes, so that it can be written as HTTP/1.1 and mean the same: there a
// blank in a method or a target would end it. target is the path with the
// query, or "*".
func Check(method, target, host []byte, fields []Field) error {
	if len(method) == 0 || len(target) == 0 || target[0] != '/' && (string(target) != "*" || string(method) != "OPTIONS") {
		return ErrMalformed
	}
	for _, c := range method {
		if !token[c] {
			return ErrMalformed
		}
	}
	if len(target) > MaxTarget {
		return ErrTooLarge
	}
	for _, c := range target {
		if !targetByte(c) {
			return ErrMalformed
		}
	}
	if !validHost(host) {
		return ErrNoHost
	}
	if len(fields) > MaxFields {
		return ErrTooLarge
	}
	for _, f := range fields {
		if len(f.Name) == 0 || valid(f) != nil {
			return ErrMalformed
		}
	}
	return nil
}

func targetByte(c byte) bool { return c > ' ' && c != 0x7f && c != '#' }

func hasScheme(target, scheme []byte) bool {
	return len(target) > len(scheme) && bytes.EqualFold(target[:len(scheme)], scheme)
}

// validHost reports whether h is uri-host with or without a port (RFC 3986
// 3.2.2), without percent-encoding and user names.
func validHost(h []byte) bool {
	host, port := h, []byte(nil)
	if i := bytes.LastIndexByte(h, ':'); i >= 0 && h[len(h)-1] != ']' {
		host, port = h[:i], h[i+1:]
	}
	for _, c := range port {
		if c < '0' || c > '9' {
			return false
		}
	}
	if len(host) > 2 && host[0] == '[' && host[len(host)-1] == ']' {
		for _, c := range host[1 : len(host)-1] {
			if c != ':' && c != '.' && !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
				return false
			}
		}
		return true
	}
	for _, c := range host {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '.' || c == '_') {
			return false
		}
	}
	return len(host) > 0
}
