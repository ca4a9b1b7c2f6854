package kubernetes

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/kube"
)

// secretsAccept asks for Secrets as the table that people are shown: name,
// type and number of keys, with the metadata beside them and no contents. What
// kubectl apply keeps in an annotation does come, and is dropped unread.
const secretsAccept = "application/json;as=Table;g=meta.k8s.io;v=v1"

// secretType and secretData are the columns of that table which say more than
// the metadata. Source: kubernetes/pkg/printers/internalversion, v1.34.
const (
	secretType = "Type"
	secretData = "Data"
)

// secret makes the asset of a row of the table of Secrets. The names of the
// keys are those that the metadata's record of writers has; where that does
// not add up to the number of keys, they are unknown. Whatever else an answer
// has is left.
func (d *decoder) secret(r *resource, row bulwark.Value) (*bulwark.Asset, error) {
	meta := row.At("object", "metadata")
	a, err := d.asset(r, meta)
	if err != nil {
		return nil, err
	}
	a.Properties, err = d.build(a.ID, func(b *bulwark.Builder) {
		b.Object()
		b.Key("apiVersion")
		b.String("v1")
		b.Key("kind")
		b.String("Secret")
		b.Key("metadata")
		b.Object()
		(&kube.Copier{Paths: bookkeeping}).CopyTo(b, meta)
		b.End()
		b.Key("type")
		if t := row.At("bulwark", secretType); t.Kind() == bulwark.String {
			b.String(t.Text())
		} else {
			b.Unknown("the cluster does not say")
		}
		writeKeys(b, meta, row.At("bulwark", secretData))
		b.End()
	})
	if err != nil {
		return nil, err
	}
	a.Observed, err = d.observed(r, row.Get("object"), a.ID)
	return a, err
}

// writeKeys writes the keys of a Secret with contents that nobody has seen.
func writeKeys(b *bulwark.Builder, meta, count bulwark.Value) {
	keys := keysOf(meta)
	b.Key("data")
	if count.Kind() != bulwark.Int || int64(len(keys)) != count.Int() {
		b.Unknown("contents of secrets are not read")
		return
	}
	b.Object()
	for _, k := range keys {
		b.Key(k)
		b.Secret("kubernetes-secret", "")
	}
	b.End()
}

// keysOf returns the names of the keys below data that writers of an object
// have said they own (metadata.managedFields, in which f:name stands for a
// field).
func keysOf(meta bulwark.Value) []string {
	var keys []string
	for _, m := range meta.Get("managedFields").Children() {
		for name := range m.At("fieldsV1", "f:data").Children() {
			if key, ok := strings.CutPrefix(name, "f:"); ok {
				keys = append(keys, key)
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// rowObject puts the cells of a table's row under the names of their columns,
// so that a row is an object like others: {"object":…, "bulwark":{Type, Data}}.
func rowObject(columns []string, cells []json.RawMessage, object []byte) ([]byte, error) {
	if len(object) == 0 {
		return nil, errNoObject
	}
	var b strings.Builder
	b.WriteString(`{"bulwark":{`)
	n := 0
	for i, name := range columns {
		if i < len(cells) && (name == secretType || name == secretData) {
			if n > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "%q:%s", name, cells[i])
			n++
		}
	}
	b.WriteString(`},"object":`)
	b.Write(object)
	b.WriteByte('}')
	return []byte(b.String()), nil
}
