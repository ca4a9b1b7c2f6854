package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/content"
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
	known, problems := content.Load(content.Options{}, content.Embedded())
	if len(problems) > 0 {
		return nil, fmt.Errorf("content: %s", problems[0])
	}
	var sizes [2]float64 // without and with lines
	for i, file := range []string{"", "deployment.json"} {
		for _, doc := range docs {
			v, err := bulwark.DecodeJSON(doc, bulwark.DecodeOptions{File: file, Names: known.Types.Names()})
			if err != nil {
				return nil, err
			}
			sizes[i] += float64(v.Size()) / float64(len(docs))
		}
	}
	return []row{
		{"decode a Deployment of 3 KB", round(ours / 1000), "µs CPU/document", map[string]float64{"encoding/json": round(maps / ours), "ours, with lines": round(lines / ours)}},
		{"hold a Deployment of 3 KB", round(sizes[0]), "bytes", map[string]float64{"ours, with lines": round(sizes[1] / sizes[0])}},
	}, nil
}
