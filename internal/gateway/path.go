package gateway

import "bytes"

// cleanPath refuses paths that the gateway and an upstream could read
// differently, so that nothing that a route or a policy guards is reached by
// another spelling: dot segments, however they are encoded, control
// characters, backslashes, and escapes that are none. An encoded slash stays
// what it is, part of a segment.
func cleanPath(path []byte) bool {
	if bytes.IndexByte(path, '%') < 0 {
		return !dotted(path) && bytes.IndexByte(path, '\\') < 0
	}
	var buf [256]byte
	plain := buf[:0]
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c == '%' {
			if i+2 >= len(path) {
				return false
			}
			hi, lo := unhex(path[i+1]), unhex(path[i+2])
			if hi < 0 || lo < 0 {
				return false
			}
			c = byte(hi<<4 | lo)
			i += 2
			if c < 0x20 || c == 0x7f || c == '\\' {
				return false
			}
			if c == '/' {
				// An upstream that decodes it sees a separator: "..%2f" climbs.
				plain = append(plain, '/')
				continue
			}
		}
		if c == '\\' {
			return false
		}
		plain = append(plain, c)
	}
	// Once more: "%252e%252e" is dots for whoever decodes twice.
	return !dotted(plain) && !doubly(plain)
}

func doubly(plain []byte) bool {
	i := bytes.IndexByte(plain, '%')
	if i < 0 {
		return false
	}
	for ; i+2 < len(plain); i++ {
		if plain[i] != '%' {
			continue
		}
		hi, lo := unhex(plain[i+1]), unhex(plain[i+2])
		if hi < 0 || lo < 0 {
			continue
		}
		switch byte(hi<<4 | lo) {
		case '.', '/', '\\', 0, '\r', '\n':
			return true
		}
	}
	return false
}

// dotted reports a segment "." or "..", also before a parameter of the path
// (";").
func dotted(path []byte) bool {
	for i := 0; i < len(path); i++ {
		if path[i] != '.' || i > 0 && path[i-1] != '/' {
			continue
		}
		j := i + 1
		if j < len(path) && path[j] == '.' {
			j++
		}
		if j == len(path) || path[j] == '/' || path[j] == ';' {
			return true
		}
	}
	return false
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
