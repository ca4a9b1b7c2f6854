package main

import (
	"go/ast"
	"strings"
)

// readInput reads an operation's input from its serialisers: where each member
// of the request goes and under which name.
func (s *service) readInput(prefix, op string) error {
	t := s.typeOf(true, op+"Input")
	if t == nil {
		return nil
	}
	for _, kind := range []string{"HttpBindings", "Document"} {
		if fn := s.funcs[prefix+"_serializeOp"+kind+op+"Input"]; fn != nil {
			s.readMembers(t, fn)
		}
	}
	return nil
}

// readMembers reads the statements "if v.X is set, write it as …".
func (s *service) readMembers(t *typ, fn *ast.FuncDecl) {
	for _, stmt := range fn.Body.List {
		branch, ok := stmt.(*ast.IfStmt)
		if !ok {
			stmt, isBlock := stmt.(*ast.BlockStmt)
			if !isBlock || len(stmt.List) == 0 {
				continue
			}
			branch = &ast.IfStmt{Cond: &ast.BadExpr{}, Body: stmt}
		}
		f := field{name: member(branch.Cond, "v")}
		if f.name == "" {
			f.name = member(branch.Body, "v")
		}
		if f.name == "" || !place(&f, branch.Body) {
			continue
		}
		s.add(t, true, f)
		s.readNested(branch.Body)
	}
}

// place finds how a member is written.
func place(f *field, body ast.Node) bool {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if selector(n.Lhs[0]) == "locationName" {
				f.in, f.wire = "header", literal(n.Rhs[0])
			}
		case *ast.KeyValueExpr:
			if selector(n.Key) == "Local" && f.wire == "" {
				f.wire = literal(n.Value)
			}
		case *ast.CallExpr:
			sel, ok := n.Fun.(*ast.SelectorExpr)
			if !ok || len(n.Args) != 1 {
				return true
			}
			arg := literal(n.Args[0])
			if arg == "" || f.wire != "" {
				return true
			}
			switch sel.Sel.Name {
			case "SetQuery", "AddQuery":
				f.in, f.wire = "query", arg
			case "SetURI":
				f.in, f.wire = "label", arg
			case "SetHeader", "AddHeader":
				f.in, f.wire = "header", arg
			case "Headers":
				f.in, f.wire = "prefix", arg
			case "Key", "FlatKey":
				f.wire = arg
			}
		}
		return true
	})
	return f.wire != ""
}

// readNested reads the structures that a member holds.
func (s *service) readNested(n ast.Node) {
	for _, name := range calls(n) {
		fn := s.funcs[name]
		if fn == nil || !strings.Contains(name, "_serializeDocument") {
			continue
		}
		if star, ok := fn.Type.Params.List[0].Type.(*ast.StarExpr); ok {
			if t := s.typeOf(true, strings.TrimPrefix(selector(star.X), "types.")); t != nil {
				s.readMembers(t, fn)
			}
			continue
		}
		if !s.seen[name] {
			s.seen[name] = true
			s.readNested(fn.Body)
		}
	}
}
