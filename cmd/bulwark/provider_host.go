package main

import (
	"encoding/json"

	"github.com/bulwarksec/bulwark/internal/provider/host"
)

// hostConfig configures the machine that the server runs on.
type hostConfig struct {
	ID string `json:"id,omitempty"`
}

// thisMachine is what a connector of kind host claims: there is one of it.
const thisMachine = "this machine"

var hostKind = describe(kind{
	title:  "This machine",
	about:  "The Linux system that Bulwark itself runs on: packages, accounts, sshd, sudo, mounts, kernel settings, services, permissions.",
	fields: map[string]string{"id": "id of the machine; its machine id when absent"},
	claim:  func(json.RawMessage) string { return thisMachine },
}, func(d deps, c hostConfig, _ *struct{}) (*host.Host, error) {
	h := host.Local(d.types.Names())
	h.ID, h.Connector, h.Now = c.ID, d.connector, d.now
	return h, nil
})
