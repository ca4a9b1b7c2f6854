package export

import (
	"io"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark"
)

var _ = format(Format{Name: "sarif", About: "SARIF 2.1.0, for code scanning", MediaType: "application/sarif+json", write: writeSARIF})

// Source of the shapes: OASIS, "Static Analysis Results Interchange Format
// (SARIF) Version 2.1.0", sections 3.13 to 3.58. The log and its run are written
// piece by piece.
type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version,omitempty"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifText struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown,omitempty"`
}

type sarifRule struct {
	ID            string         `json:"id"`
	Short         sarifText      `json:"shortDescription"`
	Full          *sarifText     `json:"fullDescription,omitempty"`
	Help          *sarifText     `json:"help,omitempty"`
	HelpURI       string         `json:"helpUri,omitempty"`
	DeprecatedIDs []string       `json:"deprecatedIds,omitempty"`
	Default       sarifDefault   `json:"defaultConfiguration"`
	Properties    map[string]any `json:"properties"`
}

type sarifDefault struct {
	Level string `json:"level"`
}

type sarifInvocation struct {
	Successful    bool                `json:"executionSuccessful"`
	Start         string              `json:"startTimeUtc,omitempty"`
	End           string              `json:"endTimeUtc,omitempty"`
	Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
}

type sarifNotification struct {
	Level     string          `json:"level"`
	Message   sarifText       `json:"message"`
	Locations []sarifLocation `json:"locations,omitempty"`
}

type sarifResult struct {
	RuleID       string             `json:"ruleId"`
	RuleIndex    int                `json:"ruleIndex"`
	Level        string             `json:"level"`
	Message      sarifText          `json:"message"`
	Locations    []sarifLocation    `json:"locations"`
	Fingerprints map[string]string  `json:"partialFingerprints"`
	Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	Properties   map[string]any     `json:"properties"`
}

type sarifSuppression struct {
	Kind          string         `json:"kind"`
	Justification string         `json:"justification,omitempty"`
	Location      *sarifLocation `json:"location,omitempty"`
}

type sarifLocation struct {
	Physical *sarifPhysical `json:"physicalLocation,omitempty"`
	Logical  []sarifLogical `json:"logicalLocations,omitempty"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI  string `json:"uri"`
	Base string `json:"uriBaseId,omitempty"`
}

type sarifRegion struct {
	Start int `json:"startLine"`
	End   int `json:"endLine,omitempty"`
}

type sarifLogical struct {
	Name string `json:"name,omitempty"`
	Full string `json:"fullyQualifiedName"`
	Kind string `json:"kind"`
}

const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

// writeSARIF writes one run: a rule for each check that found something, a result
// for each finding, and those that comments silence as suppressed.
func writeSARIF(w io.Writer, r *bulwark.Report) error {
	finding := func(i int) (*bulwark.Finding, *bulwark.Suppression) {
		if i < len(r.Findings) {
			return &r.Findings[i], nil
		}
		s := &r.Suppressed[i-len(r.Findings)]
		return &s.Finding, &s.By
	}
	n := len(r.Findings) + len(r.Suppressed)
	rules := map[string]int{}
	tool := sarifTool{sarifDriver{Name: "Bulwark", Version: r.Version, InformationURI: "https://github.com/bulwarksec/bulwark", Rules: []sarifRule{}}}
	for i := range n {
		f, _ := finding(i)
		if _, ok := rules[f.Check]; !ok {
			rules[f.Check] = len(rules)
			tool.Driver.Rules = append(tool.Driver.Rules, sarifRuleOf(checkOf(r, f.Check)))
		}
	}
	out := newJSONStream(w)
	out.item("$schema", sarifSchema)
	out.item("version", "2.1.0")
	out.open("runs", '[')
	out.open("", '{')
	out.item("tool", tool)
	out.item("invocations", []sarifInvocation{sarifInvocationOf(r)})
	out.list("results", n, func(i int) any {
		f, by := finding(i)
		return sarifResultOf(r, *f, rules[f.Check], by)
	})
	out.item("columnKind", "unicodeCodePoints")
	out.close()
	out.close()
	out.close()
	return out.err
}

