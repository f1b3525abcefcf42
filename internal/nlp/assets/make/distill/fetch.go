package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Debian package suffixes of the languages learnt, and the code each counts as.
var (
	uiLanguages = strings.Fields("ar bg ca cs da de el es fa fi fr he hi hu id it ja ko nb nl pl pt pt-br ro ru sv th tr uk vi zh-cn zh-tw")
	// helpLanguages have translated help; the rest of the help is English.
	helpLanguages = strings.Fields("ca cs da de el es fi fr hi hu id it ja ko nl pl pt pt-br ru sv tr vi zh-cn zh-tw")
)

// code returns the ISO 639-1 code of a package suffix.
func code(suffix string) string {
	c, _, _ := strings.Cut(suffix, "-")
	return c
}

// fetch downloads what is missing; the versions are those of the Debian
// release the command runs on (12.11 when the shipped table was made).
func (o options) fetch(ctx context.Context) error {
	pkgs := []string{"libreoffice-help-en-us"}
	for _, l := range helpLanguages {
		pkgs = append(pkgs, "libreoffice-help-"+l)
	}
	for _, l := range uiLanguages {
		pkgs = append(pkgs, "libreoffice-l10n-"+l)
	}
	dir := filepath.Join(o.dir, "debs")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make package folder: %w", err)
	}
	for _, p := range pkgs {
		if _, err := o.deb(p); err == nil {
			continue
		}
		cmd := exec.CommandContext(ctx, "apt-get", "download", "-q", p)
		cmd.Dir, cmd.Stderr = dir, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("apt-get download %s: %w", p, err)
		}
		fmt.Println("fetched", p)
	}
	return nil
}

// deb returns the path of a downloaded package.
func (o options) deb(name string) (string, error) {
	hits, err := filepath.Glob(filepath.Join(o.dir, "debs", name+"_*.deb"))
	if err != nil || len(hits) != 1 {
		return "", fmt.Errorf("%d files of package %s (run the step fetch)", len(hits), name)
	}
	return hits[0], nil
}

// unpack calls visit with every regular file of a package whose path want accepts.
func (o options) unpack(name string, want func(string) bool, visit func(path string, data []byte) error) (err error) {
	deb, err := o.deb(name)
	if err != nil {
		return err
	}
	cmd := exec.Command("dpkg-deb", "--fsys-tarfile", deb)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("unpack %s: %w", name, err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("unpack %s: %w", name, err)
	}
	defer func() {
		_, drain := io.Copy(io.Discard, pipe)
		err = errors.Join(err, drain, cmd.Wait())
	}()
	for tr := tar.NewReader(pipe); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		path := strings.TrimPrefix(h.Name, "./")
		if h.Typeflag != tar.TypeReg || !want(path) {
			continue
		}
		b, err := io.ReadAll(tr)
		if err != nil {
			return fmt.Errorf("read %s in %s: %w", path, name, err)
		}
		if err := visit(path, b); err != nil {
			return fmt.Errorf("%s in %s: %w", path, name, err)
		}
	}
}
