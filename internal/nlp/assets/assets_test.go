package assets

import (
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestHashesAreOnRecord ties each embedded file to PROVENANCE.md: whoever
// makes one anew writes down its hash and how it was made.
func TestHashesAreOnRecord(t *testing.T) {
	t.Parallel()
	record, err := os.ReadFile("PROVENANCE.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"use.bin": USE(), "eld.bin": ELD(), "static.bin": Static()} {
		line := fmt.Sprintf("%x  %s", sha256.Sum256(b), name)
		if !strings.Contains(string(record), line) {
			t.Errorf("PROVENANCE.md lacks %q", line)
		}
	}
}

func TestSizeBudget(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		size int
		max  int
	}{{"use.bin", len(USE()), 8 << 20}, {"eld.bin", len(ELD()), 5 << 19}, {"static.bin", len(Static()), 21 << 20}} {
		if c.size > c.max {
			t.Errorf("%s has %d bytes, want at most %d", c.name, c.size, c.max)
		}
	}
}
