// Package widget carries the built script that pages of others load. The
// source is TypeScript in src; `make ui` builds dist, which is embedded here.
// Without it a program works, and has no widget.
package widget

import (
	"embed"
	"io/fs"
	"strings"
)

// The folder is committed with .gitkeep alone, so that this compiles on a
// machine without node.
//
//go:embed all:dist
var dist embed.FS

// Files returns the built files, each with its .br and .gz twins; nearly
// empty when they were not built.
func Files() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		// Cannot happen: the folder is named by the embed directive above.
		panic("embedded widget: " + err.Error())
	}
	return sub
}

// Version is the digest of all files, in hexadecimal; "" when they were not
// built.
func Version() string {
	b, err := fs.ReadFile(Files(), "version")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
