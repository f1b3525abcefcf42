package otlp

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/hypercare/hypercare/internal/mask"
	"github.com/hypercare/hypercare/internal/span"
	"github.com/hypercare/hypercare/internal/workspace"
)

// ReadForTest reads a request as the way in does, without anybody to keep it.
func ReadForTest(body []byte, isJSON bool) []*span.Span {
	req := ptraceotlp.NewExportRequest()
	err := req.UnmarshalProto(body)
	if isJSON {
		err = req.UnmarshalJSON(body)
	}
	if err != nil {
		return nil
	}
	m, err := mask.Compile(mask.Spec{})
	if err != nil {
		panic(err)
	}
	s := &Service{mask: func(context.Context, workspace.ID, string) (*mask.Masker, error) { return m, nil }, now: time.Now}
	b := &span.Batch{}
	if _, _, err := s.readTraces(context.Background(), &sender{}, req.Traces(), b); err != nil {
		panic(err)
	}
	return b.Spans
}

// Surge counts failures of one group and reports when a surge begins.
type Surge struct{ s surges }

// Count notes one failure.
func (x *Surge) Count(now time.Time) (bool, int) {
	if x.s.groups == nil {
		x.s.groups = map[string]*surge{}
	}
	return x.s.count("k", now)
}
