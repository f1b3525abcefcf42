package clean

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestProseKeepsWhatAPersonWrote(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"plain", "The app crashes.\nEvery time!", "The app crashes.\nEvery time!"},
		{"code fence", "It fails:\n```js\nlet x = 1\n```\nPlease help", "It fails:\nPlease help"},
		{"open fence", "It fails\n~~~\nlet x = 1", "It fails"},
		{"comment", "Hello <!-- describe\nthe bug --> there", "Hello \nthere"},
		{"template", "## Steps to Reproduce:\n1. Open settings and wait\n**Expected behavior**\nIt should open.", "1. Open settings and wait\nIt should open."},
		{"VS Code report", "Type: <b>Bug</b>\n\n保存后无法打开\n\nVS Code version: Code 1.80.0 (660393d, 2023-07-04)\nOS version: Windows_NT x64 10.0.19045\nModes:\n\n<details>\n<summary>System Info</summary>\n|Item|Value|\n|CPUs|Intel|\n</details>", "保存后无法打开"},
		{"Java trace", "Saving fails with\njava.lang.NullPointerException: name\n\tat com.example.Main.run(Main.java:42)\n\t... 12 more\nWhat can I do?", "Saving fails with\nWhat can I do?"},
		{"Python trace", "Broken:\nTraceback (most recent call last):\n  File \"a.py\", line 3, in <module>\nValueError: bad\nSince Monday.", "Broken:\nSince Monday."},
		{"JavaScript trace", "It stops\n    at Object.run (/app/index.js:10:5)\n    at async main (index.js:3:1)", "It stops"},
		{"log", "Look:\n2024-05-01 10:00:01 ERROR failed to open\n[main 2024-05-01T10:00:00.1Z] update#setState idle\nERROR: 500 for /x\nthanks a lot", "Look:\nthanks a lot"},
		{"links", "See https://example.com/a?b=c or [the docs](https://example.com) and ![shot](x.png) or mail a.b@example.com", "See or the docs and or mail"},
		{"path", `Opening C:\Users\me\file.txt or /usr/local/bin/app fails`, "Opening or fails"},
		{"hash", "Broken since 660393deaaa6d1996740ff4880f1bad43768c814 I think", "Broken since I think"},
		{"quote mark", "> I said so\n- first point", "I said so\nfirst point"},
		{"code line", "I call\nfor (i = 0; i < n; i++) { foo(x[i]); }\nand it hangs", "I call\nand it hangs"},
		{"a sentence that starts like a log", "Error messages are shown in the wrong language", "Error messages are shown in the wrong language"},
		{"a sentence with at", "at the end of the day it does not work", "at the end of the day it does not work"},
		{"a sentence with a colon", "Version: I wish there was a way to see which one runs, because nobody here knows it", "Version: I wish there was a way to see which one runs, because nobody here knows it"},
		{"nothing but a trace", "\tat com.example.Main.run(Main.java:42)", ""},
		{"broken text", "caf\xe9 \x00ok", "caf ok"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			want := strings.TrimSpace(c.want)
			got := Prose(c.in)
			norm := func(s string) string {
				var out []string
				for l := range strings.Lines(s) {
					out = append(out, strings.TrimSpace(l))
				}
				return strings.Join(out, "\n")
			}
			if diff := cmp.Diff(norm(want), norm(got)); diff != "" {
				t.Errorf("Prose of %q:\n%s", c.in, diff)
			}
		})
	}
}

// TestProseOfAnything holds for every input what its readers rely on.
func TestProseOfAnything(t *testing.T) {
	t.Parallel()
	bit := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"```", "<!--", "-->", "<details>", "\n", "|", "at a.b(c:1)", "http://x/", "\xff", "\x00", "支払い", "`a`", "](", "![",
	}))
	rapid.Check(t, func(t *rapid.T) {
		check(t, strings.Join(rapid.SliceOf(bit).Draw(t, "text"), ""))
	})
}

func check(t interface{ Errorf(string, ...any) }, in string) {
	got := Prose(in)
	if !utf8.ValidString(got) {
		t.Errorf("Prose of %q is not UTF-8", in)
	}
	if strings.ContainsAny(got, "\x00\r\t") {
		t.Errorf("Prose of %q has control characters: %q", in, got)
	}
	if len(got) > maxBytes+utf8.UTFMax {
		t.Errorf("Prose of %d bytes has %d", len(in), len(got))
	}
}

func FuzzProse(f *testing.F) {
	for _, s := range []string{"a\n```\nb", "<!-- x", strings.Repeat("<a ", 1000), strings.Repeat("[", 2000) + "](", "at x (y:1)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { check(t, s) })
}

func BenchmarkProse(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"feedback", "I have been using this application for two years and since the last update the synchronisation does not work any more. Whenever I open the project list it shows an empty page and I need to log out and log in again."},
		{"report", strings.Repeat("## Steps to Reproduce\n1. open https://example.com/a\n2024-05-01 10:00:01 ERROR failed\n\tat com.example.Main.run(Main.java:42)\nIt does not work at all, sorry\n", 20)},
		{"1 MB", strings.Repeat("<a b [c](d) `e` /f/g/h ", 45000)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			for b.Loop() {
				Prose(c.text)
			}
		})
	}
}
