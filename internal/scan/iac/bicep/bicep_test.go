package bicep

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/bulwarksec/bulwark/internal/scan/iac/tf"
)

// read lowers the first of some files.
func read(t *testing.T, files map[string]string) *Template {
	t.Helper()
	out, err := Read("main.bicep", func(name string) ([]byte, error) {
		text, ok := files[name]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return []byte(text), nil
	})
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	return out
}

// show is a value as templates write it.
func show(n *tf.Node) string {
	var parts []string
	switch n.Kind {
	case tf.String:
		return n.Text
	case tf.Object:
		for _, f := range n.Fields {
			parts = append(parts, f.Name+": "+show(f.Value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case tf.List:
		for _, item := range n.Items {
			parts = append(parts, show(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case tf.Bool:
		return fmt.Sprint(n.Bool)
	case tf.Number:
		return n.Number.Text('f', -1)
	}
	return n.Kind.String()
}

func TestExpressions(t *testing.T) {
	const before = "param p string\nvar v = 1\nresource s 'A.B/c@2024-01-01' = {\n  name: 'n'\n  resource k 'd' = { name: 'm' }\n}\n" +
		"resource many 'A.B/c@2024-01-01' = [for i in range(0, 2): { name: 'm${i}' }]\nmodule m 'm.bicep' = { name: 'm' }\n"
	tests := []struct{ bicep, want string }{
		{`'plain'`, "plain"},
		{`'[x]'`, "[[x]"},
		{`'it\'s \${x} \u{e9}'`, "it's ${x} é"},
		{`'a${p}b{}${v}'`, "[format('a{0}b{{}}{1}', parameters('p'), variables('v'))]"},
		{`'${'in ${p}'}'`, "[format('{0}', format('in {0}', parameters('p')))]"},
		{"'''\nx ${y}\n'''", "x ${y}\n"},
		{`-1 + 2 * 3`, "[add(-1, mul(2, 3))]"},
		{`(1 + 2) * 3`, "[mul(add(1, 2), 3)]"},
		{`1 - 2 - 3`, "[sub(sub(1, 2), 3)]"},
		{`!true || p == 'x' && v != 2`, "[or(not(true()), and(equals(parameters('p'), 'x'), not(equals(variables('v'), 2))))]"},
		{`p =~ 'X'`, "[equals(toLower(parameters('p')), toLower('X'))]"},
		{`v > 1 ? 'a' : v >= 0 ? 'b' : 'c'`, "[if(greater(variables('v'), 1), 'a', if(greaterOrEquals(variables('v'), 0), 'b', 'c'))]"},
		{"v > 1\n  ? 'a'\n  : 'b'", "[if(greater(variables('v'), 1), 'a', 'b')]"},
		{"v > 1 &&\n  p != ''", "[and(greater(variables('v'), 1), not(equals(parameters('p'), '')))]"},
		{`p.?a.b[0]['c-d'] ?? 'x'`, "[coalesce(tryGet(parameters('p'), 'a').b[0]['c-d'], 'x')]"},
		{`p[?0]!.x`, "[tryGet(parameters('p'), 0).x]"},
		{`[1, 'a', p]`, "[1, a, [parameters('p')]]"},
		{"[\n  1\n  ...p\n]", "[concat(createArray(1), parameters('p'), createArray())]"},
		{`{ a: 1, 'b-c': { d: [] } }`, "{a: 1, b-c: {d: []}}"},
		{`{ ...p, a: 1 }`, "[union(createObject(), parameters('p'), createObject('a', 1))]"},
		{`az.resourceGroup().location`, "[resourceGroup().location]"},
		{`s.id`, "[symbolicId('A.B/c', 's')]"},
		{`s.name`, "['n']"},
		{`s::k.id`, "[symbolicId('A.B/c/d', 'k')]"},
		{`s.properties.x`, "[reference(symbolicId('A.B/c', 's')).properties.x]"},
		{`s.listKeys().keys[0].value`, "[listKeys(symbolicId('A.B/c', 's')).keys[0].value]"},
		{`many[1].id`, "[symbolicId('A.B/c', format('many[{0}]', 1))]"},
		{`m.outputs.x`, "[reference('module.m').outputs.x]"},
		{`map(p, x => x.y)`, "[map(parameters('p'), lambda())]"},
		{`reduce(p, 0, (a, b) => a + b)`, "[reduce(parameters('p'), 0, lambda())]"},
		{`nowhere`, "[variables('nowhere')]"},
		{`[for x in p: { a: x.b }]`, "{$copy: {name: loopa, count: [length(parameters('p'))], input: {a: [parameters('p')[copyIndex('loopa')].b]}}}"},
		{`[for (x, i) in p: [for y in x: i]]`, "{$copy: {name: loopa, count: [length(parameters('p'))], input: {$copy: {name: loopc, " +
			"count: [length(parameters('p')[copyIndex('loopa')])], input: [copyIndex('loopa')]}}}}"},
	}
	for _, tt := range tests {
		out := read(t, map[string]string{"main.bicep": before + "var it = " + tt.bicep + "\n", "m.bicep": ""})
		if len(out.Gaps) > 0 {
			t.Errorf("%s: %v", tt.bicep, out.Gaps)
			continue
		}
		if got := show(out.Root.At("variables", "it")); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.bicep, got, tt.want)
		}
	}
}

// TestBounds reads what would take forever or overflow.
func TestBounds(t *testing.T) {
	var names strings.Builder // each name is twice the one before
	names.WriteString("resource r0 'A.B/c@2024-01-01' = { name: 'x' }\n")
	for i := range 80 {
		fmt.Fprintf(&names, "resource r%d 'A.B/c@2024-01-01' = { name: '${r%d.name}${r%d.name}' }\n", i+1, i, i)
	}
	files := map[string]string{"main.bicep": "module m0 'm0.bicep' = { name: 'm' }\n"}
	for i := range 40 {
		files[fmt.Sprintf("m%d.bicep", i)] = fmt.Sprintf("module m%d 'm%d.bicep' = { name: 'm' }\n", i+1, i+1)
	}
	tests := []struct {
		name  string
		files map[string]string
		why   string
	}{
		{"parentheses", map[string]string{"main.bicep": "var x = " + strings.Repeat("(", 100_000)}, "too deep"},
		{"negations", map[string]string{"main.bicep": "var x = " + strings.Repeat("!", 100_000) + "true"}, "too deep"},
		{"members", map[string]string{"main.bicep": "var x = a" + strings.Repeat(".b", 100_000)}, "too deep"},
		{"objects", map[string]string{"main.bicep": "var x = " + strings.Repeat("{a:", 100_000)}, "too deep"},
		{"texts", map[string]string{"main.bicep": "var x = " + strings.Repeat("'${", 100_000)}, "no end"},
		{"sums", map[string]string{"main.bicep": "var x = 1" + strings.Repeat(" + 1", 100_000)}, "too deep"},
		{"mistakes", map[string]string{"main.bicep": strings.Repeat("type x = {\n", 10_000)}, "too many mistakes"},
		{"doubling names", map[string]string{"main.bicep": names.String()}, ""},
		{"modules", files, "too many modules"},
		{"outside", map[string]string{"main.bicep": "module m '../../etc/x.bicep' = { name: 'm' }\n"}, "not a file of the tree"},
	}
	for _, tt := range tests {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			out := read(t, tt.files)
			found := tt.why == ""
			for _, g := range out.Gaps {
				found = found || strings.Contains(g.Why, tt.why)
			}
			if !found {
				t.Errorf("no gap says %q: %v", tt.why, out.Gaps[:min(len(out.Gaps), 3)])
			}
			out.Root.Walk(func(path string, n *tf.Node) bool {
				if len(n.Text) > 2*maxText {
					t.Errorf("%s has %d bytes", path, len(n.Text))
				}
				return true
			})
		})
	}
}

func TestReadError(t *testing.T) {
	if _, err := Read("main.bicep", func(string) ([]byte, error) { return nil, fs.ErrPermission }); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("Read = %v, want %v", err, fs.ErrPermission)
	}
}
