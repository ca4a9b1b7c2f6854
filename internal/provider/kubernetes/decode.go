package kubernetes

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/kube"
)

// Bounds of one object. etcd takes 1.5 MiB a value by default; what is larger
// comes from an aggregated server or an attacker.
var objectLimits = bulwark.Limits{Bytes: 8 << 20, Depth: 256, Nodes: 500_000}

// customBytes is how large a custom resource may be for its contents to be
// kept.
const customBytes = 64 << 10

// noise is what is kept of no object: bookkeeping of the API server, which
// changes with every write, and a second copy of the whole.
var noise = []kube.Path{
	kube.Drop("status"), kube.Drop("metadata", "managedFields"), kube.Drop("metadata", "resourceVersion"), kube.Drop("metadata", "generation"),
	kube.Drop("metadata", "uid"), kube.Drop("metadata", "creationTimestamp"), kube.Drop("metadata", "selfLink"),
	kube.Drop("metadata", "annotations", kube.LastApplied), kube.Drop("apiVersion"), kube.Drop("kind"),
}

// bookkeeping is the noise of metadata alone.
var bookkeeping = []kube.Path{kube.Drop("managedFields"), kube.Drop("resourceVersion"), kube.Drop("generation"), kube.Drop("uid"), kube.Drop("creationTimestamp"),
	kube.Drop("selfLink"), kube.Drop("annotations", kube.LastApplied)}

// heartbeats is what of a status changes while nothing happens, or says
// nothing of how the object is set up.
var heartbeats = func() []kube.Path {
	list := []kube.Path{
		kube.Drop("conditions", "[]", "lastHeartbeatTime"), kube.Drop("conditions", "[]", "lastProbeTime"), kube.Drop("conditions", "[]", "lastTransitionTime"),
		kube.Drop("images"), kube.Drop("volumesInUse"), kube.Drop("volumesAttached"), kube.Drop("observedGeneration"), kube.Drop("certificate"),
	}
	for _, s := range []string{"containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"} {
		for _, field := range []string{"restartCount", "lastState", "state", "ready", "started", "containerID"} {
			list = append(list, kube.Drop(s, "[]", field))
		}
	}
	return list
}()

// decoder turns objects of one cluster into assets.
type decoder struct {
	cluster   string // uid
	scope     string
	connector string
	types     *bulwark.Types
	key       []byte
	regions   bool // a namespace is the region of what lives in it
	builders  sync.Pool
	paths     sync.Map // type → []kube.Path that copies of its objects leave out or hide
}

// pathsOf returns what copies of a type's objects leave out or hide.
func (d *decoder) pathsOf(typ string) []kube.Path {
	if have, ok := d.paths.Load(typ); ok {
		return have.([]kube.Path)
	}
	list := append(kube.SecretPaths(d.types, typ), noise...)
	d.paths.Store(typ, list)
	return list
}

// build makes a value of an asset with a builder that others have used.
func (d *decoder) build(id string, write func(b *bulwark.Builder)) (bulwark.Value, error) {
	b, ok := d.builders.Get().(*bulwark.Builder)
	if !ok {
		b = bulwark.NewBuilder(d.names(), objectLimits)
	}
	write(b)
	v, err := b.Build(id)
	if v.Size() <= keptBuilder {
		d.builders.Put(b)
	}
	return v, err
}

// keptBuilder is the size of a value beyond which its builder is let go.
const keptBuilder = 256 << 10

func (d *decoder) names() *bulwark.Names {
	if d.types == nil {
		return nil
	}
	return d.types.Names()
}

// object reads one object of a resource. The asset has no relations yet.
func (d *decoder) object(r *resource, raw []byte) (*bulwark.Asset, error) {
	v, err := bulwark.DecodeJSON(raw, bulwark.DecodeOptions{Limits: objectLimits})
	if err != nil {
		return nil, err
	}
	if r.secrets() {
		return d.secret(r, v)
	}
	a, err := d.asset(r, v.Get("metadata"))
	if err != nil {
		return nil, err
	}
	large := r.custom && len(raw) > customBytes
	if a.Properties, err = d.properties(r, v, a.ID, large); err != nil {
		return nil, err
	}
	a.Observed, err = d.observed(r, v, a.ID)
	return a, err
}

// asset returns an asset with the identity that an object's metadata tell.
func (d *decoder) asset(r *resource, meta bulwark.Value) (*bulwark.Asset, error) {
	name, namespace := strings.Clone(meta.Get("name").Text()), strings.Clone(meta.Get("namespace").Text()) // else the whole answer stays in memory
	switch {
	case !objectName(name):
		return nil, fmt.Errorf("%w: an object of the name %q", bulwark.ErrInvalid, clip(name))
	case r.namespaced != (namespace != ""), namespace != "" && !plainName(namespace):
		return nil, fmt.Errorf("%w: %s in the namespace %q", bulwark.ErrInvalid, r.kind, clip(namespace))
	}
	a := &bulwark.Asset{ID: r.id(d.cluster, namespace, name), Type: r.typ, Name: name, Scope: d.scope, Connector: d.connector}
	if d.regions {
		a.Region = namespace
	}
	return a, nil
}

// objectName reports whether a name is one that the API takes (path segment
// names: neither / nor %).
func objectName(s string) bool {
	return s != "" && len(s) <= 253 && s != "." && s != ".." &&
		!strings.ContainsFunc(s, func(r rune) bool { return r == '/' || r == '%' || r == unicode.ReplacementChar || !unicode.IsPrint(r) })
}

func (d *decoder) properties(r *resource, v bulwark.Value, id string, large bool) (bulwark.Value, error) {
	return d.build(id, func(b *bulwark.Builder) {
		b.Object()
		b.Key("apiVersion")
		b.String(r.apiVersion())
		b.Key("kind")
		b.String(r.kind)
		if large {
			b.Key("metadata")
			b.Object()
			(&kube.Copier{Paths: bookkeeping}).CopyTo(b, v.Get("metadata"))
			b.End()
			b.Key("spec")
			b.Unknown(fmt.Sprintf("larger than %d KiB", customBytes>>10))
		} else {
			(&kube.Copier{Key: d.key, Paths: d.pathsOf(r.typ)}).CopyTo(b, v)
		}
		b.End()
	})
}

// observed is what only the cluster knows of an object: its uid, when it was
// made, and of some kinds the status.
func (d *decoder) observed(r *resource, v bulwark.Value, id string) (bulwark.Value, error) {
	return d.build(id, func(b *bulwark.Builder) {
		b.Object()
		meta := v.Get("metadata")
		for _, p := range [][2]string{{"uid", "uid"}, {"created", "creationTimestamp"}} {
			if text := meta.Get(p[1]).Text(); text != "" {
				b.Key(p[0])
				b.String(text)
			}
		}
		if s := v.Get("status"); r.status && s.Kind() == bulwark.Object {
			b.Key("status")
			b.Object()
			(&kube.Copier{Paths: heartbeats}).CopyTo(b, s)
			b.End()
		}
		b.End()
	})
}

var errNoObject = errors.New("no object where one should be")
