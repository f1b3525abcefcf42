package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// hypercare runs the command line and returns what it printed.
func hypercare(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errOut bytes.Buffer
	err = run(t.Context(), args, streams{strings.NewReader(""), &out, &errOut})
	return out.String(), errOut.String(), err
}

func TestImportFile(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir) // the error file is written to the working directory
	data := filepath.Join(dir, "data")
	file := filepath.Join(dir, "reviews.csv")
	rows := "id;Bewertung;Text;Produkt\n"
	for i := range 30 {
		rows += fmt.Sprintf("%d;%d;The page crashes when I save it, attempt %d;shop\n", i, 1+i%5, i)
	}
	if err := os.WriteFile(file, []byte(rows+"31;5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		args []string
		out  string // part of what is printed; of the error when fails
		note string // part of what is said beside it
		fail bool
	}{
		{"no launch", []string{file}, "--launch", "", true},
		{"no file", []string{"--launch", "x"}, "usage", "", true},
		{"bad wait", []string{file, "--launch", "x", "--wait", "never"}, "--wait", "", true},
		{"URL without token", []string{file, "--launch", "x", "--url", "http://127.0.0.1:1"}, "--token", "", true},
		{"unknown launch, none there", []string{file, "--launch", "Go-live", "--data", data}, "--create-launch", "", true},
		{"dry run", []string{file, "--create-launch", "Go-live", "--data", data, "--dry-run"}, "31 rows, 30 good, 0 duplicates, 1 bad", "row 32 has 2 fields", false},
		{"unknown launch", []string{file, "--launch", "other", "--data", data}, "Go-live", "", true},
		{"unknown field", []string{file, "--launch", "go-live", "--data", data, "--map", "stars=Bewertung"}, "rating", "", true},
		{"unknown column", []string{file, "--launch", "go-live", "--data", data, "--map", "title=nope"}, "nope", "", true},
		{"import", []string{"--launch", "go-live", file, "--data", data, "--map", "attrs.product=Produkt"}, "31 rows: 30 accepted, 0 duplicates, 1 bad\nthe bad rows are in reviews.csv.errors.csv", "rating        Bewertung", false},
		{"again", []string{file, "--launch", "Go-live", "--data", data}, "31 rows: 0 accepted, 30 duplicates, 1 bad", "", false},
	} {
		out, note, err := hypercare(t, append([]string{"import"}, tc.args...)...)
		got := out
		if err != nil {
			got = err.Error()
		}
		if (err != nil) != tc.fail || !strings.Contains(got, tc.out) || !strings.Contains(note, tc.note) {
			t.Errorf("%s: printed %q, said %q, error %v; want %q and %q", tc.name, out, note, err, tc.out, tc.note)
		}
	}
	b, err := os.ReadFile("reviews.csv.errors.csv")
	if err != nil || !strings.Contains(string(b), "31;5") {
		t.Errorf("error file = %q, %v", b, err)
	}
}

func TestProgressLines(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	now := time.Unix(1000, 0)
	p := newProgress(&b)
	p.last, p.now = now, func() time.Time { return now }
	p.show("upload", 1, 4) // too early for a line
	now = now.Add(6 * time.Second)
	p.show("upload", 2, 4)
	p.show("upload", 3, 4)
	p.say("next")
	if got, want := b.String(), "upload  50 %: 2 of 4\nnext\n"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
	b.Reset()
	p.bar = true
	now = now.Add(time.Second)
	p.show("upload", 4, 4)
	p.end()
	if got := b.String(); !strings.Contains(got, strings.Repeat("█", 30)+" 100 %  4 of 4") || !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("drew %q", got)
	}
}
