package web

import (
	"encoding/base64"
	"encoding/json"

	"github.com/hypercare/hypercare/internal/errs"
)

// Cursor packs the last row's sort values, so that the next page starts
// behind it (keyset paging).
func Cursor(key any) string {
	b, _ := json.Marshal(key) // keys are strings and numbers
	return base64.RawURLEncoding.EncodeToString(b)
}

// ReadCursor unpacks what Cursor packed; the zero value for "".
func ReadCursor[T any](s string) (T, error) {
	var key T
	if s == "" {
		return key, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(b, &key)
	}
	if err != nil {
		return key, errs.New(errs.Invalid, "The cursor is not one of ours; start again without it.")
	}
	return key, nil
}

// Limit bounds a page's size: def when n is 0, at most most.
func Limit(n, def, most int) int {
	if n <= 0 {
		return def
	}
	return min(n, most)
}
