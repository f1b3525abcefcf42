package web

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/hypercare/hypercare/internal/errs"
)

// Decode reads a JSON body of at most 1 MiB for a raw handler. Unknown fields
// are refused: they are typing errors that would be lost in silence.
func Decode[T any](w http.ResponseWriter, r *http.Request) (T, error) {
	var v T
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return v, BadJSON(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return v, errs.New(errs.Invalid, "There is more behind the JSON value; send one value.")
	}
	return v, nil
}

// BadJSON says in one sentence what a JSON decoder stumbled over.
func BadJSON(err error) error {
	if e, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return errs.New(errs.TooLarge, "The body is larger than the %d bytes taken here; send less at a time.", e.Limit)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return errs.WithFields("The field "+e.Field+" must be "+jsonType(e.Type.String())+", not "+e.Value+".", errs.Field{Location: "body." + e.Field, Message: "must be " + jsonType(e.Type.String())})
	}
	if errors.Is(err, io.EOF) {
		return errs.New(errs.Invalid, "The body is empty; send JSON.")
	}
	return errs.New(errs.Invalid, "The body is not the JSON expected here: %v.", err)
}

func jsonType(goType string) string {
	switch {
	case goType == "string":
		return "a string"
	case goType == "bool":
		return "true or false"
	case goType == "time.Time":
		return "a time like 2026-11-21T08:00:00Z"
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	case strings.HasPrefix(goType, "int"), strings.HasPrefix(goType, "float"), strings.HasPrefix(goType, "*float"):
		return "a number"
	}
	return "an object"
}
