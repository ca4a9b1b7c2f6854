package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/scan/iac"
)

// iacConfig configures a folder of infrastructure code.
type iacConfig struct {
	Path       string   `json:"path"`
	Repository string   `json:"repository,omitempty"`
	VarFiles   []string `json:"varFiles,omitempty"`
}

var iacKind = describe(kind{
	title: "Infrastructure code",
	about: "A folder of Terraform, CloudFormation, ARM, Bicep, Kubernetes, Helm and Dockerfiles on this machine, below a folder that the server's --code-root names.",
	fields: map[string]string{
		"path":       "the folder",
		"repository": "id of the repository in asset ids; the folder's name when absent",
		"varFiles":   "files of Terraform variable values, below the folder",
	},
	required: []string{"path"},
	claim: func(config json.RawMessage) string {
		var c iacConfig
		if json.Unmarshal(config, &c) != nil {
			return ""
		}
		return "code/" + c.repository()
	},
}, func(d deps, c iacConfig, _ *struct{}) (*iac.Scanner, error) {
	tree, err := d.codeTree(c.Path)
	if err != nil {
		return nil, err
	}
	return iac.New(iac.Options{FS: tree, RepositoryID: c.repository(), Types: d.types, Connector: d.connector, VarFiles: c.VarFiles, SecretKey: d.secretKey, Now: d.now})
})

func (c iacConfig) repository() string {
	return cmp.Or(c.Repository, filepath.Base(filepath.Clean(c.Path)))
}

// codeTree opens a folder of code. One that somebody else configures must lie
// below a folder that the server may read, links followed.
func (d deps) codeTree(path string) (fs.FS, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("%w: config.path: %w", bulwark.ErrInvalid, err)
	}
	roots := d.codeRoots
	if d.local {
		roots = []string{abs}
	}
	for _, dir := range roots {
		dir, err := filepath.Abs(dir)
		if err != nil {
			return nil, fmt.Errorf("config.path: %w", err)
		}
		rel, err := filepath.Rel(dir, abs)
		if err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
			continue
		}
		return openBelow(dir, rel)
	}
	return nil, fmt.Errorf("%w: config.path: %s is not below a folder that the server may read: start it with --code-root", bulwark.ErrInvalid, path)
}

// openBelow opens a folder below another, which no link may lead out of.
func openBelow(dir, rel string) (fs.FS, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: config.path: %w", bulwark.ErrInvalid, err)
	}
	below, err := root.OpenRoot(rel)
	if err = errors.Join(err, root.Close()); err != nil {
		return nil, fmt.Errorf("%w: config.path: %w", bulwark.ErrInvalid, err)
	}
	return below.FS(), nil
}
