package providers_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/bulwarksec/bulwark"
	replay "github.com/bulwarksec/bulwark/internal/replay/azure"
)

// BenchmarkAzureGather reads 20,000 networks of one subscription, which
// Resource Graph tells alone: the cost of reading, without the waits of quotas.
func BenchmarkAzureGather(b *testing.B) {
	const n = 20_000
	s := azureServer(b, 0)
	s.Change(func(st *replay.State) {
		for i := range n {
			id := fmt.Sprintf("/subscriptions/%s/resourcegroups/r%d/providers/microsoft.network/virtualnetworks/v%d", shop, i%100, i)
			st.Rows[id] = json.RawMessage(`{"id":"` + id + `","name":"v","type":"Microsoft.Network/virtualNetworks","location":"westeurope","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]},"subnets":[{"name":"a","properties":{"addressPrefix":"10.0.0.0/24"}}]}}`)
		}
	})
	e := azureEstate(b, s, azureConfig())
	b.ReportAllocs()
	for b.Loop() {
		assets := 0
		if err := e.Gather(b.Context(), func(g bulwark.Gathered) error {
			if g.Asset != nil {
				assets++
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
		if assets < n {
			b.Fatalf("%d assets, want %d", assets, n)
		}
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "assets/s")
}
