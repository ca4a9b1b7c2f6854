package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// listAnswer is a page of a list.
type listAnswer struct {
	Items []json.RawMessage `json:"items"`
	Next  string            `json:"next,omitempty"`
	Total *int64            `json:"total,omitempty"`
}

// member is one of an object, in the order of the answer.
type member struct {
	name   string
	value  string // as a table shows it
	nested bool
}

// members returns an object's members.
func members(data []byte) ([]member, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return []member{{name: "value", value: string(bytes.TrimSpace(data))}}, err
	}
	var list []member
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, err
		}
		m := member{name: fmt.Sprint(name), nested: raw[0] == '{' || raw[0] == '['}
		var text string
		switch {
		case raw[0] == '"' && json.Unmarshal(raw, &text) == nil:
			m.value = text
		case string(raw) != "null":
			var compact bytes.Buffer
			if err := json.Compact(&compact, raw); err != nil {
				return nil, err
			}
			m.value = compact.String()
		}
		list = append(list, m)
	}
	return list, nil
}

const (
	maxColumns = 9
	maxCell    = 64 // characters; -o json has all
)

func cell(s string) string {
	if r := []rune(s); len(r) > maxCell {
		return string(r[:maxCell-1]) + "…"
	}
	return s
}

// printItems prints a list's plain members as columns, in the order of the
// answer, without those that are empty in every row.
func printItems(w io.Writer, page listAnswer) error {
	var names []string
	filled := map[string]bool{}
	rows := make([]map[string]string, len(page.Items))
	for i, item := range page.Items {
		list, err := members(item)
		if err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		rows[i] = map[string]string{}
		for _, m := range list {
			if m.nested {
				continue
			}
			if !slices.Contains(names, m.name) {
				names = append(names, m.name)
			}
			rows[i][m.name] = cell(m.value)
			filled[m.name] = filled[m.name] || m.value != ""
		}
	}
	names = slices.DeleteFunc(names, func(n string) bool { return !filled[n] })
	names = names[:min(len(names), maxColumns)]
	var headers []string
	for _, n := range names {
		headers = append(headers, strings.ToUpper(input{name: n}.flag()))
	}
	var table [][]string
	for _, r := range rows {
		row := make([]string, len(names))
		for i, n := range names {
			row[i] = r[n]
		}
		table = append(table, row)
	}
	if len(table) > 0 {
		printTable(w, headers, table)
		fmt.Fprintln(w)
	}
	count := fmt.Sprint(len(page.Items))
	if page.Total != nil {
		count = fmt.Sprintf("%d of %d", len(page.Items), *page.Total)
	}
	if page.Next != "" {
		count += "; more with --all, or --cursor " + page.Next
	}
	fmt.Fprintln(w, count)
	return nil
}

// printObject prints an object's members, one a line.
func printObject(w io.Writer, data []byte) error {
	list, err := members(data)
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	t := newFields(w)
	for _, m := range list {
		t.field(m.name, m.value)
	}
	t.end()
	return nil
}
