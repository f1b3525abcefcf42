// Package eval measures the offline engine on labelled feedback and prints
// our figures beside an untuned floor, the published ones and our target.
// The data is not part of the project; sets that are missing are skipped
// with a message.
package eval

import "context"

// Row is one figure on one set. Zero Floor, Published or Target means none.
type Row struct {
	Set, Metric              string
	N                        int // items scored
	Ours                     float64
	Floor, Published, Target float64
	Note                     string // the split, and anything a reader must know
}

// set measures one data set found in dir; it returns no rows and an error
// that wraps fs.ErrNotExist when its file is missing.
type set struct {
	name string
	run  func(ctx context.Context, dir string) ([]Row, error)
}
