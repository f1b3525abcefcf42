package dup

import (
	"regexp"
	"strings"
)

var (
	rePyFrame   = regexp.MustCompile(`^File "([^"]+)", line \d+(?:, in (.+))?$`)
	reAtParen   = regexp.MustCompile(`^at (.+?) ?\(([^()]*(?:\([^()]*\))?[^()]*)\)(?: in (.+))?$`)
	reAtBare    = regexp.MustCompile(`^at (?:async )?(\S+?):\d+:\d+\)?$`)
	reMoz       = regexp.MustCompile(`^([\w$.<>/\[\]*]*)@(\S+?):\d+(?::\d+)?$`)
	reGoFunc    = regexp.MustCompile(`^(?:created by )?([\w.~/-]+(?:\.\([*\w\[\].]+\))?(?:\.[\w$\[\].-]+)+)(?:\((?:0x[0-9a-f]+|[{}.,?_ ]|0x[0-9a-f]+\?)*\)| in goroutine \d+)?$`)
	reGoFile    = regexp.MustCompile(`^(/\S+|[A-Za-z]:/\S+|\S+/\S+)\.go:\d+(?: \+0x[0-9a-f]+)?$`)
	reRubyFrame = regexp.MustCompile(`^(?:from )?(\S+\.(?:rb|rake|erb)):\d+:in ['` + "`]" + `([^']*)'`)
	rePHPFrame  = regexp.MustCompile(`^#\d+ (?:(\S+?)\(\d+\)|\[internal function\]): (.+?)\(.*$`)
	reRustFrame = regexp.MustCompile(`^\d+: +(?:0x[0-9a-f]+ - )?([\w<>:&' {}#$.]+?)(?:::h[0-9a-f]{16})?$`)
	reNativeFrm = regexp.MustCompile(`^#\d+ +(?:pc |0x)[0-9a-f]+ +(?:in )?(\S+)(?: .*)?$`)

	reLambda = regexp.MustCompile(`\$\$?[Ll]ambda[$/\d\w]*|lambda\$|\$\d+|\$\$(?:EnhancerBy|FastClassBy|Lambda|CGLIB)[\w$]*|\.func\d+(?:\.\d+)*|\{\{closure\}\}|::\{closure#?\d*\}|::h[0-9a-f]{16}|<locals>\.?|\[as \w+\]|\d+$`)
	reHashed = regexp.MustCompile(`[.-][0-9a-f]{6,}(?:\.chunk|\.bundle)?|[?#].*$`)
	reCSGen  = regexp.MustCompile(`<(\w+)>[a-z]__\d*(?:_\d+)?(?:\.MoveNext)?`)
)

// parseFrame reads one line of a stack trace.
func parseFrame(s string, p *tracer) (f rawFrame, lang string, ok bool) {
	switch {
	case strings.HasPrefix(s, "at "):
		return atFrame(s)
	case strings.HasPrefix(s, "File \""):
		if m := rePyFrame.FindStringSubmatch(s); m != nil {
			return rawFrame{clean(base(m[1]) + ":" + m[2]), inAppPath(m[1])}, "python", true
		}
	case s[0] == '#':
		if m := rePHPFrame.FindStringSubmatch(s); m != nil {
			return rawFrame{clean(m[2]), inAppPath(m[1]) && m[1] != ""}, "php", true
		}
		if m := reNativeFrm.FindStringSubmatch(s); m != nil {
			return rawFrame{clean(base(m[1])), !strings.HasPrefix(m[1], "/system/") && !strings.HasPrefix(m[1], "/apex/")}, "native", true
		}
	}
	if strings.HasSuffix(s, "'") || strings.Contains(s, ":in ") {
		if m := reRubyFrame.FindStringSubmatch(s); m != nil && !reRuby.MatchString(s) {
			return rawFrame{clean(base(m[1]) + ":" + strings.TrimPrefix(m[2], "block in ")), inAppPath(m[1])}, "ruby", true
		}
	}
	if p.goFunc != "" {
		fn := p.goFunc
		p.goFunc = ""
		if reGoFile.MatchString(s) {
			return rawFrame{clean(lastPath(fn)), inAppName(fn) && inAppPath(s)}, "go", true
		}
	}
	if c := s[len(s)-1]; (c == ')' || strings.HasPrefix(s, "created by ")) && strings.Contains(s, ".") {
		if m := reGoFunc.FindStringSubmatch(s); m != nil {
			p.goFunc = m[1]
			return rawFrame{}, "go", true
		}
	}
	if isDigit(s[0]) {
		if m := reRustFrame.FindStringSubmatch(s); m != nil && strings.Contains(m[1], "::") {
			return rawFrame{clean(m[1]), inAppName(m[1])}, "rust", true
		}
	}
	if strings.Contains(s, "@") {
		if m := reMoz.FindStringSubmatch(s); m != nil {
			return jsFrame(m[1], m[2]), "js", true
		}
	}
	return rawFrame{}, "", false
}

