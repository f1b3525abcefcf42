package dup

import (
	"fmt"
	"hash/fnv"
	"strings"
)

// FingerprintVersion starts every fingerprint: two fingerprints may only be
// compared when they were made by the same rules.
const FingerprintVersion = "e1:"

// Fingerprint returns a stable name of the error that a text reports, "" when
// it reports none. It is made of the exception's type and the innermost
// frames of the application; without frames, of the type and the message.
// Line numbers, addresses, ids, quoted values, generated names and the frames
// of platforms do not count, so one bug keeps one fingerprint over users,
// machines and most releases. It reads stack traces of Java, Kotlin, C#,
// Python, JavaScript, Go, Ruby, PHP, Rust and Android, and error lines of logs.
func Fingerprint(text string) string {
	t, ok := parseTrace(text)
	if !ok {
		return ""
	}
	return t.fingerprint()
}

func (t trace) fingerprint() string {
	h := fnv.New64a()
	h.Write([]byte(t.kind))
	for _, f := range t.frames {
		h.Write([]byte{0})
		h.Write([]byte(f))
	}
	if len(t.frames) == 0 {
		h.Write([]byte{1})
		h.Write([]byte(t.message))
	}
	return fmt.Sprintf("%s%016x", FingerprintVersion, h.Sum64())
}

// String names the error for people: "NullPointerException at Foo.bar".
func (t trace) String() string {
	kind := t.kind
	if kind == "log" || strings.HasPrefix(kind, "log ") || kind == "" {
		kind = "error"
	}
	switch {
	case len(t.frames) > 0:
		return kind + " at " + shortFrame(t.frames[0])
	case t.message != "":
		return kind + " “" + shorten(t.message, 60) + "”"
	}
	return kind
}

// shortFrame keeps the class and the method of a dotted name.
func shortFrame(f string) string {
	parts := strings.Split(f, ".")
	if n := len(parts); n > 2 && !strings.ContainsAny(f, "/:") {
		return shorten(parts[n-2]+"."+parts[n-1], 80)
	}
	return shorten(f, 80)
}

// shorten cuts s to n bytes at most, at a word if there is one.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	s = strings.ToValidUTF8(s[:n], "")
	if i := strings.LastIndexByte(s, ' '); i > n/2 {
		s = s[:i]
	}
	return s + "…"
}
