package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bulwarksec/bulwark"
)

// oneDemo has a demo estate or none.
type oneDemo struct{ there bool }

func (d *oneDemo) Organizations() []bulwark.Organization {
	list := []bulwark.Organization{{Name: "Main", State: bulwark.OrganizationReady}}
	if d.there {
		list = append(list, bulwark.Organization{ID: "demo", Name: "Demo", Demo: true, State: bulwark.OrganizationReady})
	}
	return list
}

func (d *oneDemo) Handler(id string) http.Handler {
	if !d.there || id != "demo" {
		return nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("demo " + r.URL.Path)) })
}

func (d *oneDemo) AddDemo(context.Context) error {
	if d.there {
		return bulwark.ErrConflict
	}
	d.there = true
	return nil
}

func (d *oneDemo) RemoveDemo(context.Context) error { d.there = false; return nil }

func TestElsewhere(t *testing.T) {
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("main " + r.URL.Path)) })
	s := &Server{Options: Options{Organizations: &oneDemo{there: true}}}
	tests := []struct {
		path, want string
		status     int
	}{
		{"/inventory", "main /inventory", 200},
		{"/o/demo/inventory", "demo /inventory", 200},
		{"/o/demo/api/v1/assets", "demo /api/v1/assets", 200},
		{"/o/other/inventory", "", 302},
		{"/o/other/api/v1/assets", "", 404},
		{"/overview/o/demo/x", "main /overview/o/demo/x", 200},
	}
	for _, tt := range tests {
		w := httptest.NewRecorder()
		s.elsewhere(next).ServeHTTP(w, httptest.NewRequest("GET", tt.path, nil))
		if w.Code != tt.status || tt.want != "" && w.Body.String() != tt.want {
			t.Errorf("%s: %d %q, want %d %q", tt.path, w.Code, w.Body, tt.status, tt.want)
		}
	}
}
