package main

import (
	"fmt"
	"os"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/onboard"
	"github.com/bulwarksec/bulwark/internal/provider/azure"
)

var azureKind = describe(kind{
	title: "Microsoft Azure",
	about: "The subscriptions of a tenant, found as they come, or those below a management group; with entra also its users, groups, applications and policies.",
	fields: map[string]string{
		"tenantId":                   "id of the tenant",
		"clientId":                   "id of the application or of the user-assigned identity",
		"credential":                 "secret, certificate, federated, managed-identity, cli, or default",
		"tokenFile":                  "file of the federated token; the one that AZURE_FEDERATED_TOKEN_FILE names when absent",
		"subscriptions":              "only these subscriptions; every one that is reached when absent",
		"managementGroup":            "id of a management group: all subscriptions below it",
		"exclude.subscriptions":      "subscriptions to leave out",
		"exclude.resourceGroups":     "resource groups to leave out; * is any text",
		"exclude.types":              "types of assets to leave out; * is any text",
		"cloud":                      "public, china or usgovernment; public when absent",
		"endpoints.arm":              "address of Azure Resource Manager in another cloud",
		"endpoints.graph":            "address of Microsoft Graph in another cloud",
		"endpoints.authority":        "address of the authority in another cloud",
		"entra":                      "read the directory too",
		"secret.clientSecret":        "of the application",
		"secret.certificate":         "of the application, PEM or PKCS #12 with its private key, in base64",
		"secret.certificatePassword": "of the certificate",
	},
	required:  []string{"tenantId"},
	address:   []string{"endpoints", "cloud"},
	access:    func(types *bulwark.Types) []bulwark.Access { return azure.Access(types, true) },
	templates: onboard.Azure,
	mend:      onboard.AzureRole,
}, func(d deps, c azure.Config, s *azure.Secret) (*azure.Estate, error) {
	if !d.local {
		// What the server itself has must not be sent to where an admin says.
		if c.TokenFile != "" && c.TokenFile != os.Getenv("AZURE_FEDERATED_TOKEN_FILE") {
			return nil, fmt.Errorf("%w: config.tokenFile: the server reads the file that AZURE_FEDERATED_TOKEN_FILE names, and no other", bulwark.ErrInvalid)
		}
		if own := c.Credential == azure.CredentialSecret || c.Credential == azure.CredentialCertificate; c.Endpoints != nil && !own {
			return nil, fmt.Errorf("%w: config.endpoints: another cloud is reached with a secret of its own, not with the server's credentials", bulwark.ErrInvalid)
		}
	}
	o := azure.Options{Types: d.types, Limiter: d.limiter, Now: d.now, SecretKey: d.secretKey, Connector: d.connector}
	if s != nil {
		o.Secret = *s
	}
	return azure.New(c, o)
})
