package calllog

import (
	"strings"
	"testing"

	"github.com/hypercare/hypercare/internal/audit"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/workspace"
)

func TestAUserIsErased(t *testing.T) {
	t.Parallel()
	r := newRig(t, noDocument)
	r.fill(t, 40)
	if _, err := r.Erase(r.as(t, workspace.Lead), "u2"); !errs.Is(err, errs.Denied) {
		t.Errorf("a lead erases: %v", err)
	}
	admin := r.as(t, workspace.Admin)
	if n, err := r.Erase(admin, "u2"); err != nil || n != 8 {
		t.Fatalf("erased %d, %v", n, err)
	}
	if n, err := r.Count(admin, Search{Q: "user:u2"}); err != nil || n != 0 {
		t.Errorf("%d left, %v", n, err)
	}
	if n, err := r.Count(admin, Search{}); err != nil || n != 32 {
		t.Errorf("%d others, %v", n, err)
	}
	log, err := audit.List(t.Context(), r.db, string(home), "", 10)
	if err != nil || len(log) != 1 || log[0].Action != "call.erase" || strings.Contains(log[0].Subject.ID, "u2") {
		t.Errorf("audit %+v %v", log, err)
	}
	if _, err := r.Erase(admin, ""); !errs.Is(err, errs.Invalid) {
		t.Errorf("nobody: %v", err)
	}
}
