// Package errs classifies errors so that edges (HTTP, CLI, jobs) can react
// to them without knowing where they came from.
package errs

import (
	"errors"
	"fmt"
	"time"
)

// A Kind says what the caller can do about an error.
type Kind string

// The kinds, and what the caller can do about each.
const (
	Internal        Kind = "internal"        // nothing; a person must look at the log
	Invalid         Kind = "invalid"         // send something else
	Unauthenticated Kind = "unauthenticated" // sign in
	Denied          Kind = "denied"          // ask for a role
	NotFound        Kind = "not_found"       // look elsewhere
	Conflict        Kind = "conflict"        // read again, then decide
	TooLarge        Kind = "too_large"       // send less
	Unprocessable   Kind = "unprocessable"   // well formed, but not usable as it is
	Busy            Kind = "busy"            // wait, then send the same again
	Unavailable     Kind = "unavailable"     // a part that this needs is not up
)

// A Field is one thing that is wrong with an input.
type Field struct {
	Location string // path in the input, for example "body.items[3].rating"
	Message  string
}

type kindError struct {
	kind   Kind
	msg    string // safe to show to the user
	err    error  // may be nil
	fields []Field
	retry  time.Duration
}

func (e *kindError) Error() string {
	if e.err == nil {
		return e.msg
	}
	return e.msg + ": " + e.err.Error()
}

func (e *kindError) Unwrap() error { return e.err }

// New returns an error of kind k whose message may be shown to users: one
// sentence that says what is wrong and what to do.
func New(k Kind, format string, args ...any) error {
	return &kindError{kind: k, msg: fmt.Sprintf(format, args...)}
}

// Wrap returns an error of kind k that shows msg to users and keeps err for
// the log.
func Wrap(k Kind, err error, format string, args ...any) error {
	return &kindError{kind: k, msg: fmt.Sprintf(format, args...), err: err}
}

// WithFields returns an Invalid error that names each wrong field.
func WithFields(msg string, fields ...Field) error {
	return &kindError{kind: Invalid, msg: msg, fields: fields}
}

// TooBusy returns a Busy error that asks the caller to wait.
func TooBusy(wait time.Duration, format string, args ...any) error {
	return &kindError{kind: Busy, msg: fmt.Sprintf(format, args...), retry: wait}
}

// KindOf reports the kind of the outermost classified error in err's chain.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*kindError](err); ok {
		return e.kind
	}
	return Internal
}

// Is reports whether err is classified as k.
func Is(err error, k Kind) bool { return err != nil && KindOf(err) == k }

// Message returns the part of err that may be shown to users.
func Message(err error) string {
	if e, ok := errors.AsType[*kindError](err); ok {
		return e.msg
	}
	return "Something went wrong on our side; it is in the log under this request's id."
}

// Fields returns the wrong fields that err names.
func Fields(err error) []Field {
	if e, ok := errors.AsType[*kindError](err); ok {
		return e.fields
	}
	return nil
}

// RetryAfter returns how long a Busy error asks to wait; 0 when it does not.
func RetryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*kindError](err); ok {
		return e.retry
	}
	return 0
}
