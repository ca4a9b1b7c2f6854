package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/api"
)

func explainCommand() *cobra.Command {
	var f sourceFlags
	var output string
	cmd := &cobra.Command{
		Use:   "explain ID | CHECK ASSET",
		Short: "Prove a verdict: what decided it, where, since when, and what to do",
		Long: "Explains a finding, a check, an asset, or one check on one asset: the verdict, the values that\n" +
			"decided it with their file and line, the risk, what to do, and what is accepted. Where only the\n" +
			"verdict is stored, the asset is judged again to find the values.",
		Example: "  bulwark scan iac . --save scan.json\n  bulwark explain score --from scan.json\n" +
			"  bulwark explain aws/s3/bucket_versioning\n  bulwark explain aws/s3/bucket_versioning code:shop//infra//aws_s3_bucket.logs --from scan.json",
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := tableOrJSON(output); err != nil {
				return err
			}
			f.inline = len(args) == 1
			s, err := f.open(cmd, len(args) == 1 && !findingID.MatchString(args[0]))
			if err != nil {
				return err
			}
			e := explainer{cmd: cmd, s: s, json: output == "json"}
			return errors.Join(e.explain(args), s.Close())
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	f.register(cmd, true)
	cmd.AddCommand(explainScoreCommand())
	return cmd
}

func tableOrJSON(output string) error {
	if output != "table" && output != "json" {
		return fmt.Errorf("output %q: %w: want table or json", output, bulwark.ErrInvalid)
	}
	return nil
}

var findingID = regexp.MustCompile(`^f[0-9a-f]{32}$`)

type explainer struct {
	cmd  *cobra.Command
	s    *source
	json bool
}

func (e *explainer) explain(args []string) error {
	if len(args) == 2 {
		return e.verdict(args[0], args[1])
	}
	id := args[0]
	if findingID.MatchString(id) {
		var found api.Finding
		if err := e.s.Do(e.cmd.Context(), "GET", "/finding", url.Values{"id": {id}}, nil, &found); err != nil {
			return fmt.Errorf("explain %s: %w", id, err)
		}
		return e.verdict(found.Check, found.Asset)
	}
	path, show := "/check", e.check
	origins := []bulwark.Origin{bulwark.Live, bulwark.Code, bulwark.Image, bulwark.Host}
	if slices.Contains(origins, bulwark.OriginOf(id)) {
		path, show = "/asset", e.asset
	}
	data, err := e.s.Bytes(e.cmd.Context(), "GET", path, url.Values{"id": {id}}, nil)
	if err != nil {
		return fmt.Errorf("explain %s: %w", id, err)
	}
	return e.show(data, show)
}

func (e *explainer) verdict(check, asset string) error {
	data, err := e.s.Bytes(e.cmd.Context(), "GET", "/explain", url.Values{"check": {check}, "asset": {asset}}, nil)
	if err != nil {
		return fmt.Errorf("explain %s on %s: %w", check, asset, err)
	}
	return e.show(data, e.showVerdict)
}

// show prints an answer as it came or as text.
func (e *explainer) show(data []byte, text func(io.Writer, []byte) error) error {
	if e.json {
		return writeJSON(e.cmd, json.RawMessage(data))
	}
	return text(e.cmd.OutOrStdout(), data)
}

func (e *explainer) showVerdict(w io.Writer, data []byte) error {
	var v api.ExplainedVerdict
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	fmt.Fprintf(w, "%s: %s\n", strings.ToUpper(v.State.String()), printable(v.Title))
	t := newFields(w)
	t.field("check", v.Check+" ("+v.Severity.String()+")")
	if v.Row != nil {
		t.field("asset", v.Row.Name+" ("+v.Row.Type+")")
	}
	t.field("id", v.Asset)
	t.field("because", v.Because)
	if v.Stored != v.State {
		t.field("stored", v.Stored.String()+" until it is judged again")
	}
	for _, f := range v.Findings {
		t.field("finding", life(f.Finding))
	}
	if x := v.Accepted; x != nil {
		until := "for good"
		if !x.Expires.IsZero() {
			until = "until " + x.Expires.Format("2006-01-02 15:04 MST")
		}
		t.field("accepted", fmt.Sprintf("%s by %s, %s: %s", x.Category, x.Author, until, x.Reason))
	}
	t.end()
	e.showEvidence(w, &v)
	showAdvice(w, v.Risk, v.Mend, v.References)
	return nil
}

// life tells a finding's life in one line.
func life(f bulwark.Finding) string {
	text := fmt.Sprintf("%s %s, risk %s, since %s", f.ID, f.State, f.Risk, f.FirstSeen.Format("2006-01-02 15:04 MST"))
	if f.Instance != "" {
		text += " at " + f.Instance
	}
	if f.Reopened > 0 {
		text += fmt.Sprintf(", reopened %d times", f.Reopened)
	}
	if !f.ResolvedAt.IsZero() {
		text += ", resolved " + f.ResolvedAt.Format("2006-01-02 15:04 MST")
	}
	if !f.UnverifiedSince.IsZero() {
		text += ", unverified since " + f.UnverifiedSince.Format("2006-01-02 15:04 MST")
	}
	return text
}

func (e *explainer) showEvidence(w io.Writer, v *api.ExplainedVerdict) {
	if len(v.Evidence) == 0 {
		if !v.Recomputed && v.State == bulwark.Healthy {
			fmt.Fprintln(w, "\nA report keeps no evidence of healthy verdicts: a server's or folder's state shows it.")
		}
		return
	}
	fmt.Fprintln(w, "\nWhat decided it")
	var rows [][]string
	for _, x := range v.Evidence {
		value := x.Value
		if x.Reason != "" {
			value = "unknown: " + x.Reason
		}
		path := x.Path
		if x.Asset != v.Asset && x.Asset != "" {
			path += " of " + x.Asset
		}
		rows = append(rows, []string{"  " + path, cell(value), x.Position.String()})
	}
	printTable(w, []string{"  PATH", "VALUE", "PLACE"}, rows)
	if len(v.Instances) > 0 {
		fmt.Fprintln(w, "\nWhere")
	}
	for _, i := range v.Instances {
		fmt.Fprintln(w, strings.TrimRight("  "+printable(strings.TrimSpace(i.Key+"  "+i.Path+"  "+i.Location.String())), " "))
	}
}

// showAdvice prints the risk, the ways to mend, and where to read on.
func showAdvice(w io.Writer, risk string, m bulwark.Remediation, references []string) {
	if risk != "" {
		fmt.Fprintf(w, "\nRisk\n%s", indent(risk))
	}
	ways := [][2]string{{"Console", m.Console}, {"Command line", m.CLI}, {"Terraform", m.Terraform}, {"CloudFormation", m.CloudFormation},
		{"ARM", m.ARM}, {"Kubernetes", m.Kubernetes}, {"Dockerfile", m.Dockerfile}, {"Shell", m.Shell}}
	for _, way := range ways {
		if way[1] != "" {
			fmt.Fprintf(w, "\nWhat to do: %s\n%s", way[0], indent(way[1]))
		}
	}
	if len(references) > 0 {
		fmt.Fprintf(w, "\nRead\n%s", indent(strings.Join(references, "\n")))
	}
}

// indent writes a text's lines two spaces in.
func indent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimSpace(text)) {
		b.WriteString(strings.TrimRight("  "+printable(strings.TrimRight(line, "\n")), " ") + "\n")
	}
	return b.String()
}

