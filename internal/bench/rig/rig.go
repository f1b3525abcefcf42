//go:build linux

// Package rig is both ends of a gateway that is measured, the clients and the
// upstream, on one thread around epoll. It costs a few microseconds a request,
// so that the gateway on the other core is what saturates; goroutines and
// net/http here would cost more than what they measure.
package rig

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Answer is what the upstream says at one path. Events above 0 makes it a
// stream: as many pieces of Body, each written alone, in chunks.
type Answer struct {
	Type   string
	Body   []byte
	Events int
}

// Load is what the clients do.
type Load struct {
	To       netip.AddrPort
	Request  []byte // as it goes over the wire
	Conns    int
	Rate     float64       // requests a second over all connections; 0: each sends as soon as it was answered
	Duration time.Duration // measured
	Warm     time.Duration // before that
}

// Result is what came of a Load.
type Result struct {
	Done      int // answered whole, in the measured time
	Failed    int // broken connections and answers other than 2xx
	Events    int // pieces of streams that the upstream wrote
	Latency   []time.Duration
	Elapsed   time.Duration
	FirstFail string
}

// Rig is an upstream that listens, and clients while Run runs. One goroutine
// owns it.
type Rig struct {
	ep      int
	ln      int
	addr    netip.AddrPort
	answers map[string]*prepared
	socks   map[int]*sock
	streams []*sock // upstream connections in the middle of a stream
	events  []unix.EpollEvent
	buf     []byte

	load   *Load
	res    *Result
	from   time.Time // of measuring
	next   time.Time // when the next request is due, with a rate
	queue  []time.Time
	idle   []*sock
	opened int
}

type prepared struct {
	whole []byte // head and body; the head alone for streams
	piece []byte // one event as a chunk
	n     int
}

type sock struct {
	fd     int
	client bool
	in     []byte // of a head that is not whole
	left   int    // of a body, when its length is known
	tail   [5]byte
	chunks bool
	body   bool // the head is read
	bad    bool
	due    time.Time // when the request under way should have been sent
	stream *prepared
	sent   int
}

// New listens on a loopback port with these answers by path.
func New(answers map[string]Answer) (*Rig, error) {
	r := &Rig{answers: map[string]*prepared{}, socks: map[int]*sock{}, events: make([]unix.EpollEvent, 512), buf: make([]byte, 256<<10)}
	for path, a := range answers {
		p := &prepared{n: a.Events}
		if a.Events > 0 {
			p.whole = fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nCache-Control: no-store\r\nTransfer-Encoding: chunked\r\n\r\n", a.Type)
			p.piece = fmt.Appendf(nil, "%x\r\n%s\r\n", len(a.Body), a.Body)
		} else {
			p.whole = fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", a.Type, len(a.Body), a.Body)
		}
		r.answers[path] = p
	}
	var err error
	if r.ep, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	if r.ln, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0); err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	if err = unix.Bind(r.ln, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err == nil {
		err = unix.Listen(r.ln, 4096)
	}
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	name, err := unix.Getsockname(r.ln)
	if err != nil {
		return nil, fmt.Errorf("name of the listener: %w", err)
	}
	in4, ok := name.(*unix.SockaddrInet4)
	if !ok {
		return nil, errors.New("the listener has no IPv4 address")
	}
	r.addr = netip.AddrPortFrom(netip.AddrFrom4(in4.Addr), uint16(in4.Port))
	return r, r.watch(r.ln)
}

// Addr is where the upstream listens.
func (r *Rig) Addr() netip.AddrPort { return r.addr }

// Close ends all connections and the listener.
func (r *Rig) Close() {
	for fd := range r.socks {
		_ = unix.Close(fd)
	}
	_ = unix.Close(r.ln)
	_ = unix.Close(r.ep)
}

func (r *Rig) watch(fd int) error {
	return unix.EpollCtl(r.ep, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP, Fd: int32(fd)})
}

