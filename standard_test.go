package bulwark

import "testing"

func TestStandardInUse(t *testing.T) {
	cis := &Standard{ID: "cis-aws", Connectors: []string{"aws"}}
	tests := []struct {
		name    string
		of      *Standard
		kinds   []string
		choices map[string]bool
		want    bool
	}{
		{"nothing_connected", cis, nil, nil, false},
		{"its_provider_connected", cis, []string{"aws", "gcp"}, nil, true},
		{"another_connected", cis, []string{"gcp"}, map[string]bool{"pci": true}, false},
		{"chosen_before_anything", cis, nil, map[string]bool{"cis-aws": true}, true},
		{"switched_off_by_a_person", cis, []string{"aws"}, map[string]bool{"cis-aws": false}, false},
		{"comes_with_nothing", &Standard{ID: "pci"}, []string{"aws"}, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.of.InUse(tt.kinds, tt.choices); got != tt.want {
				t.Errorf("InUse(%v, %v) = %v, want %v", tt.kinds, tt.choices, got, tt.want)
			}
		})
	}
}
