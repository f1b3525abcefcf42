package calllog

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/call"
)

// Payload is what was captured of a call, masked before it was stored.
type Payload struct {
	Request  Message `json:"request"`
	Response Message `json:"response"`
}

// Message is what was captured of a request or an answer.
type Message struct {
	Capture string   `json:"capture,omitempty" enum:"whole,cut" doc:"cut: the body was longer than is kept. Absent: nothing was captured."`
	Type    string   `json:"type,omitempty" doc:"Content type."`
	Headers []Header `json:"headers" nullable:"false"`
	Body    string   `json:"body,omitempty"`
	Base64  bool     `json:"base64,omitempty" doc:"The body is no text; here it stands in base64."`
}

// Header is a line of a head.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func messageOf(p *call.Payload) Message {
	m := Message{Capture: p.Capture, Type: p.Type, Headers: []Header{}, Body: p.Body}
	for line := range strings.Lines(p.Head) {
		if name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), ": "); ok {
			m.Headers = append(m.Headers, Header{name, value})
		}
	}
	if !utf8.ValidString(p.Body) {
		m.Body, m.Base64 = base64.StdEncoding.EncodeToString([]byte(p.Body)), true
	}
	return m
}
