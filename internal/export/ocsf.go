package export

import (
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark"
)

var _ = format(Format{Name: "ocsf", About: "OCSF 1.6 compliance findings (class 2003), a JSON object a line", MediaType: "application/x-ndjson", write: writeOCSF})

// Source of the shapes: Open Cybersecurity Schema Framework 1.6.0, class
// compliance_finding and the objects it names.
const (
	ocsfVersion  = "1.6.0"
	ocsfCategory = 2    // findings
	ocsfClass    = 2003 // compliance finding
	ocsfCreate   = 1    // activity
)

type ocsfEvent struct {
	ActivityID   int            `json:"activity_id"`
	ActivityName string         `json:"activity_name"`
	CategoryUID  int            `json:"category_uid"`
	CategoryName string         `json:"category_name"`
	ClassUID     int            `json:"class_uid"`
	ClassName    string         `json:"class_name"`
	TypeUID      int            `json:"type_uid"`
	TypeName     string         `json:"type_name"`
	Time         int64          `json:"time"` // milliseconds since 1970
	SeverityID   int            `json:"severity_id"`
	Severity     string         `json:"severity"`
	StatusID     int            `json:"status_id"`
	Status       string         `json:"status"`
	Message      string         `json:"message,omitempty"`
	Metadata     ocsfMetadata   `json:"metadata"`
	Finding      ocsfFinding    `json:"finding_info"`
	Compliance   ocsfCompliance `json:"compliance"`
	Resources    []ocsfResource `json:"resources"`
	Remediation  *ocsfRemedy    `json:"remediation,omitempty"`
	Evidences    []ocsfEvidence `json:"evidences,omitempty"`
}

type ocsfMetadata struct {
	Version string      `json:"version"`
	Product ocsfProduct `json:"product"`
	LogName string      `json:"log_name"`
}

type ocsfProduct struct {
	Name    string `json:"name"`
	Vendor  string `json:"vendor_name"`
	Version string `json:"version,omitempty"`
}

type ocsfFinding struct {
	UID       string       `json:"uid"`
	Title     string       `json:"title"`
	Desc      string       `json:"desc,omitempty"`
	Types     []string     `json:"types"`
	Created   int64        `json:"created_time,omitempty"`
	FirstSeen int64        `json:"first_seen_time,omitempty"`
	Attacks   []ocsfAttack `json:"attacks,omitempty"`
}

type ocsfAttack struct {
	Technique struct {
		UID string `json:"uid"`
	} `json:"technique"`
}

type ocsfCompliance struct {
	Control       string      `json:"control,omitempty"`
	StatusID      int         `json:"status_id"`
	Status        string      `json:"status"`
	StatusDetails []string    `json:"status_details,omitempty"`
	Checks        []ocsfCheck `json:"checks"`
}

type ocsfCheck struct {
	UID  string `json:"uid"`
	Name string `json:"name"`
	Desc string `json:"desc,omitempty"`
}

type ocsfResource struct {
	UID    string         `json:"uid"`
	Name   string         `json:"name,omitempty"`
	Type   string         `json:"type,omitempty"`
	Region string         `json:"region,omitempty"`
	Labels []string       `json:"labels,omitempty"`
	Data   map[string]any `json:"data,omitempty"`
}

type ocsfRemedy struct {
	Desc       string   `json:"desc"`
	References []string `json:"references,omitempty"`
}

type ocsfEvidence struct {
	Data any `json:"data"`
}

// ocsfSeverities are the class's severity_id and its caption.
var ocsfSeverities = [...]struct {
	id   int
	name string
}{bulwark.Informational: {1, "Informational"}, bulwark.Low: {2, "Low"}, bulwark.Medium: {3, "Medium"}, bulwark.High: {4, "High"}, bulwark.Critical: {5, "Critical"}}

