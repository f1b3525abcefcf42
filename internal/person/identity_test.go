package person_test

import (
	"fmt"
	"testing"

	"github.com/hypercare/hypercare/internal/db/dbtest"
	"github.com/hypercare/hypercare/internal/person"
)

func TestPeopleAreFoundByManyIdentitiesAtOnce(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	var sightings []person.Sighting
	var asked []person.Identity
	for i := range 1200 {
		sightings = append(sightings, seen("", "user_id", fmt.Sprint(i), "session_id", fmt.Sprint("s", i%600)))
		asked = append(asked, person.Identity{Kind: person.UserID, Value: fmt.Sprint(i)}, person.Identity{Kind: person.SessionID, Value: fmt.Sprint("s", i)})
	}
	ids := resolve(t, d, "w1", sightings...)
	known, err := person.ByIdentity(t.Context(), d, "w1", asked)
	if err != nil {
		t.Fatal(err)
	}
	// Session s7 is user 7's. When user 607 comes by it, the browser has
	// another user now.
	if len(known) != 1800 || known[asked[2*7]] != ids[7] || ids[607] == ids[7] {
		t.Errorf("%d identities are known, want 1800; users 7 and 607 are %s and %s", len(known), ids[7], ids[607])
	}
	if elsewhere, err := person.ByIdentity(t.Context(), d, "w2", asked); err != nil || len(elsewhere) != 0 {
		t.Errorf("another workspace knows %d of them, %v", len(elsewhere), err)
	}
	list, err := person.Identities(t.Context(), d, "w1", ids[7])
	if err != nil || len(list) != 2 {
		t.Errorf("Identities = %v, %v; want a user and a session", list, err)
	}
}
