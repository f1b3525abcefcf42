package widget

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// Whatever the folder holds: a build is whole, and says its own digest.
func TestABuildIsWhole(t *testing.T) {
	t.Parallel()
	v := Version()
	if v == "" {
		t.Skip("the widget is not built here; make ui builds it")
	}
	if !regexp.MustCompile(`^[0-9a-f]{12}$`).MatchString(v) {
		t.Errorf("version %q", v)
	}
	for _, name := range []string{"w.js", "shot.js", "snapdom.js", "sample.js", "de.js", "fr.js", "es.js", "it.js", "pt.js", "nl.js", "pl.js"} {
		for _, suffix := range []string{"", ".gz", ".br"} {
			if _, err := fs.Stat(Files(), name+suffix); err != nil {
				t.Error(err)
			}
		}
	}
	core, err := fs.ReadFile(Files(), "w.js")
	if err != nil || !strings.Contains(string(core), v) || strings.Contains(string(core), "eval(") || strings.Contains(string(core), "innerHTML") {
		t.Errorf("the core names another build, or parses text: %v", err)
	}
}
