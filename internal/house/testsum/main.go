// Testsum reads `go test -json` on standard input, prints only what a person
// needs (the output of tests that failed, packages that did not build, slow
// packages) and appends the counts as "passed failed skipped" to a file.
//
//	go test -json ./... | go run ./internal/house/testsum -counts FILE
//
// It exits 1 when anything failed.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"time"
)

// event is one line of `go doc test2json`, as far as it is read here.
type event struct {
	Action      string
	Package     string
	ImportPath  string // of build-output
	Test        string
	Output      string
	Elapsed     float64
	FailedBuild string
}

func main() {
	counts := flag.String("counts", "", "`file` to append \"passed failed skipped\" to")
	slow := flag.Duration("slow", 20*time.Second, "name packages that took longer than this")
	flag.Parse()
	s := newSummary()
	if err := s.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
		os.Exit(1)
	}
	s.print(os.Stdout, *slow)
	if *counts != "" {
		if err := appendLine(*counts, fmt.Sprintf("%d %d %d\n", s.passed, s.failed, s.skipped)); err != nil {
			fmt.Fprintln(os.Stderr, "testsum:", err)
			os.Exit(1)
		}
	}
	if s.failed > 0 {
		os.Exit(1)
	}
}

func appendLine(name, line string) error {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(line); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

type summary struct {
	passed, failed, skipped int
	output                  map[string]*strings.Builder // by package or package + " " + test
	build                   map[string]*strings.Builder // compiler messages by import path
	parent                  map[string]bool             // tests that have subtests: not counted themselves
	outcome                 map[string]string           // of tests, by key
	failedIn                map[string]int              // package: failing tests seen
	report                  []string
	elapsed                 map[string]float64
}

func newSummary() *summary {
	return &summary{
		output: map[string]*strings.Builder{}, build: map[string]*strings.Builder{},
		parent: map[string]bool{}, outcome: map[string]string{}, failedIn: map[string]int{},
		elapsed: map[string]float64{},
	}
}

func (s *summary) read(r io.Reader) error {
	sc := bufio.NewReaderSize(r, 1<<20)
	for {
		line, err := sc.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil || e.Action == "" {
				// Not from a test: the go command's own complaint.
				s.report = append(s.report, string(line))
			} else {
				s.add(e)
			}
		}
		if err == io.EOF {
			s.finish()
			return nil
		}
		if err != nil {
			return fmt.Errorf("read test events: %w", err)
		}
	}
}

func (s *summary) add(e event) {
	key := e.Package
	if e.Test != "" {
		key += " " + e.Test
		// A parent's outcome only repeats its children's.
		for i, c := range e.Test {
			if c == '/' {
				s.parent[e.Package+" "+e.Test[:i]] = true
			}
		}
	}
	switch e.Action {
	case "build-output":
		text(s.build, e.ImportPath).WriteString(e.Output)
	case "output":
		text(s.output, key).WriteString(e.Output)
	case "pass", "skip":
		if e.Test != "" {
			s.outcome[key] = e.Action
		} else {
			s.elapsed[e.Package] = e.Elapsed
		}
		if e.Action == "pass" {
			delete(s.output, key) // nobody will read it
		}
	case "fail":
		if e.Test != "" {
			s.outcome[key] = e.Action
			s.failedIn[e.Package]++
			return
		}
		s.elapsed[e.Package] = e.Elapsed
		if e.FailedBuild != "" {
			s.failed++
			s.report = append(s.report, fmt.Sprintf("--- FAIL: %s does not build\n%s", e.Package, text(s.build, e.FailedBuild)))
		} else if s.failedIn[e.Package] == 0 {
			// A panic outside a test, os.Exit or a time-out.
			s.failed++
			s.report = append(s.report, fmt.Sprintf("--- FAIL: package %s\n%s", e.Package, text(s.output, e.Package)))
		}
	}
}

func text(m map[string]*strings.Builder, key string) *strings.Builder {
	b := m[key]
	if b == nil {
		b = &strings.Builder{}
		m[key] = b
	}
	return b
}

// finish counts the tests without subtests; a parent counts when it failed
// although none of its children did.
func (s *summary) finish() {
	keys := make([]string, 0, len(s.outcome))
	for k := range s.outcome {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	childFailed := map[string]bool{}
	for _, k := range keys {
		if s.outcome[k] != "fail" || s.parent[k] {
			continue
		}
		for i := range k {
			if k[i] == '/' {
				childFailed[k[:i]] = true
			}
		}
	}
	for _, k := range keys {
		switch s.outcome[k] {
		case "pass":
			if !s.parent[k] {
				s.passed++
			}
		case "skip":
			if !s.parent[k] {
				s.skipped++
			}
		case "fail":
			if !s.parent[k] || !childFailed[k] {
				s.failed++
			}
			s.report = append(s.report, fmt.Sprintf("--- FAIL: %s\n%s", k, text(s.output, k)))
		}
	}
	// The panic or race report that ended a package is printed by the package.
	pkgs := make([]string, 0, len(s.failedIn))
	for p := range s.failedIn {
		pkgs = append(pkgs, p)
	}
	sort.Strings(pkgs)
	for _, p := range pkgs {
		if out := text(s.output, p).String(); strings.Contains(out, "panic:") || strings.Contains(out, "DATA RACE") {
			s.report = append(s.report, fmt.Sprintf("--- output of package %s\n%s", p, out))
		}
	}
}

func (s *summary) print(w io.Writer, slow time.Duration) {
	for _, r := range s.report {
		fmt.Fprintln(w, strings.TrimRight(r, "\n"))
	}
	type took struct {
		pkg string
		sec float64
	}
	var list []took
	for p, sec := range s.elapsed {
		if sec >= slow.Seconds() {
			list = append(list, took{p, sec})
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].sec > list[j].sec })
	for _, t := range list {
		fmt.Fprintf(w, "   slow: %s %.0f s\n", t.pkg, t.sec)
	}
}
