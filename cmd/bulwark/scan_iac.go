package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/scan/iac"
)

func scanIaCCommand() *cobra.Command {
	var flags scanFlags
	var repository string
	var varFiles, helmValues []string
	cmd := &cobra.Command{
		Use:   "iac PATH",
		Short: "Judge infrastructure code: Terraform, plans, CloudFormation, ARM, Bicep, Kubernetes, Helm, Kustomize, Dockerfiles",
		Example: "  bulwark scan iac .\n  bulwark scan iac infra/ -o sarif --out bulwark.sarif\n" +
			"  bulwark scan iac main.yaml --fail-on high",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return flags.scan(cmd, func(loaded *pipeline.Loaded) ([]pipeline.Gatherer, error) {
				s, err := newIaC(loaded, args[0], repository, iacFiles{vars: varFiles, values: helmValues}, nil)
				if err != nil {
					return nil, err
				}
				return []pipeline.Gatherer{s}, nil
			})
		},
	}
	cmd.Flags().StringVar(&repository, "repository", "", "id of the repository in asset ids (default: the folder's name)")
	cmd.Flags().StringArrayVar(&varFiles, "var-file", nil, "file of Terraform variable values, below PATH (repeatable)")
	cmd.Flags().StringArrayVar(&helmValues, "helm-values", nil, "file of Helm values, below PATH: for the chart that holds it, or for all (repeatable)")
	flags.register(cmd)
	return cmd
}

// iacFiles are files that settle what code leaves open.
type iacFiles struct{ vars, values []string }

// newIaC returns the scanner of a folder or file. The key is of the digests that
// stand for secret values; without one they are empty.
func newIaC(loaded *pipeline.Loaded, path, repository string, files iacFiles, key []byte) (*iac.Scanner, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("scan iac: %w", err)
	}
	info, err := os.Stat(abs)
	if err != nil {
		return nil, fmt.Errorf("scan iac: %w", err)
	}
	dir, file := abs, ""
	if !info.IsDir() {
		dir, file = filepath.Split(abs)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("scan iac: %w", err)
	}
	if repository == "" {
		repository = filepath.Base(filepath.Clean(dir))
	}
	return iac.New(iac.Options{FS: root.FS(), File: file, RepositoryID: repository, Types: loaded.Content.Types, Connector: "iac:" + repository,
		VarFiles: files.vars, HelmValues: files.values, SecretKey: key, Now: time.Now})
}
