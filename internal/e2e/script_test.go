package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs the stories of testdata/script: what a person types in a
// terminal, and what they see. Each has a folder of its own and the real
// binary as `hypercare`.
func TestScripts(t *testing.T) {
	if os.Getenv("TEST_POSTGRES") != "" {
		t.Skip("the stories are about a data folder")
	}
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "../../testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", filepath.Dir(binary)+string(os.PathListSeparator)+os.Getenv("PATH"))
			return nil
		},
	})
}
