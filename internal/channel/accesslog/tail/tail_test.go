package tail_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/channel/accesslog/tail"
)

// store keeps what is sent by place, as the product does: what comes again
// and says so is kept once.
type store struct {
	mu    sync.Mutex
	lines []string
	seen  map[string]bool
	fail  func(n int) error // before the n-th batch is kept, or after it when kept is true
	sent  int
	lost  bool // the answer is lost after it is kept
	grown chan struct{}
}

func newStore() *store { return &store{seen: map[string]bool{}, grown: make(chan struct{}, 1)} }

func (s *store) send(_ context.Context, b tail.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent++
	if s.fail != nil {
		if err := s.fail(s.sent); err != nil {
			return err
		}
	}
	at := b.Offset
	for line := range strings.Lines(string(b.Lines)) {
		key := fmt.Sprintf("%d %s", at, line)
		at += int64(len(line))
		if b.Again && s.seen[key] {
			continue
		}
		s.seen[key] = true
		s.lines = append(s.lines, strings.TrimSuffix(line, "\n"))
	}
	select {
	case s.grown <- struct{}{}:
	default:
	}
	if s.lost {
		s.lost = false
		return errors.New("the answer was lost")
	}
	return nil
}

// wait until there are n lines; more than n end the test.
func (s *store) wait(t *testing.T, n int) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		s.mu.Lock()
		got := len(s.lines)
		s.mu.Unlock()
		switch {
		case got == n:
			return
		case got > n:
			t.Fatalf("%d lines, want %d", got, n)
		}
		select {
		case <-s.grown:
		case <-deadline:
			t.Fatalf("%d lines after 20 s, want %d", got, n)
		}
	}
}

// want checks that the lines are l1 to ln, each once, in order.
func (s *store) want(t *testing.T, n int) {
	t.Helper()
	s.wait(t, n)
	for i, line := range s.lines {
		if line != fmt.Sprintf("l%d", i+1) {
			t.Fatalf("line %d is %q", i+1, line)
		}
	}
}

type file struct {
	t    *testing.T
	path string
	n    int
}

func (f *file) write(n int) {
	f.t.Helper()
	var b strings.Builder
	for range n {
		f.n++
		fmt.Fprintf(&b, "l%d\n", f.n)
	}
	f.raw(b.String())
}

func (f *file) raw(text string) {
	f.t.Helper()
	h, err := os.OpenFile(f.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		f.t.Fatal(err)
	}
	if _, err := h.WriteString(text); err != nil {
		f.t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		f.t.Fatal(err)
	}
}

func (f *file) rotate(to string) {
	f.t.Helper()
	if err := os.Rename(f.path, f.path+to); err != nil {
		f.t.Fatal(err)
	}
}

// run follows f until the returned function is called.
func run(t *testing.T, f *file, s *store, fromEnd bool) (stop func() error) {
	t.Helper()
	follower := &tail.Follower{Path: f.path, State: f.path + ".tail", Send: s.send, Log: slog.New(slog.DiscardHandler), Poll: 2 * time.Millisecond, Wait: time.Millisecond, FromEnd: fromEnd}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- follower.Run(ctx) }()
	var once sync.Once
	var err error
	stop = func() error { once.Do(func() { cancel(); err = <-done }); return err }
	t.Cleanup(func() { _ = stop() })
	return stop
}

func newFile(t *testing.T) *file {
	return &file{t: t, path: filepath.Join(t.TempDir(), "access[1].log")}
}

func TestLinesAreSentOnceThroughRotationAndRestarts(t *testing.T) {
	t.Parallel()
	f, s := newFile(t), newStore()
	stop := run(t, f, s, false) // before there is a file
	f.write(3)
	s.want(t, 3)
	f.raw("l4") // half a line
	f.raw("\nl5\n")
	f.n = 5
	s.want(t, 5)
	f.rotate(".1")
	old := &file{t: t, path: f.path + ".1", n: f.n}
	old.write(2) // who writes did not notice yet
	s.want(t, 7)
	f.n = old.n
	f.write(2500) // more than a batch
	s.want(t, 2507)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	// While it is away the file goes on, and is rotated twice.
	f.write(2)
	f.rotate(".3")
	f.write(3)
	f.rotate(".2")
	f.write(1)
	stop = run(t, f, s, true) // known files are read to their end whatever is said
	s.want(t, 2513)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	stop = run(t, f, s, false)
	f.write(1)
	s.want(t, 2514)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

func TestALostAnswerDoublesNothing(t *testing.T) {
	t.Parallel()
	f, s := newFile(t), newStore()
	s.lost = true
	s.fail = func(n int) error {
		if n == 2 {
			return tail.RetryAfter{Err: errors.New("busy"), Wait: time.Millisecond}
		}
		return nil
	}
	f.write(10)
	run(t, f, s, false)
	s.want(t, 10)
	f.write(1)
	s.want(t, 11)
}

// TestACrashBetweenSendingAndNoting has a run end with lines kept and nothing
// noted.
func TestACrashBetweenSendingAndNoting(t *testing.T) {
	t.Parallel()
	f, s := newFile(t), newStore()
	f.write(5)
	stop := run(t, f, s, false)
	s.want(t, 5)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	noted, err := os.ReadFile(f.path + ".tail")
	if err != nil {
		t.Fatal(err)
	}
	stop = run(t, f, s, false)
	f.write(4)
	s.want(t, 9)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.path+".tail", noted, 0o600); err != nil {
		t.Fatal(err)
	}
	f.write(1)
	run(t, f, s, false)
	s.want(t, 10)
}

func TestWhatCantBeMendedEndsIt(t *testing.T) {
	t.Parallel()
	f, s := newFile(t), newStore()
	f.write(1)
	s.fail = func(int) error { return tail.Fatal{Err: errors.New("no such key")} }
	follower := &tail.Follower{Path: f.path, State: f.path + ".tail", Send: s.send, Log: slog.New(slog.DiscardHandler)}
	if err := follower.Run(t.Context()); err == nil || err.Error() != "no such key" {
		t.Errorf("ended with %v", err)
	}
}

func TestOddFiles(t *testing.T) {
	t.Parallel()
	f, s := newFile(t), newStore()
	f.raw("not read\n")
	run(t, f, s, true)
	// It has looked once the state is there; a line after that is new.
	f.raw("")
	for {
		f.write(1)
		s.mu.Lock()
		n := len(s.lines)
		s.mu.Unlock()
		if n > 0 {
			break
		}
		<-time.After(time.Millisecond)
	}
	s.wait(t, f.n-skipped(s))
	f.raw(strings.Repeat("x", 3<<20) + "\n")
	before := len(s.lines)
	f.raw("after\n")
	s.wait(t, before+1)
	if got := s.lines[len(s.lines)-1]; got != "after" {
		t.Errorf("after a line that is too long comes %.40q", got)
	}
	if err := os.Truncate(f.path, 0); err != nil {
		t.Fatal(err)
	}
	f.raw("cut\n")
	s.wait(t, before+2)
}

// skipped is how many lines were written before the file was opened at its end.
func skipped(s *store) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	var first int
	_, _ = fmt.Sscanf(s.lines[0], "l%d", &first)
	return first - 1
}
