package call

import (
	"encoding/hex"
	"slices"
	"strconv"
	"unsafe"

	"github.com/hypercare/hypercare/internal/errs"
)

// Field is one of the columns of a record.
type Field uint8

// The fields.
const (
	Time Field = iota
	CallID
	Trace
	Span
	Parent
	Workspace
	API
	Version
	Route
	Operation
	Method
	Host
	Path
	QueryKeys
	Protocol
	TLS
	Status
	Upstream
	Attempts
	Tries
	Application
	Key
	User
	Session
	Client
	Agent
	BytesIn
	BytesOut
	Latency
	UpstreamLatency
	FirstByte
	Cache
	Limit
	Policy
	Error
	Node
	Release
	RequestCapture
	RequestType
	RequestHead
	RequestBody
	ResponseCapture
	ResponseType
	ResponseHead
	ResponseBody
	fieldCount
)

type kind uint8

const (
	kindInt   kind = iota
	kindText       // UTF-8, in a dictionary
	kindWide       // payload: long, each its own
	kindFixed      // bytes of a fixed length
)

// column says how a field is stored.
type column struct {
	name   string
	kind   kind
	offset uintptr // in Record
	size   int     // of kindFixed; the most bytes of kindText and kindWide
	index  index
}

// index says what helps to find a value.
type index uint8

const (
	noIndex   index = iota
	fileBloom       // a Bloom filter of Parquet's own, a row group
	ownBloom        // a filter in the index file, a row group: see index.go
)

var (
	record  Record
	message Payload
)

// columns are the fields as files and filters name them, in a file's order.
// The names are a format: other programs read them.
var columns = [fieldCount]column{
	Time:            {"time", kindInt, unsafe.Offsetof(record.Time), 0, noIndex},
	CallID:          {"id", kindFixed, unsafe.Offsetof(record.ID), 16, fileBloom},
	Trace:           {"trace", kindFixed, unsafe.Offsetof(record.Trace), 16, fileBloom},
	Span:            {"span", kindFixed, unsafe.Offsetof(record.Span), 8, noIndex},
	Parent:          {"parent", kindFixed, unsafe.Offsetof(record.Parent), 8, noIndex},
	Workspace:       {"workspace", kindText, unsafe.Offsetof(record.Workspace), 128, noIndex},
	API:             {"api", kindText, unsafe.Offsetof(record.API), 256, noIndex},
	Version:         {"version", kindText, unsafe.Offsetof(record.Version), 128, noIndex},
	Route:           {"route", kindText, unsafe.Offsetof(record.Route), 256, noIndex},
	Operation:       {"operation", kindText, unsafe.Offsetof(record.Operation), 256, noIndex},
	Method:          {"method", kindText, unsafe.Offsetof(record.Method), 64, noIndex},
	Host:            {"host", kindText, unsafe.Offsetof(record.Host), 256, noIndex},
	Path:            {"path", kindText, unsafe.Offsetof(record.Path), 4096, noIndex},
	QueryKeys:       {"query", kindText, unsafe.Offsetof(record.Query), 4096, noIndex},
	Protocol:        {"protocol", kindText, unsafe.Offsetof(record.Protocol), 32, noIndex},
	TLS:             {"tls", kindText, unsafe.Offsetof(record.TLS), 32, noIndex},
	Status:          {"status", kindInt, unsafe.Offsetof(record.Status), 0, noIndex},
	Upstream:        {"upstream", kindText, unsafe.Offsetof(record.Upstream), 256, noIndex},
	Attempts:        {"attempts", kindInt, unsafe.Offsetof(record.Attempts), 0, noIndex},
	Tries:           {"tries", kindText, unsafe.Offsetof(record.Tries), 2048, noIndex},
	Application:     {"application", kindText, unsafe.Offsetof(record.Application), 256, noIndex},
	Key:             {"key", kindText, unsafe.Offsetof(record.Key), 128, noIndex},
	User:            {"user", kindText, unsafe.Offsetof(record.User), 256, ownBloom},
	Session:         {"session", kindText, unsafe.Offsetof(record.Session), 256, ownBloom},
	Client:          {"client", kindText, unsafe.Offsetof(record.Client), 64, ownBloom},
	Agent:           {"agent", kindText, unsafe.Offsetof(record.Agent), 512, noIndex},
	BytesIn:         {"bytes_in", kindInt, unsafe.Offsetof(record.BytesIn), 0, noIndex},
	BytesOut:        {"bytes_out", kindInt, unsafe.Offsetof(record.BytesOut), 0, noIndex},
	Latency:         {"latency", kindInt, unsafe.Offsetof(record.Latency), 0, noIndex},
	UpstreamLatency: {"upstream_latency", kindInt, unsafe.Offsetof(record.UpstreamLatency), 0, noIndex},
	FirstByte:       {"first_byte", kindInt, unsafe.Offsetof(record.FirstByte), 0, noIndex},
	Cache:           {"cache", kindText, unsafe.Offsetof(record.Cache), 64, noIndex},
	Limit:           {"limit", kindText, unsafe.Offsetof(record.Limit), 128, noIndex},
	Policy:          {"policy", kindText, unsafe.Offsetof(record.Policy), 256, noIndex},
	Error:           {"error", kindText, unsafe.Offsetof(record.Error), 128, noIndex},
	Node:            {"node", kindText, unsafe.Offsetof(record.Node), 128, noIndex},
	Release:         {"release", kindText, unsafe.Offsetof(record.Release), 128, noIndex},
	RequestCapture:  {"request_capture", kindText, unsafe.Offsetof(record.Request) + unsafe.Offsetof(message.Capture), 16, noIndex},
	RequestType:     {"request_type", kindText, unsafe.Offsetof(record.Request) + unsafe.Offsetof(message.Type), 256, noIndex},
	RequestHead:     {"request_head", kindWide, unsafe.Offsetof(record.Request) + unsafe.Offsetof(message.Head), 64 << 10, noIndex},
	RequestBody:     {"request_body", kindWide, unsafe.Offsetof(record.Request) + unsafe.Offsetof(message.Body), MaxBody, noIndex},
	ResponseCapture: {"response_capture", kindText, unsafe.Offsetof(record.Response) + unsafe.Offsetof(message.Capture), 16, noIndex},
	ResponseType:    {"response_type", kindText, unsafe.Offsetof(record.Response) + unsafe.Offsetof(message.Type), 256, noIndex},
	ResponseHead:    {"response_head", kindWide, unsafe.Offsetof(record.Response) + unsafe.Offsetof(message.Head), 64 << 10, noIndex},
	ResponseBody:    {"response_body", kindWide, unsafe.Offsetof(record.Response) + unsafe.Offsetof(message.Body), MaxBody, noIndex},
}

