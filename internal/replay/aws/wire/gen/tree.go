package main

import (
	"go/ast"
	"go/token"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// receiver returns the name of a method's receiver type, or "".
func receiver(fn *ast.FuncDecl) string {
	if fn.Recv == nil || len(fn.Recv.List) == 0 {
		return ""
	}
	t := fn.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	return selector(t)
}

// selector returns a, or a.b, of an identifier or selector; else "".
func selector(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		if x := selector(e.X); x != "" {
			return x + "." + e.Sel.Name
		}
	}
	return ""
}

func callee(c *ast.CallExpr) string { return selector(c.Fun) }

// funcX returns x of a call x.f(…).
func funcX(c *ast.CallExpr) ast.Expr {
	if sel, ok := c.Fun.(*ast.SelectorExpr); ok {
		return sel.X
	}
	return nil
}

// literal returns the string of a string literal, or "".
func literal(e ast.Expr) string {
	if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
		s, _ := strconv.Unquote(l.Value)
		return s
	}
	return ""
}

// calls returns the names of the functions called below n, in order.
func calls(n ast.Node) []string {
	var out []string
	ast.Inspect(n, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok {
			if name := callee(c); name != "" {
				out = append(out, name)
			}
		}
		return true
	})
	return out
}

// member returns the first X of x.X below n, for an x of the names.
func member(n ast.Node, names ...string) string {
	found := ""
	ast.Inspect(n, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok || found != "" {
			return found == ""
		}
		for _, name := range names {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == name {
				found = sel.Sel.Name
			}
		}
		return true
	})
	return found
}

// firstCall returns the first function called below n whose name has the part.
func firstCall(n ast.Node, part string) string {
	for _, name := range calls(n) {
		if strings.Contains(name, part) {
			return name
		}
	}
	return ""
}

// timeFormat returns the format of the timestamp that is parsed below n.
func timeFormat(n ast.Node) string {
	for _, name := range calls(n) {
		switch name {
		case "smithytime.ParseDateTime":
			return "date-time"
		case "smithytime.ParseEpochSeconds":
			return "epoch-seconds"
		case "smithytime.ParseHTTPDate", "deserializeS3Expires":
			return "http-date"
		}
	}
	return ""
}

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}

func startsLower(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLower(r)
}
