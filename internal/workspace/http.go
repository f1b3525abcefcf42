package workspace

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/hypercare/hypercare/internal/audit"
	"github.com/hypercare/hypercare/internal/errs"
	"github.com/hypercare/hypercare/internal/secret"
	"github.com/hypercare/hypercare/internal/web"
)

const cookieName = "hc_session"

// Authentication resolves the request's cookie or token to an actor. A
// request without either goes on as nobody; services refuse it where they
// need somebody.
func (s *Service) Authentication(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if web.Open(r) { // it has keys of its own
			next.ServeHTTP(w, r)
			return
		}
		var key secret.Text
		if h := r.Header.Get("Authorization"); h != "" {
			scheme, value, _ := strings.Cut(h, " ")
			_, password, basic := r.BasicAuth()
			switch {
			case strings.EqualFold(scheme, "Bearer"):
				key = secret.Text(strings.TrimSpace(value))
			case basic && strings.HasPrefix(password, "hc_"): // programs that know nothing else: the name is free
				key = secret.Text(password)
			default:
				web.Error(w, r, errs.New(errs.Unauthenticated, "Send the token as \"Authorization: Bearer hc_...\", or as the password of basic authentication."))
				return
			}
		} else if c, err := r.Cookie(cookieName); err == nil {
			key = secret.Text(c.Value)
		}
		if key != "" {
			a, err := s.Authenticate(r.Context(), key)
			switch {
			case err == nil:
				r = r.WithContext(As(r.Context(), a))
			case errs.Is(err, errs.Unauthenticated) && strings.HasPrefix(key.Reveal(), "hcs_"):
				// An old cookie must not keep anyone from signing in again.
				http.SetCookie(w, cookie("", -1, r))
			default:
				web.Error(w, r, err)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func cookie(value string, age int, r *http.Request) *http.Cookie {
	secure := r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https"
	return &http.Cookie{Name: cookieName, Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode}
}

// Me is who is asking.
type Me struct {
	Kind        string       `json:"kind" enum:"member,token,system"`
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Email       string       `json:"email,omitempty"`
	Role        Role         `json:"role"`
	Permissions []Permission `json:"permissions" nullable:"false"`
	Workspace   Workspace    `json:"workspace"`
}

func (s *Service) me(ctx context.Context) (*Me, error) {
	w, err := s.Workspace(ctx)
	if err != nil {
		return nil, err
	}
	a, _ := ActorFrom(ctx)
	return &Me{Kind: a.Kind, ID: a.ID, Name: a.Name, Email: a.Email, Role: a.Role, Permissions: a.Role.Permissions(), Workspace: w}, nil
}

type signInBody struct {
	Email    string      `json:"email" maxLength:"320"`
	Password secret.Text `json:"password" maxLength:"256"`
}

// Routes adds the operations of this package.
func (s *Service) Routes(api *web.API) {
	byIP := web.NewLimiter(30, time.Minute)
	byAccount := web.NewLimiter(10, 5*time.Minute)
	try := func(l *web.Limiter, key string) error {
		if wait, ok := l.Allow(key, time.Now()); !ok {
			return errs.TooBusy(wait, "There were too many tries; wait %s and try again.", wait.Round(time.Second))
		}
		return nil
	}
	limit := func(r *http.Request, email string) error {
		err := try(byIP, web.ClientIP(r))
		if err == nil && email != "" {
			err = try(byAccount, strings.ToLower(email))
		}
		return err
	}
	web.Route(api, "GET /setup", "get-setup", "Is setup still to be done?", func(ctx context.Context, _ *struct{}) (*web.Body[struct {
		Needed bool `json:"needed"`
	}], error) {
		need, err := s.SetupNeeded(ctx)
		out := &web.Body[struct {
			Needed bool `json:"needed"`
		}]{}
		out.Body.Needed = need
		return out, err
	}, web.Public)
	api.Raw("POST /setup", "setup", "Make the workspace and its owner, and sign in", func(w http.ResponseWriter, r *http.Request) error {
		in, err := web.Decode[SetupInput](w, r)
		if err != nil {
			return err
		}
		if err := limit(r, ""); err != nil {
			return err
		}
		a, err := s.Setup(r.Context(), in)
		if err != nil {
			return err
		}
		return s.welcome(w, r, a)
	}, SetupInput{}, Me{}, web.Public)
	api.Raw("POST /session", "sign-in", "Sign in", func(w http.ResponseWriter, r *http.Request) error {
		in, err := web.Decode[signInBody](w, r)
		if err != nil {
			return err
		}
		if err := limit(r, in.Email); err != nil {
			return err
		}
		a, key, err := s.SignIn(r.Context(), in.Email, in.Password, r.UserAgent())
		if err != nil {
			return err
		}
		byAccount.Refund(strings.ToLower(in.Email))
		return s.answerSignedIn(w, r, a, key)
	}, signInBody{}, Me{}, web.Public)
	api.Raw("DELETE /session", "sign-out", "Sign out", func(w http.ResponseWriter, r *http.Request) error {
		if c, err := r.Cookie(cookieName); err == nil {
			if err := s.SignOut(r.Context(), secret.Text(c.Value)); err != nil {
				return err
			}
		}
		http.SetCookie(w, cookie("", -1, r))
		w.WriteHeader(http.StatusNoContent)
		return nil
	}, nil, nil, web.Status(http.StatusNoContent))
	web.Route(api, "GET /me", "get-me", "Who am I?", func(ctx context.Context, _ *struct{}) (*web.Body[Me], error) {
		me, err := s.me(ctx)
		if err != nil {
			return nil, err
		}
		return &web.Body[Me]{Body: *me}, nil
	})
	web.Route(api, "PATCH /workspace", "change-workspace", "Rename the workspace", func(ctx context.Context, in *web.Body[Change]) (*web.Body[Workspace], error) {
		w, err := s.Change(ctx, in.Body)
		return &web.Body[Workspace]{Body: w}, err
	})
	// Guessing a password by changing it is counted with guessing it by signing in.
	s.memberRoutes(api, func(email string) error { return try(byAccount, strings.ToLower(email)) })
}

func (s *Service) welcome(w http.ResponseWriter, r *http.Request, a Actor) error {
	key, err := s.newSession(r.Context(), a, r.UserAgent())
	if err != nil {
		return err
	}
	return s.answerSignedIn(w, r, a, key)
}

func (s *Service) answerSignedIn(w http.ResponseWriter, r *http.Request, a Actor, key secret.Text) error {
	me, err := s.me(As(r.Context(), a))
	if err != nil {
		return err
	}
	http.SetCookie(w, cookie(key.Reveal(), int(sessionLife.Seconds()), r))
	return web.JSON(w, http.StatusOK, me)
}

// CreatedToken carries the secret, once.
type CreatedToken struct {
	Token
	Secret string `json:"secret" doc:"Shown this once; keep it where secrets are kept."`
}

func (s *Service) memberRoutes(api *web.API, guess func(email string) error) {
	web.Route(api, "GET /users", "list-users", "People of the workspace", func(ctx context.Context, _ *struct{}) (*web.Body[web.Page[Member]], error) {
		list, err := s.Members(ctx)
		return &web.Body[web.Page[Member]]{Body: web.NewPage(list, "")}, err
	})
	web.Route(api, "GET /roles", "list-roles", "What each role may do", func(ctx context.Context, _ *struct{}) (*web.Body[web.Page[RoleGrants]], error) {
		if _, err := Need(ctx, Read); err != nil {
			return nil, err
		}
		return &web.Body[web.Page[RoleGrants]]{Body: web.NewPage(Roles(), "")}, nil
	})
	web.Route(api, "POST /users", "add-user", "Add a person", func(ctx context.Context, in *web.Body[NewMember]) (*web.Body[Member], error) {
		m, err := s.AddMember(ctx, in.Body)
		return &web.Body[Member]{Body: m}, err
	}, web.Status(http.StatusCreated))
	web.Route(api, "PATCH /users/{id}", "change-user", "Change a person's name, role, password, or whether they may sign in", func(ctx context.Context, in *struct {
		web.ByID
		Body MemberChange
	}) (*web.Body[Member], error) {
		if a, ok := ActorFrom(ctx); ok && in.Body.Current != nil {
			if err := guess(a.Email); err != nil {
				return nil, err
			}
		}
		m, err := s.ChangeMember(ctx, in.ID, in.Body)
		return &web.Body[Member]{Body: m}, err
	})
	web.Route(api, "GET /tokens", "list-tokens", "API tokens", func(ctx context.Context, _ *struct{}) (*web.Body[web.Page[Token]], error) {
		list, err := s.Tokens(ctx)
		return &web.Body[web.Page[Token]]{Body: web.NewPage(list, "")}, err
	})
	web.Route(api, "POST /tokens", "create-token", "Make an API token", func(ctx context.Context, in *web.Body[NewToken]) (*web.Body[CreatedToken], error) {
		t, key, err := s.CreateToken(ctx, in.Body)
		return &web.Body[CreatedToken]{Body: CreatedToken{t, key.Reveal()}}, err
	}, web.Status(http.StatusCreated))
	web.Route(api, "DELETE /tokens/{id}", "revoke-token", "Revoke an API token", func(ctx context.Context, in *web.ByID) (*struct{}, error) {
		return &struct{}{}, s.RevokeToken(ctx, in.ID)
	})
	web.Route(api, "GET /audit", "list-audit", "Who changed what, newest first", func(ctx context.Context, in *struct {
		Cursor string `query:"cursor"`
		Limit  int    `query:"limit" minimum:"0" maximum:"200"`
	}) (*web.Body[web.Page[audit.Entry]], error) {
		before, err := web.ReadCursor[string](in.Cursor)
		if err != nil {
			return nil, err
		}
		limit := web.Limit(in.Limit, 50, 200)
		list, err := s.Audit(ctx, before, limit)
		next := ""
		if len(list) == limit {
			next = web.Cursor(list[limit-1].ID)
		}
		return &web.Body[web.Page[audit.Entry]]{Body: web.NewPage(list, next)}, err
	})
}
