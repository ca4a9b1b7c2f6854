package azure

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/bulwarksec/bulwark"
)

// CredentialKind is how an estate authenticates.
type CredentialKind string

// The kinds of credential. Default tries what azidentity's default chain does:
// environment, workload identity, managed identity, the developer's tools.
const (
	CredentialSecret          CredentialKind = "secret"
	CredentialCertificate     CredentialKind = "certificate"
	CredentialFederated       CredentialKind = "federated" // a token file: workload identity
	CredentialManagedIdentity CredentialKind = "managed-identity"
	CredentialCLI             CredentialKind = "cli"
	CredentialDefault         CredentialKind = "default"
)

// newCredential returns the credential that a Config names. Its calls go
// through transport.
func newCredential(c Config, s Secret, e cloudEndpoints, transport *http.Client) (azcore.TokenCredential, error) {
	options, relaxed, err := clientOptions(e, transport)
	if err != nil {
		return nil, err
	}
	cred, err := credentialOf(c, s, options, relaxed)
	if err != nil {
		return nil, fmt.Errorf("azure: make credential: %w: %w", bulwark.ErrInvalid, err)
	}
	return cred, nil
}

func credentialOf(c Config, s Secret, options azcore.ClientOptions, relaxed bool) (azcore.TokenCredential, error) {
	needsClient := func() error {
		if c.ClientID == "" {
			return errors.New("clientId is missing")
		}
		return nil
	}
	switch c.Credential {
	case CredentialSecret:
		if err := needsClient(); err != nil {
			return nil, err
		}
		if s.ClientSecret == "" {
			return nil, errors.New("the client secret is missing")
		}
		return azidentity.NewClientSecretCredential(c.TenantID, c.ClientID, s.ClientSecret,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: relaxed})
	case CredentialCertificate:
		if err := needsClient(); err != nil {
			return nil, err
		}
		certs, key, err := azidentity.ParseCertificates(s.Certificate, []byte(s.CertificatePassword))
		if err != nil {
			return nil, err
		}
		return azidentity.NewClientCertificateCredential(c.TenantID, c.ClientID, certs, key,
			&azidentity.ClientCertificateCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: relaxed})
	case CredentialFederated:
		return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{ClientOptions: options, ClientID: c.ClientID,
			TenantID: c.TenantID, TokenFilePath: c.TokenFile, DisableInstanceDiscovery: relaxed})
	case CredentialManagedIdentity:
		o := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: options}
		if c.ClientID != "" {
			o.ID = azidentity.ClientID(c.ClientID)
		}
		return azidentity.NewManagedIdentityCredential(o)
	case CredentialCLI:
		return azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: c.TenantID})
	case CredentialDefault, "":
		return azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{ClientOptions: options, TenantID: c.TenantID,
			DisableInstanceDiscovery: relaxed})
	}
	return nil, fmt.Errorf("credential %q is none of secret, certificate, federated, managed-identity, cli, default", c.Credential)
}

// clientOptions point azidentity to the authority. The check of the authority
// by Microsoft's public cloud is left out (relaxed) only for endpoints that
// were given explicitly, and unencrypted HTTP only where the authority is this
// machine.
func clientOptions(e cloudEndpoints, transport *http.Client) (options azcore.ClientOptions, relaxed bool, err error) {
	u, err := url.Parse(e.Authority)
	if err != nil {
		return options, false, err
	}
	options.Transport = transport
	if u.Scheme == "http" { // a loopback: see checkEndpoint
		options.Transport = plainLoopback{transport, u.Host}
		u.Scheme = "https"
	}
	options.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: u.String() + "/"}
	options.Retry.MaxRetries = -1 // none: client.do repeats, for all services alike
	return options, !e.known, nil
}

// plainLoopback sends requests to one host of this machine over HTTP, since
// azidentity asks for https whatever the host.
type plainLoopback struct {
	client *http.Client
	host   string
}

func (p plainLoopback) Do(req *http.Request) (*http.Response, error) {
	if req.URL.Host == p.host {
		req = req.Clone(req.Context())
		req.URL.Scheme = "http"
	}
	return p.client.Do(req)
}
