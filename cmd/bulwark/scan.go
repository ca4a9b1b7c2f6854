package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/provider/host"
	"github.com/bulwarksec/bulwark/internal/store"
)

// scanFlags are what all scans take.
type scanFlags struct {
	output   string
	file     string
	save     string
	failOn   string
	baseline string
	content  []string
	strict   bool
	quiet    bool
}

func scanCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "scan",
		Short: "Judge something once, without a server",
		Long: "Judges something once, without a server. Exits with 0 when nothing is at or over --fail-on,\n" +
			"1 when something is, 2 when the job could not be done.",
		Args: cobra.NoArgs, // a misspelt subject is an error, not help and 0
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(scanHostCommand(), scanIaCCommand())
	for _, k := range providers {
		if k.access != nil { // it is reached by an API
			cmd.AddCommand(scanLiveCommand(k))
		}
	}
	return cmd
}

// register adds the common flags to a scan command.
func (f *scanFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.output, "output", "o", "table", "table, json, sarif, ocsf, junit, html or csv")
	cmd.Flags().StringVar(&f.file, "out", "", "write to this file instead of standard output")
	cmd.Flags().StringVar(&f.save, "save", "", "also write everything to this file, for explain --from and --baseline")
	cmd.Flags().StringVar(&f.failOn, "fail-on", "low", "exit with 1 at this severity or over: "+failOnWords)
	cmd.Flags().StringVar(&f.baseline, "baseline", "", "report only what this earlier JSON report lacks")
	cmd.Flags().StringArrayVar(&f.content, "content", nil, "folder of your own content (repeatable)")
	cmd.Flags().BoolVar(&f.strict, "strict", false, "exit with 2 when something could not be read")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
}

func scanHostCommand() *cobra.Command {
	var flags scanFlags
	var root, id string
	cmd := &cobra.Command{
		Use:     "host",
		Short:   "Judge this machine, or the root folder of another",
		Example: "  sudo bulwark scan host\n  bulwark scan host --root /mnt/disk -o sarif",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return flags.scan(cmd, func(loaded *pipeline.Loaded) ([]pipeline.Gatherer, error) {
				h := host.Local(loaded.Content.Types.Names())
				h.ID = id
				if root != "/" {
					r, err := os.OpenRoot(root)
					if err != nil {
						return nil, fmt.Errorf("scan host: %w", err)
					}
					h.FS, h.Live, h.Name = r.FS(), false, ""
				}
				return []pipeline.Gatherer{h}, nil
			})
		},
	}
	cmd.Flags().StringVar(&root, "root", "/", "root folder to read")
	cmd.Flags().StringVar(&id, "host-id", "", "id of the machine (default: its machine id)")
	flags.register(cmd)
	return cmd
}

// scan loads content, gathers and judges, writes the report, and returns
// errFound when it holds findings at or over the threshold.
func (f *scanFlags) scan(cmd *cobra.Command, sources func(*pipeline.Loaded) ([]pipeline.Gatherer, error)) error {
	return f.scanAnd(cmd, sources, func(*bulwark.Report) {})
}

// scanAnd is scan that tells of the whole report once it is made.
func (f *scanFlags) scanAnd(cmd *cobra.Command, sources func(*pipeline.Loaded) ([]pipeline.Gatherer, error), tell func(*bulwark.Report)) error {
	threshold, err := f.threshold()
	if err != nil {
		return err
	}
	write, err := formatOf(f.output) // before the scan, which may take long
	if err != nil {
		return err
	}
	layers, err := userLayers(f.content)
	if err != nil {
		return err
	}
	loaded, problems := pipeline.LoadContent(pipeline.ContentOptions{}, layers...)
	for _, p := range problems {
		fmt.Fprintln(cmd.ErrOrStderr(), p)
	}
	gatherers, err := sources(loaded)
	if err != nil {
		return err
	}
	progress := newProgress(cmd.ErrOrStderr(), f.quiet)
	report, err := pipeline.Once(cmd.Context(), loaded.Checks, time.Now().UTC(), progress.update, gatherers...)
	progress.done()
	if err != nil {
		return err
	}
	report.Version, report.Ended = version, time.Now().UTC()
	tell(report)
	if err := f.saveReport(report); err != nil {
		return err
	}
	if err := f.dropKnown(report); err != nil {
		return err
	}
	if err := f.write(cmd, report, write); err != nil {
		return err
	}
	if f.strict && len(report.Gaps) > 0 {
		return fmt.Errorf("%d things could not be read: %w", len(report.Gaps), bulwark.ErrUnavailable)
	}
	if slices.ContainsFunc(report.Findings, func(x bulwark.Finding) bool { return int(x.Severity) >= threshold }) {
		return errFound
	}
	return nil
}

// failOnWords are what --fail-on takes; informational is told by no exit code
// unless it is asked for.
const failOnWords = "informational, low, medium, high, critical or none"

// threshold returns the lowest severity that counts, above all for none.
func (f *scanFlags) threshold() (int, error) {
	if f.failOn == "none" {
		return int(bulwark.Critical) + 1, nil
	}
	s, err := bulwark.ParseSeverity(f.failOn)
	if err != nil {
		return 0, fmt.Errorf("--fail-on %q: %w: want one of %s", f.failOn, bulwark.ErrInvalid, failOnWords)
	}
	return int(s), nil
}

type reportWriter func(io.Writer, *bulwark.Report) error

// write writes the report in the wanted format, whole or not at all when it
// goes to a file.
func (f *scanFlags) write(cmd *cobra.Command, report *bulwark.Report, write reportWriter) error {
	if f.file == "" {
		return write(cmd.OutOrStdout(), report)
	}
	return writeReport(f.file, report, write)
}

// saveReport writes all of the report, what the baseline knows included.
func (f *scanFlags) saveReport(report *bulwark.Report) error {
	if f.save == "" {
		return nil
	}
	write, err := formatOf("json")
	if err != nil {
		return err
	}
	return writeReport(f.save, report, write)
}

func writeReport(file string, report *bulwark.Report, write reportWriter) error {
	err := writeFile(file, func(w io.Writer) error { return write(w, report) })
	if err != nil {
		return fmt.Errorf("write report %s: %w", file, err)
	}
	return nil
}

// writeFile writes a file that only its owner may read, synced, whole or not at
// all, and only if all checks of what was written pass.
func writeFile(file string, write func(io.Writer) error, checks ...func(name string) error) error {
	tmp, err := os.CreateTemp(dirOf(file), ".bulwark-*") // mode 0600
	if err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(tmp, 64<<10)
	if err = write(buffered); err == nil {
		err = errors.Join(buffered.Flush(), tmp.Sync())
	}
	err = errors.Join(err, tmp.Close())
	for _, check := range checks {
		if err == nil {
			err = check(tmp.Name())
		}
	}
	if err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return store.SyncFolder(dirOf(file))
}

func dirOf(file string) string {
	if i := strings.LastIndexByte(file, '/'); i >= 0 {
		return file[:i+1]
	}
	return "."
}
