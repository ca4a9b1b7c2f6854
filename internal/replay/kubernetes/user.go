package kubernetes

import (
	"net/http"
	"slices"
	"strings"
)

// A User is who sends a token. Without a token it is who sends none, whose name
// is system:anonymous; where no such user is, they are unauthorized.
type User struct {
	Name  string // system:serviceaccount:bulwark:reader
	Token string
	Rules []Rule
}

// A Rule allows its verbs on its resources, as a rule of a Role does. "*" is
// all; of resources also "*/scale", of URLs also a prefix "/apis/*".
type Rule struct {
	Verbs      []string
	Groups     []string // "" is the core group
	Resources  []string // pods, pods/log
	Names      []string // of objects; none is all
	Namespaces []string // none is the whole cluster, as a ClusterRoleBinding
	URLs       []string // of what is no resource
}

// Everything is the rules of an administrator.
func Everything() []Rule {
	return []Rule{{Verbs: []string{"*"}, Groups: []string{"*"}, Resources: []string{"*"}}, {Verbs: []string{"*"}, URLs: []string{"*"}}}
}

// public and basic are what the server lets everybody do, and everybody whom it
// knows. Source: the default ClusterRoles system:public-info-viewer,
// system:discovery and system:basic-user.
var (
	public = []Rule{{Verbs: []string{"get"}, URLs: []string{"/healthz", "/livez", "/readyz", "/version", "/version/"}}}
	basic  = []Rule{
		{Verbs: []string{"create"}, Groups: []string{"authorization.k8s.io"}, Resources: []string{"selfsubjectaccessreviews", "selfsubjectrulesreviews"}},
		{Verbs: []string{"create"}, Groups: []string{"authentication.k8s.io"}, Resources: []string{"selfsubjectreviews"}},
		{Verbs: []string{"get"}, URLs: []string{"/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*"}},
	}
)

// rules are all that a user has.
func (u *User) rules() []Rule {
	if u.Token == "" {
		return slices.Concat(public, u.Rules)
	}
	return slices.Concat(basic, public, u.Rules)
}

// attributes are what a request is allowed or denied by.
type attributes struct {
	verb                  string
	group, resource, sub  string
	namespace, name, path string // path is of what is no resource
	listed, watched       bool   // it reads many; a watch is both
}

func (u *User) allowed(a attributes) bool {
	return slices.ContainsFunc(u.rules(), func(r Rule) bool { return r.allows(a) })
}

func (r Rule) allows(a attributes) bool {
	if !has(r.Verbs, a.verb) {
		return false
	}
	if a.resource == "" {
		return slices.ContainsFunc(r.URLs, func(url string) bool {
			prefix, ok := strings.CutSuffix(url, "*")
			return url == a.path || ok && strings.HasPrefix(a.path, prefix)
		})
	}
	resource := a.resource
	if a.sub != "" {
		resource += "/" + a.sub
	}
	return has(r.Groups, a.group) && (has(r.Resources, resource) || a.sub != "" && slices.Contains(r.Resources, "*/"+a.sub)) &&
		(len(r.Names) == 0 || slices.Contains(r.Names, a.name)) &&
		(len(r.Namespaces) == 0 || slices.Contains(r.Namespaces, a.namespace))
}

func has(list []string, s string) bool { return slices.Contains(list, "*") || slices.Contains(list, s) }

// user returns who sends a request, or nil for nobody.
func (s *Server) user(r *http.Request) *User {
	token := ""
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, value, _ := strings.Cut(header, " ")
		if token = strings.TrimSpace(value); !strings.EqualFold(scheme, "Bearer") || token == "" {
			return nil
		}
	}
	return s.users[token]
}
