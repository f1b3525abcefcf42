package house

import (
	"fmt"
	"go/ast"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/hypercare/hypercare"

// The sizes beyond which a file or function must be split, or be listed.
const (
	softFile, hardFile = 400, 800
	softFunc, hardFunc = 60, 120
)

// largeFiles may exceed hardFile: name the reason.
var largeFiles = map[string]string{
	"ui/src/schema.gen.ts": "generated from the OpenAPI document",
}

// largeFuncs may exceed hardFunc, as "dir.Func" or "dir.Type.Method".
var largeFuncs = map[string]string{}

func TestSizesStayReadable(t *testing.T) {
	seen := map[string]bool{}
	var soft []string
	err := walk(func(path string, text []byte) error {
		lines := strings.Count(string(text), "\n")
		switch {
		case strings.HasSuffix(path, ".md"):
		case largeFiles[path] != "":
			seen[path] = true
		case lines > hardFile:
			t.Errorf("%s has %d lines, more than %d: split it by what it is about", path, lines, hardFile)
		case lines > softFile:
			soft = append(soft, fmt.Sprintf("%s %d", path, lines))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range goFiles(t) {
		for _, d := range s.file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || s.test() {
				continue
			}
			lines := fset.Position(fn.End()).Line - fset.Position(fn.Pos()).Line + 1
			name := s.dir() + "." + funcName(fn)
			switch {
			case largeFuncs[name] != "":
				seen[name] = true
			case lines > hardFunc:
				t.Errorf("%s: %s has %d lines, more than %d", pos(fn), name, lines, hardFunc)
			case lines > softFunc:
				soft = append(soft, fmt.Sprintf("%s() %d", name, lines))
			}
		}
	}
	for _, m := range []map[string]string{largeFiles, largeFuncs} {
		for name := range m {
			if !seen[name] {
				t.Logf("exception %s is no longer needed", name)
			}
		}
	}
	sort.Strings(soft)
	t.Logf("%d over the soft budget: %s", len(soft), strings.Join(soft, ", "))
}

func funcName(fn *ast.FuncDecl) string {
	if fn.Recv == nil || len(fn.Recv.List) == 0 {
		return fn.Name.Name
	}
	typ := fn.Recv.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.IndexListExpr:
			typ = x.X
		case *ast.Ident:
			return x.Name + "." + fn.Name.Name
		default:
			return fn.Name.Name
		}
	}
}

// drivers are the packages that know which database this is.
var drivers = []string{
	"modernc.org/sqlite", "github.com/jackc/pgx/", "github.com/lib/pq", "github.com/mattn/go-sqlite3",
	"github.com/pressly/goose/",
}

func TestOnlyDBKnowsTheDrivers(t *testing.T) {
	for _, s := range goFiles(t) {
		if s.in("internal/db") {
			continue
		}
		for _, imp := range s.file.Imports {
			path, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if slices.ContainsFunc(drivers, func(d string) bool { return strings.HasPrefix(path+"/", strings.TrimSuffix(d, "/")+"/") }) {
				t.Errorf("%s imports %s: only internal/db may; make what differs a named hole there", s.path, path)
			}
		}
		if s.test() || s.in("internal/job", "internal/app", "internal/bench", "cmd") {
			continue // River takes its driver in job; app and cmd report which it is
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && selector(call.Fun) == "Postgres" && len(call.Args) == 0 {
				t.Errorf("%s asks which database this is: make the difference a named hole in internal/db", pos(call))
			}
			return true
		})
	}
}

func selector(e ast.Expr) string {
	if s, ok := e.(*ast.SelectorExpr); ok {
		return s.Sel.Name
	}
	return ""
}

// kit packages know no noun of the product.
var kit = []string{"db", "job", "web", "event", "errs", "secret", "outbound", "expr", "mask"}

// TestArrowsOnlyGoDown keeps the map in ARCHITECTURE.md true: the kit knows no
// noun, the language engine knows nothing at all of the product, and only the
// commands know the app.
func TestArrowsOnlyGoDown(t *testing.T) {
	within := func(pkg, dir string) bool { return pkg == dir || strings.HasPrefix(pkg, dir+"/") }
	isKit := func(pkg string) bool {
		return slices.ContainsFunc(kit, func(k string) bool { return within(pkg, k) })
	}
	for _, p := range packages(t) {
		for _, to := range p.imports {
			switch {
			case isKit(p.name) && !isKit(to):
				t.Errorf("kit package %s imports %s", p.name, to)
			case within(p.name, "errs"):
				t.Errorf("errs imports %s; it may import nothing of ours", to)
			case within(p.name, "nlp") && !within(to, "nlp") && to != "errs" && to != "mask":
				t.Errorf("%s imports %s: the engine does no I/O and knows no other part", p.name, to)
			case within(to, "app") && !within(p.name, "app"):
				t.Errorf("%s imports app; only cmd may", p.name)
			}
			if from, ok := rank[first(p.name)]; ok {
				if at, ok := rank[first(to)]; ok && at > from {
					t.Errorf("%s imports %s, which stands above it", p.name, to)
				}
			}
		}
	}
}

