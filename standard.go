package bulwark

// Control is one of the secure score's controls.
type Control struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	Points int    `json:"points"` // maximum that it adds to the score
}

// Controls are the secure-score controls in falling order of points. Source:
// Microsoft Defender for Cloud, "Secure score security controls" (classic).
var Controls = []Control{
	{"enable-mfa", "Enable multi-factor authentication", 10},
	{"secure-management-ports", "Secure management ports", 8},
	{"apply-system-updates", "Apply system updates", 6},
	{"remediate-vulnerabilities", "Remediate vulnerabilities", 6},
	{"remediate-security-configurations", "Remediate security configurations", 4},
	{"manage-access-and-permissions", "Manage access and permissions", 4},
	{"enable-encryption-at-rest", "Enable encryption at rest", 4},
	{"encrypt-data-in-transit", "Encrypt data in transit", 4},
	{"restrict-unauthorized-network-access", "Restrict unauthorized network access", 4},
	{"apply-adaptive-application-control", "Apply adaptive application control", 3},
	{"protect-applications-against-ddos", "Protect applications against DDoS attacks", 2},
	{"enable-endpoint-protection", "Enable endpoint protection", 2},
	{"enable-auditing-and-logging", "Enable auditing and logging", 1},
	{"enable-enhanced-security-features", "Enable enhanced security features", 0},
	{"implement-security-best-practices", "Implement security best practices", 0},
}

// ControlByID returns the secure-score control of an id.
func ControlByID(id string) (Control, bool) {
	for _, c := range Controls {
		if c.ID == id {
			return c, true
		}
	}
	return Control{}, false
}

// Standard is a published benchmark or regulation mapped to checks:
// content/standards/<id>.yaml.
type Standard struct {
	ID          string
	Title       string
	Version     string
	Publisher   string
	References  []string
	Description string
	Connectors  []string // kinds of connectors with which it comes into use
	Sections    []StandardSection
	Position    Position
}

// InUse reports whether a standard is in use beside connectors of these kinds.
// What somebody chose holds, whatever is connected later.
func (s *Standard) InUse(kinds []string, choices map[string]bool) bool {
	if on, chosen := choices[s.ID]; chosen {
		return on
	}
	for _, k := range s.Connectors {
		for _, have := range kinds {
			if k == have {
				return true
			}
		}
	}
	return false
}

// StandardSection groups controls; sections do not nest further.
type StandardSection struct {
	ID       string
	Title    string
	Controls []StandardControl
}

// Coverage says how a standard's control is assessed.
type Coverage string

// A control is assessed by checks, must be attested by a person, or is not
// covered yet. The three are shown apart: what is not automated is never a
// pass.
const (
	Automated  Coverage = "automated"
	Manual     Coverage = "manual"
	NotCovered Coverage = "not covered"
)

// StandardControl is one requirement. With Checks it is automated; with
// Manual, the reason, a person must attest it; with neither it is not
// covered.
type StandardControl struct {
	ID       string
	Title    string
	Checks   []string // check ids
	Manual   string
	Position Position
}

// Coverage returns how the control is assessed.
func (c StandardControl) Coverage() Coverage {
	switch {
	case len(c.Checks) > 0:
		return Automated
	case c.Manual != "":
		return Manual
	}
	return NotCovered
}
