package eval

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/hypercare/hypercare/internal/errs"
)

var measure = flag.String("measure", "", "comma-separated sets to measure and print, or all")

// dataDir is where the labelled sets are, or "" when they are not there.
func dataDir() string {
	dir := os.Getenv("HYPERCARE_EVAL_DATA")
	if dir == "" {
		dir = "../../../shared/data"
	}
	if _, err := os.Stat(dir); err != nil {
		return ""
	}
	return dir
}

func TestMeasure(t *testing.T) {
	if *measure == "" {
		t.Skip("give -measure all, or the names of sets, to measure")
	}
	if dataDir() == "" {
		t.Skip("no labelled data; set HYPERCARE_EVAL_DATA")
	}
	var only []string
	if *measure != "all" {
		only = strings.Split(*measure, ",")
	}
	if err := Run(t.Context(), dataDir(), only, os.Stdout); err != nil {
		t.Fatal(err)
	}
}

func TestRunRefusesUnknownSets(t *testing.T) {
	t.Parallel()
	err := Run(t.Context(), t.TempDir(), []string{"no such set"}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "nlbse24_issues") {
		t.Errorf("Run with an unknown set: %v, want an error that lists the sets", err)
	}
	if got := errs.KindOf(err); got != errs.Invalid {
		t.Errorf("the error is of kind %q, want invalid", got)
	}
}

func TestRunWithoutData(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := Run(t.Context(), t.TempDir(), []string{"senti4sd", "umsab_sentiment"}, &out)
	if err == nil {
		t.Error("Run without any data succeeded, want an error that says so")
	}
	if !strings.Contains(out.String(), "senti4sd, umsab_sentiment") {
		t.Errorf("table %q does not name the missing sets", out.String())
	}
}
