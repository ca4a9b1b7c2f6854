package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

// page is one file of the web application.
type page struct {
	data []byte
	kind string
	tag  string
}

// pages serves the web application from memory.
type pages struct {
	files map[string]page
}

// loadPages reads all files of the built application, a few megabytes. A nil
// folder, or one without index.html, serves a note instead.
func loadPages(from fs.FS) (*pages, error) {
	p := &pages{files: map[string]page{}}
	if from == nil {
		return p, nil
	}
	err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		kind := mime.TypeByExtension(path.Ext(name))
		switch path.Ext(name) { // not left to the machine's own table
		case ".js":
			kind = "text/javascript; charset=utf-8"
		case ".css":
			kind = "text/css; charset=utf-8"
		case ".woff2":
			kind = "font/woff2"
		case ".svg":
			kind = "image/svg+xml"
		case ".webmanifest":
			kind = "application/manifest+json"
		}
		if kind == "" {
			kind = "application/octet-stream"
		}
		p.files[name] = page{data: data, kind: kind, tag: `"` + hex.EncodeToString(sum[:12]) + `"`}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return p, err
}

// serve answers a file, or index.html for what is a page of the application:
// any path whose last part has no dot. Files in assets/ carry a digest of their
// content in the name and never change.
func (p *pages) serve(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	f, ok := p.files[name]
	if !ok {
		if strings.HasPrefix(name, "assets/") || strings.Contains(path.Base(name), ".") && path.Base(name) != "." {
			http.NotFound(w, r)
			return
		}
		name = "index.html"
		if f, ok = p.files[name]; !ok {
			http.Error(w, "The pages are not built into this program: run make, or use the API at "+prefix+".", http.StatusNotFound)
			return
		}
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("ETag", f.tag)
	h.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, "assets/") {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.data))
}
