package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/bench/proc"
)

func TestReadyQuicklyAndSmallOnAnEmptyFolder(t *testing.T) {
	if os.Getenv("TEST_POSTGRES") != "" {
		t.Skip("the promise is about the embedded database")
	}
	best := time.Hour
	var idle int64
	for range 3 { // other tests may have the cores
		s := start(t, proc.Config{Bin: binary, Data: t.TempDir()})
		best = min(best, s.ReadyAfter)
		idle, _ = s.RSS()
		if err := s.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("ready after %s, %d MB resident", best.Round(time.Millisecond), idle>>20)
	if best > time.Second {
		t.Errorf("ready after %s on an empty folder, want < 1 s", best)
	}
	if idle > 150<<20 {
		t.Errorf("%d MB resident when idle, want < 150", idle>>20)
	}
}

var setupLink = regexp.MustCompile(`/setup\?token=([A-Za-z0-9_-]+)`)

func TestSetupLinkWorksOnce(t *testing.T) {
	t.Parallel()
	s := start(t, fresh(t))
	link := setupLink.FindStringSubmatch(s.Log())
	if link == nil {
		waitFor(t, 5*time.Second, "the setup link", func() (bool, string) {
			link = setupLink.FindStringSubmatch(s.Log())
			return link != nil, s.Log()
		})
	}
	var state struct{ Needed bool }
	if err := s.Call(t.Context(), "", "GET", "/api/v1/setup", nil, &state); err != nil || !state.Needed {
		t.Fatalf("setup needed = %v, %v", state.Needed, err)
	}
	owner := map[string]string{"workspace_name": "Acme", "name": "Ana", "email": "ana@example.com", "password": "correct horse battery staple"}
	owner["token"] = "wrong"
	if err := s.Call(t.Context(), "", "POST", "/api/v1/setup", owner, nil); err == nil {
		t.Error("a wrong token made an owner")
	}
	owner["token"] = link[1]
	if err := s.Call(t.Context(), "", "POST", "/api/v1/setup", owner, nil); err != nil {
		t.Fatal(err)
	}
	owner["email"] = "eve@example.com"
	if err := s.Call(t.Context(), "", "POST", "/api/v1/setup", owner, nil); err == nil {
		t.Error("the link made a second owner")
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	s = start(t, s.Config)
	if err := s.Call(t.Context(), "", "GET", "/api/v1/setup", nil, &state); err != nil || state.Needed {
		t.Errorf("after a restart setup needed = %v, %v", state.Needed, err)
	}
	if setupLink.MatchString(s.Log()) {
		t.Error("a set up server prints a setup link again")
	}
}

func TestTokensOfAStoppedAndARunningServer(t *testing.T) {
	t.Parallel()
	cfg := fresh(t)
	stopped := newToken(t, cfg, "admin")
	s := start(t, cfg)
	running := newToken(t, cfg, "viewer")
	for token, role := range map[string]string{stopped: "admin", running: "viewer"} {
		var me struct{ Role string }
		if err := s.Call(t.Context(), token, "GET", "/api/v1/me", nil, &me); err != nil || me.Role != role {
			t.Errorf("token made as %s is %q, %v", role, me.Role, err)
		}
	}
	if _, errOut, err := cfg.Run(t.Context(), "token", "create", "--role", "emperor", "--name", "x"); err == nil || !strings.Contains(errOut, "emperor") {
		t.Errorf("an unknown role: %v, %q", err, errOut)
	}
}

func TestSecondProcessOnADataFolderIsRefused(t *testing.T) {
	t.Parallel()
	if os.Getenv("TEST_POSTGRES") != "" {
		t.Skip("PostgreSQL is there to be shared")
	}
	first := start(t, fresh(t))
	addr, err := proc.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, binary, "serve", "--listen", addr, "--no-gateway", "--data", first.Data).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() <= 0 {
		t.Fatalf("a second process on the folder ended with %v, want a non-zero exit\n%s", err, out)
	}
	text := strings.TrimSpace(string(out))
	if !strings.Contains(text, first.Data) || strings.Contains(text, "goroutine ") || strings.Contains(text, "SQLITE") {
		t.Errorf("the refusal should be a sentence that names the folder:\n%s", text)
	}
	if res, err := http.Get(first.URL + "/healthz"); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("the first process no longer answers: %v %v", res, err)
	} else {
		_ = res.Body.Close()
	}
}

// TestStopAnswersWhatIsUnderWay sends half of a request, asks the process to
// stop, waits until it takes no new connections, and sends the other half.
func TestStopAnswersWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := `{"external_id":"half","text":"Sent while the server was asked to stop, yet the answer came"}`
	conn, err := net.Dial("tcp", w.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	fmt.Fprintf(conn, "POST /api/v1/launches/%s/feedback HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		w.launch, w.Addr, w.token, len(body), body[:20])
	// The server must have begun to read it; a later request that is answered
	// proves that nothing before it is still in a queue of the kernel.
	var me any
	w.get(t, "/api/v1/me", &me)
	if err := w.Terminate(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, 10*time.Second, "the listener to close", func() (bool, string) {
		c, err := net.Dial("tcp", w.Addr)
		if err == nil {
			_ = c.Close()
		}
		return err != nil, "it accepts"
	})
	if _, err := io.WriteString(conn, body[20:]); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("the request under way was not answered: %v", err)
	}
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusAccepted {
		t.Fatalf("the request under way was answered %s %s %v, want 202", res.Status, answer, err)
	}
	select {
	case <-w.Done():
		if err := w.Err(); err != nil {
			t.Errorf("a stop that was asked for ended with %v, want exit 0", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the process did not end")
	}
	w.Server = start(t, w.Config)
	w.processed(t)
	if all := w.feedback(t); len(all) != 1 || all[0].ExternalID != "half" {
		t.Errorf("after the restart there is %+v", all)
	}
}
