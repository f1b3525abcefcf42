package metric

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/klauspost/compress/s2"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
	"github.com/prometheus/prometheus/storage"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/web"
	"github.com/hypercare/hypercare/internal/workspace"
)

// maxBody bounds a write, both as it comes and unpacked.
const maxBody = 16 << 20

// remoteWrite takes samples as Prometheus' remote write sends them, in its
// first and its second form
// (https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/). What can't be
// stored is told with 400, which says: the rest is stored, don't send again.
func (s *Store) remoteWrite(w http.ResponseWriter, r *http.Request) error {
	a, err := workspace.Need(r.Context(), workspace.SendFeedback)
	if err != nil {
		return err
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	form := params["proto"]
	second := form == "io.prometheus.write.v2.Request"
	if err != nil || kind != "application/x-protobuf" || form != "" && form != "prometheus.WriteRequest" && !second {
		w.Header().Set("Accept", "application/x-protobuf;proto=io.prometheus.write.v2.Request, application/x-protobuf;proto=prometheus.WriteRequest")
		http.Error(w, "Send remote write 1.0 or 2.0 as application/x-protobuf.", http.StatusUnsupportedMediaType)
		return nil
	}
	if enc := r.Header.Get("Content-Encoding"); enc != "" && enc != "snappy" {
		http.Error(w, "Only the encoding snappy is taken here.", http.StatusUnsupportedMediaType)
		return nil
	}
	text, err := unsnap(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return err
	}
	space := s.In(a.Workspace)
	var tally Tally
	if second {
		var req writev2.Request
		if err := req.Unmarshal(text); err != nil {
			return badProto(err)
		}
		tally, err = space.Write(r.Context(), func(w *Writer) error { return w.second(&req) })
	} else {
		var req prompb.WriteRequest
		if err := req.Unmarshal(text); err != nil {
			return badProto(err)
		}
		tally, err = space.Write(r.Context(), func(w *Writer) error { return w.first(&req) })
	}
	if err != nil {
		return err
	}
	if second {
		w.Header().Set("X-Prometheus-Remote-Write-Samples-Written", strconv.Itoa(tally.Stored-tally.histograms))
		w.Header().Set("X-Prometheus-Remote-Write-Histograms-Written", strconv.Itoa(tally.histograms))
		w.Header().Set("X-Prometheus-Remote-Write-Exemplars-Written", "0")
	}
	if tally.Lost() > 0 {
		http.Error(w, tally.Error(), http.StatusBadRequest)
		return nil
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func badProto(err error) error {
	return &web.Problem{Title: http.StatusText(http.StatusBadRequest), Status: http.StatusBadRequest, Code: string(errs.Invalid),
		Detail: fmt.Sprintf("The body is not the message that its Content-Type says: %v.", err)}
}

// unsnap unpacks a snappy block, which says how long it is.
func unsnap(r io.Reader) ([]byte, error) {
	packed, err := io.ReadAll(r)
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, errs.New(errs.TooLarge, "The body is larger than %d MB; send fewer samples at a time.", maxBody>>20)
		}
		return nil, errs.Wrap(errs.Invalid, err, "The body could not be read to its end.")
	}
	n, err := s2.DecodedLen(packed)
	if err != nil {
		return nil, badProto(errors.New("it is not snappy"))
	}
	if n > maxBody {
		return nil, errs.New(errs.TooLarge, "The body unpacks to more than %d MB; send fewer samples at a time.", maxBody>>20)
	}
	text, err := s2.Decode(nil, packed)
	if err != nil {
		return nil, badProto(errors.New("it is not snappy"))
	}
	return text, nil
}

// first appends a request of remote write 1.0.
func (w *Writer) first(req *prompb.WriteRequest) error {
	b := labels.NewScratchBuilder(0)
	for _, m := range req.Metadata {
		w.words.set(w.ws, m.MetricFamilyName, metadata.Metadata{Type: model.MetricType(strings.ToLower(m.Type.String())), Unit: m.Unit, Help: m.Help})
	}
	for i := range req.Timeseries {
		ts := &req.Timeseries[i]
		l := ts.ToLabels(&b, nil)
		var ref storage.SeriesRef
		var err error
		for _, p := range ts.Samples {
			if ref, err = w.Append(ref, l, 0, p.Timestamp, p.Value, nil, nil, storage.AppendV2Options{}); err != nil {
				return err
			}
		}
		for _, h := range ts.Histograms {
			if h.IsFloatHistogram() {
				_, err = w.Append(ref, l, 0, h.Timestamp, 0, nil, h.ToFloatHistogram(), storage.AppendV2Options{})
			} else {
				_, err = w.Append(ref, l, 0, h.Timestamp, 0, h.ToIntHistogram(), nil, storage.AppendV2Options{})
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// second appends a request of remote write 2.0.
func (w *Writer) second(req *writev2.Request) error {
	b := labels.NewScratchBuilder(0)
	for i := range req.Timeseries {
		ts := &req.Timeseries[i]
		l, err := ts.ToLabels(&b, req.Symbols)
		if err != nil {
			w.tally.Refused += len(ts.Samples) + len(ts.Histograms)
			w.tally.First = "its labels are not among the symbols"
			continue
		}
		m, err := ts.ToMetadata(req.Symbols)
		if err != nil {
			m = metadata.Metadata{}
		}
		var ref storage.SeriesRef
		for _, p := range ts.Samples {
			if ref, err = w.Append(ref, l, p.StartTimestamp, p.Timestamp, p.Value, nil, nil, storage.AppendV2Options{Metadata: m}); err != nil {
				return err
			}
		}
		for _, h := range ts.Histograms {
			if h.IsFloatHistogram() {
				_, err = w.Append(ref, l, h.StartTimestamp, h.Timestamp, 0, nil, h.ToFloatHistogram(), storage.AppendV2Options{Metadata: m})
			} else {
				_, err = w.Append(ref, l, h.StartTimestamp, h.Timestamp, 0, h.ToIntHistogram(), nil, storage.AppendV2Options{Metadata: m})
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}
