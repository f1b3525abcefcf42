package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
	"golang.org/x/net/netutil"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/errs"
)

const (
	maxConnections = 200
	maxPerClient   = 20
	maxRecipients  = 50
	maxUnknown     = 20               // recipients of one connection that are none
	maxBodies      = 4                // mails that are taken at once: each is in memory
	bodyWait       = 30 * time.Second // for one of them to end
	bodyTime       = 10 * time.Minute // RFC 5321 4.5.3.2
	maxHops        = 50               // Received fields: more is a loop (RFC 5321 6.3)
	putTime        = 30 * time.Second
)

// Listener takes mail by SMTP (RFC 5321). It relays nothing: recipients are
// channels.
type Listener struct {
	s      *Service
	server *smtp.Server
	bodies chan struct{}
	mu     sync.Mutex
	conns  map[string]int // by client
}

// NewListener returns a listener; certFile is "cert.pem,key.pem" or one file
// with both, "" for no TLS.
func (s *Service) NewListener(certFile string) (*Listener, error) {
	l := &Listener{s: s, bodies: make(chan struct{}, maxBodies), conns: map[string]int{}}
	l.server = smtp.NewServer(l)
	l.server.Domain = s.Domain
	l.server.MaxMessageBytes, l.server.MaxRecipients, l.server.MaxLineLength = maxMessage, maxRecipients, 4000
	l.server.ReadTimeout, l.server.WriteTimeout = 2*time.Minute, time.Minute
	l.server.EnableSMTPUTF8 = true
	l.server.ErrorLog = slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug)
	if certFile != "" {
		c := &certificate{}
		c.cert, c.key, _ = strings.Cut(certFile, ",")
		if c.key == "" {
			c.key = c.cert
		}
		if _, err := c.get(nil); err != nil {
			return nil, fmt.Errorf("certificate of the SMTP port: %w", err)
		}
		l.server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
	}
	return l, nil
}

// Serve takes connections until the listener is closed.
func (l *Listener) Serve(ln net.Listener) error {
	err := l.server.Serve(netutil.LimitListener(ln, maxConnections))
	if errors.Is(err, smtp.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Shutdown lets mail that is under way end until ctx does.
func (l *Listener) Shutdown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if err := l.server.Shutdown(ctx); err != nil && !errors.Is(err, smtp.ErrServerClosed) {
		return l.server.Close()
	}
	return nil
}

// certificate is read anew when its file changes.
type certificate struct {
	cert, key string
	mu        sync.Mutex
	looked    time.Time
	at        time.Time
	now       *tls.Certificate
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now != nil && time.Since(c.looked) < time.Minute {
		return c.now, nil
	}
	c.looked = time.Now()
	info, err := os.Stat(c.cert)
	if err == nil && (c.now == nil || !info.ModTime().Equal(c.at)) {
		var pair tls.Certificate
		if pair, err = tls.LoadX509KeyPair(c.cert, c.key); err == nil {
			c.now, c.at = &pair, info.ModTime()
		}
	}
	if c.now == nil {
		return nil, err
	}
	return c.now, nil // the one before, where the new one can't be read
}

// NewSession implements smtp.Backend.
func (l *Listener) NewSession(c *smtp.Conn) (smtp.Session, error) {
	client, _, err := net.SplitHostPort(c.Conn().RemoteAddr().String())
	if err != nil {
		client = c.Conn().RemoteAddr().String()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conns[client] >= maxPerClient {
		return nil, reply(421, smtp.EnhancedCode{4, 7, 0}, "Too many connections from %s; close some.", client)
	}
	l.conns[client]++
	return &session{l: l, conn: c, client: client}, nil
}

func reply(code int, enhanced smtp.EnhancedCode, format string, args ...any) *smtp.SMTPError {
	return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: fmt.Sprintf(format, args...)}
}

// refusal is how an error is told to the sending server: it tries again after
// 4xx, and sends the mail back after 5xx.
func refusal(err error) error {
	switch errs.KindOf(err) {
	case errs.NotFound:
		return reply(550, smtp.EnhancedCode{5, 1, 1}, "%s", errs.Message(err))
	case errs.Denied:
		return reply(550, smtp.EnhancedCode{5, 7, 1}, "%s", errs.Message(err))
	case errs.Invalid, errs.Unprocessable, errs.Conflict:
		return reply(554, smtp.EnhancedCode{5, 6, 0}, "%s", errs.Message(err))
	case errs.TooLarge:
		return reply(552, smtp.EnhancedCode{5, 3, 4}, "%s", errs.Message(err))
	case errs.Internal:
		return reply(451, smtp.EnhancedCode{4, 3, 0}, "Something went wrong here; send it again later.")
	}
	return reply(451, smtp.EnhancedCode{4, 3, 2}, "%s", errs.Message(err))
}

// session is what a client says between EHLO and QUIT.
type session struct {
	l       *Listener
	conn    *smtp.Conn
	client  string
	from    string
	to      []recipient
	unknown int
	gone    bool
}

type recipient struct {
	address string
	c       *channel.Channel
}

// Reset implements smtp.Session.
func (s *session) Reset() { s.from, s.to = "", nil }

// Logout implements smtp.Session.
func (s *session) Logout() error {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	if !s.gone {
		s.gone = true
		if s.l.conns[s.client]--; s.l.conns[s.client] <= 0 {
			delete(s.l.conns, s.client)
		}
	}
	return nil
}

// Mail implements smtp.Session.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from, s.to = from, nil
	return nil
}

