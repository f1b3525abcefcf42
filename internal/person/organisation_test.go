package person_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/hypercare/hypercare/internal/db/dbtest"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/feedback/feedbacktest"
	"github.com/hypercare/hypercare/internal/person"
	"github.com/hypercare/hypercare/internal/workspace"
)

func names(t *testing.T, s *person.Service, ctx context.Context, f person.Filter) string {
	t.Helper()
	list, err := s.List(ctx, f, 0, "", 50)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, p := range list {
		out = append(out, p.Name)
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}

func TestPeopleBelongByDomainAndByHand(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	s := service(t, d)
	ctx := as(t, workspace.Lead)
	ann, bob, eve := seen("Ann", "email", "ann@acme.example"), seen("Bob", "email", "bob@acme.example"), seen("Eve", "email", "eve@elsewhere.example")
	ann.Email, bob.Email, eve.Email = "ann@acme.example", "bob@acme.example", "eve@elsewhere.example"
	bob.Attrs["tier"] = "free"
	ids := resolve(t, d, "w1", ann, bob, eve)
	if _, err := s.PutOrganisation(as(t, workspace.Responder), person.OrganisationInput{Name: "Acme"}); !errs.Is(err, errs.Denied) {
		t.Errorf("a responder makes an organisation: %v", err)
	}
	o, err := s.PutOrganisation(ctx, person.OrganisationInput{Name: " Acme  Ltd ", Domains: &[]string{"@ACME.example"}, Attrs: map[string]string{"tier": "gold", "region": "eu"}})
	if err != nil || o.Name != "Acme Ltd" || o.People != 2 || len(o.Domains) != 1 {
		t.Fatalf("organisation = %+v, %v; want two people", o, err)
	}
	if _, err := s.PutOrganisation(ctx, person.OrganisationInput{Name: "Other", Domains: &[]string{"acme.example"}}); !errs.Is(err, errs.Conflict) {
		t.Errorf("a domain of two organisations: %v", err)
	}
	if _, err := s.PutOrganisation(ctx, person.OrganisationInput{Name: "Mail", Domains: &[]string{"gmail.com"}}); !errs.Is(err, errs.Invalid) {
		t.Errorf("everybody's domain: %v", err)
	}
	// The same name, spelled in another case, is the same organisation.
	if again, err := s.PutOrganisation(ctx, person.OrganisationInput{Name: "ACME LTD", Attrs: map[string]string{"region": ""}}); err != nil || again.ID != o.ID || again.Attrs["region"] != "" || again.Attrs["tier"] != "gold" {
		t.Errorf("put again = %+v, %v", again, err)
	}
	// A newcomer belongs at once; a person by hand stays when domains go.
	new := seen("Joe", "email", "joe@acme.example")
	new.Email = "joe@acme.example"
	resolve(t, d, "w1", new)
	if _, err := s.Change(as(t, workspace.Responder), ids[2], person.Edit{OrganisationID: &o.ID}); err != nil {
		t.Fatal(err)
	}
	if got := names(t, s, ctx, person.Filter{OrganisationID: o.ID}); got != "Ann,Bob,Eve,Joe" {
		t.Errorf("people of Acme: %s", got)
	}
	attrs, err := person.Attrs(ctx, d, "w1", ids)
	if err != nil || attrs[ids[0]]["tier"] != "gold" || attrs[ids[1]]["tier"] != "free" {
		t.Errorf("attributes = %v, %v; a person's own win", attrs, err)
	}
	if users, err := s.UserIDs(ctx, "w1", "tier", "gold"); err != nil || len(users) != 0 {
		t.Errorf("users of tier gold = %v, %v; want none that signs in", users, err)
	}

	if _, err := s.PutOrganisation(ctx, person.OrganisationInput{ID: o.ID, Domains: &[]string{}}); err != nil {
		t.Fatal(err)
	}
	if got := names(t, s, ctx, person.Filter{OrganisationID: o.ID}); got != "Eve" {
		t.Errorf("people of Acme without its domain: %s", got)
	}
	if err := s.DeleteOrganisation(as(t, workspace.Owner, "w2"), o.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("another workspace deletes an organisation: %v", err)
	}
	if err := s.DeleteOrganisation(ctx, o.ID); err != nil {
		t.Fatal(err)
	}
	if p, err := s.Get(ctx, ids[2]); err != nil || p.Organisation != nil {
		t.Errorf("Eve = %+v, %v; want no organisation", p, err)
	}
}

func TestSegmentsFilterByAttributes(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	s := service(t, d)
	ctx := as(t, workspace.Lead)
	if _, err := s.Take(ctx, person.Feed{
		Organisations: []person.OrganisationInput{{Name: "Acme", Domains: &[]string{"acme.example"}, Attrs: map[string]string{"tier": "gold", "MRR in €": "900"}}},
		People: []person.Input{{Email: "ann@acme.example", Name: "Ann"}, {Email: "bob@acme.example", Name: "Bob", Attrs: map[string]string{"tier": "free"}},
			{UserID: "7", Name: "Cem", Language: "de", Attrs: map[string]string{"region": "eu"}}},
	}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		conditions []person.Condition
		want       string
	}{
		{[]person.Condition{{Attribute: "tier", Values: []string{"gold", "platinum"}}}, "Ann"},
		{[]person.Condition{{Attribute: "tier", Values: []string{"gold"}, Not: true}}, "Bob,Cem"},
		{[]person.Condition{{Attribute: "tier"}}, "Ann,Bob"},
		{[]person.Condition{{Attribute: "tier", Not: true}}, "Cem"},
		{[]person.Condition{{Attribute: "MRR in €", Values: []string{"900"}}}, "Ann,Bob"},
		{[]person.Condition{{Attribute: "organisation", Values: []string{"Acme"}}, {Attribute: "tier", Values: []string{"free"}}}, "Bob"},
		{[]person.Condition{{Attribute: "domain", Values: []string{"acme.example"}}}, "Ann,Bob"},
		{[]person.Condition{{Attribute: "language", Values: []string{"de"}}}, "Cem"},
	} {
		g, err := s.PutSegment(ctx, "", person.SegmentInput{Name: c.want + " " + c.conditions[0].Attribute + strings.Repeat("!", len(c.conditions[0].Values)), Conditions: c.conditions})
		if err != nil {
			t.Fatal(err)
		}
		if got := names(t, s, ctx, person.Filter{SegmentID: g.ID}); got != c.want {
			t.Errorf("segment %+v has %s, want %s", c.conditions, got, c.want)
		}
		if ids, err := person.Members(ctx, d, "w1", []string{g.ID}, nil); err != nil || len(ids) != strings.Count(c.want, ",")+1 {
			t.Errorf("segment %+v means %d people, %v", c.conditions, len(ids), err)
		}
		if _, err := s.List(as(t, workspace.Owner, "w2"), person.Filter{SegmentID: g.ID}, 0, "", 10); !errs.Is(err, errs.NotFound) {
			t.Errorf("another workspace lists a segment: %v", err)
		}
	}
	for _, bad := range []person.SegmentInput{{Name: "x"}, {Conditions: []person.Condition{{Attribute: "tier"}}}, {Name: "x", Conditions: []person.Condition{{Attribute: "$.x"}}}} {
		if _, err := s.PutSegment(ctx, "", bad); !errs.Is(err, errs.Invalid) {
			t.Errorf("segment %+v is kept: %v", bad, err)
		}
	}
	if _, err := s.PutSegment(as(t, workspace.Responder), "", person.SegmentInput{Name: "x", Conditions: []person.Condition{{Attribute: "tier"}}}); !errs.Is(err, errs.Denied) {
		t.Errorf("a responder makes a segment: %v", err)
	}
}

func TestAFileOfPeopleIsTakenIn(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	s := service(t, d)
	ctx := as(t, workspace.Lead)
	resolve(t, d, "w1", seen("A.", "email", "ann@acme.example"))
	file := "\ufeffE-Mail;First name;Last name;Company;Tier;organisation.revenue;Phone\r\n" +
		"ANN@acme.example;Ann;Lee;Acme;gold;100;0170 1234567\r\n" +
		"not an address;X;Y;;;;\r\n" +
		";No;Body;;;;\r\n" +
		"\"bob@acme.example\";Bob;\"O;Neil\";Acme;;;\r\n"
	dry, err := s.ImportTable(ctx, []byte(file), true)
	if err != nil || dry.Rows != 4 || dry.Created != 1 || dry.Updated != 1 || len(dry.Errors) != 2 || dry.Errors[0].Row != 3 || len(dry.Sample) != 4 {
		t.Fatalf("dry run = %+v, %v", dry, err)
	}
	if got := names(t, s, ctx, person.Filter{}); got != "A." {
		t.Fatalf("a dry run left %s", got)
	}
	done, err := s.ImportTable(ctx, []byte(file), false)
	if err != nil || done.Created != 1 || done.Updated != 1 || len(done.Errors) != 2 {
		t.Fatalf("import = %+v, %v", done, err)
	}
	if got := names(t, s, ctx, person.Filter{}); got != "Ann Lee,Bob O;Neil" {
		t.Errorf("people: %s", got)
	}
	list, err := s.Organisations(ctx, "acm", "", 10)
	if err != nil || len(list) != 1 || list[0].Attrs["revenue"] != "100" || list[0].People != 2 {
		t.Errorf("organisations = %+v, %v", list, err)
	}
	again, err := s.ImportTable(ctx, []byte(file), false)
	if err != nil || again.Created != 0 || again.Updated != 0 || again.Unchanged != 2 {
		t.Errorf("the same file again = %+v, %v; want nothing changed", again, err)
	}
	people, _ := s.List(ctx, person.Filter{Text: "ann"}, 0, "", 5)
	if p, err := s.Get(ctx, people[0].ID); err != nil || p.Phone != "" || !slices.ContainsFunc(p.Identities, func(k person.Identity) bool { return k.Kind == "phone" && person.IsHashed(k.Value) }) {
		t.Errorf("Ann = %+v, %v; want a hash of her number and no number", p, err)
	}
	for _, bad := range []string{"", "name,tier\nAnn,gold\n", "email\n\xff\n"} {
		if _, err := s.ImportTable(ctx, []byte(bad), false); !errs.Is(err, errs.Invalid) {
			t.Errorf("the file %q is taken in: %v", bad, err)
		}
	}
	if _, err := s.ImportTable(as(t, workspace.Responder), []byte(file), true); !errs.Is(err, errs.Denied) {
		t.Errorf("a responder imports: %v", err)
	}
}

func TestNumbersAreKeptOnlyWhereTheWorkspaceSaysSo(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	s := service(t, d)
	admin := as(t, workspace.Admin)
	if err := s.PutSettings(as(t, workspace.Lead), person.Settings{KeepPhone: true}); !errs.Is(err, errs.Denied) {
		t.Errorf("a lead keeps numbers: %v", err)
	}
	if err := s.PutSettings(admin, person.Settings{CallingCode: "+49"}); err != nil {
		t.Fatal(err)
	}
	first, err := s.Put(admin, person.Input{Phone: "0170 / 123 45 67", Name: "Ann"})
	if err != nil || first.Phone != "" {
		t.Fatalf("person = %+v, %v", first, err)
	}
	if err := s.PutSettings(admin, person.Settings{CallingCode: "49", KeepPhone: true}); err != nil {
		t.Fatal(err)
	}
	same, err := s.Put(admin, person.Input{Phone: "+49 (0)170 1234567", Email: "ann@x.example"})
	if err != nil || same.ID != first.ID || same.Phone != "+491701234567" {
		t.Errorf("person = %+v, %v; want %s with the number", same, err, first.ID)
	}
	if err := s.PutSettings(admin, person.Settings{CallingCode: "49"}); err != nil {
		t.Fatal(err)
	}
	if p, err := s.Get(admin, first.ID); err != nil || p.Phone != "" {
		t.Errorf("person = %+v, %v; the number must be gone", p, err)
	}
	if elsewhere := feedbacktest.Phones(t).Number("w2", "+491701234567", ""); slices.Contains(same.Identities, person.Identity{Kind: "phone", Value: elsewhere}) {
		t.Error("two workspaces have the same hash of a number")
	}
}

func TestNormalPhone(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{{"+49 170 1234567", "", "+491701234567"}, {"0049-170-1234567", "", "+491701234567"}, {"0170 1234567", "49", "+491701234567"},
		{"0170 1234567", "", "01701234567"}, {"(030) 123.456", "49", "+4930123456"}, {"+1 (415) 555-0100", "49", "+14155550100"}, {"12", "", ""}, {"call me", "", ""}, {"+49 170 12345678901234", "", ""}} {
		if got := person.NormalPhone(c[0], c[1]); got != c[2] {
			t.Errorf("NormalPhone(%q, %q) = %q, want %q", c[0], c[1], got, c[2])
		}
	}
}

func FuzzImportTable(f *testing.F) {
	f.Add([]byte("email,tier\nann@x.example,gold\n"))
	f.Add([]byte("E-Mail;Name\n\"a\"b@x;\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := person.CountTable(data)
		if err == nil && n > len(data) {
			t.Errorf("%d rows in %d bytes", n, len(data))
		}
	})
}
