package bulwark

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
)

// testNames are the names that a type file of a Deployment would list.
var testNames = NewNames(strings.Fields(`apiVersion kind metadata name namespace generation creationTimestamp labels annotations spec replicas selector matchLabels strategy type rollingUpdate maxSurge maxUnavailable template serviceAccountName automountServiceAccountToken securityContext runAsUser fsGroup initContainers image imagePullPolicy ports containerPort protocol env value valueFrom configMapKeyRef key resources limits cpu memory requests allowPrivilegeEscalation readOnlyRootFilesystem runAsNonRoot capabilities drop seccompProfile livenessProbe httpGet path port periodSeconds readinessProbe volumeMounts mountPath containers volumes emptyDir terminationGracePeriodSeconds dnsPolicy restartPolicy status readyReplicas observedGeneration conditions reason lastTransitionTime`))

func decode(t testing.TB, s string, opts DecodeOptions) Value {
	t.Helper()
	v, err := DecodeJSON([]byte(s), opts)
	if err != nil {
		t.Fatalf("DecodeJSON(%s): %v", s, err)
	}
	return v
}

func TestDecodeJSON(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"scalars", `[true,false,null,0,-1,1.5,"a"]`, `[true,false,null,0,-1,1.5,"a"]`},
		{"wide_integers", `[9223372036854775807,-9223372036854775808,576460752303423488,-576460752303423489,4611686018427387904]`, `[9223372036854775807,-9223372036854775808,576460752303423488,-576460752303423489,4611686018427387904]`},
		{"beyond_int64", `[18446744073709551616]`, `[1.8446744073709552e+19]`},
		{"exponent", `[1e3,-2.5E-1]`, `[1000.0,-0.25]`},
		{"nested", `{"metadata":{"name":"x","other":[{},[]]},"zz":1}`, `{"metadata":{"name":"x","other":[{},[]]},"zz":1}`},
		{"escapes", `"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"`, `"\"\\/\u0008\u000c\n\r\té😀"`},
		{"lone_surrogates", `"\ud800x\udc00"`, `"` + "\uFFFDx\uFFFD" + `"`},
		{"not_utf8", "\"a\xffb\"", `"a` + "\uFFFD" + `b"`},
		{"repeated_keys_last_wins", `{"name":1,"a":2,"name":3,"a":4}`, `{"name":3,"a":4}`},
		{"dollar_key", `{"$unknown":"x"}`, `{"$$unknown":"x"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := decode(t, tt.in, DecodeOptions{Names: testNames}).String(); got != tt.want {
				t.Errorf("DecodeJSON(%s) = %s, want %s", tt.in, got, tt.want)
			}
		})
	}
}

func TestDecodeJSONRefuses(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"empty", ``, "line 1: unexpected end"},
		{"truncated", "{\n\"a\": [1,\n", "line 3: unexpected end"},
		{"two_values", `1 2`, "after the value"},
		{"leading_zero", `01`, "malformed number"},
		{"bare_word", `nul`, "unexpected"},
		{"missing_colon", `{"a" 1}`, "colon"},
		{"trailing_comma", `{"a":1,}`, "key"},
		{"control_character", "\"a\nb\"", "control character"},
		{"bad_escape", `"\x"`, "escape"},
		{"deep", strings.Repeat("[", 10000), "nested deeper than 512"},
		{"mismatched", `[1}`, "unexpected"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := DecodeJSON([]byte(tt.in), DecodeOptions{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("DecodeJSON(%.20s) = %v, want an error with %q", tt.in, err, tt.want)
			}
		})
	}
}

func TestGet(t *testing.T) {
	v := decode(t, `{"spec":{"containers":[{"name":"a","x":7}]},"own":{"k":true}}`, DecodeOptions{Names: testNames})
	if got := v.At("spec", "containers").Index(0).Get("x").Int(); got != 7 {
		t.Errorf("spec.containers[0].x = %d, want 7", got)
	}
	if got := v.At("own", "k"); !got.Bool() || got.Name() != "k" {
		t.Errorf("own.k = %v named %q, want true named k", got, got.Name())
	}
	for _, path := range [][]string{{"nothing"}, {"spec", "nothing", "deeper"}, {"own", "k", "deeper"}} {
		if got := v.At(path...); !got.IsAbsent() {
			t.Errorf("At(%v) = %v, want absent", path, got)
		}
	}
}

func TestMarksSurviveARoundTrip(t *testing.T) {
	b := NewBuilder(testNames, Limits{})
	b.At(Position{File: "main.tf", Line: 3, EndLine: 9, Via: []string{"module.a"}})
	b.Object()
	b.Key("$odd")
	b.String("own")
	b.Key("name")
	b.At(Position{File: "main.tf", Line: 4, EndLine: 4})
	b.Symbolic([]Part{{Literal: "arn:"}, {Symbol: &Symbol{"computed", "aws", "aws_s3_bucket.b", "arn"}}})
	b.Key("spec")
	b.Unknown("denied")
	b.Key("key")
	b.Secret("aws-access-key", "00ff")
	b.Key("wide")
	b.Int(math.MaxInt64)
	b.End()
	v, err := b.Build("code:r//x")
	if err != nil {
		t.Fatal(err)
	}
	back := decode(t, v.String(), DecodeOptions{Names: testNames, Marks: true, Asset: "code:r//x"})
	if !Equal(v, back) {
		t.Errorf("round trip = %v, want %v", back, v)
	}
	placed, err := WithPositions(back, AppendPositions(nil, v))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"$odd", "name", "spec", "wide"} {
		got, want := fmt.Sprint(placed.Get(name).Position()), fmt.Sprint(v.Get(name).Position())
		if got != want || want == "" {
			t.Errorf("position of %s = %q, want %q", name, got, want)
		}
	}
	if plain := decode(t, v.String(), DecodeOptions{}); plain.Get("spec").Kind() != Object {
		t.Errorf("without Marks an answer made a value %v", plain.Get("spec").Kind())
	}
}

func TestPositionsOfLines(t *testing.T) {
	v := decode(t, "{\n \"spec\": {\n  \"name\": \"x\"\n },\n \"image\": 1\n}", DecodeOptions{Names: testNames, File: "a.json"})
	for path, want := range map[string]Position{
		"spec":  {File: "a.json", Line: 2, EndLine: 4},
		"image": {File: "a.json", Line: 5, EndLine: 5},
	} {
		if got := v.Get(path).Position(); fmt.Sprint(got) != fmt.Sprint(want) || got.EndLine != want.EndLine {
			t.Errorf("position of %s = %+v, want %+v", path, got, want)
		}
	}
}

func TestDigest(t *testing.T) {
	a := decode(t, `{"name":"x","spec":{"b":1,"a":null,"seen":5}}`, DecodeOptions{Names: testNames})
	b := decode(t, `{"spec":{"seen":6,"b":1},"name":"x"}`, DecodeOptions{})
	skip := func(path string) bool { return path == "spec.seen" }
	if Digest(a, skip) != Digest(b, skip) {
		t.Errorf("digests differ by member order, a null or a volatile property")
	}
	if Digest(a, nil) == Digest(b, nil) {
		t.Errorf("digests are equal for different data")
	}
}

func TestMemoryOfADeployment(t *testing.T) {
	data, err := os.ReadFile("testdata/deployment.json")
	if err != nil {
		t.Fatal(err)
	}
	live := decode(t, string(data), DecodeOptions{Names: testNames})
	code := decode(t, string(data), DecodeOptions{Names: testNames, File: "deploy.json"})
	t.Logf("%d bytes of JSON: %d bytes in memory, %d with positions", len(data), live.Size(), code.Size())
	if live.Size() > 3584*len(data)/3100 || code.Size() > 5120*len(data)/3100 {
		t.Errorf("a Deployment takes %d and %d bytes, want at most 3.5 and 5 KiB per 3,100 bytes", live.Size(), code.Size())
	}
}

func BenchmarkDecodeJSON(b *testing.B) {
	data, err := os.ReadFile("testdata/deployment.json")
	if err != nil {
		b.Fatal(err)
	}
	for _, file := range []string{"", "deploy.json"} {
		b.Run("positions="+fmt.Sprint(file != ""), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := DecodeJSON(data, DecodeOptions{Names: testNames, File: file}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "assets/s")
		})
	}
}

func FuzzDecodeJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,-2.5e3,"\ud83d\ude00"],"name":{"$unknown":"x"}}`, `[`, `{"a":1,"a":2}`, "\"\xff\"", `{"$symbol":["a",{"kind":"k"}]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := DecodeJSON(data, DecodeOptions{Names: testNames, File: "f"})
		if valid := json.Valid(data); (err == nil) != valid && !(valid && strings.Contains(err.Error(), "nested") || valid && strings.Contains(err.Error(), "range")) {
			t.Fatalf("DecodeJSON(%q) = %v, but encoding/json says valid is %v", data, err, valid)
		}
		if err != nil {
			return
		}
		out := AppendJSON(nil, v)
		back, err := DecodeJSON(out, DecodeOptions{Names: testNames, Marks: true})
		if err != nil {
			t.Fatalf("decoding %s again: %v", out, err)
		}
		if !Equal(v, back) || Digest(v, nil) != Digest(back, nil) {
			t.Fatalf("round trip of %q: %v, want %v", data, back, v)
		}
		if _, err := WithPositions(back, AppendPositions(nil, v)); err != nil {
			t.Fatalf("positions of %q: %v", data, err)
		}
		DecodeJSON(data, DecodeOptions{Marks: true})
	})
}

// TestPath follows each node's path from the root back to the node.
func TestPath(t *testing.T) {
	v, err := DecodeJSON([]byte(`{"a":{"b":[1,{"c":[[],[true,{"d":{}}]]}],"e":null},"f":[],"g":"x"}`), DecodeOptions{Names: NewNames([]string{"b", "d"})})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	var walk func(v Value, path string)
	walk = func(v Value, path string) {
		all = append(all, path)
		if got := v.Path(); got != path {
			t.Errorf("Path() = %q, want %q", got, path)
		}
		for i := range v.Len() {
			switch c := v.Index(i); v.Kind() {
			case List:
				walk(c, path+"["+strconv.Itoa(i)+"]")
			case Object:
				walk(c, strings.TrimPrefix(path+"."+c.Name(), "."))
			}
		}
	}
	walk(v, "")
	if got := (Value{}).Path(); got != "" || len(all) != 14 {
		t.Errorf("%d paths, want 14: %q; of no value %q", len(all), all, got)
	}
}
