// Package view is the lists that people named: a view is the search of a
// page's address under a name, private to who saved it or shared with the
// workspace. It knows no filter: what a search means is the page's business,
// so a view never shows more than its link would.
package view

import (
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hypercare/hypercare/internal/errs"
)

// Pages are the pages whose lists can be saved.
var Pages = []string{"feedback", "issues", "board", "decisions", "calls"}

// View is a named list.
type View struct {
	ID        string    `json:"id"`
	LaunchID  string    `json:"launch_id"`
	Page      string    `json:"page" enum:"feedback,issues,board,decisions,calls"`
	Name      string    `json:"name"`
	Query     string    `json:"query" doc:"The search of the page's address, without the question mark." example:"severity=sev1&tab=all"`
	Shared    bool      `json:"shared" doc:"Everybody in the workspace sees it."`
	Position  int       `json:"position" doc:"From 1; private and shared views are counted apart."`
	Owner     Owner     `json:"owner"`
	Mine      bool      `json:"mine" doc:"Whoever asks saved it."`
	Editable  bool      `json:"editable" doc:"Whoever asks may change and remove it."`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Owner is who saved a view.
type Owner struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Input is a view to be saved; it goes last.
type Input struct {
	Page   string `json:"page" enum:"feedback,issues,board,decisions,calls"`
	Name   string `json:"name" minLength:"1" maxLength:"80"`
	Query  string `json:"query" maxLength:"2000" doc:"The search of the page's address; empty for the list as it is without any filter."`
	Shared bool   `json:"shared,omitempty" doc:"Show it to the whole workspace."`
}

// Change is what may change; absent fields stay.
type Change struct {
	Name     *string `json:"name,omitempty" minLength:"1" maxLength:"80"`
	Query    *string `json:"query,omitempty" maxLength:"2000"`
	Shared   *bool   `json:"shared,omitempty"`
	Position *int    `json:"position,omitempty" minimum:"1" maximum:"1000" doc:"Moves it there; the others make room."`
}

// Bounds of what people save.
const (
	maxName  = 80
	maxQuery = 2000
	maxViews = 100 // of one person in one launch
)

// validate tidies what a person wrote or refuses it.
func (v *View) validate() error {
	v.Name = strings.TrimSpace(v.Name)
	v.Query = strings.TrimPrefix(v.Query, "?")
	switch {
	case !slices.Contains(Pages, v.Page):
		return errs.New(errs.Invalid, "There is no page %.40q whose list can be saved; use %s.", v.Page, strings.Join(Pages, ", "))
	case v.Name == "":
		return errs.New(errs.Invalid, "A view needs a name.")
	case utf8.RuneCountInString(v.Name) > maxName:
		return errs.New(errs.Invalid, "The name is longer than %d characters; shorten it.", maxName)
	case !plain(v.Name):
		return errs.New(errs.Invalid, "The name contains a control character or invalid UTF-8; remove it.")
	case len(v.Query) > maxQuery:
		return errs.New(errs.Invalid, "The filters are longer than %d bytes in the address; take some away, then save the view.", maxQuery)
	}
	values, err := url.ParseQuery(v.Query)
	if err != nil || !plain(v.Query) {
		return errs.New(errs.Invalid, "The query is not the search of an address; copy what stands behind the question mark.")
	}
	for k, list := range values {
		if !plain(k) || slices.ContainsFunc(list, func(s string) bool { return !plain(s) }) {
			return errs.New(errs.Invalid, "The query contains a control character or invalid UTF-8; remove it.")
		}
	}
	return nil
}

// plain reports whether s can be shown in one line and stored.
func plain(s string) bool { return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl) }
