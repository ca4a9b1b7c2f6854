package kubernetes

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/api/errors"

	"github.com/bulwarksec/bulwark/internal/replay"
)

const (
	tick      = time.Second      // between looks at the clock
	bookmarks = time.Minute      // between bookmarks, by the world's clock
	lastMark  = 2 * time.Second  // before its end a watch has a bookmark
	watchTime = 30 * time.Minute // of a watch that names no time; the server's own is up to twice as long
)

// watching is one open watch.
type watching struct {
	*call
	w         http.ResponseWriter
	r         *http.Request
	res       resource
	form      form
	selection selection
	version   uint64 // everything up to here was sent
	bookmarks bool
	marked    time.Time // of the last bookmark, by the world's clock
	columns   bool      // were told
}

// watch sends the changes of a resource as they happen. Time is the world's for
// what changes and when it is told, the wall's for how long it lasts.
func (c *call) watch(w http.ResponseWriter, r *http.Request) {
	x := &watching{call: c, w: w, r: r}
	initial, refused := x.open()
	if refused != nil {
		c.deliver(w, r, refused)
		return
	}
	w.Header().Set("Content-Type", jsonMedia)
	w.WriteHeader(http.StatusOK)
	flush(w)
	if c.fault != nil && c.fault.Kind == replay.Endless {
		endless(w, r)
		return
	}
	life := watchTime
	if s, err := strconv.Atoi(r.URL.Query().Get("timeoutSeconds")); err == nil && s > 0 {
		life = time.Duration(s) * time.Second
	}
	x.follow(initial, life)
}

// opening is what a watch begins with.
type opening struct {
	objects []*object // that are told as added
	end     bool      // a bookmark says where they end
	err     *errors.StatusError
}

// open reads what is to be watched. What is wrong with the version is told
// within the watch, as the first event.
func (x *watching) open() (opening, *answer) {
	x.world.mu.RLock()
	defer x.world.mu.RUnlock()
	var refused *answer
	if x.res, refused = x.resource(); refused != nil {
		return opening{}, refused
	}
	var ok bool
	if x.form, ok = formOf(x.r, "PartialObjectMetadata"); !ok {
		return opening{}, notAcceptable()
	}
	q := x.r.URL.Query()
	var bad *errors.StatusError
	if x.selection, bad = x.call.selection(q, x.res); bad != nil {
		return opening{}, statusAnswer(bad)
	}
	x.bookmarks, x.marked = isTrue(q.Get("allowWatchBookmarks")), x.world.now()
	return x.begin(q)
}

