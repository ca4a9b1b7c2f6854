package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The same checks as a Go programmer writes them over structs: the floor.
type (
	podSpec struct {
		HostNetwork, HostPID, HostIPC *bool
		AutomountServiceAccountToken  *bool
		SecurityContext               *securityContext
		Volumes                       []struct{ HostPath *struct{ Path string } }
		Containers                    []container
		InitContainers                []container
		EphemeralContainers           []container
	}
	securityContext struct {
		Privileged, AllowPrivilegeEscalation, RunAsNonRoot, ReadOnlyRootFilesystem *bool
		RunAsUser                                                                  *int64
		ProcMount                                                                  *string
		Capabilities                                                               *struct{ Add, Drop []string }
		SeccompProfile                                                             *struct{ Type string }
	}
	container struct {
		Name, Image     string
		SecurityContext *securityContext
		Ports           []struct{ HostPort int }
		Env             []struct {
			Name  string
			Value *string
		}
		Resources     struct{ Limits map[string]string }
		LivenessProbe *struct{ PeriodSeconds int }
	}
)

var secretName = regexp.MustCompile(`(PASSWORD|SECRET|TOKEN)$`)

func is(b *bool, want bool) bool { return b != nil && *b == want }

func context1(c *container) *securityContext {
	if c.SecurityContext == nil {
		return &securityContext{}
	}
	return c.SecurityContext
}

func goodProfile(s string) bool { return s == "RuntimeDefault" || s == "Localhost" }

// handWritten are the checks by name; all holds the pod's containers of every
// sort.
var handWritten = map[string]func(p *podSpec, all []*container) bool{
	"no_privileged": each(func(p *podSpec, c *container, sc *securityContext) bool { return !is(sc.Privileged, true) }),
	"no_escalation": each(func(p *podSpec, c *container, sc *securityContext) bool {
		return is(sc.AllowPrivilegeEscalation, false)
	}),
	"non_root": each(func(p *podSpec, c *container, sc *securityContext) bool {
		return is(sc.RunAsNonRoot, true) || sc.RunAsNonRoot == nil && p.SecurityContext != nil && is(p.SecurityContext.RunAsNonRoot, true)
	}),
	"read_only_root": each(func(p *podSpec, c *container, sc *securityContext) bool { return is(sc.ReadOnlyRootFilesystem, true) }),
	"capabilities_dropped": each(func(p *podSpec, c *container, sc *securityContext) bool {
		return sc.Capabilities != nil && slices.Contains(sc.Capabilities.Drop, "ALL")
	}),
	"capabilities_added": each(func(p *podSpec, c *container, sc *securityContext) bool {
		return sc.Capabilities == nil || !slices.ContainsFunc(sc.Capabilities.Add, func(s string) bool { return s != "NET_BIND_SERVICE" })
	}),
	"no_host_network": func(p *podSpec, _ []*container) bool { return !is(p.HostNetwork, true) },
	"no_host_pid":     func(p *podSpec, _ []*container) bool { return !is(p.HostPID, true) },
	"no_host_ipc":     func(p *podSpec, _ []*container) bool { return !is(p.HostIPC, true) },
	"no_host_path": func(p *podSpec, _ []*container) bool {
		for i := range p.Volumes {
			if p.Volumes[i].HostPath != nil {
				return false
			}
		}
		return true
	},
	"no_host_ports": each(func(p *podSpec, c *container, sc *securityContext) bool {
		for i := range c.Ports {
			if c.Ports[i].HostPort != 0 {
				return false
			}
		}
		return true
	}),
	"seccomp": each(func(p *podSpec, c *container, sc *securityContext) bool {
		if sc.SeccompProfile != nil {
			return goodProfile(sc.SeccompProfile.Type)
		}
		return p.SecurityContext != nil && p.SecurityContext.SeccompProfile != nil && goodProfile(p.SecurityContext.SeccompProfile.Type)
	}),
	"proc_mount": each(func(p *podSpec, c *container, sc *securityContext) bool {
		return sc.ProcMount == nil || *sc.ProcMount == "Default"
	}),
	"memory_limit": each(func(p *podSpec, c *container, sc *securityContext) bool { return c.Resources.Limits["memory"] != "" }),
	"cpu_limit":    each(func(p *podSpec, c *container, sc *securityContext) bool { return c.Resources.Limits["cpu"] != "" }),
	"liveness": func(p *podSpec, _ []*container) bool {
		for i := range p.Containers {
			if p.Containers[i].LivenessProbe == nil {
				return false
			}
		}
		return true
	},
	"image_tag": each(func(p *podSpec, c *container, sc *securityContext) bool {
		return strings.Contains(c.Image, ":") && !strings.HasSuffix(c.Image, ":latest")
	}),
	"token_not_mounted": func(p *podSpec, _ []*container) bool { return is(p.AutomountServiceAccountToken, false) },
	"no_secret_env": each(func(p *podSpec, c *container, sc *securityContext) bool {
		for i := range c.Env {
			if c.Env[i].Value != nil && secretName.MatchString(c.Env[i].Name) {
				return false
			}
		}
		return true
	}),
	"user_not_root": func(p *podSpec, all []*container) bool {
		root := func(sc *securityContext) bool { return sc != nil && sc.RunAsUser != nil && *sc.RunAsUser == 0 }
		for _, c := range all {
			if root(c.SecurityContext) {
				return false
			}
		}
		return !root(p.SecurityContext)
	},
}

func each(f func(p *podSpec, c *container, sc *securityContext) bool) func(p *podSpec, all []*container) bool {
	return func(p *podSpec, all []*container) bool {
		for _, c := range all {
			if !f(p, c, context1(c)) {
				return false
			}
		}
		return true
	}
}

func benchGo(docs [][]byte, names []string) (float64, []string, error) {
	checks := make([]func(p *podSpec, all []*container) bool, len(names))
	for i, n := range names {
		if checks[i] = handWritten[n]; checks[i] == nil {
			return 0, nil, fmt.Errorf("no check %s", n)
		}
	}
	pods := make([]*podSpec, len(docs))
	for i, doc := range docs {
		var d struct {
			Spec struct{ Template struct{ Spec podSpec } }
		}
		if err := json.Unmarshal(doc, &d); err != nil {
			return 0, nil, err
		}
		pods[i] = &d.Spec.Template.Spec
	}
	verdicts := make([]string, len(docs))
	row := make([]byte, len(names))
	ns, err := measure(len(docs), func() error {
		var all []*container
		for i, p := range pods {
			all = all[:0]
			for _, list := range [][]container{p.Containers, p.InitContainers, p.EphemeralContainers} {
				for j := range list {
					all = append(all, &list[j])
				}
			}
			for j, f := range checks {
				row[j] = '0'
				if f(p, all) {
					row[j] = '1'
				}
			}
			verdicts[i] = string(row)
		}
		return nil
	})
	return ns, verdicts, err
}
