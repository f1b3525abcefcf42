package call

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

// crashTune cuts and merges all the time.
var crashTune = tuning{flush: time.Millisecond, cutRows: 40, cutBytes: 1 << 20, cutAge: time.Hour, heads: 50,
	mergeAt: 3, grace: time.Minute, late: time.Hour, fileRows: 400, groupRows: 64}

func TestMain(m *testing.M) {
	if dir := os.Getenv("CALL_CRASH_DIR"); dir != "" {
		if err := crashChild(dir); err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// crashClock moves a minute on with each 20 calls, so that hours end.
func crashClock(n int) time.Time { return start.Add(time.Duration(n) * 3 * time.Second) }

// crashChild writes calls until it is killed, and says which are safe.
func crashChild(dir string) error {
	first, err := strconv.Atoi(os.Getenv("CALL_CRASH_FROM"))
	if err != nil {
		return err
	}
	var at atomic.Int64
	at.Store(int64(first))
	l, err := Open(Config{Dir: dir, Now: func() time.Time { return crashClock(int(at.Load())) }, MinFree: 1, tune: crashTune})
	if err != nil {
		return err
	}
	for n := first; ; {
		for range 1 + rand.IntN(12) {
			r := crashRecord(n)
			if !l.Append(&r) {
				return fmt.Errorf("call %d was dropped: %+v", n, l.Stats())
			}
			n++
		}
		if err := l.Sync(context.Background()); err != nil {
			return err
		}
		at.Store(int64(n))
		if _, err := fmt.Println("safe", n); err != nil {
			return err
		}
	}
}

func crashRecord(n int) Record {
	r := testRecord(n)
	r.Time = crashClock(n).UnixMicro()
	r.ID = idAt(r.Time, n)
	r.BytesIn = int64(n)
	if n%9 == 0 {
		r.Workspace = "ws_b"
	}
	if n%50 == 0 {
		r.Time -= 2 * hourMicros // one that took long
	}
	return r
}

// TestKilledAtAnyMoment kills a process that writes, again and again: what it
// said is safe is there, and nothing is there twice.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rounds := 30
	if testing.Short() {
		rounds = 5
	}
	var safe, next, merged int
	there := map[int]bool{}
	for round := range rounds {
		safe = runUntilKilled(t, dir, next, 1+rand.IntN(60))
		if round%7 == 3 { // and the manifest is lost
			must(t, os.Remove(filepath.Join(dir, manifestName)))
		}
		l, k := testLog(t, Config{Dir: dir, Now: func() time.Time { return crashClock(next) }, tune: crashTune})
		if round%3 == 2 {
			k.must(t)
		}
		for _, s := range l.segments {
			if len(s.Replaces) > 0 {
				merged++
			}
		}
		seen := map[int]int{}
		most := next
		for _, ws := range []string{"ws_a", "ws_b"} {
			for _, r := range everything(t, l, ws) {
				n := int(r.BytesIn)
				seen[n]++
				most = max(most, n+1)
				if r != crashRecord(n) {
					t.Errorf("call %d is not as it was: %+v", n, r)
				}
			}
		}
		for n := range most {
			switch {
			case seen[n] > 1:
				t.Errorf("round %d: call %d is there %d times", round, n, seen[n])
			case seen[n] == 0 && (there[n] || n >= next && n < safe):
				t.Errorf("round %d: call %d was safe and is gone", round, n)
			}
			there[n] = there[n] || seen[n] == 1
		}
		if s := l.Stats(); s.Unreadable > 0 {
			t.Errorf("round %d: %+v", round, s)
		}
		must(t, l.Close())
		if t.Failed() {
			for _, s := range l.segments {
				t.Log(s.path, s.Rows, s.Spools, s.Replaces)
			}
			for _, h := range l.sealed {
				t.Log("head", h.n, h.rows)
			}
			t.Log(l.manifest)
			return
		}
		next = most
	}
	if merged == 0 && !testing.Short() {
		t.Error("no segment was ever merged: this tested less than it should")
	}
	t.Logf("%d calls, %d rounds, merged segments seen %d times", next, rounds, merged)
}

// runUntilKilled kills the child after it has said so often what is safe.
func runUntilKilled(t *testing.T, dir string, from, lines int) (safe int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "CALL_CRASH_DIR="+dir, "CALL_CRASH_FROM="+strconv.Itoa(from))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	defer func() { _ = cmd.Wait() }()
	defer func() { _ = cmd.Process.Kill() }()
	in := bufio.NewScanner(out)
	for range lines {
		if !in.Scan() {
			t.Fatal("the child ended:", in.Err())
		}
		if _, err := fmt.Sscanf(in.Text(), "safe %d", &safe); err != nil {
			t.Fatalf("the child says %q", in.Text())
		}
	}
	must(t, cmd.Process.Kill())
	for in.Scan() { // what it said before it was killed
		if _, err := fmt.Sscanf(in.Text(), "safe %d", &safe); err != nil {
			break
		}
	}
	return safe
}

// everything reads all calls of a workspace, page by page.
func everything(t *testing.T, l *Log, ws string) []Record {
	t.Helper()
	var list []Record
	for q := (Query{Limit: MaxLimit, Payload: true}); ; {
		page, err := l.Find(t.Context(), wsID(ws), q)
		must(t, err)
		list = append(list, page.Calls...)
		if page.Next.IsZero() {
			return list
		}
		q.After = page.Next
	}
}
