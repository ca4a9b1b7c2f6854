package kubernetes

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/errors"
)

// form is how objects are written: whole, their metadata alone ("metadata"), or
// as rows of a table ("table").
type form struct {
	as      string
	include string // what a row has of its object: None, Metadata, Object
}

// formOf returns the first form that a request accepts and that is served;
// partial is what the request may call metadata alone. Weights (q) do not count.
func formOf(r *http.Request, partial string) (form, bool) {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	if accept == "" {
		return form{}, true
	}
	for one := range strings.SplitSeq(accept, ",") {
		media, params, err := mime.ParseMediaType(one)
		if err != nil || media != jsonMedia && media != "application/*" && media != "*/*" {
			continue
		}
		known := params["g"] == "meta.k8s.io" && (params["v"] == "v1" || params["v"] == "v1beta1")
		switch as := params["as"]; {
		case as == "":
			return form{}, true
		case as == partial && known:
			return form{as: "metadata"}, true
		case as == "Table" && known:
			return form{as: "table", include: r.URL.Query().Get("includeObject")}, true
		}
	}
	return form{}, false
}

// object writes one object. Of tables only the first of a watch names its
// columns.
func (f form) object(o *object, r resource, now time.Time, columns bool) ([]byte, *errors.StatusError) {
	switch f.as {
	case "metadata":
		return o.metadata(), nil
	case "table":
		return f.table([]*object{o}, r, listMeta{ResourceVersion: fmt.Sprint(o.version)}, now, columns)
	}
	return o.json(r), nil
}

// listMeta is what a list says of itself (meta/v1 ListMeta).
type listMeta struct {
	ResourceVersion string `json:"resourceVersion,omitempty"`
	Continue        string `json:"continue,omitempty"`
	Remaining       *int64 `json:"remainingItemCount,omitempty"`
}

// customMeta is that of lists of custom resources, which always have a token.
type customMeta struct {
	listMeta
	Continue string `json:"continue"`
}

// objects writes a list.
func (f form) objects(list []*object, r resource, meta listMeta, now time.Time) ([]byte, *errors.StatusError) {
	if f.as == "table" {
		return f.table(list, r, meta, now, true)
	}
	items := make([]json.RawMessage, len(list))
	for i, o := range list {
		switch {
		case f.as == "metadata":
			items[i] = o.metadata()
		case r.custom:
			items[i] = o.json(r)
		default: // of the server's own kinds the list tells the kind
			items[i] = o.raw
		}
	}
	kind, version := r.list, r.apiVersion()
	if f.as == "metadata" {
		kind, version = "PartialObjectMetadataList", "meta.k8s.io/v1"
	}
	if f.as == "metadata" && len(items) == 0 {
		items = nil // null, where other lists are []
	}
	var about any = meta
	if r.custom && f.as == "" {
		about = customMeta{meta, meta.Continue}
	}
	raw, err := json.Marshal(struct {
		Metadata any               `json:"metadata"`
		Items    []json.RawMessage `json:"items"`
	}{about, items})
	if err != nil {
		return nil, errors.NewInternalError(err)
	}
	return typed(kind, version, raw), nil
}

// table writes objects as people are shown them (meta/v1 Table).
func (f form) table(list []*object, r resource, meta listMeta, now time.Time, named bool) ([]byte, *errors.StatusError) {
	type row struct {
		Cells  []any           `json:"cells"`
		Object json.RawMessage `json:"object,omitempty"`
	}
	out := struct {
		Metadata listMeta `json:"metadata"`
		Columns  []column `json:"columnDefinitions"`
		Rows     []row    `json:"rows"`
	}{Metadata: meta, Rows: []row{}}
	columns := columnsOf(r.kind)
	if named {
		out.Columns = columns
	}
	for _, o := range list {
		x := row{Cells: make([]any, len(columns))}
		for i, c := range columns {
			x.Cells[i] = c.cell(o, now)
		}
		switch f.include {
		case "", "Metadata":
			x.Object = o.metadata()
		case "Object":
			x.Object = o.json(r)
		case "None":
		default:
			return nil, badRequest("unrecognized includeObject value: %q", f.include)
		}
		out.Rows = append(out.Rows, x)
	}
	raw, err := json.Marshal(out)
	if err != nil {
		return nil, errors.NewInternalError(err)
	}
	return typed("Table", "meta.k8s.io/v1", raw), nil
}
