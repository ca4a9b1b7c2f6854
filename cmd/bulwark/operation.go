package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/api"
)

// An operation is one route as the API's own description has it: all that ctl
// knows of it, so that a new route needs nothing here.
type operation struct {
	id, method, path string
	summary, tag     string
	permission       string
	media            string // of the answer
	inputs           []input
}

// An input is a parameter of an operation, or a property of its body.
type input struct {
	name     string // as the API has it
	as       string // its flag, once it has one
	in       string // path, query or body
	kind     string // string, integer, number, boolean, array or object
	about    string
	required bool
	enum     []string
	moment   bool // a time
	many     bool // an array of scalars
}

// flag is an input's name on the command line.
func (i input) flag() string {
	var b strings.Builder
	for n, r := range i.name {
		if r >= 'A' && r <= 'Z' {
			if n > 0 {
				b.WriteByte('-')
			}
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// value turns words of the command line into what the API takes.
func (i input) value(words []string, now time.Time) (any, error) {
	if i.many {
		return words, nil
	}
	text := words[len(words)-1]
	wrong := func(want string) error {
		return fmt.Errorf("--%s %q: %w: want %s", i.flag(), text, bulwark.ErrInvalid, want)
	}
	switch {
	case i.moment:
		return momentOf(text, now)
	case i.kind == "integer":
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, wrong("a whole number")
		}
		return n, nil
	case i.kind == "number":
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, wrong("a number")
		}
		return n, nil
	case i.kind == "boolean":
		v, err := strconv.ParseBool(text)
		if err != nil {
			return nil, wrong("true or false")
		}
		return v, nil
	case i.kind == "array" || i.kind == "object":
		data := []byte(text)
		if file, ok := strings.CutPrefix(text, "@"); ok { // a secret does not belong on the command line
			var err error
			if data, err = readBounded(file, maxConfig); err != nil {
				return nil, fmt.Errorf("--%s: %w", i.flag(), err)
			}
		}
		if !json.Valid(data) {
			return nil, wrong("JSON, or @FILE of it")
		}
		return json.RawMessage(data), nil
	}
	return text, nil
}

// momentOf reads a time: RFC 3339, a day, or how long from now (36h, 90d).
func momentOf(text string, now time.Time) (string, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil {
			return now.UTC().AddDate(0, 0, n).Format(time.RFC3339), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil {
		return now.UTC().Add(d).Format(time.RFC3339), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC().Format(time.RFC3339), nil
		}
	}
	return "", fmt.Errorf("time %q: %w: want 2027-01-31, 2027-01-31T12:00:00Z, 36h or 90d", text, bulwark.ErrInvalid)
}

// What of an OpenAPI document ctl reads.
type (
	openAPI struct {
		Paths      map[string]map[string]*openAPIOperation `json:"paths"`
		Components struct {
			Schemas map[string]*openAPISchema `json:"schemas"`
		} `json:"components"`
	}
	openAPIOperation struct {
		ID         string             `json:"operationId"`
		Summary    string             `json:"summary"`
		Tags       []string           `json:"tags"`
		Permission string             `json:"x-permission"`
		Parameters []openAPIParameter `json:"parameters"`
		Body       *struct {
			Content map[string]openAPIContent `json:"content"`
		} `json:"requestBody"`
		Responses map[string]struct {
			Content map[string]openAPIContent `json:"content"`
		} `json:"responses"`
	}
	openAPIParameter struct {
		Name        string         `json:"name"`
		In          string         `json:"in"`
		Description string         `json:"description"`
		Required    bool           `json:"required"`
		Schema      *openAPISchema `json:"schema"`
	}
	openAPIContent struct {
		Schema *openAPISchema `json:"schema"`
	}
	openAPISchema struct {
		Ref         string                    `json:"$ref"`
		Type        any                       `json:"type"` // a word, or a list of them of which one is null
		Format      string                    `json:"format"`
		Description string                    `json:"description"`
		Enum        []any                     `json:"enum"`
		Items       *openAPISchema            `json:"items"`
		Properties  map[string]*openAPISchema `json:"properties"`
		Required    []string                  `json:"required"`
	}
)

// operations returns what the API can do, sorted by id.
func operations() ([]operation, error) {
	data, err := api.Describe(version)
	if err != nil {
		return nil, err
	}
	var doc openAPI
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("read the API's description: %w", err)
	}
	var list []operation
	for path, methods := range doc.Paths {
		for method, o := range methods {
			if slices.Contains(o.Tags, "session") && method != "get" { // for browsers; a password is no argument
				continue
			}
			list = append(list, doc.operation(strings.ToUpper(method), strings.TrimPrefix(path, "/api/v1"), o))
		}
	}
	slices.SortFunc(list, func(a, b operation) int { return strings.Compare(a.id, b.id) })
	return list, nil
}

func (d *openAPI) operation(method, path string, o *openAPIOperation) operation {
	out := operation{id: o.ID, method: method, path: path, summary: o.Summary, permission: o.Permission}
	if len(o.Tags) > 0 {
		out.tag = o.Tags[0]
	}
	for status, r := range o.Responses {
		for media := range r.Content {
			if strings.HasPrefix(status, "2") {
				out.media = media
			}
		}
	}
	for _, p := range o.Parameters {
		if p.In == "path" || p.In == "query" {
			in := d.input(p.Name, p.In, p.Schema, p.Required)
			if p.Description != "" {
				in.about = p.Description
			}
			out.inputs = append(out.inputs, in)
		}
	}
	slices.SortStableFunc(out.inputs, func(a, b input) int { return strings.Compare(a.in, b.in) }) // path before query
	if o.Body != nil {
		body := d.resolve(o.Body.Content["application/json"].Schema)
		for _, name := range bodyOrder(body) {
			if name != "$schema" {
				out.inputs = append(out.inputs, d.input(name, "body", body.Properties[name], slices.Contains(body.Required, name)))
			}
		}
	}
	return out
}

// bodyOrder is required properties as the schema lists them, then the others
// by name.
func bodyOrder(s *openAPISchema) []string {
	if s == nil {
		return nil
	}
	names := slices.Clone(s.Required)
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func (d *openAPI) resolve(s *openAPISchema) *openAPISchema {
	for range 8 {
		if s == nil || s.Ref == "" {
			break
		}
		s = d.Components.Schemas[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]]
	}
	return s
}

func (d *openAPI) input(name, in string, s *openAPISchema, required bool) input {
	out := input{name: name, in: in, required: required, kind: "string"}
	if s = d.resolve(s); s == nil {
		return out
	}
	out.kind, out.about, out.moment = s.kind(), s.Description, s.Format == "date-time"
	item := s
	if items := d.resolve(s.Items); out.kind == "array" && items != nil {
		out.many = items.kind() != "object" && items.kind() != "array"
		item = items
	}
	for _, e := range item.Enum {
		out.enum = append(out.enum, fmt.Sprint(e))
	}
	return out
}

func (s *openAPISchema) kind() string {
	switch t := s.Type.(type) {
	case string:
		return t
	case []any:
		for _, one := range t {
			if one != "null" {
				return fmt.Sprint(one)
			}
		}
	}
	return "string"
}
