package bulwark

// Organization is an estate with a store of its own. A process serves a main
// one, whose id is empty, and those beside it.
type Organization struct {
	ID      string            `json:"id"` // "" is the main one; else a word of its address, /o/<id>
	Name    string            `json:"name"`
	Demo    bool              `json:"demo,omitempty"` // its estate is made up
	State   OrganizationState `json:"state"`
	Doing   string            `json:"doing,omitempty"`   // what a state that is not ready waits for
	Percent int               `json:"percent,omitempty"` // of that which is done
}

// OrganizationState says whether an organisation can be looked at.
type OrganizationState string

// The states of an organisation.
const (
	OrganizationReady     OrganizationState = "ready"
	OrganizationPreparing OrganizationState = "preparing"
	OrganizationFailed    OrganizationState = "failed"
)
