package importer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Upload keeps a file, looks at it and guesses what its columns are. Nothing
// is imported yet.
func (s *Service) Upload(ctx context.Context, launchID, name string, file io.Reader) (*Import, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	if err := s.deps.CheckLaunch(ctx, a.Workspace, launchID); err != nil {
		return nil, err
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		return nil, errs.TooBusy(10*time.Second, "%d files are being uploaded already; send this one again in a moment.", maxUploads)
	}
	i := &Import{ID: db.NewID(), LaunchID: launchID, FileName: fileName(name), State: Uploaded,
		CreatedAt: s.now().UTC().Truncate(time.Microsecond), CreatedBy: Creator{a.ID, a.Name}}
	if i.Size, i.sha256, err = s.keep(ctx, i.ID, file); err != nil {
		return nil, err
	}
	if err := s.look(i); err != nil {
		return nil, errors.Join(err, s.discard(i.ID))
	}
	err = s.deps.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := insert(ctx, tx, a.Workspace, i); err != nil {
			return err
		}
		return a.Audit(ctx, tx, "import.upload", "import", i.ID, map[string]any{"file": i.FileName, "launch": launchID, "size": i.Size})
	})
	if err != nil {
		return nil, errors.Join(err, s.discard(i.ID))
	}
	return i, s.complete(ctx, a.Workspace, i)
}

// fileName keeps the last part of a name that a browser or program sent.
func fileName(name string) string {
	name = strings.TrimSpace(filepath.Base(strings.ReplaceAll(name, `\`, "/")))
	if name == "" || name == "." || name == "/" {
		return "file"
	}
	return cut(name, 200)
}

// keep writes an upload to the data folder; it is on disk when keep returns.
func (s *Service) keep(ctx context.Context, id string, file io.Reader) (size int64, sum string, err error) {
	if err := os.MkdirAll(s.deps.Dir, 0o700); err != nil {
		return 0, "", fmt.Errorf("make the folder of uploads: %w", err)
	}
	f, err := os.OpenFile(s.path(id)+".part", os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, "", fmt.Errorf("keep upload: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	h := sha256.New()
	size, err = io.Copy(io.MultiWriter(f, h), io.LimitReader(&canceledReader{ctx, file}, s.most+1))
	if err == nil && size > s.most {
		err = errs.New(errs.TooLarge, "The file is larger than %d MB; split it, or compress it with gzip.", MaxFile>>20)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return 0, "", uploadError(err)
	}
	if err = os.Rename(f.Name(), s.path(id)); err != nil {
		return 0, "", fmt.Errorf("keep upload: %w", err)
	}
	return size, hex.EncodeToString(h.Sum(nil)), syncDir(s.deps.Dir)
}

// canceledReader stops an upload when its request ends.
type canceledReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *canceledReader) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(b)
}

func uploadError(err error) error {
	switch {
	case errs.KindOf(err) != errs.Internal:
		return err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, multipart.ErrMessageTooLarge):
		return errs.Wrap(errs.Invalid, err, "The upload ended before the file did; send it again.")
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return errs.New(errs.TooLarge, "The file is larger than %d MB; split it, or compress it with gzip.", MaxFile>>20)
	}
	return fmt.Errorf("keep upload: %w", err)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("keep upload: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}

// discard removes an import's file.
func (s *Service) discard(id string) error {
	if err := os.Remove(s.path(id)); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("remove upload: %w", err)
	}
	return nil
}

// look finds out what a kept file is.
func (s *Service) look(i *Import) error {
	f, err := os.Open(s.path(i.ID))
	if err != nil {
		return fmt.Errorf("open upload: %w", err)
	}
	defer func() { _ = f.Close() }()
	if i.plan, err = Probe(f, i.Size, i.FileName); err != nil {
		return err
	}
	rows, err := Sample(f, i.Size, i.plan)
	if err != nil {
		return err
	}
	i.Mapping, i.GuessReason = guess(i.plan.Columns, rows, s.now())
	i.Format, i.Columns, i.Notes = i.plan.Format, i.plan.Columns, i.plan.Notes
	return nil
}

// Sample returns the first good rows of a file, those that decide mapping and
// date order.
func Sample(f io.ReaderAt, size int64, p Plan) (rows []Row, err error) {
	r, err := Open(f, size, p, "")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	bytes := 0
	for read := 0; read < 2*sampleRows && len(rows) < sampleRows && bytes < sampleBytes; read++ {
		row, err := r.Next()
		if _, bad := errors.AsType[*RowError](err); bad {
			continue
		}
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		row.raw = nil // the buffer it lies in is used again
		for _, v := range row.Values {
			bytes += len(v)
		}
		rows = append(rows, row)
	}
	return rows, nil
}
