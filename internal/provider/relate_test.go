package provider_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

func TestRelate(t *testing.T) {
	types := bulwark.NewTypes([]*bulwark.Type{
		{ID: "Shop::Till", References: []bulwark.Reference{
			{Name: "vault", Inverse: "tills", Property: "Vault", To: "Shop::Vault", By: "Name"},
			{Name: "keys", Property: "Rings[].Keys{}", To: "Shop::Key", By: "Id"},
		}},
		{ID: "Shop::Vault", Native: "arn:{partition}:shop:{region}:{account}:vault/{Name}"},
		{ID: "Shop::Key"},
	})
	place := provider.Place{Partition: "aws", Region: "eu-west-1", Account: "123456789012"}
	tests := []struct {
		name, properties string
		want             []bulwark.Relation
	}{
		{"by name", `{"Vault":"main"}`, []bulwark.Relation{{Name: "vault", Inverse: "tills", Type: "Shop::Vault", Target: "live:arn:aws:shop:eu-west-1:123456789012:vault/main"}}},
		{"by its own id, once", `{"Rings":[{"Keys":{"a":"arn:aws:kms:eu-west-1:1:key/k","b":"arn:aws:kms:eu-west-1:1:key/k"}}]}`,
			[]bulwark.Relation{{Name: "keys", Type: "Shop::Key", Target: "live:arn:aws:kms:eu-west-1:1:key/k"}}},
		{"by a name that tells nothing", `{"Rings":[{"Keys":{"a":"k"}}]}`, []bulwark.Relation{{Name: "keys", Type: "Shop::Key", Reason: "k does not tell which Shop::Key it is"}}},
		{"absent", `{"Vault":"","Rings":[]}`, nil},
		{"an ARM id", `{"Vault":"/subscriptions/S/resourceGroups/G"}`, []bulwark.Relation{{Name: "vault", Inverse: "tills", Type: "Shop::Vault", Target: "live:/subscriptions/s/resourcegroups/g"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := bulwark.DecodeJSON([]byte(tt.properties), bulwark.DecodeOptions{})
			if err != nil {
				t.Fatal(err)
			}
			got := provider.Relate(types, &bulwark.Asset{Type: "Shop::Till", Properties: v}, place)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRelateUnknown(t *testing.T) {
	types := bulwark.NewTypes([]*bulwark.Type{{ID: "T", References: []bulwark.Reference{{Name: "r", Property: "A.B[]", To: "T", By: "N"}}}})
	b := bulwark.NewBuilder(nil, bulwark.Limits{})
	b.Object()
	b.Key("A")
	b.Unknown("denied")
	b.End()
	v, err := b.Build("x")
	if err != nil {
		t.Fatal(err)
	}
	want := []bulwark.Relation{{Name: "r", Type: "T", Reason: "denied"}}
	if diff := cmp.Diff(want, provider.Relate(types, &bulwark.Asset{Type: "T", Properties: v}, provider.Place{})); diff != "" {
		t.Error(diff)
	}
}

// TestRelateFull asks the provider's own way first, and the template where that
// does not tell.
func TestRelateFull(t *testing.T) {
	types := bulwark.NewTypes([]*bulwark.Type{
		{ID: "T", References: []bulwark.Reference{{Name: "r", Property: "A[]", To: "U", By: "N"}}},
		{ID: "U", Native: "//u/{account}/{N}"},
	})
	v, err := bulwark.DecodeJSON([]byte(`{"A":["link:x","plain"]}`), bulwark.DecodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	full := func(to, text string) string {
		if rest, ok := strings.CutPrefix(text, "link:"); ok {
			return "//full/" + to + "/" + rest
		}
		return ""
	}
	want := []bulwark.Relation{{Name: "r", Type: "U", Target: "live://full/U/x"}, {Name: "r", Type: "U", Target: "live://u/1/plain"}}
	if diff := cmp.Diff(want, provider.Relate(types, &bulwark.Asset{Type: "T", Properties: v}, provider.Place{Account: "1", Full: full})); diff != "" {
		t.Error(diff)
	}
}
