//go:build unix

package gateway

import (
	"syscall"

	"golang.org/x/sys/unix"
)

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

// hungUp reports whether the other side has ended the connection, whatever is
// still to be read from it.
func hungUp(raw syscall.RawConn) bool {
	gone := false
	err := raw.Control(func(fd uintptr) {
		p := []unix.PollFd{{Fd: int32(fd), Events: pollHangUp}}
		n, err := unix.Poll(p, 0)
		gone = err == nil && n > 0 && p[0].Revents != 0
	})
	return gone || err != nil
}
