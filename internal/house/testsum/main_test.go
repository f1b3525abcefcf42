package main

import (
	"strings"
	"testing"
	"time"
)

func TestSummaryCountsLeavesAndPrintsFailuresOnly(t *testing.T) {
	const in = `{"Action":"run","Package":"a","Test":"TestX"}
{"Action":"output","Package":"a","Test":"TestX/one","Output":"quiet\n"}
{"Action":"pass","Package":"a","Test":"TestX/one"}
{"Action":"output","Package":"a","Test":"TestX/two","Output":"loud\n"}
{"Action":"fail","Package":"a","Test":"TestX/two"}
{"Action":"fail","Package":"a","Test":"TestX"}
{"Action":"pass","Package":"a","Test":"TestY"}
{"Action":"skip","Package":"a","Test":"TestZ"}
{"Action":"fail","Package":"a","Elapsed":31}
{"ImportPath":"b","Action":"build-output","Output":"b.go:1: no\n"}
{"ImportPath":"b","Action":"build-fail"}
{"Action":"fail","Package":"b","FailedBuild":"b"}
{"Action":"output","Package":"c","Output":"panic: at init\n"}
{"Action":"fail","Package":"c"}
go: something about a module
`
	s := newSummary()
	if err := s.read(strings.NewReader(in)); err != nil {
		t.Fatal(err)
	}
	if s.passed != 2 || s.failed != 3 || s.skipped != 1 {
		t.Errorf("counts = %d passed, %d failed, %d skipped; want 2, 3, 1", s.passed, s.failed, s.skipped)
	}
	var b strings.Builder
	s.print(&b, 20*time.Second)
	for _, want := range []string{"loud", "b.go:1: no", "panic: at init", "go: something about a module", "slow: a 31 s"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("report lacks %q:\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "quiet") {
		t.Errorf("report has the output of a test that passed:\n%s", b.String())
	}
}
