package crash

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"regexp"
	"strings"
)

// Grouping is one version of the rules that tell which events are one fault.
type grouping struct {
	version int
	parts   func(*Event) []string
}

// groupings are the versions in force, newest first. The first makes new
// groups; those behind it find the groups that they made, so that a change of
// the rules leaves every group its id.
var groupings = []grouping{{1, partsV1}}

// hash is what an event is told by under one version.
type hash struct {
	version int
	value   string
}

// hashes returns what e is told by, newest version first.
func hashes(e *Event) []hash { return hashesOf(e, groupings) }

func hashesOf(e *Event, list []grouping) []hash {
	out := make([]hash, 0, len(list))
	for _, g := range list {
		sum := sha256.New()
		_, _ = fmt.Fprintf(sum, "%d", g.version) // a hash takes everything
		for _, p := range fingerprint(e, g.parts) {
			_, _ = fmt.Fprintf(sum, "\x00%s", p)
		}
		out = append(out, hash{g.version, hex.EncodeToString(sum.Sum(nil)[:20])})
	}
	return out
}

var variable = regexp.MustCompile(`\{\{\s*([\w.]+)\s*\}\}`)

// fingerprint is the sender's, where there is one; {{ default }} in it stands
// for what the rules say.
func fingerprint(e *Event, parts func(*Event) []string) []string {
	given := e.Body.Fingerprint
	if len(given) == 0 || len(given) == 1 && variable.FindString(given[0]) == given[0] && strings.Contains(given[0], "default") {
		return parts(e)
	}
	out := []string{"fingerprint"}
	for _, f := range given {
		if m := variable.FindStringSubmatch(f); m != nil && m[0] == strings.TrimSpace(f) && m[1] == "default" {
			out = append(out, parts(e)...)
			continue
		}
		out = append(out, variable.ReplaceAllStringFunc(f, func(v string) string {
			switch variable.FindStringSubmatch(v)[1] {
			case "type", "error.type":
				return kindOf(e)
			case "value", "error.value", "message":
				return template(messageOf(e))
			case "transaction":
				return e.Transaction
			case "level":
				return e.Level
			case "release":
				return e.Release
			}
			return v
		}))
	}
	return out
}

// partsV1: the exceptions with their stacks; or the stack of the thread; or
// the message without what changes in it.
func partsV1(e *Event) []string {
	var out []string
	for i := range e.Body.Exceptions {
		x := &e.Body.Exceptions[i]
		if stack := stackParts(x.Frames); len(stack) > 0 {
			out = append(append(out, "exception", x.Type), stack...)
		} else {
			out = append(out, "exception", x.Type, template(x.Value))
		}
	}
	if len(out) > 0 {
		return out
	}
	if e.Body.Template != "" {
		return []string{"message", template(e.Body.Template)}
	}
	if m := messageOf(e); m != "" {
		return []string{"message", template(m)}
	}
	if stack := stackParts(e.Body.Stack); len(stack) > 0 {
		return append([]string{"stack"}, stack...)
	}
	return []string{"place", e.Level, e.Body.Platform, template(e.Transaction)}
}

// maxStackParts bounds what of a deep recursion counts.
const maxStackParts = 60

// stackParts are the frames of the product's own code, or all where none is.
func stackParts(frames []Frame) []string {
	own := false
	for i := range frames {
		own = own || frames[i].InApp
	}
	var out []string
	last := ""
	for i := range frames {
		f := &frames[i]
		if own && !f.InApp {
			continue
		}
		p := framePart(f)
		if p == "" || p == last { // recursion: how deep it went is chance
			continue
		}
		out, last = append(out, p), p
	}
	if len(out) > maxStackParts {
		out = out[len(out)-maxStackParts:]
	}
	return out
}

// framePart is what a frame is told by: where it is, what it is called, and
// the line of code as it is written; never the number of the line, which each
// change above it moves.
func framePart(f *Frame) string {
	module, function := moduleName(f), functionName(f.Function)
	context := strings.Join(strings.Fields(f.Context), " ")
	if len(context) > 160 { // minified: the line is the file
		context = ""
	}
	if module == "" && function == "" && context == "" {
		return ""
	}
	if function == "" && context == "" && f.Minified == nil && f.Line > 0 {
		// Nothing else tells two anonymous functions of a file apart.
		context = fmt.Sprintf("%d", f.Line)
	}
	return module + "|" + function + "|" + context
}

func moduleName(f *Frame) string {
	m := f.Module
	if m == "" {
		m = f.File
		if m == "" {
			m = f.Path
		}
		if i := strings.IndexAny(m, "?#"); i >= 0 {
			m = m[:i]
		}
		m = path.Base(strings.ReplaceAll(m, `\`, "/"))
		if m == "." || m == "/" {
			m = ""
		}
	}
	return strip(m)
}

var (
	anonymous = regexp.MustCompile(`^(\?|<unknown>|<anonymous>|\(anonymous\)|anonymous)$`)
	noise     = regexp.MustCompile(`^(async |new |Object\.|Module\.|global\.)+| \[as [^\]]*\]`)
	lambda    = regexp.MustCompile(`(\$\$?[Ll]ambda|lambda)[$/\d.xa-f]*`)
)

func functionName(s string) string {
	s = strings.TrimSpace(noise.ReplaceAllString(s, ""))
	if anonymous.MatchString(s) {
		return ""
	}
	return strip(lambda.ReplaceAllString(s, "lambda"))
}
