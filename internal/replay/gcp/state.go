package gcp

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"
)

// Resource is one resource of the estate, as plain data that a generator fills.
type Resource struct {
	Name      string            `json:"name"` // full: //storage.googleapis.com/shop-logs
	Type      string            `json:"type"` // storage.googleapis.com/Bucket
	Ancestors []string          `json:"ancestors"`
	Parent    string            `json:"parent,omitempty"` // full name; none is the first ancestor
	Location  string            `json:"location,omitempty"`
	Data      json.RawMessage   `json:"data,omitempty"`
	IAMPolicy json.RawMessage   `json:"iamPolicy,omitempty"`
	OrgPolicy []json.RawMessage `json:"orgPolicy,omitempty"`

	// Access is what the inventory tells in a listing of its own: one of
	// accessPolicy, accessLevel and servicePerimeter.
	Access map[string]json.RawMessage `json:"access,omitempty"`

	// Owned is what only the owning API tells: access of a dataset, contacts of
	// an organisation.
	Owned map[string]json.RawMessage `json:"owned,omitempty"`
}

// keep is how long the state of a resource that has changed can still be read:
// longer than any listing takes.
const keep = 6 * time.Hour

// version is what a resource was from a time on; nil is that it was not there.
type version struct {
	from time.Time
	r    *Resource
}

// State is all resources, now and for some hours back, so that the pages of a
// listing are of one instant. It is safe for concurrent use.
type State struct {
	mu       sync.RWMutex
	names    []string // sorted
	versions map[string][]version
	numbers  map[string]string // project ids → numbers
	last     time.Time
}

// NewState returns a state without resources.
func NewState() *State {
	return &State{versions: map[string][]version{}, numbers: map[string]string{}}
}

// Set adds resources, or replaces those of the same names, as of a time that
// is not before that of an earlier change.
func (s *State) Set(at time.Time, list ...Resource) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for i := range list {
		if s.versions[list[i].Name] == nil {
			names = append(names, list[i].Name)
		}
		s.put(at, list[i].Name, &list[i])
		if list[i].Type == "cloudresourcemanager.googleapis.com/Project" {
			var data struct {
				ID string `json:"projectId"`
			}
			if json.Unmarshal(list[i].Data, &data) == nil && data.ID != "" {
				s.numbers[data.ID] = strings.TrimPrefix(list[i].Name, "//cloudresourcemanager.googleapis.com/projects/")
			}
		}
	}
	s.names = merge(s.names, names)
}

// merge adds names that are new to those that are sorted: O(old + new log new).
func merge(old, added []string) []string {
	slices.Sort(added)
	all := make([]string, 0, len(old)+len(added))
	for _, name := range added {
		n, _ := slices.BinarySearch(old, name)
		all = append(append(all, old[:n]...), name)
		old = old[n:]
	}
	return append(all, old...)
}

// Delete removes resources as of a time.
func (s *State) Delete(at time.Time, names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		s.put(at, name, nil)
	}
}

func (s *State) put(at time.Time, name string, r *Resource) {
	if at.Before(s.last) {
		at = s.last
	}
	s.last = at
	list := s.versions[name]
	if len(list) == 0 && r == nil {
		return
	}
	for len(list) > 1 && at.Sub(list[1].from) > keep { // the first is older than anybody reads
		list = list[1:]
	}
	s.versions[name] = append(list, version{at, r})
}

// at returns a resource as it was, or nil; the caller holds mu.
func (s *State) at(name string, when time.Time) *Resource {
	list := s.versions[name]
	for i := len(list) - 1; i >= 0; i-- {
		if !list[i].from.After(when) {
			return list[i].r
		}
	}
	return nil
}

// Get returns a resource as it is now.
func (s *State) Get(name string) (Resource, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := s.versions[name]
	if len(list) == 0 || list[len(list)-1].r == nil {
		return Resource{}, false
	}
	return *list[len(list)-1].r, true
}

// walk calls visit with the resources below a parent as they were, in the order
// of their names, from the first after a name on, until it returns false.
func (s *State) walk(parent, after string, when time.Time, visit func(r *Resource) bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	key := s.key(parent)
	i, found := slices.BinarySearch(s.names, after)
	if found {
		i++
	}
	for _, name := range s.names[i:] {
		if r := s.at(name, when); r != nil && slices.Contains(r.Ancestors, key) && !visit(r) {
			return
		}
	}
}

// key is a parent with its number: projects/shop is projects/123.
func (s *State) key(parent string) string {
	if id, ok := strings.CutPrefix(parent, "projects/"); ok && s.numbers[id] != "" {
		return "projects/" + s.numbers[id]
	}
	return parent
}

// has reports whether a parent is there.
func (s *State) has(parent string) bool {
	s.mu.RLock()
	key := s.key(parent)
	s.mu.RUnlock()
	_, ok := s.Get("//cloudresourcemanager.googleapis.com/" + key)
	return ok
}
