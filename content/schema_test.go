package content

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/yamldoc"
)

// TestSchemas holds the JSON Schemas that editors read to the keys that the
// loader takes: at the top of each format and below the keys that are maps.
func TestSchemas(t *testing.T) {
	l := &loader{index: bulwark.NewTypes(nil)}
	decoders := map[string]func(v bulwark.Value) []bulwark.Problem{
		"check":    func(v bulwark.Value) []bulwark.Problem { _, p := decodeCheck(l, file{}, v); return p },
		"type":     func(v bulwark.Value) []bulwark.Problem { _, p := decodeType(l, file{}, v); return p },
		"standard": func(v bulwark.Value) []bulwark.Problem { _, p := decodeStandard(l, file{}, v); return p },
	}
	for name, decode := range decoders {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile("../docs/formats/" + name + ".schema.json")
			if err != nil {
				t.Fatal(err)
			}
			var schema struct {
				Properties map[string]struct {
					Properties map[string]any
				}
			}
			if err := json.Unmarshal(data, &schema); err != nil {
				t.Fatal(err)
			}
			var top []string
			for key, sub := range schema.Properties {
				top = append(top, key)
				if len(sub.Properties) > 0 {
					var below []string
					for k := range sub.Properties {
						below = append(below, k)
					}
					compareKeys(t, name+"."+key, below, accepted(t, decode, key+": {zzzzzzzz: 1}"))
				}
			}
			compareKeys(t, name, top, accepted(t, decode, "zzzzzzzz: 1"))
		})
	}
}

// accepted asks a decoder for its keys by giving it one that is near none.
func accepted(t *testing.T, decode func(bulwark.Value) []bulwark.Problem, text string) []string {
	t.Helper()
	vs, err := yamldoc.Decode([]byte(text), yamldoc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range decode(vs[0]) {
		if strings.Contains(p.Message, `no key "zzzzzzzz"`) {
			return strings.Split(strings.TrimPrefix(p.Mend, "want one of "), ", ")
		}
	}
	t.Fatalf("no problem names the unknown key of %s", text)
	return nil
}

func compareKeys(t *testing.T, what string, schema, loader []string) {
	t.Helper()
	slices.Sort(schema)
	slices.Sort(loader)
	if !slices.Equal(schema, loader) {
		t.Errorf("%s: the schema has keys %v, the loader takes %v", what, schema, loader)
	}
}
