package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/kube"
	"github.com/bulwarksec/bulwark/internal/provider"
)

const (
	watchTime  = 8 * time.Minute // after which the server ends a watch, which then goes on
	headerTime = time.Minute     // until a watch has begun
	silence    = 2 * watchTime   // after which a watch that says nothing is taken for dead
	maxDenied  = 5               // refusals of credentials in a row
	maxFaults  = 8               // of one resource in a row, over a minute, after which a gap tells of them
	maxBad     = 10              // objects of one resource that a gap each tells of
)

// errExpired says that the server no longer has the changes since a version.
var errExpired = errors.New("the version is too old to go on from")

// Watch goes on from the last Gather: it yields each object that changes and a
// Gone for each that is deleted, as it happens. Nothing between the two is
// lost. Where the server no longer knows the changes of a resource, that
// resource is listed again. A resource whose changes cannot be followed is
// tried for ever, and a gap. It ends only with ctx, with yield's error, or when
// the cluster no longer takes the credentials.
func (c *Cluster) Watch(ctx context.Context, yield func(bulwark.Gathered) error) error {
	c.mu.Lock()
	r := c.run
	c.mu.Unlock()
	if r == nil {
		return fmt.Errorf("kubernetes: watch: %w: nothing was gathered before", bulwark.ErrInvalid)
	}
	r.mu.Lock()
	r.yield, r.wake = yield, make(chan struct{}, 1)
	r.note(nil) // what the Gather has left
	r.mu.Unlock()
	w := &watch{run: r, bad: map[place]int{}}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return w.refresher(ctx) })
	for i := range r.list {
		res := &r.list[i]
		for _, p := range r.places(res) {
			if _, listed := r.versions[p]; !listed && !w.relistable(p) || !res.watchable {
				continue
			}
			g.Go(func() error { return w.place(ctx, p) })
		}
	}
	return g.Wait()
}

// watch is the state of one Watch.
type watch struct {
	*run
	bad map[place]int // objects that could not be read; mu is held
}

// relistable reports whether a place that was not listed completely is worth
// trying again: not what is only counted.
func (w *watch) relistable(p place) bool { return !p.resource.custom }

// place follows one resource until ctx ends.
func (w *watch) place(ctx context.Context, p place) error {
	w.mu.Lock()
	version := w.versions[p]
	w.mu.Unlock()
	denied, faults, waits := 0, 0, 0 // in a row
	for {
		next, progress, err := w.turn(ctx, p, version)
		version = next
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if progress && !malformed(err) {
			denied, faults, waits = 0, 0, 0
		}
		var f *bulwark.Fault
		switch {
		case err == nil:
			faults = 0
		case errors.Is(err, errYield):
			return err
		case errors.As(err, &f) && f.Kind == bulwark.FaultCredentials:
			if denied++; denied >= maxDenied {
				return fmt.Errorf("kubernetes: watch %s: %w", p.resource.plural, err)
			}
		case errors.As(err, &f) && (f.Kind == bulwark.FaultDenied || f.Kind == bulwark.FaultAbsent):
			return w.unwatched(p, f)
		}
		if progress && err == nil {
			continue
		}
		if err != nil {
			faults++
		}
		if faults == maxFaults {
			if err := w.unwatched(p, provider.FaultOf(err, "WATCH "+p.resource.path(p.namespace), w.c.api.base.Host)); err != nil {
				return err
			}
		}
		if err := w.c.api.sleep(ctx, backoff(waits)); err != nil {
			return err
		}
		waits++
	}
}

func malformed(err error) bool {
	var f *bulwark.Fault
	return errors.As(err, &f) && f.Kind == bulwark.FaultMalformed
}

// turn is one watch from a version, after a new listing where there is none
// ("") to go on from. It returns the version up to which everything was taken,
// and whether the watch brought anything. What comes after an event that cannot
// be read is not known, so that there is none to go on from.
func (w *watch) turn(ctx context.Context, p place, version string) (next string, progress bool, err error) {
	if version == "" {
		if version, err = w.relist(ctx, p); err != nil {
			return "", false, err
		}
	}
	next, err = w.follow(ctx, p, version)
	progress = next != version
	if errors.Is(err, errExpired) || malformed(err) {
		next = ""
	}
	return next, progress, err
}

