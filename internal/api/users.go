package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/bulwarksec/bulwark"
)

// User is somebody who may sign in.
type User struct {
	Name     string          `json:"name"`
	Role     bulwark.Role    `json:"role" doc:"the highest that is held anywhere"`
	Grants   []bulwark.Grant `json:"grants"`
	Created  time.Time       `json:"created"`
	Disabled bool            `json:"disabled,omitempty"`
	Issued   bool            `json:"issued,omitempty" doc:"signs in by OpenID Connect; the roles follow from groups at the last sign-in"`
}

// NewUser invites somebody.
type NewUser struct {
	Body struct {
		Name  string       `json:"name" minLength:"1" maxLength:"64"`
		Role  bulwark.Role `json:"role" enum:"reader,contributor,security-admin,owner"`
		Scope string       `json:"scope,omitempty" maxLength:"1024" doc:"everything when absent"`
	}
}

// ChangeUser names a user and what changes.
type ChangeUser struct {
	InPath
	Body struct {
		Disabled bool `json:"disabled" doc:"keeps the user out, with all sessions and tokens"`
	}
}

// Invited holds the link to pass on.
type Invited struct {
	Link    string    `json:"link" doc:"works once; shown only now"`
	Expires time.Time `json:"expires"`
}

var (
	owners = Permission{bulwark.Owner, Everywhere}

	_ = route(op{method: "GET", path: "/users", id: "users", summary: "Who may sign in", tag: "accounts", allow: owners},
		func(s *Server, ctx context.Context, _ *None) (*Answer[List[User]], error) {
			users, err := s.Store.Users(ctx)
			items := make([]User, 0, len(users))
			for _, u := range users {
				session := sessionOf(&caller{grants: s.kept(u)})
				items = append(items, User{u.Name, session.Role, session.Grants, u.Created, u.Disabled, u.Subject != ""})
			}
			return answer(list(items, ""), err)
		})
	_ = route(op{method: "POST", path: "/users", id: "invite", summary: "Invite a user by a one-time link", tag: "accounts", status: http.StatusCreated, allow: owners}, (*Server).invite)
	_ = route(op{method: "PATCH", path: "/users/{id}", id: "change-user", summary: "Disable a user, or let them in again", tag: "accounts", status: http.StatusNoContent, allow: owners}, (*Server).changeUser)
	_ = route(op{method: "DELETE", path: "/users/{id}", id: "delete-user", summary: "Delete a user with all sessions and tokens; who signs in by OpenID Connect comes back unless disabled", tag: "accounts", status: http.StatusNoContent, allow: owners}, (*Server).deleteUser)
)

func (s *Server) invite(ctx context.Context, in *NewUser) (*Answer[Invited], error) {
	if s.NoPasswords {
		return nil, errNoPasswords
	}
	b := in.Body
	if err := checkName(b.Name); err != nil {
		return nil, err
	}
	if err := checkRole(b.Role); err != nil {
		return nil, err
	}
	users, err := s.Store.Users(ctx)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(users, func(u bulwark.User) bool { return u.Name == b.Name }) {
		return nil, &Problem{Status: http.StatusConflict, Code: "conflict", Message: "The name is taken.", Mend: "Choose another."}
	}
	link, err := s.link(ctx, b.Name, []bulwark.Grant{{Role: b.Role, Scope: b.Scope}}, inviteTime)
	if err != nil {
		return nil, err
	}
	out := Invited{Link: link, Expires: s.Now().UTC().Add(inviteTime)}
	return answer(out, s.audit(ctx, callerOf(ctx), "user.invite", b.Name, string(b.Role)+" on "+scopeName(b.Scope)))
}

func scopeName(scope string) string {
	if scope == "" {
		return "everything"
	}
	return scope
}

// leavesOwner wants an owner beside the one who goes.
func (s *Server) leavesOwner(ctx context.Context, name string) error {
	users, err := s.Store.Users(ctx)
	if err != nil {
		return err
	}
	owner := func(u bulwark.User) bool {
		return u.Name != name && !s.out(u) && (&caller{grants: s.kept(u)}).permits(owners)
	}
	if !slices.ContainsFunc(users, owner) {
		return &Problem{Status: http.StatusConflict, Code: "conflict", Message: "This is the last owner.", Mend: "Make another owner first."}
	}
	return nil
}

func (s *Server) changeUser(ctx context.Context, in *ChangeUser) (*Empty, error) {
	action := "user.enable"
	if in.Body.Disabled {
		action = "user.disable"
		if err := s.leavesOwner(ctx, in.ID); err != nil {
			return nil, err
		}
	}
	if err := s.Store.SetDisabled(ctx, in.ID, in.Body.Disabled); err != nil {
		return nil, err
	}
	return &Empty{}, s.audit(ctx, callerOf(ctx), action, in.ID, "")
}

func (s *Server) deleteUser(ctx context.Context, in *InPath) (*Empty, error) {
	if err := s.leavesOwner(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := s.Store.DeleteUser(ctx, in.ID); err != nil {
		return nil, err
	}
	return &Empty{}, s.audit(ctx, callerOf(ctx), "user.delete", in.ID, "")
}