func sarifInvocationOf(r *bulwark.Report) sarifInvocation {
	in := sarifInvocation{Successful: true, Start: sarifTime(r.Started), End: sarifTime(r.Ended)}
	for _, g := range r.Gaps {
		n := sarifNotification{Level: "warning", Message: sarifText{Text: g.What + " " + g.Where + ": " + g.Why}}
		if g.Position.File != "" {
			n.Locations = []sarifLocation{{Physical: sarifPlace(g.Position)}}
		}
		in.Notifications = append(in.Notifications, n)
	}
	return in
}

func sarifTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// sarifLevels and sarifScores turn a severity into SARIF's level and into the
// number from 0 to 10 that code scanning services sort by.
var (
	sarifLevels = [...]string{bulwark.Informational: "note", bulwark.Low: "note", bulwark.Medium: "warning", bulwark.High: "error", bulwark.Critical: "error"}
	sarifScores = [...]string{bulwark.Informational: "1.0", bulwark.Low: "3.0", bulwark.Medium: "5.5", bulwark.High: "8.0", bulwark.Critical: "9.5"}
)

func sarifRuleOf(c *bulwark.Check) sarifRule {
	rule := sarifRule{
		ID: c.ID, Short: sarifText{Text: c.Title}, DeprecatedIDs: c.Was, Default: sarifDefault{sarifLevels[c.Severity]},
		Properties: map[string]any{"security-severity": sarifScores[c.Severity], "precision": "high", "problem.severity": sarifProblem(c.Severity), "tags": sarifTags(c)},
	}
	if c.Risk != "" {
		rule.Full = &sarifText{Text: c.Risk}
	}
	if len(c.References) > 0 {
		rule.HelpURI = c.References[0]
	}
	var text, markdown strings.Builder
	for _, m := range remedies(c) {
		text.WriteString(m.Name + ":\n" + m.Text + "\n\n")
		markdown.WriteString("### " + m.Name + "\n\n" + m.Text + "\n\n")
	}
	if text.Len() > 0 {
		rule.Help = &sarifText{Text: strings.TrimSpace(text.String()), Markdown: strings.TrimSpace(markdown.String())}
	}
	return rule
}

func sarifProblem(s bulwark.Severity) string {
	if sarifLevels[s] == "note" {
		return "recommendation"
	}
	return sarifLevels[s]
}

func sarifTags(c *bulwark.Check) []string {
	tags := []string{"security"}
	if c.Control != "" {
		tags = append(tags, c.Control)
	}
	for _, a := range c.Attack {
		tags = append(tags, "attack/"+a)
	}
	return tags
}

func sarifResultOf(r *bulwark.Report, f bulwark.Finding, rule int, by *bulwark.Suppression) sarifResult {
	a := assetOf(r, f.Asset)
	name := a.Name
	if name == "" {
		name = a.ID
	}
	at := sarifLocation{Logical: []sarifLogical{{Name: name, Full: a.ID, Kind: "resource"}}}
	if p := locationOf(r, f); p.File != "" {
		at.Physical = sarifPlace(p)
	}
	out := sarifResult{
		RuleID: f.Check, RuleIndex: rule, Level: sarifLevels[f.Severity], Message: sarifText{Text: name + ": " + reason(r, f)},
		Locations: []sarifLocation{at}, Fingerprints: map[string]string{"bulwarkFinding/v1": f.ID},
		Properties: map[string]any{"asset": a.ID, "assetType": a.Type, "scope": a.Scope, "severity": f.Severity, "risk": f.Risk},
	}
	if f.Instance != "" {
		out.Properties["instance"] = f.Instance
	}
	if by != nil {
		s := sarifSuppression{Kind: "inSource", Justification: by.Reason}
		if by.Position.File != "" {
			s.Location = &sarifLocation{Physical: sarifPlace(by.Position)}
		}
		out.Suppressions = []sarifSuppression{s}
	}
	return out
}

// sarifPlace returns a place in a file: below the root of the sources where its
// path is relative.
func sarifPlace(p bulwark.Position) *sarifPhysical {
	file := strings.ReplaceAll(p.File, `\`, "/")
	out := &sarifPhysical{Artifact: sarifArtifact{URI: (&url.URL{Path: file}).String(), Base: "%SRCROOT%"}}
	if path.IsAbs(file) {
		out.Artifact = sarifArtifact{URI: (&url.URL{Scheme: "file", Path: file}).String()}
	}
	if p.Line > 0 {
		out.Region = &sarifRegion{Start: p.Line}
		if p.EndLine >= p.Line {
			out.Region.End = p.EndLine
		}
	}
	return out
}
