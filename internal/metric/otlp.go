package metric

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	otlptranslator "github.com/prometheus/prometheus/storage/remote/otlptranslator/prometheusremotewrite"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"

	"github.com/prometheus/prometheus/config"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// otlp takes metrics as OTLP/HTTP sends them, in protobuf and JSON
// (https://opentelemetry.io/docs/specs/otlp/#otlphttp), and names them as
// Prometheus' own endpoint does. What can't be stored is told as a partial
// success, which says: don't send again.
func (s *Store) otlp(w http.ResponseWriter, r *http.Request) {
	isJSON := false
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil {
		isJSON = kind == "application/json"
		if !isJSON && kind != "application/x-protobuf" {
			http.Error(w, "Send OTLP as application/x-protobuf or application/json.", http.StatusUnsupportedMediaType)
			return
		}
	}
	tally, err := s.takeOTLP(w, r, isJSON)
	if err != nil {
		otlpError(w, r, err, isJSON)
		return
	}
	res := pmetricotlp.NewExportResponse()
	if tally.Lost() > 0 {
		res.PartialSuccess().SetRejectedDataPoints(int64(tally.Lost()))
		res.PartialSuccess().SetErrorMessage(tally.Error())
	}
	var text []byte
	if isJSON {
		text, err = res.MarshalJSON()
	} else {
		text, err = res.MarshalProto()
	}
	if err != nil {
		otlpError(w, r, fmt.Errorf("write the answer: %w", err), isJSON)
		return
	}
	w.Header().Set("Content-Type", otlpType(isJSON))
	_, _ = w.Write(text) // the client is gone if this fails
}

func otlpType(isJSON bool) string {
	if isJSON {
		return "application/json"
	}
	return "application/x-protobuf"
}

func (s *Store) takeOTLP(w http.ResponseWriter, r *http.Request, isJSON bool) (Tally, error) {
	a, err := workspace.Need(r.Context(), workspace.SendFeedback)
	if err != nil {
		return Tally{}, err
	}
	text, err := unzip(w, r)
	if err != nil {
		return Tally{}, err
	}
	req := pmetricotlp.NewExportRequest()
	if isJSON {
		err = req.UnmarshalJSON(text)
	} else {
		err = req.UnmarshalProto(text)
	}
	if err != nil {
		return Tally{}, errs.Wrap(errs.Invalid, err, "The body is no ExportMetricsServiceRequest: %v.", err)
	}
	cfg := config.DefaultOTLPConfig
	var bad error
	tally, err := s.In(a.Workspace).Write(r.Context(), func(w *Writer) error {
		notes, err := otlptranslator.NewPrometheusConverter(w).FromMetrics(r.Context(), req.Metrics(), otlptranslator.Settings{
			AddMetricSuffixes:         cfg.TranslationStrategy.ShouldAddSuffixes(),
			AllowUTF8:                 !cfg.TranslationStrategy.ShouldEscape(),
			PromoteResourceAttributes: otlptranslator.NewPromoteResourceAttributes(cfg),
			LookbackDelta:             lookback,
		})
		_ = notes // names that fall together, empty lists: nothing was lost
		if r.Context().Err() != nil {
			return r.Context().Err()
		}
		bad = err // metrics that have no translation, such as deltas
		return nil
	})
	if err == nil && bad != nil {
		list := flatten(bad)
		tally.Refused += len(list)
		if tally.First == "" {
			tally.First = list[0].Error()
		}
		s.series.of(string(a.Workspace)).refused.Add(uint64(len(list)))
	}
	return tally, err
}

// flatten lists the errors that were joined.
func flatten(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // only what errors.Join itself made
		var out []error
		for _, e := range joined.Unwrap() {
			out = append(out, flatten(e)...)
		}
		return out
	}
	return []error{err}
}

func unzip(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	in := io.Reader(http.MaxBytesReader(w, r.Body, maxBody))
	switch enc := strings.ToLower(r.Header.Get("Content-Encoding")); enc {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, errs.Wrap(errs.Invalid, err, "The body is not gzip as its header says.")
		}
		in = z
	default:
		return nil, errs.New(errs.Invalid, "The encoding %s is not taken here; send gzip or none.", clip(enc))
	}
	text, err := io.ReadAll(io.LimitReader(in, maxBody+1))
	if _, large := errors.AsType[*http.MaxBytesError](err); large || len(text) > maxBody {
		return nil, errs.New(errs.TooLarge, "The body is larger than %d MB; send fewer metrics at a time.", maxBody>>20)
	}
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "The body could not be read to its end.")
	}
	return text, nil
}

// otlpError answers with a google.rpc.Status, as the specification wants.
func otlpError(w http.ResponseWriter, r *http.Request, err error, isJSON bool) {
	p := web.ProblemOf(r.Context(), err)
	status := p.Status
	if status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest
	}
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "5")
	}
	w.Header().Set("Content-Type", otlpType(isJSON))
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
