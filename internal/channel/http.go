package channel

import (
	"context"
	"net/http"
	"time"

	"github.com/hypercare/hypercare/internal/web"
)

// kindBody describes a kind of channel to who may add one.
type kindBody struct {
	Name    string   `json:"name"`
	Label   string   `json:"label"`
	Note    string   `json:"note,omitempty"`
	Secrets []string `json:"secrets" nullable:"false"`
	Fields  []Field  `json:"fields" nullable:"false"`
}

// Routes adds the operations of this package. base says where senders find
// this hypercare, from what the asker calls it.
func (s *Service) Routes(api *web.API, base func(context.Context) string) {
	show := func(ctx context.Context, c *Channel) *Channel {
		c.Setup = []Step{}
		if k := s.kinds[c.Kind]; k != nil && k.Setup != nil {
			c.Setup = k.Setup(c, base(ctx))
		}
		return c
	}
	one := func(ctx context.Context, c *Channel, err error) (*web.Body[Channel], error) {
		if err != nil {
			return nil, err
		}
		return &web.Body[Channel]{Body: *show(ctx, c)}, nil
	}
	web.Route(api, "GET /channel-kinds", "list-channel-kinds", "Kinds of channels there are", func(context.Context, *struct{}) (*web.Body[web.Page[kindBody]], error) {
		var out []kindBody
		for _, k := range s.Kinds() {
			out = append(out, kindBody{k.Name, k.Label, k.Note, append([]string{}, k.Secrets...), append([]Field{}, k.Fields...)})
		}
		return &web.Body[web.Page[kindBody]]{Body: web.NewPage(out, "")}, nil
	})
	web.Route(api, "GET /launches/{id}/channels", "list-channels", "Channels of a launch with their health, oldest first", func(ctx context.Context, in *web.ByID) (*web.Body[web.Page[*Channel]], error) {
		list, err := s.List(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			show(ctx, c)
		}
		return &web.Body[web.Page[*Channel]]{Body: web.NewPage(list, "")}, nil
	})
	web.Route(api, "POST /launches/{id}/channels", "create-channel", "Add a channel", func(ctx context.Context, in *struct {
		web.ByID
		Body Input
	}) (*web.Body[Channel], error) {
		c, err := s.Create(ctx, in.ID, in.Body)
		return one(ctx, c, err)
	}, web.Status(http.StatusCreated))
	web.Route(api, "GET /channels/{id}", "get-channel", "One channel: health, and what to put where", func(ctx context.Context, in *web.ByID) (*web.Body[Channel], error) {
		c, err := s.Get(ctx, in.ID)
		return one(ctx, c, err)
	})
	web.Route(api, "PATCH /channels/{id}", "change-channel", "Change a channel, switch it on or off", func(ctx context.Context, in *struct {
		web.ByID
		Body Change
	}) (*web.Body[Channel], error) {
		c, err := s.Change(ctx, in.ID, in.Body)
		return one(ctx, c, err)
	})
	web.Route(api, "POST /channels/{id}/key", "rotate-channel-key", "Give a channel a new key", func(ctx context.Context, in *struct {
		web.ByID
		Body struct {
			OverlapHours int `json:"overlap_hours,omitempty" minimum:"0" maximum:"720" doc:"How long the key before is taken too; 0: not any more."`
		}
	}) (*web.Body[Channel], error) {
		c, err := s.Rotate(ctx, in.ID, time.Duration(in.Body.OverlapHours)*time.Hour)
		return one(ctx, c, err)
	})
	web.Route(api, "DELETE /channels/{id}", "delete-channel", "Remove a channel; what came by it stays", func(ctx context.Context, in *web.ByID) (*struct{}, error) {
		return nil, s.Delete(ctx, in.ID)
	}, web.Status(http.StatusNoContent))
}
