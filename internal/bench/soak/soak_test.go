package main

import (
	"io"
	"testing"
	"time"
)

// TestSoak is a short one: `make soak` runs it for as long as one likes.
func TestSoak(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes a while")
	}
	r, err := run(t.Context(), config{time: 8 * time.Second, clients: 2}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", r)
	for _, f := range r.faults() {
		t.Error(f)
	}
}
