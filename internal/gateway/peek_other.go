//go:build unix && !linux

package gateway

// pollHangUp shows that the connection is broken; that the other side sends no
// more is not seen here.
const pollHangUp = 0