func (e *explainer) check(w io.Writer, data []byte) error {
	var c api.Check
	if err := json.Unmarshal(data, &c); err != nil {
		return err
	}
	fmt.Fprintf(w, "%s\n", printable(c.Title))
	t := newFields(w)
	t.field("check", c.ID+" ("+c.Severity.String()+")")
	t.field("control", c.Control)
	t.field("file", bulwark.Position{File: c.File, Line: c.Line}.String())
	t.field("tests", fmt.Sprint(len(c.Tests)))
	t.field("ATT&CK", strings.Join(c.Attack, ", "))
	tools := make([]string, 0, len(c.Equivalents))
	for tool, ids := range c.Equivalents {
		tools = append(tools, tool+" "+strings.Join(ids, ", "))
	}
	slices.Sort(tools)
	t.field("elsewhere", strings.Join(tools, "; "))
	t.field("assets", fmt.Sprintf("%d healthy, %d unhealthy, %d unknown, %d not applicable", c.Healthy, c.Unhealthy, c.Unknown, c.NotApplicable))
	if c.Exact != nil {
		t.field("to gain", points(*c.Exact)+" points by mending it everywhere")
	}
	t.end()
	fmt.Fprintf(w, "\nWhat it asks\n%s", indentRaw(c.Source))
	showAdvice(w, c.Risk, c.Remediation, c.References)
	return nil
}

// indentRaw is indent for text of ours, whose own indentation counts.
func indentRaw(text string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimRight(text, "\n")) {
		b.WriteString("  " + printable(strings.TrimRight(line, "\n")) + "\n")
	}
	return b.String()
}

func (e *explainer) asset(w io.Writer, data []byte) error {
	var a api.Asset
	if err := json.Unmarshal(data, &a); err != nil {
		return err
	}
	fmt.Fprintf(w, "%s (%s)\n", printable(a.Name), printable(a.Type))
	t := newFields(w)
	t.field("id", a.ID)
	t.field("scope", a.Scope)
	t.field("region", a.Region)
	if a.Position != nil {
		t.field("declared", a.Position.String())
	}
	if !a.Changed.IsZero() {
		t.field("changed", a.Changed.Format("2006-01-02 15:04 MST"))
	}
	t.end()
	states := map[bulwark.State]int{}
	var rows [][]string
	for _, as := range a.Assessments {
		states[as.State]++
		if as.State == bulwark.Unhealthy || as.State == bulwark.Undetermined {
			note := as.Because
			if as.Category != "" {
				note += " (accepted: " + as.Category + ")"
			}
			rows = append(rows, []string{as.State.String(), as.Severity.String(), as.Check, note})
		}
	}
	fmt.Fprintf(w, "\n%d verdicts: %d healthy, %d unhealthy, %d unknown, %d not applicable\n", len(a.Assessments),
		states[bulwark.Healthy], states[bulwark.Unhealthy], states[bulwark.Undetermined], states[bulwark.NotApplicable])
	if len(rows) > 0 {
		fmt.Fprintln(w)
		printTable(w, []string{"STATE", "SEVERITY", "CHECK", "BECAUSE"}, rows)
		fmt.Fprintln(w, "\n`bulwark explain CHECK ASSET` shows what proves each.")
	}
	return nil
}

// fields prints names and values in two columns, empty ones left out.
type fields struct{ w *tabwriter.Writer }

func newFields(w io.Writer) fields { return fields{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)} }

func (f fields) field(name, value string) {
	if value != "" {
		fmt.Fprintf(f.w, "  %s\t%s\n", name, printable(value))
	}
}

func (f fields) end() { _ = f.w.Flush() } // the writer below tells
