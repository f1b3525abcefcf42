package email

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"
)

// mark is in every mail that is sent from here, so that none comes back as a
// report. Its value is the installation's own: another one's answers are mail
// of people.
const mark = "X-Hypercare"

// outgoing is a mail to be written.
type outgoing struct {
	from, to      mail.Address
	replyTo       string
	id            string
	inReplyTo     string
	references    []string // oldest first
	subject, text string
	date          time.Time
	files         []file
	auto          bool // sent by a program (RFC 3834)
	mark          string
}

type file struct {
	name, contentType string
	data              []byte
}

const (
	maxReferences = 60 // of a thread: the first and the last ones (RFC 5322 3.6.4 has no bound, lines do)
	lineLength    = 76
)

// bytes writes the mail (RFC 5322, MIME), with line ends of the wire.
func (o *outgoing) bytes(boundary string) []byte {
	var b bytes.Buffer
	field := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		}
	}
	field("Date", o.date.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	field("From", header(o.from))
	field("To", header(o.to))
	field("Reply-To", o.replyTo)
	field("Subject", encoded(o.subject))
	field("Message-ID", o.id)
	field("In-Reply-To", o.inReplyTo)
	field("References", strings.Join(bounded(o.references), "\r\n "))
	if o.auto {
		field("Auto-Submitted", "auto-replied")
		field("X-Auto-Response-Suppress", "All")
		field("Precedence", "auto_reply")
	}
	field(mark, o.mark)
	field("MIME-Version", "1.0")
	if len(o.files) == 0 {
		textPart(&b, o.text)
		return b.Bytes()
	}
	field("Content-Type", `multipart/mixed; boundary="`+boundary+`"`)
	b.WriteString("\r\n--" + boundary + "\r\n")
	textPart(&b, o.text)
	for _, f := range o.files {
		b.WriteString("\r\n--" + boundary + "\r\n")
		kind, params, err := mime.ParseMediaType(f.contentType)
		if err != nil || strings.HasPrefix(kind, "multipart/") || strings.HasPrefix(kind, "message/") {
			kind, params = "application/octet-stream", nil // a message must not be base64 (RFC 2046 5.2.1)
		}
		field("Content-Type", cmp.Or(mime.FormatMediaType(kind, params), "application/octet-stream"))
		field("Content-Disposition", cmp.Or(mime.FormatMediaType("attachment", map[string]string{"filename": f.name}), "attachment"))
		field("Content-Transfer-Encoding", "base64")
		b.WriteString("\r\n")
		text := base64.StdEncoding.EncodeToString(f.data)
		for len(text) > lineLength {
			b.WriteString(text[:lineLength] + "\r\n")
			text = text[lineLength:]
		}
		b.WriteString(text + "\r\n")
	}
	b.WriteString("--" + boundary + "--\r\n")
	return b.Bytes()
}

func textPart(b *bytes.Buffer, text string) {
	b.WriteString("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	w := quotedprintable.NewWriter(b)
	_, _ = w.Write([]byte(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n"))) // a buffer takes all
	_ = w.Close()
	b.WriteString("\r\n")
}

// header writes an address with its name.
func header(a mail.Address) string {
	a.Name = oneLine(a.Name)
	return a.String()
}

// encoded writes a text of a field (RFC 2047), folded.
func encoded(s string) string {
	s = oneLine(s)
	return strings.ReplaceAll(mime.QEncoding.Encode("utf-8", s), "?= =?", "?=\r\n =?")
}

// oneLine keeps a text from being more than one field.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7F }), " ")
}

// bounded keeps of a long thread where it began and what is near.
func bounded(list []string) []string {
	if len(list) <= maxReferences {
		return list
	}
	return append([]string{list[0]}, list[len(list)-maxReferences+1:]...)
}

// attributions say whose words follow, in the reporter's language: when, who.
var attributions = map[string]string{
	"en": "On %s, %s wrote:",
	"de": "Am %s schrieb %s:",
	"fr": "Le %s, %s a écrit :",
	"es": "El %s, %s escribió:",
	"it": "Il %s, %s ha scritto:",
	"nl": "Op %s schreef %s:",
	"pt": "Em %s, %s escreveu:",
	"pl": "Dnia %s, %s napisał(a):",
}

const maxQuoted = 4000 // bytes

// quote writes what is answered below an answer.
func quote(text, language, who string, at time.Time) string {
	form, ok := attributions[language]
	if !ok {
		form = attributions["en"]
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n\n"+form+"\n", at.UTC().Format("2006-01-02 15:04 MST"), oneLine(who))
	short := clip(strings.TrimSpace(text), maxQuoted)
	if len(short) < len(strings.TrimSpace(text)) {
		short += " …"
	}
	for line := range strings.SplitSeq(short, "\n") {
		b.WriteString(strings.TrimRight("> "+line, " ") + "\n")
	}
	return b.String()
}