// unwatched tells that changes of a place may not be seen before the next
// Gather.
func (w *watch) unwatched(p place, f *bulwark.Fault) error {
	if f.Kind == bulwark.FaultDenied {
		f.Needs = p.resource.needs("watch")
	}
	gap := f.Gap("changes", provider.Where(w.c.opts.Connector, w.dec.scope, p.resource.typ, p.namespace))
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.say(bulwark.Gathered{Gap: &gap})
}

// errYield marks an error of the receiver, which ends the watch.
var errYield = errors.New("the receiver failed")

// say yields, with mu held.
func (r *run) say(g bulwark.Gathered) error {
	if err := r.yield(g); err != nil {
		return fmt.Errorf("%w: %w", errYield, err)
	}
	return nil
}

// event is one line of a watch.
type event struct {
	Type   string          `json:"type"`
	Object json.RawMessage `json:"object"`
}

// follow reads a watch from a version until the server ends it, and returns
// the version up to which everything was taken.
func (w *watch) follow(ctx context.Context, p place, version string) (string, error) {
	if err := w.c.api.wait(ctx); err != nil {
		return version, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	alive := time.AfterFunc(headerTime, func() { cancel(context.DeadlineExceeded) })
	defer alive.Stop()
	req := request{method: http.MethodGet, path: p.resource.path(p.namespace), accept: p.resource.accept(), needs: p.resource.needs("watch"),
		query: url.Values{"watch": {"1"}, "resourceVersion": {version}, "allowWatchBookmarks": {"true"}, "timeoutSeconds": {strconv.Itoa(int(watchTime.Seconds()))}}}
	resp, err := w.c.api.send(ctx, req)
	if err != nil {
		if codeOf(err) == http.StatusGone {
			return version, errExpired
		}
		return version, err
	}
	defer resp.Body.Close()
	dec := json.NewDecoder(resp.Body)
	var columns []string
	from := version
	for {
		alive.Reset(silence)
		var e event
		if err := dec.Decode(&e); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, provider.ErrTooLarge) && version != from { // the server's end of it, or ours: go on from here
				return version, nil
			}
			return version, w.c.api.bodyFault(req, err)
		}
		next, err := w.event(ctx, p, e, &columns)
		if err != nil {
			return version, err
		}
		if next != "" {
			version = next
		}
	}
}

// event takes one event and returns the version that it brings.
func (w *watch) event(ctx context.Context, p place, e event, columns *[]string) (string, error) {
	var head struct {
		Metadata struct {
			ResourceVersion string `json:"resourceVersion"`
		} `json:"metadata"`
		status
	}
	switch e.Type {
	case "ERROR":
		if err := json.Unmarshal(e.Object, &head); err != nil || head.Code == 0 {
			return "", w.malformed(p, fmt.Errorf("an error that cannot be read: %v", err))
		}
		if head.Code == http.StatusGone {
			return "", errExpired
		}
		return "", w.c.api.faultOf(request{method: "WATCH", path: p.resource.path(p.namespace), needs: p.resource.needs("watch")}, &answer{code: head.Code, message: clip(head.Message)})
	case "BOOKMARK":
		if err := json.Unmarshal(e.Object, &head); err != nil {
			return "", w.malformed(p, err)
		}
		return head.Metadata.ResourceVersion, nil
	case "ADDED", "MODIFIED", "DELETED":
	default:
		return "", w.malformed(p, fmt.Errorf("an event of the kind %q", clip(e.Type)))
	}
	raw, version, err := unpack(p.resource, e.Object, columns)
	if err != nil {
		return "", w.malformed(p, err)
	}
	a, err := w.dec.object(p.resource, raw)
	if err != nil { // one object; the watch goes on
		gap := bulwark.Gap{What: "object", Where: provider.Where(w.c.opts.Connector, w.dec.scope, p.resource.typ, p.namespace), Why: fmt.Sprintf("a changed object cannot be read: %v", err)}
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.bad[p]++; w.bad[p] > maxBad {
			return version, nil
		}
		return version, w.say(bulwark.Gathered{Gap: &gap})
	}
	return version, w.take(ctx, a, e.Type == "DELETED")
}

