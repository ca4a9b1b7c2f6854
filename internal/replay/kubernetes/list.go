package kubernetes

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/errors"

	"github.com/bulwarksec/bulwark/internal/replay"
)

// page is the part of a list that is asked for.
type page struct {
	limit   int64  // 0 is all
	version uint64 // that is listed
	start   string // first key, from which the list goes on
}

// token goes on a list at another page. It has the shape of the server's own:
// the keys are told below the listed namespace.
type token struct {
	Format  string `json:"v"`
	Version int64  `json:"rv"` // -1 is whatever is there
	Start   string `json:"start"`
}

const tokenFormat = "meta.k8s.io/v1"

func (t token) encode() string {
	raw, err := json.Marshal(t)
	if err != nil {
		panic(err) // a string and a number
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func decodeToken(s string) (token, *errors.StatusError) {
	var t token
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(raw, &t)
	}
	switch {
	case err != nil:
		return t, badRequest("invalid continue token: continue key is not valid: %v", err)
	case t.Format != tokenFormat:
		return t, badRequest("invalid continue token: continue key is not valid: server does not recognize this encoded version %q", t.Format)
	case t.Start == "" || t.Version == 0 || t.Version < -1 || slices.Contains(strings.Split(t.Start, "/"), ".."):
		return t, badRequest("invalid continue token: continue key is not valid: it is of no list")
	}
	return t, nil
}

// list answers with the objects of a resource; mu is held for reading.
func (c *call) list(r *http.Request, res resource) *answer {
	f, ok := formOf(r, "PartialObjectMetadataList")
	if !ok {
		return notAcceptable()
	}
	q := r.URL.Query()
	s, refused := c.selection(q, res)
	if refused != nil {
		return statusAnswer(refused)
	}
	p, refused := c.page(q)
	if refused != nil {
		return statusAnswer(refused)
	}
	list, err := c.world.snapshot(res.kind, p.version)
	if err != nil {
		if p.start != "" {
			return statusAnswer(expiredPages(token{tokenFormat, -1, p.start}.encode()))
		}
		return statusAnswer(expired(p.version, c.world.forgot))
	}
	list = slices.DeleteFunc(list, func(o *object) bool { return !s.matches(res, o) })
	list, meta := p.cut(list, s, c.fault)
	body, refused := f.objects(list, res, meta, c.world.now())
	if refused != nil {
		return statusAnswer(refused)
	}
	return &answer{status: http.StatusOK, media: jsonMedia, body: append(body, '\n')}
}

// page reads which part is asked for, and of which version. Without one it is
// the newest; so it is for any older one, unless that very one is asked for.
func (c *call) page(q url.Values) (page, *errors.StatusError) {
	p := page{version: c.world.version}
	var err error
	if limit := q.Get("limit"); limit != "" {
		if p.limit, err = strconv.ParseInt(limit, 10, 64); err != nil {
			return p, badRequest("%v", err)
		}
	}
	version, match := q.Get("resourceVersion"), q.Get("resourceVersionMatch")
	if q.Get("continue") != "" {
		t, refused := decodeToken(q.Get("continue"))
		if refused != nil {
			return p, refused
		}
		if p.start = t.Start; t.Version > 0 {
			p.version = uint64(t.Version)
		}
		if p.version > c.world.version {
			return p, tooLarge(p.version, c.world.version)
		}
		return p, nil
	}
	switch {
	case match != "" && version == "":
		return p, badOption("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided")
	case match == "Exact" && version == "0":
		return p, badOption("resourceVersionMatch", `resourceVersionMatch "exact" is forbidden for resourceVersion "0"`)
	case version == "":
		return p, nil
	}
	v, err := strconv.ParseUint(version, 10, 64)
	switch {
	case err != nil:
		return p, badRequest("invalid resource version: resourceVersion: Invalid value: %q: %v", version, err)
	case v > c.world.version:
		return p, tooLarge(v, c.world.version)
	case match == "Exact":
		p.version = v
	case v == 0:
		p.limit = 0 // answered from memory, in one page
	}
	return p, nil
}

// cut returns one page of a list and what it says of itself.
func (p page) cut(list []*object, s selection, fault *replay.Rule) ([]*object, listMeta) {
	meta := listMeta{ResourceVersion: strconv.FormatUint(p.version, 10)}
	below := ""
	if s.namespace != "" {
		below = s.namespace + "/"
	}
	from, _ := slices.BinarySearchFunc(list, below+p.start, func(o *object, start string) int { return strings.Compare(o.key(), start) })
	list = list[from:]
	here := token{tokenFormat, int64(p.version), p.start}
	if here.Start == "" {
		here.Start = "\x00"
	}
	if n := int64(len(list)); p.limit > 0 && n > p.limit {
		last := list[p.limit-1].key()
		meta.Continue = token{tokenFormat, int64(p.version), strings.TrimPrefix(last, below) + "\x00"}.encode()
		if s.all() {
			left := n - p.limit
			meta.Remaining = &left
		}
		list = list[:p.limit]
	}
	if fault != nil && fault.Kind == replay.EmptyPage {
		meta.Continue, list = here.encode(), nil
	}
	if fault != nil && fault.Kind == replay.RepeatedToken {
		meta.Continue = token{tokenFormat, int64(p.version), "\x00"}.encode()
	}
	return list, meta
}
