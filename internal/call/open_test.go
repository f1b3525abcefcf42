package call

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hypercare/hypercare/internal/errs"
)

// TestOthersCanReadTheFiles gives a folder of segments to DuckDB, which
// shares no code with us, where its command line is installed.
func TestOthersCanReadTheFiles(t *testing.T) {
	t.Parallel()
	dir, want := writeOpenFiles(t)
	duckdb, err := exec.LookPath("duckdb")
	if err != nil {
		t.Skip("no duckdb here to read them with")
	}
	out, err := exec.CommandContext(t.Context(), duckdb, "-csv", "-noheader", "-c", openQuery(dir)).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := strings.TrimSpace(strings.ReplaceAll(string(out), "\r", "")); got != want {
		t.Errorf("duckdb says\n%s\nwant\n%s", got, want)
	}
}

// openQuery asks for something of every kind of column.
func openQuery(dir string) string {
	return fmt.Sprintf(`SET TimeZone = 'UTC'; SELECT count(*), epoch_us(min(time)), sum(latency), count(DISTINCT lower(hex(id))), sum(length(path)), max(decode(request_body)), count(DISTINCT workspace)
		FROM read_parquet('%s') WHERE status >= 200 AND "user" <> 'u_3'`, filepath.Join(dir, segmentFolder, "*", "*"+dataSuffix))
}

// writeOpenFiles makes some segments, and says what openQuery must find.
func writeOpenFiles(t *testing.T) (dir, answer string) {
	t.Helper()
	if dir = os.Getenv("CALL_OPEN_DIR"); dir == "" { // to be looked at by hand
		dir = t.TempDir()
	}
	l, k := testLog(t, Config{Dir: dir})
	var rows, latency, path int
	var body string
	for n := range 100 {
		r := testRecord(n)
		if n%10 == 0 {
			r.Workspace = "ws_b"
		}
		if n%9 == 0 {
			r.Request = Payload{Capture: Whole, Type: "text/plain", Head: "A: b\r\n", Body: fmt.Sprintf("Grüße %d", n)}
		}
		put(t, l, r)
		if n == 50 {
			sealNow(t, l)
			k.must(t)
		}
		if r.User != "u_3" {
			rows++
			latency += int(r.Latency)
			path += len(r.Path)
			body = max(body, r.Request.Body)
		}
	}
	sealNow(t, l)
	k.must(t)
	must(t, l.Close())
	return dir, fmt.Sprintf("%d,%d,%d,%d,%d,%s,2", rows, start.UnixMicro(), latency, rows, path, body)
}

// TestOneProcessHoldsTheFolder opens a log twice: the second is refused, and
// not after the first has ended.
func TestOneProcessHoldsTheFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, err := Open(Config{Dir: dir, MinFree: 1})
	must(t, err)
	if _, err := Open(Config{Dir: dir, MinFree: 1}); !errs.Is(err, errs.Conflict) {
		t.Errorf("a second is opened: %v", err)
	}
	must(t, l.Close())
	l, err = Open(Config{Dir: dir, MinFree: 1})
	must(t, err)
	must(t, l.Close())
}
