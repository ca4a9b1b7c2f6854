package kube

import (
	"bytes"
	"io/fs"
	"path"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/yamldoc"
)

// kustomizations are the names that kustomize looks for, in its order.
var kustomizations = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// isPatch reports whether a file is a patch by the kustomization of its own
// folder or of the one above. A patch looks like an object and is only a part
// of one: judged alone, all that it leaves to its base would look unset.
func isPatch(fsys fs.FS, name string) bool {
	dir := path.Dir(name)
	for range 2 {
		for _, k := range kustomizations {
			data, err := readFile(fsys, path.Join(dir, k), 1<<20)
			if err != nil || !bytes.Contains(data, []byte("patch")) {
				continue
			}
			values, err := yamldoc.Decode(data, yamldoc.Options{Limits: bulwark.Limits{Depth: 64, Nodes: 50_000, Bytes: 1 << 20}})
			if err != nil || len(values) == 0 {
				continue
			}
			for _, p := range patches(values[0]) {
				if path.Join(dir, p) == path.Clean(name) {
					return true
				}
			}
		}
		if dir == "." {
			break
		}
		dir = path.Dir(dir)
	}
	return false
}

// patches returns the files that a kustomization applies as patches.
func patches(v bulwark.Value) []string {
	var files []string
	for _, c := range v.Get("patchesStrategicMerge").Children() {
		files = append(files, c.Text())
	}
	for _, key := range []string{"patches", "patchesJson6902"} {
		for _, c := range v.Get(key).Children() {
			files = append(files, c.Get("path").Text())
		}
	}
	return files
}
