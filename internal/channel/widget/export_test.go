package widget

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// PageWords are the words of the page, by language.
func PageWords() map[string]map[string]string { return pageWords }

// DecodeForTest decodes anything, and checks what must hold of what is taken.
func DecodeForTest(t *testing.T, contentType string, body []byte) {
	t.Helper()
	r, err := decode(contentType, body)
	if err != nil {
		return
	}
	if !idForm.MatchString(r.ID) || strings.TrimSpace(r.Text) == "" || len(r.Crumbs) > maxSteps || len(r.files) > maxFiles {
		t.Errorf("taken: %+v", r)
	}
	for _, f := range r.files {
		if strings.ContainsAny(f.name, "/\\\x00") || !utf8.ValidString(f.name) || len(f.name) > 120 {
			t.Errorf("file name %q", f.name)
		}
	}
	attrs := map[string]string{}
	attr := func(k, v string) { attrs[k] = clip(strings.ToValidUTF8(v, ""), maxAttr) }
	r.author("key", time.Now(), attr)
	r.calls(attr)
	agent(r.Env.Agent)
	for k, v := range attrs {
		if len(v) > maxAttr || !utf8.ValidString(v) {
			t.Errorf("attribute %s: %q", k, v)
		}
	}
}
