package house

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// crossing lists the functions whose SQL may touch a workspace's table without
// naming a workspace, as "dir.Func", and why that is right.
var crossing = map[string]string{
	"internal/workspace.findToken":           "looked up by the hash of a secret: this is what finds the workspace",
	"internal/workspace.Service.SignIn":      "the e-mail and password find the workspace",
	"internal/workspace.Service.newSession":  "sweeps expired sessions of everyone",
	"internal/workspace.Service.SignOut":     "by the hash of the secret cookie",
	"internal/workspace.Service.remember":    "by the hash of the secret that was just checked",
	"internal/feedback.Service.CountBacklog": "the node's own work list",
	"internal/feedback.Service.Unread":       "the node's own work list; each row names its workspace",
	"internal/feedback.Service.Sweep":        "the node's own housekeeping",
	"internal/feedback.saveText":             "put together at start; ends in WHERE workspace_id = $1",
	"internal/channel.byKey":                 "the key of a sender finds the workspace",
	"internal/channel/widget.byToken":        "the secret in a reporter's link finds the workspace",
	"internal/channel/email.byToken":         "the token in an address finds the workspace",
	"internal/channel/email.forget":          "what is old goes in all workspaces",
	"internal/channel.ofKind":                "the node connects to the mailboxes of all workspaces; each row names its own",
	"internal/channel/alert.lapsed":          "the node's own work list; each row names its workspace",
	"internal/privacy.Service.Sweep":         "the node's own housekeeping",
	"internal/publication.claimHosts":        "a host is one workspace's of all: those of the others are looked at to refuse one",
	"internal/feedback.Service.DropFiles":    "a file of the data folder may be several workspaces'; it is only counted",
	"internal/person.Service.Sweep":          "the node's own housekeeping",
	"internal/issue.Service.Burning":         "the node's own work list; each row names its workspace",
	"internal/issue.Service.Refresh":         "the node's own work list; each row names its workspace",
	"internal/application.allPlans":          "the node serves all workspaces; each row names its own",
	"internal/application.Counters.Load":     "the node serves all workspaces; each row names its own",
	"internal/application.Counters.sweep":    "the node's own housekeeping",
	"internal/rollout.live":                  "the node's gateway serves all workspaces; each row names its own",
	"internal/metric.dropBatches":            "the node's own housekeeping",
	"internal/metric.fetchBatches":           "each node keeps the series of all workspaces; each row names its own",
	"internal/evidence.Service.arrivals":     "the node's own work list; each row names its workspace",
	"internal/watch.newestGroup":             "one node evaluates the rules of all workspaces",
	"internal/watch.allGroups":               "one node evaluates the rules of all workspaces; each row names its own",
	"internal/span.Service.Sweep":            "the node's own housekeeping: it finds the workspaces that have telemetry",
	"internal/watch.dropOld":                 "the node's own housekeeping",
}

var (
	createTable = regexp.MustCompile(`(?is)CREATE TABLE (?:IF NOT EXISTS )?(\w+)\s*\((.*?)\n\)`)
	touches     = regexp.MustCompile(`\b(?:FROM|JOIN|INTO|UPDATE)\s+(\w+)`) // upper case: SQL, not a sentence
	narrows     = regexp.MustCompile(`(?i)\bworkspace_id\s*(?:=|IN\b)|\(\s*(?:\w+\.)?workspace_id\s*,[^)]*\)\s*(?:=|IN\b|<|>)`)
	insertInto  = regexp.MustCompile(`(?is)\bINSERT\s+INTO\s+\w+\s*\(([^)]*)\)`)
)

// TestQueriesNameTheirWorkspace reads every SQL text in the product: one that
// touches a table with a workspace_id column must narrow it by workspace_id,
// or an id from another tenant would be answered.
func TestQueriesNameTheirWorkspace(t *testing.T) {
	scoped := scopedTables(t)
	used := map[string]bool{}
	queries := 0
	consts := stringConsts(t)
	for _, s := range goFiles(t) {
		if s.test() || s.in("internal/db", "internal/bench", "internal/house") {
			continue
		}
		for _, d := range s.file.Decls {
			name := s.dir() + "." + declName(d)
			for _, q := range sqlTexts(d, withLocals(d, consts[s.dir()])) {
				tables := scopedIn(q.text, scoped)
				if len(tables) == 0 {
					continue
				}
				queries++
				if err := narrowed(q.text); err == nil {
					continue
				} else if crossing[name] != "" {
					used[name] = true
				} else {
					t.Errorf("%s: SQL of %s touches %s but %v.\nNarrow it by workspace_id, or list %s with its reason.\n%s",
						pos(q.node), name, strings.Join(tables, ", "), err, name, strings.ReplaceAll(q.text, "\x00", "?"))
				}
			}
		}
	}
	for name := range crossing {
		if !used[name] {
			t.Errorf("exception %s is no longer needed: remove it", name)
		}
	}
	t.Logf("%d queries over %d scoped tables", queries, len(scoped))
}

