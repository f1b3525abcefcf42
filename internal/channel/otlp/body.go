package otlp

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"

	"github.com/hypercare/hypercare/internal/channel"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/web"
)

// maxBody bounds a request, both as it comes and unpacked.
const maxBody = 16 << 20

// message is what all requests and answers of OTLP can do.
type message interface {
	UnmarshalProto([]byte) error
	UnmarshalJSON([]byte) error
}

type answer interface {
	MarshalProto() ([]byte, error)
	MarshalJSON() ([]byte, error)
}

// exchange is one request of an exporter. take returns what is answered once
// all of it is on disk.
func (s *Service) exchange(w http.ResponseWriter, r *http.Request, req message, take func(*http.Request, *sender) (answer, error)) {
	isJSON := false
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil {
		isJSON = kind == "application/json"
		if !isJSON && kind != "application/x-protobuf" {
			http.Error(w, "Send OTLP as application/x-protobuf or application/json.", http.StatusUnsupportedMediaType)
			return
		}
	}
	var from *sender
	res, err := func() (answer, error) {
		ctx, f, err := s.enter(r)
		if err != nil {
			return nil, err
		}
		from = f
		text, err := channel.Body(w, r, maxBody)
		if err != nil {
			return nil, err
		}
		if isJSON {
			err = req.UnmarshalJSON(text)
		} else {
			err = req.UnmarshalProto(text)
		}
		if err != nil {
			return nil, errs.Wrap(errs.Invalid, err, "The body is no OTLP request: %v.", err)
		}
		return take(r.WithContext(ctx), f)
	}()
	if err != nil {
		s.refused(from, err)
		refuse(w, r, err, isJSON)
		return
	}
	var text []byte
	if isJSON {
		text, err = res.MarshalJSON()
	} else {
		text, err = res.MarshalProto()
	}
	if err != nil {
		refuse(w, r, fmt.Errorf("write the answer: %w", err), isJSON)
		return
	}
	w.Header().Set("Content-Type", contentType(isJSON))
	_, _ = w.Write(text) // the client is gone if this fails
}

func contentType(isJSON bool) string {
	if isJSON {
		return "application/json"
	}
	return "application/x-protobuf"
}

// refuse answers with a google.rpc.Status, as the specification wants. What
// an exporter may send again is answered 429 or 503, and says when.
func refuse(w http.ResponseWriter, r *http.Request, err error, isJSON bool) {
	p := web.ProblemOf(r.Context(), err)
	status := p.Status
	if status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest
	}
	for k, v := range p.GetHeaders() {
		w.Header()[k] = v
	}
	if (status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests) && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", "5")
	}
	w.Header().Set("Content-Type", contentType(isJSON))
	w.WriteHeader(status)
	if isJSON {
		_ = json.NewEncoder(w).Encode(map[string]any{"message": p.Detail})
		return
	}
	// Field 2, message: a text of less than 16,384 bytes.
	n := min(len(p.Detail), 16_000)
	b := []byte{2<<3 | 2, byte(n&0x7f | 0x80), byte(n >> 7)}
	_, _ = w.Write(append(b, p.Detail[:n]...))
}
