package secret_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/hypercare/hypercare/internal/secret"
)

func TestABoxOpensWhatItSealed(t *testing.T) {
	t.Parallel()
	box := func(b byte) *secret.Box {
		x, err := secret.NewBox(bytes.Repeat([]byte{b}, secret.KeySize))
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	one, two := box(1), box(2)
	s := one.Seal("hunter2", "row 1")
	if strings.Contains(s, "hunter2") || s == one.Seal("hunter2", "row 1") {
		t.Errorf("sealed %q", s)
	}
	if got, err := one.Open(s, "row 1"); got.Reveal() != "hunter2" || err != nil {
		t.Errorf("Open = %q, %v", got.Reveal(), err)
	}
	for name, fn := range map[string]func() (secret.Text, error){
		"another key":   func() (secret.Text, error) { return two.Open(s, "row 1") },
		"another place": func() (secret.Text, error) { return one.Open(s, "row 2") },
		"cut":           func() (secret.Text, error) { return one.Open(s[:len(s)-3], "row 1") },
		"not sealed":    func() (secret.Text, error) { return one.Open("hunter2", "row 1") },
		"empty":         func() (secret.Text, error) { return one.Open("v1:", "row 1") },
	} {
		if got, err := fn(); err == nil {
			t.Errorf("%s: opened %q", name, got.Reveal())
		}
	}
	if _, err := secret.NewBox([]byte("short")); err == nil {
		t.Error("a short key is taken")
	}
}
