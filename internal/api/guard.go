package api

import (
	"compress/gzip"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/bulwarksec/bulwark"
)

// policy lets the pages load only what the server itself serves. No script or
// style stands inline in the markup.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// guard sets the security headers and refuses requests for other hosts and
// from other origins.
func (s *Server) guard(next http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		if s.Secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if strings.HasPrefix(r.URL.Path, prefix) {
			h.Set("Cache-Control", "no-store")
		}
		if !s.answers(r.Host) {
			writeProblem(w, &Problem{Status: http.StatusMisdirectedRequest, Code: "denied", Message: "This server does not answer for that host.", Detail: r.Host, Mend: "Use the address that it prints at start, or name the host with --host."})
			return
		}
		if err := origins.Check(r); err != nil {
			writeProblem(w, &Problem{Status: http.StatusForbidden, Code: "denied", Message: "The request comes from another site.", Mend: "Open Bulwark's own pages."})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// answers reports whether the server is meant by a Host header. A page of
// another site that makes its own name resolve to this machine keeps that name
// in the header, and so is refused.
func (s *Server) answers(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if slices.Contains(s.Hosts, host) {
		return true
	}
	if s.Loopback {
		return bulwark.IsLoopback(host)
	}
	return len(s.Hosts) == 0
}

var zippers = sync.Pool{New: func() any {
	z, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil { // the level is valid
		panic("api: " + err.Error())
	}
	return z
}}

// compress gzips JSON and text for who accepts it, but not event streams, not
// what is compressed already, and not what holds a secret of the session.
func compress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !acceptsGzip(r) || r.Method == http.MethodHead || strings.HasPrefix(r.URL.Path, prefix+"/session") || strings.HasPrefix(r.URL.Path, prefix+"/auth") {
			next.ServeHTTP(w, r)
			return
		}
		z := &zipped{ResponseWriter: w}
		defer z.close()
		next.ServeHTTP(z, r)
	})
}

func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if name == "gzip" && strings.ReplaceAll(q, " ", "") != "q=0" {
			return true
		}
	}
	return false
}

// zipped compresses what is worth it, decided at the header.
type zipped struct {
	http.ResponseWriter
	z       *gzip.Writer
	decided bool
}

func (z *zipped) WriteHeader(status int) {
	if !z.decided && status >= 200 {
		z.decided = true
		h := z.Header()
		kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
		text := kind == "application/json" || strings.HasPrefix(kind, "text/") && kind != "text/event-stream" || kind == "image/svg+xml"
		if text {
			h.Add("Vary", "Accept-Encoding")
		}
		if text && h.Get("Content-Encoding") == "" && status != http.StatusNoContent && status != http.StatusNotModified && status != http.StatusPartialContent {
			h.Set("Content-Encoding", "gzip")
			h.Del("Content-Length")
			z.z = zippers.Get().(*gzip.Writer)
			z.z.Reset(z.ResponseWriter)
		}
	}
	z.ResponseWriter.WriteHeader(status)
}

func (z *zipped) Write(p []byte) (int, error) {
	if !z.decided {
		if z.Header().Get("Content-Type") == "" {
			z.Header().Set("Content-Type", http.DetectContentType(p))
		}
		z.WriteHeader(http.StatusOK)
	}
	if z.z != nil {
		return z.z.Write(p)
	}
	return z.ResponseWriter.Write(p)
}

func (z *zipped) close() {
	if z.z == nil {
		return
	}
	z.z.Close() // an error means that the reader is gone
	z.z.Reset(nil)
	zippers.Put(z.z)
	z.z = nil
}

// Unwrap lets http.ResponseController reach the connection.
func (z *zipped) Unwrap() http.ResponseWriter { return z.ResponseWriter }
