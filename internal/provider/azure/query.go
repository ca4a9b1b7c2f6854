package azure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

const (
	queryVersion = "2022-10-01"
	queryPage    = 1000 // rows of a page, the most there are. Source: Resource Graph, "Working with large data sets"
	maxRows      = 10_000_000
)

// A query is one question to Resource Graph. It must keep the column id and
// sort by it, else its answer cannot be paged.
type query struct {
	text          string
	subscriptions []string // none is all that the caller reaches, and the tenant
	top           int      // rows of a page; 0 is queryPage
	first         bool     // the first page alone is wanted
}

type queryRequest struct {
	Subscriptions []string     `json:"subscriptions,omitempty"`
	Query         string       `json:"query"`
	Options       queryOptions `json:"options"`
}

type queryOptions struct {
	Top          int    `json:"$top"`
	SkipToken    string `json:"$skipToken,omitempty"`
	ResultFormat string `json:"resultFormat"`
	Scopes       string `json:"authorizationScopeFilter,omitempty"`
}

// rows yields the rows of all pages and returns how many records there are by
// the last page. Fewer rows than that, or an answer that was cut and cannot be
// paged, is a malformed fault: a row that is missing is no resource that is
// gone.
func (e *Estate) rows(ctx context.Context, q query, yield func(bulwark.Value) error) (total int64, err error) {
	got := int64(0)
	name, object := "POST /providers/Microsoft.ResourceGraph/resources", q.text
	err = provider.Pages(ctx, name, object, maxRows/queryPage, func(ctx context.Context, token string) (string, error) {
		v, err := e.page(ctx, q, token)
		if err != nil {
			return "", err
		}
		next, err := nextOf(v, "$skipToken", name, object)
		if err != nil {
			return "", err
		}
		data, count, truncated := v.Get("data"), v.Get("totalRecords"), v.Get("resultTruncated")
		if data.Kind() != bulwark.List || count.Kind() != bulwark.Int {
			return "", malformed(name, object, "data is %s and totalRecords %s, want a list and an integer", data.Kind(), count.Kind())
		}
		total = count.Int()
		for _, row := range data.Children() {
			got++
			if err := yield(row); err != nil {
				return "", err
			}
		}
		switch {
		case q.first:
			return "", nil
		case next == "" && (!truncated.IsAbsent() && truncated.Text() != "false" || got < total):
			return "", malformed(name, object, "%d of %d records were told", got, total)
		case next != "" && data.Len() == 0:
			return "", malformed(name, object, "an empty page that is not the last")
		}
		return next, nil
	})
	return total, err
}

func (e *Estate) page(ctx context.Context, q query, token string) (bulwark.Value, error) {
	request := queryRequest{Subscriptions: q.subscriptions, Query: q.text, Options: queryOptions{Top: q.top, SkipToken: token, ResultFormat: "objectArray"}}
	if request.Options.Top == 0 {
		request.Options.Top = queryPage
	}
	body, err := json.Marshal(request)
	if err != nil {
		return bulwark.Value{}, fmt.Errorf("azure: write query: %w", err)
	}
	v, _, err := e.client.do(ctx, call{service: "resourcegraph", audience: e.cloud.armScope, method: "POST", scope: e.config.TenantID, body: body, object: q.text,
		url: e.cloud.ARM + "/providers/Microsoft.ResourceGraph/resources?api-version=" + queryVersion, needs: needsReader})
	return v, err
}

func malformed(name, object, format string, args ...any) *bulwark.Fault {
	return &bulwark.Fault{Kind: bulwark.FaultMalformed, Call: name, Object: object, Err: fmt.Errorf(format, args...)}
}

// faultOf is provider.FaultOf for errors that a call has named already.
func faultOf(err error, object string) *bulwark.Fault {
	var f *bulwark.Fault
	if errors.As(err, &f) {
		return f
	}
	return provider.FaultOf(err, "azure", object)
}