// String is the name of the field.
func (f Field) String() string {
	if f >= fieldCount {
		return "unknown"
	}
	return columns[f].name
}

// MarshalText writes the name of the field.
func (f Field) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// FieldOf finds a field by its name.
func FieldOf(name string) (Field, error) {
	i := slices.IndexFunc(columns[:], func(c column) bool { return c.name == name })
	if i < 0 || Field(i) == Workspace {
		return 0, errs.New(errs.Invalid, "A call has no field %.60q; try status, route, path, user, latency or another of the list.", name)
	}
	return Field(i), nil
}

// Fields are all that can be asked for, in a record's order. The workspace
// is not one of them: it is said first, by type, or there is no query.
func Fields() []Field {
	list := make([]Field, 0, fieldCount)
	for f := range fieldCount {
		if f != Workspace {
			list = append(list, f)
		}
	}
	return list
}

func (f Field) kind() kind { return columns[f].kind }

// IsNumber reports whether the field's values are compared as numbers.
func (f Field) IsNumber() bool { return f.kind() == kindInt }

// IsPayload reports whether the field is a part of what was captured.
func (f Field) IsPayload() bool { return f < fieldCount && f.payload() }

func (f Field) payload() bool { return columns[f].kind == kindWide }

// Text is the value of a field as people write it; bodies are as they came.
func (r *Record) Text(f Field) string {
	switch {
	case f >= fieldCount:
		return ""
	case f == Time:
		return r.At().Format("2006-01-02T15:04:05.000000Z")
	}
	switch f.kind() {
	case kindInt:
		return strconv.FormatInt(*r.int(f), 10)
	case kindFixed:
		b := r.fixed(f)
		if !slices.ContainsFunc(b, func(c byte) bool { return c != 0 }) {
			return ""
		}
		return hex.EncodeToString(b)
	}
	return *r.text(f)
}

// text is where the record keeps a field of text; nil for others.
func (r *Record) text(f Field) *string {
	if c := &columns[f]; c.kind == kindText || c.kind == kindWide {
		return (*string)(unsafe.Add(unsafe.Pointer(r), c.offset))
	}
	return nil
}

// int is where the record keeps a number; nil for others.
func (r *Record) int(f Field) *int64 {
	if c := &columns[f]; c.kind == kindInt {
		return (*int64)(unsafe.Add(unsafe.Pointer(r), c.offset))
	}
	return nil
}

// fixed is where the record keeps an id; nil for others.
func (r *Record) fixed(f Field) []byte {
	if c := &columns[f]; c.kind == kindFixed {
		return unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(r), c.offset)), c.size)
	}
	return nil
}

// fieldsOf lists the fields of a kind.
func fieldsOf(want ...kind) []Field {
	var list []Field
	for f := range fieldCount {
		if slices.Contains(want, columns[f].kind) {
			list = append(list, f)
		}
	}
	return list
}

var (
	intFields   = fieldsOf(kindInt)
	textFields  = fieldsOf(kindText, kindWide)
	fixedFields = fieldsOf(kindFixed)
)
