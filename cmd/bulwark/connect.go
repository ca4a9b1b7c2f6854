package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/content"
	"github.com/bulwarksec/bulwark/internal/api"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/quota"
)

func connectCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "connect",
		Short: "Onboard a cloud or cluster: its least role, its calls, its permissions tried",
		Long: "Shows the least role that a connector needs and how to give it, counts the API calls of a run before it\n" +
			"is made, tries every permission, and, with --server or --data, saves the connector. It only reads.\n" +
			"Exits with 1 when a permission that is needed is denied.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, k := range providers {
		cmd.AddCommand(connectKindCommand(k))
	}
	return cmd
}

// connectFlags are what connecting a kind takes.
type connectFlags struct {
	sourceFlags
	live     liveFlags
	kind     *kind
	template string
	out      string
	id, name string
	interval time.Duration
	untried  bool
}

func connectKindCommand(k *kind) *cobra.Command {
	f := connectFlags{kind: k}
	cmd := &cobra.Command{
		Use:     k.name,
		Short:   "Onboard " + k.title,
		Long:    k.about,
		Example: fmt.Sprintf("  bulwark connect %[1]s --data bulwark-data\n  bulwark connect %[1]s --settings %[1]s.json --server https://bulwark.example", k.name),
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.seals = true
	f.sourceFlags.register(cmd, false)
	flags := cmd.Flags()
	flags.StringVar(&f.keyFile, "key-file", "", "with the data folder, file of the key that seals secrets (default: the folder's name with .key)")
	flags.StringVar(&f.id, "id", "", "id of the connector that is saved (default: made from its kind)")
	flags.StringVar(&f.name, "name", k.title, "name of the connector that is saved")
	flags.DurationVar(&f.interval, "interval", bulwark.DefaultInterval, "time between runs of the connector that is saved; 0 is on demand")
	if k.templates != nil {
		flags.StringVar(&f.template, "template", "", "print this template and nothing else")
		flags.StringVar(&f.out, "templates", "", "write all templates to this folder")
		flags.BoolVar(&f.untried, "templates-only", false, "neither count calls nor try permissions")
	}
	f.live.register(cmd, k)
	return cmd
}

func (f *connectFlags) run(cmd *cobra.Command) error {
	loaded, _ := pipeline.LoadContent(pipeline.ContentOptions{}) // its problems are of checks
	about := f.kind.describe(loaded.Content.Types)
	if f.template != "" {
		return printTemplate(cmd.OutOrStdout(), about, f.template)
	}
	if err := f.writeTemplates(cmd.OutOrStdout(), about); err != nil || f.untried {
		return err
	}
	config, secret, err := f.live.read(cmd)
	if err != nil {
		return err
	}
	if f.saves(cmd) {
		return f.save(cmd, about, config, secret)
	}
	if !about.Plans && !about.Probes {
		return fmt.Errorf("connect %s: %w: there is nothing to try; name where it is to be saved by --server or --data", f.kind.name, bulwark.ErrInvalid)
	}
	g, err := f.kind.build(localDeps(f.kind.name, loaded, quota.NewLimiter()), config, secret)
	if err != nil {
		return err
	}
	return tryLocally(cmd.Context(), cmd.OutOrStdout(), g)
}

// saves reports whether the person named where the connector is to be kept.
func (f *connectFlags) saves(cmd *cobra.Command) bool {
	return slices.ContainsFunc([]string{"server", "data", "database"}, cmd.Flags().Changed)
}

func printTemplate(w io.Writer, k bulwark.ConnectorKind, name string) error {
	names := []string{}
	for _, t := range k.Templates {
		if t.Name == name {
			_, err := io.WriteString(w, t.Text)
			return err
		}
		names = append(names, t.Name)
	}
	return fmt.Errorf("--template %q: %w: %s", name, bulwark.ErrInvalid, content.DidYouMean(name, names))
}

// writeTemplates tells of the templates and, when asked, writes them.
func (f *connectFlags) writeTemplates(w io.Writer, k bulwark.ConnectorKind) error {
	if len(k.Access) > 0 {
		fmt.Fprintf(w, "%s needs %s, all to read. To give them:\n", k.Title, counted(int64(len(k.Access)), "permission"))
	}
	for _, t := range k.Templates {
		fmt.Fprintf(w, "  %s: %s\n", t.Name, t.About)
		if f.out == "" {
			continue
		}
		if err := os.MkdirAll(f.out, 0o755); err != nil {
			return fmt.Errorf("write templates: %w", err)
		}
		if err := os.WriteFile(filepath.Join(f.out, t.Name), []byte(t.Text), 0o644); err != nil {
			return fmt.Errorf("write templates: %w", err)
		}
	}
	switch {
	case f.out != "":
		fmt.Fprintf(w, "written to %s\n", f.out)
	case len(k.Templates) > 0:
		fmt.Fprintf(w, "Print one by --template NAME, write all by --templates FOLDER.\n")
	}
	return nil
}

// tryLocally plans a run and tries permissions with this process's credentials.
func tryLocally(ctx context.Context, w io.Writer, g pipeline.Gatherer) error {
	if p, ok := g.(planner); ok {
		plan, err := p.Plan(ctx)
		if err != nil {
			return fmt.Errorf("count the calls of a run: %w", err)
		}
		printPlan(w, plan)
	}
	p, ok := g.(prober)
	if !ok {
		return nil
	}
	var list []bulwark.Probe
	err := p.Probe(ctx, func(p bulwark.Probe) error {
		list = append(list, p)
		return ctx.Err()
	})
	if denied := printProbes(w, list); err == nil && denied {
		return errFound
	}
	if err != nil {
		return fmt.Errorf("try permissions: %w", err)
	}
	return nil
}

// save counts and tries by the server's means, and saves the connector there.
func (f *connectFlags) save(cmd *cobra.Command, k bulwark.ConnectorKind, config, secret json.RawMessage) (err error) {
	ctx, w := cmd.Context(), cmd.OutOrStdout()
	if f.server == "" && f.database == "" {
		if err := os.MkdirAll(f.data, 0o700); err != nil { // it may be the first start
			return fmt.Errorf("data folder: %w", err)
		}
	}
	s, err := f.open(cmd, false)
	if err != nil {
		return err
	}
	defer func() {
		if e := s.Close(); err == nil {
			err = e
		}
	}()
	body := map[string]any{"kind": f.kind.name, "config": config}
	if secret != nil {
		body["secret"] = secret
	}
	if k.Plans {
		var plan bulwark.CallPlan
		if err := s.Do(ctx, "POST", "/connectors/plan", nil, body, &plan); err != nil {
			return err
		}
		printPlan(w, plan)
	}
	denied := false
	if k.Probes {
		var probes api.Probes
		if err := s.Do(ctx, "POST", "/connectors/probe", nil, body, &probes); err != nil {
			return err
		}
		denied = printProbes(w, probes.Items)
		if probes.Problem != "" {
			fmt.Fprintf(w, "not all were tried: %s\n", printable(probes.Problem))
		}
	}
	body["name"], body["interval"] = f.name, ""
	if f.interval > 0 {
		body["interval"] = f.interval.String()
	}
	if f.id != "" {
		body["id"] = f.id
	}
	var made api.Connector
	if err := s.Do(ctx, "POST", "/connectors", nil, body, &made); err != nil {
		return err
	}
	fmt.Fprintf(w, "saved as connector %s\n", made.ID)
	if denied {
		return errFound
	}
	return nil
}

// printPlan tells what a run is expected to call.
func printPlan(w io.Writer, p bulwark.CallPlan) {
	fmt.Fprintf(w, "A run is expected to make %s in %s", counted(p.Total, "API call"), counted(int64(len(p.Scopes)), "scope"))
	if len(p.Regions) > 0 {
		fmt.Fprintf(w, " and %s", counted(int64(len(p.Regions)), "region"))
	}
	fmt.Fprintf(w, "; %d of them are written to the provider's log; it takes %.0f s or more.\n", p.Logged, p.Seconds)
	for _, f := range p.Filter {
		fmt.Fprintf(w, "  in the %s they have %s = %s\n", printable(f.Log), printable(f.Field), printable(f.Value))
	}
	rows := make([][]string, 0, len(p.Calls))
	list := slices.Clone(p.Calls)
	slices.SortStableFunc(list, func(a, b bulwark.CallCount) int { return int(b.Count - a.Count) })
	for _, c := range list[:min(len(list), 10)] {
		logged := "no"
		if c.Logged {
			logged = "yes"
		}
		rows = append(rows, []string{c.Service, c.Call, fmt.Sprint(c.Count), logged, c.Basis})
	}
	if len(rows) > 0 {
		printTable(w, []string{"SERVICE", "CALL", "TIMES", "LOGGED", "BASIS"}, rows)
		if more := len(list) - len(rows); more > 0 {
			fmt.Fprintf(w, "and %s\n", counted(int64(more), "other call"))
		}
	}
}

// printProbes shows how permissions answered, and reports whether one that is
// needed is not given.
func printProbes(w io.Writer, list []bulwark.Probe) (denied bool) {
	counts := map[bulwark.ProbeState]int{}
	rows := make([][]string, 0, len(list))
	for _, p := range list {
		counts[p.State]++
		denied = denied || p.State == bulwark.ProbeDenied && !p.Optional
		needed := "yes"
		if p.Optional {
			needed = "partly"
		}
		rows = append(rows, []string{p.Permission, string(p.State), needed, strings.TrimSpace(p.Where + " " + p.Why)})
	}
	if len(rows) > 0 {
		printTable(w, []string{"PERMISSION", "ANSWER", "NEEDED", "WHERE"}, rows)
	}
	fmt.Fprintf(w, "%s: %d allowed, %d denied, %d untried, %d without an answer\n", counted(int64(len(list)), "permission"),
		counts[bulwark.ProbeAllowed], counts[bulwark.ProbeDenied], counts[bulwark.ProbeUntried], counts[bulwark.ProbeUnreachable])
	return denied
}
