package widget

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"path/filepath"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/errs"
)

// Bounds of one report.
const (
	maxBody  = 22 << 20
	maxFile  = 5 << 20
	maxFiles = 4
	maxJSON  = 256 << 10
	maxText  = 16 << 10
	maxSteps = 100
)

// report is what the script sends, as multipart/form-data (RFC 7578): report
// (JSON), sent (the sender's clock at sending), and up to four times file.
type report struct {
	ID       string    `json:"id"` // makes a repeat harmless
	At       time.Time `json:"at"` // by the sender's clock
	Kind     string    `json:"kind"`
	Text     string    `json:"text"`
	Email    string    `json:"email"`
	User     *user     `json:"user"`
	Release  string    `json:"release"`
	Language string    `json:"language"`
	Details  bool      `json:"details"` // technical details were agreed to
	Session  string    `json:"session"`
	Page     struct {
		URL   string `json:"url"`
		Title string `json:"title"`
	} `json:"page"`
	Env struct {
		Agent    string `json:"agent"`
		Locale   string `json:"locale"`
		Zone     string `json:"zone"`
		Viewport string `json:"viewport"`
	} `json:"env"`
	Crumbs []crumb `json:"crumbs"`

	sent  time.Time
	files []file
}

// user is who uses the page, as the page says.
type user struct {
	ID    string            `json:"id"`
	Email string            `json:"email"`
	Name  string            `json:"name"`
	Token string            `json:"token"`
	Attrs map[string]string `json:"attrs"`
}

// crumb is one of the last steps in the reporter's tab.
type crumb struct {
	T           int64  `json:"t"` // milliseconds, by the sender's clock
	Kind        string `json:"kind"`
	Method      string `json:"method"`
	URL         string `json:"url"`
	Status      int    `json:"status"`
	MS          int    `json:"ms"`
	RequestID   string `json:"request_id"`
	TraceParent string `json:"traceparent"`
	Level       string `json:"level"`
	Message     string `json:"message"`
	Source      string `json:"source"`
	Target      string `json:"target"`
	Name        string `json:"name"`
	Props       string `json:"props"`
}

type file struct {
	name, contentType string
	data              []byte
}

var idForm = regexp.MustCompile(`^[0-9a-zA-Z-]{16,64}$`)

// decode reads a report, or says what is wrong with it.
func decode(contentType string, body []byte) (*report, error) {
	values, files, err := parts(contentType, body)
	if err != nil {
		return nil, err
	}
	r := &report{files: files}
	raw, ok := values["report"]
	if !ok {
		return nil, errs.New(errs.Invalid, "The part report is missing; send it as JSON.")
	}
	if err := json.Unmarshal(raw, r); err != nil {
		return nil, errs.New(errs.Invalid, "The part report is not the JSON expected here: %v.", err)
	}
	switch {
	case !idForm.MatchString(r.ID):
		return nil, errs.New(errs.Invalid, "The report's id must be 16 to 64 letters, digits or hyphens: it makes a repeat harmless.")
	case strings.TrimSpace(r.Text) == "":
		return nil, errs.New(errs.Invalid, "The report's text is empty; send what the person said.")
	case len(r.Text) > maxText:
		return nil, errs.New(errs.TooLarge, "The report's text has %d bytes, at most %d are kept; shorten it.", len(r.Text), maxText)
	case len(r.Crumbs) > maxSteps:
		return nil, errs.New(errs.TooLarge, "The report has %d steps, at most %d are kept; send the last ones.", len(r.Crumbs), maxSteps)
	case !utf8.Valid(raw) || bytes.Contains(raw, []byte(`\u0000`)):
		return nil, errs.New(errs.Invalid, "The report holds a NUL character or invalid UTF-8; remove it.")
	}
	// Without a clock that can be read its times are taken as they are.
	if err := r.sent.UnmarshalText(values["sent"]); err != nil {
		r.sent = time.Time{}
	}
	return r, nil
}

// parts takes a form with files apart, within the bounds.
func parts(contentType string, body []byte) (map[string][]byte, []file, error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return nil, nil, errs.New(errs.Invalid, "Send it as multipart/form-data with a boundary, not as %.60q.", contentType)
	}
	values, files := map[string][]byte{}, []file(nil)
	form := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		p, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return values, files, nil
		}
		if err != nil {
			return nil, nil, errs.New(errs.Invalid, "The form can't be read: %v.", err)
		}
		isFile := p.FormName() == "file"
		most := maxJSON
		if isFile {
			most = maxFile
		}
		data, err := io.ReadAll(io.LimitReader(p, int64(most)+1))
		switch {
		case err != nil:
			return nil, nil, errs.New(errs.Invalid, "The form can't be read: %v.", err)
		case len(data) > most:
			return nil, nil, errs.New(errs.TooLarge, "The part %.40q is larger than the %d bytes taken here; send less.", p.FormName(), most)
		case !isFile && len(values) >= 20:
			return nil, nil, errs.New(errs.TooLarge, "The form has more than 20 parts; send report, sent, and files.")
		case !isFile:
			values[p.FormName()] = data
		case len(data) == 0: // a form without JavaScript sends an empty file where none was chosen
		case len(files) == maxFiles:
			return nil, nil, errs.New(errs.TooLarge, "There are more than %d files; send fewer.", maxFiles)
		default:
			files = append(files, file{name: fileName(p.FileName()), contentType: typeOf(p.Header.Get("Content-Type")), data: data})
		}
	}
}

func fileName(s string) string {
	s = filepath.Base(strings.ReplaceAll(s, `\`, "/"))
	return clip(strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s), ""), 120)
}

func typeOf(s string) string {
	kind, _, err := mime.ParseMediaType(s)
	if err != nil || len(kind) > 100 {
		return "application/octet-stream"
	}
	return kind
}

// clip cuts a text to so many bytes, between characters, and puts it on one
// line.
func clip(s string, most int) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}
