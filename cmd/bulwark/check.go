package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/content"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/scan/iac"
)

func checkCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "check", Short: "Test, list and write checks"}
	cmd.AddCommand(checkTestCommand(), checkListCommand(), checkShowCommand(), checkNewCommand())
	return cmd
}

// userLayer returns the layer of a user's folder.
func userLayer(dir string) (content.Layer, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return content.Layer{}, fmt.Errorf("read content folder: %w", err)
	}
	if !info.IsDir() {
		return content.Layer{}, fmt.Errorf("read content folder %s: %w: not a folder", dir, bulwark.ErrInvalid)
	}
	return content.Layer{FS: os.DirFS(dir), Name: filepath.ToSlash(dir), Custom: true}, nil
}

func userLayers(dirs []string) ([]content.Layer, error) {
	var layers []content.Layer
	for _, dir := range dirs {
		l, err := userLayer(dir)
		if err != nil {
			return nil, err
		}
		layers = append(layers, l)
	}
	return layers, nil
}

func checkTestCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "test [DIR]",
		Short:   "Type-check checks and run the tests inside them",
		Long:    "Type-checks every check and every mapping of code to types, and runs the tests inside the checks:\nthe product's own, and those of DIR when given.\nExits with 1 when a test fails or a file is refused.",
		Example: "  bulwark check test\n  bulwark check test ./my-checks",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			layers, err := userLayers(args)
			if err != nil {
				return err
			}
			loaded, problems := pipeline.LoadContent(pipeline.ContentOptions{Tests: true}, layers...)
			problems = append(problems, iac.Lint(loaded.Content.Types)...)
			problems = append(problems, loaded.Checks.Test()...)
			checks, tests := 0, 0
			for _, c := range loaded.Content.Checks {
				if len(args) == 0 || c.Custom {
					checks++
					tests += len(c.Tests)
				}
			}
			if asJSON {
				if problems == nil {
					problems = []bulwark.Problem{}
				}
				if err := writeJSON(cmd, map[string]any{"checks": checks, "tests": tests, "problems": problems}); err != nil {
					return err
				}
			} else {
				for _, p := range problems {
					fmt.Fprintln(cmd.OutOrStdout(), p)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s, %s, %s\n", counted(int64(checks), "check"), counted(int64(tests), "test"), counted(int64(len(problems)), "problem"))
			}
			if len(problems) > 0 {
				return errFound
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func writeJSON(cmd *cobra.Command, v any) error {
	enc := json.NewEncoder(cmd.OutOrStdout())
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// listedCheck is one check in `check list -o json`: a stable contract.
type listedCheck struct {
	ID          string              `json:"id"`
	Title       string              `json:"title"`
	Asset       []string            `json:"asset"`
	Severity    bulwark.Severity    `json:"severity"`
	Control     string              `json:"control,omitempty"`
	Preview     bool                `json:"preview,omitempty"`
	Custom      bool                `json:"custom,omitempty"`
	Attack      []string            `json:"attack,omitempty"`
	Equivalents map[string][]string `json:"equivalents,omitempty"`
	File        string              `json:"file"`

	Permissions []bulwark.CheckPermission `json:"permissions,omitempty"` // that a live connector reads its assets with
}

func checkListCommand() *cobra.Command {
	var output string
	var dirs []string
	cmd := &cobra.Command{
		Use:     "list [TEXT]",
		Short:   "List the checks whose id, title or type contains TEXT",
		Example: "  bulwark check list s3\n  bulwark check list -o json | jq '.[].id'",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			layers, err := userLayers(dirs)
			if err != nil {
				return err
			}
			loaded, problems := content.Load(content.Options{}, append([]content.Layer{content.Embedded()}, layers...)...)
			for _, p := range problems {
				fmt.Fprintln(cmd.ErrOrStderr(), p)
			}
			text := ""
			if len(args) > 0 {
				text = strings.ToLower(args[0])
			}
			connectors := newCatalog(loaded.Types)
			list := []listedCheck{}
			for _, c := range loaded.Checks {
				if strings.Contains(strings.ToLower(c.ID+" "+c.Title+" "+strings.Join(c.Assets, " ")), text) {
					list = append(list, listedCheck{c.ID, c.Title, c.Assets, c.Severity, c.Control, c.Preview, c.Custom, c.Attack, c.Equivalents, c.Position.File, connectors.Permissions(c)})
				}
			}
			switch output {
			case "json":
				return writeJSON(cmd, list)
			case "table":
				rows := [][]string{}
				for _, c := range list {
					rows = append(rows, []string{c.Severity.String(), c.ID, c.Title})
				}
				printTable(cmd.OutOrStdout(), []string{"SEVERITY", "CHECK", "TITLE"}, rows)
				fmt.Fprintf(cmd.OutOrStdout(), "\n%s\n", counted(int64(len(list)), "check"))
				return nil
			}
			return fmt.Errorf("output %q: %w: want table or json", output, bulwark.ErrInvalid)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	cmd.Flags().StringArrayVar(&dirs, "content", nil, "folder of your own content (repeatable)")
	return cmd
}

func checkShowCommand() *cobra.Command {
	var dirs []string
	cmd := &cobra.Command{
		Use:     "show ID",
		Short:   "Show what a check asks, why, and which permissions it needs",
		Example: "  bulwark check show aws/ec2/ssh_restricted",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			layers, err := userLayers(dirs)
			if err != nil {
				return err
			}
			loaded, _ := content.Load(content.Options{}, append([]content.Layer{content.Embedded()}, layers...)...)
			i := slices.IndexFunc(loaded.Checks, func(c *bulwark.Check) bool { return c.ID == args[0] || slices.Contains(c.Was, args[0]) })
			if i < 0 {
				return fmt.Errorf("show check %s: %w: `bulwark check list` shows all", args[0], bulwark.ErrNotFound)
			}
			showCheck(cmd.OutOrStdout(), loaded.Checks[i], loaded.Types)
			return nil
		},
	}
	cmd.Flags().StringArrayVar(&dirs, "content", nil, "folder of your own content (repeatable)")
	return cmd
}

func showCheck(w io.Writer, c *bulwark.Check, types *bulwark.Types) {
	fmt.Fprintf(w, "%s\n%s\n\nSeverity:  %s\nAssets:    %s\nHealthy:   %s\n\n%s\n", c.ID, c.Title, c.Severity, strings.Join(c.Assets, ", "), strings.TrimSpace(c.Healthy.Text), c.Risk)
	permissions := newCatalog(types).Permissions(c)
	if len(permissions) == 0 {
		fmt.Fprintln(w, "\nIt needs no permissions: no connector reads its assets live.")
		return
	}
	fmt.Fprintln(w)
	rows := make([][]string, 0, len(permissions))
	for _, p := range permissions {
		without := "the assets are not read"
		if p.Optional {
			without = "something is unknown"
		}
		rows = append(rows, []string{p.Kind, p.Permission, without})
	}
	printTable(w, []string{"CONNECTOR", "PERMISSION", "WITHOUT IT"}, rows)
}

const newCheckTemplate = `title: What should be so, as a sentence
asset: %s
severity: medium
control: none
healthy: >
  asset.%s != null
because: "it is {{asset.%s}}"
risk: What an attacker gains, in two sentences.
remediation:
  console: Where to click.
  cli: a command that mends it
attack: []
references: [https://example.com/the-vendors-page]
tests:
  - {name: set, asset: %s, want: healthy}
  - {name: not set, asset: {}, want: unhealthy}
  - {name: not readable, asset: %s, want: unknown}
`

func checkNewCommand() *cobra.Command {
	var asset, dir string
	cmd := &cobra.Command{
		Use:     "new ID",
		Short:   "Write a check to start from, with tests that pass",
		Example: "  bulwark check new s3/bucket_named --asset AWS::S3::Bucket --dir my-checks\n  bulwark check test my-checks",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			loaded, _ := content.Load(content.Options{}, content.Embedded())
			typ := loaded.Types.Get(asset)
			if typ == nil {
				return fmt.Errorf("write check %s: type %q: %w: see `bulwark check list -o json` for types in use", args[0], asset, bulwark.ErrNotFound)
			}
			i := slices.IndexFunc(typ.Properties, func(p bulwark.Property) bool {
				return p.Kind == bulwark.KindString && !strings.ContainsAny(p.Path, "[]{}") && len(p.Defaults) == 0 && !p.Observed
			})
			if i < 0 {
				return fmt.Errorf("write check %s: type %s: %w: it has no plain text property to start from", args[0], asset, bulwark.ErrInvalid)
			}
			property := typ.Properties[i].Path
			file := filepath.Join(dir, filepath.FromSlash(args[0])+".yaml")
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				return fmt.Errorf("write check %s: %w", args[0], err)
			}
			text := fmt.Sprintf(newCheckTemplate, asset, property, property, nested(property, "x"), nested(property, "!unknown denied"))
			f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
			if err != nil {
				return fmt.Errorf("write check %s: %w", args[0], err)
			}
			if _, err = f.WriteString(text); err == nil {
				err = f.Close()
			}
			if err != nil {
				return fmt.Errorf("write check %s: %w", args[0], err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "wrote %s\ntest it: bulwark check test %s\n", file, dir)
			return nil
		},
	}
	cmd.Flags().StringVar(&asset, "asset", "AWS::S3::Bucket", "type id that the check judges")
	cmd.Flags().StringVar(&dir, "dir", ".", "folder of your own content")
	return cmd
}

// nested writes {a: {b: value}} for the path a.b.
func nested(path, value string) string {
	parts := strings.Split(path, ".")
	return "{" + strings.Join(parts, ": {") + ": " + value + strings.Repeat("}", len(parts))
}
