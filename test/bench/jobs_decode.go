package main

import (
	"encoding/json"
	"io"

	"github.com/bulwarksec/bulwark"
)

// Reading the same Deployments: into the value tree, with positions, and into
// maps as encoding/json does.
var _ = register(job{name: "decode", run: benchDecode})

func benchDecode(io.Writer) ([]row, error) {
	docs, err := deployments(2_000, checkSeed)
	if err != nil {
		return nil, err
	}
	decode := func(file string) func() error {
		return func() error {
			for _, doc := range docs {
				if _, err := bulwark.DecodeJSON(doc, bulwark.DecodeOptions{File: file}); err != nil {
					return err
				}
			}
			return nil
		}
	}
	ours, err := measure(len(docs), decode(""))
	if err != nil {
		return nil, err
	}
	lines, err := measure(len(docs), decode("deployment.json"))
	if err != nil {
		return nil, err
	}
	maps, err := measure(len(docs), func() error {
		for _, doc := range docs {
			var v any
			if err := json.Unmarshal(doc, &v); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return []row{{"decode a Deployment of 3 KB", round(ours / 1000), "µs CPU/document", map[string]float64{"encoding/json": round(maps / ours), "ours, with lines": round(lines / ours)}}}, nil
}
