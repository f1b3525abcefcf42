//go:build unix

package gateway

import "syscall"

// What a look at a socket shows.
const (
	peekNothing = iota // open, nothing to read
	peekData
	peekClosed
)

// peek looks at a socket without reading from it or waiting. Not by
// RawConn.Read: that waits for whoever reads at the moment, and minds a
// deadline that was for somebody else.
func peek(raw syscall.RawConn) int {
	state := peekNothing
	var b [1]byte
	err := raw.Control(func(fd uintptr) {
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		switch {
		case n > 0:
			state = peekData
		case err == nil, err != syscall.EAGAIN && err != syscall.EINTR:
			state = peekClosed
		}
	})
	if err != nil {
		return peekClosed
	}
	return state
}