func TestNarrowedTellsQueriesApart(t *testing.T) {
	for text, want := range map[string]bool{
		`SELECT id FROM issue WHERE workspace_id = $1 AND id = $2`:              true,
		`SELECT workspace_id, id FROM issue WHERE id = $1`:                      false,
		`UPDATE issue SET title = $1 WHERE id = $2`:                             false,
		`UPDATE issue SET title = $1 WHERE workspace_id = $2 AND id = $3`:       true,
		`INSERT INTO issue (workspace_id, id) VALUES ($1, $2)`:                  true,
		`INSERT INTO issue (id) VALUES ($1)`:                                    false,
		`DELETE FROM issue WHERE (workspace_id, id) IN (SELECT a, b FROM tmp)`:  true,
		`SELECT 1 FROM a JOIN b ON b.workspace_id = a.workspace_id WHERE a.x=1`: true,
	} {
		if got := narrowed(text) == nil; got != want {
			t.Errorf("narrowed(%s) = %v, want %v", text, got, want)
		}
	}
}

func declName(d ast.Decl) string {
	switch x := d.(type) {
	case *ast.FuncDecl:
		return funcName(x)
	case *ast.GenDecl:
		for _, spec := range x.Specs {
			if v, ok := spec.(*ast.ValueSpec); ok {
				return v.Names[0].Name
			}
		}
	}
	return ""
}

// withLocals adds to consts the texts that d's own variables are given: a
// WHERE clause is often put together in one.
func withLocals(d ast.Decl, consts map[string]string) map[string]string {
	all := maps.Clone(consts)
	ast.Inspect(d, func(n ast.Node) bool {
		if as, ok := n.(*ast.AssignStmt); ok && len(as.Lhs) == len(as.Rhs) {
			for i, l := range as.Lhs {
				if id, ok := l.(*ast.Ident); ok {
					if text, ok := flatten(as.Rhs[i], all); ok && strings.Trim(text, "\x00") != "" {
						all[id.Name] += " " + text
					}
				}
			}
		}
		return true
	})
	return all
}

func narrowed(text string) error {
	if m := insertInto.FindStringSubmatch(text); m != nil {
		if !strings.Contains(m[1], "workspace_id") && !strings.Contains(m[1], "\x00") {
			return fmt.Errorf("inserts no workspace_id")
		}
		return nil
	}
	if !narrows.MatchString(text) {
		return fmt.Errorf("has no condition on workspace_id")
	}
	return nil
}

func scopedTables(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(root + "/internal/db/migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no migrations found: %v", err)
	}
	scoped := map[string]bool{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range createTable.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[2], "workspace_id") {
				scoped[strings.ToLower(m[1])] = true
			}
		}
	}
	if len(scoped) == 0 {
		t.Fatal("no table has a workspace_id; did the migrations change their form?")
	}
	return scoped
}

func scopedIn(text string, scoped map[string]bool) []string {
	var list []string
	for _, m := range touches.FindAllStringSubmatch(text, -1) {
		if name := strings.ToLower(m[1]); scoped[name] && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

type sqlText struct {
	node ast.Node
	text string
}

// sqlTexts returns every string expression under n, concatenations joined and
// the package's constants put in; what is only known when it runs is NUL.
func sqlTexts(n ast.Node, consts map[string]string) []sqlText {
	var list []sqlText
	ast.Inspect(n, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.BinaryExpr:
			if x.Op == token.ADD {
				if text, ok := flatten(x, consts); ok {
					list = append(list, sqlText{x, text})
					return false
				}
			}
		case *ast.BasicLit:
			if text, ok := flatten(x, consts); ok {
				list = append(list, sqlText{x, text})
			}
		}
		return true
	})
	return list
}

func flatten(e ast.Expr, consts map[string]string) (string, bool) {
	switch x := e.(type) {
	case *ast.BasicLit:
		if x.Kind != token.STRING {
			return "", false
		}
		text, err := strconv.Unquote(x.Value)
		return text, err == nil
	case *ast.Ident:
		if text, ok := consts[x.Name]; ok {
			return text, true
		}
		return "\x00", true
	case *ast.ParenExpr:
		return flatten(x.X, consts)
	case *ast.BinaryExpr:
		a, okA := flatten(x.X, consts)
		b, okB := flatten(x.Y, consts)
		return a + b, x.Op == token.ADD && okA && okB
	default:
		return "\x00", true
	}
}

// stringConsts returns, by folder, the constants whose value is a text.
func stringConsts(t *testing.T) map[string]map[string]string {
	all := map[string]map[string]string{}
	for range 3 { // constants made of constants
		for _, s := range goFiles(t) {
			m := all[s.dir()]
			if m == nil {
				m = map[string]string{}
				all[s.dir()] = m
			}
			ast.Inspect(s.file, func(n ast.Node) bool {
				if v, ok := n.(*ast.ValueSpec); ok && len(v.Names) == len(v.Values) {
					for i, name := range v.Names {
						if text, ok := flatten(v.Values[i], m); ok && !strings.Contains(text, "\x00") {
							m[name.Name] = text
						}
					}
				}
				return true
			})
		}
	}
	return all
}
