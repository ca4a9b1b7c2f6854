package kubernetes

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"strconv"
	"time"
)

// object is one version of an object. It does not change.
type object struct {
	namespace, name string
	version         uint64
	labels          map[string]string
	body            map[string]any // without apiVersion and kind
	raw             []byte         // body as JSON
}

// key orders objects as the server lists them.
func (o *object) key() string {
	if o.namespace == "" {
		return o.name
	}
	return o.namespace + "/" + o.name
}

func newObject(body map[string]any, version uint64) (*object, error) {
	meta, _ := body["metadata"].(map[string]any)
	meta["resourceVersion"] = strconv.FormatUint(version, 10)
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	o := &object{namespace: text(meta, "namespace"), name: text(meta, "name"), version: version, body: body, raw: raw, labels: map[string]string{}}
	labels, _ := meta["labels"].(map[string]any)
	for k, v := range labels {
		s, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("label %q is no text", k)
		}
		o.labels[k] = s
	}
	return o, nil
}

// as returns the object with another version, as the last state of a deleted
// one is told.
func (o *object) as(version uint64) *object {
	body := maps.Clone(o.body)
	meta, _ := body["metadata"].(map[string]any)
	body["metadata"] = maps.Clone(meta)
	out, err := newObject(body, version)
	if err != nil {
		panic(err) // it was an object before
	}
	return out
}

// json returns the object with its apiVersion and kind.
func (o *object) json(r resource) []byte {
	return typed(r.kind.kind, r.apiVersion(), o.raw)
}

// typed puts kind and apiVersion before the members of a JSON object.
func typed(kind, apiVersion string, raw []byte) []byte {
	out := fmt.Appendf(make([]byte, 0, len(raw)+64), `{"kind":%q,"apiVersion":%q`, kind, apiVersion)
	if len(raw) > 2 {
		out = append(out, ',')
	}
	return append(out, raw[1:]...)
}

// metadata returns the object as PartialObjectMetadata.
func (o *object) metadata() []byte {
	raw, err := json.Marshal(map[string]any{"metadata": o.body["metadata"]})
	if err != nil {
		panic(err) // it was marshaled before
	}
	return typed("PartialObjectMetadata", "meta.k8s.io/v1", raw)
}

// copyJSON returns a copy of what JSON makes of a value; numbers stay as they
// are written.
func copyJSON(v map[string]any) (map[string]any, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var out map[string]any
	err = d.Decode(&out)
	return out, err
}

// uid returns a uid that depends on the seed, the object's name, and how many
// of that name were made before.
func uid(seed int64, key string, nth int) string {
	h := fnv.New128a()
	fmt.Fprintf(h, "%d/%s/%d", seed, key, nth)
	b := h.Sum(nil)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // version 4 of RFC 9562
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// writer is who the record of fields names.
const writer = "kubectl-client-side-apply"

// managedFields records which fields a writer has set, as the server does for
// an update. Lists count as one value, where the server knows the keys of some.
func managedFields(apiVersion string, body map[string]any, when time.Time) []any {
	fields := map[string]any{}
	for name, v := range body {
		switch name {
		case "status":
		case "metadata":
			meta := map[string]any{}
			for _, part := range []string{"labels", "annotations", "ownerReferences", "finalizers"} {
				if v := at(v, part); v != nil {
					meta["f:"+part] = fieldsOf(v)
				}
			}
			if len(meta) > 0 {
				fields["f:metadata"] = meta
			}
		default:
			fields["f:"+name] = fieldsOf(v)
		}
	}
	return []any{map[string]any{"manager": writer, "operation": "Update", "apiVersion": apiVersion, "time": stamp(when), "fieldsType": "FieldsV1", "fieldsV1": fields}}
}

func fieldsOf(v any) map[string]any {
	out := map[string]any{}
	if m, ok := v.(map[string]any); ok && len(m) > 0 {
		out["."] = map[string]any{}
		for name, v := range m {
			out["f:"+name] = fieldsOf(v)
		}
	}
	return out
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// next is the generation after one.
func next(generation any) json.Number {
	n, _ := generation.(json.Number)
	i, _ := n.Int64()
	return json.Number(strconv.FormatInt(i+1, 10))
}
