package channel

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/hypercare/hypercare/internal/errs"
)

// Body reads what a sender brings, plain or gzip; it has at most max bytes,
// as it comes and unpacked.
func Body(w http.ResponseWriter, r *http.Request, max int64) ([]byte, error) {
	in := io.Reader(http.MaxBytesReader(w, r.Body, max))
	switch enc := strings.ToLower(r.Header.Get("Content-Encoding")); enc {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, errs.Wrap(errs.Invalid, err, "The body is not gzip as its header says.")
		}
		in = z
	default:
		return nil, errs.New(errs.Invalid, "The encoding %.40q is not taken here; send gzip or none.", enc)
	}
	text, err := io.ReadAll(io.LimitReader(in, max+1))
	if _, large := errors.AsType[*http.MaxBytesError](err); large || int64(len(text)) > max {
		return nil, errs.New(errs.TooLarge, "The body is larger than %d MB; send less at a time.", max>>20)
	}
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "The body could not be read to its end.")
	}
	return text, nil
}
