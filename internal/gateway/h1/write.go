package h1

import "strconv"

// AppendField adds one header line.
func AppendField(b, name, value []byte) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	b = append(b, value...)
	return append(b, '\r', '\n')
}

// AppendLine adds one header line of text.
func AppendLine(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	b = append(b, value...)
	return append(b, '\r', '\n')
}

// AppendStatus adds a status line.
func AppendStatus(b []byte, status int, reason []byte) []byte {
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, ' ')
	b = append(b, reason...)
	return append(b, '\r', '\n')
}

// AppendChunk adds content as one chunk; empty content adds nothing, for an
// empty chunk would end the body.
func AppendChunk(b, content []byte) []byte {
	if len(content) == 0 {
		return b
	}
	b = strconv.AppendInt(b, int64(len(content)), 16)
	b = append(b, '\r', '\n')
	b = append(b, content...)
	return append(b, '\r', '\n')
}

// LastChunk ends a chunked body without trailers.
const LastChunk = LastSize + "\r\n"

// LastSize is the last chunk's line, behind which trailers and an empty line
// follow.
const LastSize = "0\r\n"
