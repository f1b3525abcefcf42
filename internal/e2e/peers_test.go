package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// peers are programs of others (tools/peers) that traffic comes from or goes
// to, each built once, when a test first needs it.
var peers struct {
	once sync.Once
	dir  string
	err  error
}

// peer returns the path of a program.
func peer(t *testing.T, name string) string {
	t.Helper()
	peers.once.Do(func() {
		if peers.dir, peers.err = os.MkdirTemp("", "hcpeers"); peers.err != nil {
			return
		}
		build := exec.Command("go", "build", "-o", peers.dir, "./...", "github.com/letsencrypt/pebble/v2/cmd/pebble", "github.com/letsencrypt/pebble/v2/cmd/pebble-challtestsrv", "github.com/summerwind/h2spec/cmd/h2spec")
		build.Dir = filepath.Join("..", "..", "tools", "peers")
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
		if out, err := build.CombinedOutput(); err != nil {
			peers.err = fmt.Errorf("build tools/peers: %w\n%s", err, out)
		}
	})
	if peers.err != nil {
		t.Fatal(peers.err)
	}
	return filepath.Join(peers.dir, name)
}

// serving starts a peer that serves until the test ends, and returns the
// address that it prints.
func serving(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(peer(t, name), args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%s did not start: %v", name, err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return strings.TrimSpace(strings.TrimPrefix(line, "listening "))
}

// runPeer runs a peer to its end and returns what it printed.
func runPeer(t *testing.T, program string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}
