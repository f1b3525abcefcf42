package importer

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/hypercare/hypercare/internal/errs"
)

// probeSheet chooses the sheet and finds its header.
func probeSheet(f io.ReaderAt, size int64, p Plan) (Plan, error) {
	wb, err := openWorkbook(f, size)
	if err != nil {
		return p, err
	}
	sheets, err := wb.sheets()
	if err != nil {
		return p, err
	}
	filled := 0
	var chosen sheetInfo
	var records []sampleRecord
	for _, hidden := range []bool{false, true} {
		for _, s := range sheets {
			if s.hidden != hidden || hidden && filled > 0 {
				continue
			}
			recs, err := wb.sampleSheet(s)
			if err != nil {
				return p, err
			}
			if len(recs) == 0 {
				continue
			}
			if filled++; filled == 1 {
				chosen, records = s, recs
			}
		}
	}
	if filled == 0 {
		return p, errs.New(errs.Unprocessable, "The workbook has no sheet with rows; choose one that holds feedback.")
	}
	p.Sheet = chosen.part
	p.Bytes = int64(wb.parts[strings.ToLower(chosen.part)].UncompressedSize64)
	if filled > 1 {
		p.Notes = append(p.Notes, fmt.Sprintf("Only the first of %d sheets, %q, is read; save another as a file of its own to import it.", filled, cut(chosen.name, 80)))
	}
	return sheetHeader(p, records), nil
}

// sampleSheet reads the first rows of a sheet that hold anything.
func (wb *workbook) sampleSheet(s sheetInfo) ([]sampleRecord, error) {
	if _, ok := wb.parts[strings.ToLower(s.part)]; !ok {
		return nil, nil
	}
	r, err := wb.openSheet(Plan{Sheet: s.part})
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	var recs []sampleRecord
	for !r.ended && len(recs) < sheetProbeRows && r.at < 10*sheetProbeRows {
		err := r.record()
		var bad *RowError
		if err != nil && !errors.As(err, &bad) && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if err == nil && strings.TrimSpace(strings.Join(r.cells, "")) != "" {
			recs = append(recs, sampleRecord{fields: append([]string(nil), r.cells...), lines: r.at})
		}
	}
	return recs, nil
}

// sheetHeader finds the header among the first rows, whose lines hold their
// numbers.
func sheetHeader(p Plan, recs []sampleRecord) Plan {
	width := 0
	for _, r := range recs {
		width = max(width, len(r.fields))
	}
	for width > 1 && len(recs) > 1 && len(recs[0].fields) < 2 {
		p.Notes = append(p.Notes, fmt.Sprintf("Row %d above the header was left out.", recs[0].lines))
		p.Before = recs[0].lines
		recs = recs[1:]
	}
	head := make([]string, width)
	if p.Header = looksLikeHeader(recs); p.Header {
		copy(head, recs[0].fields)
		p.Before = recs[0].lines
	} else {
		p.Notes = append(p.Notes, "The first row looks like data, not like a header; the columns are numbered.")
	}
	p.Columns = columnNames(head)
	return p
}
