package widget

import (
	"bytes"
	_ "embed" // the page and its style
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// view is what the page shows.
type view struct {
	Language string
	W        map[string]string
	Error    string // what is wrong; then there is nothing else
	Ref      string
	Path     string // of this page, relative to itself
	State    string
	Said     []said
	Open     bool // more may be added
	Sent     bool
	zone     *time.Location
}

// ID makes a repeated sending of the form harmless.
func (view) ID() string { return randomID() }

// At writes a time in the reporter's zone, in the order that all read alike.
func (v view) At(t time.Time) string { return t.In(v.zone).Format("2006-01-02 15:04 MST") }

// Stamp writes a time for programs.
func (view) Stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Languages are those of the page.
func (view) Languages() []string { return languages }

// Name is what a language calls itself.
func (view) Name(code string) string { return pageWords[code]["language"] }

// Step is how far a report is, of four; 0 when there is nothing to be done.
func (v view) Step() int {
	return map[string]int{"received": 1, "looking": 2, "planned": 3, "fixing": 3, "done": 4}[v.State]
}

// Steps count them.
func (view) Steps() []int { return []int{1, 2, 3, 4} }

// Word finds a text whose name is put together.
func (v view) Word(prefix, name string) string { return v.W[prefix+name] }

func zoneOf(name string) *time.Location {
	if z, err := time.LoadLocation(name); name != "" && name != "Local" && err == nil {
		return z
	}
	return time.UTC
}

func render(w http.ResponseWriter, status int, v view) {
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, v); err != nil {
		// A fault of the template, which tests would have shown.
		http.Error(w, "This page could not be written.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.Language)
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the client is gone if this fails
}

// pageStyle is the product's colours, and what the page makes of them.
func pageStyle(tokens string) []byte { return []byte(tokens + "\n" + pageCSS) }

// pickLanguage takes what the address asks for, what the report was written
// with, and what the browser reads (RFC 9110, 12.5.4; in the order it says).
func pickLanguage(asked, report, header string) string {
	list := []string{asked, report}
	for item := range strings.SplitSeq(header, ",") {
		tag, _, _ := strings.Cut(item, ";")
		list = append(list, tag)
	}
	for _, l := range list {
		l, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(l)), "-")
		if slices.Contains(languages, l) {
			return l
		}
	}
	return "en"
}
