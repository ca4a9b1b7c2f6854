package pipeline

import (
	"testing"

	"github.com/bulwarksec/bulwark"
)

func TestWorldRelated(t *testing.T) {
	role := &bulwark.Asset{ID: "code:role"}
	f1 := &bulwark.Asset{ID: "code:f1", Relations: []bulwark.Relation{{Name: "role", Inverse: "functions", Target: "code:role"}, {Name: "role", Inverse: "functions", Target: "code:role"}}}
	f2 := &bulwark.Asset{ID: "code:f2", Relations: []bulwark.Relation{{Name: "role", Inverse: "functions", Target: "code:role"}, {Name: "key", Reason: "denied"}, {Name: "vpc", Target: "code:nobody"}}}
	w := NewWorld([]*bulwark.Asset{f2, role, f1})
	tests := []struct {
		name     string
		of       *bulwark.Asset
		relation string
		want     []string
		reason   string
	}{
		{"forward_once", f1, "role", []string{"code:role"}, ""},
		{"inverse_sorted", role, "functions", []string{"code:f1", "code:f2"}, ""},
		{"unknown", f2, "key", nil, "denied"},
		{"not_gathered", f2, "vpc", nil, ""},
		{"none", role, "role", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, reason := w.Related(tt.of, tt.relation)
			var ids []string
			for _, a := range got {
				ids = append(ids, a.ID)
			}
			if reason != tt.reason || len(ids) != len(tt.want) {
				t.Fatalf("Related(%s, %s) = %v, %q, want %v, %q", tt.of.ID, tt.relation, ids, reason, tt.want, tt.reason)
			}
			for i := range ids {
				if ids[i] != tt.want[i] {
					t.Errorf("Related(%s, %s) = %v, want %v", tt.of.ID, tt.relation, ids, tt.want)
				}
			}
		})
	}
}
