// Package accesslog takes the access logs of other gateways, nginx, Traefik,
// Envoy, Kong, apinto, as JSON lines: each becomes a call of the call log, so
// that evidence and pages see traffic that does not pass the gateway. Lines
// are pushed; "hypercare tail" follows a file and pushes what is new.
//
// Like telemetry they do not pass the ledger of deliveries (decision 16).
package accesslog

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/hypercare/hypercare/internal/call"
	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/web"
)

// Name of the kind of channel.
const Name = "accesslog"

// Header fields by which a sender that follows a file says which lines these
// are.
const (
	SourceHeader = "X-Hypercare-Source" // machine and file
	OffsetHeader = "X-Hypercare-Offset" // of the first byte in it
	AgainHeader  = "X-Hypercare-Again"  // "true": these lines may have come before
)

// Importer takes calls and returns when they are on disk; those that are there
// are passed over when again is true.
type Importer func(ctx context.Context, records []call.Record, again bool) (kept int, err error)

// Service takes access logs.
type Service struct {
	channels *channel.Service
	keep     Importer
	now      func() time.Time
}

// NewService returns the service, and adds its kind of channel.
func NewService(channels *channel.Service, keep Importer) *Service {
	channels.Add(channel.Kind{Name: Name, Label: "Access log", Limit: 6000, Setup: setup, Check: func(m map[string]any) error {
		s, err := readSettings(m)
		if err == nil {
			m["format"] = s.name
		}
		return err
	}})
	return &Service{channels: channels, keep: keep, now: time.Now}
}

// Routes adds the address that lines are sent to.
func (s *Service) Routes(mux *http.ServeMux) {
	mux.Handle("POST /in/accesslog/{key}", web.Handler(s.take))
}

// Answer says what became of the lines of a request.
type Answer struct {
	Accepted int         `json:"accepted"`
	Known    int         `json:"known"`    // had come before
	Rejected int         `json:"rejected"` // could not be read
	Errors   []LineError `json:"errors"`   // of the first of those
}

// LineError says what is wrong with a line.
type LineError struct {
	Line  int    `json:"line"` // 1 is the first
	Error string `json:"error"`
}

const (
	maxBody   = 16 << 20 // as it comes, and unpacked
	maxErrors = 20       // that are named
)

func (s *Service) take(w http.ResponseWriter, r *http.Request) error {
	ctx, c, err := s.channels.Enter(r, r.PathValue("key"), 1, Name)
	if err != nil {
		return err
	}
	ans, err := s.lines(ctx, w, r, c)
	if err != nil {
		s.channels.Refused(c, err)
		return err
	}
	if ans.Accepted > 0 {
		s.channels.Arrived(c, ans.Accepted)
	}
	if ans.Rejected > 0 {
		s.channels.Refused(c, errs.New(errs.Invalid, "%d lines could not be read; the first: %s", ans.Rejected, ans.Errors[0].Error))
	}
	return web.JSON(w, http.StatusOK, ans)
}

func (s *Service) lines(ctx context.Context, w http.ResponseWriter, r *http.Request, c *channel.Channel) (*Answer, error) {
	set, err := readSettings(c.Settings)
	if name := r.URL.Query().Get("format"); err == nil && name != "" {
		set, err = named(name, c.Settings)
	}
	if err != nil {
		return nil, err
	}
	body, err := channel.Body(w, r, maxBody)
	if err != nil {
		return nil, err
	}
	source := r.Header.Get(SourceHeader)
	offset, err := strconv.ParseInt(r.Header.Get(OffsetHeader), 10, 64)
	if err != nil || source == "" {
		// Nobody who sends the same again: lines of a request are told apart
		// by their place in it.
		source, offset = source[:min(len(source), 200)], 0
	}
	ans := &Answer{Errors: []LineError{}}
	var records []call.Record
	for n := 1; len(body) > 0; n++ {
		raw, rest, _ := bytes.Cut(body, []byte("\n"))
		at := offset
		offset, body = offset+int64(len(raw))+1, rest
		if raw = bytes.TrimSpace(raw); len(raw) == 0 {
			continue
		}
		rec, err := set.record(raw, set.name+":"+slug(c.Name), source, at, s.now())
		if err != nil {
			if ans.Rejected++; len(ans.Errors) < maxErrors {
				ans.Errors = append(ans.Errors, LineError{n, err.Error()})
			}
			continue
		}
		records = append(records, *rec)
	}
	ans.Accepted, err = s.keep(ctx, records, r.Header.Get(AgainHeader) == "true")
	ans.Known = len(records) - ans.Accepted
	return ans, err
}

// slug is a name as searches can have it without quotation marks.
func slug(name string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == '"' }), "-")
}

func setup(c *channel.Channel, base string) []channel.Step {
	at := base + "/in/accesslog/" + c.Key
	follow := channel.Step{Title: "Follow the file, beside the gateway", Language: "sh", Text: "hypercare tail --file /var/log/nginx/access.json --url " + base + " --key " + c.Key}
	push := channel.Step{Title: "Or push lines from anything", Language: "sh", Text: "curl --data-binary @access.json " + at}
	if f, _ := c.Settings["format"].(string); f == "traefik" {
		return []channel.Step{{Title: "Traefik: write JSON, with the headers that tell who called", Language: "yaml",
			Text: "accessLog:\n  format: json\n  filePath: /var/log/traefik/access.json\n  fields:\n    headers:\n      names:\n        User-Agent: keep\n        Traceparent: keep"}, follow, push}
	} else if f != "nginx" && f != "" {
		return []channel.Step{follow, push}
	}
	return []channel.Step{{Title: "nginx: write JSON", Language: "text", Text: `log_format hypercare escape=json '{"msec":"$msec","request_method":"$request_method",'
  '"host":"$host","request_uri":"$request_uri","server_protocol":"$server_protocol","status":"$status",'
  '"request_time":"$request_time","upstream_response_time":"$upstream_response_time","upstream_addr":"$upstream_addr",'
  '"request_length":"$request_length","bytes_sent":"$bytes_sent","remote_addr":"$remote_addr","remote_user":"$remote_user",'
  '"http_user_agent":"$http_user_agent","http_traceparent":"$http_traceparent","request_id":"$request_id","session":"$cookie_session"}';
access_log /var/log/nginx/access.json hypercare;`}, follow, push}
}
