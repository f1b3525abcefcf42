package accesslog

import (
	"time"

	"github.com/hypercare/hypercare/internal/call"
)

// RecordForTest reads a line as the way in does.
func RecordForTest(format string, raw []byte) (*call.Record, error) {
	s, err := named(format, nil)
	if err != nil {
		return nil, err
	}
	return s.record(raw, "x", "", 0, time.Now())
}
