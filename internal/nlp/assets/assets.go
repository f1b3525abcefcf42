// Package assets embeds the tables of the offline engine. It only hands out
// their bytes: the packages that read them know the formats. Where each file
// comes from, under which licence, and the command that makes it again is in
// PROVENANCE.md beside it.
package assets

import (
	_ "embed"
	"unsafe"
)

//go:embed use.bin
var useTable string

// USE returns the Universal Sentence Encoder Lite: int8 weights and vocabulary.
// The bytes are mapped from the executable and must not be written to.
func USE() []byte { return bytesOf(useTable) }

// bytesOf views embedded text as bytes without copying it: pages of the
// executable are read when they are first touched and cost nothing before.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

//go:embed static.bin
var staticTable string

// Static returns the multilingual subword encoder. The bytes are mapped from
// the executable and must not be written to.
func Static() []byte { return bytesOf(staticTable) }

//go:embed eld.bin
var eldTable string

// ELD returns the n-gram table of languages. The bytes are mapped from the
// executable and must not be written to.
func ELD() []byte { return bytesOf(eldTable) }
