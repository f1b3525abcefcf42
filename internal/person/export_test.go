package person

import (
	"errors"
	"io"
)

// CountTable reads a file of people to its end.
func CountTable(data []byte) (int, error) {
	t, err := newTable(data)
	if err != nil {
		return 0, err
	}
	for n := 0; ; n++ {
		if _, _, _, err := t.next(); errors.Is(err, io.EOF) {
			return n, nil
		}
	}
}
