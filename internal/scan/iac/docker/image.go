package docker

import "strings"

// image is a reference to a base image, or to an earlier stage.
type image struct {
	text     string // as written, variables replaced
	registry string // docker.io where none is written
	name     string // without registry, tag and digest: library/debian
	tag      string
	digest   string
	stage    string // name of the earlier stage
	scratch  bool
	hidden   bool // a variable may hold the tag or digest
}

// parseImage cuts an image reference into its parts. Source: the reference
// grammar of the distribution project.
func parseImage(text string) image {
	im := image{text: text, registry: "docker.io"}
	if text == "scratch" {
		im.registry, im.name, im.scratch = "", text, true
		return im
	}
	rest := text
	if before, digest, ok := strings.Cut(rest, "@"); ok {
		rest, im.digest = before, digest
	}
	if i := strings.LastIndexByte(rest, ':'); i > strings.LastIndexByte(rest, '/') {
		rest, im.tag = rest[:i], rest[i+1:]
	}
	last := rest[strings.LastIndexByte(rest, '/')+1:]
	im.hidden = im.tag == "" && im.digest == "" && hasToken(last) || im.digest == "" && hasToken(im.tag)
	first, after, ok := strings.Cut(rest, "/")
	switch {
	case ok && (strings.ContainsAny(first, ".:") || first == "localhost" || hasToken(first)):
		im.registry, rest = first, after
	case !ok && hasToken(rest):
		im.registry = ""
	case !ok:
		rest = "library/" + rest
	}
	im.name = rest
	return im
}
