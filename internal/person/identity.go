package person

import (
	"context"
	"fmt"
	"slices"

	"github.com/hypercare/hypercare/internal/db"
	"github.com/hypercare/hypercare/internal/workspace"
)

// The kinds of identity. One of them is enough to say who somebody is.
const (
	UserID     = "user_id"
	Email      = "email" // in lower case
	ExternalID = "external_id"
	Phone      = "phone" // a keyed hash, see Book.Phone
	DeviceID   = "device_id"
	SessionID  = "session_id"
)

// Strength orders the kinds: where the identities of one report belong to
// different persons, the strongest decides whose it is.
var Strength = []string{UserID, Email, ExternalID, Phone, DeviceID, SessionID}

// Identity is one strong sign of who somebody is.
type Identity struct {
	Kind  string `json:"kind" enum:"user_id,email,external_id,phone,device_id,session_id"`
	Value string `json:"value"`
}

func scanIdentity(s db.Scanner) (k Identity, err error) { return k, s.Scan(&k.Kind, &k.Value) }

// maxIdentities bounds what is read of one person: sessions add up.
const maxIdentities = 1000

// Identities returns by what a person is known, the newest of each kind
// first, at most 1,000. An id that was merged into another person answers
// with that person's.
func Identities(ctx context.Context, q db.Queryer, ws workspace.ID, personID string) ([]Identity, error) {
	id, err := Current(ctx, q, ws, personID)
	if err != nil {
		return nil, err
	}
	list, err := db.All(ctx, q, scanIdentity, `SELECT kind, value FROM person_identity WHERE workspace_id = $1 AND person_id = $2
		ORDER BY created_at DESC, kind, value LIMIT $3`, ws, id, maxIdentities)
	if err != nil {
		return nil, fmt.Errorf("list identities of person %s: %w", id, err)
	}
	return list, nil
}

// ByIdentity returns whose identities these are; who is not known is left
// out. It reads 500 at a time, so that ten thousand users of the call log are
// twenty queries.
func ByIdentity(ctx context.Context, q db.Queryer, ws workspace.ID, list []Identity) (map[Identity]string, error) {
	byKind := map[string][]any{}
	for _, k := range list {
		byKind[k.Kind] = append(byKind[k.Kind], k.Value)
	}
	known := make(map[Identity]string, len(list))
	for kind, values := range byKind {
		for part := range slices.Chunk(values, 500) {
			rows, err := db.All(ctx, q, func(s db.Scanner) (row [2]string, err error) { return row, s.Scan(&row[0], &row[1]) },
				`SELECT value, person_id FROM person_identity WHERE workspace_id = $1 AND kind = $2 AND value IN (`+db.In(3, len(part))+`)`,
				append([]any{ws, kind}, part...)...)
			if err != nil {
				return nil, fmt.Errorf("find persons: %w", err)
			}
			for _, r := range rows {
				known[Identity{kind, r[0]}] = r[1]
			}
		}
	}
	return known, nil
}

// Current returns the person that has what an id's person had: the id itself,
// unless that person was merged into another.
func Current(ctx context.Context, q db.Queryer, ws workspace.ID, id string) (string, error) {
	for range maxMergers {
		var into string
		err := q.QueryRowContext(ctx, `SELECT merged_into FROM person WHERE workspace_id = $1 AND id = $2`, ws, id).Scan(&into)
		if err != nil && !db.IsNoRows(err) {
			return "", fmt.Errorf("look whether person %s was merged: %w", id, err)
		}
		if into == "" {
			return id, nil
		}
		id = into
	}
	return id, nil
}

// maxMergers bounds how far a chain of mergers is followed.
const maxMergers = 100
