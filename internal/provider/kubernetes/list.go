package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

const (
	pageSize  = 500    // objects a page
	maxPages  = 20_000 // of one listing
	maxCustom = 2_000  // objects of one custom kind; of more the number is told
)

// listed is what a listing has found out.
type listed struct {
	version string // from which a watch goes on
	count   int64
	bad     int // objects that could not be read
	badErr  error
	over    int64 // objects that were only counted
}

// errRestart says that a listing has to begin again: its pages have expired.
var errRestart = errors.New("the pages of the listing have expired")

// list hands the objects of a resource, in one namespace or in all (""), to
// each, a page at a time. Where pages expire it begins again, once, so that an
// object may come twice.
func (c *client) list(ctx context.Context, d *decoder, r *resource, namespace string, query url.Values, each func([]*bulwark.Asset) error) (listed, error) {
	for attempt := 0; ; attempt++ {
		out, err := c.pages(ctx, d, r, namespace, query, each)
		if !errors.Is(err, errRestart) {
			return out, err
		}
		if attempt > 0 {
			return out, &bulwark.Fault{Kind: bulwark.FaultFailed, Call: "GET " + r.path(namespace), Object: c.base.Host, Err: err}
		}
	}
}

func (c *client) pages(ctx context.Context, d *decoder, r *resource, namespace string, query url.Values, each func([]*bulwark.Asset) error) (listed, error) {
	var out listed
	path, size := r.path(namespace), pageSize
	err := provider.Pages(ctx, "GET "+path, c.base.Host, maxPages, func(ctx context.Context, token string) (string, error) {
		for {
			page, meta, err := c.page(ctx, d, r, path, query, size, token)
			switch {
			case errors.Is(err, provider.ErrTooLarge) && size > 1 && len(page.assets)+page.bad > 0:
				size = max(1, size/10)
				continue
			case codeOf(err) == http.StatusGone && token != "":
				return "", errRestart
			case err != nil:
				return "", err
			}
			out.add(page, meta, token == "")
			if err := each(page.assets); err != nil {
				return "", err
			}
			if r.custom && out.count >= maxCustom && meta.Continue != "" {
				if out.over = 1; meta.Remaining != nil {
					out.over = *meta.Remaining
				}
				return "", nil
			}
			return meta.Continue, nil
		}
	})
	return out, err
}

func (l *listed) add(p page, meta pageMeta, first bool) {
	l.count += int64(len(p.assets))
	if l.bad += p.bad; l.badErr == nil {
		l.badErr = p.badErr
	}
	if first {
		l.version = meta.ResourceVersion
	}
}

// page is the objects of one answer.
type page struct {
	assets []*bulwark.Asset
	bad    int
	badErr error // of the first that is bad
}

// page reads one page. An object that cannot be read costs no other.
func (c *client) page(ctx context.Context, d *decoder, r *resource, path string, query url.Values, size int, token string) (page, pageMeta, error) {
	q := url.Values{"limit": {strconv.Itoa(size)}}
	for k, v := range query {
		q[k] = v
	}
	if token != "" {
		q.Set("continue", token)
	}
	var p page
	var meta pageMeta
	err := c.do(ctx, request{method: http.MethodGet, path: path, query: q, accept: r.accept(), needs: r.needs("list")}, func(body io.Reader) (err error) {
		p = page{}
		meta, err = readPage(body, func(raw []byte) error {
			a, err := d.object(r, raw)
			if err != nil {
				if p.bad++; p.badErr == nil {
					p.badErr = err
				}
				return nil
			}
			p.assets = append(p.assets, a)
			return nil
		})
		return err
	})
	return p, meta, err
}

// accept is the form in which a resource is asked for.
func (r *resource) accept() string {
	if r.secrets() {
		return secretsAccept
	}
	return "application/json"
}

// gap is what of a listing that ended well is not known all the same.
func (l *listed) gap(r *resource, where string) *bulwark.Gap {
	switch {
	case l.bad > 0:
		return &bulwark.Gap{What: "listing", Where: where, Why: fmt.Sprintf("%d objects cannot be read: %v", l.bad, l.badErr)}
	case l.over > 0:
		return &bulwark.Gap{What: "listing", Where: where, Why: fmt.Sprintf("%s has %d objects; the first %d are kept, the others counted only", r.typ, l.count+l.over, l.count)}
	}
	return nil
}
