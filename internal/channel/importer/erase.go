package importer

import (
	"context"
	"fmt"
	"strings"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/person"
	"github.com/hypercare/hypercare/internal/workspace"
)

// EraseStore is rows of files that could not be kept and name a person, for
// person.Service.Keep.
func (s *Service) EraseStore() person.Store {
	return person.Store{Name: "imports", Erase: s.erasePerson}
}

// erasePerson empties the rows; that there was one, and what was wrong with
// it, stays.
func (s *Service) erasePerson(ctx context.Context, ws workspace.ID, who person.Who) (int64, error) {
	values := who.Values(person.Email)
	for _, v := range who.Values(person.UserID, person.ExternalID) {
		if len(v) >= 6 { // a shorter one is in everything
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return 0, nil
	}
	type row struct {
		id  string
		num int64
		raw string
	}
	var n int64
	for id, num := "", int64(0); ; {
		list, err := db.All(ctx, s.deps.DB, func(r db.Scanner) (x row, err error) { return x, r.Scan(&x.id, &x.num, &x.raw) },
			`SELECT import_id, row_number, raw FROM import_error WHERE workspace_id = $1 AND (import_id, row_number) > ($2, $3) ORDER BY import_id, row_number LIMIT 1000`, ws, id, num)
		if err != nil {
			return n, fmt.Errorf("look through rows of imports: %w", err)
		}
		if len(list) == 0 {
			return n, nil
		}
		id, num = list[len(list)-1].id, list[len(list)-1].num
		for _, x := range list {
			low := strings.ToLower(x.raw)
			for _, v := range values {
				if !strings.Contains(low, strings.ToLower(v)) {
					continue
				}
				if err := s.deps.DB.Tx(ctx, func(tx *db.Tx) error {
					_, err := tx.ExecContext(ctx, `UPDATE import_error SET raw = '' WHERE workspace_id = $1 AND import_id = $2 AND row_number = $3`, ws, x.id, x.num)
					return err
				}); err != nil {
					return n, fmt.Errorf("empty a row of import %s: %w", x.id, err)
				}
				n++
				break
			}
		}
	}
}
