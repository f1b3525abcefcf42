package gateway

import "golang.org/x/sys/unix"

// pollHangUp shows that the other side sends no more.
const pollHangUp = unix.POLLRDHUP