// rank is how high each noun stands: an import goes to the same height or
// below. What is missing here is free.
var rank = ranks(
	[]string{"audit", "nlp", "gateway"},
	[]string{"workspace"},
	[]string{"person", "launch", "view", "application", "publication", "calllog", "rollout", "metric", "release", "span", "privacy"},
	[]string{"feedback"},
	[]string{"issue", "crash", "notice"},
	[]string{"triage", "note", "measure", "watch"},
	[]string{"channel", "evidence"},
	[]string{"timeline"},
	[]string{"app"},
)

func ranks(levels ...[]string) map[string]int {
	m := map[string]int{}
	for i, level := range levels {
		for _, name := range level {
			m[name] = i
		}
	}
	return m
}

func first(pkg string) string {
	name, _, _ := strings.Cut(pkg, "/")
	return name
}

type pkg struct {
	name    string   // below internal/
	imports []string // ours, below internal/, tests aside
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./internal/...")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("list packages: %v", err)
	}
	var list []pkg
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		p := pkg{name: strings.TrimPrefix(f[0], module+"/internal/")}
		for _, to := range f[1:] {
			if to, ours := strings.CutPrefix(to, module+"/internal/"); ours {
				p.imports = append(p.imports, to)
			}
		}
		list = append(list, p)
	}
	return list
}

func TestTestsDoNotSleep(t *testing.T) {
	for _, s := range goFiles(t) {
		if !s.test() {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "Sleep" {
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" {
					t.Errorf("%s sleeps: wait for what should happen, or use testing/synctest", pos(sel))
				}
			}
			return true
		})
	}
}

func TestOnlyMainReadsTheEnvironment(t *testing.T) {
	for _, s := range goFiles(t) {
		if s.test() || s.in("cmd", "internal/bench", "internal/db/dbtest", "internal/eval", "internal/house") || strings.HasSuffix(s.dir(), "test") {
			continue
		}
		for _, d := range s.file.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: init hides wiring; build it where it is used", pos(fn))
			}
		}
		if s.file.Name.Name == "main" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && (sel.Sel.Name == "Getenv" || sel.Sel.Name == "LookupEnv") {
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == "os" {
					t.Errorf("%s reads the environment: take a value from cmd", pos(sel))
				}
			}
			return true
		})
	}
}

var (
	comment   = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*`)
	rawColour = regexp.MustCompile(`(?i)#(?:[0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})\b|\b(?:rgba?|hsla?|oklch|oklab)\(`)
)

// TestColoursAreTokens keeps both themes and every contrast in one file.
func TestColoursAreTokens(t *testing.T) {
	err := walk(func(path string, text []byte) error {
		if !strings.HasPrefix(path, "ui/src/") || strings.HasSuffix(path, "tokens.css") || strings.Contains(path, ".test.") || strings.HasSuffix(path, ".gen.ts") {
			return nil
		}
		if m := rawColour.Find(comment.ReplaceAll(text, nil)); m != nil {
			t.Errorf("%s has the raw colour %q: add or use a token in tokens.css", path, m)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNothingIsLeftForLater(t *testing.T) {
	marks := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X|HA` + `CK)\b`)
	err := walk(func(path string, text []byte) error {
		if m := marks.Find(text); m != nil {
			t.Errorf("%s says %s: do it, or open an issue and say why it is fine as it is", path, m)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// maxDirect is how many modules our own packages may import directly.
const maxDirect = 40

func TestFewDirectDependencies(t *testing.T) {
	text, err := os.ReadFile(root + "/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var modules []string
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+) v`).FindAllStringSubmatch(string(text), -1) {
		modules = append(modules, m[1])
	}
	direct := map[string]bool{}
	for _, s := range goFiles(t) {
		for _, imp := range s.file.Imports {
			path, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			best := ""
			for _, m := range modules {
				if (path == m || strings.HasPrefix(path, m+"/")) && len(m) > len(best) {
					best = m
				}
			}
			if best != "" {
				direct[best] = true
			}
		}
	}
	if len(direct) >= maxDirect {
		t.Errorf("%d direct dependencies, the budget is below %d", len(direct), maxDirect)
	}
	t.Logf("%d direct dependencies", len(direct))
}
