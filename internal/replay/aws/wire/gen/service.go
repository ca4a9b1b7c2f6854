package main

import (
	"fmt"
	"go/ast"
	"io"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
)

// A service is one client's package as it was read.
type service struct {
	name     string
	protocol string
	signing  string // name in the signing scope
	target   string // X-Amz-Target's or CBOR path's service, or a query's version
	compat   bool   // answers errors' query codes in a header too
	schemas  bool   // carries schemas
	funcs    map[string]*ast.FuncDecl
	http     map[string][2]string     // operation → method, URI
	types    map[bool]map[string]*typ // input? → type's name → its members
	lower    map[bool]int             // input? → how many more names begin in lower case
	seen     map[string]bool          // serialisers of lists and maps that were read
}

// A typ is a struct or union variant on the wire.
type typ struct {
	fields []field
}

// A field is what is on the wire of one member.
type field struct {
	name, wire string
	in         string // where, if not the body: header, prefix, query, params, label, payload, attr, status
	time       string
	flat       bool
	item       string
	key, value string
}

func load(name, dir string) (*service, error) {
	files, err := parseDir(dir)
	if err != nil {
		return nil, err
	}
	s := &service{name: name, funcs: map[string]*ast.FuncDecl{}, http: map[string][2]string{},
		types: map[bool]map[string]*typ{false: {}, true: {}}, lower: map[bool]int{}, seen: map[string]bool{}}
	for _, f := range files {
		s.index(f)
	}
	if s.schemas {
		schemas, err := parseDir(filepath.Join(dir, "schemas"))
		if err != nil {
			return nil, err
		}
		for _, f := range schemas {
			s.readSchemas(f)
		}
	}
	if s.protocol == "" || s.signing == "" {
		return nil, fmt.Errorf("%s: protocol %q, signing name %q", name, s.protocol, s.signing)
	}
	return s, nil
}

// protocols maps how a client's code names its protocol to what we call it.
var protocols = map[string]string{
	"awsRestjson1": "restjson", "awsRestxml": "restxml", "awsEc2query": "ec2query", "awsAwsquery": "awsquery",
	"awsAwsjson10": "json10", "awsAwsjson11": "json11",
	"restjson1.New": "restjson", "restxml.New": "restxml", "ec2query.New": "ec2query", "awsquery.New": "awsquery",
	"awsjson.New10": "json10", "awsjson.New11": "json11", "rpcv2.New": "cbor", "rpcv2.NewCBOR": "cbor",
}

var operationSerializer = regexp.MustCompile(`^(\w+)_serializeOp(\w+)$`)

func (s *service) index(f *ast.File) {
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		name := fn.Name.Name
		if recv := receiver(fn); recv != "" {
			name = recv + "." + name
		}
		s.funcs[name] = fn
		if m := operationSerializer.FindStringSubmatch(receiver(fn)); m != nil && fn.Name.Name == "HandleSerialize" {
			s.protocol = protocols[m[1]]
			s.readSerializer(m[2], fn)
		}
		ast.Inspect(fn, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			name := callee(call)
			if p := protocols[name]; p != "" {
				s.protocol, s.schemas = p, true
			}
			if strings.HasSuffix(name, ".SetSigV4SigningName") && len(call.Args) == 2 && s.signing == "" {
				s.signing = literal(call.Args[1])
			}
			return true
		})
	}
	ast.Inspect(f, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if ok && v.Names[0].Name == "ServiceAPIVersion" && s.target == "" {
			s.target = literal(v.Values[0])
		}
		return true
	})
}

// readSerializer reads an operation's method, path and target from an older
// client's serialiser.
func (s *service) readSerializer(op string, fn *ast.FuncDecl) {
	var method, uri string
	ast.Inspect(fn, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if selector(n.Lhs[0]) == "request.Method" {
				method = literal(n.Rhs[0])
			}
		case *ast.CallExpr:
			if callee(n) == "httpbinding.SplitURI" {
				uri = literal(n.Args[0])
			}
			inner, _ := ast.Unparen(funcX(n)).(*ast.CallExpr)
			if inner != nil && len(inner.Args) == 1 && literal(inner.Args[0]) == "X-Amz-Target" {
				s.target, _, _ = strings.Cut(literal(n.Args[0]), ".")
			}
		}
		return true
	})
	if uri != "" {
		s.http[op] = [2]string{method, uri}
	}
}

