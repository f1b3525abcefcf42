// Package mail reads messages of the internet (RFC 5322, MIME) as they come:
// with odd charsets, broken parts, Outlook's TNEF. It tells what a person
// wrote from what was quoted, and mail of people from mail of machines. It
// does no I/O and knows nothing of the product.
package mail

import (
	"crypto/sha256"
	"encoding/hex"
	"mime"
	"path"
	"regexp"
	"strings"
	"time"
)

// Message is one mail, read.
type Message struct {
	Head       Header
	ID         string   // Message-ID with its brackets; made of the content where there is none
	InReplyTo  []string // what it answers
	References []string // the thread, oldest first (RFC 5322 3.6.4)
	From       Address  // who wrote it; no Email when nobody can be made out
	Sender     string   // of the envelope, "" when it is not known or empty
	NoSender   bool     // the envelope had an empty one: it must not be answered
	To         []string // everybody it went to, addresses only, the envelope's first
	Subject    string
	Date       time.Time // zero when it says none
	Language   string
	Text       string // all of it, plain
	Files      []File
	Report     *Report // what a mail server says of the delivery of another mail
}

// File is an attachment.
type File struct {
	Name, ContentType string
	Data              []byte
	Inline            bool // shown within the text
}

// maxText bounds what is kept of a text; the rest is in the ledger.
const maxText = 1 << 20

// Read reads a message. It always returns one: what can't be made out is left
// empty.
func Read(raw []byte) *Message {
	h, body := splitHead(raw)
	m := &Message{Head: h, Subject: h.Text("Subject"), InReplyTo: ids(h.Get("In-Reply-To")), References: ids(strings.Join(h.All("References"), " "))}
	m.ID = messageIDOf(h, raw)
	for _, name := range []string{"From", "Reply-To", "Sender"} {
		if list := addresses(h.Get(name)); len(list) > 0 {
			m.From = list[0]
			break
		}
	}
	if paths := h.All("Return-Path"); len(paths) > 0 {
		if a, ok := address(paths[0]); ok {
			m.Sender = a.Email
		} else {
			m.NoSender = strings.Trim(paths[0], "<> ") == ""
		}
	}
	m.recipients()
	m.Date = date(h.Get("Date"))
	m.Language = language(h.Get("Content-Language"))
	c := &collector{m: m}
	c.walk(newPart(h, body, "text/plain"), 0)
	c.finish()
	return m
}

// messageIDOf returns what a message is known by; the same bytes of content
// are the same message, whatever way they took.
func messageIDOf(h Header, raw []byte) string {
	for _, name := range []string{"Message-ID", "X-Original-Message-ID", "Resent-Message-ID"} {
		if list := ids(h.Get(name)); len(list) > 0 {
			return list[0]
		}
		if s := strings.Trim(clean(h.Get(name)), "<> "); s != "" && !strings.ContainsAny(s, " <>") && len(s) < 500 {
			return "<" + strings.ToValidUTF8(s, "") + ">"
		}
	}
	sum := sha256.New()
	for _, name := range []string{"From", "To", "Date", "Subject"} {
		sum.Write([]byte(h.Get(name) + "\x00"))
	}
	_, body := splitHead(raw)
	sum.Write([]byte(strings.TrimSpace(strings.ReplaceAll(string(body), "\r\n", "\n"))))
	return "<" + hex.EncodeToString(sum.Sum(nil)[:20]) + "@no-message-id>"
}

func (m *Message) recipients() {
	seen := map[string]bool{}
	for _, name := range []string{"Delivered-To", "X-Original-To", "X-Envelope-To", "Envelope-To", "X-Delivered-To", "X-Forwarded-To", "To", "Cc", "Resent-To"} {
		for _, v := range m.Head.All(name) {
			for _, a := range addresses(v) {
				if !seen[a.Email] && len(m.To) < 200 {
					seen[a.Email] = true
					m.To = append(m.To, a.Email)
				}
			}
		}
	}
}

var comment = regexp.MustCompile(`\([^()]*\)`)

// date reads a date (RFC 5322 3.3), also an old one.
func date(s string) time.Time {
	s = strings.Join(strings.Fields(comment.ReplaceAllString(s, " ")), " ")
	if i := strings.IndexByte(s, ','); i >= 0 {
		s = strings.TrimSpace(s[i+1:])
	}
	for _, layout := range []string{"2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05 MST", "2 Jan 2006 15:04 -0700", "2 Jan 06 15:04:05 -0700", "2 Jan 06 15:04:05 MST",
		"2 Jan 2006 15:04:05", time.RFC3339, "Mon Jan 2 15:04:05 2006", "2006-01-02 15:04:05 -0700"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	return time.Time{}
}

func language(s string) string {
	s, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(s)), ",")
	s, _, _ = strings.Cut(s, "-")
	if len(s) == 2 && s[0] >= 'a' && s[0] <= 'z' && s[1] >= 'a' && s[1] <= 'z' {
		return s
	}
	return ""
}

// collector gathers texts and files of the parts.
type collector struct {
	m        *Message
	parts    int
	texts    []string
	tnefText string
}

