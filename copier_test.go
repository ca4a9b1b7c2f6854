package bulwark_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
)

func TestCopier(t *testing.T) {
	v, err := bulwark.DecodeJSON([]byte(`{"a": {"b": "s", "n": 1, "none": null, "empty": ""}, "list": [{"token": "s", "name": "x"}], "map": {"k": {"token": "s"}}, "gone": [1],
		"env": [{"name": "x", "value": "s"}], "call": "t"}`), bulwark.DecodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	property := func(path, secret string) bulwark.CopyPath {
		return (&bulwark.Property{Path: path, Secret: secret}).CopyPath()
	}
	c := bulwark.Copier{
		Paths: []bulwark.CopyPath{bulwark.SecretPath("whole", "a"), property("list[].token", "token"), property("map{}.token", "token"), property("env[].name", ""), bulwark.DropPath("gone")},
		Named: func(name string, v bulwark.Value) string { return map[string]string{"env": "named"}[name] },
		Unknown: func(text string) string {
			return map[string]string{"t": "a template"}[text]
		},
	}
	got, err := c.Copy(v, "x")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"b": "whole", "n": "whole"} {
		if kind, _ := got.At("a", path).SecretKind(); kind != want {
			t.Errorf("a.%s is the secret %q, want %q", path, kind, want)
		}
	}
	shape := map[string]bulwark.Kind{}
	for name, v := range map[string]bulwark.Value{"none": got.At("a", "none"), "empty": got.At("a", "empty"), "list": got.Get("list").Index(0).Get("token"), "list name": got.Get("list").Index(0).Get("name"),
		"map": got.At("map", "k", "token"), "gone": got.Get("gone"), "env name": got.Get("env").Index(0).Get("name"), "env value": got.Get("env").Index(0).Get("value"), "call": got.Get("call")} {
		shape[name] = v.Kind()
	}
	want := map[string]bulwark.Kind{"none": bulwark.Absent, "empty": bulwark.String, "list": bulwark.Secret, "list name": bulwark.String, "map": bulwark.Secret, "gone": bulwark.Absent,
		"env name": bulwark.String, "env value": bulwark.Secret, "call": bulwark.Unknown}
	if diff := cmp.Diff(want, shape); diff != "" {
		t.Errorf("the copy is %v\n%s", got, diff)
	}
}
