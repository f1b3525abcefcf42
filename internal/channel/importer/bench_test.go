package importer

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/job"
)

// BenchmarkImport reads 20,000 rows into the ledger; triage is not in it.
func BenchmarkImport(b *testing.B) {
	fb := feedbacktest.New(b)
	jobs, err := job.New(fb.Ctx, fb.DB, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	s := NewService(Deps{DB: fb.DB, Bus: fb.Bus, Log: slog.New(slog.DiscardHandler), Jobs: jobs, Feedback: fb.Feedback, CheckLaunch: fb.Launches.Check, Dir: filepath.Join(b.TempDir(), "imports")})
	const rows = 20_000
	var file strings.Builder
	for n := 0; b.Loop(); n++ {
		file.Reset()
		file.WriteString("id,text,stars,created_at\n")
		for i := range rows {
			fmt.Fprintf(&file, "%d-%d,\"The app crashes, always, when I open the settings page number %d\",3,2024-01-02 10:00:00\n", n, i, i)
		}
		i, err := s.Upload(fb.Ctx, fb.LaunchID, "rows.csv", strings.NewReader(file.String()))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.Start(fb.Ctx, i.ID, nil); err != nil {
			b.Fatal(err)
		}
		if i, err = get(fb.Ctx, fb.DB, fb.Workspace, i.ID); err != nil {
			b.Fatal(err)
		}
		i.State = Running
		err = fb.DB.Tx(fb.Ctx, func(tx *db.Tx) error { return save(fb.Ctx, tx, fb.Workspace, i) })
		if err != nil {
			b.Fatal(err)
		}
		if err := s.read(fb.Ctx, fb.Workspace, i, time.Now().Add(time.Hour)); err != nil {
			b.Fatal(err)
		}
		if i.Progress.Accepted != rows {
			b.Fatalf("import = %+v", i)
		}
	}
	b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
