package bulwark

// ConnectorKind describes a kind of connector to those who configure one.
type ConnectorKind struct {
	Kind      string           `json:"kind"` // aws, kubernetes, iac …
	Title     string           `json:"title"`
	About     string           `json:"about"`
	Config    []ConnectorField `json:"config"`           // of ConnectorSpec.Config
	Secret    []ConnectorField `json:"secret,omitempty"` // of its secret; none takes none
	Watches   bool             `json:"watches"`          // sees changes as they come
	Discovers bool             `json:"discovers"`        // finds new scopes within minutes
	Probes    bool             `json:"probes"`           // tries its permissions
	Plans     bool             `json:"plans"`            // counts its calls before it makes them
	Access    []Access         `json:"access,omitempty"` // every permission that it uses
	Templates []Template       `json:"templates,omitempty"`
}

// ConnectorField is a field of a configuration or of a secret.
type ConnectorField struct {
	Name     string   `json:"name"`
	Type     string   `json:"type"` // text, number, boolean, list, object
	About    string   `json:"about"`
	Required bool     `json:"required,omitempty"`
	Secret   bool     `json:"secret,omitempty"`  // it is not shown
	Address  bool     `json:"address,omitempty"` // it decides whom a secret is sent to
	Options  []string `json:"options,omitempty"` // the only values
}

// Template is a text that people run or apply on the provider's side: a policy,
// a role, a manifest.
type Template struct {
	Name        string `json:"name"` // of its file
	ContentType string `json:"contentType"`
	About       string `json:"about"` // how it is used, in a sentence
	Text        string `json:"text"`
}