func (x *watching) begin(q url.Values) (opening, *answer) {
	version, match, send := q.Get("resourceVersion"), q.Get("resourceVersionMatch"), isTrue(q.Get("sendInitialEvents"))
	switch {
	case q.Get("sendInitialEvents") != "" && match != "NotOlderThan":
		return opening{}, statusAnswer(badOption("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
	case q.Get("sendInitialEvents") == "" && match != "":
		return opening{}, statusAnswer(badOption("resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"))
	}
	from := uint64(0)
	if version != "" {
		var err error
		if from, err = strconv.ParseUint(version, 10, 64); err != nil {
			return opening{}, statusAnswer(badRequest("resourceVersion: Invalid value: %q: %v", version, err))
		}
	}
	x.version = from
	switch {
	case send && from > x.world.version:
		return opening{err: tooLarge(from, x.world.version)}, nil
	case send || from == 0 && q.Get("sendInitialEvents") == "":
		x.version = x.world.version
		list, _ := x.world.snapshot(x.res.kind, x.version) // the newest is never forgotten
		list = slices.DeleteFunc(list, func(o *object) bool { return !x.selection.matches(x.res, o) })
		return opening{objects: list, end: send && x.bookmarks}, nil
	case from == 0:
		x.version = x.world.version
	case from < x.world.forgot:
		return opening{err: expired(from, x.world.forgot)}, nil
	}
	return opening{}, nil
}

// follow sends events until the watch is over, the client leaves or the version
// is lost.
func (x *watching) follow(first opening, life time.Duration) {
	if first.err != nil {
		x.fail(first.err)
		return
	}
	for _, o := range first.objects {
		if !x.send("ADDED", o) {
			return
		}
	}
	if first.end && !x.bookmark(map[string]string{"k8s.io/initial-events-end": "true"}) {
		return
	}
	end := time.NewTimer(life)
	defer end.Stop()
	closing := time.NewTimer(max(0, life-lastMark))
	defer closing.Stop()
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	for {
		changed, ok := x.catchUp()
		if !ok {
			return
		}
		select {
		case <-x.r.Context().Done():
			return
		case <-end.C:
			return
		case <-changed:
		case <-closing.C:
			if x.bookmarks && !x.bookmark(nil) {
				return
			}
		case <-ticks.C:
			x.world.Advance()
			if now := x.world.now(); x.bookmarks && now.Sub(x.marked) >= bookmarks {
				x.marked = now
				if !x.bookmark(nil) {
					return
				}
			}
		}
	}
}

// catchUp sends the changes since the last and returns a channel that is closed
// by the next.
func (x *watching) catchUp() (changed chan struct{}, ok bool) {
	w := x.world
	w.mu.RLock()
	changed = w.changed
	var events []event
	lost := x.version < w.forgot
	oldest := w.forgot
	if !lost && x.version < w.version {
		events = w.log[x.version-w.forgot:]
	}
	w.mu.RUnlock()
	if lost {
		x.fail(expired(x.version, oldest))
		return nil, false
	}
	for _, e := range events {
		if !x.event(e) {
			return nil, false
		}
		x.version = e.version
	}
	return changed, true
}

// event sends a change as far as the selection sees it: what begins to match
// is added, what ceases to is deleted.
func (x *watching) event(e event) bool {
	if e.kind.qualified() != x.res.qualified() {
		return true
	}
	before, after := x.selection.matches(x.res, e.old), x.selection.matches(x.res, e.new)
	switch {
	case before && after:
		return x.send("MODIFIED", e.new)
	case after:
		return x.send("ADDED", e.new)
	case before:
		return x.send("DELETED", e.old.as(e.version))
	}
	return true
}

func (x *watching) send(typ string, o *object) bool {
	body, err := x.form.object(o, x.res, x.world.now(), !x.columns)
	if err != nil {
		x.fail(err)
		return false
	}
	x.columns = true
	return x.frame(typ, body)
}

// bookmark tells how far the watch has come: an object with a version alone.
func (x *watching) bookmark(annotations map[string]string) bool {
	meta := map[string]any{"resourceVersion": fmt.Sprint(x.version)}
	if annotations != nil {
		meta["annotations"] = annotations
	}
	raw, err := json.Marshal(map[string]any{"metadata": meta})
	if err != nil {
		return false
	}
	switch x.form.as {
	case "metadata":
		raw = typed("PartialObjectMetadata", "meta.k8s.io/v1", raw)
	case "table":
		raw = typed("Table", "meta.k8s.io/v1", fmt.Appendf(nil, `{"metadata":{"resourceVersion":"%d"},"columnDefinitions":null,"rows":[{"cells":[],"object":%s}]}`,
			x.version, typed("PartialObjectMetadata", "meta.k8s.io/v1", raw)))
	default:
		raw = typed(x.res.kind.kind, x.res.apiVersion(), raw)
	}
	return x.frame("BOOKMARK", raw)
}

func (x *watching) fail(e *errors.StatusError) {
	if raw, err := json.Marshal(statusOf(e)); err == nil {
		x.frame("ERROR", raw)
	}
}

// frame writes one line, or what a fault leaves of it, and is false when the
// watch is over.
func (x *watching) frame(typ string, object []byte) bool {
	line := fmt.Appendf(nil, `{"type":%q,"object":%s}`+"\n", typ, object)
	if x.fault != nil {
		switch x.fault.Kind {
		case replay.Malformed:
			line = []byte(malformed)
		case replay.Truncated:
			_, _ = x.w.Write(line[:len(line)/2])
			flush(x.w)
			panic(http.ErrAbortHandler)
		}
	}
	if _, err := x.w.Write(line); err != nil {
		return false
	}
	flush(x.w)
	return x.r.Context().Err() == nil
}
