package person

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/workspace"
)

// Phones recognises numbers of telephones, and clients by their addresses,
// without keeping them: by a hash under the process's master key, so that
// nobody who has the records alone can try all numbers.
type Phones struct{ box *secret.Box }

// NewPhones returns the keeper of numbers under a master key.
func NewPhones(box *secret.Box) *Phones { return &Phones{box} }

// hashed is how every keyed hash begins.
const hashed = "hmac:"

// IsHashed reports whether a text is a keyed hash already.
func IsHashed(s string) bool { return strings.HasPrefix(s, hashed) }

// Number is what stands for a number of a workspace: the same for the same
// number, however it is written, if calling says which country is meant by
// one without.
func (p *Phones) Number(ws workspace.ID, number, calling string) string {
	if IsHashed(number) {
		return number
	}
	return hashed + p.box.Mac("phone/"+string(ws), NormalPhone(number, calling))
}

// Place is what stands for a client's address and agent.
func (p *Phones) Place(ws workspace.ID, address, agent string) string {
	return hashed + p.box.Mac("place/"+string(ws), address+"\n"+agent)
}

// NormalPhone brings a number to the form of ITU-T E.164, "+" and at most 15
// digits: 00 is +, and one leading 0 gives way to the calling code of the
// workspace's country. "" when it is no number.
func NormalPhone(s, calling string) string {
	var digits strings.Builder
	plus := false
	for i, r := range strings.TrimSpace(s) {
		switch {
		case r >= '0' && r <= '9':
			digits.WriteRune(r)
		case r == '+' && i == 0:
			plus = true
		case strings.ContainsRune(" \u00a0-./()", r):
		default:
			return ""
		}
	}
	d := digits.String()
	if plus {
		if rest, ok := strings.CutPrefix(d, calling+"0"); ok && calling != "" { // "+49 (0)30"
			d = calling + rest
		}
	} else if rest, ok := strings.CutPrefix(d, "00"); ok {
		d, plus = rest, true
	} else if rest, ok := strings.CutPrefix(d, "0"); ok && calling != "" {
		d, plus = calling+rest, true
	}
	if len(d) < 6 || len(d) > 15 {
		return ""
	}
	if plus {
		return "+" + d
	}
	return d
}

// Settings are what a workspace says of people's data.
type Settings struct {
	KeepPhone   bool   `json:"keep_phone" doc:"Keep numbers of telephones, to show and to call them. Otherwise only a keyed hash is kept."`
	CallingCode string `json:"calling_code" maxLength:"4" example:"49" doc:"Country calling code of numbers that name none."`
}

// ReadSettings returns what a workspace says, in or outside a transaction.
func ReadSettings(ctx context.Context, q db.Queryer, ws workspace.ID) (Settings, error) {
	var x Settings
	err := q.QueryRowContext(ctx, `SELECT keep_phone, calling_code FROM person_setting WHERE workspace_id = $1`, ws).Scan(&x.KeepPhone, &x.CallingCode)
	if err != nil && !db.IsNoRows(err) {
		return x, fmt.Errorf("read settings of people: %w", err)
	}
	return x, nil
}

// Settings returns what the workspace says.
func (s *Service) Settings(ctx context.Context) (Settings, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return Settings{}, err
	}
	return ReadSettings(ctx, s.db, a.Workspace)
}

// PutSettings changes what the workspace says. When numbers are no longer
// kept, those that are here go.
func (s *Service) PutSettings(ctx context.Context, in Settings) error {
	a, err := workspace.Need(ctx, workspace.ManageMembers)
	if err != nil {
		return err
	}
	in.CallingCode = strings.TrimPrefix(strings.TrimSpace(in.CallingCode), "+")
	if len(in.CallingCode) > 3 || strings.Trim(in.CallingCode, "0123456789") != "" {
		return errs.New(errs.Invalid, "%.10q is no country calling code; write it like 49.", in.CallingCode)
	}
	return s.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO person_setting (workspace_id, keep_phone, calling_code) VALUES ($1, $2, $3)
			ON CONFLICT (workspace_id) DO UPDATE SET keep_phone = excluded.keep_phone, calling_code = excluded.calling_code`, a.Workspace, in.KeepPhone, in.CallingCode); err != nil {
			return fmt.Errorf("put settings of people: %w", err)
		}
		if !in.KeepPhone {
			if _, err := tx.ExecContext(ctx, `UPDATE person SET phone = '' WHERE workspace_id = $1 AND phone <> ''`, a.Workspace); err != nil {
				return fmt.Errorf("forget numbers: %w", err)
			}
		}
		return a.Audit(ctx, tx, "people.settings", "workspace", string(a.Workspace), map[string]any{"keep_phone": in.KeepPhone, "calling_code": in.CallingCode})
	})
}

// plain reports whether a text can be kept: UTF-8 without NUL, at most so
// many bytes.
func plain(s string, limit int) bool {
	return len(s) <= limit && utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}

var escapeLike = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
