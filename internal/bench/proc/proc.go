// Package proc runs the real hypercare binary for measurements and for tests
// of what only a whole process can show: crashes, locks, shutdown, memory.
package proc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Config says which binary runs on which records.
type Config struct {
	Bin         string   // path of the binary
	Data        string   // data folder
	DatabaseURL string   // postgres://, or "" for SQLite in Data
	Addr        string   // host:port to listen on; "" picks a free one
	Gateway     string   // address of the gateway; "" picks a free one
	Env         []string // added to this process's environment
	Args        []string // added to `serve`
	Under       []string // command that runs the binary, such as taskset -c 0; it must become it
}

// None is the Config.Gateway of a process without one.
const None = "none"

// FreeAddr returns a loopback address that nothing listens on.
func FreeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func (c Config) flags() []string {
	f := []string{"--data", c.Data}
	if c.DatabaseURL != "" {
		f = append(f, "--database-url", c.DatabaseURL)
	}
	return f
}

func (c Config) gateway() []string {
	switch c.Gateway {
	case None:
		return []string{"--no-gateway"}
	case "":
		return []string{"--gateway", "127.0.0.1:0"}
	}
	return []string{"--gateway", c.Gateway}
}

// Run runs another sub-command on the same records and returns what it printed.
func (c Config) Run(ctx context.Context, args ...string) (stdout, stderr string, err error) {
	cmd := exec.CommandContext(ctx, c.Bin, append(args, c.flags()...)...)
	cmd.Env = append(os.Environ(), c.Env...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err = cmd.Run()
	return out.String(), errOut.String(), err
}

var tokenForm = regexp.MustCompile(`hc_[A-Za-z0-9_-]{20,}`)

// NewToken makes an API token, on a stopped or running server.
func (c Config) NewToken(ctx context.Context, role, name string) (string, error) {
	out, errOut, err := c.Run(ctx, "token", "create", "--role", role, "--name", name)
	if err != nil {
		return "", fmt.Errorf("create token: %w\n%s", err, errOut)
	}
	token := tokenForm.FindString(out)
	if token == "" {
		return "", fmt.Errorf("no token in %q", out)
	}
	return token, nil
}

// Server is a running `hypercare serve`.
type Server struct {
	Config
	URL        string
	ReadyAfter time.Duration // from starting the process to the first ready answer

	cmd  *exec.Cmd
	log  *syncBuffer
	done chan struct{}
	err  error // of the process, after done
}

// Start runs `serve` and waits until it is ready.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Addr == "" {
		addr, err := FreeAddr()
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		cfg.Addr = addr
	}
	s := &Server{Config: cfg, URL: "http://" + cfg.Addr, log: &syncBuffer{}, done: make(chan struct{})}
	// Not CommandContext: a test that ends must be able to stop it gently.
	line := slices.Concat(cfg.Under, []string{cfg.Bin, "serve", "--listen", cfg.Addr}, cfg.gateway(), cfg.flags(), cfg.Args)
	s.cmd = exec.Command(line[0], line[1:]...)
	s.cmd.Env = append(os.Environ(), cfg.Env...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", cfg.Bin, err)
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.done)
	}()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	client := http.Client{Timeout: 5 * time.Second}
	for {
		if res, err := client.Get(s.URL + "/readyz"); err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				s.ReadyAfter = time.Since(began)
				return s, nil
			}
		}
		select {
		case <-s.done:
			return nil, fmt.Errorf("serve ended before it was ready: %w\n%s", s.err, s.log)
		case <-ctx.Done():
			s.Kill()
			return nil, fmt.Errorf("serve was not ready: %w\n%s", ctx.Err(), s.log)
		case <-tick.C:
		}
	}
}

// Log returns what the process printed so far.
func (s *Server) Log() string { return s.log.String() }

// Done is closed when the process has ended.
func (s *Server) Done() <-chan struct{} { return s.done }

// Err returns how the process ended; call it after Done.
func (s *Server) Err() error { return s.err }

// Kill ends the process at once, as a power cut would, and waits for its end.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	<-s.done
}

// Terminate asks the process to stop and does not wait.
func (s *Server) Terminate() error { return s.cmd.Process.Signal(syscall.SIGTERM) }

// Stop asks the process to stop and waits; after 30 s it is killed, which is
// an error.
func (s *Server) Stop() error {
	if err := s.Terminate(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-s.done:
		if s.err != nil {
			return fmt.Errorf("serve ended badly: %w\n%s", s.err, s.log)
		}
		return nil
	case <-time.After(30 * time.Second):
		s.Kill()
		return fmt.Errorf("serve did not stop in 30 s\n%s", s.log)
	}
}

// RSS returns the process's resident memory now and at its peak, in bytes.
func (s *Server) RSS() (now, peak int64) { return RSS(s.cmd.Process.Pid) }

// RSS reads a process's resident memory, in bytes; 0 where that is unknown.
func RSS(pid int) (now, peak int64) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		kb, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil {
			continue
		}
		switch f[0] {
		case "VmRSS:":
			now = kb << 10
		case "VmHWM:":
			peak = kb << 10
		}
	}
	return now, peak
}

// CPU returns how much processor time the process has used: on a machine that
// is busy with other work it says more than the clock.
func (s *Server) CPU() time.Duration { return CPU(s.cmd.Process.Pid) }

// CPU reads how much processor time a process has used; 0 where that is unknown.
func CPU(pid int) time.Duration {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0
	}
	// The name, in brackets, may hold spaces; fields 14 and 15 are the user's
	// and the system's time in hundredths of a second.
	f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(f) < 13 {
		return 0
	}
	user, err1 := strconv.ParseInt(f[11], 10, 64)
	system, err2 := strconv.ParseInt(f[12], 10, 64)
	if err1 != nil || err2 != nil {
		return 0
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// Call makes one API request with a JSON body (nil for none) and decodes the
// answer into out (nil to ignore it). A status of 400 or more is an error
// that carries the answer.
func (s *Server) Call(ctx context.Context, token, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.URL+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("%s %s: read answer: %w", method, path, err)
	}
	if res.StatusCode >= 400 {
		return fmt.Errorf("%s %s: %s: %s", method, path, res.Status, text)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("%s %s: decode %.200s: %w", method, path, text, err)
	}
	return nil
}

// syncBuffer collects output from the process while others read it.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