// atFrame reads the frames of the JVM, .NET and V8, which all start with
// "at "; a sentence that does is told apart by what follows.
func atFrame(s string) (rawFrame, string, bool) {
	s = strings.TrimSuffix(s, ",")
	if m := reAtBare.FindStringSubmatch(s); m != nil {
		if strings.HasSuffix(m[1], ".rs") { // the place of the frame before
			return rawFrame{}, "rust", true
		}
		return jsFrame("", m[1]), "js", true
	}
	if m := reAtParen.FindStringSubmatch(s); m != nil {
		name, where := m[1], m[2]
		switch {
		case strings.HasPrefix(where, "http") || strings.Contains(where, ".js:") || strings.Contains(where, ".ts:") ||
			strings.Contains(where, ".tsx:") || strings.Contains(where, ".jsx:") || strings.Contains(where, ".mjs:") ||
			strings.Contains(where, ".cjs:") || strings.Contains(where, ".vue:") || strings.HasPrefix(where, "node:") ||
			where == "<anonymous>" || where == "native":
			return jsFrame(name, cutLine(where)), "js", true
		case strings.Contains(name, " "), !strings.Contains(name, "."):
			if where != "native code" && !strings.Contains(name, "(") && strings.Contains(name, ".") {
				break // "at Foo.Bar baz (x)": prose
			}
			return rawFrame{}, "", false
		}
		// A module before the class: "java.base/java.lang.Thread.run".
		if i := strings.IndexByte(name, '/'); i >= 0 && !strings.Contains(name[:i], "$") {
			name = name[i+1:]
		}
		return rawFrame{clean(name), inAppName(name)}, "jvm", true
	}
	return rawFrame{}, "", false
}

func jsFrame(fn, where string) rawFrame {
	fn = strings.TrimPrefix(strings.TrimPrefix(fn, "async "), "new ")
	file := reHashed.ReplaceAllString(base(where), "")
	app := inAppPath(where) && where != "<anonymous>" && where != "native"
	if len(fn) <= 2 { // minified: the name changes with every build
		fn = ""
	}
	return rawFrame{clean(file + ":" + fn), app}
}

// clean drops generated parts of a function's name.
func clean(name string) string {
	name = reCSGen.ReplaceAllString(name, "$1")
	name = reLambda.ReplaceAllString(name, "")
	if len(name) > 120 {
		name = name[:120]
	}
	return strings.ToValidUTF8(strings.Trim(name, " .:$"), "")
}

func base(path string) string {
	if i := strings.LastIndexAny(path, `/\`); i >= 0 {
		path = path[i+1:]
	}
	return cutLine(path)
}

func cutLine(s string) string {
	for {
		i := strings.LastIndexByte(s, ':')
		if i < 0 || i+1 == len(s) || strings.Trim(s[i+1:], "0123456789") != "" {
			return s
		}
		s = s[:i]
	}
}

func lastPath(fn string) string {
	if i := strings.LastIndexByte(fn, '/'); i >= 0 {
		return fn[i+1:]
	}
	return fn
}

// Namespaces and folders of languages, platforms and well-known frameworks:
// a frame there says how the error was thrown, not whose it is.
var platformNames = []string{
	"java.", "javax.", "jakarta.", "jdk.", "sun.", "com.sun.", "kotlin.", "kotlinx.", "scala.", "groovy.", "clojure.",
	"android.", "androidx.", "com.android.", "dalvik.", "org.junit", "junit.", "org.mockito.", "org.springframework.",
	"org.hibernate.", "org.apache.catalina.", "org.apache.tomcat.", "org.apache.coyote.", "org.eclipse.jetty.",
	"org.mortbay.", "io.netty.", "reactor.", "io.reactivex.", "rx.", "com.fasterxml.", "com.google.common.", "okhttp3.",
	"System.", "Microsoft.", "MS.", "runtime.", "runtime/", "reflect.", "testing.", "net/http.", "syscall.", "sync.",
	"std::", "core::", "alloc::", "<alloc::", "<core::", "<std::", "rust_begin_unwind", "__rust", "tokio::", "<tokio::", "_main", "__libc",
}

var platformPaths = []string{
	"site-packages", "dist-packages", "/lib/python", "<frozen", "<string>", "node_modules", "node:", "internal/modules", "internal/process",
	"webpack/", "/gems/", "/ruby/", "/vendor/", "/usr/lib/", "/usr/local/go/", "/go/src/runtime", "/rustc/", "native code", "/pkg/mod/",
}

func inAppName(name string) bool {
	for _, p := range platformNames {
		if strings.HasPrefix(name, p) {
			return false
		}
	}
	return true
}

func inAppPath(path string) bool {
	path = strings.ReplaceAll(path, `\`, "/")
	for _, p := range platformPaths {
		if strings.Contains(path, p) {
			return false
		}
	}
	return true
}
