package gateway

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// flowWidth is how long an item may be that is written on one line.
const flowWidth = 120

// yamlBlock writes a value as YAML in block style, each line indented.
func yamlBlock(v any, indent int) []byte {
	var b strings.Builder
	pad := strings.Repeat(" ", indent)
	switch v := v.(type) {
	case yamlMap:
		for _, m := range v {
			b.WriteString(pad + yamlScalar(m.key) + ":")
			switch value := m.value.(type) {
			case yamlMap:
				if flow := yamlFlow(value); len(value) == 0 || len(flow) < flowWidth/2 {
					b.WriteString(" " + flow + "\n")
					continue
				}
				b.WriteString("\n")
				b.Write(yamlBlock(value, indent+2))
			case []any:
				if allScalars(value) {
					b.WriteString(" " + yamlFlow(value) + "\n")
					continue
				}
				b.WriteString("\n")
				b.Write(yamlBlock(value, indent+2))
			default:
				b.WriteString(" " + yamlScalar(value) + "\n")
			}
		}
	case []any:
		for _, item := range v {
			b.WriteString(yamlItem(item, indent))
		}
	default:
		b.WriteString(pad + yamlScalar(v) + "\n")
	}
	return []byte(b.String())
}

// yamlItem writes one item of a list, on one line where it is short.
func yamlItem(v any, indent int) string {
	pad := strings.Repeat(" ", indent)
	o, ok := v.(yamlMap)
	if flow := yamlFlow(v); !ok || len(flow)+indent < flowWidth {
		return pad + "- " + flow + "\n"
	}
	text := string(yamlBlock(o, indent+2))
	return pad + "- " + text[indent+2:]
}

func allScalars(list []any) bool {
	for _, v := range list {
		switch v.(type) {
		case yamlMap, []any:
			return false
		}
	}
	return true
}

// OneLine writes a part of a configuration as YAML on one line, cut where it
// is long; nothing where it says nothing.
func OneLine(v any) string {
	r := reflect.ValueOf(v)
	if !r.IsValid() || saysNothing(r) {
		return ""
	}
	s := yamlFlow(treeOf(r))
	if len(s) > 1000 {
		s = strings.ToValidUTF8(s[:1000], "") + "…"
	}
	return s
}

// yamlFlow writes a value on one line.
func yamlFlow(v any) string {
	var parts []string
	switch v := v.(type) {
	case yamlMap:
		for _, m := range v {
			parts = append(parts, yamlScalar(m.key)+": "+yamlFlow(m.value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		for _, item := range v {
			parts = append(parts, yamlFlow(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return yamlScalar(v)
}

var (
	plainForm = regexp.MustCompile(`^[A-Za-z/][A-Za-z0-9/._-]*$`)
	spanForm  = regexp.MustCompile(`^[0-9]+(/[a-z]+|(ms|s|m|h|kB|MB|GB)([0-9]+(ms|s))*)$`)
	wordForm  = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off|null|y|n|inf|nan)$`)
)

// yamlScalar writes a text so that no reader of YAML takes it for anything else.
func yamlScalar(v any) string {
	switch v := v.(type) {
	case string:
		if (plainForm.MatchString(v) && !wordForm.MatchString(v)) || spanForm.MatchString(v) || strings.HasPrefix(v, "sha256:") && idLike(v) {
			return v
		}
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			return strconv.Quote(v)
		}
		return strings.TrimSuffix(b.String(), "\n")
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return fmt.Sprint(v)
}

func idLike(s string) bool { return previewForm.MatchString(s) }
