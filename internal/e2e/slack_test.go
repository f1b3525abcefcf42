package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSlackAsBoltSeesIt sends the same requests to hypercare and to an app
// made with @slack/bolt, as it is: whatever the one takes, the other takes,
// and both refuse the same.
func TestSlackAsBoltSeesIt(t *testing.T) {
	t.Parallel()
	if os.Getenv("TEST_POSTGRES") != "" {
		t.Skip("tested on SQLite")
	}
	dir := clients(t)
	w := newWorld(t)
	const secret = "5c1a0b6e8f3d4e2a9b7c6d5e4f3a2b1c"
	var c struct{ Key string }
	if err := w.Call(t.Context(), w.token, "POST", "/api/v1/launches/"+w.launch+"/channels", map[string]any{"kind": "slack", "secrets": map[string]string{"signing_secret": secret}}, &c); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join("slack", "bolt.mjs"))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "ADDRESS="+w.URL+"/in/slack/"+c.Key, "SECRET="+secret)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		var a struct {
			Name, Text, Peer string
			Theirs, Ours     int
			Heard            int
		}
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		seen++
		if a.Name == "heard" {
			if a.Heard != 3 {
				t.Errorf("bolt heard %d things, not 3", a.Heard)
			}
			continue
		}
		want := 200
		if a.Name == "other secret" || a.Name == "other body" || a.Name == "stale" {
			want = 401
		}
		if a.Theirs != want || a.Ours != want {
			t.Errorf("%s: bolt answers %d %s, hypercare %d %s; want %d", a.Name, a.Theirs, a.Peer, a.Ours, a.Text, want)
		}
		if a.Name == "verification" && !strings.Contains(a.Text, "c-h-a") || a.Name == "command" && !strings.Contains(a.Text, "ephemeral") {
			t.Errorf("%s: %s", a.Name, a.Text)
		}
	}
	if seen != 8 {
		t.Fatalf("%d answers, want 8:\n%s", seen, out)
	}
	waitFor(t, 20*time.Second, "three reports", func() (bool, string) {
		var list struct{ Items []struct{ Snippet string } }
		w.get(t, "/api/v1/launches/"+w.launch+"/feedback?limit=100", &list)
		all, _ := json.Marshal(list.Items)
		text := string(all)
		return len(list.Items) == 3 && strings.Contains(text, "Bolt says the checkout hangs") && strings.Contains(text, "a page (https://shop.example)") && strings.Contains(text, "Bolt heard that login fails"), text
	})
}
