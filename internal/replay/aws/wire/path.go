package wire

import (
	"net/url"
	"strings"
)

// matchPath finds the REST operation whose method, path and constant query
// parameters a request has; of several, the one with most of these, then the
// one with most literal path.
func (s *Service) matchPath(req *Request) {
	r := req.http
	path := r.URL.EscapedPath()
	bucket := ""
	if s.Name == "s3" {
		bucket, path = splitBucket(r.Host, path)
	}
	query := r.URL.Query()
	best := -1
	for _, op := range s.routes {
		if op.method != r.Method || s.Name == "s3" && (op.Name == "ListBuckets") == (bucket != "") {
			continue
		}
		labels, score, ok := op.matchURI(path, query)
		if !ok || score <= best {
			continue
		}
		best = score
		if bucket != "" {
			labels["Bucket"] = bucket
		}
		req.Operation, req.labels, req.query = op, labels, query
	}
}

// matchURI matches one template, such as /a/{B}/{C+}?d&e=f, and scores it.
func (o *Operation) matchURI(path string, query url.Values) (labels map[string]string, score int, ok bool) {
	template, constants, _ := strings.Cut(o.uri, "?")
	for _, c := range strings.Split(constants, "&") {
		if c == "" {
			continue
		}
		k, v, valued := strings.Cut(c, "=")
		got, has := query[k]
		switch {
		case has && (!valued || got[0] == v):
			score += 1000
		case k != "x-id": // which SDKs add, and nobody must
			return nil, 0, false
		}
	}
	labels = map[string]string{}
	want, have := segments(template), segments(path)
	for i, w := range want {
		name, isLabel := strings.CutPrefix(w, "{")
		name = strings.TrimSuffix(name, "}")
		greedy := strings.HasSuffix(name, "+")
		switch {
		case greedy && i < len(have):
			labels[strings.TrimSuffix(name, "+")] = unescape(strings.Join(have[i:], "/"))
			return labels, score, true
		case i >= len(have), !isLabel && unescape(have[i]) != w:
			return nil, 0, false
		case isLabel:
			labels[name] = unescape(have[i])
		default:
			score += 10
		}
	}
	return labels, score, len(want) == len(have)
}

func segments(path string) []string {
	path = strings.Trim(path, "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

func unescape(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}

// splitBucket takes the bucket from the host (bucket.s3.region.amazonaws.com)
// or else from the path's first segment.
func splitBucket(host, path string) (bucket, rest string) {
	host, _, _ = strings.Cut(host, ":")
	if i := strings.Index(host, ".s3"); i > 0 && strings.Contains(host, ".amazonaws.com") {
		return host[:i], path
	}
	if b, ok := strings.CutSuffix(host, ".localhost"); ok {
		return b, path
	}
	bucket, rest, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return unescape(bucket), "/" + rest
}
