package main

import (
	"fmt"
	"go/ast"
	"strings"
)

// readOperation reads an older client's operation: its input's members and all
// that its output holds.
func (s *service) readOperation(op string) error {
	var prefix string
	for code, p := range protocols {
		if p == s.protocol && !strings.Contains(code, ".") {
			prefix = code
		}
	}
	handle := s.funcs[prefix+"_deserializeOp"+op+".HandleDeserialize"]
	if handle == nil {
		return fmt.Errorf("no deserialiser")
	}
	out := op + "Output"
	t := s.typeOf(false, out)
	for _, name := range calls(handle) {
		fn := s.funcs[name]
		switch {
		case fn == nil || t == nil:
		case strings.Contains(name, "_deserializeOpHttpBindings"):
			s.readHeaders(t, fn)
		case strings.Contains(name, "_deserializeOpDocument") && selector(fn.Type.Params.List[1].Type) == "io.ReadCloser":
			t.fields = append(t.fields, field{name: member(fn.Body, "v"), in: "payload", wire: "-"})
		case strings.Contains(name, "_deserializeOpDocument"):
			s.readStruct(t, fn)
		case strings.Contains(name, "_deserializeDocument"):
			f := field{name: payloadField(handle, name), in: "payload"}
			f.wire = strings.TrimPrefix(name[strings.Index(name, "_"):], "_deserializeDocument")
			s.readValue(&f, fn, false)
			t.fields = append(t.fields, f)
		}
	}
	return s.readInput(prefix, op)
}

// payloadField returns F of the call f(&output.F, …).
func payloadField(fn *ast.FuncDecl, name string) string {
	field := ""
	ast.Inspect(fn, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok && callee(c) == name {
			field = member(c.Args[0], "output")
		}
		return true
	})
	return field
}

// typeOf returns a new type, or nil if it has been read.
func (s *service) typeOf(input bool, name string) *typ {
	if s.types[input][name] != nil {
		return nil
	}
	t := &typ{}
	s.types[input][name] = t
	return t
}

func (s *service) add(t *typ, input bool, f field) {
	if f.in == "" {
		if startsLower(f.wire) {
			s.lower[input]++
		} else {
			s.lower[input]--
		}
	}
	t.fields = append(t.fields, f)
}

// readHeaders reads the members that an answer carries in headers or as its
// status.
func (s *service) readHeaders(t *typ, fn *ast.FuncDecl) {
	for _, stmt := range fn.Body.List {
		f := field{name: member(stmt, "v"), in: "header", time: timeFormat(stmt)}
		if f.name == "" {
			continue
		}
		ast.Inspect(stmt, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			switch callee(c) {
			case "response.Header.Values":
				f.wire = literal(c.Args[0])
			case "strings.EqualFold":
				f.in, f.wire = "prefix", literal(c.Args[1])
			}
			return true
		})
		if f.wire == "" {
			f.in, f.wire = "status", "-"
		}
		t.fields = append(t.fields, f)
	}
}

// readStruct reads the members of a structure or union from the cases that its
// deserialiser tells apart by their names on the wire.
func (s *service) readStruct(t *typ, fn *ast.FuncDecl) {
	ast.Inspect(fn, func(n ast.Node) bool {
		c, ok := n.(*ast.CaseClause)
		if !ok || len(c.List) != 1 {
			return true
		}
		f := field{wire: literal(c.List[0]), time: timeFormat(c)}
		if call, ok := c.List[0].(*ast.CallExpr); ok && callee(call) == "strings.EqualFold" {
			f.wire = literal(call.Args[0])
			if selector(call.Args[1]) == "name" {
				f.in = "attr"
			}
		}
		if f.wire == "" {
			return true
		}
		inner := firstCall(c, "_deserializeDocument")
		variant := variantName(c)
		if f.name = member(c, "sv"); variant != "" {
			f.name = "Value"
		}
		if f.name == "" {
			return true
		}
		s.readValue(&f, s.funcs[inner], strings.HasSuffix(inner, "Unwrapped"))
		if variant == "" {
			s.add(t, false, f)
		} else if u := s.typeOf(false, variant); u != nil {
			s.add(u, false, f)
		}
		return false
	})
}

// variantName returns the union's member type that a case makes, or "".
func variantName(c *ast.CaseClause) string {
	name := ""
	ast.Inspect(c, func(n ast.Node) bool {
		lit, ok := n.(*ast.CompositeLit)
		if ok && strings.Contains(selector(lit.Type), "Member") && strings.HasPrefix(selector(lit.Type), "types.") {
			name = strings.TrimPrefix(selector(lit.Type), "types.")
		}
		return true
	})
	return name
}

// readValue reads what a deserialiser says of the value that it fills: a
// structure's members, a list's or map's names and what they hold.
func (s *service) readValue(f *field, fn *ast.FuncDecl, flat bool) {
	if fn == nil {
		return
	}
	f.flat = flat
	switch target := fn.Type.Params.List[0].Type.(*ast.StarExpr).X.(type) {
	case *ast.StarExpr: // **types.T
		if name, ok := strings.CutPrefix(selector(target.X), "types."); ok {
			if t := s.typeOf(false, name); t != nil {
				s.readStruct(t, fn)
			}
		}
	case *ast.SelectorExpr: // a union
		s.readStruct(&typ{}, fn)
	case *ast.ArrayType:
		s.readList(f, fn, flat)
	case *ast.MapType:
		s.readMap(f, fn, flat)
	}
}

func (s *service) readList(f *field, fn *ast.FuncDecl, flat bool) {
	if f.time == "" {
		f.time = timeFormat(fn)
	}
	if !flat {
		f.item = equalFold(fn)
	}
	inner := firstCall(fn, "_deserializeDocument")
	element := field{}
	s.readValue(&element, s.funcs[inner], false)
	if element.item != "" {
		f.item += "/" + element.item
	}
}

func (s *service) readMap(f *field, fn *ast.FuncDecl, flat bool) {
	if f.time == "" {
		f.time = timeFormat(fn)
	}
	body := fn
	if u := s.funcs[fn.Name.Name+"Unwrapped"]; u != nil && !flat {
		body = u
	}
	if names := equalFolds(body); len(names) == 2 {
		f.key, f.value = names[0], names[1]
	}
	element := field{}
	for _, name := range calls(body) {
		if strings.Contains(name, "_deserializeDocument") && name != fn.Name.Name && name != body.Name.Name {
			s.readValue(&element, s.funcs[name], false)
		}
	}
	if element.item != "" {
		f.item = element.item
	}
}

func equalFold(fn *ast.FuncDecl) string {
	if names := equalFolds(fn); len(names) > 0 {
		return names[0]
	}
	return ""
}

func equalFolds(fn *ast.FuncDecl) []string {
	var out []string
	ast.Inspect(fn, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok && callee(c) == "strings.EqualFold" {
			out = append(out, literal(c.Args[0]))
		}
		return true
	})
	return out
}