// readSchemas reads the service's name and the operations' HTTP traits.
func (s *service) readSchemas(f *ast.File) {
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		call, _ := spec.Values[0].(*ast.CallExpr)
		if call == nil {
			return true
		}
		text := composites(call)
		if len(call.Args) > 1 && selector(call.Args[1]) == "smithy.ShapeTypeService" {
			if s.protocol != "awsquery" {
				s.target = text["ShapeID.Name"]
			}
			_, s.compat = text["AWSQueryCompatible"]
		}
		if text["HTTP.URI"] != "" {
			s.http[text["ShapeID.Name"]] = [2]string{text["HTTP.Method"], text["HTTP.URI"]}
		}
		return true
	})
}

// composites returns the literal fields of the composite literals below n, as
// Type.Field, and the types themselves.
func composites(n ast.Node) map[string]string {
	out := map[string]string{}
	ast.Inspect(n, func(n ast.Node) bool {
		lit, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		t := selector(lit.Type)
		t = t[strings.LastIndex(t, ".")+1:]
		out[t] = ""
		for _, e := range lit.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				out[t+"."+selector(kv.Key)] = literal(kv.Value)
			}
		}
		return true
	})
	return out
}

func (s *service) write(w io.Writer, ops []string) error {
	var lines []string
	for _, op := range ops {
		line := "op " + op
		if h, ok := s.http[op]; ok {
			line += " " + h[0] + " " + h[1]
		} else if strings.HasPrefix(s.protocol, "rest") {
			return fmt.Errorf("%s: no such operation", op)
		}
		lines = append(lines, line)
		if !s.schemas {
			if err := s.readOperation(op); err != nil {
				return fmt.Errorf("%s: %w", op, err)
			}
		}
	}
	target := s.target
	if strings.HasPrefix(s.protocol, "rest") {
		target = "-"
	}
	flags := ""
	if s.schemas {
		flags += " schemas"
	}
	if s.compat {
		flags += " compat"
	}
	for _, input := range []bool{true, false} {
		if s.lower[input] > 0 {
			flags += map[bool]string{true: " lowerin", false: " lowerout"}[input]
		}
	}
	fmt.Fprintf(w, "service %s %s %s %s%s\n", s.name, s.protocol, s.signing, target, flags)
	for _, l := range lines {
		fmt.Fprintln(w, l)
	}
	for _, input := range []bool{true, false} {
		for _, name := range sortedKeys(s.types[input]) {
			s.writeType(w, input, name)
		}
	}
	return nil
}

// writeType writes the members that differ from the service's habit.
func (s *service) writeType(w io.Writer, input bool, name string) {
	t := s.types[input][name]
	var lines []string
	for _, f := range t.fields {
		if l := f.line(s.lower[input] > 0, input, s.protocol); l != "" {
			lines = append(lines, l)
		}
	}
	if len(lines) == 0 {
		return
	}
	sort.Strings(lines)
	word := "type"
	if input {
		word = "input"
	}
	fmt.Fprintln(w, word, name)
	for _, l := range lines {
		fmt.Fprintln(w, " "+l)
	}
}

func (f field) line(lower, input bool, protocol string) string {
	wire := f.name
	if lower {
		wire = lowerFirst(f.name)
	}
	item := "member"
	if protocol == "ec2query" {
		item = "item"
	}
	var attrs []string
	add := func(name, value, habit string) {
		if value != habit && value != "" {
			attrs = append(attrs, name+"="+value)
		}
	}
	add("in", f.in, "")
	add("item", f.item, item)
	add("key", f.key, "key")
	add("value", f.value, "value")
	habit := "date-time"
	if strings.Contains(protocol, "json") {
		habit = "epoch-seconds"
	}
	if f.in == "header" {
		habit = "http-date"
	}
	add("time", f.time, habit)
	if f.flat {
		attrs = append(attrs, "flat")
	}
	if wire == f.wire && len(attrs) == 0 {
		return ""
	}
	return strings.Join(append([]string{f.name, f.wire}, attrs...), " ")
}
