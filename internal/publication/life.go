package publication

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/gateway"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/workspace"
)

// API is a published interface with its versions, as what is in force says.
type API struct {
	Name     string    `json:"name"`
	Versions []Version `json:"versions" nullable:"false"`
}

// Version is one version of an API and where its life stands.
type Version struct {
	Version    string   `json:"version"`
	State      string   `json:"state" enum:"draft,published,deprecated,retired"`
	Deprecated string   `json:"deprecated,omitempty" doc:"Date."`
	Sunset     string   `json:"sunset,omitempty" doc:"Date."`
	Docs       string   `json:"docs,omitempty"`
	Preview    bool     `json:"preview,omitempty" doc:"A draft that has a preview key."`
	Hosts      []string `json:"hosts" nullable:"false" doc:"Empty: any."`
	Base       string   `json:"base,omitempty"`
	Upstream   string   `json:"upstream,omitempty"`
	OpenAPI    string   `json:"openapi,omitempty"`
	Routes     int      `json:"routes"`
	Policies   []string `json:"policies" nullable:"false" doc:"Kinds that hold for all of it."`
}

// APIs lists what is published, by name, with the versions in the order of the
// document.
func (s *Service) APIs(ctx context.Context) ([]API, error) {
	a, err := workspace.Need(ctx, workspace.Read)
	if err != nil {
		return nil, err
	}
	now, err := current(ctx, s.db, a.Workspace)
	if err != nil || now.Number == 0 {
		return []API{}, err
	}
	c, err := gateway.Parse([]byte(now.Document))
	if err != nil {
		return nil, refused(err)
	}
	out := []API{}
	for _, api := range c.APIs {
		i := slices.IndexFunc(out, func(o API) bool { return o.Name == api.Name })
		if i < 0 {
			out = append(out, API{Name: api.Name})
			i = len(out) - 1
		}
		v := Version{Version: api.Version, State: api.Life(), Deprecated: api.Deprecated, Sunset: api.Sunset, Docs: api.Docs,
			Preview: api.Life() == gateway.StateDraft && api.PreviewKey != "", Hosts: append([]string{}, api.Hosts...), Base: api.Base, Upstream: api.Upstream,
			OpenAPI: api.OpenAPI, Routes: len(api.Routes), Policies: api.Policies.Kinds()}
		out[i].Versions = append(out[i].Versions, v)
	}
	slices.SortStableFunc(out, func(a, b API) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

// NextState is where a version of an API goes.
type NextState struct {
	Version    string  `json:"version" maxLength:"100" doc:"Empty for an API without versions."`
	State      string  `json:"state" enum:"draft,published,deprecated,retired"`
	Deprecated *string `json:"deprecated,omitempty" maxLength:"10" doc:"Since when, a date; today when absent and it is deprecated."`
	Sunset     *string `json:"sunset,omitempty" maxLength:"10" doc:"When it ends, a date; empty for none."`
	Docs       *string `json:"docs,omitempty" maxLength:"1000" doc:"Page that says what to use instead; empty for none."`
	Note       string  `json:"note,omitempty" maxLength:"500"`
	Base       *int64  `json:"base,omitempty" doc:"As for a publication."`
}

// SetState brings a version of an API into another state: a publication of its
// own. One that is published again loses the dates of its end.
func (s *Service) SetState(ctx context.Context, api string, in NextState) (*Publication, error) {
	note := cmp.Or(in.Note, fmt.Sprintf("%s is %s", strings.TrimSpace(api+" "+in.Version), in.State))
	return s.change(ctx, note, in.Base, func(c *gateway.Config) error {
		v, err := versionOf(c, api, in.Version)
		if err != nil {
			return err
		}
		if v.Life() != in.State {
			v.State = in.State
		}
		switch in.State {
		case gateway.StatePublished:
			v.State, v.Deprecated, v.Sunset = "", "", ""
		case gateway.StateDeprecated:
			v.Deprecated = cmp.Or(v.Deprecated, s.now().UTC().Format(time.DateOnly))
		}
		for _, f := range []struct{ to, from *string }{{&v.Deprecated, in.Deprecated}, {&v.Sunset, in.Sunset}, {&v.Docs, in.Docs}} {
			if f.from != nil {
				*f.to = *f.from
			}
		}
		return nil
	})
}

func versionOf(c *gateway.Config, api, version string) (*gateway.API, error) {
	for i := range c.APIs {
		if c.APIs[i].Name == api && c.APIs[i].Version == version {
			return &c.APIs[i], nil
		}
	}
	return nil, errs.New(errs.NotFound, "There is no version %q of an API %q in what is published.", version, api)
}

// PreviewKey is a key with which a draft can be called.
type PreviewKey struct {
	Header      string      `json:"header" example:"X-Preview-Key"`
	Key         string      `json:"key" doc:"Shown this once."`
	Publication Publication `json:"publication"`
}

// NewPreviewKey gives a draft a key with which it can be called before it is
// published; the one before, if any, no longer works. The document holds its
// hash.
func (s *Service) NewPreviewKey(ctx context.Context, api, version string) (*PreviewKey, error) {
	var raw [32]byte
	_, _ = rand.Read(raw[:])
	key := secret.Text("hcv_" + hex.EncodeToString(raw[:]))
	sum := sha256.Sum256([]byte(key.Reveal()))
	p, err := s.change(ctx, "A preview key for "+strings.TrimSpace(api+" "+version), nil, func(c *gateway.Config) error {
		v, err := versionOf(c, api, version)
		if err != nil {
			return err
		}
		if v.Life() != gateway.StateDraft {
			return errs.New(errs.Unprocessable, "Only a draft has a preview key; this version is %s.", v.Life())
		}
		v.PreviewKey = "sha256:" + hex.EncodeToString(sum[:])
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &PreviewKey{Header: gateway.PreviewHeader, Key: key.Reveal(), Publication: *p}, nil
}

// change publishes what is in force with one change made to it.
func (s *Service) change(ctx context.Context, note string, base *int64, fn func(*gateway.Config) error) (*Publication, error) {
	a, err := workspace.Need(ctx, workspace.ManageLaunch)
	if err != nil {
		return nil, err
	}
	now, err := current(ctx, s.db, a.Workspace)
	if err != nil {
		return nil, err
	}
	if base == nil {
		base = &now.Number
	}
	next, err := gateway.Edit([]byte(now.Document), fn)
	if err != nil {
		if errs.KindOf(err) != errs.Internal {
			return nil, err
		}
		return nil, errs.New(errs.Unprocessable, "%s", sentence(err))
	}
	c, err := s.parse(ctx, a.Workspace, string(next))
	if err != nil {
		return nil, refused(err)
	}
	return s.put(ctx, a, Input{Document: string(next), Note: note, Base: base}, c, 0)
}