func (c *collector) walk(p *part, depth int) {
	if c.parts++; c.parts > maxParts {
		return
	}
	if strings.HasPrefix(p.kind, "multipart/") && depth < maxDepth {
		var list []*part
		for _, raw := range p.children() {
			h, body := splitHead(raw)
			fallback := "text/plain"
			if p.kind == "multipart/digest" {
				fallback = "message/rfc822"
			}
			list = append(list, newPart(h, body, fallback))
		}
		if list != nil {
			c.multipart(p, list, depth)
			return
		}
		p.kind = "text/plain" // what can't be split is read as it is
	}
	c.leaf(p)
}

func (c *collector) multipart(p *part, list []*part, depth int) {
	switch p.kind {
	case "multipart/alternative":
		c.alternative(list, depth)
		return
	case "multipart/report":
		if c.m.Report == nil {
			c.m.Report = readReport(strings.ToLower(p.params["report-type"]), list)
		}
	}
	for _, x := range list {
		switch x.kind {
		case "application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature":
			continue
		}
		c.walk(x, depth+1)
	}
}

// alternative takes the plain one of several forms of the same, unless it is
// empty, and files of all.
func (c *collector) alternative(list []*part, depth int) {
	best := -1
	for i, x := range list {
		switch {
		case x.attach:
		case x.kind == "text/plain" && strings.TrimSpace(string(x.body)) != "":
			best = i
		case best < 0 && (x.kind == "text/html" || strings.HasPrefix(x.kind, "multipart/")):
			best = i
		case best >= 0 && list[best].kind != "text/plain" && x.kind == "text/html":
			best = i
		}
	}
	for i, x := range list {
		switch {
		case i == best, x.attach:
			c.walk(x, depth+1)
		case strings.HasPrefix(x.kind, "multipart/"): // pictures of the other form
			kept := len(c.texts)
			c.walk(x, depth+1)
			c.texts = c.texts[:kept]
		case !strings.HasPrefix(x.kind, "text/"):
			c.walk(x, depth+1)
		}
	}
}

func (c *collector) leaf(p *part) {
	switch {
	case p.kind == "application/ms-tnef" || strings.EqualFold(p.name, "winmail.dat"):
		if t, ok := readTNEF(p.body); ok {
			c.tnef(t)
			return
		}
	case (p.kind == "text/plain" || p.kind == "text/html" || p.kind == "text/enriched") && !p.attach:
		if s := p.text(); s != "" {
			c.texts = append(c.texts, s)
		}
		return
	case c.m.Report != nil && (p.kind == "message/delivery-status" || p.kind == "text/rfc822-headers" || p.kind == "message/disposition-notification"):
		return
	}
	if len(p.body) == 0 {
		return
	}
	f := File{Name: fileName(p.name), ContentType: p.kind, Data: p.body, Inline: p.head.Has("Content-ID") && !p.attach}
	if f.Name == "" {
		f.Name = nameFor(p.kind)
	}
	c.m.Files = append(c.m.Files, f)
}

func (c *collector) tnef(t tnef) {
	c.tnefText = t.text
	if t.text == "" && t.html != "" {
		c.tnefText = plain(t.html)
	}
	for _, f := range t.files {
		if len(f.Data) == 0 {
			continue
		}
		if f.Name = fileName(f.Name); f.Name == "" {
			f.Name = "attachment.bin"
		}
		if f.ContentType == "" {
			f.ContentType, _ = mediaType(mime.TypeByExtension(path.Ext(f.Name)))
		}
		if f.ContentType == "" {
			f.ContentType = "application/octet-stream"
		}
		c.m.Files = append(c.m.Files, f)
	}
}

func (c *collector) finish() {
	c.m.Text = strings.Trim(strings.Join(c.texts, "\n\n"), "\n")
	if strings.TrimSpace(c.m.Text) == "" {
		c.m.Text = tidy(strings.ReplaceAll(c.tnefText, "\r\n", "\n"))
	}
	if len(c.m.Text) > maxText {
		c.m.Text = strings.ToValidUTF8(c.m.Text[:maxText], "")
	}
}

// fileName brings a name to its last element, without what no file's name
// holds.
func fileName(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(clean(s), ""), `\`, "/")
	s = strings.TrimSpace(s[strings.LastIndexByte(s, '/')+1:])
	if s == "." || s == ".." {
		return ""
	}
	for len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "")
	}
	return s
}

func nameFor(kind string) string {
	switch kind {
	case "message/rfc822":
		return "message.eml"
	case "text/calendar":
		return "invite.ics"
	case "image/jpeg":
		return "image.jpg"
	case "text/html":
		return "text.html"
	}
	if top, sub, ok := strings.Cut(kind, "/"); ok && top == "image" && len(sub) < 8 {
		return "image." + fileName(sub)
	}
	return "attachment.bin"
}

// ID returns the Message-ID of a mail, or one made of its content.
func ID(raw []byte) string {
	h, _ := splitHead(raw)
	return messageIDOf(h, raw)
}
