package app

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hypercare/hypercare/internal/secret"
)

// box returns what seals secrets in the records: under the key that is given,
// or under the folder's own, which is made at the first start.
func (f *folder) box(given secret.Text) (*secret.Box, error) {
	text := given.Reveal()
	if text == "" {
		var err error
		if text, err = f.masterKey(); err != nil {
			return nil, err
		}
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(key) != secret.KeySize {
		return nil, fmt.Errorf("the master key is not %d bytes in base64; make one with: openssl rand -base64 %d", secret.KeySize, secret.KeySize)
	}
	return secret.NewBox(key)
}

func (f *folder) masterKey() (string, error) {
	path := filepath.Join(f.dir, "master.key")
	b, err := os.ReadFile(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			err = fmt.Errorf("read the master key: %w", err)
		}
		return string(b), err
	}
	key := make([]byte, secret.KeySize)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	text := base64.StdEncoding.EncodeToString(key) + "\n"
	// The folder's lock is held: nobody else makes one.
	part := path + ".new"
	file, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return "", fmt.Errorf("make the master key: %w", err)
	}
	_, err = file.WriteString(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		return "", fmt.Errorf("make the master key: %w", err)
	}
	return text, nil
}
