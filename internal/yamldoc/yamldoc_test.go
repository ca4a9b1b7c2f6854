package yamldoc

import (
	"strings"
	"testing"

	"github.com/bulwarksec/bulwark"
)

func one(t *testing.T, in string, opts Options) bulwark.Value {
	t.Helper()
	vs, err := Decode([]byte(in), opts)
	if err != nil || len(vs) != 1 {
		t.Fatalf("Decode(%q) = %v, %v, want one value", in, vs, err)
	}
	return vs[0]
}

func TestDecode(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"scalars", "[a, 'true', true, null, ~, 1, 1.5, 0777, 0o17, 0x1f, yes, 2024-01-01, '']", `["a","true",true,null,null,1,1.5,511,15,31,"yes","2024-01-01",""]`},
		{"wide", "[18446744073709551616, .inf, .nan]", `[1.8446744073709552e+19,".inf",".nan"]`},
		{"keys", "{1: a, true: b, x: c}", `{"1":"a","true":"b","x":"c"}`},
		{"alias", "a: &x {b: 1}\nc: *x\n", `{"a":{"b":1},"c":{"b":1}}`},
		{"merge", "a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  b: 3\n", `{"a":{"b":1,"c":2},"d":{"c":2,"b":3}}`},
		{"block", "a: |\n  one\n  two\n", `{"a":"one\ntwo\n"}`},
		{"last_wins", "{a: 1, b: 2, a: 3}", `{"b":2,"a":3}`},
		{"unknown_tag", "a: !custom x", `{"a":"x"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := one(t, tt.in, Options{}).String(); got != tt.want {
				t.Errorf("Decode(%q) = %s, want %s", tt.in, got, tt.want)
			}
		})
	}
}

func TestDecodeMarksAndTags(t *testing.T) {
	v := one(t, "a: !unknown denied by policy\nb: !GetAtt x.y\n", Options{Marks: true, Tag: func(tag string) string {
		if tag == "!GetAtt" {
			return "Fn::GetAtt"
		}
		return ""
	}})
	if got := v.Get("a").Reason(); got != "denied by policy" {
		t.Errorf("reason of a = %q, want %q", got, "denied by policy")
	}
	if got, want := v.Get("b").String(), `{"Fn::GetAtt":"x.y"}`; got != want {
		t.Errorf("b = %s, want %s", got, want)
	}
}

func TestDecodePositions(t *testing.T) {
	v := one(t, "a: 1\nb:\n  c: |\n    x\n    y\n  d: [1,\n    2]\n", Options{File: "f.yaml", Line: 10})
	tests := []struct {
		path      []string
		line, end int
	}{
		{[]string{"a"}, 11, 11},
		{[]string{"b"}, 13, 17},
		{[]string{"b", "c"}, 13, 15},
		{[]string{"b", "d"}, 16, 17},
	}
	for _, tt := range tests {
		if p := v.At(tt.path...).Position(); p.File != "f.yaml" || p.Line != tt.line || p.EndLine != tt.end {
			t.Errorf("position of %v = %s to %d, want f.yaml:%d to %d", tt.path, p, p.EndLine, tt.line, tt.end)
		}
	}
}

func TestDecodeDocuments(t *testing.T) {
	vs, err := Decode([]byte("a: 1\n---\nb: 2\n---\nc: [\n"), Options{})
	if len(vs) != 2 || err == nil || !strings.Contains(err.Error(), "line ") {
		t.Errorf("Decode = %v, %v, want two values and an error with a line", vs, err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i < 12; i++ {
		p := "*a" + string(rune('0'+(i-1)%10))
		if i > 10 {
			p = "*b"
		}
		name := "a" + string(rune('0'+i%10))
		if i == 10 {
			name = "b"
		}
		bomb.WriteString(name + ": &" + name + " [" + strings.Repeat(p+",", 9) + p + "]\n")
	}
	tests := []struct {
		name, in, want string
		opts           Options
	}{
		{"bomb", bomb.String(), "nodes", Options{Limits: bulwark.Limits{Nodes: 100_000}}},
		{"deep_flow", strings.Repeat("[", 9000), "", Options{}},
		{"deep_block", strings.Repeat("- ", 2000) + "x", "deeper than", Options{}},
		{"self_reference", "&a [*a]", "", Options{}},
		{"repeated_key", "a: 1\nb: 2\na: 3\n", `line 3: key "a" stands on line 1`, Options{Strict: true}},
		{"large", strings.Repeat("a", 100), "more than 10", Options{Limits: bulwark.Limits{Bytes: 10}}},
		{"key_is_a_list", "? [a]\n: 1\n", "key that is a list", Options{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Decode([]byte(tt.in), tt.opts)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Decode = %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"a: &x {b: 1}\nc: *x\n", "<<: [{a: 1}]\n", "- !unknown x\n- |\n  y\n", "a: 1\n---\n...\n", "? a\n: b\n", "&a [*a]", "0x_1"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		vs, err := Decode(data, Options{File: "f", Marks: true, Limits: bulwark.Limits{Bytes: 1 << 16, Depth: 64, Nodes: 10_000}})
		for _, v := range vs {
			back, err := bulwark.DecodeJSON(bulwark.AppendJSON(nil, v), bulwark.DecodeOptions{Marks: true})
			if err != nil || !bulwark.Equal(v, back) {
				t.Fatalf("as JSON, %s reads back as %s, %v", v, back, err)
			}
		}
		_ = err
	})
}
