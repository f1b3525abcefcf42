package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNote(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	data := filepath.Join(dir, "data")
	note := func(in string, args ...string) (string, error) {
		t.Helper()
		var out, said bytes.Buffer
		err := run(t.Context(), append([]string{"note", "--data", data}, args...), streams{strings.NewReader(in), &out, &said})
		return out.String(), err
	}
	if _, err := note(" "); err == nil || !strings.Contains(err.Error(), "usage") {
		t.Errorf("no text: %v", err)
	}
	if _, err := note(" ", "-"); err == nil || !strings.Contains(err.Error(), "usage") {
		t.Errorf("empty standard input: %v", err)
	}
	if _, err := note("", "the queue grows"); err == nil || !strings.Contains(err.Error(), "no launch yet") {
		t.Errorf("no launch: %v", err)
	}
	rows := filepath.Join(dir, "rows.csv")
	if err := os.WriteFile(rows, []byte("id;text\n1;The page crashes\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := hypercare(t, "import", rows, "--create-launch", "Go-live", "--data", data); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		in   string
		args []string
	}{{"", []string{"the queue", "grows", "--launch", "go-live"}}, {"the disk is full\n", []string{"-"}}} {
		out, err := note(tc.in, tc.args...)
		if err != nil || !strings.HasPrefix(out, "noted in Go-live as ") {
			t.Errorf("%v: %q, %v", tc.args, out, err)
		}
	}
	if _, err := note("", "x", "--launch", "other"); err == nil || !strings.Contains(err.Error(), "Go-live") {
		t.Errorf("unknown launch: %v", err)
	}
}
