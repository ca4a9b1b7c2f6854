package content

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark"
)

var (
	idPattern        = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_.-]*)*$`)
	techniquePattern = regexp.MustCompile(`^T\d{4}(\.\d{3})?$`)
	namePattern      = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
)

// equivalentTools are the keys that equivalents may have.
var equivalentTools = []string{"awsconfig", "cce", "checkov", "cis", "defender", "gatekeeper", "hadolint", "kubescape", "kyverno", "prowler", "securityhub", "tfsec", "trivy"}

func decodeCheck(l *loader, f file, v bulwark.Value) (*bulwark.Check, []bulwark.Problem) {
	d := &decoder{file: f.name()}
	c := &bulwark.Check{ID: f.id, Custom: f.layer.Custom, Position: bulwark.Position{File: f.name(), Line: 1}}
	var severity string
	enabled := true
	d.fields(v, "a check", map[string]func(bulwark.Value){
		"title":       d.str(&c.Title),
		"asset":       d.strs(&c.Assets),
		"severity":    d.str(&severity),
		"control":     d.str(&c.Control),
		"preview":     d.boolean(&c.Preview),
		"parameters":  func(v bulwark.Value) { c.Parameters = d.parameters(v) },
		"when":        d.expr(&c.When),
		"let":         d.named(&c.Let),
		"healthy":     d.expr(&c.Healthy),
		"because":     d.expr(&c.Because),
		"risk":        d.str(&c.Risk),
		"remediation": func(v bulwark.Value) { c.Remediation = d.remediation(v) },
		"attack":      d.strs(&c.Attack),
		"equivalents": func(v bulwark.Value) { c.Equivalents = d.equivalents(v) },
		"references":  d.strs(&c.References),
		"was":         d.strs(&c.Was),
		"overrides":   d.str(&c.Overrides),
		"enabled":     d.boolean(&enabled),
		"tests":       func(v bulwark.Value) { c.Tests = d.tests(v) },
	})
	c.Disabled = !enabled
	if severity != "" {
		var err error
		if c.Severity, err = bulwark.ParseSeverity(severity); err != nil {
			d.fail(v.Get("severity"), "want critical, high, medium, low or informational", "severity %q is not known", severity)
		}
	}
	if c.Overrides != "" {
		d.override(v)
		return c, d.problems
	}
	d.require(v, "a check", map[string]string{"title": c.Title, "severity": severity, "healthy": c.Healthy.Text, "because": c.Because.Text, "risk": c.Risk})
	d.checkShape(l, c, v)
	if l.wantsTests(f) {
		d.checkTests(c, v)
	}
	return c, d.problems
}

// override holds a file with overrides: to what it may change.
func (d *decoder) override(v bulwark.Value) {
	for name, c := range v.Children() {
		if !slices.Contains([]string{"overrides", "severity", "parameters", "enabled", "title"}, name) {
			d.fail(c, "remove it, or write a check of your own", "an override changes severity, parameters or enabled, not %s", name)
		}
	}
}

func (d *decoder) checkShape(l *loader, c *bulwark.Check, v bulwark.Value) {
	if !idPattern.MatchString(c.ID) {
		d.fail(v, "rename the file", "id %q: want lower-case words of letters, digits, - and _, parted by /", c.ID)
	}
	if len(c.Assets) == 0 {
		d.fail(v, "add asset:", "a check lacks asset")
	}
	for _, id := range c.Assets {
		if l.index.Get(id) == nil && len(l.index.InGroup(id)) == 0 {
			d.fail(v.Get("asset"), DidYouMean(id, typeIDs(l.index)), "asset %q is neither a type nor a group", id)
		}
	}
	if _, ok := bulwark.ControlByID(c.Control); !ok && c.Control != "" && c.Control != "none" {
		d.fail(v.Get("control"), DidYouMean(c.Control, controlIDs()), "control %q is not known", c.Control)
	}
	if c.Control == "none" {
		c.Control = ""
	}
	for _, t := range c.Attack {
		if !techniquePattern.MatchString(t) {
			d.fail(v.Get("attack"), "write T1530 or T1552.001", "attack %q is no ATT&CK technique", t)
		}
	}
	if c.Remediation == (bulwark.Remediation{}) {
		d.fail(v, "add remediation: with console, cli, terraform …", "a check lacks remediation")
	}
	if len(c.References) == 0 {
		d.fail(v, "add references: [https://…]", "a check lacks references")
	}
	for _, r := range c.References {
		if !strings.HasPrefix(r, "https://") {
			d.fail(v.Get("references"), "write an https address", "reference %q is no https address", r)
		}
	}
	for _, n := range c.Let {
		if !namePattern.MatchString(n.Name) {
			d.fail(v.Get("let"), "use letters, digits and _", "let %q is no name", n.Name)
		}
	}
}

func typeIDs(types *bulwark.Types) []string {
	groups := map[string]bool{}
	var ids []string
	for _, t := range types.All() {
		ids = append(ids, t.ID)
		for _, g := range t.Groups {
			groups[g] = true
		}
	}
	return slices.AppendSeq(ids, maps.Keys(groups))
}

func controlIDs() []string {
	ids := []string{"none"}
	for _, c := range bulwark.Controls {
		ids = append(ids, c.ID)
	}
	return ids
}

func (d *decoder) parameters(v bulwark.Value) []bulwark.Parameter {
	var list []bulwark.Parameter
	if v.Kind() != bulwark.Object {
		d.fail(v, "write name: {description, default}", "parameters is %s, want a map", v.Kind())
		return nil
	}
	for name, c := range v.Children() {
		p := bulwark.Parameter{Name: name, Default: c}
		if c.Kind() == bulwark.Object && !c.Get("description").IsAbsent() {
			d.fields(c, "a parameter", map[string]func(bulwark.Value){
				"description": d.str(&p.Description),
				"default":     func(v bulwark.Value) { p.Default = v },
			})
		}
		if !namePattern.MatchString(name) {
			d.fail(c, "use letters, digits and _", "parameter %q is no name", name)
		}
		list = append(list, p)
	}
	return list
}

func (d *decoder) remediation(v bulwark.Value) bulwark.Remediation {
	var r bulwark.Remediation
	d.fields(v, "remediation", map[string]func(bulwark.Value){
		"console": d.str(&r.Console), "cli": d.str(&r.CLI), "terraform": d.str(&r.Terraform),
		"cloudformation": d.str(&r.CloudFormation), "arm": d.str(&r.ARM), "kubernetes": d.str(&r.Kubernetes),
		"dockerfile": d.str(&r.Dockerfile), "shell": d.str(&r.Shell), "fix": d.str(&r.Fix),
	})
	return r
}

func (d *decoder) equivalents(v bulwark.Value) map[string][]string {
	m := map[string][]string{}
	readers := map[string]func(bulwark.Value){}
	for _, tool := range equivalentTools {
		readers[tool] = func(v bulwark.Value) {
			var ids []string
			d.strs(&ids)(v)
			m[tool] = ids
		}
	}
	d.fields(v, "equivalents", readers)
	return m
}

func (d *decoder) tests(v bulwark.Value) []bulwark.CheckTest {
	var tests []bulwark.CheckTest
	if v.Kind() != bulwark.List {
		d.fail(v, "write a list of {name, asset, want}", "tests is %s, want a list", v.Kind())
		return nil
	}
	for _, c := range v.Children() {
		t := bulwark.CheckTest{Position: c.Position()}
		var want, now, origin string
		d.fields(c, "a test", map[string]func(bulwark.Value){
			"name": d.str(&t.Name), "type": d.str(&t.Type), "origin": d.str(&origin),
			"asset":    func(v bulwark.Value) { t.Asset = v },
			"observed": func(v bulwark.Value) { t.Observed = v },
			"related":  d.values(&t.Related), "facts": d.values(&t.Facts), "parameters": d.values(&t.Parameters),
			"now": d.str(&now), "want": d.str(&want),
		})
		t.Origin = bulwark.Origin(origin)
		d.require(c, "a test", map[string]string{"name": t.Name, "want": want})
		var err error
		if t.Want, err = bulwark.ParseState(want); err != nil && want != "" {
			d.fail(c.Get("want"), "want healthy, unhealthy, unknown or not applicable", "want %q is no state", want)
		}
		if now != "" {
			if t.Now, err = time.Parse(time.RFC3339, now); err != nil {
				d.fail(c.Get("now"), "write 2026-01-31T00:00:00Z", "now %q is no time", now)
			}
		}
		tests = append(tests, t)
	}
	return tests
}

// checkTests holds a check to a test of each answer, with distinct names.
func (d *decoder) checkTests(c *bulwark.Check, v bulwark.Value) {
	for _, want := range []bulwark.State{bulwark.Healthy, bulwark.Unhealthy, bulwark.Undetermined} {
		if !slices.ContainsFunc(c.Tests, func(t bulwark.CheckTest) bool { return t.Want == want }) {
			d.fail(v, "add one under tests:", "a check lacks a test that wants %s", want)
		}
	}
	seen := map[string]bool{}
	for _, t := range c.Tests {
		if seen[t.Name] {
			d.problems = append(d.problems, bulwark.Problem{File: d.file, Line: t.Position.Line, Message: "two tests are called " + t.Name, Mend: "rename one"})
		}
		seen[t.Name] = true
	}
}

// checkWas reports old ids that are in use or claimed twice.
func (l *loader) checkWas(checks []*bulwark.Check) {
	owner := map[string]string{}
	for _, c := range checks {
		owner[c.ID] = c.ID
	}
	for _, c := range checks {
		for _, old := range c.Was {
			if by, ok := owner[old]; ok {
				l.report(bulwark.Problem{File: c.Position.File, Line: 1, Message: "old id " + old + " belongs to " + by, Mend: "remove it from was:"})
				continue
			}
			owner[old] = c.ID
		}
	}
}