// writeOCSF writes failed checks as Fail, one event a finding, and those
// without an answer as Warning: the schema has that for checks that lack
// information.
func writeOCSF(w io.Writer, r *bulwark.Report) error {
	enc := json.NewEncoder(w)
	evidence := map[[2]string][]bulwark.Evidence{}
	for _, a := range r.Assessments {
		evidence[[2]string{a.Check, a.Asset}] = a.Evidence
	}
	for _, f := range r.Findings {
		e := ocsfOf(r, f)
		e.Compliance.StatusID, e.Compliance.Status = 3, "Fail"
		for _, v := range evidence[[2]string{f.Check, f.Asset}] {
			e.Evidences = append(e.Evidences, ocsfEvidence{v})
		}
		if err := enc.Encode(e); err != nil {
			return err
		}
	}
	for _, s := range r.Suppressed {
		e := ocsfOf(r, s.Finding)
		e.StatusID, e.Status = 3, "Suppressed"
		e.Compliance.StatusID, e.Compliance.Status = 3, "Fail"
		if s.By.Reason != "" {
			e.Compliance.StatusDetails = append(e.Compliance.StatusDetails, s.By.Reason)
		}
		if err := enc.Encode(e); err != nil {
			return err
		}
	}
	for _, a := range r.Assessments {
		if a.State != bulwark.Undetermined {
			continue
		}
		f := bulwark.Finding{ID: bulwark.FindingID(a.Check, a.Asset, ""), Check: a.Check, Asset: a.Asset, Severity: checkOf(r, a.Check).Severity, Because: a.Because}
		e := ocsfOf(r, f)
		e.Compliance.StatusID, e.Compliance.Status = 2, "Warning"
		if err := enc.Encode(e); err != nil {
			return err
		}
	}
	return nil
}

func ocsfOf(r *bulwark.Report, f bulwark.Finding) ocsfEvent {
	c, a := checkOf(r, f.Check), assetOf(r, f.Asset)
	severity := ocsfSeverities[f.Severity]
	at := r.Ended
	if at.IsZero() {
		at = r.Started
	}
	e := ocsfEvent{
		ActivityID: ocsfCreate, ActivityName: "Create", CategoryUID: ocsfCategory, CategoryName: "Findings", ClassUID: ocsfClass, ClassName: "Compliance Finding",
		TypeUID: ocsfClass*100 + ocsfCreate, TypeName: "Compliance Finding: Create", Time: millis(at),
		SeverityID: severity.id, Severity: severity.name, StatusID: 1, Status: "New", Message: reason(r, f),
		Metadata:   ocsfMetadata{Version: ocsfVersion, Product: ocsfProduct{"Bulwark", "Bulwark", r.Version}, LogName: "posture"},
		Finding:    ocsfFinding{UID: f.ID, Title: c.Title, Desc: c.Risk, Types: []string{"posture"}, Created: millis(f.FirstSeen), FirstSeen: millis(f.FirstSeen)},
		Compliance: ocsfCompliance{Control: c.Control, Checks: []ocsfCheck{{c.ID, c.Title, c.Risk}}},
		Resources:  []ocsfResource{ocsfResourceOf(r, f, a)},
	}
	if f.Because != "" {
		e.Compliance.StatusDetails = []string{f.Because}
	}
	for _, id := range c.Attack {
		var attack ocsfAttack
		attack.Technique.UID = id
		e.Finding.Attacks = append(e.Finding.Attacks, attack)
	}
	var text strings.Builder
	for _, m := range remedies(c) {
		text.WriteString(m.Name + ":\n" + m.Text + "\n\n")
	}
	if text.Len() > 0 {
		e.Remediation = &ocsfRemedy{Desc: strings.TrimSpace(text.String()), References: c.References}
	}
	return e
}

func ocsfResourceOf(r *bulwark.Report, f bulwark.Finding, a *bulwark.Asset) ocsfResource {
	out := ocsfResource{UID: a.ID, Name: a.Name, Type: a.Type, Region: a.Region}
	if a.Scope != "" {
		out.Labels = []string{"scope:" + a.Scope}
	}
	if p := locationOf(r, f); p.File != "" {
		out.Data = map[string]any{"location": p}
	}
	if f.Instance != "" {
		if out.Data == nil {
			out.Data = map[string]any{}
		}
		out.Data["instance"] = f.Instance
	}
	return out
}

// millis returns milliseconds since 1970, and 0 for no time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
