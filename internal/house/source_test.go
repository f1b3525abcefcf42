package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// root is the repository, seen from this package.
const root = "../.."

// source is one parsed Go file.
type source struct {
	path  string // slash separated, from the repository's root
	lines int
	file  *ast.File
}

func (s source) test() bool  { return strings.HasSuffix(s.path, "_test.go") }
func (s source) dir() string { return filepath.ToSlash(filepath.Dir(s.path)) }
func (s source) in(dirs ...string) bool {
	return slices.ContainsFunc(dirs, func(d string) bool { return s.path == d || strings.HasPrefix(s.path, d+"/") })
}

var fset = token.NewFileSet()

var loadGo = sync.OnceValues(func() ([]source, error) {
	var list []source
	err := walk(func(path string, text []byte) error {
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		f, err := parser.ParseFile(fset, path, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		list = append(list, source{path, strings.Count(string(text), "\n"), f})
		return nil
	})
	return list, err
})

// goFiles returns every hand-written Go file.
func goFiles(t *testing.T) []source {
	t.Helper()
	list, err := loadGo()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 10 {
		t.Fatalf("found %d Go files; is this test run from its own folder?", len(list))
	}
	return slices.DeleteFunc(slices.Clone(list), func(s source) bool { return ast.IsGenerated(s.file) })
}

// walk calls fn with every text file that people write.
func walk(fn func(path string, text []byte) error) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			switch {
			case path != root && strings.HasPrefix(name, ".") && name != ".ci",
				name == "node_modules", name == "testdata", name == "bin", name == "dist", name == "data" && filepath.Dir(path) == root:
				return fs.SkipDir
			}
			return nil
		}
		switch filepath.Ext(name) {
		case ".go", ".ts", ".tsx", ".css", ".mjs", ".sh", ".sql", ".md", ".s":
		default:
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return fn(filepath.ToSlash(rel), text)
	})
}

// pos prints where n is, for people and editors.
func pos(n ast.Node) string {
	p := fset.Position(n.Pos())
	return p.String()
}