// Run puts a load on a gateway whose upstream this rig is.
func (r *Rig) Run(l Load) (*Result, error) {
	r.load, r.res = &l, &Result{}
	r.queue, r.idle = nil, nil
	start := time.Now()
	r.from, r.next = start.Add(l.Warm), start
	for range l.Conns {
		s, err := r.connect(l.To)
		if err != nil {
			return nil, err
		}
		if l.Rate > 0 {
			r.idle = append(r.idle, s)
		} else if r.ask(s, time.Now()); s.fd < 0 {
			return nil, errors.New("a new connection could not be written to")
		}
	}
	end := r.from.Add(l.Duration)
	for now := start; now.Before(end); now = time.Now() {
		r.pace(now)
		if err := r.turn(); err != nil {
			return nil, err
		}
	}
	r.res.Elapsed = time.Since(r.from)
	for fd, s := range r.socks {
		if s.client {
			r.drop(fd)
		}
	}
	// The gateway notices that its clients are gone before the next load comes.
	for until := time.Now().Add(200 * time.Millisecond); time.Now().Before(until); {
		if err := r.turn(); err != nil {
			return nil, err
		}
	}
	out := r.res
	r.load, r.res = nil, nil
	return out, nil
}

// Hold opens connections, lets each make one request, keeps all of them open
// and calls f, serving the upstream meanwhile no more.
func (r *Rig) Hold(to netip.AddrPort, request []byte, conns int, f func()) (held int, err error) {
	r.load, r.res = &Load{To: to, Request: request, Rate: 1}, &Result{}
	r.from = time.Now()
	r.idle = nil
	var mine []*sock
	for range conns {
		s, err := r.connect(to)
		if err != nil {
			return held, err
		}
		mine = append(mine, s)
		r.ask(s, time.Now())
		for until := time.Now().Add(5 * time.Second); len(r.idle) == 0 && s.fd >= 0 && time.Now().Before(until); {
			if err := r.turn(); err != nil {
				return held, err
			}
		}
		if len(r.idle) > 0 {
			held++
		}
		r.idle = r.idle[:0]
	}
	f()
	for _, s := range mine {
		if s.fd >= 0 {
			r.drop(s.fd)
		}
	}
	r.load, r.res = nil, nil
	return held, nil
}

// pace sends what is due. Requests that find no free connection wait, and
// their latency counts from when they were due (no coordinated omission).
func (r *Rig) pace(now time.Time) {
	if r.load.Rate <= 0 {
		return
	}
	for !r.next.After(now) {
		r.queue = append(r.queue, r.next)
		r.next = r.next.Add(time.Duration(float64(time.Second) / r.load.Rate))
	}
	for len(r.queue) > 0 && len(r.idle) > 0 {
		s := r.idle[len(r.idle)-1]
		r.idle = r.idle[:len(r.idle)-1]
		if s.fd < 0 {
			continue
		}
		r.ask(s, r.queue[0])
		r.queue = r.queue[1:]
	}
}

// turn waits for events and works them off.
func (r *Rig) turn() error {
	timeout := 20
	if len(r.streams) > 0 || r.load != nil && r.load.Rate > 0 {
		timeout = 0
	}
	n, err := unix.EpollWait(r.ep, r.events, timeout)
	if err != nil && !errors.Is(err, unix.EINTR) {
		return fmt.Errorf("wait: %w", err)
	}
	for _, ev := range r.events[:max(n, 0)] {
		fd := int(ev.Fd)
		if fd == r.ln {
			r.accept()
		} else if s := r.socks[fd]; s != nil {
			r.read(s)
		}
	}
	// One event of each stream a turn: they arrive one by one, as from a model.
	live := r.streams[:0]
	for _, s := range r.streams {
		if s.fd >= 0 && r.event(s) {
			live = append(live, s)
		}
	}
	r.streams = live
	return nil
}

func (r *Rig) accept() {
	for {
		fd, _, err := unix.Accept4(r.ln, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err != nil {
			return
		}
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		if r.watch(fd) != nil {
			_ = unix.Close(fd)
			continue
		}
		r.socks[fd] = &sock{fd: fd}
	}
}

func (r *Rig) connect(to netip.AddrPort) (*sock, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	// From several addresses, so that ports do not run out.
	r.opened++
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	_ = unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, byte(2 + r.opened%8)}})
	if err := unix.Connect(fd, &unix.SockaddrInet4{Addr: to.Addr().As4(), Port: int(to.Port())}); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("connect to %s: %w", to, err)
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if err := errors.Join(unix.SetNonblock(fd, true), r.watch(fd)); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	s := &sock{fd: fd, client: true}
	r.socks[fd] = s
	return s, nil
}

func (r *Rig) drop(fd int) {
	if s := r.socks[fd]; s != nil {
		s.fd = -1
	}
	delete(r.socks, fd)
	_ = unix.Close(fd)
}