func (w *watch) malformed(p place, err error) error {
	return &bulwark.Fault{Kind: bulwark.FaultMalformed, Call: "WATCH " + p.resource.path(p.namespace), Object: w.c.api.base.Host, Err: err}
}

// unpack returns an event's object as the decoder takes it, and its version.
// Secrets come as tables of one row, whose columns only the first need name.
func unpack(r *resource, object []byte, columns *[]string) (raw []byte, version string, err error) {
	if r.secrets() {
		var table struct {
			Columns []struct {
				Name string `json:"name"`
			} `json:"columnDefinitions"`
			Rows []struct {
				Cells  []json.RawMessage `json:"cells"`
				Object json.RawMessage   `json:"object"`
			} `json:"rows"`
		}
		if err := json.Unmarshal(object, &table); err != nil {
			return nil, "", err
		}
		if len(table.Rows) != 1 || len(table.Columns) > maxColumns {
			return nil, "", fmt.Errorf("a table of %d rows", len(table.Rows))
		}
		if len(table.Columns) > 0 {
			*columns = nil
			for _, c := range table.Columns {
				*columns = append(*columns, c.Name)
			}
		}
		object = table.Rows[0].Object
		if raw, err = rowObject(*columns, table.Rows[0].Cells, object); err != nil {
			return nil, "", err
		}
	} else {
		raw = object
	}
	var head struct {
		Metadata struct {
			ResourceVersion string `json:"resourceVersion"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(object, &head); err != nil {
		return nil, "", err
	}
	return raw, head.Metadata.ResourceVersion, nil
}

// take applies a changed or deleted object.
func (w *watch) take(ctx context.Context, a *bulwark.Asset, deleted bool) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if deleted {
		return w.gone(refOf(a), a.ID)
	}
	return w.add([]*bulwark.Asset{a})
}

// gone tells that an object was deleted, with mu held.
func (w *watch) gone(ref kube.Ref, id string) error {
	w.pass(ref)
	w.note(w.index.Remove(ref, id))
	delete(w.changed, ref)
	if _, told := w.digests[id]; !told {
		return nil
	}
	delete(w.digests, id)
	return w.say(bulwark.Gathered{Gone: &bulwark.Gone{ID: id, Scope: w.dec.scope}})
}

// refresher makes relations again, until ctx ends.
func (w *watch) refresher(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.wake:
		}
		for w.pending() {
			if err := w.refresh(ctx); err != nil {
				return err
			}
		}
	}
}

func (w *watch) pending() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.changed) > 0
}

// relist lists a place again after its changes were lost, yields what differs
// and what is gone, and returns the version to go on from.
func (w *watch) relist(ctx context.Context, p place) (string, error) {
	w.mu.Lock()
	left := w.index.Refs(p.resource.typ)
	w.mu.Unlock()
	var stopped error
	out, err := w.c.api.list(ctx, &w.dec, p.resource, p.namespace, nil, func(assets []*bulwark.Asset) error {
		for _, a := range assets {
			delete(left, refOf(a))
		}
		stopped = w.put(assets)
		return stopped
	})
	if stopped != nil {
		return "", fmt.Errorf("%w: %w", errYield, stopped)
	}
	if err != nil {
		return "", err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.outcome(p, out, nil)
	if w.complete(p, l.Complete); !l.Complete {
		return out.version, w.say(bulwark.Gathered{Gap: l.Gap})
	}
	for ref, id := range left {
		if p.namespace != "" && ref.Namespace != p.namespace {
			continue
		}
		if err := w.gone(ref, id); err != nil {
			return "", err
		}
	}
	return out.version, nil
}
