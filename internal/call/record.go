// Package call is the call log: what the gateway passed on, one record a
// call, kept as open Parquet files and asked by time, by any field, by words.
//
// A record goes from Append into a bounded buffer, from there every 25 ms
// into a spool file that is synced, and with many others into a segment: a
// Parquet file of one workspace, its row groups sorted by time, with Bloom
// filters. Segments are merged as their hour ends, and dropped whole when
// they are too old or too many. Queries see the segments and what is not in
// one yet as the same thing. Traffic never waits for any of it.
//
// The package knows nothing of HTTP and not the gateway: it is told.
package call

import (
	"encoding/hex"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// ID names a call or a trace: 16 bytes, as 32 hexadecimal digits in texts.
type ID [16]byte

// SpanID names a span: 8 bytes, as 16 hexadecimal digits in texts.
type SpanID [8]byte

// String is the id as headers and the API have it.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// String is the id as headers and the API have it.
func (id SpanID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText writes the id as String does.
func (id ID) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, id[:]), nil }

// MarshalText writes the id as String does.
func (id SpanID) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, id[:]), nil }

// UnmarshalText reads 32 hexadecimal digits.
func (id *ID) UnmarshalText(b []byte) error {
	parsed, err := ParseID(string(b))
	*id = parsed
	return err
}

// ParseID reads 32 hexadecimal digits; hyphens, as UUIDs have them, are
// passed over.
func ParseID(s string) (ID, error) {
	var id ID
	b, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(s), "-", ""))
	if err != nil || len(b) != len(id) {
		return id, errs.New(errs.Invalid, "%.60q is not the id of a call or trace; give its 32 hexadecimal digits.", s)
	}
	copy(id[:], b)
	return id, nil
}

// started is the time that the gateway puts into the first 48 bits of its
// ids, in microseconds. Other people's ids have anything there.
func (id ID) started() int64 {
	var ms int64
	for _, b := range id[:6] {
		ms = ms<<8 | int64(b)
	}
	return ms * 1000
}

// Record is one call. Times are microseconds, sizes bytes; what is not known
// is empty or 0.
type Record struct {
	Time   int64  `json:"time"` // when its first byte had come, since 1970
	ID     ID     `json:"id"`   // also returned to the caller
	Trace  ID     `json:"trace"`
	Span   SpanID `json:"span"`   // the gateway's own
	Parent SpanID `json:"parent"` // the caller's; zeros when it began the trace

	Workspace workspace.ID `json:"-"`
	API       string       `json:"api"`
	Version   string       `json:"version"`
	Route     string       `json:"route"`
	Operation string       `json:"operation"`

	Method   string `json:"method"`
	Host     string `json:"host"`
	Path     string `json:"path"`
	Query    string `json:"query"` // keys only, unless a policy says otherwise
	Protocol string `json:"protocol"`
	TLS      string `json:"tls"` // its version; empty on an open line
	Status   int64  `json:"status"`

	Upstream string `json:"upstream"`
	Attempts int64  `json:"attempts"`
	Tries    string `json:"tries"` // those before the last: what was asked, why it failed, how long it took

	Application string `json:"application"`
	Key         string `json:"key"` // the prefix that a key is known by
	User        string `json:"user"`
	Session     string `json:"session"`
	Client      string `json:"client"` // address
	Agent       string `json:"agent"`

	BytesIn         int64 `json:"bytes_in"`
	BytesOut        int64 `json:"bytes_out"`
	Latency         int64 `json:"latency"`
	UpstreamLatency int64 `json:"upstream_latency"`
	FirstByte       int64 `json:"first_byte"`

	Cache   string `json:"cache"`
	Limit   string `json:"limit"`
	Policy  string `json:"policy"`
	Error   string `json:"error"` // class of failure, when the gateway answered itself
	Node    string `json:"node"`
	Release string `json:"release"`

	Request  Payload `json:"request"`
	Response Payload `json:"response"`
}

// Payload is what was captured of a message, masked before it came here.
type Payload struct {
	Capture string `json:"capture"` // Whole, Cut, or "" for nothing
	Type    string `json:"type"`    // content type
	Head    string `json:"head"`    // header lines
	Body    string `json:"body,omitempty"`
}

// How much of a message was captured.
const (
	Whole = "whole"
	Cut   = "cut"
)

// At is when the call came.
func (r *Record) At() time.Time { return time.UnixMicro(r.Time).UTC() }

// captured reports whether a message was.
func (r *Record) captured() bool { return r.Request.Capture != "" || r.Response.Capture != "" }

// MaxBody is how much of a body is kept, whatever a policy allows.
const MaxBody = 1 << 20

// clip brings a text to at most max bytes of valid UTF-8, at a rune's border.
func clip(s string, max int) string {
	if len(s) > max {
		s = s[:max]
		for i := 1; i < utf8.UTFMax && i <= len(s); i++ {
			if c := s[len(s)-i]; utf8.RuneStart(c) {
				if !utf8.FullRuneInString(s[len(s)-i:]) {
					s = s[:len(s)-i]
				}
				break
			}
		}
	}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return s
}

// Detach makes a record share no memory with the buffers it was made from.
func (r *Record) Detach() { *r = r.clone() }

// clone returns a record that shares no memory with r's buffers.
func (r *Record) clone() Record {
	c := *r
	for f := range fieldCount {
		if s := c.text(f); s != nil {
			*s = strings.Clone(*s)
		}
	}
	return c
}