// write writes all; a full buffer is waited for, which loopback makes rare.
func (r *Rig) write(s *sock, b []byte) bool {
	for len(b) > 0 {
		n, err := unix.Write(s.fd, b)
		if n > 0 {
			b = b[n:]
		}
		if errors.Is(err, unix.EAGAIN) {
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLOUT}}, 1000)
		} else if err != nil {
			r.lost(s, "write: "+err.Error())
			return false
		}
	}
	return true
}

func (r *Rig) ask(s *sock, due time.Time) {
	s.due, s.body, s.chunks, s.bad, s.in = due, false, false, false, s.in[:0]
	r.write(s, r.load.Request)
}

// lost ends a connection; one of the clients' counts as a failure.
func (r *Rig) lost(s *sock, why string) {
	if s.client && r.res != nil {
		r.fail(why)
		if c, err := r.connect(r.load.To); err == nil {
			if r.load.Rate > 0 {
				r.idle = append(r.idle, c)
			} else {
				r.ask(c, time.Now())
			}
		}
	}
	if s.fd >= 0 {
		r.drop(s.fd)
	}
}

func (r *Rig) fail(why string) {
	r.res.Failed++
	if r.res.FirstFail == "" {
		r.res.FirstFail = why
	}
}

func (r *Rig) read(s *sock) {
	n, err := unix.Read(s.fd, r.buf)
	if n <= 0 {
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
			return
		}
		r.lost(s, "the connection was closed")
		return
	}
	r.take(s, r.buf[:n])
}

var (
	headEnd   = []byte("\r\n\r\n")
	lengthIs  = []byte("content-length:")
	chunkedIs = []byte("transfer-encoding: chunked")
	lastChunk = [5]byte{'0', '\r', '\n', '\r', '\n'}
)

// take goes on with a message. Nobody sends two at once.
func (r *Rig) take(s *sock, b []byte) {
	if !s.body {
		s.in = append(s.in, b...)
		i := bytes.Index(s.in, headEnd)
		if i < 0 {
			return
		}
		r.head(s, s.in[:i+2])
		b = s.in[i+4:]
		s.body = true
	}
	if s.chunks {
		for _, c := range b[max(0, len(b)-5):] {
			copy(s.tail[:], s.tail[1:])
			s.tail[4] = c
		}
		if s.tail == lastChunk {
			r.whole(s)
		}
		return
	}
	if s.left -= len(b); s.left <= 0 {
		r.whole(s)
	}
}

func (r *Rig) head(s *sock, h []byte) {
	s.left, s.chunks, s.tail = 0, false, [5]byte{}
	low := bytes.ToLower(h)
	if i := bytes.Index(low, lengthIs); i >= 0 {
		v := low[i+len(lengthIs):]
		v = bytes.TrimSpace(v[:bytes.IndexByte(v, '\r')])
		s.left, _ = strconv.Atoi(string(v))
	}
	s.chunks = bytes.Contains(low, chunkedIs)
	if s.client {
		s.bad = len(h) < 12 || h[9] != '2'
		if s.bad && r.res != nil && r.res.FirstFail == "" {
			r.res.FirstFail = string(h[:min(len(h), 80)])
		}
		return
	}
	path := h
	if i := bytes.IndexByte(path, ' '); i >= 0 {
		path = path[i+1:]
	}
	if i := bytes.IndexByte(path, ' '); i >= 0 {
		path = path[:i]
	}
	s.stream = r.answers[string(path)]
}

// whole ends a message: the upstream answers, a client asks again.
func (r *Rig) whole(s *sock) {
	s.body, s.in = false, s.in[:0]
	if !s.client {
		p := s.stream
		if p == nil {
			r.write(s, []byte("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))
			return
		}
		if r.write(s, p.whole) && p.n > 0 {
			s.sent = 0
			r.streams = append(r.streams, s)
		}
		return
	}
	now := time.Now()
	if r.res == nil {
		return
	}
	if now.After(r.from) {
		if s.bad {
			r.fail("an answer that is no success")
		} else {
			r.res.Done++
			r.res.Latency = append(r.res.Latency, now.Sub(s.due))
		}
	}
	if r.load.Rate > 0 {
		r.idle = append(r.idle, s)
	} else {
		r.ask(s, now)
	}
}

// event writes one piece of a stream, and reports whether there are more.
func (r *Rig) event(s *sock) bool {
	p := s.stream
	if s.sent == p.n {
		r.write(s, lastChunk[:])
		return false
	}
	s.sent++
	if r.res != nil && time.Now().After(r.from) {
		r.res.Events++
	}
	return r.write(s, p.piece)
}
