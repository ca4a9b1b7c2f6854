package api

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// sortKey is what a row is ordered by; the id breaks ties.
type sortKey struct {
	N  float64 `json:"n,omitempty"`
	S  string  `json:"s,omitempty"`
	ID string  `json:"i"`
}

// position is a cursor of a list in memory: the last row, so that rows that
// come and go in between are neither repeated nor skipped.
type position struct {
	Sort string  `json:"o"`
	Last sortKey `json:"l"`
}

// paged orders rows in memory by a key and cuts a page. keys maps the names of
// orders to them; fallback is the order when none is asked for.
func paged[T any](rows []T, p bulwark.Page, fallback string, keys map[string]func(T) sortKey) ([]T, string, error) {
	order := p.Sort
	if order == "" {
		order = fallback
	}
	name, falling := strings.CutPrefix(order, "-")
	key := keys[name]
	if key == nil {
		return nil, "", fmt.Errorf("sort by %q: %w", name, bulwark.ErrInvalid)
	}
	compare := func(a, b sortKey) int {
		c := cmp.Or(cmp.Compare(a.N, b.N), cmp.Compare(a.S, b.S))
		if falling {
			c = -c
		}
		return cmp.Or(c, cmp.Compare(a.ID, b.ID))
	}
	slices.SortFunc(rows, func(a, b T) int { return compare(key(a), key(b)) })
	if p.Cursor != "" {
		var at position
		data, err := base64.RawURLEncoding.DecodeString(p.Cursor)
		if err == nil {
			err = json.Unmarshal(data, &at)
		}
		if err != nil || at.Sort != order {
			return nil, "", fmt.Errorf("cursor: %w: it is not of this list", bulwark.ErrInvalid)
		}
		i := 0
		for i < len(rows) && compare(key(rows[i]), at.Last) <= 0 {
			i++
		}
		rows = rows[i:]
	}
	limit := p.Limit
	if limit <= 0 {
		limit = 100
	}
	if len(rows) <= limit {
		return rows, "", nil
	}
	rows = rows[:limit]
	data, err := json.Marshal(position{order, key(rows[limit-1])})
	if err != nil {
		return nil, "", fmt.Errorf("cursor: %w", err)
	}
	return rows, base64.RawURLEncoding.EncodeToString(data), nil
}

// facet counts rows by a field, most first.
func facet[T any](rows []T, values func(T) []string) []bulwark.Facet {
	counts := map[string]int64{}
	for _, r := range rows {
		for _, v := range values(r) {
			if v != "" {
				counts[v]++
			}
		}
	}
	out := make([]bulwark.Facet, 0, len(counts))
	for v, n := range counts {
		out = append(out, bulwark.Facet{Value: v, Count: n})
	}
	slices.SortFunc(out, func(a, b bulwark.Facet) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	return out
}

// wanted reports whether a filter lets a value through; an empty one lets all.
func wanted(filter []string, values ...string) bool {
	if len(filter) == 0 {
		return true
	}
	return slices.ContainsFunc(values, func(v string) bool { return slices.Contains(filter, v) })
}

// holds reports whether a text stands in one of the fields, in any case.
func holds(text string, fields ...string) bool {
	text = strings.ToLower(text)
	return text == "" || slices.ContainsFunc(fields, func(f string) bool { return strings.Contains(strings.ToLower(f), text) })
}

// yes reads a filter of yes and no: nil when it does not restrict.
func yes(filter []string) *bool {
	if len(filter) != 1 {
		return nil
	}
	is := filter[0] == "yes"
	return &is
}

func yesNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}