// Rcpt implements smtp.Session: a recipient is a channel by its key, or a
// report by its token.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	ctx, cancel := context.WithTimeout(context.Background(), commandTime)
	defer cancel()
	if s.unknown >= maxUnknown {
		return reply(421, smtp.EnhancedCode{4, 7, 0}, "Too many recipients that are not here.")
	}
	c, err := s.l.find(ctx, to)
	if err != nil {
		s.unknown++
		return refusal(err)
	}
	if err := s.l.s.Channels.Admit(c, s.client, 1); err != nil {
		return refusal(err)
	}
	s.to = append(s.to, recipient{to, c})
	return nil
}

func (l *Listener) find(ctx context.Context, to string) (*channel.Channel, error) {
	unknown := errs.New(errs.NotFound, "No channel has the address %.100s; copy it again from the channel's page.", to)
	c, err := l.s.Channels.Find(ctx, keyIn(to))
	if err == nil && c.Kind == Kind {
		return c, nil
	}
	if err != nil && !errs.Is(err, errs.NotFound) {
		return nil, err
	}
	token := tokenIn(to)
	if token == "" {
		return nil, unknown
	}
	at, ok, err := byToken(ctx, l.s.DB, token)
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, err, "The database does not answer; send it again.")
	}
	if !ok {
		return nil, unknown
	}
	if c, err = l.s.Channels.ByID(ctx, at.ws, at.channelID); err == nil && c.Enabled {
		return c, nil
	}
	if err != nil && !errs.Is(err, errs.NotFound) {
		return nil, errs.Wrap(errs.Unavailable, err, "The database does not answer; send it again.")
	}
	list, err := l.s.Channels.OfLaunch(ctx, at.ws, at.launchID, Kind) // that one is gone: another of the launch
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, err, "The database does not answer; send it again.")
	}
	if len(list) == 0 {
		return nil, unknown
	}
	return list[0], nil
}

// Data implements smtp.Session. The answer 250 means that it is on disk.
func (s *session) Data(r io.Reader) error {
	if len(s.to) == 0 {
		return reply(554, smtp.EnhancedCode{5, 5, 1}, "No valid recipients.")
	}
	select {
	case s.l.bodies <- struct{}{}:
		defer func() { <-s.l.bodies }()
	case <-time.After(bodyWait):
		return reply(451, smtp.EnhancedCode{4, 3, 2}, "Much mail comes at once; send it again in a minute.")
	}
	conn := s.conn.Conn()
	slow := time.AfterFunc(bodyTime, func() { _ = conn.Close() })
	raw, err := io.ReadAll(r)
	slow.Stop()
	if err != nil {
		return err // also ErrDataTooLarge, which says so
	}
	if hops(raw) > maxHops {
		return reply(554, smtp.EnhancedCode{5, 4, 6}, "This mail goes around in circles.")
	}
	ctx, cancel := context.WithTimeout(context.Background(), putTime)
	defer cancel()
	done := map[string]bool{}
	for _, to := range s.to {
		if done[to.c.ID] {
			continue
		}
		done[to.c.ID] = true
		if err := s.l.s.put(ctx, to.c, append(s.trace(to.c.ID), raw...)); err != nil {
			s.l.s.Log.WarnContext(ctx, "a mail was not taken", "channel", to.c.ID, "client", s.client, "err", err)
			return refusal(err) // those before know it again by its Message-ID
		}
	}
	return nil
}

// trace is what the last server puts before a mail (RFC 5321 4.4): where it
// came from and to whom it went.
func (s *session) trace(channelID string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "Return-Path: <%s>\r\n", oneLine(s.from))
	for _, to := range s.to {
		if to.c.ID == channelID {
			fmt.Fprintf(&b, "Delivered-To: %s\r\n", oneLine(to.address))
		}
	}
	with := "ESMTP"
	if _, ok := s.conn.TLSConnectionState(); ok {
		with = "ESMTPS"
	}
	fmt.Fprintf(&b, "Received: from %s ([%s]) by %s with %s; %s\r\n", clip(oneLine(s.conn.Hostname()), 200), s.client, s.l.s.Domain, with, time.Now().Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	return []byte(b.String())
}

func hops(raw []byte) int {
	n := 0
	head := string(raw[:min(len(raw), 256<<10)])
	for line := range strings.Lines(head) {
		if strings.TrimRight(line, "\r\n") == "" {
			break
		}
		if len(line) > 9 && strings.EqualFold(line[:9], "received:") {
			n++
		}
	}
	return n
}
